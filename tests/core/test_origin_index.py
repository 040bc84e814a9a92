"""Tests of the origin index: which of many patterns matches this origin first?"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.origin_index import OriginIndex
from cors_policies.core.origins import parse_origin_pattern
from tests import strategies
from tests.core.steps import count_calls


def index_of(*patterns: str) -> OriginIndex:
    """An index in which a pattern's rank is its place."""
    return OriginIndex((parse_origin_pattern(text).text, rank) for rank, text in enumerate(patterns))


ONE_OF_EACH = (
    "https://a.test",
    "http://localhost:*",
    "https://*.example.com",
    "https://*.example.com:*",
    "https://preview-*.example.org",
    "https://*-team.example.org:8443",
    "https://any-*.example.org:*",
    "app://*",
    r"~https://x[0-9]+\.test",
    "null",
)


class TestFind:
    """The smallest rank among the patterns that match is found, whatever their form."""

    @pytest.mark.parametrize(
        ("origin", "rank"),
        [
            pytest.param("https://a.test", 0, id="exact"),
            pytest.param("http://localhost:3000", 1, id="any-port"),
            pytest.param("http://localhost", 1, id="any-port-default"),
            pytest.param("https://a.b.example.com", 2, id="subdomains"),
            pytest.param("https://a.example.com:8443", 3, id="subdomains-any-port"),
            pytest.param("https://preview-1.example.org", 4, id="label-prefix"),
            pytest.param("https://a-team.example.org:8443", 5, id="label-suffix-and-port"),
            pytest.param("https://any-1.example.org:8443", 6, id="label-any-port"),
            pytest.param("https://any-1.example.org", 6, id="label-any-port-default"),
            pytest.param("app://a:80", 7, id="scheme"),
            pytest.param("https://x12.test", 8, id="expression"),
            pytest.param("null", 9, id="null"),
        ],
    )
    def test_finds(self, origin: str, rank: int) -> None:
        assert index_of(*ONE_OF_EACH).find(origin) == rank

    @pytest.mark.parametrize(
        "origin",
        [
            "https://example.com",
            "https://b.test",
            "https://preview-.example.org",
            "https://preview-a.b.example.org",
            "https://preview-1.example.org:8443",
            "https://a-team.example.org",
            "https://x12.test.evil",
            "apps://a",
            "NULL",
            "",
            "*",
            "https://*.example.com",
            "app://*",
            r"~https://x[0-9]+\.test",
        ],
    )
    def test_finds_nothing(self, origin: str) -> None:
        assert index_of(*ONE_OF_EACH).find(origin) is None

    @pytest.mark.parametrize("origin", ["https://a.test", "null", "foo", "file://"])
    def test_any_finds_what_is_no_serialized_origin_too(self, origin: str) -> None:
        assert index_of("https://b.test", "*").find(origin) == 1

    @pytest.mark.parametrize("origin", ["", "a b", "a,b", "https://\u00e9", "a" * 513])
    def test_any_does_not_find_what_is_no_origin_at_all(self, origin: str) -> None:
        assert index_of("*").find(origin) is None

    def test_an_empty_index_finds_nothing(self) -> None:
        assert index_of().find("https://a.test") is None
        assert index_of().find("null") is None

    @pytest.mark.parametrize(
        "patterns",
        [
            ("*", "https://a.b.test"),
            ("https://*.b.test", "https://a.b.test"),
            ("https://*.test:*", "https://a.b.test"),
            ("https://*.b.test", "https://*.test"),
            ("~https://.*", "https://a.b.test", "*"),
            ("https://a.b.test:*", "https://a.b.test"),
        ],
    )
    def test_the_smaller_rank_wins_over_the_narrower_pattern(self, patterns: tuple[str, ...]) -> None:
        assert index_of(*patterns).find("https://a.b.test") == 0
        assert index_of("https://other.test", *reversed(patterns)).find("https://a.b.test") == 1

    def test_a_pattern_with_two_ranks_keeps_the_smaller_one(self) -> None:
        for text, origin in [
            ("https://a.test", "https://a.test"),
            ("*", "null"),
            ("https://*.a.test", "https://b.a.test"),
            ("https://b*.a.test", "https://bc.a.test"),
            ("~https://a", "https://a"),
        ]:
            assert OriginIndex([(text, 7), (text, 3), (text, 5)]).find(origin) == 3


def _calls(index: OriginIndex, origin: str) -> int:
    """How many functions a look-up calls: a figure that no busy machine changes."""
    return count_calls(lambda: index.find(origin))


class TestCost:
    """The cost grows with the length of the origin, never with the number of patterns."""

    @pytest.mark.parametrize(
        ("form", "origin"),
        [
            pytest.param("https://a{}.test", "https://a7.test", id="exact"),
            pytest.param("https://*.a{}.test", "https://x.a7.test", id="subdomains"),
            pytest.param("http://a{}.test:*", "http://a7.test:8080", id="any-port"),
            pytest.param("https://a{:03}-*.test", "https://a007-b.test", id="labels-of-one-length"),
            pytest.param("scheme-{}://*", "scheme-7://a", id="schemes"),
            pytest.param("~https://a{}", "https://a7", id="expressions"),
        ],
    )
    def test_a_hundred_patterns_cost_no_more_than_ten(self, form: str, origin: str) -> None:
        few, many = (index_of(*(form.format(number) for number in range(count))) for count in (10, 100))

        assert many.find(origin) == 7
        assert _calls(many, origin) <= _calls(few, origin)


def _naive(patterns: Iterable[str], origin: str) -> int | None:
    ranks = (rank for rank, text in enumerate(patterns) if parse_origin_pattern(text).matches(origin))
    return next(ranks, None)


class TestProperties:
    """The index agrees with asking pattern by pattern."""

    @given(
        st.lists(
            st.one_of(st.sampled_from(strategies.MEETING_PATTERNS), strategies.origin_patterns()), max_size=12
        ),
        st.lists(strategies.request_origins(), min_size=5, max_size=20),
    )
    def test_agrees_with_a_naive_loop(self, patterns: list[str], origins: list[str]) -> None:
        index = index_of(*patterns)

        for origin in [*origins, *strategies.MEETING_ORIGINS]:
            assert index.find(origin) == _naive(patterns, origin), origin
