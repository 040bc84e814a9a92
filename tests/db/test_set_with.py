"""What would the whole set be with a change, without the change?"""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from cors_policies import services
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.documents import read_policy_set
from cors_policies.models import Policy
from cors_policies.models.versions import read_token
from tests.helpers import policy

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def row() -> Policy:
    """A stored policy, between others."""
    services.create_group({"name": "g", "origins": ["https://g.example"]})
    services.create_policy(policy("a", "/a", origin_groups=["g"]))
    found = services.create_policy(policy("b", "/b"))
    services.create_policy(policy("c", "/c"))
    return found


class TestSetWith:
    """It is the set that would be stored, and nothing is stored."""

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param(policy("b", "/b", max_age=5, origin_groups=["g"]), id="changed"),
            pytest.param(policy("renamed", "/b/**"), id="renamed"),
            pytest.param(policy("b", "/b/", allowed_origins=["https://B.example:443/"]), id="normalised"),
        ],
    )
    def test_is_what_a_save_would_give(self, row: Policy, changed: Document) -> None:
        before, token = read_policy_set("default"), read_token("default")

        found = services.set_with(changed, row)

        assert read_policy_set("default") == before
        assert read_token("default") == token
        services.update_policy(row, changed)
        after = read_policy_set("default")
        assert sorted(found.policies, key=str) == sorted(after.policies, key=str)
        assert found.groups == after.groups

    @pytest.mark.usefixtures("row")
    def test_has_a_new_policy(self) -> None:
        found = services.set_with(policy("new", "/new"))

        assert sorted(policy.name for policy in found.policies) == ["a", "b", "c", "new"]
        assert not Policy.objects.filter(name="new").exists()

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            pytest.param(policy("b", "no-slash"), "invalid-path", id="invalid"),
            pytest.param(policy("a", "/b"), "duplicate-name", id="taken-name"),
            pytest.param(policy("b", "/b", origin_groups=["none"]), "unknown-group", id="unknown-group"),
            pytest.param([], "invalid", id="no-object"),
        ],
    )
    def test_refuses_what_a_save_refuses(self, row: Policy, changed: object, code: str) -> None:
        with pytest.raises(InvalidPolicyError) as refused:
            services.set_with(changed, row)

        assert [problem.code for problem in refused.value.problems] == [code]

    def test_keeps_the_shields_of_broken_rows(self, row: Policy) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET allowed_methods = '7' WHERE name = 'a'")

        snapshot = services.set_with(policy("b", "/b"), row).compile(NOW)

        group = snapshot.find_group("/a")
        assert group is not None
        assert group.policies == ()

    def test_takes_a_fixed_number_of_queries(
        self, row: Policy, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(30):
            services.create_policy(policy(f"p{number}", f"/{number}"))

        with django_assert_num_queries(8):
            services.set_with(policy("b", "/b"), row)
