"""What do ``status`` and ``touch`` do?

Before you edit: ``status`` is for when something is wrong. It reads the set as a server process does, bounded
in time, and says what it found where others would end with an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db import Error as DatabaseError

from cors_policies import services
from cors_policies.cli.outcome import DONE, REFUSED, Outcome, refusing
from cors_policies.cli.showing import printable
from cors_policies.conf import get_settings
from cors_policies.documents import count_rows
from cors_policies.models.versions import read_token
from cors_policies.store import current_snapshot, store
from cors_policies.translating import told, told_count


def show_status() -> Outcome:
    """Versions in the database, in the cache and in this process, sizes, load time, last error.

    The status is that of a refusal where the set cannot be read, or where this process has another version.
    """
    current_snapshot()
    database, stored = _database()
    lines = [(told("database"), database), (told("cache"), _cache()), (told("process"), _process())]
    lines.append((told("last error"), printable(store.last_error or told("none"))))
    text = "".join(f"{f'{label}:':<12}{line}\n" for label, line in lines)
    return Outcome(text, DONE if stored is not None and stored == store.version else REFUSED)


def touch() -> Outcome:
    """Moves the version, so that every process loads the set anew. Raises ``RefusedError``."""
    with refusing(told("Nothing was changed.")):
        services.touch()
    interval = f"{get_settings().REFRESH_INTERVAL:g}"
    return Outcome(
        told("Every process looks within {interval} s, and loads the policy set anew.", interval=interval)
        + "\n"
    )


def _database() -> tuple[str, str | None]:
    using = get_settings().DATABASE_ALIAS
    if store.last_error:
        return told("{using}: cannot be read", using=using), None
    try:
        token = read_token(using)
        sizes = ", ".join(_counted(count, name) for name, count in count_rows(using).items())
    except DatabaseError as error:
        return told("{using}: cannot be read: {error}", using=using, error=printable(str(error))), None
    return f"{using}: {_version(token)}; {sizes}", token


def _cache() -> str:
    alias, cache = get_settings().CACHE_ALIAS, store.shared_cache()
    if cache is None:
        return told("not used, since CACHE_ALIAS is not set")
    token = cache.leased_token()
    if cache.outage.error:
        return told("{alias}: cannot be read: {error}", alias=alias, error=printable(cache.outage.error))
    if token is None:
        return told(
            "{alias}: no version at the moment; the next look of a server process brings it back", alias=alias
        )
    if not cache.has_set(token):
        return told("{alias}: {version}; the set is not there", alias=alias, version=_version(token))
    return told("{alias}: {version}; the set is there", alias=alias, version=_version(token))


def _process() -> str:
    if store.version is None:
        return told("nothing could be loaded, no path is governed")
    size = _counted(current_snapshot().policy_count, "live policies")
    return told(
        "{version}; {size}, loaded in {time} ms",
        version=_version(store.version),
        size=size,
        time=f"{store.load_seconds * 1000:.0f}",
    )


def _version(token: str) -> str:
    return (
        told("version {token}", token=printable(token))
        if token
        else told("no version, since nothing was ever stored")
    )


def _counted(count: int, names: str) -> str:
    return _COUNTED[names](count)


_COUNTED: Final[dict[str, Callable[[int], str]]] = {
    "live policies": lambda count: told_count("{count} live policy", "{count} live policies", count),
    "policies": lambda count: told_count("{count} policy", "{count} policies", count),
    "origin groups": lambda count: told_count("{count} origin group", "{count} origin groups", count),
    "origins": lambda count: told_count("{count} origin", "{count} origins", count),
}
