"""Who sees what, and is what they see safe to show?"""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cors_policies import services
from cors_policies.models import Origin, OriginGroup, Policy
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, text
from tests.helpers import policy

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
MODELS = ("policy", "origin", "origingroup")


@pytest.fixture
def pages() -> dict[str, list[str]]:
    """A row of each kind, and the paths of all pages by kind."""
    group = services.create_group({"name": "partners", "origins": ["https://partner.example"]})
    row = services.create_policy(
        policy(origin_groups=["partners"], exposed_headers=["x-total"], allow_credentials=True)
    )
    origin = Origin.objects.get(pattern="https://app.example")
    keys = {"policy": row.pk, "origin": origin.pk, "origingroup": group.pk}
    views = ("change", "delete", "history")
    return {kind: ["", "add/", *(f"{key}/{view}/" for view in views)] for kind, key in keys.items()}


def status(client: Client, kind: str, page: str) -> int:
    """The status of a page."""
    return client.get(f"{ROOT}{kind}/{page}").status_code


class TestPermissions:
    """Pages open to those who have the permission of their kind, and to nobody else."""

    @pytest.mark.parametrize("kind", MODELS)
    def test_stranger_sees_nothing(self, sign_in: SignIn, pages: dict[str, list[str]], kind: str) -> None:
        client = sign_in()

        assert {status(client, kind, page) for page in pages[kind]} == {403}

    @pytest.mark.parametrize("kind", MODELS)
    @pytest.mark.parametrize(
        ("verb", "opened"),
        [
            ("view", ["", "change", "history"]),
            ("add", ["add"]),
            ("change", ["", "change", "history"]),
            ("delete", ["delete"]),
        ],
    )
    def test_permission_opens_its_pages(
        self, sign_in: SignIn, pages: dict[str, list[str]], kind: str, verb: str, opened: list[str]
    ) -> None:
        client = sign_in(f"{verb}_{kind}")

        found = [page for page in pages[kind] if status(client, kind, page) == 200]

        assert [page.rstrip("/").rpartition("/")[2] for page in found] == opened

    @pytest.mark.parametrize("kind", MODELS)
    def test_viewer_cannot_save(self, sign_in: SignIn, pages: dict[str, list[str]], kind: str) -> None:
        client = sign_in(f"view_{kind}")
        before = [*Policy.objects.values(), *Origin.objects.values(), *OriginGroup.objects.values()]

        answer = client.post(f"{ROOT}{kind}/{pages[kind][2]}", {"name": "x", "pattern": "null", "path": "/"})

        assert answer.status_code == 403
        after = [*Policy.objects.values(), *Origin.objects.values(), *OriginGroup.objects.values()]
        assert after == before


class TestViewers:
    """Who may only look reads the lists as they are, and sees no form."""

    @pytest.mark.parametrize(
        ("kind", "shown"),
        [
            (
                "policy",
                ["https://app.example", "partners", "GET HEAD POST", "content-type", "x-total", "600"],
            ),
            ("origingroup", ["https://partner.example", "public-api"]),
            ("origin", ["https://app.example", "public-api"]),
        ],
    )
    def test_reads(self, sign_in: SignIn, pages: dict[str, list[str]], kind: str, shown: list[str]) -> None:
        html = text(sign_in(f"view_{kind}").get(f"{ROOT}{kind}/{pages[kind][2]}"))

        assert [words for words in shown if words not in html] == []
        assert "<textarea" not in html
        assert 'name="opened"' not in html
        assert 'name="_save"' not in html

    def test_reads_a_broken_row(self, sign_in: SignIn, pages: dict[str, list[str]]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET allowed_headers = '7', exposed_headers = 'null'")

        html = text(sign_in("view_policy").get(f"{ROOT}policy/{pages['policy'][2]}"))

        assert "<li>7</li>" in html


class TestSafety:
    """What somebody wrote is shown as text; no page needs an inline script or style."""

    def test_nothing_is_inline(self, admin_client: Client, pages: dict[str, list[str]]) -> None:
        for kind, found in pages.items():
            for page in found:
                assert INLINE.findall(text(admin_client.get(f"{ROOT}{kind}/{page}"))) == [], (kind, page)

    def test_no_error_page_is_inline(self, admin_client: Client) -> None:
        response = FormPage(admin_client, "policy/add/").save(allowed_origins="nonsense", origin_groups="x")

        assert INLINE.findall(response.content.decode()) == []

    def test_hostile_text_that_is_refused_is_escaped(self, admin_client: Client) -> None:
        hostile = dict.fromkeys(
            ("name", "path", "host", "allowed_origins", "origin_groups", "max_age"), HOSTILE
        )
        lists = dict.fromkeys(("allowed_headers", "exposed_headers", "allowed_methods_others"), HOSTILE)

        response = FormPage(admin_client, "policy/add/").save(**hostile, **lists)

        html = response.content.decode()
        assert html.count("&lt;script&gt;") > len(hostile)
        assert "<script>" not in html
        assert "<img src=x" not in html

    def test_hostile_text_that_is_stored_is_escaped(
        self, admin_client: Client, pages: dict[str, list[str]]
    ) -> None:
        for table, column in (("policy", "description"), ("origin", "pattern"), ("origingroup", "name")):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT id FROM cors_policies_{table}")  # noqa: S608
                for (key,) in cursor.fetchall():
                    update = f"UPDATE cors_policies_{table} SET {column} = %s WHERE id = %s"  # noqa: S608
                    cursor.execute(update, [f"{HOSTILE}{key}", key])
        LogEntry.objects.all().delete()

        for kind, found in pages.items():
            for page in found:
                html = text(admin_client.get(f"{ROOT}{kind}/{page}"))
                assert "<script>" not in html, (kind, page)
                assert "<img src=x" not in html, (kind, page)

    def test_form_holds_off_other_writers_before_it_reads(
        self, admin_client: Client, pages: dict[str, list[str]]
    ) -> None:
        page = FormPage(admin_client, f"policy/{pages['policy'][2]}")

        with CaptureQueriesContext(connection) as queries:
            page.stored(max_age="5")

        asked = [query["sql"] for query in queries.captured_queries]
        locked = next(place for place, sql in enumerate(asked) if "cors_policies_policysetversion" in sql)
        table = f"FROM {connection.ops.quote_name('cors_policies_policy')}"
        read = next(place for place, sql in enumerate(asked) if table in sql)
        assert asked[locked].startswith("UPDATE")
        assert locked < read
