"""Tests of the index of covering patterns: which of many covers this one first?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.cover_index import CoverIndex
from cors_policies.core.covering import covers
from cors_policies.core.origins import parse_origin_pattern
from tests.core.steps import count_calls
from tests.strategies import MEETING_PATTERNS, origin_patterns


def canonical(text: str) -> str:
    """The text as it is stored."""
    return parse_origin_pattern(text).text


PATTERNS = st.one_of(st.sampled_from(MEETING_PATTERNS), origin_patterns()).map(canonical)


def first(texts: list[str], wanted: str, *, itself: bool) -> int | None:
    """What a loop over all of them finds."""
    pattern = parse_origin_pattern(wanted)
    found = (
        rank
        for rank, text in enumerate(texts)
        if (itself or text != wanted) and covers(parse_origin_pattern(text), pattern)
    )
    return next(found, None)


class TestFind:
    """The smallest rank wins, whatever the form of the pattern that has it."""

    @pytest.mark.parametrize(
        ("wanted", "rank"),
        [
            pytest.param("https://x.a.test", 0, id="subdomain"),
            pytest.param("https://*.b.a.test", 0, id="narrower-wildcard"),
            pytest.param("https://pre-*.a.test", 0, id="label-below-the-domain"),
            pytest.param("https://*.c.test", 1, id="itself"),
            pytest.param("https://pre-1-*.d.test:8080", 2, id="longer-prefix-and-a-port"),
            pytest.param("https://pre-x.d.test:*", 2, id="any-port-of-a-host"),
            pytest.param("app://x:*", 3, id="application"),
            pytest.param("https://one.e.test", 4, id="expression"),
        ],
    )
    def test_finds(self, wanted: str, rank: int) -> None:
        patterns = (
            "https://*.a.test",
            "https://*.c.test",
            "https://pre-*.d.test:*",
            "app://*",
            r"~https://(one|two)\.e\.test",
        )

        assert CoverIndex((text, place) for place, text in enumerate(patterns)).find(wanted) == rank

    @pytest.mark.parametrize(
        "wanted",
        [
            pytest.param("https://a.test", id="bare-domain"),
            pytest.param("https://x.a.test:8080", id="port"),
            pytest.param("http://x.a.test", id="scheme"),
            pytest.param("https://*.test", id="wider"),
            pytest.param("https://p*.a.test:*", id="wider-port"),
            pytest.param("null", id="null"),
            pytest.param("*", id="any"),
        ],
    )
    def test_finds_nothing(self, wanted: str) -> None:
        assert CoverIndex([("https://*.a.test", 0)]).find(wanted) is None

    def test_of_several_gives_the_smallest_rank(self) -> None:
        index = CoverIndex(
            [("*", 7), ("https://*.a.test", 3), ("https://*.b.a.test", 5), ("https://*.a.test", 9)]
        )

        assert (index.find("https://*.b.a.test"), index.find_wider("https://*.a.test")) == (3, 7)

    @given(st.lists(PATTERNS, max_size=8), PATTERNS)
    def test_agrees_with_a_loop(self, texts: list[str], wanted: str) -> None:
        index = CoverIndex((text, rank) for rank, text in enumerate(texts))

        assert index.find(wanted) == first(texts, wanted, itself=True)
        assert index.find_wider(wanted) == first(texts, wanted, itself=False)


class TestCost:
    """A look-up costs what the pattern's own length costs, not the number of patterns."""

    @pytest.mark.parametrize(
        "wanted", ["https://x.name7.test", "https://*.x.name7.test", "https://p-*.name7.test"]
    )
    def test_does_not_grow(self, wanted: str) -> None:
        few, many = (
            CoverIndex((f"https://*.name{number}.test", number) for number in range(size))
            for size in (10, 1000)
        )

        assert count_calls(lambda: many.find(wanted)) == count_calls(lambda: few.find(wanted))
