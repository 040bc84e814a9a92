"""Is the tree the map, in its order, and does a page of it stay small?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.policy import Policy
from cors_policies.core.policy_map.mapping import Entry
from cors_policies.core.policy_map.tree import (
    MAX_TRIED,
    Branch,
    Leaf,
    Page,
    Shown,
    grow,
    open_page,
    shown_leaves,
)
from tests.core.path_strategies import pattern_texts
from tests.core.test_mapping import HOSTS, charted

Outline = list[object]


def entries_at(*places: str) -> list[Entry]:
    """A policy for each path, or for each ``host/path``."""
    found = (place.partition("/") for place in places)
    return charted(
        *(
            Policy(name=f"p{number}", host=host, path=f"/{path}")
            for number, (host, _, path) in enumerate(found)
        )
    )


def outline(node: Branch | Leaf) -> object:
    """The tree as nested lists: a branch is its prefix or host and what is below it."""
    if isinstance(node, Leaf):
        return node.site.path
    return [node.prefix or node.host, *map(outline, node.children)]


def entries_in(node: Branch | Leaf) -> Iterator[Entry]:
    """The entries of the tree from its top on."""
    if isinstance(node, Leaf):
        yield from node.entries
    else:
        yield from chain.from_iterable(map(entries_in, node.children))


def names_on(page: Page) -> list[str]:
    """The policies that have a line."""
    leaves = (leaf.items for leaf in shown_leaves(page.root))
    return [item.name for item in chain.from_iterable(leaves) if isinstance(item, Entry)]


def lines_of(shown: Shown) -> int:
    """How many lines of a page are used."""
    below = sum(lines_of(item) if isinstance(item, Shown) else 1 for item in shown.items)
    return 1 + below


def hidden_in(shown: Shown) -> int:
    """How many policies are said to be hidden."""
    return shown.hidden + sum(hidden_in(item) for item in shown.items if isinstance(item, Shown))


def all_pages(root: Branch, lines: int) -> list[Page]:
    """Every page of the tree."""
    first = open_page(root, lines=lines)
    return [open_page(root, lines=lines, number=number + 1) for number in range(first.pages)]


class TestGrowing:
    """Patterns that share literal segments stand in a branch, and everything stays in its order."""

    @pytest.mark.parametrize(
        ("places", "tree"),
        [
            pytest.param(["/a"], ["", "/a"], id="one-needs-no-branch"),
            pytest.param(["/a/x", "/b/x"], ["", "/a/x", "/b/x"], id="nothing-is-shared"),
            pytest.param(["/a/x", "/a/y"], ["", ["/a", "/a/x", "/a/y"]], id="first-segment"),
            pytest.param(["/a/b/x", "/a/b/y"], ["", ["/a/b", "/a/b/x", "/a/b/y"]], id="two-at-once"),
            pytest.param(
                ["/a", "/a/**", "/a/*", "/a/x"], ["", ["/a", "/a/x", "/a/*", "/a", "/a/**"]], id="precedence"
            ),
            pytest.param(
                ["/a/b/x", "/a/b/y", "/a/c"], ["", ["/a", ["/a/b", "/a/b/x", "/a/b/y"], "/a/c"]], id="nested"
            ),
            pytest.param(["/*/x", "/*/y"], ["", "/*/x", "/*/y"], id="stars-are-not-literal"),
            pytest.param(["/a*/x", "/a*/y"], ["", "/a*/x", "/a*/y"], id="mixed-segments-neither"),
            pytest.param(["/", "/**"], ["", "/", "/**"], id="root"),
        ],
    )
    def test_makes(self, places: list[str], tree: Outline) -> None:
        assert outline(grow(entries_at(*places))) == [None, tree]

    def test_hosts_stand_apart(self) -> None:
        tree = grow(entries_at("/a/x", "*.example.com/a/y", "api.example.com/a/x", "api.example.com/a/y"))

        assert outline(tree) == [
            None,
            ["api.example.com", ["/a", "/a/x", "/a/y"]],
            ["*.example.com", "/a/y"],
            ["", "/a/x"],
        ]

    @given(st.lists(st.tuples(st.sampled_from(HOSTS), pattern_texts()), max_size=40))
    def test_keeps_the_order_and_counts(self, places: list[tuple[str, str]]) -> None:
        entries = entries_at(*(host + path for host, path in places))

        tree = grow(entries)

        assert list(entries_in(tree)) == entries
        assert tree.count == len(entries)

    @pytest.mark.parametrize(("mode", "is_in_force"), [("live", True), ("off", False)])
    def test_pattern_is_in_force_where_one_policy_is(self, mode: str, is_in_force: bool) -> None:
        policies = (Policy(name="a", path="/x", mode="off"), Policy(name="b", path="/x", mode=mode))

        (host,) = grow(charted(*policies)).children

        assert isinstance(host, Branch)
        (leaf,) = host.children
        assert isinstance(leaf, Leaf)
        assert leaf.is_in_force == is_in_force


class TestPages:
    """A page has a fixed number of lines; what it does not show it counts, or another page shows."""

    def test_small_tree_is_opened_whole(self) -> None:
        page = open_page(grow(entries_at("/a/x", "/a/y", "/b")), lines=20)

        assert (names_on(page), hidden_in(page.root), page.pages) == (["p0", "p1", "p2"], 0, 1)

    def test_empty_tree_is_an_empty_page(self) -> None:
        page = open_page(grow([]), lines=20)

        assert (names_on(page), page.pages, page.count) == ([], 1, 0)

    def test_crowded_branch_stays_closed_beside_others(self) -> None:
        tree = grow(entries_at(*(f"/p/{number}" for number in range(50)), "/b/x", "/b/y"))

        page = open_page(tree, lines=20)

        assert names_on(page) == ["p50", "p51"]
        assert hidden_in(page.root) == 50

    def test_crowded_branch_alone_is_paged(self) -> None:
        pages = all_pages(grow(entries_at(*(f"/p/{number}" for number in range(50)))), 20)

        assert [len(names_on(page)) for page in pages] == [10, 10, 10, 10, 10]
        assert len({name for page in pages for name in names_on(page)}) == 50

    def test_crowded_path_group_is_cut_beside_others(self) -> None:
        tree = grow(entries_at(*["/same"] * (MAX_TRIED + 5), "/other"))

        page = open_page(tree, lines=50)

        assert len(names_on(page)) == MAX_TRIED + 1
        assert hidden_in(page.root) == 5

    def test_crowded_path_group_alone_is_paged(self) -> None:
        pages = all_pages(grow(entries_at(*["/same"] * 45)), 20)

        assert [len(names_on(page)) for page in pages] == [20, 20, 5]
        assert len({name for page in pages for name in names_on(page)}) == 45

    def test_many_hosts_are_paged(self) -> None:
        pages = all_pages(grow(entries_at(*(f"h{number}.example.com/x" for number in range(50)))), 20)

        assert [len(names_on(page)) for page in pages] == [6] * 8 + [2]
        assert sum(len(names_on(page)) + hidden_in(page.root) for page in pages) == 50

    @pytest.mark.parametrize(("asked", "shown"), [(0, 1), (-3, 1), (1, 1), (3, 3), (99, 5)])
    def test_page_that_there_is_not_is_the_nearest(self, asked: int, shown: int) -> None:
        tree = grow(entries_at(*(f"/p/{number}" for number in range(50))))

        assert open_page(tree, lines=20, number=asked).number == shown

    @given(
        st.lists(st.tuples(st.sampled_from(HOSTS), pattern_texts()), max_size=60),
        st.integers(MAX_TRIED + 1, 40),
    )
    def test_is_bounded_and_nothing_is_lost(self, places: list[tuple[str, str]], lines: int) -> None:
        tree = grow(entries_at(*(host + path for host, path in places)))

        pages = all_pages(tree, lines)

        around = 8  # the root, a host and the branches that lead to what is paged, each alone in its parent
        assert all(lines_of(page.root) <= lines + around for page in pages)
        shown = [name for page in pages for name in names_on(page)]
        assert len(shown) == len(set(shown))
        assert len(shown) + sum(hidden_in(page.root) for page in pages) == len(places)
