"""Tests of covering: does one origin pattern match everything that another one matches?"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cors_policies.core.covering import covers
from cors_policies.core.origins import OriginKind, OriginPattern, parse_origin_pattern
from tests.strategies import origin_patterns, request_origins

SCHEMES = ("https", "app")
PORTS = ("", ":8", ":9")
BASES = ("t", "b.t", "a.b.t")
LABELS = (
    *("a", "aa", "a-", "ab", "a_a", "_", "b", "ba", "a-b"),
    *(
        f"{before}{run}{behind}"
        for before, run, behind in product(
            ("", "a", "aa", "a-", "a_", "ab", "b"), ("q", "7", "q7"), ("", "a", "-b", "_a", "b")
        )
    ),
)
NAMES = (*LABELS[:9], *BASES, *(f"{label}.{base}" for label, base in product(LABELS, BASES)))
HOSTS = ("a", "t", "b.t", "aa.t", "a_a.t", "a.b.t", "x.y.b.t", "[::1]", "10.0.0.1")
WILDCARDS = ("*", "a*", "*a", "a*a", "aa*", "a-*", "*-b", "a_*", "*_a", "ab*", "b*", "*b")
ORIGINS = (
    *("null", "not-an-origin"),
    *("".join(parts) for parts in product(SCHEMES, ["://"], {*NAMES, *HOSTS}, PORTS)),
)
"""A small world, in which any two of the patterns below differ."""
PATTERNS = (
    *("*", "null", "app://*"),
    *("".join(parts) for parts in product(SCHEMES, ["://"], HOSTS, ("", ":8", ":*"))),
    *("".join(parts) for parts in product(SCHEMES, ["://"], WILDCARDS, (".t", ".b.t"), ("", ":8", ":*"))),
)


def pattern(text: str) -> OriginPattern:
    """Short for a table."""
    return parse_origin_pattern(text)


class TestTable:
    """``*`` stands for what semantics say it stands for, on both sides."""

    @pytest.mark.parametrize(
        ("wider", "narrower"),
        [
            ("*", "*"),
            ("*", "null"),
            ("*", r"~https://a\.test"),
            ("*", "moz-extension://*"),
            ("null", "null"),
            ("app://*", "app://*"),
            ("app://*", "app://x"),
            ("app://*", "app://x:*"),
            ("app://*", "app://*.x:8080"),
            ("app://*", "app://a-*.x"),
            ("https://a.test", "https://a.test"),
            ("https://a.test:*", "https://a.test"),
            ("https://a.test:*", "https://a.test:8443"),
            ("https://*.test", "https://a.test"),
            ("https://*.test", "https://b.a.test"),
            ("https://*.test", "https://*.a.test"),
            ("https://*.test", "https://a_*.test"),
            ("https://*.test", "https://a-*.b.test"),
            ("https://*.test:*", "https://*.test"),
            ("https://*.test:*", "https://a.test:*"),
            ("https://a*.test", "https://ab.test"),
            ("https://a*.test", "https://ab*.test"),
            ("https://a*.test", "https://a*b.test"),
            ("https://*a.test", "https://b*aa.test"),
            ("https://a_*.test", "https://a_b*.test"),
            ("https://dev-*", "https://dev-a*"),
            ("http://[::1]:*", "http://[::1]:8080"),
            (r"~https://[ab]\.test", "https://a.test"),
            (r"~https://[ab]\.test", r"~https://[ab]\.test"),
        ],
    )
    def test_is_covered(self, wider: str, narrower: str) -> None:
        assert covers(pattern(wider), pattern(narrower))

    @pytest.mark.parametrize(
        ("wider", "narrower"),
        [
            ("null", "*"),
            ("~.*", "*"),
            ("~.*", "null"),
            ("app://*", "*"),
            ("app://*", "null"),
            ("app://*", "https://a.test"),
            ("app://*", "apps://*"),
            ("app://x", "app://*"),
            ("https://a.test", "http://a.test"),
            ("https://a.test", "https://a.test:*"),
            ("https://a.test", "https://a.test:8443"),
            ("https://*.test", "https://test"),
            ("https://*.test", "https://atest"),
            ("https://*.test", "https://*.atest"),
            ("https://*.test", "https://*.test:*"),
            ("https://*.test", "https://a.test:*"),
            ("https://*.a.test", "https://*.test"),
            ("https://*.test", "https://dev-*"),
            ("https://a*.test", "https://*.test"),
            ("https://a*.test", "https://*.a.test"),
            ("https://a*.test", "https://a.test"),
            ("https://a*.test", "https://b*.test"),
            ("https://a*.test", "https://a*.b.test"),
            ("https://a*.test", "https://a_b*.test"),
            ("https://*a.test", "https://b*_a.test"),
            ("https://ab*.test", "https://a*.test"),
            ("https://a*a.test", "https://a*.test"),
            ("https://a.test", "https://a*.test"),
            (r"~https://.*", "https://*.test"),
            (r"~https://.*", r"~https://a\.test"),
            ("https://*.test", r"~https://a\.test"),
            (r"~https://a\.test", "https://b.test"),
        ],
    )
    def test_is_not_covered(self, wider: str, narrower: str) -> None:
        assert not covers(pattern(wider), pattern(narrower))


class TestSound:
    """No origin is matched by the narrower pattern and not by the wider."""

    @settings(suppress_health_check=[HealthCheck.filter_too_much])
    @given(origin_patterns(), origin_patterns(), st.lists(request_origins(), min_size=1))
    def test_on_sampled_origins(self, wider: str, narrower: str, origins: list[str]) -> None:
        one, other = pattern(wider), pattern(narrower)
        assume(covers(one, other))

        assert [origin for origin in origins if other.matches(origin) and not one.matches(origin)] == []


class TestComplete:
    """But for expressions, whatever is covered is found to be."""

    def test_on_every_pair_of_a_small_world(self) -> None:
        parsed = [pattern(text) for text in PATTERNS]
        matched = {one.text: frozenset(filter(one.matches, ORIGINS)) for one in parsed}
        wrong = [
            (wider.text, narrower.text)
            for wider, narrower in product(parsed, parsed)
            if covers(wider, narrower) != (matched[wider.text] >= matched[narrower.text])
        ]

        assert wrong == []

    def test_small_world_has_every_kind_but_expressions(self) -> None:
        assert {pattern(text).kind for text in PATTERNS} == set(OriginKind) - {OriginKind.EXPRESSION}


class TestOrder:
    """Covering is a partial order of canonical patterns."""

    @given(origin_patterns())
    def test_each_covers_itself(self, text: str) -> None:
        assert covers(pattern(text), pattern(text))

    @given(origin_patterns(), origin_patterns())
    def test_two_that_cover_each_other_are_one(self, one: str, other: str) -> None:
        first, second = pattern(one), pattern(other)

        assert not (covers(first, second) and covers(second, first)) or first == second
