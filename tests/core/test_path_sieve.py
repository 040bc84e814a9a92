"""Tests of the sieve: which of many confusing path patterns comes first among those that match?"""

from __future__ import annotations

from functools import partial
from itertools import product

import pytest
from hypothesis import given

from cors_policies.core.path_sieve import Sieve
from cors_policies.core.paths import PathPattern, parse_path_pattern, split_path
from tests.core.path_strategies import pattern_sets, request_paths
from tests.core.steps import count_calls


def in_order(texts: list[str]) -> list[PathPattern]:
    return sorted(map(parse_path_pattern, texts), key=lambda pattern: pattern.sort_key)


def first_match(patterns: list[PathPattern], segments: list[str]) -> int | None:
    """What a sieve has to find, by a look at every pattern."""
    return next((row for row, pattern in enumerate(patterns) if pattern.covers(segments)), None)


segment_lists = request_paths().map(split_path)


class TestSieve:
    """A sieve finds the first pattern that matches, in the order that it was given."""

    def test_without_patterns_nothing_matches(self) -> None:
        assert Sieve([]).first(["a"]) is None
        assert Sieve([]).first([]) is None

    @given(pattern_sets(), segment_lists)
    def test_agrees_with_a_look_at_every_pattern(self, texts: list[str], segments: list[str]) -> None:
        patterns = in_order(texts)

        assert Sieve(patterns).first(segments) == first_match(patterns, segments)

    @pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 63, 64, 65])
    def test_tells_any_number_of_literals_apart(self, count: int) -> None:
        patterns = in_order([f"/*/s{number:02}" for number in range(count)])
        sieve = Sieve(patterns)

        assert [sieve.first(["x", f"s{number:02}"]) for number in range(count)] == list(range(count))
        assert sieve.first(["x", f"s{count:02}"]) is None


class TestCost:
    """The cost of a sieve does not depend on how many patterns agree with how much of a path."""

    @pytest.mark.parametrize(
        ("segments", "most"),
        [
            pytest.param([*"aaaaaaaaaa", "x1023"], 60, id="all-that-the-patterns-have"),
            pytest.param([*"aaaaaaaaab", "x0"], 60, id="all-but-one-segment"),
            pytest.param([*"aaaaaaaaaa", "nowhere"], 8, id="the-most-telling-segment-comes-first"),
        ],
    )
    def test_agreement_is_not_dear(self, segments: list[str], most: int) -> None:
        shapes = product("a*", repeat=10)
        sieve = Sieve(in_order(["/" + "/".join([*shape, f"x{row}"]) for row, shape in enumerate(shapes)]))

        assert count_calls(partial(sieve.first, segments)) <= most
