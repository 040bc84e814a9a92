"""How does a path find its way through a trie of patterns, and what may that cost?

A trie is read from the front of a path as far as ``**``, and from its end after that.

Before you edit:

* The bound: paths are written by strangers, so none may be dear. A branch knows the most steps that any path
  can take in it, a step being the look-up or the comparison of one segment. A branch of more than 64 steps
  becomes a crowd, which :mod:`cors_policies.core.path_sieve` searches, and which counts as 32. A look-up thus
  takes 64 steps at most, or 32 and a crowd, however many patterns there are and whatever the path is. Among
  mixed segments a step has a bound of its own, that of :class:`cors_policies.core.segments.MixedIndex`.
* An index never changes. One without some of its patterns shares all branches that do not lead to them, and
  keeps the shape of the others, and so the bound: what is gone is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from itertools import chain
from typing import Final, Protocol

from cors_policies.core.path_sieve import Sieve
from cors_policies.core.paths import PathPattern
from cors_policies.core.segments import DOUBLE_STAR, STAR, MixedIndex, all_match

CROWD_COST: Final = 32
END: Final = ""
"""The step that stands for the end of a pattern. No segment of a pattern is empty."""
Gone = Sequence[tuple[PathPattern, int]]
"""Patterns to be passed over, with their ranks."""


class Branch(Protocol):
    """A part of the trie."""

    @property
    def cost(self) -> int:
        """The most steps that a look-up can take here."""

    def best(self, segments: Sequence[str], start: int, stop: int) -> int | None:
        """The smallest rank of a pattern here that matches; what is outside ``start:stop`` has been read."""

    def forget(self, gone: Gone, depth: int, gap: int | None) -> None:
        """Passes over these patterns, all of them here; ``depth`` and ``gap`` as for the builder.

        For a copy of one's own: branches are shared.
        """


class Leaf:
    """One pattern, alone from here on: what it still wants from the front and, after ``**``, from the end."""

    __slots__ = ("_head", "_open", "_rank", "_tail", "_wanted")

    def __init__(self, rank: int, head: Sequence[str], tail: Sequence[str] | None) -> None:
        self._rank: int | None = rank
        self._head = head
        self._tail = tail or ()
        self._open = tail is not None
        self._wanted = len(head) + len(self._tail)

    @property
    def cost(self) -> int:
        """As :attr:`Branch.cost`."""
        return 1 + self._wanted

    def best(self, segments: Sequence[str], start: int, stop: int) -> int | None:
        """As :meth:`Branch.best`."""
        spare = stop - start - self._wanted
        if spare < 0 or (spare and not self._open):
            return None
        if self._head and not all_match(self._head, segments[start:]):
            return None
        if self._tail and not all_match(self._tail, segments[stop - len(self._tail) :]):
            return None
        return self._rank

    def forget(self, _gone: Gone, _depth: int, _gap: int | None) -> None:
        """As :meth:`Branch.forget`."""
        self._rank = None


class Crowd:
    """Patterns that a path could take too many steps among: all are tried at once.

    A path that is longer than the patterns without ``**`` is only sought among the others. Most of 10,000
    patterns have none, and a path of 2,000 segments takes a third of the time then.
    """

    __slots__ = ("_longest", "_open_ranks", "_open_sieve", "_ranks", "_sieve")

    cost = CROWD_COST

    def __init__(self, ranks: Sequence[int]) -> None:
        self._ranks = ranks

    def compile(self, patterns: Sequence[PathPattern]) -> None:
        """Build the sieve: dear, so done only for the crowds that are in the trie in the end."""
        self._sieve = Sieve([patterns[rank] for rank in self._ranks])
        self._open_ranks = [rank for rank in self._ranks if DOUBLE_STAR in patterns[rank].segments]
        self._open_sieve = Sieve([patterns[rank] for rank in self._open_ranks])
        closed = set(self._ranks).difference(self._open_ranks)
        self._longest = max((len(patterns[rank].segments) for rank in closed), default=0)

    def best(self, segments: Sequence[str], start: int, stop: int) -> int | None:
        """As :meth:`Branch.best`."""
        wanted = segments[1:]
        is_long = len(wanted) > self._longest
        sieve, ranks = (self._open_sieve, self._open_ranks) if is_long else (self._sieve, self._ranks)
        row = sieve.first(wanted)
        return None if row is None else ranks[row]

    def forget(self, gone: Gone, _depth: int, _gap: int | None) -> None:
        """As :meth:`Branch.forget`."""
        ranks = {rank for _, rank in gone}
        self._sieve = _forgetful(self._sieve, self._ranks, ranks)
        self._open_sieve = _forgetful(self._open_sieve, self._open_ranks, ranks)


def _forgetful(sieve: Sieve, ranks: Sequence[int], gone: set[int]) -> Sieve:
    """A copy of a crowd's sieve that passes over some of its ranks."""
    found = copy(sieve)
    found.forget(row for row, rank in enumerate(ranks) if rank in gone)
    return found


class Fork:
    """The ways on from a node that take no literal: mixed segments, then ``*``, then ``**``."""

    __slots__ = ("_mixed", "_rest", "_stars", "cost")

    def __init__(self, branches: Mapping[str, Branch], rest: Branch | None) -> None:
        mixed = {step: branch for step, branch in branches.items() if step != STAR}
        self._mixed = MixedIndex(mixed) if mixed else None
        self._stars = [branches[STAR]] if STAR in branches else []
        self._rest = rest
        self.cost = sum(branch.cost for branch in (*self._stars, rest) if branch is not None)
        if self._mixed is not None:
            self.cost += self._mixed.dearest({step: branch.cost for step, branch in mixed.items()})

    def best(self, segments: Sequence[str], start: int, stop: int) -> int | None:
        """As :meth:`Branch.best`."""
        if start < stop:
            for child in self.children(segments[start]):
                found = child.best(segments, start + 1, stop)
                if found is not None:
                    return found
        return None if self._rest is None else self._rest.best(segments, start, stop)

    def forget(self, gone: Mapping[str, Gone], depth: int, gap: int | None) -> None:
        """As for a branch, by the step that leads on."""
        if self._mixed is not None:
            changes = {
                step: partial(without, group, depth=depth + 1, gap=gap) for step, group in gone.items()
            }
            self._mixed = self._mixed.changed(changes)
        if STAR in gone:
            self._stars = [without(gone[STAR], branch, depth + 1, gap) for branch in self._stars]
        if self._rest is not None and DOUBLE_STAR in gone:
            self._rest = without(gone[DOUBLE_STAR], self._rest, depth + 1, depth)

    def children(self, text: str) -> Iterable[Branch]:
        """The branches for one segment, the most specific first: none for the empty one."""
        if self._mixed is None:
            return self._stars if text else ()
        return chain(self._mixed.matching(text), self._stars) if text else ()


class Node:
    """Where patterns part that begin alike. Reads one segment from the front."""

    __slots__ = ("_end", "_fork", "_literals", "cost")

    def __init__(self, branches: Mapping[str, Branch], rest: Branch | None, end: int | None) -> None:
        """``branches`` by segment; ``rest``: what is behind ``**``; ``end``: the rank of what ends here."""
        others = {step: branch for step, branch in branches.items() if STAR in step}
        self._literals = {step: branch for step, branch in branches.items() if STAR not in step}
        self._fork = Fork(others, rest) if others or rest else None
        self._end = end
        self.cost = 1 + max((branch.cost for branch in self._literals.values()), default=0)
        if self._fork is not None:
            self.cost += self._fork.cost

    def best(self, segments: Sequence[str], start: int, stop: int) -> int | None:
        """As :meth:`Branch.best`."""
        if start < stop:
            child = self._literals.get(segments[start])
            if child is not None:
                found = child.best(segments, start + 1, stop)
                if found is not None:
                    return found
        elif self._end is not None:
            return self._end
        return None if self._fork is None else self._fork.best(segments, start, stop)

    def forget(self, gone: Gone, depth: int, gap: int | None) -> None:
        """As :meth:`Branch.forget`."""
        groups = _by_step(gone, depth, gap)
        if groups.pop(END, None):
            self._end = None
        literals = {step: groups.pop(step) for step in list(groups) if STAR not in step}
        self._literals = self._literals | {
            step: without(group, self._literals[step], depth + 1, gap) for step, group in literals.items()
        }
        if groups and self._fork is not None:
            self._fork = copy(self._fork)
            self._fork.forget(groups, depth, gap)


class RestNode(Node):
    """Where patterns part that end alike, and are the same up to ``**``. Reads one segment from the end.

    The order of precedence runs from the front, so that every branch has to be tried, and the ranks compared.
    """

    __slots__ = ()

    def best(self, segments: Sequence[str], start: int, stop: int) -> int | None:
        """As :meth:`Branch.best`."""
        if start == stop:
            return self._end
        text = segments[stop - 1]
        children: Iterable[Branch] = () if self._fork is None else self._fork.children(text)
        if text in self._literals:
            children = (*children, self._literals[text])
        found = self._end
        for child in children:
            rank = child.best(segments, start, stop - 1)
            if rank is not None and (found is None or rank < found):
                found = rank
        return found


def _by_step(gone: Gone, depth: int, gap: int | None) -> dict[str, list[tuple[PathPattern, int]]]:
    groups: dict[str, list[tuple[PathPattern, int]]] = {}
    for pattern, rank in gone:
        groups.setdefault(step_of(pattern.segments, depth, gap), []).append((pattern, rank))
    return groups


def without(gone: Gone, branch: Branch, depth: int, gap: int | None) -> Branch:
    """A copy of the branch that passes over these patterns."""
    other = copy(branch)
    other.forget(gone, depth, gap)
    return other


def step_of(segments: Sequence[str], depth: int, gap: int | None) -> str:
    """The step of a pattern after ``depth`` others: from the front up to ``**``, from the end after it."""
    if gap is None:
        return segments[depth] if depth < len(segments) else END
    place = len(segments) - (depth - gap)
    return segments[place] if place > gap else END
