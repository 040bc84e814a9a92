"""Can an editor do the work in the admin, and no harm?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cors_policies import documents, services
from cors_policies.models import Origin, OriginGroup, Policy
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ROOT = "/admin/cors_policies/"
APP = "https://app.example"
FORM = {
    "name": "app",
    "path": "/api/**",
    "mode": "live",
    "host": "",
    "priority": "100",
    "max_age": "600",
    "description": "",
    "allowed_origins": "https://b.example\n\nhttps://a.example, https://c.example\n",
    "allowed_methods_usual": ["GET", "PUT"],
    "allowed_methods_others": "PROPFIND, REPORT",
    "allowed_headers": "X-Token\ncontent-type",
    "exposed_headers": "",
    "origin_groups": "",
}


def errors(html: str) -> dict[str, str]:
    """The error texts of a page, by field."""
    found = re.findall(r'<ul class="errorlist[^"]*"(?: id="id_(\w+)_error")?>(.*?)</ul>', html, re.DOTALL)
    return {name: re.sub(r"<[^>]+>", " ", text).strip() for name, text in found}


def fingerprint(client: Client, address: str) -> str:
    """The hidden field of a form as it is opened."""
    found = re.search(r'name="fingerprint" value="(\w+)"', client.get(address).content.decode())
    assert found
    return found[1]


class TestPolicyForm:
    """Origins are typed one a line; every rule is an error at its field; order is kept."""

    def test_new_policy_is_stored_as_it_was_typed(self, admin_client: Client) -> None:
        assert admin_client.post(f"{ROOT}policy/add/", FORM).status_code == 302

        stored = documents.policy_document(Policy.objects.get())
        assert stored["allowed_origins"] == ["https://b.example", "https://a.example", "https://c.example"]
        assert stored["allowed_methods"] == ["GET", "PUT", "PROPFIND", "REPORT"]
        assert stored["allowed_headers"] == ["x-token", "content-type"]

    def test_opened_and_saved_nothing_changes(self, admin_client: Client) -> None:
        admin_client.post(f"{ROOT}policy/add/", FORM)
        before = documents.policy_set_document("default")
        address = f"{ROOT}policy/{Policy.objects.get().pk}/change/"

        admin_client.post(address, {**FORM, "fingerprint": fingerprint(admin_client, address)})

        assert documents.policy_set_document("default") == before

    @pytest.mark.parametrize(
        ("changed", "field", "text"),
        [
            ({"path": "api"}, "path", "starts with a slash"),
            ({"host": "https://x"}, "host", "write the host alone"),
            ({"name": "a b"}, "name", "Write a name"),
            ({"allowed_origins": f"{APP}\n\nnonsense"}, "allowed_origins", "Line 3, nonsense: "),
            ({"origin_groups": "nobody"}, "origin_groups", "Line 1, nobody: There is no origin group"),
            ({"allowed_methods_others": "TRACE"}, "allowed_methods", "No script can send TRACE"),
            ({"allowed_methods_others": "patch"}, "allowed_methods", "Write PATCH"),
            ({"allowed_headers": "cookie"}, "allowed_headers", "Line 1, cookie: "),
            ({"exposed_headers": "x\nset-cookie"}, "exposed_headers", "Line 2, set-cookie: "),
            ({"max_age": "86401"}, "max_age", "86400"),
            ({"allowed_origins": "*", "allow_credentials": "on"}, "allowed_origins", "every site"),
            (
                {"allowed_origins": "http://x.example", "allow_credentials": "on"},
                "allowed_origins",
                "not https",
            ),
            ({"exposed_headers": "*", "allow_credentials": "on"}, "exposed_headers", "List the header names"),
        ],
    )
    def test_rule_is_an_error_at_its_field(
        self, admin_client: Client, changed: dict[str, str], field: str, text: str
    ) -> None:
        response = admin_client.post(f"{ROOT}policy/add/", {**FORM, **changed})

        assert response.status_code == 200
        assert text in errors(response.content.decode())[field]
        assert not Policy.objects.exists()

    def test_all_problems_come_at_once_and_the_text_stays(self, admin_client: Client) -> None:
        changed = {"path": "api", "allowed_origins": "nonsense\nhttps://x/y", "max_age": "many"}

        html = admin_client.post(f"{ROOT}policy/add/", {**FORM, **changed}).content.decode()

        assert set(errors(html)) == {"path", "allowed_origins", "max_age"}
        assert "nonsense\nhttps://x/y</textarea>" in html

    def test_colleague_s_change_is_not_overwritten(self, admin_client: Client) -> None:
        row = services.create_policy(policy())
        address = f"{ROOT}policy/{row.pk}/change/"
        opened = fingerprint(admin_client, address)
        services.update_policy(row, {"max_age": 5}, partial=True)

        response = admin_client.post(address, {**FORM, "fingerprint": opened})

        assert "Somebody else has changed this" in response.content.decode()
        assert Policy.objects.get().max_age == 5


class TestPolicyList:
    """Columns show at a glance who is let in; the list costs the same however long it is."""

    def test_columns(self, admin_client: Client) -> None:
        services.create_group({"name": "partners", "origins": []})
        many = [f"https://o{number}.example" for number in range(5)]
        services.create_policy(policy("many", allowed_origins=many, origin_groups=["partners"]))
        services.create_policy(policy("shield", "/s", allowed_origins=[]))
        services.create_policy(policy("open", "/o", allowed_origins=["*"], allowed_methods=["*"]))

        html = admin_client.get(f"{ROOT}policy/").content.decode()

        assert "2 more, group partners" in html
        assert "nobody (shield)" in html
        assert "every origin" in html
        assert "any method" in html

    def test_queries_do_not_grow(self, admin_client: Client) -> None:
        services.create_policy(policy("p"))
        with CaptureQueriesContext(connection) as few:
            admin_client.get(f"{ROOT}policy/")
        for number in range(20):
            services.create_policy(policy(f"p{number}", f"/{number}"))
        with CaptureQueriesContext(connection) as many:
            admin_client.get(f"{ROOT}policy/")

        assert len(many) <= len(few) <= 20

    @pytest.mark.parametrize(
        "query", ["q=app.example", "mode__exact=off", "allow_credentials__exact=1", "host="]
    )
    def test_searched_and_filtered(self, admin_client: Client, query: str) -> None:
        services.create_policy(policy())

        assert admin_client.get(f"{ROOT}policy/?{query}").status_code == 200

    def test_actions(self, admin_client: Client) -> None:
        row = services.create_policy(policy())

        for action, modes in [
            ("switch_off", ["off"]),
            ("make_live", ["live"]),
            ("duplicate", ["live", "off"]),
        ]:
            admin_client.post(f"{ROOT}policy/", {"action": action, "_selected_action": [row.pk]})
            assert [*Policy.objects.order_by("name").values_list("mode", flat=True)] == modes
        assert Policy.objects.get(mode="off").name == "public-api-copy"

    def test_deleted(self, admin_client: Client) -> None:
        rows = [services.create_policy(policy(name, f"/{name}")) for name in ("a", "b", "c")]
        admin_client.post(f"{ROOT}policy/{rows[0].pk}/delete/", {"post": "yes"})
        chosen = [row.pk for row in rows[1:]]
        page = admin_client.post(f"{ROOT}policy/", {"action": "delete_selected", "_selected_action": chosen})
        assert "policy/" in page.content.decode()
        admin_client.post(
            f"{ROOT}policy/", {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
        )

        assert not Policy.objects.exists()


class TestOriginsAndGroups:
    """An origin shows where it is used; a group is typed one origin a line."""

    @pytest.fixture(autouse=True)
    def _rows(self) -> None:
        services.create_group({"name": "partners", "origins": ["https://partner.example"]})
        services.create_policy(policy(origin_groups=["partners"], allow_credentials=True))

    def test_pages_show_where_it_is_used(self, admin_client: Client) -> None:
        direct, member = Origin.objects.get(pattern=APP), Origin.objects.exclude(pattern=APP).get()
        group = OriginGroup.objects.get()

        for path, text in [
            (f"origin/{direct.pk}/change/", ">public-api</a>"),
            (f"origin/{member.pk}/change/", ">partners</a>"),
            (f"origin/{member.pk}/delete/", ">partners</a>"),
            (f"origingroup/{group.pk}/change/", ">public-api</a>"),
            (f"origingroup/{group.pk}/delete/", ">public-api</a>"),
            ("origin/", APP),
            ("origingroup/", "partners"),
            ("origin/add/", "pattern"),
            ("origingroup/add/", "One a line"),
        ]:
            assert text in admin_client.get(ROOT + path).content.decode(), path

    def test_group_is_stored_in_order(self, admin_client: Client) -> None:
        form = {"name": "g", "description": "", "origins": "https://z.example\nhttps://a.example"}
        admin_client.post(f"{ROOT}origingroup/add/", form)
        row = OriginGroup.objects.get(name="g")
        assert documents.group_document(row)["origins"] == ["https://z.example", "https://a.example"]
        admin_client.post(f"{ROOT}origingroup/{row.pk}/change/", {**form, "origins": ""})
        assert documents.group_document(row)["origins"] == []

    def test_rename_that_breaks_a_policy_is_refused(self, admin_client: Client) -> None:
        row = Origin.objects.get(pattern=APP)
        response = admin_client.post(f"{ROOT}origin/{row.pk}/change/", {"pattern": "null", "description": ""})

        assert (
            "Policy &quot;public-api&quot; allows credentials" in errors(response.content.decode())["pattern"]
        )

    def test_origin_is_created_and_renamed(self, admin_client: Client) -> None:
        admin_client.post(f"{ROOT}origin/add/", {"pattern": "HTTPS://New.example", "description": "x"})
        row = Origin.objects.get(pattern="https://new.example")
        admin_client.post(
            f"{ROOT}origin/{row.pk}/change/", {"pattern": "https://newer.example", "description": ""}
        )

        assert Origin.objects.get(pk=row.pk).pattern == "https://newer.example"


class TestViewers:
    """Who may only look sees the lists as they are, and no form; who may nothing sees nothing."""

    @pytest.fixture
    def viewer(self, client: Client) -> Client:
        """Signed in, with the view permissions only."""
        user = get_user_model().objects.create_user("viewer", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        client.force_login(user)
        return client

    def test_viewer_reads(self, viewer: Client) -> None:
        services.create_group({"name": "partners", "origins": ["https://partner.example"]})
        row = services.create_policy(policy(origin_groups=["partners"], exposed_headers=["x-total"]))
        pages: dict[str, Any] = {
            f"policy/{row.pk}/change/": ("app.example", "partners", "content-type", "x-total"),
            f"origingroup/{OriginGroup.objects.get().pk}/change/": ("partner.example", "public-api"),
            f"origin/{Origin.objects.get(pattern=APP).pk}/change/": ("app.example", "public-api"),
        }
        for path, texts in pages.items():
            html = viewer.get(ROOT + path).content.decode()
            assert all(text in html for text in texts), path
            assert "<textarea" not in html
            assert "fingerprint" not in html

    def test_stranger_is_refused(self, client: Client) -> None:
        client.force_login(get_user_model().objects.create_user("stranger", is_staff=True))

        assert client.get(f"{ROOT}policy/").status_code == 403
