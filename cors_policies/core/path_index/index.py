"""Which of all path patterns is the most specific one that matches this path?

Literal patterns are one look-up. The others form a trie of segments, read from the front of a path as far as
``**``, and from its end after that. Where a literal, mixed segments and ``*`` all lead on, they are tried in
the order of precedence, and the first pattern that is found is the answer.

Before you edit:

* A pattern has 32 segments at most, so a path of thousands is never split further than the longest pattern
  needs from each of its ends.
* The answer must be the one that ``sort_key`` and ``PathPattern.matches`` give; property tests compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Final, Generic, TypeVar

from cors_policies.core.path_index.branches import without
from cors_policies.core.path_index.building import Builder
from cors_policies.core.paths import MAX_PATH, PathPattern
from cors_policies.core.segments import STAR

_T = TypeVar("_T")
_USUAL_SEGMENTS: Final = 8
"""Paths of up to so many segments are split once and for all."""


class PathIndex(Generic[_T]):
    """Different patterns with a value each, built once. :meth:`find` gives the value that governs a path.

    No two values are equal where :meth:`without` is used.
    """

    __slots__ = ("_exact", "_root", "_size", "_splits", "_values")

    def __init__(self, pairs: Iterable[tuple[PathPattern, _T]]) -> None:
        self._exact: dict[str, _T] = {}
        others: list[tuple[PathPattern, _T]] = []
        for pattern, value in pairs:
            if STAR in pattern.text:
                others.append((pattern, value))
            else:
                self._exact[pattern.text] = value
        self._size = len(self._exact) + len(others)
        others.sort(key=lambda pair: pair[0].sort_key)
        self._values = [value for _, value in others]
        self._splits = 1 + max([len(pattern.segments) for pattern, _ in others] + [_USUAL_SEGMENTS])
        self._root = Builder([pattern for pattern, _ in others]).root()

    def find(self, path: str) -> _T | None:
        """The value of the most specific pattern that matches a request's decoded path, or ``None``."""
        if path[:1] != "/":
            return None
        if path[-1] == "/":  # what drop_trailing_slash does, without the call
            path = path[:-1] or "/"
        if len(path) <= MAX_PATH and path in self._exact:
            return self._exact[path]
        # The first element is what stands before the first slash: nothing.
        segments = path.split("/", self._splits) if path != "/" else [""]
        if len(segments) > self._splits:
            segments[self._splits :] = path.rsplit("/", self._splits)[1:]
        rank = self._root.best(segments, 1, len(segments))
        return None if rank is None else self._values[rank]

    def __len__(self) -> int:
        return self._size

    def without(self, pairs: Sequence[tuple[PathPattern, _T]]) -> PathIndex[_T]:
        """The index without some of its pairs."""
        other = copy(self)
        other.forget(pairs)
        return other

    def forget(self, pairs: Sequence[tuple[PathPattern, _T]]) -> None:
        """Never finds these pairs again. For a copy of one's own."""
        ranks = {value: rank for rank, value in enumerate(self._values)}
        gone = [(pattern, ranks[value]) for pattern, value in pairs if STAR in pattern.text]
        texts = {pattern.text for pattern, _ in pairs}
        self._size -= len(pairs)
        self._exact = {text: value for text, value in self._exact.items() if text not in texts}
        if gone:
            self._root = without(gone, self._root, 0, None)
