"""Which is the first of many path patterns that match a path, when they are easily mistaken for each other?

A trie has to follow every reading of a path: among ``/{a,*}/{a,*}/.../x{i}`` each segment doubles them. A
sieve follows none and looks at all patterns at once. Patterns are bits of one integer, the most specific the
lowest; each segment of the path clears the bits of patterns that it does not fit; the lowest bit left is the
answer.

Before you edit:

* The bound: a sieve of P patterns has 32 columns at most for places counted from the front, and 31 for places
  counted from the end. A segment costs its column one ``&`` for each binary digit of the number of literals
  there, and three more. An ``&`` works on P / 30 machine words, 0.2 us where P is 10,000. How many patterns
  agree with how much of a path does not matter.
* Mixed segments are dearer (:mod:`cors_policies.core.segments` says how much), and so looked at last.
* A column numbers its literals and keeps two integers for each binary digit of the numbers. An integer for
  each literal would take room in the square of the number of patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from cors_policies.core.paths import PathPattern
from cors_policies.core.segments import DOUBLE_STAR, STAR, MixedIndex


class Sieve:
    """Patterns in the order of their ``sort_key``, built once. :meth:`first` finds one."""

    __slots__ = ("_by_count", "_columns", "_mixed_columns", "_size")

    def __init__(self, patterns: Sequence[PathPattern]) -> None:
        self._size = len(patterns)
        self._by_count = _masks_by_count(patterns)
        self._columns = _columns(patterns)
        self._mixed_columns = [(place, column) for place, column in self._columns if column.mixed_rows]

    def first(self, segments: Sequence[str]) -> int | None:
        """The place of the first pattern that matches a path of these segments, or ``None``."""
        count = len(segments)
        alive = self._by_count[min(count, len(self._by_count) - 1)]
        for place, column in self._columns:
            if -count <= place < count:
                alive = column.narrow(alive, segments[place])
                if not alive:
                    return None
        for place, column in self._mixed_columns:
            if alive & column.mixed_rows:
                alive = column.narrow_mixed(alive, segments[place])
        return (alive & -alive).bit_length() - 1 if alive else None

    def forget(self, places: Iterable[int]) -> None:
        """Never finds the patterns of these places again. For a copy of one's own."""
        gone = _mask(self._size, places)
        self._by_count = [mask & ~gone for mask in self._by_count]


class _Column:
    """What many patterns want at one place of a path: a segment each, or nothing (``""``)."""

    __slots__ = ("_codes", "_free", "_mixed", "_planes", "_size", "_unmixed", "loose", "mixed_rows")

    def __init__(self, wanted: Sequence[str]) -> None:
        self._size = len(wanted)
        rows: dict[str, list[int]] = {}
        for row, segment in enumerate(wanted):
            rows.setdefault(segment, []).append(row)
        free = rows.pop("", [])
        stars = rows.pop(STAR, [])
        mixed = {segment: places for segment, places in rows.items() if STAR in segment}
        literals = [segment for segment in rows if STAR not in segment]
        self._free = _mask(self._size, free)
        self.mixed_rows = _mask(self._size, chain.from_iterable(mixed.values()))
        self.loose = self._free | self.mixed_rows | _mask(self._size, stars)
        self._unmixed = self.mixed_rows ^ ((1 << self._size) - 1)
        self._mixed = MixedIndex(mixed)
        self._codes = {segment: code for code, segment in enumerate(literals)}
        self._planes = _planes(self._size, [rows[segment] for segment in literals])

    def narrow(self, alive: int, text: str) -> int:
        """The patterns of ``alive`` that ``text`` matches, and those that have a mixed segment here."""
        if not text:
            return alive & self._free
        code = self._codes.get(text)
        passed = alive & self.loose
        if code is None:
            return passed
        for plane in self._planes:
            alive &= plane[code & 1]
            code >>= 1
        return passed | alive

    def narrow_mixed(self, alive: int, text: str) -> int:
        """The patterns of ``alive`` that have no mixed segment here, or one that ``text`` matches."""
        matching = _mask(self._size, chain.from_iterable(self._mixed.matching(text)))
        return alive & (self._unmixed | matching)


def _mask(size: int, rows: Iterable[int]) -> int:
    """The integer below ``1 << size`` that has the bits of these rows set."""
    flags = bytearray(size // 8 + 1)
    for row in rows:
        flags[row >> 3] |= 1 << (row & 7)
    return int.from_bytes(flags, "little")


def _planes(size: int, rows_by_code: Sequence[Iterable[int]]) -> list[tuple[int, int]]:
    """For each binary digit of the codes: the rows whose code has a 0 there, those whose code has a 1."""
    digits = max(1, (len(rows_by_code) - 1).bit_length())
    halves: list[tuple[list[int], list[int]]] = [([], []) for _ in range(digits)]
    for code, rows in enumerate(rows_by_code):
        for digit, half in enumerate(halves):
            half[code >> digit & 1].extend(rows)
    return [(_mask(size, zeros), _mask(size, ones)) for zeros, ones in halves]


def _columns(patterns: Iterable[PathPattern]) -> list[tuple[int, _Column]]:
    """The columns and their places in a path, negative ones from its end on. The most telling come first."""
    halves = [pattern.halves() for pattern in patterns]
    heads = [head for head, _ in halves]
    tails = [(tail or ())[::-1] for _, tail in halves]
    columns = [(place, _column(heads, place)) for place in range(_longest(heads))]
    columns += [(-1 - place, _column(tails, place)) for place in range(_longest(tails))]
    return sorted(columns, key=_by_telling)


def _longest(rows: Iterable[Sequence[str]]) -> int:
    return max(map(len, rows), default=0)


def _column(rows: Iterable[Sequence[str]], place: int) -> _Column:
    return _Column([row[place] if place < len(row) else "" for row in rows])


def _by_telling(placed: tuple[int, _Column]) -> int:
    """How many patterns the column lets pass whatever the segment is."""
    return placed[1].loose.bit_count()


def _masks_by_count(patterns: Sequence[PathPattern]) -> list[int]:
    """For each number of segments, the patterns that so many can match; the last is for all above, too."""
    fixed: dict[int, list[int]] = {}
    growing: dict[int, list[int]] = {}
    for row, pattern in enumerate(patterns):
        ends = DOUBLE_STAR in pattern.segments
        (growing if ends else fixed).setdefault(len(pattern.segments) - ends, []).append(row)
    masks, grown = [], 0
    for count in range(max([*fixed, *growing], default=0) + 2):
        grown |= _mask(len(patterns), growing.get(count, ()))
        masks.append(grown | _mask(len(patterns), fixed.get(count, ())))
    return masks
