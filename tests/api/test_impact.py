"""Does a dry run say what the change would mean, and is that all that it says more than the write?"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from cors_policies import services
from tests.api.test_sets import NOTHING_KNOWN, Api
from tests.factories import observe
from tests.helpers import policy

pytestmark = pytest.mark.django_db

APP = "https://app.example"
NEW = "https://new.example"
DRY = "policy-set/?dry_run=true"


@pytest.fixture
def api(admin_user: User) -> Api:
    """The API for a superuser, where one policy is stored."""
    services.create_policy(policy())
    return Api(user=admin_user)


class TestDryRun:
    """``impact`` names who would be cut off, let in, and given credentials, with the counts."""

    BODY: ClassVar[Any] = {"policies": [policy(allowed_origins=[NEW], allow_credentials=True)]}

    def test_whole(self, api: Api, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE": "all"}
        observe(APP, days=(2, 3), reason="allowed")
        observe(NEW, days=(4,))
        observe("", days=(5,), reason="allowed", method="")

        answer = api("PUT", DRY, self.BODY)

        row = {"host": "", "path": "/api/**", "method": "GET", "partly": False}
        assert answer.body["impact"] == {
            "days": 7,
            "known": True,
            "unnamed": 5,
            "cut_off": [{**row, "origin": APP, "count": 5, "reason": "origin-not-allowed"}],
            "let_in": [{**row, "origin": NEW, "count": 4, "reason": "allowed"}],
            "opened_credentials": [
                {"policy": "public-api", "host": "", "path": "/api/**", "origins": [NEW], "origin_count": 1}
            ],
        }

    def test_other_keys_are_those_of_the_write(self, api: Api) -> None:
        dry, wet = api("PUT", DRY, self.BODY).body, api("PUT", "policy-set/", self.BODY).body

        assert dry.keys() - wet.keys() == {"impact"}
        assert {**dry, "revision": 2, "impact": None} == {**wet, "impact": None}

    def test_nothing_is_known_where_only_refusals_are_counted(self, api: Api) -> None:
        answer = api("PUT", DRY, {"policies": []})

        assert answer.body["impact"] == NOTHING_KNOWN

    def test_of_a_restore(self, api: Api, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE": "all"}
        observe(NEW, reason="allowed")
        api("PUT", "policy-set/", {"policies": [policy(allowed_origins=[NEW])]})

        answer = api("POST", "revisions/1/restore/?dry_run=1")

        found: Any = answer.body["impact"]
        assert [(row["origin"], row["count"]) for row in found["cut_off"]] == [(NEW, 1)]
