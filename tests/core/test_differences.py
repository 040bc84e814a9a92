"""Does a comparison of two documents say all that differs, and nothing else?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.comparing.differences import (
    Difference,
    ListDifference,
    ValueDifference,
    change_differences,
    differences,
)
from cors_policies.core.policy import OriginGroup, Policy

LISTS = st.lists(st.sampled_from("abcd"), unique=True)


def document(**keys: Any) -> dict[str, Any]:
    """A policy as it is stored."""
    return Policy(name="app", path="/api").to_document() | keys


def between(before: object, after: object) -> list[Difference]:
    """The differences of two documents with one key."""
    return list(differences({"x": before}, {"x": after}))


class TestValues:
    """A value that differs is one difference, with both values; an equal one is none."""

    @pytest.mark.parametrize("value", [None, 0, 600, "", "live", True, [], ["a"], [7], {"a": 1}])
    def test_equal(self, value: object) -> None:
        assert between(value, value) == []

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            pytest.param(600, None, id="to-nothing"),
            pytest.param(None, 0, id="from-nothing"),
            pytest.param("", "a.example", id="text"),
            pytest.param(True, False, id="flag"),
            pytest.param("null", ["GET"], id="text-where-a-list-stands"),
            pytest.param([7], ["GET"], id="list-of-no-texts"),
            pytest.param([{"a": 1}], None, id="list-of-objects"),
        ],
    )
    def test_different(self, before: object, after: object) -> None:
        assert between(before, after) == [ValueDifference("x", before, after)]

    def test_missing_key_is_nothing(self) -> None:
        assert list(differences({"old": 1}, {"new": 2})) == [
            ValueDifference("new", None, 2),
            ValueDifference("old", 1, None),
        ]

    def test_key_that_is_absent_by_default_has_its_default(self) -> None:
        keys = {"resource_policy": "same-site", "timing_allow_origin": True}
        expected = [
            ValueDifference("resource_policy", None, "same-site"),
            ValueDifference("timing_allow_origin", False, True),
        ]

        assert [*differences(document(), document(**keys))] == expected
        assert [*differences(document(**keys), document())] == [
            ValueDifference(found.key, found.after, found.before) for found in expected
        ]
        assert not [*differences(document(), document(resource_policy=None, timing_allow_origin=False))]

    def test_order_is_that_of_the_later_document(self) -> None:
        found = differences({"a": 1, "b": 1, "c": 1}, {"c": 2, "b": 1, "a": 2})

        assert [difference.key for difference in found] == ["c", "a"]

    def test_new_name_is_a_difference(self) -> None:
        found = change_differences("policy", document(), document(name="renamed"))

        assert list(found) == [ValueDifference("name", "app", "renamed")]


class TestLists:
    """A list differs by what is new, what is gone, and the order of what stays."""

    @pytest.mark.parametrize(
        ("before", "after", "added", "removed", "is_reordered"),
        [
            pytest.param(["a"], ["a", "b"], ("b",), (), False, id="added"),
            pytest.param(["a", "b"], ["b"], (), ("a",), False, id="removed"),
            pytest.param(["a", "b"], ["b", "a"], (), (), True, id="order"),
            pytest.param(["a", "b", "c"], ["d", "c", "b"], ("d",), ("a",), True, id="all-three"),
            pytest.param(["a", "b"], ["a", "c", "b"], ("c",), (), False, id="added-between"),
            pytest.param([], ["a"], ("a",), (), False, id="to-a-list"),
            pytest.param(["a"], [], (), ("a",), False, id="to-none"),
            pytest.param(None, ["a"], ("a",), (), False, id="key-of-a-later-release"),
            pytest.param(["a", "a"], ["a"], (), (), True, id="repeated-by-hand"),
        ],
    )
    def test_parts(
        self, before: object, after: object, added: object, removed: object, is_reordered: bool
    ) -> None:
        (found,) = between(before, after)

        assert isinstance(found, ListDifference)
        assert (found.added, found.removed, found.is_reordered) == (added, removed, is_reordered)

    @pytest.mark.parametrize(
        ("before", "after", "moved"),
        [
            pytest.param("abcd", "abdc", ("cd", "dc"), id="from-the-first-that-moved"),
            pytest.param("abc", "cba", ("abc", "cba"), id="all"),
            pytest.param("xabc", "acby", ("bc", "cb"), id="of-what-stays"),
            pytest.param("abc", "abcd", ("", ""), id="none"),
            pytest.param("aab", "ab", ("ab", "b"), id="repeated-by-hand"),
            pytest.param("ab", "abb", ("", "b"), id="repeated-since"),
        ],
    )
    def test_what_moved(self, before: str, after: str, moved: tuple[str, str]) -> None:
        found = ListDifference("x", tuple(before), tuple(after))

        assert found.moved == (tuple(moved[0]), tuple(moved[1]))

    @given(LISTS, LISTS)
    def test_differs_exactly_when_a_part_does(self, before: list[str], after: list[str]) -> None:
        found = ListDifference("x", tuple(before), tuple(after))

        assert bool(found.added or found.removed or found.is_reordered) == (before != after)

    @given(LISTS, LISTS)
    def test_parts_lead_from_one_to_the_other(self, before: list[str], after: list[str]) -> None:
        found = ListDifference("x", tuple(before), tuple(after))

        assert {*before} - {*found.removed} | {*found.added} == {*after}


class TestComingAndGoing:
    """Of a document that comes or goes all counts that is not the default, but the name."""

    def test_comes(self) -> None:
        found = change_differences("policy", None, document(allowed_methods=[], max_age=None))

        assert list(found) == [
            ValueDifference("path", None, "/api"),
            ListDifference("allowed_methods", (), ()),
            ValueDifference("max_age", None, None),
        ]

    def test_goes(self) -> None:
        found = change_differences("policy", document(allowed_origins=["null"], max_age=0), None)

        assert list(found) == [
            ValueDifference("path", "/api", None),
            ListDifference("allowed_origins", ("null",), ()),
            ValueDifference("max_age", 0, None),
        ]

    def test_group(self) -> None:
        group = OriginGroup(name="partners", origins=("null",)).to_document()

        assert list(change_differences("origin_group", None, group)) == [
            ListDifference("origins", (), ("null",))
        ]

    def test_key_that_no_policy_has_any_more(self) -> None:
        found = change_differences("policy", document(retired=1), None)

        assert ValueDifference("retired", 1, None) in list(found)
