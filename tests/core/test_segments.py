"""Tests of segments: does this text match a pattern's segment, and which of many mixed ones does it match?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cors_policies.core import segments
from cors_policies.core.segments import MixedIndex, segment_key, segment_matches, segments_meet
from tests.core.path_strategies import MIXED_SEGMENTS, SEGMENTS, TEXTS
from tests.core.steps import count_calls

mixed_segments = st.sampled_from(MIXED_SEGMENTS) | (
    st.lists(st.text("ab", max_size=2), min_size=2, max_size=5)
    .map("*".join)
    .filter(lambda segment: segment.strip("*") != "" and "**" not in segment)
)
texts = (
    st.text("ab", max_size=8)
    | st.sampled_from(TEXTS)
    | st.lists(st.sampled_from(("a", "b", "ab", "cccccccc")), max_size=8).map("".join)
)

# The limits that only spare work, lowered so that few segments take every way through an index.
FILINGS = [
    pytest.param({}, id="as-it-is"),
    pytest.param({"_SCAN": 1}, id="all-filed"),
    pytest.param({"_SCAN": 1, "_LONG_TEXT": 0}, id="all-filed-and-searched"),
]
filed = pytest.mark.parametrize("limits", FILINGS)


@contextmanager
def changed(limits: dict[str, int]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in limits.items():
            patch.setattr(segments, name, limit)
        yield


def index_of(wanted: set[str]) -> MixedIndex[str]:
    return MixedIndex({segment: segment for segment in wanted})


def matching(wanted: set[str], text: str) -> list[str]:
    """What the index has to find, by a look at every segment."""
    return sorted((segment for segment in wanted if segment_matches(segment, text)), key=segment_key)


class TestMixedIndex:
    """The index finds what a look at every segment finds, the most specific first."""

    def test_without_segments_nothing_matches(self) -> None:
        assert list(index_of(set()).matching("a")) == []

    def test_orders_by_literal_characters_then_code_points(self) -> None:
        index = index_of({"*a", "a*", "*aa", "a*a", "b*", "aa*", "a*a*"})

        assert list(index.matching("aaa")) == ["*aa", "a*a", "a*a*", "aa*", "*a", "a*"]

    @filed
    @given(wanted=st.sets(mixed_segments, max_size=30), text=texts)
    @example(wanted={"a*", "aa*", "*a", "*aa", "a*a", "aa*aa"}, text="aaa")
    @example(wanted={"*a*b*", "*b*a*", "*ab*", "*ba*", "*bab*"}, text="abab")
    @example(wanted={"*bb", "*abb", "bb*", "*b", "b*"}, text="b")
    def test_agrees_with_a_look_at_every_segment(
        self, limits: dict[str, int], wanted: set[str], text: str
    ) -> None:
        with changed(limits):
            index = index_of(wanted)

            assert list(index.matching(text)) == matching(wanted, text)

    @filed
    @given(costs=st.dictionaries(mixed_segments, st.integers(1, 9), max_size=30), text=texts)
    def test_no_text_costs_more_than_the_dearest(
        self, limits: dict[str, int], costs: dict[str, int], text: str
    ) -> None:
        with changed(limits):
            index = index_of(set(costs))

            assert sum(costs[segment] for segment in index.matching(text)) <= index.dearest(costs)

    @pytest.mark.parametrize(
        ("wanted", "most"),
        [
            pytest.param({f"*.e{number}" for number in range(10, 100)}, 1, id="ends-of-one-length"),
            pytest.param({f"v{number}*" for number in range(100)}, 2, id="starts-of-two-lengths"),
            pytest.param({f"a{number}*b" for number in range(10, 100)}, 1, id="a-shared-end"),
            pytest.param({f"{a}*{b}" for a in "abcdefghi" for b in "abcdefghi"}, 1, id="pairs-of-ends"),
            pytest.param({f"*{number}*" for number in range(10, 100)}, 90, id="pieces-inside"),
        ],
    )
    def test_knows_which_segments_no_text_matches_together(self, wanted: set[str], most: int) -> None:
        assert index_of(wanted).dearest(dict.fromkeys(wanted, 1)) == most


class TestMeeting:
    """Two segments of patterns meet where some segment of a path matches both."""

    def test_agrees_with_every_text_of_a_small_world(self) -> None:
        texts = ["".join(letters) for size in range(1, 8) for letters in product("ab", repeat=size)]
        matched = {wanted: {text for text in texts if segment_matches(wanted, text)} for wanted in SEGMENTS}
        wrong = [
            (one, other)
            for one, other in product(SEGMENTS, SEGMENTS)
            if segments_meet(one, other) == matched[one].isdisjoint(matched[other])
        ]

        assert wrong == []


class TestCost:
    """The cost of a look-up does not grow with the number of mixed segments."""

    @pytest.mark.parametrize(
        ("shape", "text"),
        [
            pytest.param("{}*", "999x", id="starts"),
            pytest.param("*.{}", "x.999", id="ends"),
            pytest.param("a{}*b", "a999xb", id="a-shared-end"),
            pytest.param("a*{}*b", "ax999xb", id="pieces-inside-shared-ends"),
            pytest.param("*a*a*a*a*{}", "a" * 200 + "999", id="shared-pieces-inside"),
            pytest.param("*a*a*a*a*{}", "a" * 200, id="shared-pieces-alone"),
        ],
    )
    def test_ten_thousand_cost_what_a_hundred_cost(self, shape: str, text: str) -> None:
        few = index_of({shape.format(number) for number in range(900, 1000)})
        many = index_of({shape.format(number) for number in range(10_000)})

        calls_among_many = count_calls(lambda: list(many.matching(text)))

        assert calls_among_many <= 4 * count_calls(lambda: list(few.matching(text))) + 20

    def test_segments_are_found_by_their_rarest_pieces(self) -> None:
        index = index_of({"a" * (number % 20 + 1) + f"*x{number}" for number in range(1000)})

        assert count_calls(lambda: list(index.matching("a" * 20 + "x7"))) < 30

    def test_a_long_text_is_searched_only_where_a_piece_may_be(self) -> None:
        index = index_of({f"*{number}*" for number in range(10_000)})

        assert count_calls(lambda: list(index.matching("x" * 8000))) < 150
        assert count_calls(lambda: list(index.matching("x" * 8000 + "77"))) < 200

    def test_a_mixed_segment_of_many_stars_never_backtracks(self) -> None:
        wanted = "*" + "a*" * 40 + "b"

        assert count_calls(lambda: segment_matches(wanted, "a" * 8000)) < 10
        assert count_calls(lambda: segment_matches(wanted, "a" * 8000 + "b")) < 100
