"""How are decisions counted in bounded room, whatever strangers send?

Decisions that are alike share a *tally*. Where there are too many tallies, the rare ones are *folded*: their
counts go to a rest that says less, first of the path group and the reason, then of the reason alone.

Before you edit:

* A count is never lost by folding, and the room always suffices: at the last, all is one tally.
* The common half is folded last. A flood of origins that come once must not hide the one that comes often.
* An origin and a method are a stranger's text: they become printable ASCII, cut to a bound, before anything
  is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MAX_ORIGIN: Final = 512
MAX_METHOD: Final = 32
"""Characters that are kept."""
SECONDS_OF_A_DAY: Final = 24 * 60 * 60
_CUT: Final = "..."


class Key(NamedTuple):
    """What decisions have in common that are counted together. An empty text stands for all that were folded.

    ``policy`` is empty where none governs, too. Of a trial, reason and policy are what it says; what was
    applied is ``live_reason`` and ``live_policy``, of which the first is empty for nothing else than a trial.
    """

    host: str
    path: str
    origin: str
    method: str
    reason: str
    policy: str = ""
    live_reason: str = ""
    live_policy: str = ""

    def stored(self) -> Key:
        """The same, with a stranger's texts made harmless."""
        return self._replace(
            origin=harmless(self.origin, MAX_ORIGIN), method=harmless(self.method, MAX_METHOD)
        )


@dataclass(slots=True)
class Tally:
    """How often, since when and until when, and how often on each day. Times are seconds since 1970."""

    count: int = 0
    first: int = 0
    last: int = 0
    days: dict[int, int] = field(default_factory=dict)

    def add(self, now: int, count: int = 1) -> None:
        """Counts so many decisions."""
        self.first = min(self.first or now, now)
        self.last = max(self.last, now)
        self.count += count
        day = now // SECONDS_OF_A_DAY
        self.days[day] = self.days.get(day, 0) + count

    def merge(self, other: Tally) -> None:
        """Counts what the other one has counted."""
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.count += other.count
        for day, count in other.days.items():
            self.days[day] = self.days.get(day, 0) + count


Tallies = dict[Key, Tally]


def merge(tallies: Tallies, others: Mapping[Key, Tally]) -> None:
    """Adds the others, which stay as they are."""
    for key, tally in others.items():
        _add(tallies, key, tally)


def fold(tallies: Tallies, room: int) -> None:
    """Folds rare tallies until there are ``room`` at most. ``room`` is 1 or more."""
    if len(tallies) <= room:
        return
    common = frozenset(_rarest_first(tallies)[len(tallies) - room // 2 :])
    for spared in (common, frozenset[Key]()):
        for rest_of in (_of_path_group, _of_reason):
            _fold(tallies, room, rest_of, spared)
    _fold(tallies, room, _of_everything, frozenset())


def harmless(text: str, limit: int) -> str:
    """The text as printable ASCII, with escapes for what is none, in ``limit`` characters."""
    shown = text[: limit + 1]
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(char if " " <= char <= "~" else ascii(char)[1:-1] for char in shown)
    return shown if len(shown) <= limit else shown[: limit - len(_CUT)] + _CUT


def _of_path_group(key: Key) -> Key:
    return Key(key.host, key.path, "", "", key.reason, live_reason=key.live_reason)


def _of_reason(key: Key) -> Key:
    return Key("", "", "", "", key.reason, live_reason=key.live_reason)


def _of_everything(_key: Key) -> Key:
    return Key("", "", "", "", "")


def _fold(tallies: Tallies, room: int, rest_of: Callable[[Key], Key], spared: frozenset[Key]) -> None:
    if len(tallies) <= room:
        return
    for key in _rarest_first(tallies):
        rest = rest_of(key)
        if rest != key and key not in spared:
            _add(tallies, rest, tallies.pop(key))
            if len(tallies) <= room:
                return


def _rarest_first(tallies: Tallies) -> list[Key]:
    """Of those that came equally often, the one that has not come for longest."""
    return [key for key, _tally in sorted(tallies.items(), key=_commonness)]


def _commonness(item: tuple[Key, Tally]) -> tuple[int, int]:
    return item[1].count, item[1].last


def _add(tallies: Tallies, key: Key, tally: Tally) -> None:
    if key in tallies:
        tallies[key].merge(tally)
    else:
        tallies[key] = Tally(tally.count, tally.first, tally.last, dict(tally.days))
