"""Is the app installed so that its policies do what they say: settings, middleware, cache?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from cors_policies.conf import DEFAULT_PERMISSION_CLASSES, get_settings, setting_problems
from cors_policies.core.adoption.settings import FOREIGN_SETTINGS
from cors_policies.translating import told, translated

MIDDLEWARE: Final = "cors_policies.middleware.CorsPolicyMiddleware"
CSRF_MIDDLEWARE: Final = "cors_policies.csrf.CorsPolicyCsrfMiddleware"
DJANGO_CSRF_MIDDLEWARE: Final = "django.middleware.csrf.CsrfViewMiddleware"
OTHER_MIDDLEWARE: Final = "corsheaders.middleware.CorsMiddleware"
ANSWERING: Final = frozenset(
    {
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
        "django.middleware.cache.CacheMiddleware",
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.common.CommonMiddleware",
        DJANGO_CSRF_MIDDLEWARE,
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
    }
)
"""Middleware that may answer in place of what is behind it: a redirect, an error, a stored answer.

One that is not known here, nor derived from one of these, gets no message: most only add to an answer.
"""
UNSHARED_CACHES: Final = frozenset(
    {"django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache"}
)
_KNOWN: Final = ANSWERING | {MIDDLEWARE, OTHER_MIDDLEWARE}


def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """E001: ``CORS_POLICIES`` holds what is not used, or a permission class that does not exist."""
    found = [(translated(problem.message), translated(problem.remedy)) for problem in setting_problems()]
    found += [
        (
            told(
                "CORS_POLICIES['API_PERMISSION_CLASSES'] names {name}, which cannot be imported.", name=name
            ),
            told("Correct the name."),
        )
        for name in get_settings().API_PERMISSION_CLASSES
        if name not in DEFAULT_PERMISSION_CLASSES and not _is_importable(name)
    ]
    return [checks.Error(message, hint=remedy, id="cors_policies.E001") for message, remedy in found]


def check_cache(**_kwargs: Any) -> list[CheckMessage]:
    """W005: the cache that should be shared is one that no process shares with another."""
    alias = get_settings().CACHE_ALIAS
    backend = "" if alias is None else str(settings.CACHES[alias].get("BACKEND", ""))
    if backend not in UNSHARED_CACHES:
        return []
    return [
        checks.Warning(
            told(
                "CORS_POLICIES['CACHE_ALIAS'] is {alias}, and no process shares a {backend} with another.",
                alias=repr(alias),
                backend=backend,
            ),
            hint=told("Name a cache on Redis or Memcached, or remove the key: the database does as well."),
            id="cors_policies.W005",
        )
    ]


def check_middleware(**_kwargs: Any) -> list[CheckMessage]:
    """W001 to W003 and W007: the middleware is missing, too late, not alone, or there twice."""
    return list(_middleware_messages(list(settings.MIDDLEWARE)))


def check_csrf_middleware(**_kwargs: Any) -> list[CheckMessage]:
    """W006: Django's CSRF middleware is installed beside ours, and refuses what ours trusts."""
    kinds = [(name, kinds_of(name)) for name in settings.MIDDLEWARE]
    ours = [name for name, kind in kinds if CSRF_MIDDLEWARE in kind]
    others = [name for name, kind in kinds if DJANGO_CSRF_MIDDLEWARE in kind and CSRF_MIDDLEWARE not in kind]
    return [
        checks.Warning(
            told(
                "{name} is installed beside {ours}: a request is checked twice, and here by no policy.",
                name=name,
                ours=ours[0],
            ),
            hint=told("Remove {name} from MIDDLEWARE: the other one does all that it does.", name=name),
            id="cors_policies.W006",
        )
        for name in others
        if ours
    ]


def check_foreign_settings(**_kwargs: Any) -> list[CheckMessage]:
    """W004: settings of django-cors-headers that nothing reads, since it is not installed."""
    if apps.is_installed("corsheaders") or OTHER_MIDDLEWARE in settings.MIDDLEWARE:
        return []
    return [
        checks.Warning(
            told("Nothing reads the setting {name} any more.", name=name),
            hint=told("Unless you have, adopt it with `cors_policies adopt-corsheaders`. Then remove it."),
            id="cors_policies.W004",
        )
        for name in FOREIGN_SETTINGS
        if hasattr(settings, name)
    ]


def _middleware_messages(names: list[str]) -> Iterator[CheckMessage]:
    kinds = [kinds_of(name) for name in names]
    place = next((place for place, kind in enumerate(kinds) if MIDDLEWARE in kind), None)
    if place is None:
        yield checks.Warning(
            told("No request obeys a policy: the middleware is missing."),
            hint=told('Add "{middleware}" to the top of MIDDLEWARE.', middleware=MIDDLEWARE),
            id="cors_policies.W001",
        )
        return
    for name, kind in zip(names[:place], kinds, strict=False):
        if not ANSWERING.isdisjoint(kind):
            yield checks.Warning(
                told("{name} can answer before any policy is asked, without CORS headers.", name=name),
                hint=told('Move "{ours}" before it, best to the top of MIDDLEWARE.', ours=names[place]),
                id="cors_policies.W002",
            )
    if any(OTHER_MIDDLEWARE in kind for kind in kinds):
        yield checks.Warning(
            told(
                "The middleware of django-cors-headers is installed too: two sets of rules "
                "answer one request."
            ),
            hint=told(
                "Remove {name} from MIDDLEWARE once policies say what its settings said.",
                name=OTHER_MIDDLEWARE,
            ),
            id="cors_policies.W003",
        )
    yield from _repeated([name for name, kind in zip(names, kinds, strict=True) if MIDDLEWARE in kind])


def _repeated(ours: list[str]) -> Iterator[CheckMessage]:
    for name in ours[1:]:
        yield checks.Warning(
            told(
                "{name} is installed beside {ours}: a request is decided twice, and counted twice.",
                name=name,
                ours=ours[0],
            ),
            hint=told("Keep the first of them in MIDDLEWARE, and remove {name} after it.", name=name),
            id="cors_policies.W007",
        )


def _is_importable(name: str) -> bool:
    try:
        import_string(name)
    except ImportError:
        return False
    return True


def kinds_of(name: str) -> frozenset[str]:
    """The dotted names of a middleware and of the classes that it is derived from."""
    if name in _KNOWN:
        return frozenset({name})
    try:
        found = import_string(name)
    except Exception:  # noqa: BLE001 - a module may raise anything; Django says so when it loads the middleware
        return frozenset({name})
    bases = getattr(found, "__mro__", ())
    return frozenset({name, *(f"{base.__module__}.{base.__qualname__}" for base in bases)})
