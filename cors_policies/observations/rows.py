"""How do the tallies of many processes become rows, without one lost and without too many?

Before you edit:

* One writer at a time: what is read after the lock stays true until the commit. So rows are written as they
  shall be, in one statement, and the bound holds exactly.
* What a trial would change has a table of its own, with the same columns and two more. Neither kind takes
  room from the other.
* Others may wait for the lock. All rows are read only where there is no room for what is new, and little of
  that is let in then: a flood must not replace all rows every few seconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from itertools import islice
from typing import Any, Final

from django.db.models import QuerySet

from cors_policies.core.timestamps import timestamp_text
from cors_policies.models.observations import (
    CountedRow,
    Observation,
    TrialObservation,
    lock_observations,
    write_observations,
)
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Key, Tallies, Tally, fold, merge

KEEP_DAYS: Final = 30
"""Days after which a row goes, if nothing was added to it."""
COUNTED_DAYS: Final = 14
"""Days that a row has counts of their own for."""
MAX_REPLACED: Final = 200
"""Rows that are new at once where there is no room for them."""
_AT_ONCE: Final = 500
_WRITTEN: Final = ("count", "first_seen", "last_seen", "days")
_OF_TRIALS: Final = ("live_reason", "live_policy")
_PLAIN: Final = tuple(name for name in Key._fields if name not in _OF_TRIALS)
_KEYS: Final[Mapping[type[CountedRow], tuple[str, ...]]] = {
    Observation: _PLAIN,
    TrialObservation: (*_PLAIN, *_OF_TRIALS),
}
"""The columns that a key is read from."""


def store_tallies(
    using: str,
    tallies: Mapping[Key, Tally],
    room: int,
    now: int,
    model: type[CountedRow] = Observation,
) -> None:
    """Adds the tallies to the rows of a database, of which there are ``room`` afterwards at most.

    Only inside a transaction. ``now`` is in seconds since 1970.
    """
    added: Tallies = {}
    for key, tally in tallies.items():
        merge(added, {key.stored(): tally})
    lock_observations(using, model)
    rows = model.objects.using(using)
    rows.filter(last_seen__lt=oldest_kept(now)).delete()
    known, free = _read(rows, map(digest_of, added)), room - rows.count()
    new = {key: tally for key, tally in added.items() if key not in known}
    if len(new) > free:
        fold(new, max(free, MAX_REPLACED))
        added = {key: tally for key, tally in added.items() if key in known}
        merge(added, new)
        known = _read(rows)
    _write(rows, known, _merged(known, added, room), now)


def oldest_kept(now: int) -> str:
    """What a row must have been added to after, to be kept."""
    return _moment(now - KEEP_DAYS * SECONDS_OF_A_DAY)


def _merged(known: Tallies, added: Tallies, room: int) -> Tallies:
    wanted: Tallies = {}
    merge(wanted, known)
    merge(wanted, added)
    fold(wanted, room)
    return wanted


def _read(rows: QuerySet[CountedRow], digests: Iterable[str] | None = None) -> Tallies:
    """The rows as tallies; all of them, or those with the digests."""
    parts = [rows] if digests is None else [rows.filter(digest__in=part) for part in _slices(digests)]
    columns = _KEYS[rows.model]
    return {
        Key(*values[: len(columns)]): _tally(*values[len(columns) :])
        for part in parts
        for values in part.values_list(*columns, *_WRITTEN)
    }


def _write(rows: QuerySet[CountedRow], known: Tallies, wanted: Tallies, now: int) -> None:
    """Makes the rows that are known those that are wanted."""
    for digests in _slices(digest_of(key) for key in known if key not in wanted):
        rows.filter(digest__in=digests).delete()
    model = rows.model
    changed = [_row(model, key, tally, now) for key, tally in wanted.items() if tally != known.get(key)]
    write_observations(rows.db, model, changed, _WRITTEN)


def digest_of(key: Key) -> str:
    """The primary key of the row."""
    told: Sequence[str] = key if key.live_reason else key[: len(_PLAIN)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _row(model: type[CountedRow], key: Key, tally: Tally, now: int) -> CountedRow:
    oldest = now // SECONDS_OF_A_DAY - COUNTED_DAYS
    return model(
        digest=digest_of(key),
        **{name: getattr(key, name) for name in _KEYS[model]},
        count=tally.count,
        first_seen=_moment(tally.first),
        last_seen=_moment(tally.last),
        days={str(day): count for day, count in tally.days.items() if day > oldest},
    )


def _tally(count: int, first: str, last: str, days: Any) -> Tally:
    return Tally(count, _seconds(first), _seconds(last), {int(day): number for day, number in days.items()})


def _moment(seconds: int) -> str:
    return timestamp_text(datetime.fromtimestamp(seconds, timezone.utc))


def _seconds(text: str) -> int:
    # Ours, so that it need not be parsed with care: there may be a hundred thousand.
    return int(datetime.fromisoformat(f"{text[:-1]}+00:00").timestamp())


def _slices(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
