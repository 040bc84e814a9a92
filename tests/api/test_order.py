"""Do names come in one order, whatever order the database would give them?"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from cors_policies import services
from tests.api.test_sets import Api
from tests.helpers import policy

pytestmark = pytest.mark.django_db

NAMES = ["B", "_c", "a", "a-b", "aB", "a_b", "ab"]


@pytest.fixture
def api(admin_user: User) -> Api:
    """The API, and policies and groups whose names databases sort in different ways."""
    for name in reversed(NAMES):
        services.create_group({"name": name})
        services.create_policy(policy(name, "/api/**"))
    return Api(user=admin_user)


class TestOrder:
    """Names are ordered by their code points."""

    def test_of_the_set(self, api: Api) -> None:
        document = api("GET", "policy-set/").body

        for key in ("policies", "origin_groups"):
            assert [found["name"] for found in document[key]] == NAMES

    def test_in_which_policies_are_tried(self, api: Api) -> None:
        shown = api("GET", "policies/?governs=/api/x").body["results"]
        tried = api(
            "POST", "evaluate/", {"method": "GET", "path": "/api/x", "origin": "https://app.example"}
        ).body["path_group"]

        assert [found["name"] for found in shown] == tried == NAMES
