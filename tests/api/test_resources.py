"""Do the resources answer, refuse and keep their shape as they say?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from cors_policies import documents, services
from cors_policies.models import Origin, Policy, Revision
from tests.factories import OriginGroupFactory, PolicyFactory, UserFactory
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ROOT = "/api/cors/"
APP = "https://app.example"


class Api:
    """The API as a program uses it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = "application/json" if body is not None else ""
        response = self.client.generic(method, ROOT + path, content, content_type=kind, headers=headers)
        self.headers = response.headers
        return response.status_code, json.loads(response.content) if response.content else None

    def refusal(self, method: str, path: str, body: Any = None) -> list[tuple[str, str | None]]:
        """Codes and places of a refusal that has stored nothing."""
        before = documents.policy_set_document("default")
        status, answer = self(method, path, body)
        assert documents.policy_set_document("default") == before
        assert status == 400, answer
        assert all(error["detail"] for error in answer["errors"])
        return [(error["code"], error["attr"]) for error in answer["errors"]]


@pytest.fixture
def api(admin_client: Client) -> Api:
    """The API for a superuser."""
    return Api(admin_client)


@pytest.fixture
def stored() -> dict[str, Any]:
    """A stored policy with a group."""
    OriginGroupFactory.create(name="partners")
    services.create_policy(policy(origin_groups=["partners"], allowed_origins=[APP, "https://*.app.example"]))
    return documents.policy_document(Policy.objects.get())


class TestPolicies:
    """One policy is created, shown, replaced, changed, renamed and deleted by its name."""

    def test_life_of_a_policy(self, api: Api) -> None:
        status, created = api("POST", "policies/", policy(path="/api/"))
        assert (status, created["path"], created["max_age"]) == (201, "/api", 600)

        assert api("GET", "policies/public-api/") == (200, created)
        assert api("PUT", "policies/public-api/", created) == (200, created)
        assert api("PATCH", "policies/public-api/", {"max_age": None})[1] == {**created, "max_age": None}
        status, replaced = api("PUT", "policies/public-api/", {"path": "/new"})
        assert (status, replaced["max_age"], replaced["allowed_origins"]) == (200, 600, [])
        assert api("PATCH", "policies/public-api/", {"name": "renamed"})[1]["name"] == "renamed"
        assert api("GET", "policies/public-api/")[0] == 404
        assert api("DELETE", "policies/renamed/") == (204, None)
        assert api("PUT", "policies/renamed/", {"path": "/x"})[0] == 404

    def test_keys_of_embedding_stand_where_they_say_something(self, api: Api, stored: dict[str, Any]) -> None:
        keys = {"resource_policy": "same-site", "timing_allow_origin": True}
        assert not stored.keys() & keys.keys()
        whole = api("GET", "policy-set/")[1]

        said = api("PATCH", "policies/public-api/", keys)[1]
        assert said == {**stored, **keys}
        assert api("PUT", "policies/public-api/", said)[1] == said
        change = api("GET", "revisions/")[1]["results"][0]["changes"][0]
        assert (change["before"], change["after"]) == (stored, said)
        number = api("GET", "revisions/")[1]["results"][0]["number"]

        assert api("PATCH", "policies/public-api/", {"resource_policy": None})[1] == {
            **stored,
            "timing_allow_origin": True,
        }
        assert api("PUT", "policies/public-api/", stored)[1] == stored
        assert api("GET", "policy-set/")[1] == whole
        assert api("POST", f"revisions/{number}/restore/")[0] == 200
        assert api("GET", "policies/public-api/")[1] == said

    def test_wrong_values_of_embedding_are_refused(self, api: Api, stored: dict[str, Any]) -> None:
        wrong = {"resource_policy": "", "timing_allow_origin": None}

        assert api.refusal("PATCH", "policies/public-api/", wrong) == [
            ("invalid", "resource_policy"),
            ("invalid", "timing_allow_origin"),
        ]

    def test_all_problems_come_at_once(self, api: Api, stored: dict[str, Any]) -> None:
        body = policy(path="x", allowed_origins=["y", APP], allowed_methods=["TRACE"], origin_groups=["z"])

        assert api.refusal("POST", "policies/", body) == [
            ("invalid-path", "path"),
            ("invalid-origin", "allowed_origins.0"),
            ("unknown-group", "origin_groups.0"),
            ("forbidden-method", "allowed_methods.0"),
            ("duplicate-name", "name"),
        ]

    @pytest.mark.parametrize("body", [[], "text", 7, None])
    def test_what_is_no_object_is_refused(self, api: Api, stored: dict[str, Any], body: Any) -> None:
        content = json.dumps(body).encode()

        assert api.refusal("PUT", "policies/public-api/", content) == [("invalid", None)]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"{", "parse_error"),
            (b"\xff", "parse_error"),
            (b'{"a": NaN}', "parse_error"),
            (b'{"path": "/a", "path": "/b"}', "parse_error"),
            (b"[" * 100_000, "parse_error"),
        ],
    )
    def test_what_is_no_json_is_refused(self, api: Api, content: bytes, code: str) -> None:
        status, answer = api("POST", "policies/", content)

        assert (status, answer["type"], answer["errors"][0]["code"]) == (400, "client_error", code)

    def test_other_content_type_is_refused(self, admin_client: Client) -> None:
        response = admin_client.post(f"{ROOT}policies/", "a=b", content_type="text/plain")

        (error,) = response.json()["errors"]
        assert (response.status_code, error["code"]) == (415, "unsupported_media_type")
        assert error["detail"].endswith("Send JSON, with Content-Type: application/json.")

    @pytest.mark.parametrize(
        ("accept", "status"), [("text/html", 406), ("text/html, */*;q=0.1", 200), ("", 200)]
    )
    def test_json_is_all_that_is_spoken(self, admin_client: Client, accept: str, status: int) -> None:
        response = admin_client.get(f"{ROOT}policies/", headers={"accept": accept} if accept else {})

        assert (response.status_code, response.headers["Content-Type"]) == (status, "application/json")

    def test_other_method_is_refused(self, api: Api) -> None:
        status, answer = api("DELETE", "policies/")

        assert (status, answer["errors"][0]["code"]) == (405, "method_not_allowed")


class TestOriginsOfAList:
    """Origins are added at the end and removed, in a policy as in a group."""

    @pytest.mark.parametrize(
        ("owner", "key"), [("policies/public-api", "allowed_origins"), ("origin-groups/partners", "origins")]
    )
    def test_added_and_removed(self, api: Api, stored: dict[str, Any], owner: str, key: str) -> None:
        before = api("GET", f"{owner}/")[1][key]

        assert api("POST", f"{owner}/origins/", {"patterns": ["https://New.example"]})[1][key] == [
            *before,
            "https://new.example",
        ]
        assert api("DELETE", f"{owner}/origins/", {"patterns": ["https://new.example"]})[1][key] == before
        assert api("DELETE", f"{owner}/origins/?pattern={before[0]}")[1][key] == before[1:]

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ({}, ("required", "patterns")),
            ({"patterns": []}, ("required", "patterns")),
            ({"patterns": ["x"]}, ("invalid-origin", "patterns.0")),
            ({"pattern": []}, ("unknown-key", "pattern")),
            ([], ("invalid", None)),
        ],
    )
    def test_refused(
        self, api: Api, stored: dict[str, Any], method: str, body: Any, problem: tuple[str, str | None]
    ) -> None:
        assert api.refusal(method, "policies/public-api/origins/", body) == [problem]


class TestGroupsAndOrigins:
    """Groups and origins are documents too; an origin is renamed and revoked everywhere."""

    def test_life_of_a_group(self, api: Api) -> None:
        body = {"name": "g", "description": "", "origins": [APP]}
        assert api("POST", "origin-groups/", body) == (201, body)
        assert api("PATCH", "origin-groups/g/", {"description": "ours"})[1] == {**body, "description": "ours"}
        assert api("PUT", "origin-groups/g/", {})[1] == {**body, "origins": []}
        assert api("GET", "origin-groups/")[1]["count"] == 1
        assert api("DELETE", "origin-groups/g/")[0] == 204

    def test_origin_shows_where_it_is_used(self, api: Api, stored: dict[str, Any]) -> None:
        (shown,) = api("GET", f"origins/?pattern={APP}:443/")[1]["results"]

        assert (shown["pattern"], shown["policies"], shown["origin_groups"]) == (APP, ["public-api"], [])
        assert api("GET", f"origins/{shown['id']}/") == (200, shown)

    def test_origin_is_renamed_and_revoked_everywhere(self, api: Api, stored: dict[str, Any]) -> None:
        key = Origin.objects.get(pattern=APP).pk
        assert api("PATCH", f"origins/{key}/", {"pattern": "https://renamed.example"})[0] == 200
        assert "https://renamed.example" in documents.policy_document(Policy.objects.get())["allowed_origins"]
        assert api("DELETE", f"origins/{key}/")[0] == 204
        assert documents.policy_document(Policy.objects.get())["allowed_origins"] == ["https://*.app.example"]

    def test_origin_is_created_once(self, api: Api) -> None:
        assert api("POST", "origins/", {"pattern": APP, "description": "noted"})[0] == 201
        assert api.refusal("POST", "origins/", {"pattern": APP}) == [("duplicate-name", "pattern")]

    @pytest.mark.parametrize("name", ["x", "9" * 30, "%00", "-1"])
    def test_what_is_no_number_is_not_found(self, api: Api, name: str) -> None:
        assert api("GET", f"origins/{name}/")[1]["errors"][0]["code"] == "not_found"

    def test_odd_name_is_not_found(self, api: Api) -> None:
        assert api("GET", "policies/%00/")[0] == 404


class TestPreconditions:
    """``If-Match`` is honoured by every write; an ETag changes exactly when the body does."""

    WRITES = (
        ("PUT", "policies/public-api/", {"path": "/x"}),
        ("PATCH", "policies/public-api/", {"path": "/x"}),
        ("DELETE", "policies/public-api/", None),
        ("POST", "policies/public-api/origins/", {"patterns": ["https://x.example"]}),
        ("DELETE", "policies/public-api/origins/", {"patterns": [APP]}),
    )

    @pytest.mark.parametrize(("method", "path", "body"), WRITES)
    @pytest.mark.parametrize("tag", ['"other"', 'W/"other"', "nonsense"])
    def test_stale_tag_is_refused(
        self, api: Api, stored: dict[str, Any], method: str, path: str, body: Any, tag: str
    ) -> None:
        status, answer = api(method, path, body, {"if-match": tag})

        assert (status, answer["errors"][0]["code"]) == (412, "precondition_failed")
        assert ("Write it as it was sent" in answer["errors"][0]["detail"]) == (tag == "nonsense")
        assert documents.policy_document(Policy.objects.get()) == stored

    @pytest.mark.parametrize(("method", "path", "body"), WRITES)
    @pytest.mark.parametrize("any_tag", [True, False])
    def test_fresh_tag_is_let_through(
        self, api: Api, stored: dict[str, Any], method: str, path: str, body: Any, any_tag: bool
    ) -> None:
        api("GET", "policies/public-api/")
        tag = "*" if any_tag else f'"other", {api.headers["ETag"]}'

        assert api(method, path, body, {"if-match": tag})[0] in {200, 204}

    def test_tag_changes_with_the_body_only(self, api: Api, stored: dict[str, Any]) -> None:
        api("GET", "policies/public-api/")
        tag = api.headers["ETag"]
        api("PUT", "policies/public-api/", stored)
        assert api.headers["ETag"] == tag
        api("PATCH", "policies/public-api/", {"max_age": 1})
        assert api.headers["ETag"] != tag


class TestLists:
    """Lists are filtered, searched, ordered and cut into pages; what nothing would read is refused."""

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", ["narrow", "off", "public-api"]),
            ("mode=off", ["off"]),
            ("host=", ["off", "public-api"]),
            ("host=API.example.com", ["narrow"]),
            ("path=/api/**/", ["narrow", "public-api"]),
            ("allow_credentials=true", ["narrow"]),
            (f"origin={APP}", ["narrow", "off", "public-api"]),
            ("origin=https://x.app.example", ["off", "public-api"]),
            ("origin=https://partner.example", ["off", "public-api"]),
            ("origin=https://anybody.example", ["off"]),
            ("governs=/api/x", ["public-api"]),
            ("governs=//api.example.com/api/x", ["narrow"]),
            ("governs=/nowhere", []),
            ("search=NARROW", ["narrow"]),
            ("search=app.example", ["narrow", "public-api"]),
            ("ordering=-name", ["public-api", "off", "narrow"]),
            ("page_size=1&page=2", ["off"]),
        ],
    )
    def test_found(self, api: Api, stored: dict[str, Any], query: str, names: list[str]) -> None:
        services.create_policy(policy("narrow", host="api.example.com", allow_credentials=True))
        services.create_policy(policy("off", "/off", mode="off", allowed_origins=["*"]))

        assert [found["name"] for found in api("GET", f"policies/?{query}")[1]["results"]] == names

    @pytest.mark.parametrize(
        ("method", "path", "code", "attr"),
        [
            ("GET", "policies/?x=1", "invalid", "x"),
            ("GET", "policies/public-api/?x=1", "invalid", "x"),
            ("DELETE", "policies/public-api/?dry_run=true", "invalid", "dry_run"),
            ("GET", "policies/?format=xml", "invalid", "format"),
            ("GET", "schema/?x=1", "invalid", "x"),
            ("GET", "docs/?x=1", "invalid", "x"),
            ("GET", "policies/?mode=z", "invalid", "mode"),
            ("GET", "policies/?mode=", "invalid", "mode"),
            ("GET", "policies/?allow_credentials=maybe", "invalid", "allow_credentials"),
            ("GET", "policies/?governs=api", "invalid", "governs"),
            ("GET", "policies/?path=api", "invalid", "path"),
            ("GET", "policies/?ordering=colour", "invalid", "ordering"),
            ("GET", "policies/?page_size=0", "invalid", "page_size"),
            ("GET", "policies/?page_size=1001", "invalid", "page_size"),
            ("GET", "policies/?page=x", "invalid", "page"),
            ("GET", "policies/?search=%00", "invalid", "search"),
        ],
    )
    def test_refused(
        self, api: Api, stored: dict[str, Any], method: str, path: str, code: str, attr: str
    ) -> None:
        assert api.refusal(method, path) == [(code, attr)]

    @pytest.mark.parametrize(
        ("path", "values"),
        [
            ("policies/?mode=on", "live, trial, off"),
            ("policies/?allow_credentials=yes", "true, 1, false, 0"),
        ],
    )
    def test_refusal_names_the_values(self, api: Api, path: str, values: str) -> None:
        assert api("GET", path)[1]["errors"][0]["detail"] == f"Write one of: {values}."

    def test_page_past_the_end_is_not_found(self, api: Api) -> None:
        assert api("GET", "policies/?page=2")[0] == 404

    def test_queries_do_not_grow(
        self, api: Api, stored: dict[str, Any], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        PolicyFactory.create_batch(20)
        api("GET", "schema/")  # the process loads the set that has changed

        with django_assert_num_queries(6):
            api("GET", "policies/")


class TestPermissions:
    """Anonymous 401; without the model permission 403; a list is changed by who may change its owner."""

    CALLS: ClassVar[tuple[tuple[str, str, Any, str], ...]] = (
        ("GET", "policies/", None, "view"),
        ("GET", "policies/public-api/", None, "view"),
        ("POST", "policies/", {}, "add"),
        ("PUT", "policies/public-api/", {"path": "/x"}, "change"),
        ("PATCH", "policies/public-api/", {}, "change"),
        ("DELETE", "policies/public-api/", None, "delete"),
        ("POST", "policies/public-api/origins/", {"patterns": [APP]}, "change"),
        ("DELETE", "policies/public-api/origins/", {"patterns": [APP]}, "change"),
    )

    @pytest.mark.parametrize(("method", "path", "body", "needed"), CALLS)
    @pytest.mark.parametrize("granted", ["nobody", None, "view", "add", "change", "delete"])
    def test_needed_permission(
        self,
        client: Client,
        stored: dict[str, Any],
        method: str,
        path: str,
        body: Any,
        needed: str,
        granted: str,
    ) -> None:
        if granted != "nobody":
            user = UserFactory.create(permissions=(f"{granted}_policy",))
            client.force_login(user)
        api = Api(client)

        status, answer = api(method, path, body)

        if granted == needed:
            assert status in {200, 201, 204, 400}
        else:
            expected = (401, "not_authenticated") if granted == "nobody" else (403, "permission_denied")
            assert (status, answer["errors"][0]["code"]) == expected

    @pytest.mark.parametrize("path", ["schema/", "docs/"])
    def test_description_is_for_who_is_signed_in(self, client: Client, path: str) -> None:
        assert client.get(ROOT + path).status_code == 401
        client.force_login(UserFactory.create())
        assert client.get(ROOT + path).status_code == 200

    def test_prefix_alone_leads_to_the_description(self, client: Client) -> None:
        response = client.get(ROOT)

        assert (response.status_code, response["Location"]) == (302, "docs/")

    def test_project_may_name_other_permissions(self, client: Client, settings: Settings) -> None:
        settings.CORS_POLICIES = {"API_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"]}

        assert client.get(f"{ROOT}policies/").status_code == 200

    @pytest.mark.parametrize("path", ["policies/", "policy-set/", "origins/", "evaluate/", "revisions/"])
    def test_nobody_may_be_no_user_at_all(self, client: Client, settings: Settings, path: str) -> None:
        settings.REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}

        assert client.get(ROOT + path).status_code == 401

    def test_no_user_at_all_may_write_where_the_project_says_so(
        self, client: Client, settings: Settings
    ) -> None:
        settings.REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}
        settings.CORS_POLICIES = {"API_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"]}
        api = Api(client)

        assert api("POST", "policies/", policy("open"))[0] == 201
        assert api("PUT", "policy-set/", {"policies": [], "origin_groups": [{"name": "g"}]})[0] == 403
        assert Revision.objects.get().actor == ""


class TestDescription:
    """The description names every address and every status that an operation answers."""

    def test_every_operation_names_its_refusals(self, api: Api) -> None:
        found = api("GET", "schema/")[1]

        assert found["servers"] == [{"url": "/api/cors"}]
        assert set(found["paths"]) == {
            "/policies/",
            "/policies/{name}/",
            "/policies/{name}/origins/",
            "/origins/",
            "/origins/{id}/",
            "/origin-groups/",
            "/origin-groups/{name}/",
            "/origin-groups/{name}/origins/",
            "/evaluate/",
            "/policy-set/",
            "/revisions/",
            "/revisions/{number}/",
            "/revisions/{number}/restore/",
            "/observations/",
        }
        for path, operations in found["paths"].items():
            for operation in operations.values():
                refusals = {"400", "401", "403"} | ({"404"} if "{" in path else set())
                assert refusals <= set(operation["responses"]), path
        restore = found["paths"]["/revisions/{number}/restore/"]["post"]
        assert set(restore["responses"]) == {"200", "400", "401", "403", "404", "412", "415"}

    def test_page_shows_every_operation_without_a_script(self, admin_client: Client) -> None:
        page = admin_client.get(f"{ROOT}docs/").content.decode()

        assert page.count("<details>") == 28
        assert "<script" not in page
        assert "style=" not in page
