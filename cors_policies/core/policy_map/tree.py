"""How do the policies of a map fit on one page, as a tree of the segments that their paths share?

Before you edit:

* The order of the entries is kept: patterns that share literal segments are neighbours in the order of
  precedence, so that a branch never takes a pattern out of its place.
* However large a set is, a page has a fixed number of lines. What does not fit stays in the tree as a closed
  branch that knows how many policies it holds, and can be asked for as a page of its own.
* Branches are opened level by level, so that one crowded prefix does not use up the page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from cors_policies.core.path_group import Site
from cors_policies.core.paths import split_path
from cors_policies.core.policy_map.mapping import Entry
from cors_policies.core.segments import STAR

MAX_TRIED: Final = 20
"""So many policies of one path group are shown beside others."""
_SMALL: Final = 8


@dataclass(frozen=True, slots=True)
class Leaf:
    """One path pattern of a host, and its policies in the order in which they are tried."""

    site: Site
    entries: tuple[Entry, ...]

    @property
    def count(self) -> int:
        """How many policies it has."""
        return len(self.entries)

    @property
    def lines(self) -> int:
        """How many lines it takes, at most, beside others."""
        return 1 + min(len(self.entries), MAX_TRIED)

    @property
    def is_in_force(self) -> bool:
        """Whether it governs anything: where no policy is in force, it is as if the pattern were absent."""
        return any(entry.is_in_force for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Branch:
    """Patterns of one host that share their first segments; without prefix all of the host.

    The root has neither: below it are the hosts.
    """

    host: str | None
    prefix: str
    children: tuple[Branch | Leaf, ...]
    count: int
    whole: int
    """How many lines it takes with all that is below it."""

    @property
    def is_small(self) -> bool:
        """Whether it is never closed: a line that says what is not shown would save little."""
        return self.whole <= _SMALL

    @property
    def lines(self) -> int:
        """How many lines it takes while it is closed, if it ever is."""
        return self.whole if self.is_small else 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A branch or leaf on the page: what is shown below it, and how many of its policies are not."""

    node: Branch | Leaf
    items: tuple[Shown | Entry, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the tree. ``count`` is the number of all policies in it, ``pages`` that of its pages."""

    root: Shown
    number: int
    pages: int
    count: int


def grow(entries: Iterable[Entry]) -> Branch:
    """The tree of entries that have a place, in the order of the map."""
    hosts = []
    for host, group in groupby(entries, key=_host):
        leaves = [Leaf(site, tuple(found)) for site, found in groupby(group, key=_site)]
        hosts.append(_branch(host, "", _nested(host, leaves, 0)))
    return _branch(None, "", hosts)


def open_page(root: Branch, *, lines: int, number: int = 1) -> Page:
    """The tree, opened as far as ``lines`` go; a page that there is not is the nearest one that there is."""
    around = [root]
    while len(around[-1].children) == 1 and isinstance(around[-1].children[0], Branch):
        around.append(around[-1].children[0])
    pages = _pages_of(around[-1], lines)
    number = min(max(number, 1), len(pages))
    shown = pages[number - 1]
    for outer in reversed(around[:-1]):
        shown = Shown(outer, (shown,))
    return Page(shown, number, len(pages), root.count)


def shown_leaves(shown: Shown) -> Iterator[Shown]:
    """The path patterns that are on the page, in their order."""
    if isinstance(shown.node, Leaf):
        yield shown
    for item in shown.items:
        if isinstance(item, Shown):
            yield from shown_leaves(item)


def _site(entry: Entry) -> Site:
    return entry.site or Site("", "")


def _host(entry: Entry) -> str:
    return _site(entry).host


def _branch(host: str | None, prefix: str, children: Iterable[Branch | Leaf]) -> Branch:
    found = tuple(children)
    whole = 1 + sum(child.lines if isinstance(child, Leaf) else child.whole for child in found)
    return Branch(host, prefix, found, sum(child.count for child in found), whole)


def _nested(host: str, leaves: Sequence[Leaf], depth: int) -> Iterator[Branch | Leaf]:
    """The leaves; neighbours that share further literal segments in a branch of their own."""
    paths = [split_path(leaf.site.path) for leaf in leaves]
    for step, group in groupby(range(len(leaves)), key=lambda place: _step(paths[place], depth)):
        places = list(group)
        if not step or len(places) == 1:
            yield from (leaves[place] for place in places)
            continue
        shared = _shared_depth([paths[place] for place in places], depth + 1)
        prefix = "/" + "/".join(paths[places[0]][:shared])
        yield _branch(host, prefix, _nested(host, [leaves[place] for place in places], shared))


def _step(segments: Sequence[str], depth: int) -> str:
    """The literal segment that leads on, or nothing."""
    return segments[depth] if depth < len(segments) and STAR not in segments[depth] else ""


def _shared_depth(paths: Sequence[Sequence[str]], depth: int) -> int:
    """How many first segments all of the paths have in common, as far as they are literal."""
    while (step := _step(paths[0], depth)) and all(_step(path, depth) == step for path in paths):
        depth += 1
    return depth


def _pages_of(branch: Branch, lines: int) -> list[Shown]:
    if len(branch.children) == 1 and isinstance(leaf := branch.children[0], Leaf):
        return [Shown(branch, (part,)) for part in _parts(leaf, lines)]
    chunks = _chunks(branch.children, lines)
    return [_opened(branch, chunk, lines) for chunk in chunks] or [Shown(branch, ())]


def _parts(leaf: Leaf, lines: int) -> Iterator[Shown]:
    """The policies of one path group alone, which has the page for itself."""
    for start in range(0, len(leaf.entries), lines):
        yield Shown(leaf, leaf.entries[start : start + lines])


def _chunks(children: Iterable[Branch | Leaf], lines: int) -> list[list[Branch | Leaf]]:
    chunks: list[list[Branch | Leaf]] = []
    left = 0
    for child in children:
        if not chunks or child.lines > left:
            chunks.append([])
            left = lines
        chunks[-1].append(child)
        left -= child.lines
    return chunks


def _opened(branch: Branch, children: Sequence[Branch | Leaf], lines: int) -> Shown:
    left = lines - sum(child.lines for child in children)
    waiting = deque(_closed(children))
    opened: set[int] = set()
    while waiting:
        found = waiting.popleft()
        cost = sum(child.lines for child in found.children)
        if cost <= left:
            opened.add(id(found))
            left -= cost
            waiting.extend(_closed(found.children))
    return Shown(branch, tuple(_shown(child, opened) for child in children))


def _closed(nodes: Iterable[Branch | Leaf]) -> Iterator[Branch]:
    """The branches that can be opened where there is room."""
    return (node for node in nodes if isinstance(node, Branch) and not node.is_small)


def _shown(node: Branch | Leaf, opened: set[int]) -> Shown:
    if isinstance(node, Leaf):
        return Shown(node, node.entries[:MAX_TRIED], max(node.count - MAX_TRIED, 0))
    if not node.is_small and id(node) not in opened:
        return Shown(node, (), node.count)
    return Shown(node, tuple(_shown(child, opened) for child in node.children))
