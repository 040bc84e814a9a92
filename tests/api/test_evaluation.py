"""Does ``evaluate/`` answer what a browser would do, to whoever may see policies?"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client

from cors_policies import documents, services
from cors_policies.core.browser import evaluate, parse_browser_request
from cors_policies.store import current_snapshot
from cors_policies.testing import override_cors_policies
from tests.api.test_resources import Api
from tests.factories import UserFactory
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ROOT: Final = Path(__file__).parents[2]
APP = "https://app.example"
ASKED: dict[str, Any] = {"method": "GET", "path": "/api/x", "origin": APP}
VARY_PREFLIGHT = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


@pytest.fixture
def api(client: Client) -> Api:
    """The API for somebody who may see policies, and nothing else."""
    client.force_login(UserFactory.create(permissions=("view_policy",)))
    return Api(client)


def ask(api: Api, **keys: Any) -> Any:
    """The answer to a request that is answered."""
    status, answer = api("POST", "evaluate/", {**ASKED, **keys})
    assert status == 200, answer
    return answer


class TestAnswer:
    """The whole document, every key included, by the set that is in force."""

    def test_allowed_with_a_preflight(self, api: Api) -> None:
        services.create_policy(
            policy(allowed_methods=["PUT"], allowed_headers=["x-a"], exposed_headers=["x-total"])
        )

        assert ask(api, method="put", path="/api/x?y", headers={"X-A": "1", "Cookie": "z"}) == {
            "outcome": "allowed",
            "reason": "allowed",
            "policy": "public-api",
            "path_group": ["public-api"],
            "preflight": {
                "status": 200,
                "headers": {
                    "Access-Control-Allow-Origin": APP,
                    "Access-Control-Allow-Methods": "PUT",
                    "Access-Control-Allow-Headers": "x-a",
                    "Access-Control-Max-Age": "600",
                    "Vary": VARY_PREFLIGHT,
                },
            },
            "actual": {
                "status": None,
                "headers": {
                    "Access-Control-Allow-Origin": APP,
                    "Access-Control-Expose-Headers": "x-total",
                    "Vary": "Origin",
                },
            },
            "explanation": [
                "fetch() writes the method put as PUT.",
                "fetch() drops Cookie: no script can set it.",
                "The browser asks first with a preflight, because of the method PUT and the request header "
                "x-a.",
                '/api/x belongs to the path group of /api/**, which holds policy "public-api".',
                f'The first that allows {APP} is policy "public-api": it alone governs the request.',
                "The server answers the preflight with 200 and lets the request through.",
                "The browser sends PUT and hands the response to the script, which may also read the "
                "response headers x-total.",
            ],
        }

    def test_ungoverned(self, api: Api) -> None:
        answer = ask(api, method="DELETE", path="/nowhere")

        assert {key: answer[key] for key in answer if key != "explanation"} == {
            "outcome": "ungoverned",
            "reason": "ungoverned",
            "policy": None,
            "path_group": [],
            "preflight": {"status": None, "headers": {}},
            "actual": None,
        }

    @pytest.mark.parametrize(
        ("keys", "outcome", "reason"),
        [
            ({}, "allowed", "allowed"),
            ({"origin": "https://evil.example"}, "denied", "origin-not-allowed"),
            ({"method": "DELETE"}, "denied", "method-not-allowed"),
            ({"headers": {"x-a": ""}}, "denied", "header-not-allowed"),
            ({"credentials": "include"}, "denied", "credentials-not-allowed"),
            ({"credentials": "same-origin"}, "allowed", "allowed"),
            ({"origin": "https://api.example", "host": "api.example:443"}, "allowed", "same-origin"),
            ({"origin": "https://api.example"}, "denied", "origin-not-allowed"),
            ({"origin": "http://api.example", "host": "api.example"}, "denied", "origin-not-allowed"),
            ({"origin": None}, "allowed", "not-cors"),
            ({"path": "/other"}, "ungoverned", "ungoverned"),
        ],
    )
    def test_outcome_and_reason(self, api: Api, keys: dict[str, Any], outcome: str, reason: str) -> None:
        services.create_policy(policy())
        answer = ask(api, **keys)

        assert (answer["outcome"], answer["reason"]) == (outcome, reason)

    def test_without_origin_there_is_no_check(self, api: Api) -> None:
        status, answer = api("POST", "evaluate/", {"method": "PUT", "path": "/api/x"})

        assert (status, answer["reason"], answer["preflight"]) == (200, "not-cors", None)

    def test_set_in_force_is_asked(self, api: Api) -> None:
        services.create_policy(policy("stored"))
        assert ask(api)["path_group"] == ["stored"]
        with override_cors_policies(policy("first", priority=1), policy("second")):
            assert ask(api)["path_group"] == ["first", "second"]

    def test_nothing_is_stored(self, api: Api) -> None:
        services.create_policy(policy())
        before = documents.read_policy_set("default").version

        ask(api, policy_set={"policies": []})

        assert documents.read_policy_set("default").version == before


class TestOtherSet:
    """With ``policy_set`` that set is asked instead: its live and unexpired policies."""

    def test_replaces_the_stored_one(self, api: Api) -> None:
        services.create_policy(policy("stored"))
        group = {"name": "partners", "origins": ["https://*.partner.example"]}
        other = {"origin_groups": [group], "policies": [policy("other", origin_groups=["partners"])]}

        answer = ask(api, origin="https://a.partner.example", policy_set=other)

        assert (answer["policy"], answer["path_group"]) == ("other", ["other"])
        assert ask(api, policy_set={"policies": []})["outcome"] == "ungoverned"

    @pytest.mark.parametrize(
        ("keys", "counts"),
        [
            ({}, True),
            ({"mode": "off"}, False),
            ({"mode": "live", "expires_at": timedelta(hours=1)}, True),
            ({"mode": "live", "expires_at": timedelta(seconds=-1)}, False),
        ],
    )
    def test_only_what_is_in_force_counts(self, api: Api, keys: dict[str, Any], counts: bool) -> None:
        if "expires_at" in keys:
            keys = {**keys, "expires_at": (datetime.now(timezone.utc) + keys["expires_at"]).isoformat()}

        answer = ask(api, policy_set={"policies": [policy(**keys)]})

        assert answer["outcome"] == ("allowed" if counts else "ungoverned")

    def test_stored_groups_are_no_part_of_it(self, api: Api) -> None:
        services.create_group({"name": "stored", "origins": [APP]})
        other = {"policies": [policy(origin_groups=["stored"])]}

        assert api.refusal("POST", "evaluate/", {**ASKED, "policy_set": other}) == [
            ("unknown-group", "policy_set.policies.0.origin_groups.0")
        ]


class TestRefusals:
    """All problems come at once, those of the set with ``policy_set.`` before their place."""

    def test_of_both(self, api: Api) -> None:
        body = {
            "method": "trace",
            "path": "x",
            "headers": {"x a": "1"},
            "credential": "omit",
            "policy_set": {"policies": [policy(path="y", allowed_origins=[APP, "z"])], "x": 1},
        }

        assert api.refusal("POST", "evaluate/", body) == [
            ("unknown-key", "credential"),
            ("forbidden-method", "method"),
            ("invalid-path", "path"),
            ("invalid-header", "headers.x a"),
            ("unknown-key", "policy_set.x"),
            ("invalid-path", "policy_set.policies.0.path"),
            ("invalid-origin", "policy_set.policies.0.allowed_origins.1"),
        ]

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ([], ("invalid", None)),
            ("text", ("invalid", None)),
            ({**ASKED, "policy_set": None}, ("invalid", "policy_set")),
            ({**ASKED, "policy_set": []}, ("invalid", "policy_set")),
            ({**ASKED, "policy_set": {}}, ("required", "policy_set.policies")),
            ({**ASKED, "policy_set": {"policies": 1}}, ("invalid", "policy_set.policies")),
            ({**ASKED, "policy_set": {"policies": [1]}}, ("invalid", "policy_set.policies.0")),
            ({**ASKED, "method": "G T"}, ("invalid-method", "method")),
            ({**ASKED, "host": "a b"}, ("invalid-host", "host")),
            ({**ASKED, "scheme": "ftp"}, ("invalid", "scheme")),
            ({**ASKED, "credentials": "always"}, ("invalid", "credentials")),
            ({**ASKED, "headers": []}, ("invalid", "headers")),
            ({**ASKED, "origin": 1}, ("invalid", "origin")),
            ({"method": "GET"}, ("required", "path")),
        ],
    )
    def test_one_problem(self, api: Api, body: Any, problem: tuple[str, str | None]) -> None:
        assert api.refusal("POST", "evaluate/", body) == [problem]

    def test_key_that_is_known_is_named(self, api: Api) -> None:
        _, answer = api("POST", "evaluate/", {**ASKED, "policyset": {}})

        assert answer["errors"][0]["detail"].endswith("headers, credentials, policy_set.")

    @pytest.mark.parametrize("parameter", ["comment=x", "dry_run=true", "path=/x"])
    def test_parameters_are_unknown(self, api: Api, parameter: str) -> None:
        name = parameter.partition("=")[0]

        assert api.refusal("POST", f"evaluate/?{parameter}", ASKED) == [("invalid", name)]

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_other_methods_are_refused(self, api: Api, method: str) -> None:
        status, answer = api(method, "evaluate/")

        assert (status, answer["errors"][0]["code"]) == (405, "method_not_allowed")

    def test_empty_body_is_no_request(self, api: Api) -> None:
        assert api.refusal("POST", "evaluate/") == [("parse_error", None)]


class TestPermission:
    """Whoever may see policies may ask, and nobody else."""

    @pytest.mark.parametrize(
        ("permissions", "status", "code"),
        [
            (None, 401, "not_authenticated"),
            ((), 403, "permission_denied"),
            (("view_policy",), 200, None),
            (("add_policy", "change_policy", "delete_policy"), 403, "permission_denied"),
            (("view_origin", "view_origingroup"), 403, "permission_denied"),
        ],
    )
    def test_view_permission_is_needed(
        self, client: Client, permissions: tuple[str, ...] | None, status: int, code: str | None
    ) -> None:
        if permissions is not None:
            client.force_login(UserFactory.create(permissions=permissions))

        answered, answer = Api(client)("POST", "evaluate/", ASKED)

        assert answered == status
        if code is not None:
            (error,) = answer["errors"]
            assert (answer["type"], error["code"], error["attr"]) == ("client_error", code, None)

    def test_superuser_may(self, admin_client: Client) -> None:
        assert Api(admin_client)("POST", "evaluate/", ASKED)[0] == 200


class TestDescription:
    """OpenAPI names every status and every key."""

    def test_operation(self, api: Api) -> None:
        found = api("GET", "schema/")[1]
        operation = found["paths"]["/evaluate/"]["post"]
        schemas = found["components"]["schemas"]

        assert set(operation["responses"]) == {"200", "400", "401", "403", "413", "415"}
        assert set(schemas["Evaluation"]["properties"]) == set(ask(api))
        assert set(schemas["BrowserRequest"]["properties"]) == {
            *("method", "path", "origin", "host", "scheme", "headers", "credentials", "policy_set")
        }
        assert set(schemas["BrowserRequest"]["required"]) == {"method", "path"}


class TestPage:
    """The example of docs/rest-api.md is what the demo's policies answer."""

    def test_example_is_as_it_was_run(self, api: Api) -> None:
        page = (ROOT / "docs" / "rest-api.md").read_text("utf-8").split("## What a browser would do")[1]
        asked, answer = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)[:2])
        services.apply_document(json.loads((ROOT / "project" / "example-policies.json").read_text("utf-8")))

        assert api("POST", "evaluate/", asked) == (200, answer)
        assert evaluate(current_snapshot(), parse_browser_request(asked)).to_document() == answer
