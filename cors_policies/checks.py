"""What about this project's setup would make policies do nothing, or something else than they say?

Before you edit: every check has an id (docs/settings.md), says what is wrong, and what to write instead. None
of them asks the database, but for the one that ``check --database`` runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import Error as DatabaseError

from cors_policies.conf import get_settings, setting_problems
from cors_policies.documents import read_policy_set

MIDDLEWARE: Final = "cors_policies.middleware.CorsPolicyMiddleware"
OTHER_MIDDLEWARE: Final = "corsheaders.middleware.CorsMiddleware"
ANSWERING: Final = frozenset(
    {
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
        "django.middleware.cache.CacheMiddleware",
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
    }
)
"""Middleware that may answer a request, or store or change an answer, without asking what is behind it."""
FOREIGN_SETTINGS: Final = (
    "CORS_ALLOWED_ORIGINS",
    "CORS_ALLOWED_ORIGIN_REGEXES",
    "CORS_ALLOW_ALL_ORIGINS",
    "CORS_ALLOW_CREDENTIALS",
    "CORS_ALLOW_HEADERS",
    "CORS_ALLOW_METHODS",
    "CORS_ALLOW_PRIVATE_NETWORK",
    "CORS_EXPOSE_HEADERS",
    "CORS_ORIGIN_ALLOW_ALL",
    "CORS_ORIGIN_REGEX_WHITELIST",
    "CORS_ORIGIN_WHITELIST",
    "CORS_PREFLIGHT_MAX_AGE",
    "CORS_URLS_REGEX",
)


def register_checks() -> None:
    """Registers every check with Django."""
    checks.register(check_settings)
    checks.register(check_middleware)
    checks.register(check_foreign_settings)
    checks.register(check_stored_set, checks.Tags.database)


def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """E001: ``CORS_POLICIES`` holds what is not used."""
    return [
        checks.Error(found.message, hint=found.remedy, id="cors_policies.E001")
        for found in setting_problems()
    ]


def check_middleware(**_kwargs: Any) -> list[CheckMessage]:
    """W001 to W003: the middleware is missing, too late, or not alone."""
    return list(_middleware_messages(list(settings.MIDDLEWARE)))


def check_foreign_settings(**_kwargs: Any) -> list[CheckMessage]:
    """W004: settings of django-cors-headers that nothing reads."""
    if apps.is_installed("corsheaders") or OTHER_MIDDLEWARE in settings.MIDDLEWARE:
        return []
    return [
        checks.Warning(
            f"Nothing reads the setting {name} any more.",
            hint="Write a policy for what it said, then remove the setting.",
            id="cors_policies.W004",
        )
        for name in FOREIGN_SETTINGS
        if hasattr(settings, name)
    ]


def check_stored_set(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """E002: rows that are invalid as they are stored, and so are not obeyed."""
    using = get_settings().DATABASE_ALIAS
    if using not in (databases or ()):
        return []
    try:
        broken = read_policy_set(using).broken
    except DatabaseError:
        return []
    return [
        checks.Error(
            f'The {row.kind} "{row.name}" is invalid as stored, and is not obeyed: '
            + " ".join(f"{problem.attr}: {problem.message}" for problem in row.problems),
            hint="Correct it in the admin, or delete it. Its path lets nobody in until then.",
            id="cors_policies.E002",
        )
        for row in broken
    ]


def _middleware_messages(names: list[str]) -> Iterator[CheckMessage]:
    if OTHER_MIDDLEWARE in names and MIDDLEWARE in names:
        yield checks.Warning(
            "The middleware of django-cors-headers is installed too, and would answer preflights.",
            hint=f"Remove {OTHER_MIDDLEWARE} from MIDDLEWARE.",
            id="cors_policies.W003",
        )
    if MIDDLEWARE not in names:
        yield checks.Warning(
            "No request obeys a policy: the middleware is missing.",
            hint=f'Add "{MIDDLEWARE}" to the top of MIDDLEWARE.',
            id="cors_policies.W001",
        )
        return
    for name in names[: names.index(MIDDLEWARE)]:
        if name in ANSWERING:
            yield checks.Warning(
                f"{name} can answer before any policy is asked, without CORS headers.",
                hint=f'Move "{MIDDLEWARE}" before it.',
                id="cors_policies.W002",
            )
