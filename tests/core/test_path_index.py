"""Tests of the index: which of all path patterns governs this path, and what does that cost?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cmp_to_key, partial
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cors_policies.core.path_index import PathIndex, branches, building
from cors_policies.core.path_sieve import Sieve
from cors_policies.core.paths import PathPattern, parse_path_pattern
from tests.core import oracle
from tests.core.path_strategies import pattern_sets, request_paths
from tests.core.steps import count_calls


def index_of(texts: Iterable[str]) -> PathIndex[str]:
    return PathIndex((parse_path_pattern(text), text) for text in texts)


def most_specific(texts: Iterable[str], path: str) -> str | None:
    """What an index has to find, by a look at every pattern as the description has it."""
    found = [text for text in texts if oracle.path_matches(text, path)]
    return min(found, key=cmp_to_key(oracle.compare_paths), default=None)


@contextmanager
def crowds_above(cost: int) -> Iterator[None]:
    """The limit of what a trie may cost, lowered so that few patterns are searched as crowds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_MAX_COST", cost)
        yield


SITE = [
    "/",
    "/health",
    "/api/**",
    "/api/v1/orders",
    "/api/v1/orders/*",
    "/api/v1/orders/*/lines",
    "/api/v1/orders/export.*",
    "/api/*/status",
    "/api/v1/**/internal",
    "/static/*.woff2",
    "/static/*",
    "/tenants/*/api/**",
    "/**/robots.txt",
]


class TestFind:
    """The most specific pattern that matches governs, alone."""

    @pytest.mark.parametrize(
        ("path", "governing"),
        [
            pytest.param("/", "/", id="root"),
            pytest.param("//", "/", id="root-and-a-slash"),
            pytest.param("/health", "/health", id="literal"),
            pytest.param("/health/", "/health", id="literal-and-a-slash"),
            pytest.param("/api", "/api/**", id="zero-segments"),
            pytest.param("/api/", "/api/**", id="zero-segments-and-a-slash"),
            pytest.param("/api/v1/orders", "/api/v1/orders", id="literal-before-double-star"),
            pytest.param("/api/v1/orders/17", "/api/v1/orders/*", id="star-before-double-star"),
            pytest.param("/api/v1/orders/export.csv", "/api/v1/orders/export.*", id="mixed-before-star"),
            pytest.param("/api/v1/orders/17/lines", "/api/v1/orders/*/lines", id="literal-after-star"),
            pytest.param("/api/v1/orders/17/notes", "/api/**", id="back-to-the-broadest"),
            pytest.param("/api/v1/orders//lines", "/api/**", id="empty-segment"),
            pytest.param("/api/v1/status", "/api/*/status", id="star-where-the-literal-leads-nowhere"),
            pytest.param("/api/v1/orders/internal", "/api/v1/orders/*", id="the-first-difference-decides"),
            pytest.param("/api/v1/orders/1/internal", "/api/v1/**/internal", id="end-after-double-star"),
            pytest.param("/api/v1/robots.txt", "/api/**", id="literal-first-segment"),
            pytest.param("/blog/robots.txt", "/**/robots.txt", id="double-star-first"),
            pytest.param("/robots.txt", "/**/robots.txt", id="double-star-first-for-zero-segments"),
            pytest.param("/static/a.woff2", "/static/*.woff2", id="mixed"),
            pytest.param("/static/a.woff", "/static/*", id="mixed-that-does-not-match"),
            pytest.param("/static/fonts/a.woff2", None, id="deeper-than-mixed"),
            pytest.param("/tenants/acme/api/v1", "/tenants/*/api/**", id="double-star-after-star"),
            pytest.param("/tenants//api/v1", None, id="no-star-for-an-empty-segment"),
            pytest.param("/other", None, id="ungoverned"),
            pytest.param("///", None, id="empty-segments"),
            pytest.param("/Health", None, id="case"),
            pytest.param("health", None, id="no-leading-slash"),
            pytest.param("*", None, id="target-of-a-server-wide-options"),
            pytest.param("", None, id="empty"),
        ],
    )
    def test_governs(self, path: str, governing: str | None) -> None:
        assert index_of(SITE).find(path) == governing

    def test_without_patterns_nothing_governs(self) -> None:
        assert index_of([]).find("/") is None
        assert index_of([]).find("/a/b") is None

    @pytest.mark.parametrize("pattern", ["/a", "/*", "/**"])
    def test_gives_values_that_are_false_too(self, pattern: str) -> None:
        index = PathIndex([(parse_path_pattern(pattern), 0), (parse_path_pattern("/**/a"), 1)])

        assert index.find("/a") == (1 if pattern == "/**" else 0)

    @pytest.mark.parametrize("pattern", ["/a/**", "/*/**/b", "/**/a/b", "/*a*/**"])
    @pytest.mark.parametrize("count", [7, 8, 9, 10, 15, 16, 17, 33, 34, 2000])
    def test_paths_longer_than_any_pattern_are_read_from_both_ends(self, pattern: str, count: int) -> None:
        index = index_of([pattern])

        assert index.find("/a" + "/x" * (count - 3) + "/a/b") == pattern
        assert index.find("/x" + "/x" * (count - 3) + "/x/a/") is None

    def test_a_pattern_of_32_segments_governs(self) -> None:
        longest = "/" + "/".join(["*", *["a"] * 30, "b"])
        index = index_of([longest, "/**/b"])

        assert index.find("/x" + "/a" * 30 + "/b/") == longest
        assert index.find("/x" + "/a" * 31 + "/b") == "/**/b"

    @pytest.mark.parametrize("length", [498, 499, 500, 8190])
    def test_long_literal_segments_are_compared_whole(self, length: int) -> None:
        literal = "/" + "a" * 499
        index = index_of([literal, "/a*"])

        assert index.find("/" + "a" * length) == (literal if length == 499 else "/a*")
        assert index.find("/" + "a" * length + "/") == (literal if length == 499 else "/a*")


class TestAgreement:
    """The index finds what a look at every pattern finds, whatever the patterns and however it is built."""

    @pytest.mark.parametrize("cost", [0, 4, 10, 64])
    @given(texts=pattern_sets(), path=request_paths())
    def test_agrees_with_the_description(self, cost: int, texts: list[str], path: str) -> None:
        with crowds_above(cost):
            index = index_of(texts)

        assert index.find(path) == most_specific(texts, path)

    @given(pattern_sets(), request_paths())
    def test_a_trailing_slash_is_insignificant(self, texts: list[str], path: str) -> None:
        assume(not path.endswith("/"))
        index = index_of(texts)

        assert index.find(path) == index.find(path + "/")

    @given(pattern_sets(), request_paths(), st.randoms(use_true_random=False))
    def test_the_order_of_the_patterns_is_insignificant(
        self, texts: list[str], path: str, chance: random.Random
    ) -> None:
        shuffled = chance.sample(texts, len(texts))

        assert index_of(shuffled).find(path) == index_of(texts).find(path)


class TestWithout:
    """An index without some of its patterns finds what the others govern; the one it was made from stays."""

    @pytest.mark.parametrize("cost", [0, 4, 10, 64])
    @given(texts=pattern_sets(), path=request_paths(), data=st.data())
    def test_agrees_with_the_description(
        self, cost: int, texts: list[str], path: str, data: st.DataObject
    ) -> None:
        gone = data.draw(st.lists(st.sampled_from(texts), unique=True) if texts else st.just([]))
        with crowds_above(cost):
            index = index_of(texts)
        without = index.without([(parse_path_pattern(text), text) for text in gone])
        left = [text for text in texts if text not in gone]

        assert without.find(path) == most_specific(left, path)
        assert index.find(path) == most_specific(texts, path)
        assert (len(without), len(index)) == (len(left), len(texts))

    @pytest.mark.parametrize("cost", [0, 64])
    @given(texts=pattern_sets(20), path=request_paths())
    def test_one_after_the_other(self, cost: int, texts: list[str], path: str) -> None:
        with crowds_above(cost):
            index = index_of(texts)
        for place, text in enumerate(texts, 1):
            index = index.without([(parse_path_pattern(text), text)])
            assert index.find(path) == most_specific(texts[place:], path)

        assert len(index) == 0

    def test_a_broader_pattern_governs_then(self) -> None:
        index = index_of(SITE).without([(parse_path_pattern("/api/v1/orders/*"), "/api/v1/orders/*")])

        assert index.find("/api/v1/orders/17") == "/api/**"
        assert index.find("/api/v1/orders/17/lines") == "/api/v1/orders/*/lines"


def join(*segments: str) -> str:
    return "/" + "/".join(segments)


STARS_OR_A = list(product("a*", repeat=9))

# Families of patterns that are made to lead a search astray, and segments that their paths are made of.
FAMILIES: dict[str, tuple[Callable[[], list[str]], list[str]]] = {
    "only-ends-differ": (lambda: [f"/*/a/*/b{n}" for n in range(500)], ["a", "b7", "b499"]),
    "every-reading": (lambda: [join(*shape, "x") for shape in STARS_OR_A], ["a", "x", "b"]),
    "every-reading-and-ends": (
        lambda: [join(*shape, f"x{n}") for n, shape in enumerate(STARS_OR_A)],
        ["a", "a", "a", "x0", "x77", "x511"],
    ),
    "every-reading-of-both-ends": (
        lambda: [join(*shape[:4], "**", *shape[4:]) for shape in STARS_OR_A],
        ["a", "a", "b", ""],
    ),
    "every-reading-of-beginnings": (
        lambda: [join(*shape, "**", f"x{n}") for n, shape in enumerate(STARS_OR_A)],
        ["a", "a", "a", "x0", "x511"],
    ),
    "suffixes": (lambda: [f"/**/x{n}" for n in range(500)], ["a", "x1", "x499"]),
    "prefixes-and-suffixes": (
        lambda: [f"/p{n % 40}/**/s{n}" for n in range(500)],
        ["p7", "s7", "s47", "s499"],
    ),
    "nested-suffixes": (
        lambda: (
            [join("**", *["a"] * n, "b") for n in range(31)] + [join("**", *["*"] * n) for n in range(31)]
        ),
        ["a", "a", "a", "b"],
    ),
    "mixed-starts": (
        lambda: [f"/a{n}*b/x{n}" for n in range(500)],
        ["a7b", "a499b", "a77777b", "x7", "x499"],
    ),
    "mixed-ends": (lambda: [f"/*.{n}/x{n}" for n in range(500)], ["a.7", ".499", "x7", "x499"]),
    "mixed-middles": (lambda: [f"/a*{n}*b" for n in range(500)], ["ab", "a7b", "a1x399b", "a4991b", "77"]),
    "mixed-many-stars": (
        lambda: [f"/*a*a*a*b{n}" for n in range(500)],
        ["aaab7", "a" * 300, "aab499", "aaaab77"],
    ),
    "mixed-starts-of-starts": (
        lambda: [join("a" * n + "*", f"x{n}") for n in range(1, 20)],
        ["a" * 20, "a" * 10, "x3", "x19", "b"],
    ),
    "mixed-starts-of-long-patterns": (
        lambda: [join("a" * n + "*", *["x"] * 29, f"x{n}") for n in range(1, 20)],
        ["a" * 20, "a" * 10, "x", "x19"],
    ),
    "mixed-in-every-place": (
        lambda: [join(*shape, "**") for shape in product(["a*", "*a", "*a*", "b"], repeat=5)],
        ["a", "ba", "b", "bab", "ab"],
    ),
    "one-literal-among-stars": (
        lambda: [join(*("*" if n % 31 != place else f"s{n}" for place in range(31))) for n in range(500)],
        ["s7", "a", "s499"],
    ),
}
families = pytest.mark.parametrize("family", FAMILIES)


def paths_of(family: str) -> list[str]:
    """Paths of the family's segments: the same again and again, the same but for the last, and any."""
    chance = random.Random(family)  # noqa: S311 -- the same paths in every run
    texts = [*FAMILIES[family][1], "", "nowhere"]
    alike = [join(*[text] * count, end) for text in texts for end in texts for count in (3, 9)]
    return alike + [join(*chance.choices(texts, k=chance.randint(1, 12))) for _ in range(60)]


HOSTILE_PATHS = [
    pytest.param("/" + "a/" * 2000, id="two-thousand-segments"),
    pytest.param("/" * 8000, id="eight-thousand-slashes"),
    pytest.param("/" + "a" * 8000, id="eight-thousand-characters"),
    pytest.param("/" + "a" * 8000 + "b/x", id="eight-thousand-characters-and-a-segment"),
    pytest.param("/" + "a/" * 12 + "nowhere", id="all-but-the-last-segment"),
    pytest.param("/" + "a" * 20 + "/x" * 29 + "/nowhere", id="all-but-the-last-of-many-segments"),
]


class TestHostilePatterns:
    """Patterns made to lead a search astray are found like any others, and no path among them is dear."""

    @families
    def test_finds_what_a_look_at_every_pattern_finds(self, family: str) -> None:
        texts = FAMILIES[family][0]()
        index = index_of(texts)
        patterns = sorted(map(parse_path_pattern, texts), key=lambda pattern: pattern.sort_key)

        for path in paths_of(family):
            found = next((pattern.text for pattern in patterns if pattern.matches(path)), None)
            assert index.find(path) == found, path

    @families
    def test_finds_the_others_when_half_of_the_patterns_are_gone(self, family: str) -> None:
        texts = FAMILIES[family][0]()
        gone, left = texts[::2], texts[1::2]
        index = index_of(texts).without([(parse_path_pattern(text), text) for text in gone])
        patterns = sorted(map(parse_path_pattern, left), key=lambda pattern: pattern.sort_key)

        for path in paths_of(family):
            found = next((pattern.text for pattern in patterns if pattern.matches(path)), None)
            assert index.find(path) == found, path

    @families
    def test_no_path_costs_more_than_a_few_hundred_calls(self, family: str) -> None:
        index = index_of(FAMILIES[family][0]())

        dearest = max(paths_of(family), key=lambda path: count_calls(partial(index.find, path)))

        assert count_calls(partial(index.find, dearest)) < 300

    @families
    @pytest.mark.parametrize("path", HOSTILE_PATHS)
    def test_no_long_path_costs_more(self, family: str, path: str) -> None:
        index = index_of(FAMILIES[family][0]())

        assert count_calls(partial(index.find, path)) < 300

    def test_building_searches_no_pattern_in_more_than_one_crowd(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes: list[int] = []

        def make(patterns: Sequence[PathPattern]) -> Sieve:
            sizes.append(len(patterns))
            return Sieve(patterns)

        monkeypatch.setattr(branches, "Sieve", make)
        index_of([join(top, *shape) for top in ("v1", "v2") for shape in STARS_OR_A])

        assert sum(sizes) == 2 * len(STARS_OR_A) - 2  # the literal ones are looked up

    def test_the_cost_of_a_usual_path_does_not_grow_with_the_number_of_patterns(self) -> None:
        kinds = ("*", "**", "a", "*.js")
        few = index_of(SITE)
        many = index_of([*SITE, *(f"/api/v1/r{n}/{kind}" for n in range(2000) for kind in kinds)])

        for path in ("/api/v1/orders/17", "/api/v1/orders/17/notes", "/static/app.woff2", "/nothing/here"):
            calls_among_few = count_calls(partial(few.find, path))
            assert count_calls(partial(many.find, path)) <= calls_among_few + 2
