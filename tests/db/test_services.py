"""Is every write checked whole, stored in order, and nothing where nothing changes?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cors_policies import documents, services
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.models import Origin, OriginGroup, Policy, PolicyOrigin
from cors_policies.models.versions import read_token
from tests.db.conftest import APP
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ORIGINS = ["https://b.example", "https://*.example.com", "https://a.example", "http://localhost:*"]


def _refusal(write: Callable[[], object]) -> list[tuple[str, str]]:
    before = documents.policy_set_document("default"), read_token("default")
    with pytest.raises(InvalidPolicyError) as caught:
        write()
    assert (documents.policy_set_document("default"), read_token("default")) == before
    return [(problem.code, problem.attr) for problem in caught.value.problems]


def _stored(name: str = "public-api") -> Document:
    return documents.policy_document(Policy.objects.get(name=name))


class TestCreate:
    """A policy is stored as it was normalised, every list in its order."""

    def test_document_comes_back_whole(self) -> None:
        services.create_group({"name": "g2", "origins": []})
        services.create_group({"name": "g1", "origins": []})
        document = policy(allowed_origins=ORIGINS, origin_groups=["g2", "g1"], allowed_methods=["PUT", "GET"])

        services.create_policy(document)

        stored = _stored()
        assert {key: stored[key] for key in document} == document
        assert stored["max_age"] == 600

    def test_values_are_normalised(self) -> None:
        services.create_policy(
            policy(path="/api/", host=" API.Example.com", allowed_origins=["HTTPS://App.example:443/"])
        )

        stored = _stored()
        assert (stored["path"], stored["host"], stored["allowed_origins"]) == (
            "/api",
            "api.example.com",
            [APP],
        )

    def test_origins_share_their_rows(self) -> None:
        services.create_policy(policy("one"))
        services.create_policy(policy("two", "/two"))

        assert [row.name for row in Origin.objects.get(pattern=APP).policies.order_by("name")] == [
            "one",
            "two",
        ]

    def test_all_problems_are_reported_and_nothing_is_stored(self) -> None:
        document = policy(
            path="api", allowed_origins=["nonsense", APP, "https://a/b"], max_age=-1, colour="red"
        )

        assert _refusal(lambda: services.create_policy(document)) == [
            ("unknown-key", "colour"),
            ("invalid-path", "path"),
            ("invalid-origin", "allowed_origins.0"),
            ("invalid-origin", "allowed_origins.2"),
            ("max-age-out-of-range", "max_age"),
        ]

    def test_taken_name_is_refused(self) -> None:
        services.create_policy(policy())

        assert _refusal(lambda: services.create_policy(policy())) == [("duplicate-name", "name")]

    def test_unknown_group_is_refused(self) -> None:
        document = policy(origin_groups=["nobody"])

        assert _refusal(lambda: services.create_policy(document)) == [("unknown-group", "origin_groups.0")]

    def test_credentials_are_checked_through_groups(self) -> None:
        services.create_group({"name": "wide", "origins": ["*"]})
        document = policy(allow_credentials=True, origin_groups=["wide"])

        assert _refusal(lambda: services.create_policy(document)) == [
            ("credentials-any-origin", "origin_groups.0")
        ]


class TestUpdate:
    """Keys that are left out take their default, or with ``partial`` stay; the name stays in either case."""

    @pytest.fixture(autouse=True)
    def _policy(self) -> None:
        services.create_policy(policy(allowed_origins=ORIGINS, max_age=5, description="ours"))

    def test_whole_update_resets_what_is_left_out(self) -> None:
        services.update_policy(Policy.objects.get(), {"path": "/new"})

        stored = _stored()
        assert (stored["path"], stored["max_age"], stored["allowed_origins"]) == ("/new", 600, [])

    def test_partial_update_keeps_what_is_left_out(self) -> None:
        services.update_policy(Policy.objects.get(), {"max_age": None}, partial=True)

        stored = _stored()
        assert (stored["max_age"], stored["description"], stored["allowed_origins"]) == (
            None,
            "ours",
            ORIGINS,
        )

    def test_name_renames(self) -> None:
        row = Policy.objects.get()
        services.update_policy(row, {"name": "renamed"}, partial=True)

        assert Policy.objects.get().pk == row.pk
        assert _stored("renamed")["allowed_origins"] == ORIGINS

    @pytest.mark.parametrize(
        "origins",
        [
            pytest.param(list(reversed(ORIGINS)), id="reversed"),
            pytest.param(ORIGINS[1:], id="first-removed"),
            pytest.param([*ORIGINS[:2], "https://new.example", *ORIGINS[2:]], id="inserted"),
            pytest.param([], id="emptied"),
        ],
    )
    def test_order_of_a_list_is_kept(self, origins: list[str]) -> None:
        services.update_policy(Policy.objects.get(), {"allowed_origins": origins}, partial=True)

        assert _stored()["allowed_origins"] == origins

    @pytest.mark.parametrize("partial", [True, False])
    def test_update_that_changes_nothing_touches_nothing(self, partial: bool) -> None:
        before, token = Policy.objects.get(), read_token("default")

        services.update_policy(before, {**_stored(), "path": "/api/**/"}, partial=partial)

        assert (Policy.objects.get().updated_at, read_token("default")) == (before.updated_at, token)

    def test_change_of_one_origin_touches_one_row(self) -> None:
        before = dict(PolicyOrigin.objects.values_list("origin__pattern", "pk"))

        services.update_policy(
            Policy.objects.get(), {"allowed_origins": [*ORIGINS[:-1], "https://z.example"]}, partial=True
        )

        after = dict(PolicyOrigin.objects.values_list("origin__pattern", "pk"))
        assert {key: after[key] for key in ORIGINS[:-1]} == {key: before[key] for key in ORIGINS[:-1]}

    @pytest.mark.parametrize("document", [None, [], "text", 7])
    def test_what_is_no_object_is_refused(self, document: object) -> None:
        row = Policy.objects.get()

        assert _refusal(lambda: services.update_policy(row, document)) == [("invalid", "")]


class TestOriginsOfAList:
    """Patterns are added at the end and removed, without rewriting the rest."""

    @pytest.fixture(params=["policy", "group"])
    def owner(self, request: pytest.FixtureRequest) -> Policy | OriginGroup:
        """A policy or a group with two origins."""
        if request.param == "policy":
            return services.create_policy(policy(allowed_origins=ORIGINS[:2]))
        return services.create_group({"name": "g", "origins": ORIGINS[:2]})

    def _origins(self, owner: Policy | OriginGroup) -> list[str]:
        if isinstance(owner, Policy):
            return list(documents.policy_document(owner)["allowed_origins"])
        return list(documents.group_document(owner)["origins"])

    def test_added_at_the_end_once(self, owner: Policy | OriginGroup) -> None:
        services.add_origins(owner, ["https://NEW.example", ORIGINS[0], "https://new.example"])

        assert self._origins(owner) == [*ORIGINS[:2], "https://new.example"]

    def test_adding_what_is_there_touches_nothing(self, owner: Policy | OriginGroup) -> None:
        token = read_token("default")

        services.add_origins(owner, ORIGINS[:2])

        assert read_token("default") == token

    def test_any_origin_replaces_what_it_covers(self, owner: Policy | OriginGroup) -> None:
        services.add_origins(owner, ["*"])

        assert self._origins(owner) == ["*"]

    def test_removed(self, owner: Policy | OriginGroup) -> None:
        services.remove_origins(owner, ["https://B.example/", "https://unknown.example"])

        assert self._origins(owner) == ORIGINS[1:2]
        assert Origin.objects.filter(pattern=ORIGINS[0]).exists()

    @pytest.mark.parametrize("change", [services.add_origins, services.remove_origins])
    @pytest.mark.parametrize(
        ("patterns", "problems"),
        [
            pytest.param([], [("required", "patterns")], id="none"),
            pytest.param("https://a.example", [("invalid", "patterns")], id="no-list"),
            pytest.param(
                [APP, 7, "x"], [("invalid", "patterns.1"), ("invalid-origin", "patterns.2")], id="entries"
            ),
        ],
    )
    def test_bad_patterns_are_refused(
        self,
        owner: Policy | OriginGroup,
        change: Callable[..., object],
        patterns: object,
        problems: list[tuple[str, str]],
    ) -> None:
        refused = _refusal(lambda: change(owner, patterns))

        assert sorted(refused, key=lambda problem: problem[1]) == problems

    def test_addition_that_breaks_a_policy_is_refused(self) -> None:
        group = services.create_group({"name": "g", "origins": []})
        row = services.create_policy(policy(allow_credentials=True, origin_groups=["g"]))

        for owner in (group, row):
            refused = _refusal(partial(services.add_origins, owner, [APP, "http://plain.example"]))
            assert refused == [("insecure-origin", "patterns.1")]

    def test_what_is_no_pattern_hides_no_other_problem(self) -> None:
        group = services.create_group({"name": "g", "origins": []})
        row = services.create_policy(policy(allow_credentials=True, origin_groups=["g"]))

        for owner in (group, row):
            refused = _refusal(partial(services.add_origins, owner, ["null", "x", 7, "http://plain.example"]))
            assert sorted(refused, key=lambda problem: problem[1]) == [
                ("credentials-null-origin", "patterns.0"),
                ("invalid-origin", "patterns.1"),
                ("invalid", "patterns.2"),
                ("insecure-origin", "patterns.3"),
            ]


class TestFromTheSide:
    """Changing an origin or a group is refused when a policy that uses it would break a rule."""

    @pytest.fixture(autouse=True)
    def _policies(self) -> None:
        services.create_group({"name": "g", "origins": ["https://member.example"]})
        services.create_policy(policy("direct", allow_credentials=True))
        services.create_policy(
            policy("grouped", "/g", allowed_origins=[], origin_groups=["g"], allow_credentials=True)
        )

    @pytest.mark.parametrize("pattern", [APP, "https://member.example"])
    def test_renaming_an_origin(self, pattern: str) -> None:
        row = Origin.objects.get(pattern=pattern)

        assert _refusal(lambda: services.update_origin(row, {"pattern": "null"})) == [
            ("credentials-null-origin", "pattern")
        ]
        services.update_origin(row, {"pattern": "https://renamed.example"})
        assert Origin.objects.get(pk=row.pk).pattern == "https://renamed.example"

    def test_changing_a_group_s_members(self) -> None:
        row = OriginGroup.objects.get()
        wanted = {"origins": ["https://fine.example", "https://*.com"]}

        assert _refusal(lambda: services.update_group(row, wanted)) == [("public-suffix", "origins.1")]

    def test_what_is_no_pattern_hides_no_other_problem(self) -> None:
        wanted = {"origins": ["x", "https://*.com"]}
        document = {"origin_groups": [None, {"name": "g", **wanted}], "policies": [{"name": "direct"}]}

        assert _refusal(lambda: services.update_group(OriginGroup.objects.get(), wanted)) == [
            ("invalid-origin", "origins.0"),
            ("public-suffix", "origins.1"),
        ]
        assert _refusal(lambda: services.apply_document(document)) == [
            ("invalid", "origin_groups.0"),
            ("invalid-origin", "origin_groups.1.origins.0"),
            ("required", "policies.0.path"),
            ("public-suffix", "origin_groups.1.origins.1"),
        ]

    @pytest.mark.parametrize(
        "document",
        [
            [],
            {"policies": 1, "origin_groups": 1},
            {
                "policies": [{"name": "\0"}, 1],
                "origin_groups": [{"name": "\ud800"}, {"name": None}, {"name": "g", "origins": 5}],
            },
        ],
    )
    def test_importing_what_is_no_set(self, document: object) -> None:
        assert _refusal(lambda: services.apply_document(document))

    def test_importing_a_group(self) -> None:
        document = {"origin_groups": [{"name": "g", "origins": ["*"]}], "policies": []}

        assert _refusal(lambda: services.apply_document(document)) == [
            ("credentials-any-origin", "origin_groups.0.origins.0")
        ]

    def test_importing_a_group_together_with_its_policy(self) -> None:
        mended = policy("grouped", "/g", allowed_origins=[], origin_groups=["g"])
        services.apply_document({"origin_groups": [{"name": "g", "origins": ["*"]}], "policies": [mended]})

        assert documents.group_document(OriginGroup.objects.get())["origins"] == ["*"]

    def test_deleting_a_group_takes_it_out_of_policies(self) -> None:
        services.delete_group(OriginGroup.objects.get())

        assert _stored("grouped")["origin_groups"] == []

    def test_renaming_a_group_renames_it_in_policies(self) -> None:
        services.update_group(OriginGroup.objects.get(), {"name": "renamed"}, partial=True)

        assert _stored("grouped")["origin_groups"] == ["renamed"]


class TestOriginRows:
    """An origin is created, renamed and described on its own."""

    def test_created(self) -> None:
        row = services.create_origin({"pattern": "HTTPS://New.example", "description": "theirs"})

        assert (row.pattern, row.description) == ("https://new.example", "theirs")

    @pytest.mark.parametrize(
        ("document", "problems"),
        [
            pytest.param({}, [("required", "pattern")], id="empty"),
            pytest.param({"pattern": "x"}, [("invalid-origin", "pattern")], id="no-origin"),
            pytest.param({"pattern": None}, [("invalid", "pattern")], id="null"),
            pytest.param({"pattern": APP, "description": 7}, [("invalid", "description")], id="description"),
            pytest.param({"pattern": APP, "id": 7}, [("unknown-key", "id")], id="unknown-key"),
            pytest.param([], [("invalid", "")], id="no-object"),
            pytest.param({"pattern": "https://TAKEN.example"}, [("duplicate-name", "pattern")], id="taken"),
        ],
    )
    def test_refused(self, document: object, problems: list[tuple[str, str]]) -> None:
        services.create_origin({"pattern": "https://taken.example"})

        assert _refusal(lambda: services.create_origin(document)) == problems

    def test_description_alone_changes(self) -> None:
        row = services.create_origin({"pattern": APP})
        services.update_origin(row, {"description": "noted"})

        assert Origin.objects.values_list("pattern", "description").get() == (APP, "noted")

    def test_change_of_nothing_touches_nothing(self) -> None:
        row = services.create_origin({"pattern": APP, "description": "noted"})
        token = read_token("default")
        services.update_origin(row, {"pattern": f"{APP}:443/"})

        assert read_token("default") == token

    def test_deleted_everywhere(self) -> None:
        services.create_policy(policy(allowed_origins=[APP, "https://b.example"]))
        services.delete_origin(Origin.objects.get(pattern=APP))

        assert _stored()["allowed_origins"] == ["https://b.example"]


class TestSets:
    """A document is stored by name; only rows that differ are written."""

    SET: ClassVar[Document] = {
        "origin_groups": [{"name": "g", "description": "", "origins": ["https://m.example"]}],
        "policies": [policy("a", "/a", origin_groups=["g"]), policy("b", "/b")],
    }

    def _apply(self, document: Any = None, **how: bool) -> Document:
        return services.apply_document(document or self.SET, **how).to_document()

    def test_report_names_what_changes(self) -> None:
        assert self._apply() == {
            "created": ["a", "b"],
            "updated": [],
            "deleted": [],
            "unchanged": 0,
            "origin_groups": {"created": ["g"], "updated": [], "deleted": [], "unchanged": 0},
        }

    def test_second_time_changes_nothing(self) -> None:
        self._apply()
        token, rows = read_token("default"), list(Policy.objects.values())

        assert self._apply(replace=True)["unchanged"] == 2
        assert (read_token("default"), list(Policy.objects.values())) == (token, rows)

    def test_export_applied_again_changes_nothing(self) -> None:
        self._apply()
        exported = documents.policy_set_document("default")

        assert services.apply_document(exported, replace=True).changes == ()

    def test_without_replace_the_rest_stays(self) -> None:
        self._apply()
        report = self._apply({"policies": [policy("b", "/new"), policy("c", "/c", origin_groups=["g"])]})

        assert (report["created"], report["updated"], report["deleted"]) == (["c"], ["b"], [])
        assert report["origin_groups"]["unchanged"] == 1
        assert sorted(Policy.objects.values_list("name", "path")) == [("a", "/a"), ("b", "/new"), ("c", "/c")]

    def test_replace_deletes_the_rest(self) -> None:
        self._apply()
        report = self._apply({"policies": [policy("b", "/b")]}, replace=True)

        assert (report["deleted"], report["origin_groups"]["deleted"]) == (["a"], ["g"])
        assert documents.policy_set_document("default")["origin_groups"] == []

    def test_replace_knows_the_document_s_groups_only(self) -> None:
        self._apply()
        document = {"policies": [policy("a", "/a", origin_groups=["g"])]}

        assert _refusal(lambda: services.apply_document(document, replace=True)) == [
            ("unknown-group", "policies.0.origin_groups.0")
        ]

    def test_dry_run_reports_the_same_and_writes_nothing(self) -> None:
        token = read_token("default")
        dry = self._apply(dry_run=True)

        assert (Policy.objects.count(), Origin.objects.count(), read_token("default")) == (0, 0, token)
        assert dry == self._apply()

    def test_one_problem_stores_nothing(self) -> None:
        document = {**self.SET, "policies": [*self.SET["policies"], policy("c", "no-path")]}

        assert _refusal(lambda: services.apply_document(document)) == [("invalid-path", "policies.2.path")]


class TestReplacement:
    """A document that changes one policy writes the rows of that policy, and no others."""

    def test_writes_only_what_differs(self) -> None:
        policies = [policy(name, f"/{name}", allowed_origins=ORIGINS) for name in ("a", "b", "c")]
        services.apply_document({"policies": policies}, replace=True)
        rows = {row.name: row.pk for row in Policy.objects.all()}
        before = _rows()
        policies[1]["allowed_origins"] = [*ORIGINS, "https://new.example"]

        with CaptureQueriesContext(connection) as captured:
            services.apply_document({"policies": policies}, replace=True)

        after = _rows()
        assert {key for key, found in after.items() if found != before[key]} == {rows["b"]}
        assert after[rows["b"]][1][:-1] == before[rows["b"]][1]
        assert _written(query["sql"] for query in captured) == {
            "policy": 1,
            "origin": 1,
            "policyorigin": 1,
            "revision": 1,
            "revisionchange": 1,
        }


def _rows() -> dict[int, tuple[Any, list[Any]]]:
    """When each policy was changed, and the places of its origins."""
    return {row.pk: (row.updated_at, [*row.origin_entries.values()]) for row in Policy.objects.all()}


def _written(statements: Iterable[str]) -> dict[str, int]:
    """How many statements write to each table, but that of the version, which every writer locks."""
    writes = (sql for sql in statements if sql.startswith(("INSERT", "UPDATE", "DELETE")))
    tables = Counter(re.findall(r"cors_policies_(\w+)", sql)[0] for sql in writes)
    return {name: count for name, count in tables.items() if name != "policysetversion"}
