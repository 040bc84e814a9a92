"""Do the site's guard rails hold, whoever edits, and whatever was stored before they were set?"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings

from cors_policies import services
from cors_policies.checks.stored import check_stored_set
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.documents import policy_set_document
from cors_policies.models import Origin, OriginGroup, Policy, PolicyOrigin
from cors_policies.models.versions import read_token
from tests.admin.pages import FormPage
from tests.db.conftest import APP, Site
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
PARTNER = "https://partner.example"
EVIL = "https://evil.test"
RAILS = {
    "ALLOWED_ORIGINS": ["https://*.example", "https://login.bank", "*"],
    "CREDENTIALED_ORIGINS": ["https://app.example"],
    "FORBID_ANY_ORIGIN_PATHS": ["/admin/**"],
    "MAX_AGE": 600,
}


@pytest.fixture
def rails(settings: Settings) -> Callable[..., None]:
    """Sets guard rails."""

    def set_rails(**given: object) -> None:
        settings.CORS_POLICIES = {"GUARDRAILS": given}

    return set_rails


@pytest.fixture
def stored() -> Policy:
    """A policy with credentials, one of the administrators, and a group that both use."""
    services.create_group({"name": "group", "origins": [APP]})
    services.create_policy(policy("admin", "/admin/**", allowed_origins=[], origin_groups=["group"]))
    return services.create_policy(policy("api", allow_credentials=True, origin_groups=["group"]))


def refused(write: Callable[[], object]) -> list[tuple[str, str]]:
    """Code and place of the problems that a write is refused for; nothing is stored."""
    before = policy_set_document("default"), read_token("default")
    with pytest.raises(InvalidPolicyError) as caught:
        write()
    assert (policy_set_document("default"), read_token("default")) == before
    return [(problem.code, problem.attr) for problem in caught.value.problems]


class TestWrites:
    """No write exceeds a guard rail, and the problem stands at the entry."""

    @pytest.fixture(autouse=True)
    def _set(self, stored: Policy, rails: Callable[..., None]) -> None:
        rails(**RAILS)

    def test_policy(self, rails: Callable[..., None]) -> None:
        rails(ALLOWED_ORIGINS=["https://*.example"], MAX_AGE=60)
        document = policy("new", allowed_origins=[APP, EVIL])

        assert refused(lambda: services.create_policy(document)) == [
            ("guardrail", "allowed_origins.1"),
            ("guardrail", "max_age"),
        ]

    def test_update_of_a_policy(self, stored: Policy) -> None:
        row = Policy.objects.get(name="api")
        change = {"allowed_origins": [APP, PARTNER]}

        assert refused(lambda: services.update_policy(row, change, partial=True)) == [
            ("guardrail", "allowed_origins.1")
        ]

    def test_credentials_over_a_group(self) -> None:
        services.create_group({"name": "partners", "origins": [PARTNER]})
        document = policy("new", origin_groups=["group", "partners"])
        services.create_policy(document)

        assert refused(
            lambda: services.create_policy({**document, "name": "other", "allow_credentials": True})
        ) == [("guardrail", "origin_groups.1")]

    def test_addition_to_a_policy(self) -> None:
        row = Policy.objects.get(name="api")

        assert refused(lambda: services.add_origins(row, [APP, PARTNER])) == [("guardrail", "patterns.1")]

    def test_addition_to_a_policy_without_credentials(self) -> None:
        row = Policy.objects.get(name="admin")
        services.add_origins(row, [PARTNER])

        assert refused(lambda: services.add_origins(row, ["*"])) == [("guardrail", "patterns.0")]

    def test_addition_to_a_group(self) -> None:
        group = OriginGroup.objects.get(name="group")

        assert refused(lambda: services.add_origins(group, [PARTNER])) == [("guardrail", "patterns.0")]

    def test_members_of_a_group(self) -> None:
        group = OriginGroup.objects.get(name="group")
        Policy.objects.filter(name="api").delete()
        services.update_group(group, {"origins": [APP, PARTNER]})

        assert refused(lambda: services.update_group(group, {"origins": [PARTNER, "*"]})) == [
            ("guardrail", "origins.1")
        ]

    def test_rename_of_an_origin(self) -> None:
        row = Origin.objects.get(pattern=APP)

        assert refused(lambda: services.update_origin(row, {"pattern": PARTNER})) == [
            ("guardrail", "pattern")
        ]

    def test_rename_of_an_origin_that_a_group_alone_brings_in(self) -> None:
        Policy.objects.filter(name="api").delete()
        row = Origin.objects.get(pattern=APP)
        services.update_origin(row, {"pattern": PARTNER})

        assert refused(lambda: services.update_origin(row, {"pattern": "*"})) == [("guardrail", "pattern")]

    def test_set(self) -> None:
        document = {"policies": [policy("a", "/admin/x", allowed_origins=["*"]), policy("b", max_age=601)]}

        for replace in (True, False):
            assert refused(lambda: services.apply_document(document, replace=replace)) == [  # noqa: B023 - called at once
                ("guardrail", "policies.0.allowed_origins.0"),
                ("guardrail", "policies.1.max_age"),
            ]

    def test_set_that_names_a_stored_group(self) -> None:
        services.create_group({"name": "partners", "origins": [PARTNER]})
        document = {"policies": [policy("new", origin_groups=["partners"], allow_credentials=True)]}

        assert refused(lambda: services.apply_document(document)) == [
            ("guardrail", "policies.0.origin_groups.0")
        ]

    def test_group_of_a_set_that_a_stored_policy_uses(self) -> None:
        document = {"origin_groups": [{"name": "group", "origins": [APP, "*"]}], "policies": []}

        assert refused(lambda: services.apply_document(document)) == [
            ("guardrail", "origin_groups.0.origins.1"),
            ("credentials-any-origin", "origin_groups.0.origins.1"),
            ("guardrail", "origin_groups.0.origins.1"),
        ]

    def test_full_clean_of_a_policy(self) -> None:
        row = Policy.objects.get(name="api")
        row.max_age = 601

        with pytest.raises(ValidationError) as caught:
            row.full_clean()
        assert [
            (name, error.code) for name, errors in caught.value.error_dict.items() for error in errors
        ] == [("max_age", "guardrail")]

    def test_full_clean_of_an_origin(self) -> None:
        row = Origin.objects.get(pattern=APP)
        row.pattern = PARTNER

        with pytest.raises(ValidationError) as caught:
            row.full_clean()
        assert [error.code for error in caught.value.error_dict["pattern"]] == ["guardrail"]


class TestTaken:
    """What stays within the rails is stored as without them."""

    def test_writes_within(self, stored: Policy, rails: Callable[..., None]) -> None:
        rails(**{**RAILS, "CREDENTIALED_ORIGINS": ["https://*.example"]})
        row = Policy.objects.get(name="api")
        group = OriginGroup.objects.get(name="group")

        services.add_origins(row, [PARTNER])
        services.add_origins(group, ["https://other.example"])
        services.update_origin(Origin.objects.get(pattern=APP), {"pattern": "https://new.example"})
        services.apply_document(policy_set_document("default"), replace=True)
        row.full_clean()

        assert stored.pk == row.pk
        assert [*PolicyOrigin.objects.filter(policy=row).values_list("origin__pattern", flat=True)] == [
            "https://new.example",
            PARTNER,
        ]

    def test_rails_of_max_age_alone_ask_for_no_policy_more(self, rails: Callable[..., None]) -> None:
        services.create_group({"name": "group", "origins": [APP]})
        services.create_policy(policy("p", origin_groups=["group"]))
        rails(MAX_AGE=1)

        services.update_group(OriginGroup.objects.get(), {"origins": [EVIL]})


class TestStored:
    """A stored policy that exceeds rails set later shields its path, and is named by the check."""

    @pytest.fixture(autouse=True)
    def _policies(self) -> None:
        services.create_policy(policy("wide", "/**", allowed_origins=["*"]))
        services.create_policy(policy("narrow", "/api/**", allowed_origins=[APP, EVIL]))

    @pytest.mark.parametrize(
        "given",
        [
            {"ALLOWED_ORIGINS": [APP, "*"], "MAX_AGE": 599},
            {"ALLOWED_ORIGINS": [APP]},
            {"ALLOWED_ORIGINS": "unreadable"},
            {"MAX_AGE": 0},
        ],
        ids=str,
    )
    def test_exceeding_policy_shields(self, site: Site, rails: Callable[..., None], given: Any) -> None:
        rails(**given)
        services.touch()

        assert not site.allows()
        assert not site.allows(EVIL)

    def test_others_are_obeyed(self, site: Site, rails: Callable[..., None]) -> None:
        rails(FORBID_ANY_ORIGIN_PATHS=["/admin/**"])
        services.touch()

        assert site.allows()
        assert not site.allows(path="/elsewhere")

    def test_policy_with_a_group_that_exceeds_shields(self, site: Site, rails: Callable[..., None]) -> None:
        services.create_group({"name": "group", "origins": [EVIL]})
        services.create_policy(policy("grouped", "/grouped", origin_groups=["group"]))
        rails(ALLOWED_ORIGINS=["https://*.example"])
        services.touch()

        assert not site.allows(path="/grouped")

    def test_check_names_it_with_the_entry(self, rails: Callable[..., None]) -> None:
        rails(ALLOWED_ORIGINS=["https://*.example", "*"])
        assert check_stored_set(databases=["default"]) == []
        rails(ALLOWED_ORIGINS=[APP, "https://*.example"])

        narrow, wide = sorted(check_stored_set(databases=["default"]), key=lambda found: found.msg)

        assert narrow.msg.startswith('The policy "narrow" is invalid as stored')
        assert "allowed_origins.1" in narrow.msg
        assert "ALLOWED_ORIGINS" in wide.msg

    def test_it_can_be_mended(self, site: Site, rails: Callable[..., None]) -> None:
        rails(ALLOWED_ORIGINS=[APP])
        services.remove_origins(Policy.objects.get(name="narrow"), [EVIL])

        assert site.allows()
        assert not site.allows(EVIL)


class TestAdmin:
    """The admin shows the problem at the field and line."""

    def test_of_every_field(self, admin_client: Client, rails: Callable[..., None]) -> None:
        services.create_group({"name": "group", "origins": [EVIL]})
        rails(ALLOWED_ORIGINS=["https://*.example"], MAX_AGE=60)
        page = FormPage(admin_client, "policy/add/")
        problems = page.refused(
            name="new", path="/new", allowed_origins=f"{APP}\n{EVIL}", origin_groups="group", max_age="61"
        )
        shown = {name: [(code, text[:7]) for code, text in found] for name, found in problems.items()}

        assert shown == {
            "allowed_origins": [("guardrail", "Line 2:")],
            "origin_groups": [("guardrail", "Line 1:")],
            "max_age": [("guardrail", "This si")],
        }


class TestOneWayIn:
    """Whoever checks a policy or a set hands the guard rails on."""

    CHECKS = (
        "check_policy",
        "parse_policy_set",
        "find_objections",
        "joining_problems",
        "lint_document",
    )

    def test_every_call_outside_the_core_names_them(self) -> None:
        app = ROOT / "cors_policies"
        files = [file for file in app.rglob("*.py") if app / "core" not in file.parents]
        calls = [
            (str(file.relative_to(app)), ast.unparse(node))
            for file in files
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in self.CHECKS
        ]

        assert len(calls) >= 7
        assert [call for call in calls if "rails" not in call[1] and "GUARDRAILS" not in call[1]] == []
