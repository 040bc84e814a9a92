"""Is the set replaced and brought back whole, by those who may, and only if it is the one that they saw?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cors_policies import documents, services
from cors_policies.models import OriginGroup, Policy, Revision
from cors_policies.models.versions import read_token
from tests.factories import UserFactory
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ROOT = "/api/cors/"
APP = "https://app.example"
EMPTY: dict[str, Any] = {"policies": []}
NOTHING_KNOWN: dict[str, Any] = {
    "days": 7,
    "known": False,
    "unnamed": 0,
    "cut_off": [],
    "let_in": [],
    "opened_credentials": [],
}
WRITES = ("add_policy", "change_policy", "delete_policy")
GROUP_WRITES = ("add_origingroup", "change_origingroup", "delete_origingroup")


class Answer:
    """What a call was answered."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.etag: str | None = response.headers.get("ETag")
        self.body: Any = json.loads(response.content)

    @property
    def errors(self) -> list[tuple[str, str | None]]:
        """Codes and places."""
        return [(error["code"], error["attr"]) for error in self.body["errors"]]


class Api:
    """The API for one user."""

    def __init__(self, *permissions: str, user: User | None = None) -> None:
        self.client = Client()
        self.client.force_login(user or UserFactory.create(username="ada", permissions=permissions))

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else "application/json"
        return Answer(self.client.generic(method, ROOT + path, content, kind, headers=headers))


@pytest.fixture
def api(admin_user: User) -> Api:
    """The API for a superuser."""
    return Api(user=admin_user)


@pytest.fixture
def stored() -> dict[str, Any]:
    """A stored set: two policies and a group, in three revisions."""
    services.create_group({"name": "partners", "origins": ["https://partner.example"]})
    services.create_policy(policy("a", "/a", origin_groups=["partners"]))
    services.create_policy(policy("b", "/b"))
    return documents.policy_set_document("default")


def _state() -> tuple[Any, str, int]:
    return documents.policy_set_document("default"), read_token("default"), Revision.objects.count()


class TestRead:
    """The whole document, with the number of its revision as entity tag."""

    def test_of_an_empty_set(self, api: Api) -> None:
        answer = api("GET", "policy-set/")

        assert (answer.status, answer.etag) == (200, '"0"')
        assert answer.body == {"origin_groups": [], "policies": []}

    def test_of_a_stored_set(self, api: Api, stored: dict[str, Any]) -> None:
        answer = api("GET", "policy-set/")

        assert (answer.status, answer.etag, answer.body) == (200, '"3"', stored)

    def test_what_was_read_is_put_back_without_a_change(self, api: Api, stored: dict[str, Any]) -> None:
        before = _state()

        answer = api("PUT", "policy-set/", stored)

        assert (answer.status, answer.etag) == (200, '"3"')
        assert answer.body == {
            "revision": 3,
            "created": [],
            "updated": [],
            "deleted": [],
            "unchanged": 2,
            "origin_groups": {"created": [], "updated": [], "deleted": [], "unchanged": 1},
        }
        assert _state() == before


@pytest.mark.usefixtures("stored")
class TestReplace:
    """PUT makes the set equal to the body, as one revision."""

    BODY: ClassVar[Any] = {
        "origin_groups": [{"name": "friends", "origins": [APP]}],
        "policies": [policy("b", "/b"), policy("c", "/c", origin_groups=["friends"]), policy("a", "/other")],
    }
    REPORT: ClassVar[Any] = {
        "created": ["c"],
        "updated": ["a"],
        "deleted": [],
        "unchanged": 1,
        "origin_groups": {"created": ["friends"], "updated": [], "deleted": ["partners"], "unchanged": 0},
    }

    def test_answers_what_it_changed(self, api: Api) -> None:
        answer = api("PUT", "policy-set/?comment=Release+7", self.BODY)

        assert (answer.status, answer.etag) == (200, '"4"')
        assert answer.body == {"revision": 4, **self.REPORT}
        shown = api("GET", "revisions/4/").body
        assert (shown["comment"], shown["via"], shown["actor"]) == ("Release 7", "api", "admin")

    @pytest.mark.parametrize("value", ["true", "1"])
    def test_dry_run_answers_the_same_and_writes_nothing(self, api: Api, value: str) -> None:
        before = _state()

        answer = api("PUT", f"policy-set/?dry_run={value}", self.BODY)

        assert (answer.status, answer.etag) == (200, '"3"')
        assert answer.body.pop("impact") == NOTHING_KNOWN
        assert answer.body == {"revision": 3, **self.REPORT}
        assert _state() == before

    @pytest.mark.parametrize("value", ["false", "0"])
    def test_no_dry_run_writes(self, api: Api, value: str) -> None:
        assert api("PUT", f"policy-set/?dry_run={value}", EMPTY).body["revision"] == 4
        assert not Policy.objects.exists()

    @pytest.mark.parametrize(
        ("path", "body", "errors"),
        [
            pytest.param("?dry_run=yes", EMPTY, [("invalid", "dry_run")], id="dry-run"),
            pytest.param("?dry_run=", EMPTY, [("invalid", "dry_run")], id="empty-dry-run"),
            pytest.param("?dryrun=true", EMPTY, [("invalid", "dryrun")], id="misspelt"),
            pytest.param(f"?comment={'x' * 201}", EMPTY, [("invalid", "comment")], id="long-comment"),
            pytest.param("", {}, [("required", "policies")], id="no-policies"),
            pytest.param("", [], [("invalid", None)], id="no-object"),
            pytest.param("", {"policies": {}}, [("invalid", "policies")], id="no-list"),
            pytest.param("", {**EMPTY, "more": 1}, [("unknown-key", "more")], id="unknown-key"),
            pytest.param(
                "",
                {
                    "policies": [policy("x"), policy("x", "bad", allowed_origins=["https://a", "a b"])],
                    "origin_groups": [{"name": "g", "origins": [APP, "*", "x"]}],
                },
                [
                    ("invalid-origin", "origin_groups.0.origins.2"),
                    ("invalid-path", "policies.1.path"),
                    ("invalid-origin", "policies.1.allowed_origins.1"),
                    ("duplicate-name", "policies.1.name"),
                ],
                id="every-problem",
            ),
            pytest.param(
                "", {"policies": [policy("x", origin_groups=["partners"])]},
                [("unknown-group", "policies.0.origin_groups.0")], id="group-that-goes",
            ),
        ],
    )  # fmt: skip
    def test_what_is_refused_leaves_set_and_revisions(
        self, api: Api, path: str, body: Any, errors: list[tuple[str, str | None]]
    ) -> None:
        before = _state()

        answer = api("PUT", f"policy-set/{path}", body)

        assert (answer.status, answer.errors) == (400, errors)
        assert _state() == before

    def test_empty_body_is_no_empty_set(self, api: Api) -> None:
        before = _state()

        answer = api("PUT", "policy-set/")

        assert answer.status == 400
        assert _state() == before

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_has_no_other_methods(self, api: Api, method: str) -> None:
        assert api(method, "policy-set/", EMPTY).status == 405


@pytest.mark.usefixtures("stored")
class TestIfMatch:
    """A write is done only on the set that the client saw, dry runs and restores included."""

    CALLS = (
        "policy-set/",
        "policy-set/?dry_run=true",
        "revisions/1/restore/",
        "revisions/1/restore/?dry_run=1",
    )

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("tag", ['"2"', 'W/"3"', '"x", "y"', "3", ""])
    def test_of_another_set_is_refused(self, api: Api, call: str, tag: str) -> None:
        before = _state()

        answer = _write(api, call, {"If-Match": tag})

        assert (answer.status, answer.errors) == (412, [("precondition_failed", None)])
        assert _state() == before

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("tag", ['"3"', "*", '"2", "3"'])
    def test_of_this_set_is_done(self, api: Api, call: str, tag: str) -> None:
        assert _write(api, call, {"If-Match": tag}).status == 200


def _write(api: Api, call: str, headers: Mapping[str, str] | None = None) -> Answer:
    if call.startswith("policy-set/"):
        return api("PUT", call, EMPTY, headers)
    return api("POST", call, None, headers)


@pytest.mark.usefixtures("stored")
class TestRevisions:
    """What was changed, when, by whom and how, the newest first."""

    def test_shows_what_changed(self, api: Api, stored: dict[str, Any]) -> None:
        api("PATCH", "policies/a/?comment=Moved", {"name": "renamed", "path": "/x"})

        answer = api("GET", "revisions/4/")

        before = stored["policies"][0]
        assert answer.status == 200
        assert answer.body.pop("created_at").endswith("Z")
        assert answer.body == {
            "number": 4,
            "actor": "admin",
            "via": "api",
            "comment": "Moved",
            "changes": [
                {
                    "kind": "policy",
                    "name": "renamed",
                    "action": "updated",
                    "before": before,
                    "after": before | {"name": "renamed", "path": "/x"},
                }
            ],
        }

    def test_keys_stand_in_the_order_of_documents(self, api: Api, stored: dict[str, Any]) -> None:
        (change,) = api("GET", "revisions/3/").body["changes"]

        assert [*change["after"]] == [*stored["policies"][0]]

    def test_pages(self, api: Api) -> None:
        answer = api("GET", "revisions/?page_size=2")

        assert (answer.body["count"], answer.body["previous"]) == (3, None)
        assert answer.body["next"].endswith("/api/cors/revisions/?page=2&page_size=2")
        assert [entry["number"] for entry in answer.body["results"]] == [3, 2]

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("revisions/?page=9", 404),
            ("revisions/?page_size=0", 400),
            ("revisions/?search=x", 400),
            ("revisions/?ordering=number", 400),
            ("revisions/0/", 404),
            ("revisions/4/", 404),
            ("revisions/x/", 404),
            ("revisions/-1/", 404),
            ("revisions/99999999999999999999999/", 404),
            ("revisions/1/?comment=x", 400),
        ],
    )
    def test_what_is_not_there(self, api: Api, path: str, status: int) -> None:
        assert api("GET", path).status == status

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
    def test_are_never_written(self, api: Api, method: str) -> None:
        assert api(method, "revisions/1/", {}).status == 405
        assert api(method, "revisions/", {}).status == 405


@pytest.mark.usefixtures("stored")
class TestRestore:
    """Restore makes the set equal to that revision's, as a new revision."""

    def test_answers_as_a_replacement(self, api: Api, stored: dict[str, Any]) -> None:
        api("PUT", "policy-set/", EMPTY)

        answer = api("POST", "revisions/3/restore/?comment=Back")

        assert (answer.status, answer.etag) == (200, '"5"')
        assert answer.body == {
            "revision": 5,
            "created": ["a", "b"],
            "updated": [],
            "deleted": [],
            "unchanged": 0,
            "origin_groups": {"created": ["partners"], "updated": [], "deleted": [], "unchanged": 0},
        }
        assert documents.policy_set_document("default") == stored
        assert api("GET", "revisions/5/").body["comment"] == "Back"

    def test_dry_run_writes_nothing(self, api: Api) -> None:
        before = _state()

        answer = api("POST", "revisions/1/restore/?dry_run=true")

        assert (answer.body["revision"], answer.body["deleted"]) == (3, ["a", "b"])
        assert _state() == before

    @pytest.mark.parametrize("number", ["0", "4", "x"])
    def test_of_no_revision_is_not_found(self, api: Api, number: str) -> None:
        assert api("POST", f"revisions/{number}/restore/").status == 404

    def test_takes_no_body(self, api: Api) -> None:
        before = _state()

        assert api("POST", "revisions/1/restore/", {"policies": []}).status == 400
        assert _state() == before

    def test_a_form_without_fields_is_no_body(self, api: Api) -> None:
        answer = api.client.post(f"{ROOT}revisions/1/restore/")

        assert (answer.status_code, answer.json()["revision"]) == (200, 4)

    @pytest.mark.parametrize(
        ("content", "kind", "status"),
        [
            pytest.param(
                b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n', "", 400, id="field"
            ),
            pytest.param(b"x", "", 400, id="no-form"),
            pytest.param(b"x", "text/plain", 415, id="text"),
        ],
    )
    def test_what_holds_anything_is_refused(self, api: Api, content: bytes, kind: str, status: int) -> None:
        before = _state()

        answer = Answer(
            api.client.generic(
                "POST",
                f"{ROOT}revisions/1/restore/",
                content,
                kind or "multipart/form-data; boundary=b",
            )
        )

        assert answer.status == status
        assert _state() == before


@pytest.mark.usefixtures("stored")
class TestPermissions:
    """Reading needs to view policies; replacing needs to add, change and delete them, dry runs included."""

    READS = ("policy-set/", "revisions/", "revisions/1/")
    WRITES = (
        "policy-set/",
        "policy-set/?dry_run=true",
        "revisions/1/restore/",
        "revisions/1/restore/?dry_run=true",
    )

    @pytest.mark.parametrize("path", READS)
    def test_nobody_reads_who_may_not(self, client: Client, path: str) -> None:
        assert client.get(ROOT + path).status_code == 401
        assert Api()("GET", path).errors == [("permission_denied", None)]

    @pytest.mark.parametrize("path", READS)
    def test_who_may_view_reads(self, path: str) -> None:
        assert Api("view_policy")("GET", path).status == 200

    @pytest.mark.parametrize("path", READS[1:])
    def test_who_may_view_revisions_reads_them(self, path: str) -> None:
        api = Api("view_revision")

        assert api("GET", path).status == 200
        assert api("GET", "policy-set/").status == 403

    @pytest.mark.parametrize("path", WRITES)
    def test_nobody_writes_who_may_not(self, client: Client, path: str) -> None:
        before = _state()
        method = client.put if path.startswith("policy-set") else client.post

        assert method(ROOT + path, "{}", "application/json").status_code == 401
        for missing in WRITES:
            UserFactory.create()
            User.objects.filter(username="ada").delete()
            api = Api("view_policy", *GROUP_WRITES, *(name for name in WRITES if name != missing))
            assert _write(api, path).status == 403
        assert _state() == before

    @pytest.mark.parametrize("path", WRITES)
    def test_who_may_write_all_writes(self, path: str) -> None:
        assert _write(Api(*WRITES, *GROUP_WRITES), path).status == 200

    def test_who_may_write_revisions_restores_none(self) -> None:
        api, before = Api(*(f"{code}_revision" for code in ("view", "add", "change", "delete"))), _state()

        assert api("POST", "revisions/1/restore/").status == 403
        assert _state() == before

    def test_groups_need_their_own(self) -> None:
        api, before = Api(*WRITES), _state()

        refused = api("PUT", "policy-set/", EMPTY)

        assert (refused.status, refused.errors) == (403, [("permission_denied", None)])
        assert _state() == before
        kept = {"policies": [], "origin_groups": [documents.group_document(OriginGroup.objects.get())]}
        assert api("PUT", "policy-set/", kept).status == 200


class TestComments:
    """Every write may say why, in at most 200 characters; no read takes a comment."""

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "policies/", policy("new", "/new")),
            ("PUT", "policies/a/", policy("a", "/other")),
            ("PATCH", "policies/a/", {"mode": "off"}),
            ("DELETE", "policies/a/", None),
            ("POST", "policies/a/origins/", {"patterns": ["https://new.example"]}),
            ("DELETE", "policies/a/origins/", {"patterns": [APP]}),
            ("POST", "origin-groups/", {"name": "new"}),
            ("PATCH", "origin-groups/partners/", {"description": "x"}),
            ("DELETE", "origin-groups/partners/", None),
            ("PUT", "policy-set/", EMPTY),
            ("POST", "revisions/1/restore/", None),
        ],
    )
    def test_is_kept(self, api: Api, stored: dict[str, Any], method: str, path: str, body: Any) -> None:
        comment = "\u00e9" * 200
        content = b"" if body is None else json.dumps(body).encode()
        for length, status in ((201, 400), (200, 200)):
            response = api.client.generic(
                method,
                f"{ROOT}{path}?comment={'%C3%A9' * length}",
                content,
                "application/json" if body else "",
            )
            assert response.status_code // 100 == status // 100, response.content

        revision = Revision.objects.latest("number")
        assert (revision.number, revision.comment, revision.actor, revision.via) == (
            4,
            comment,
            "admin",
            "api",
        )

    @pytest.mark.parametrize("path", ["policies/", "policies/a/", "policy-set/", "revisions/", "origins/"])
    def test_no_read_takes_one(self, api: Api, stored: dict[str, Any], path: str) -> None:
        assert api("GET", f"{path}?comment=x").errors == [("invalid", "comment")]
