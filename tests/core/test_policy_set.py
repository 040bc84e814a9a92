"""Tests of policy sets: is this document one, and what is wrong with it?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from cors_policies.core.credentials import Offence
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.policy_set import PolicySet, parse_policy_set
from cors_policies.core.problems import InvalidPolicyError
from tests import strategies
from tests.core.assertions import says_what_to_do

Said = tuple[str, str, object]


def policy(name: object = "api", **keys: Any) -> dict[str, Any]:
    """A policy document."""
    return {"name": name, "path": "/api", **keys}


def problems_of(document: object, known: dict[str, tuple[Offence, ...]] | None = None) -> list[Said]:
    """Code, place and value of every problem, each of which says what to do."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse_policy_set(document, known)
    for problem in caught.value.problems:
        assert says_what_to_do(problem.message), problem
    return [(problem.code, problem.attr, problem.value) for problem in caught.value.problems]


class TestAcceptedDocuments:
    """A policy set is a list of groups and a list of policies."""

    def test_the_least_document_is_empty(self) -> None:
        assert parse_policy_set({"policies": []}) == PolicySet()

    def test_policies_may_name_the_groups_beside_them(self) -> None:
        document = {
            "policies": [policy(origin_groups=["partners"])],
            "origin_groups": [{"name": "partners", "origins": ["https://A.test"]}],
        }

        assert parse_policy_set(document) == PolicySet(
            (OriginGroup(name="partners", origins=("https://a.test",)),),
            (Policy(name="api", path="/api", origin_groups=("partners",)),),
        )

    def test_policies_may_name_a_group_that_is_known_already(self) -> None:
        document = {"policies": [policy(origin_groups=["stored"])]}

        assert parse_policy_set(document, {"stored": ()}).policies[0].origin_groups == ("stored",)

    def test_a_group_of_the_document_stands_before_a_known_one_of_its_name(self) -> None:
        credentialed = policy(origin_groups=["g"], allow_credentials=True)
        document = {
            "policies": [credentialed],
            "origin_groups": [{"name": "g", "origins": ["https://a.test"]}],
        }

        assert parse_policy_set(document, {"g": (Offence("credentials-any-origin", "*"),)}).policies

    def test_the_same_name_may_be_a_policy_s_and_a_group_s(self) -> None:
        document = {"policies": [policy("same")], "origin_groups": [{"name": "same"}]}

        assert parse_policy_set(document).policies[0].name == parse_policy_set(document).origin_groups[0].name

    def test_order_of_the_document_is_kept_and_its_export_is_by_name(self) -> None:
        document = {
            "policies": [policy("b"), policy("a"), policy("A")],
            "origin_groups": [{"name": "d"}, {"name": "c"}],
        }

        policy_set = parse_policy_set(document)

        assert [item.name for item in policy_set.policies] == ["b", "a", "A"]
        exported = policy_set.to_document()
        assert list(exported) == ["origin_groups", "policies"]
        assert [item["name"] for item in exported["policies"]] == ["A", "a", "b"]
        assert [item["name"] for item in exported["origin_groups"]] == ["c", "d"]


class TestShape:
    """What is no policy set document at all is said so, at its place."""

    @pytest.mark.parametrize("document", [None, [], "", 1, True, [{"policies": []}]])
    def test_only_an_object_is_a_set(self, document: object) -> None:
        assert problems_of(document) == [("invalid", "", document)]

    def test_policies_are_required_so_that_nothing_is_emptied_by_accident(self) -> None:
        assert problems_of({}) == [("required", "policies", None)]
        assert problems_of({"origin_groups": []}) == [("required", "policies", None)]

    @pytest.mark.parametrize("value", [None, {}, "api", 1, True])
    def test_both_are_lists(self, value: object) -> None:
        assert problems_of({"policies": value}) == [("invalid", "policies", value)]
        assert problems_of({"policies": [], "origin_groups": value}) == [("invalid", "origin_groups", value)]

    @pytest.mark.parametrize("key", ["policy", "Policies", "version", ""])
    def test_unknown_keys(self, key: str) -> None:
        assert problems_of({"policies": [], key: 1}) == [("unknown-key", key, 1)]

    def test_unknown_key_that_is_no_text(self) -> None:
        document: dict[object, object] = {"policies": [], 1: 2}

        assert problems_of(document) == [("unknown-key", "1", 2)]

    @pytest.mark.parametrize("item", [None, "api", 1, []])
    def test_items_are_objects(self, item: object) -> None:
        assert problems_of({"policies": [policy(), item]}) == [("invalid", "policies.1", item)]
        assert problems_of({"policies": [], "origin_groups": [item]}) == [
            ("invalid", "origin_groups.0", item)
        ]


class TestPlaces:
    """Every problem of every policy and group is reported at once, with its place in the document."""

    def test_problems_have_their_place_before_the_field(self) -> None:
        document = {
            "origin_groups": [
                {"name": "ours", "origins": ["https://a.test", "b.test"]},
                {"name": "everybody", "origins": ["https://a.test", "*"]},
                {"name": "a b"},
            ],
            "policies": [
                policy("one", origin_groups=["ours", "everybody"], allow_credentials=True),
                policy("two", allowed_origins=["https://a.test", "*"], allow_credentials=True, x=1),
                {"name": "three"},
                policy("four", priority=True, origin_groups=["nobody"]),
            ],
        }

        assert sorted(problems_of(document), key=lambda said: said[1]) == [
            ("invalid-origin", "origin_groups.0.origins.1", "b.test"),
            ("invalid", "origin_groups.2.name", "a b"),
            ("credentials-any-origin", "policies.0.origin_groups.1", "*"),
            ("credentials-any-origin", "policies.1.allowed_origins.1", "*"),
            ("unknown-key", "policies.1.x", 1),
            ("required", "policies.2.path", None),
            ("unknown-group", "policies.3.origin_groups.0", "nobody"),
            ("invalid", "policies.3.priority", True),
        ]

    @pytest.mark.parametrize(
        "origins", [["b.test", "*"], ["*", "b.test"], ["*", None]], ids=["after", "before", "beside-no-text"]
    )
    def test_what_a_broken_group_holds_beside_counts_against_its_policies_at_once(
        self, origins: list[object]
    ) -> None:
        document = {
            "origin_groups": [{"name": "ours", "origins": origins}],
            "policies": [
                policy(origin_groups=["ours"], allow_credentials=True),
                policy("b", origin_groups=["ours"]),
            ],
        }

        assert ("credentials-any-origin", "policies.0.origin_groups.0", "*") in problems_of(document)
        assert len(problems_of(document)) == 2

    def test_what_a_star_will_drop_from_a_group_counts_as_in_a_policy_s_own_list(self) -> None:
        origins = ["null", "*", "https://a.test", "null"]
        document = {
            "origin_groups": [{"name": "ours", "origins": origins}],
            "policies": [
                policy(origin_groups=["ours"], allow_credentials=True),
                policy("own", allowed_origins=origins[:3], allow_credentials=True),
            ],
        }

        assert problems_of(document) == [
            ("credentials-null-origin", "policies.0.origin_groups.0", "null"),
            ("credentials-any-origin", "policies.0.origin_groups.0", "*"),
            ("credentials-null-origin", "policies.1.allowed_origins.0", "null"),
            ("credentials-any-origin", "policies.1.allowed_origins.1", "*"),
        ]

    @pytest.mark.parametrize("origins", [None, "*", {"*": 1}, 7])
    def test_origins_that_are_no_list_count_against_nobody(self, origins: object) -> None:
        document = {
            "origin_groups": [{"name": "ours", "origins": origins}],
            "policies": [policy(origin_groups=["ours"], allow_credentials=True)],
        }

        assert problems_of(document) == [("invalid", "origin_groups.0.origins", origins)]

    def test_places_stay_those_of_the_document_after_an_item_that_is_none(self) -> None:
        document = {"policies": [None, policy("b", path="x")]}

        assert problems_of(document) == [
            ("invalid", "policies.0", None),
            ("invalid-path", "policies.1.path", "x"),
        ]


class TestNames:
    """Names are unique within each list."""

    def test_a_second_use_is_reported_where_it_stands(self) -> None:
        document = {
            "policies": [policy("a"), policy("b"), policy("a"), policy("a")],
            "origin_groups": [{"name": "a"}, {"name": "a"}],
        }

        assert problems_of(document) == [
            ("duplicate-name", "origin_groups.1.name", "a"),
            ("duplicate-name", "policies.2.name", "a"),
            ("duplicate-name", "policies.3.name", "a"),
        ]

    def test_names_are_told_apart_by_case(self) -> None:
        assert len(parse_policy_set({"policies": [policy("a"), policy("A")]}).policies) == 2

    def test_a_broken_policy_takes_its_name_too(self) -> None:
        document = {"policies": [policy("a", mode="on"), policy("a")]}

        assert problems_of(document) == [
            ("invalid", "policies.0.mode", "on"),
            ("duplicate-name", "policies.1.name", "a"),
        ]

    @pytest.mark.parametrize("name", [None, 1, []])
    def test_what_is_no_name_is_no_duplicate(self, name: object) -> None:
        document = {"policies": [policy(name), policy(name)]}

        assert problems_of(document) == [
            ("invalid", "policies.0.name", name),
            ("invalid", "policies.1.name", name),
        ]

    @pytest.mark.parametrize("name", [None, 1, []])
    def test_what_is_no_name_is_no_group(self, name: object) -> None:
        document = {"policies": [policy(origin_groups=["g"])], "origin_groups": [{"name": name}]}

        assert problems_of(document) == [
            ("invalid", "origin_groups.0.name", name),
            ("unknown-group", "policies.0.origin_groups.0", "g"),
        ]


class TestGroups:
    """Policies are checked against the groups of the document."""

    def test_a_group_with_problems_is_known_all_the_same(self) -> None:
        document = {
            "origin_groups": [{"name": "broken", "origins": ["https://a.test", "x"]}],
            "policies": [policy(origin_groups=["broken"], allow_credentials=True)],
        }

        assert problems_of(document) == [("invalid-origin", "origin_groups.0.origins.1", "x")]

    def test_a_known_group_is_held_to_the_rules(self) -> None:
        document = {"policies": [policy(origin_groups=["stored"], allow_credentials=True)]}

        assert problems_of(document, {"stored": (Offence("credentials-null-origin", "null"),)}) == [
            ("credentials-null-origin", "policies.0.origin_groups.0", "null")
        ]


class TestProperties:
    """Exporting a set and importing it again changes nothing."""

    @given(strategies.policy_set_documents())
    def test_export_and_import_is_a_no_op(self, document: dict[str, Any]) -> None:
        exported = parse_policy_set(document).to_document()

        assert parse_policy_set(exported).to_document() == exported

    @given(strategies.policy_set_documents())
    def test_lists_keep_their_order(self, document: dict[str, Any]) -> None:
        policy_set = parse_policy_set(document)

        for written, read in zip(document["policies"], policy_set.policies, strict=True):
            names = [name.lower() for name in written.get("allowed_headers", ["content-type"])]
            places = [names.index(name) for name in read.allowed_headers]
            assert places == sorted(places)
