"""How is the trie of some path patterns made, so that no path is dear in it?

Before you edit:

* A hundred thousand patterns have to fit: what is alone below a branch is a leaf at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cors_policies.core.path_index.branches import END, Branch, Crowd, Leaf, Node, RestNode, step_of
from cors_policies.core.paths import PathPattern
from cors_policies.core.segments import DOUBLE_STAR

_MAX_COST: Final = 64


class Builder:
    """Makes the trie of patterns in the order of their ``sort_key``."""

    def __init__(self, patterns: Sequence[PathPattern]) -> None:
        self._patterns = patterns
        self._crowds: list[Crowd] = []

    def root(self) -> Branch:
        """The whole trie."""
        root = self._grow(range(len(self._patterns)), 0, None)
        for crowd in self._crowds:
            crowd.compile(self._patterns)
        return root

    def _grow(self, ranks: Sequence[int], depth: int, gap: int | None) -> Branch:
        """The branch of patterns whose first ``depth`` steps are the same.

        ``gap`` is how many segments stand before their ``**``, ``None`` as long as that has not been read.
        """
        if len(ranks) == 1:
            return self._leaf(ranks[0], depth, gap)
        crowds_before = len(self._crowds)
        node = self._node(ranks, depth, gap)
        if node.cost <= _MAX_COST:
            return node
        del self._crowds[crowds_before:]
        crowd = Crowd(ranks)
        self._crowds.append(crowd)
        return crowd

    def _leaf(self, rank: int, depth: int, gap: int | None) -> Leaf:
        head, tail = self._patterns[rank].halves()
        if gap is None or tail is None:
            return Leaf(rank, head[depth:], tail)
        return Leaf(rank, (), tail[: len(tail) - (depth - gap - 1)])

    def _node(self, ranks: Iterable[int], depth: int, gap: int | None) -> Node:
        groups: dict[str, list[int]] = {}
        for rank in ranks:
            groups.setdefault(step_of(self._patterns[rank].segments, depth, gap), []).append(rank)
        ends = groups.pop(END, [None])
        behind_gap = groups.pop(DOUBLE_STAR, None)
        rest = self._grow(behind_gap, depth + 1, depth) if behind_gap else None
        branches = {step: self._grow(group, depth + 1, gap) for step, group in groups.items()}
        return (Node if gap is None else RestNode)(branches, rest, ends[0])
