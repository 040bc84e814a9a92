"""Does the API take every timestamp, and give the one text that it has?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cors_policies import services
from cors_policies.models.versions import read_token
from tests.api.test_resources import Api
from tests.helpers import policy

END = "2030-01-31T18:00:00Z"


@pytest.fixture
def api(admin_client: Client) -> Api:
    """The API for a superuser."""
    return Api(admin_client)


@pytest.mark.django_db
class TestText:
    """Timestamps are UTC with ``Z``, whatever offset they were written with."""

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            (END, END),
            ("2030-01-31T20:00:00+02:00", END),
            ("2030-01-31t12:30:00-05:30", END),
            ("2030-01-31T18:00:00.25Z", "2030-01-31T18:00:00.250000Z"),
            (None, None),
        ],
    )
    def test_is_normalised(self, api: Api, written: str | None, shown: str | None) -> None:
        status, created = api("POST", "policies/", policy(expires_at=written))

        assert (status, created["expires_at"]) == (201, shown)
        assert api("GET", "policies/public-api/") == (200, created)

    @pytest.mark.parametrize(
        "written", ["", "2030-01-31", "2030-01-31T18:00:00", "2030-02-30T00:00:00Z", 1893456000, True, [END]]
    )
    def test_is_refused_at_its_key(self, api: Api, written: Any) -> None:
        assert api.refusal("POST", "policies/", policy(expires_at=written)) == [("invalid", "expires_at")]


@pytest.mark.django_db(transaction=True)
class TestRoundTrip:
    """What was read can be PUT back, and a write that changes nothing moves no version."""

    @pytest.fixture(autouse=True)
    def _stored(self) -> None:
        services.create_policy(policy(expires_at="2030-01-31T18:00:00.5Z"))

    def test_what_was_read_is_put_back(self, api: Api) -> None:
        _, shown = api("GET", "policies/public-api/")
        token, tag = read_token("default"), api.headers["ETag"]

        assert api("PUT", "policies/public-api/", shown) == (200, shown)
        assert (read_token("default"), api.headers["ETag"]) == (token, tag)

    @pytest.mark.parametrize(
        "written", ["2030-01-31T18:00:00.500Z", "2030-01-31T19:00:00.5+01:00", "2030-01-31 18:00:00.5000009z"]
    )
    def test_the_same_instant_in_other_words_changes_nothing(self, api: Api, written: str) -> None:
        token = read_token("default")

        assert api("PATCH", "policies/public-api/", {"expires_at": written})[0] == 200
        assert read_token("default") == token

    def test_another_instant_is_a_change(self, api: Api) -> None:
        token = read_token("default")

        assert api("PATCH", "policies/public-api/", {"expires_at": END})[1]["expires_at"] == END
        assert read_token("default") != token

    def test_omitted_from_a_put_it_is_none(self, api: Api) -> None:
        assert api("PUT", "policies/public-api/", policy())[1]["expires_at"] is None

    def test_omitted_from_a_patch_it_stays(self, api: Api) -> None:
        _, shown = api("PATCH", "policies/public-api/", {"max_age": 5})

        assert shown["expires_at"] == "2030-01-31T18:00:00.500000Z"


@pytest.mark.django_db
class TestGoverning:
    """``governs`` names the policies that are in force, not those that have expired."""

    def test_expired_policy_governs_nothing(self, api: Api) -> None:
        services.create_policy(policy("wide", "/**"))
        services.create_policy(policy("gone", expires_at="2020-01-01T00:00:00Z"))
        services.create_policy(policy("still", "/api/deep/**", expires_at="9999-01-01T00:00:00Z"))

        found = [
            [shown["name"] for shown in api("GET", f"policies/?governs={path}")[1]["results"]]
            for path in ("/api/x", "/api/deep/x")
        ]

        assert found == [["wide"], ["still"]]


@pytest.mark.django_db
def test_description_names_the_format(api: Api) -> None:
    _, schema = api("GET", "schema/")
    expires_at = schema["components"]["schemas"]["Policy"]["properties"]["expires_at"]

    assert json.loads(json.dumps(expires_at)) == {"type": "string", "format": "date-time", "nullable": True}
