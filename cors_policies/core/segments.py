"""Does a segment of a path match a segment of a pattern, and which of many patterns' segments does it match?

A segment of a pattern is *literal* (it stands for itself), ``*`` (any one segment that is not empty) or
*mixed*: literal pieces with ``*`` between them, each ``*`` standing for any run of characters, the empty one
too. ``**`` stands for several segments: this module knows its place in the order and nothing else about it.

Before you edit:

* Never ``re``: as an expression, ``*a*a*a*b`` takes exponential time on ``aaaaaaaa``. The leftmost place of
  each inner piece is the one to take, because a later one never leaves more room for the pieces after it.
* :class:`MixedIndex` narrows the choice; :func:`segment_matches` decides.
* What a look-up in it costs: a step for each length that pieces at the start or the end have, a step for each
  character of the segment and each length that pieces inside have, and a step for each segment that is found.
  How many mixed segments there are adds nothing to that, and neither do pieces that many of them share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def __init__(self, items: Mapping[str, _T]) -> None:
        self._rows = sorted(items.items(), key=_by_specificity)
        self._shelf = _Shelf([(place, _pieces(wanted)) for place, (wanted, _) in enumerate(self._rows)])

    def candidates(self, text: str) -> list[_T]:
        """The values of all segments that ``text`` matches, and of some others, in no order."""
        return [self._rows[place][1] for place in self._shelf.places(text)]

    def matching(self, text: str) -> Iterator[_T]:
        """The values of the segments that ``text`` matches, the most specific first."""
        for place in sorted(self._shelf.places(text)):
            wanted, value = self._rows[place]
            if _mixed_matches(wanted, text):
                yield value

    def dearest(self, costs: Mapping[str, int]) -> int:
        """The most that the segments which one and the same text matches can cost together."""
        return self._shelf.dearest([costs[wanted] for wanted, _ in self._rows])


_Side = int
_START, _FINISH, _INSIDE = range(3)
_Piece = tuple[_Side, str]
_Row = tuple[int, tuple[_Piece, ...]]

_SCAN: Final = 4
"""Up to this many segments are tried one by one."""
_FEW_PIECES: Final = 8
_WINDOWS_A_SEARCH: Final = 16
"""In a long text, a search for one piece costs about as much as this many look-ups of windows."""


class _Shelf:
    """Mixed segments, each filed under its rarest piece; those that share it, on a shelf of their own."""

    __slots__ = ("_loose", "_tables")

    def __init__(self, rows: Sequence[_Row]) -> None:
        filed = _file(rows) if len(rows) > _SCAN else {None: rows}
        self._loose = [place for place, _ in filed.get(None, ())]
        tables: dict[tuple[_Side, int], dict[str, _Shelf]] = {}
        for piece, shared in filed.items():
            if piece is not None:
                side, literal = piece
                tables.setdefault((side, len(literal)), {})[literal] = _Shelf(shared)
        self._tables = [(side, size, table) for (side, size), table in tables.items()]

    def places(self, text: str) -> list[int]:
        """The places of all segments whose pieces are in ``text``, and of some others, none twice."""
        if not self._tables:
            return self._loose
        found = self._loose.copy()
        for side, size, table in self._tables:
            if side == _INSIDE:
                for piece in _present(table, size, text):
                    found += table[piece].places(text)
            else:
                shelf = table.get(text[:size] if side == _START else text[-size:])
                if shelf is not None:
                    found += shelf.places(text)
        return found

    def dearest(self, costs: Sequence[int]) -> int:
        """The most that the places found for one text can cost: of equally long ends, it has only one."""
        total = sum(costs[place] for place in self._loose)
        for side, _, table in self._tables:
            each = [shelf.dearest(costs) for shelf in table.values()]
            total += sum(each) if side == _INSIDE else max(each)
        return total


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
        rarest = min(pieces, key=lambda piece: (counts[piece], -len(piece[1])), default=None)
        filed.setdefault(rarest, []).append((place, tuple(piece for piece in pieces if piece != rarest)))
    return filed


def _present(table: Mapping[str, object], size: int, text: str) -> Iterable[str]:
    """Which of the table's pieces, all ``size`` characters long, are somewhere in ``text``."""
    if len(table) <= _FEW_PIECES or len(table) * _WINDOWS_A_SEARCH <= len(text):
        return [piece for piece in table if piece in text]
    ends = range(size, len(text) + 1)
    return {window for end in ends if (window := text[end - size : end]) in table}
