"""Is everything that a stranger can send an answer of the API, and never an error of the server?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cors_policies import documents, services
from cors_policies.models import Origin, OriginGroup
from tests.api.test_resources import Api
from tests.helpers import policy

pytestmark = pytest.mark.django_db

HALF = "\ud800"
WRITES = (("POST", "policies/"), ("PUT", "policies/public-api/"), ("PATCH", "policies/public-api/"))
GROUP_WRITES = (("POST", "origin-groups/"), ("PUT", "origin-groups/g/"), ("PATCH", "origin-groups/g/"))


@pytest.fixture
def api(admin_client: Client) -> Api:
    """The API for a superuser, with a policy, a group and an origin."""
    services.create_group({"name": "g", "origins": ["https://a.example"]})
    services.create_policy(policy(origin_groups=["g"]))
    return Api(admin_client)


class TestTextsThatNoDatabaseTakes:
    """A NUL character or half a character is a problem of its key, wherever it stands."""

    @pytest.mark.parametrize("text", [HALF, "\0", f"a{HALF}b"])
    @pytest.mark.parametrize(("method", "path"), [*WRITES, *GROUP_WRITES])
    def test_in_a_name(self, api: Api, method: str, path: str, text: str) -> None:
        body = {"name": text} if path.startswith("origin-groups/") else {"name": text, "path": "/a"}

        assert api.refusal(method, path, body) == [("invalid", "name")]

    @pytest.mark.parametrize("text", [HALF, "\0"])
    @pytest.mark.parametrize(("method", "path"), WRITES)
    def test_in_a_groups_name(self, api: Api, method: str, path: str, text: str) -> None:
        body = {"name": "n", "path": "/a", "origin_groups": ["g", text]}

        assert api.refusal(method, path, body) == [("unknown-group", "origin_groups.1")]

    @pytest.mark.parametrize(
        ("key", "value", "code", "attr"),
        [
            ("description", HALF, "invalid", "description"),
            ("mode", HALF, "invalid", "mode"),
            ("host", HALF, "invalid-host", "host"),
            ("path", f"/{HALF}", "invalid-path", "path"),
            ("expires_at", HALF, "invalid", "expires_at"),
            ("allowed_origins", [f"https://{HALF}.example"], "invalid-origin", "allowed_origins.0"),
            ("allowed_origins", [f"~{HALF}"], "invalid-origin", "allowed_origins.0"),
            ("allowed_methods", [HALF], "invalid-method", "allowed_methods.0"),
            ("allowed_headers", [HALF], "invalid-header", "allowed_headers.0"),
            ("exposed_headers", ["\0"], "invalid-header", "exposed_headers.0"),
            (HALF, 1, "unknown-key", "\\ud800"),
        ],
    )
    def test_in_another_key(self, api: Api, key: str, value: Any, code: str, attr: str) -> None:
        assert api.refusal("PATCH", "policies/public-api/", {key: value}) == [(code, attr)]

    @pytest.mark.parametrize("pattern", [HALF, "https://\0.example"])
    def test_in_an_origin(self, api: Api, pattern: str) -> None:
        assert api.refusal("POST", "origins/", {"pattern": pattern}) == [("invalid-origin", "pattern")]
        assert api.refusal("POST", "policies/public-api/origins/", {"patterns": [pattern]}) == [
            ("invalid-origin", "patterns.0")
        ]


class TestSizes:
    """Long lists, long words and many of them are answered too."""

    def test_more_groups_than_a_query_takes(self, api: Api) -> None:
        names = ["g", *(f"group-{number}" for number in range(260_000))]

        status, answer = api("PATCH", "policies/public-api/", {"origin_groups": names})

        assert (status, len(answer["errors"])) == (400, 260_000)
        assert answer["errors"][0]["attr"] == "origin_groups.1"

    @pytest.mark.parametrize("path", ["policies/", "origins/", "origin-groups/"])
    @pytest.mark.parametrize("text", ["+".join(map(str, range(32))), "x" * 1000, "a+" * 500])
    def test_long_search_is_answered(self, api: Api, path: str, text: str) -> None:
        assert api("GET", f"{path}?search={text}")[0] == 200

    @pytest.mark.parametrize("path", ["policies/", "origins/", "origin-groups/"])
    @pytest.mark.parametrize("text", ["+".join(map(str, range(33))), "x" * 1001])
    def test_longer_search_is_refused(self, api: Api, path: str, text: str) -> None:
        assert api.refusal("GET", f"{path}?search={text}") == [("invalid", "search")]

    def test_same_column_many_times(self, api: Api) -> None:
        assert api("GET", f"policies/?ordering={'-name,' * 3000}name")[0] == 200


class TestEmptyBody:
    """An empty body is never an empty document: a list is not emptied by a request that got lost."""

    @pytest.mark.parametrize("kind", ["application/json", ""])
    @pytest.mark.parametrize(("method", "path"), [*WRITES, *GROUP_WRITES, ("POST", "origins/")])
    def test_is_refused(self, api: Api, admin_client: Client, method: str, path: str, kind: str) -> None:
        before = documents.policy_set_document("default")

        response = admin_client.generic(method, f"/api/cors/{path}", b"", content_type=kind)

        assert (response.status_code, json.loads(response.content)["errors"][0]["code"]) == (
            400,
            "parse_error",
        )
        assert documents.policy_set_document("default") == before

    def test_is_refused_where_an_origin_is_changed(self, api: Api) -> None:
        key = Origin.objects.get(pattern="https://a.example").pk

        assert api.refusal("PATCH", f"origins/{key}/", b"") == [("parse_error", None)]

    def test_object_without_keys_is_another_thing(self, api: Api) -> None:
        assert api("PUT", "origin-groups/g/", {})[1]["origins"] == []


class TestWhatWasReadIsWritten:
    """An answer can be sent back; what is only shown cannot be changed."""

    def test_origin(self, api: Api) -> None:
        key = Origin.objects.get(pattern="https://a.example").pk
        shown = api("GET", f"origins/{key}/")[1]

        assert api("PATCH", f"origins/{key}/", shown) == (200, shown)
        assert api("PATCH", f"origins/{key}/", {**shown, "description": "ours"})[1]["description"] == "ours"

    @pytest.mark.parametrize(("key", "value"), [("id", 0), ("policies", ["x"]), ("origin_groups", [])])
    def test_what_is_only_shown_is_not_changed(self, api: Api, key: str, value: Any) -> None:
        row = Origin.objects.get(pattern="https://a.example").pk

        assert api.refusal("PATCH", f"origins/{row}/", {key: value}) == [("unknown-key", key)]


class TestRenamedToAnyOrigin:
    """An origin that becomes ``*`` leaves nothing beside it, as writing the whole list would."""

    def test_lists_are_as_they_would_be_written(self, api: Api) -> None:
        services.create_policy(policy("beside", allowed_origins=["https://b.example", "https://a.example"]))
        services.add_origins(OriginGroup.objects.get(), ["https://c.example"])
        key = Origin.objects.get(pattern="https://a.example").pk

        assert api("PATCH", f"origins/{key}/", {"pattern": "*"})[0] == 200

        assert api("GET", "policies/beside/")[1]["allowed_origins"] == ["*"]
        assert api("GET", "origin-groups/g/")[1]["origins"] == ["*"]
        assert api("GET", "policies/public-api/")[1]["allowed_origins"] == ["https://app.example"]

    def test_reading_and_writing_the_set_changes_nothing(self, api: Api) -> None:
        services.create_policy(policy("beside", allowed_origins=["https://b.example", "https://a.example"]))
        services.update_origin(Origin.objects.get(pattern="https://a.example"), {"pattern": "*"})

        report = services.apply_document(documents.policy_set_document("default"), replace=True)

        assert report.changes == ()


class TestGoverns:
    """A host is asked for as a browser names it."""

    @pytest.mark.parametrize(
        "given",
        ["//api.example.com/x", "//API.example.com/x/", "//api.example.com:8000/x", "//api.example.com./x"],
    )
    def test_host_is_read_as_a_request_has_it(self, api: Api, given: str) -> None:
        services.create_policy(policy("here", "/x", host="api.example.com"))

        assert [found["name"] for found in api("GET", f"policies/?governs={given}")[1]["results"]] == ["here"]


class TestCallsThatAreNone:
    """A method that an address does not have is 405, whatever is asked of it."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "policies/public-api/origins/?pattern=x"),
            ("DELETE", "policies/?x=1"),
            ("POST", "schema/?x=1"),
        ],
    )
    def test_is_not_allowed(self, api: Api, method: str, path: str) -> None:
        status, answer = api(method, path, {})

        assert (status, answer["errors"][0]["code"]) == (405, "method_not_allowed")


class TestLinks:
    """The description says which calls can be made with what an answer shows."""

    def test_new_policy_links_to_its_own_calls(self, api: Api) -> None:
        found = api("GET", "schema/")[1]["paths"]

        links = found["/policies/"]["post"]["responses"]["201"]["links"]
        assert links["policies_update"] == {
            "operationId": "policies_update",
            "parameters": {"name": "$response.body#/name", "If-Match": "$response.header.ETag"},
        }
        assert links["policies_retrieve"]["parameters"] == {"name": "$response.body#/name"}
        listed = found["/origins/"]["get"]["responses"]["200"]["links"]
        assert listed["origins_destroy"]["parameters"] == {"id": "$response.body#/results/0/id"}

    def test_every_call_of_a_member_is_linked(self, api: Api) -> None:
        found = api("GET", "schema/")[1]["paths"]

        for collection in ("/policies/", "/origins/", "/origin-groups/"):
            members = {path: calls for path, calls in found.items() if path.startswith(collection + "{")}
            calls = {call["operationId"] for calls in members.values() for call in calls.values()}
            assert set(found[collection]["get"]["responses"]["200"]["links"]) == calls
