"""What do ``status`` and ``touch`` do?

Before you edit: ``status`` is for when something is wrong. It reads the set as a server process does, bounded
in time, and says what it found where others would end with an error.
"""

from __future__ import annotations

from django.db import Error as DatabaseError

from cors_policies import services
from cors_policies.cli.outcome import DONE, REFUSED, Outcome, refusing
from cors_policies.cli.showing import printable
from cors_policies.conf import get_settings
from cors_policies.documents import count_rows
from cors_policies.models.versions import read_token
from cors_policies.store import current_snapshot, store


def show_status() -> Outcome:
    """Versions in the database, in the cache and in this process, sizes, load time, last error.

    The status is that of a refusal where the set cannot be read, or where this process has another version.
    """
    current_snapshot()
    database, stored = _database()
    lines = [("database", database), ("cache", _cache()), ("process", _process())]
    lines.append(("last error", printable(store.last_error or "none")))
    text = "".join(f"{f'{label}:':<12}{line}\n" for label, line in lines)
    return Outcome(text, DONE if stored is not None and stored == store.version else REFUSED)


def touch() -> Outcome:
    """Moves the version, so that every process loads the set anew. Raises ``RefusedError``."""
    with refusing("Nothing was changed."):
        services.touch()
    interval = f"{get_settings().REFRESH_INTERVAL:g}"
    return Outcome(f"Every process looks within {interval} s, and loads the policy set anew.\n")


def _database() -> tuple[str, str | None]:
    using = get_settings().DATABASE_ALIAS
    if store.last_error:
        return f"{using}: cannot be read", None
    try:
        token = read_token(using)
        sizes = ", ".join(_counted(count, name) for name, count in count_rows(using).items())
    except DatabaseError as error:
        return f"{using}: cannot be read: {printable(str(error))}", None
    return f"{using}: {_version(token)}; {sizes}", token


def _cache() -> str:
    alias, cache = get_settings().CACHE_ALIAS, store.shared_cache()
    if cache is None:
        return "not used, since CACHE_ALIAS is not set"
    token = cache.leased_token()
    if cache.outage.error:
        return f"{alias}: cannot be read: {printable(cache.outage.error)}"
    if token is None:
        return f"{alias}: no version at the moment; the next look of a server process brings it back"
    return f"{alias}: {_version(token)}; the set {'is' if cache.has_set(token) else 'is not'} there"


def _process() -> str:
    if store.version is None:
        return "nothing could be loaded, no path is governed"
    size = _counted(current_snapshot().policy_count, "live policies")
    return f"{_version(store.version)}; {size}, loaded in {store.load_seconds * 1000:.0f} ms"


def _version(token: str) -> str:
    return f"version {printable(token)}" if token else "no version, since nothing was ever stored"


def _counted(count: int, names: str) -> str:
    singular = {"policies": "policy", "live policies": "live policy"}.get(names, names.removesuffix("s"))
    return f"{count} {singular if count == 1 else names}"
