"""Does ``full_clean()`` hold rows to the same rules as every other way in?"""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Model

from cors_policies import services
from cors_policies.models import Origin, OriginGroup, OriginGroupOrigin, Policy, PolicyOrigin
from cors_policies.models.policies import PolicyOriginGroup
from tests.helpers import policy

pytestmark = pytest.mark.django_db


def found(row: Model) -> dict[str, set[str]]:
    """The codes that ``full_clean()`` reports, by field."""
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    return {field: {str(error.code) for error in errors} for field, errors in caught.value.error_dict.items()}


@pytest.fixture
def credentialed() -> Policy:
    """A policy with credentials that uses the group ``g``."""
    services.create_group({"name": "g", "origins": []})
    return services.create_policy(policy(allow_credentials=True, origin_groups=["g"]))


class TestValues:
    """A row that no document could describe is refused, with the code that the document would get."""

    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            (OriginGroup(name="a b"), "name", "invalid"),
            (OriginGroup(name=""), "name", "invalid"),
            (OriginGroup(name="g", description="\0"), "description", "invalid"),
            (Origin(pattern="app.example"), "pattern", "invalid-origin"),
            (Origin(pattern=""), "pattern", "invalid-origin"),
            (Origin(pattern="https://a.example", description="\ud800"), "description", "invalid"),
            (Policy(name="a b", path="/a"), "name", "invalid"),
            (Policy(name="p", path="a"), "path", "invalid-path"),
            (Policy(name="p", path="/a", max_age=86401), "max_age", "max-age-out-of-range"),
            (Policy(name="p", path="/a", allowed_methods=["TRACE"]), "allowed_methods", "forbidden-method"),
            (Policy(name="p", path="/a", trust_for_csrf=True), "trust_for_csrf", "csrf-needs-credentials"),
            (Policy(name="p", path="/a", resource_policy="none"), "resource_policy", "invalid"),
            (Policy(name="p", path="/a", resource_policy=""), "resource_policy", "invalid"),
        ],
    )
    def test_refused(self, row: Model, field: str, code: str) -> None:
        assert code in found(row)[field]

    @pytest.mark.parametrize(
        ("row", "field"),
        [
            (Origin(pattern=None), "pattern"),  # type: ignore[misc]
            (OriginGroup(name=None), "name"),  # type: ignore[misc]
            (Policy(name="p", path=None), "path"),  # type: ignore[misc]
        ],
    )
    def test_nothing_is_no_value(self, row: Model, field: str) -> None:
        assert "invalid" in found(row)[field]

    def test_patterns_are_normalised(self) -> None:
        origin, row = Origin(pattern="HTTPS://A.example:443/"), Policy(name="p", path="/a/", host="A.example")

        origin.full_clean()
        row.full_clean()

        assert (origin.pattern, row.path, row.host) == ("https://a.example", "/a", "a.example")

    def test_group_is_accepted_with_its_origins(self, credentialed: Policy) -> None:
        services.update_group(OriginGroup.objects.get(), {"origins": ["https://a.example"]})

        OriginGroup.objects.get().full_clean()


class TestLists:
    """A row that puts an origin into a list is refused where the policy would break a rule."""

    def test_origin_of_a_policy(self, credentialed: Policy) -> None:
        origin = services.create_origin({"pattern": "http://bad.example"})

        assert found(PolicyOrigin(policy=credentialed, origin=origin)) == {"origin": {"insecure-origin"}}

    def test_origin_of_a_group_that_a_policy_uses(self, credentialed: Policy) -> None:
        origin, group = services.create_origin({"pattern": "null"}), OriginGroup.objects.get()

        assert found(OriginGroupOrigin(group=group, origin=origin)) == {"origin": {"credentials-null-origin"}}

    def test_group_of_a_policy(self, credentialed: Policy) -> None:
        group = services.create_group({"name": "open", "origins": ["https://a.example", "*"]})

        assert found(PolicyOriginGroup(policy=credentialed, group=group)) == {
            "group": {"credentials-any-origin"}
        }

    def test_origin_that_is_renamed(self, credentialed: Policy) -> None:
        origin = Origin.objects.get(pattern="https://app.example")
        origin.pattern = "http://app.example"

        assert found(origin) == {"pattern": {"insecure-origin"}}

    def test_broken_row(self, credentialed: Policy) -> None:
        origin = Origin.objects.create(pattern="broken")

        assert found(PolicyOrigin(policy=credentialed, origin=origin)) == {"origin": {"invalid-origin"}}

    @pytest.mark.parametrize("row", [PolicyOrigin, OriginGroupOrigin, PolicyOriginGroup])
    def test_row_that_points_nowhere(self, row: type[Model]) -> None:
        assert "null" in {code for codes in found(row()).values() for code in codes}

    def test_what_breaks_no_rule_is_accepted(self, credentialed: Policy) -> None:
        origin = services.create_origin({"pattern": "https://good.example"})
        group = services.create_group({"name": "good", "origins": ["https://good.example"]})

        PolicyOrigin(policy=credentialed, origin=origin).full_clean()
        PolicyOriginGroup(policy=credentialed, group=group).full_clean()
        OriginGroupOrigin(group=OriginGroup.objects.get(name="g"), origin=origin).full_clean()
