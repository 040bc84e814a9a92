"""Does a segment of a path match a segment of a pattern, and which of many patterns' segments does it match?

A segment of a pattern is *literal* (it stands for itself), ``*`` (any one segment that is not empty) or
*mixed*: literal pieces with ``*`` between them, each ``*`` standing for any run of characters, the empty one
too. ``**`` stands for several segments: this module knows its place in the order and nothing else about it.

Before you edit:

* Never ``re``: as an expression, ``*a*a*a*b`` takes exponential time on ``aaaaaaaa``. The leftmost place of
  each inner piece is the one to take, because a later one never leaves more room for the pieces after it.
* :class:`MixedIndex` narrows the choice; :func:`segment_matches` decides.
* What a look-up in it costs: a step for each length that pieces at the start or the end have; for each length
  that pieces inside have, a step for each character of the text at most; a step for each segment found. The
  number of mixed segments adds nothing to that, and neither do pieces that many of them share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Generic, TypeVar

SegmentKey = tuple[int, int, str]
_T = TypeVar("_T")

STAR: Final = "*"
DOUBLE_STAR: Final = "**"

# The kinds of segments, the most specific first.
_LITERAL, _MIXED, _STAR, _END, _DOUBLE_STAR = range(5)

END_KEY: Final[SegmentKey] = (_END, 0, "")
"""The key of the end of a pattern, which comes after any segment but ``**``."""
_OTHER_KEYS: Final[Mapping[str, SegmentKey]] = {STAR: (_STAR, 0, ""), DOUBLE_STAR: (_DOUBLE_STAR, 0, "")}


def segment_key(wanted: str) -> SegmentKey:
    """A key that orders segments, the most specific first: by kind, number of literal characters, text."""
    if STAR not in wanted:
        return (_LITERAL, -len(wanted), wanted)
    return _OTHER_KEYS.get(wanted) or (_MIXED, wanted.count(STAR) - len(wanted), wanted)


def segment_matches(wanted: str, text: str) -> bool:
    """Whether one segment of a path matches one segment of a pattern that is not ``**``."""
    if wanted == text:
        return True
    if wanted == STAR:
        return text != ""
    return STAR in wanted and _mixed_matches(wanted, text)


def all_match(wanted: Iterable[str], segments: Iterable[str]) -> bool:
    """Whether segments of a path match those of a pattern, one by one, as far as both go."""
    return all(map(segment_matches, wanted, segments))


def segments_meet(one: str, other: str) -> bool:
    """Whether some segment of a path matches both segments of patterns, neither of which is ``**``."""
    if STAR not in one or STAR not in other:
        return segment_matches(one, other) if STAR not in other else segment_matches(other, one)
    # The stars take whatever the other one wants between its ends, so only the ends can be at odds.
    (first, *_, last), (head, *_, tail) = one.split(STAR), other.split(STAR)
    starts_meet = first.startswith(head) or head.startswith(first)
    return starts_meet and (last.endswith(tail) or tail.endswith(last))


def _mixed_matches(wanted: str, text: str) -> bool:
    first, *inner, last = wanted.split(STAR)
    at, stop = len(first), len(text) - len(last)
    if at > stop or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in inner:
        at = text.find(piece, at, stop)
        if at < 0:
            return False
        at += len(piece)
    return True


class MixedIndex(Generic[_T]):
    """Mixed segments with a value each, built once."""

    __slots__ = ("_rows", "_shelf")

    def __init__(self, items: Mapping[str, _T], shelf: _Shelf | None = None) -> None:
        """``shelf`` is that of the same segments, if there is one already."""
        self._rows = sorted(items.items(), key=_by_specificity)
        self._shelf = shelf or _Shelf(
            [(place, _pieces(wanted)) for place, (wanted, _) in enumerate(self._rows)]
        )

    def matching(self, text: str) -> Iterator[_T]:
        """The values of the segments that ``text`` matches, the most specific first."""
        for place in sorted(self._shelf.places(text)):
            wanted, value = self._rows[place]
            if _mixed_matches(wanted, text):
                yield value

    def changed(self, changes: Mapping[str, Callable[[_T], _T]]) -> MixedIndex[_T]:
        """The same segments; the values of some of them are what a function makes of the present ones."""
        rows = [
            (wanted, changes[wanted](value) if wanted in changes else value) for wanted, value in self._rows
        ]
        return MixedIndex(dict(rows), self._shelf)

    def dearest(self, costs: Mapping[str, int]) -> int:
        """The most that the segments which one and the same text matches can cost together."""
        return self._shelf.dearest([costs[wanted] for wanted, _ in self._rows])


_Side = int
_START, _FINISH, _INSIDE = range(3)
_Piece = tuple[_Side, str]
_Row = tuple[int, tuple[_Piece, ...]]

_SCAN: Final = 4
"""Up to this many segments are tried one by one."""
_LONG_TEXT: Final = 100
"""From so many characters on, a search by built-in functions is worth its preparation."""


class _Shelf:
    """Mixed segments, each filed under its rarest piece; those that share it, on a shelf of their own."""

    __slots__ = ("_inside", "_loose", "_sides")

    def __init__(self, rows: Sequence[_Row]) -> None:
        filed = _file(rows) if len(rows) > _SCAN else {None: rows}
        self._loose = [place for place, _ in filed.get(None, ())]
        tables: dict[tuple[_Side, int], dict[str, _Shelf]] = {}
        for piece, shared in filed.items():
            if piece is not None:
                side, literal = piece
                tables.setdefault((side, len(literal)), {})[literal] = _Shelf(shared)
        self._sides = [(side, size, table) for (side, size), table in tables.items() if side != _INSIDE]
        self._inside = [_Inside(size, table) for (side, size), table in tables.items() if side == _INSIDE]

    def places(self, text: str) -> list[int]:
        """The places of all segments whose pieces are in ``text``, and of some others, none twice."""
        if not self._sides and not self._inside:
            return self._loose
        found = self._loose.copy()
        for side, size, table in self._sides:
            shelf = table.get(text[:size] if side == _START else text[-size:])
            if shelf is not None:
                found += shelf.places(text)
        for inside in self._inside:
            for piece in inside.pieces(text):
                found += inside.shelves[piece].places(text)
        return found

    def dearest(self, costs: Sequence[int]) -> int:
        """The most that the places found for one text can cost: of equally long ends, it has only one."""
        total = sum(costs[place] for place in self._loose)
        total += sum(max(shelf.dearest(costs) for shelf in table.values()) for _, _, table in self._sides)
        return total + sum(
            shelf.dearest(costs) for inside in self._inside for shelf in inside.shelves.values()
        )


class _Inside:
    """Shelves by pieces, all equally long, that may stand anywhere in a text."""

    __slots__ = ("_letters", "_offset", "_size", "shelves")

    def __init__(self, size: int, shelves: Mapping[str, _Shelf]) -> None:
        self.shelves = shelves
        self._size = size
        letters = [{piece[offset] for piece in shelves} for offset in range(size)]
        self._offset = min(range(size), key=lambda offset: len(letters[offset]))
        self._letters = letters[self._offset]

    def pieces(self, text: str) -> Iterable[str]:
        """The pieces that are somewhere in ``text``."""
        size, shelves = self._size, self.shelves
        starts = self._starts(text)
        return {window for start in starts if (window := text[start : start + size]) in shelves}

    def _starts(self, text: str) -> Iterable[int]:
        """Where pieces may start: anywhere, or in a long text where a letter is that each of them has."""
        if len(text) < _LONG_TEXT or sum(map(text.count, self._letters)) > len(text) // 4:
            return range(len(text) - self._size + 1)
        return (place - self._offset for letter in self._letters for place in _find_all(text, letter))


def _by_specificity(item: tuple[str, object]) -> SegmentKey:
    return segment_key(item[0])


def _pieces(wanted: str) -> tuple[_Piece, ...]:
    first, *inner, last = wanted.split(STAR)
    pieces = {(_START, first), (_FINISH, last), *((_INSIDE, piece) for piece in inner)}
    return tuple(sorted(piece for piece in pieces if piece[1]))


def _file(rows: Sequence[_Row]) -> Mapping[_Piece | None, Sequence[_Row]]:
    """The rows by their rarest piece, which they lose by that; under ``None`` those that have none left."""
    counts = Counter(piece for _, pieces in rows for piece in pieces)
    filed: dict[_Piece | None, list[_Row]] = {}
    for place, pieces in rows:
        rarest = min(pieces, key=counts.__getitem__, default=None)
        filed.setdefault(rarest, []).append((place, tuple(piece for piece in pieces if piece != rarest)))
    return filed


def _find_all(text: str, letter: str) -> Iterator[int]:
    place = text.find(letter)
    while place >= 0:
        yield place
        place = text.find(letter, place + 1)
