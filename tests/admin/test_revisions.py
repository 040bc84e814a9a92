"""Does the admin show what was changed, when, by whom and how, to those who may know?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cors_policies import services
from cors_policies.models import OriginGroup, Policy, Revision
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, shown_texts, text
from tests.admin.test_access import HOSTILE, INLINE
from tests.helpers import policy

pytestmark = pytest.mark.django_db

LIST = f"{ROOT}revision/"
MAX_BYTES, MAX_QUERIES = 1_000_000, 20


def page_of(number: int, page: str = "change/") -> str:
    """The address of a page of a revision."""
    return f"{LIST}{number}/{page}"


def found(client: Client, query: str) -> list[int]:
    """The numbers of the revisions that a list shows."""
    changes = client.get(f"{LIST}?{query}").context["cl"]
    return [revision.number for revision in changes.result_list]


def shown(client: Client, number: int) -> str:
    """The text of the page of a revision, without its head."""
    return shown_texts(text(client.get(page_of(number)))).split("Changes", 1)[1]


@pytest.fixture
def history() -> None:
    """Five revisions by several ways in."""
    with services.acting("admin", "ada", "The first one"):
        row = services.create_policy(policy("app", "/app"))
    with services.acting("api", "bob"):
        services.create_group({"name": "partners", "origins": ["https://partner.example"]})
    with services.acting("command", comment="Release 7"):
        services.update_policy(row, {"name": "renamed", "max_age": 60}, partial=True)
    with services.acting("api", "ada"):
        services.update_policy(
            row, {"allowed_origins": ["https://b.example", "https://c.example"]}, partial=True
        )
    services.delete_group(OriginGroup.objects.get())


@pytest.mark.usefixtures("history")
class TestAccess:
    """Who may view policies, or revisions, reads the history; nobody writes it."""

    PAGES = (LIST, page_of(1), page_of(1, "history/"))

    @pytest.mark.parametrize("permission", ["view_policy", "change_policy", "view_revision"])
    def test_opens_to_who_may_view(self, sign_in: SignIn, permission: str) -> None:
        client = sign_in(permission)

        assert [client.get(page).status_code for page in self.PAGES] == [200, 200, 200]
        assert 'href="/admin/cors_policies/revision/"' in text(client.get("/admin/"))

    @pytest.mark.parametrize("permission", ["add_policy", "view_origingroup", "view_origin"])
    def test_stays_closed_to_others(self, sign_in: SignIn, permission: str) -> None:
        client = sign_in(permission)

        assert [client.get(page).status_code for page in self.PAGES] == [403, 403, 403]

    def test_nobody_adds_changes_or_deletes(self, admin_client: Client) -> None:
        before = [*Revision.objects.order_by("number").values()]

        assert admin_client.get(f"{LIST}add/").status_code == 403
        assert admin_client.get(page_of(1, "delete/")).status_code == 403
        assert admin_client.post(page_of(1, "delete/"), {"post": "yes"}).status_code == 403
        assert admin_client.post(page_of(1), {"comment": "mine"}).status_code == 403
        admin_client.post(LIST, {"action": "delete_selected", "_selected_action": [1], "post": "yes"})
        assert [*Revision.objects.order_by("number").values()] == before

    @pytest.mark.parametrize("key", ["99", "x", "%00", "9" * 30])
    def test_what_is_not_there(self, admin_client: Client, key: str) -> None:
        assert admin_client.get(f"{LIST}{key}/change/").status_code in {302, 404}


@pytest.mark.usefixtures("history")
class TestList:
    """The newest first, each with who, how, why and what; narrowed by each of them."""

    def test_says_what_when_and_how(self, admin_client: Client) -> None:
        words = shown_texts(text(admin_client.get(LIST)))

        assert "command ~ Policy renamed: changed Release 7" in words
        assert "adaadmin + Policy app: created The first one" in words
        assert "- Origin group partners: deleted" in words

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("", [5, 4, 3, 2, 1]),
            ("via=api", [4, 2]),
            ("actor=ada", [4, 1]),
            ("actor=", [5, 3]),
            ("kind=policy", [4, 3, 1]),
            ("kind=origin_group", [5, 2]),
            ("name=app", [1]),
            ("name=renamed", [4, 3]),
            ("q=renam", [4, 3]),
            ("q=release", [3]),
            ("q=ada+app", [1]),
            ("q=partners&actor=bob", [2]),
            ("q=nothing", []),
            ("name=nothing", []),
            ("actor=nobody", []),
            ("kind=nothing", []),
            ("row=policy-0", []),
        ],
    )
    def test_narrowed(self, admin_client: Client, query: str, numbers: list[int]) -> None:
        assert found(admin_client, query) == numbers

    def test_row_is_found_by_all_its_names(self, admin_client: Client) -> None:
        query = f"row=policy-{Policy.objects.get().pk}"

        assert found(admin_client, query) == [4, 3, 1]
        assert "renamed" in shown_texts(text(admin_client.get(f"{LIST}?{query}"))).split("one policy or")[1]

    @pytest.mark.parametrize(
        "query",
        ["row=x", "row=policy-", f"row=policy-{'9' * 30}"],
    )
    def test_odd_query_finds_nothing(self, admin_client: Client, query: str) -> None:
        assert found(admin_client, query) == []

    @pytest.mark.parametrize(
        "query", ["q=%00", "q=" + "a+" * 2000, "o=999", "p=999", "p=x", "via=z", "created_at__gte=x", "foo=1"]
    )
    def test_odd_query_is_answered(self, admin_client: Client, query: str) -> None:
        assert admin_client.get(f"{LIST}?{query}", follow=True).status_code == 200

    def test_is_paginated(self, admin_client: Client) -> None:
        row = Policy.objects.get()
        for age in range(60):
            services.update_policy(row, {"max_age": age + 1000}, partial=True)

        assert found(admin_client, "p=2") == list(range(15, 0, -1))


@pytest.mark.usefixtures("history")
class TestOne:
    """One revision shows, for each policy and group, what was there and what is there since."""

    def test_values_stand_side_by_side(self, admin_client: Client) -> None:
        assert "Max-age 600 60" in shown(admin_client, 3)

    def test_new_name_is_shown_as_such(self, admin_client: Client) -> None:
        assert "~ Policy renamed changed, renamed from app" in shown(admin_client, 3)

    def test_entries_are_marked_by_words_and_signs(self, admin_client: Client) -> None:
        assert (
            "Allowed origins Removed - https://app.example Added + https://b.example + https://c.example"
        ) in shown(admin_client, 4)

    def test_what_comes_and_what_goes(self, admin_client: Client) -> None:
        assert "+ Origin group partners created" in shown(admin_client, 2)
        assert "Origins Added + https://partner.example" in shown(admin_client, 2)
        assert "- Origin group partners deleted" in shown(admin_client, 5)
        assert "Origins Removed - https://partner.example" in shown(admin_client, 5)

    def test_neighbours_are_one_click_away(self, admin_client: Client) -> None:
        html = text(admin_client.get(page_of(3)))

        assert f'href="{page_of(2)}">Earlier: 2' in html
        assert f'href="{page_of(4)}">Later: 4' in html
        assert "Later" not in text(admin_client.get(page_of(5)))
        assert "Earlier" not in text(admin_client.get(page_of(1)))

    @pytest.mark.parametrize(
        ("permissions", "offered"),
        [
            pytest.param(["view_policy"], False, id="viewer"),
            pytest.param(["add_policy", "change_policy"], False, id="no-delete"),
            pytest.param(["add_policy", "change_policy", "delete_policy"], True, id="all-three"),
        ],
    )
    def test_restoring_is_offered_to_who_may(
        self, sign_in: SignIn, permissions: list[str], offered: bool
    ) -> None:
        html = text(sign_in(*permissions).get(page_of(3)))

        assert (f'href="{page_of(3, "restore/")}"' in html) == offered
        assert (f'href="{page_of(2, "restore/")}"' in html) == offered


@pytest.mark.slow
class TestBounds:
    """No page grows with the set: what is not shown is counted."""

    @pytest.fixture
    def large(self) -> None:
        """A revision of 2,000 policies, and one that changes them all."""
        for origin in ("https://a.example", "https://b.example"):
            document = {
                "policies": [
                    policy(f"p{number}", f"/{number}", allowed_origins=[f"{origin}:{number + 1}"] * 2)
                    for number in range(2000)
                ]
            }
            services.apply_document(document)

    @pytest.mark.usefixtures("large")
    def test_revision_of_two_thousand_policies(self, admin_client: Client) -> None:
        for address in (LIST, page_of(1), page_of(2), f"{page_of(2)}?p=40", page_of(1, "restore/")):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                html = text(admin_client.get(address))
            assert len(html.encode()) < MAX_BYTES, address
            assert len(queries) <= MAX_QUERIES, address
        assert "and 1997 more" in shown_texts(text(admin_client.get(LIST)))
        last = text(admin_client.get(f"{page_of(2)}?p=40"))
        assert last.count('class="cors-change ') == 50
        assert "2000 changes" in shown_texts(last)

    def test_long_list_shows_its_first_entries(self, admin_client: Client) -> None:
        origins = [f"https://o{number}.example" for number in range(1000)]
        services.create_policy(policy(allowed_origins=origins))

        html = text(admin_client.get(page_of(1)))

        assert html.count("https://o") == 100
        assert "and 900 more" in html

    def test_list_is_shorter_beside_many_others(self, admin_client: Client) -> None:
        origins = [f"https://o{number}.example" for number in range(100)]
        document = {"policies": [policy(f"p{n}", f"/{n}", allowed_origins=origins) for n in range(50)]}
        services.apply_document(document)

        html = text(admin_client.get(page_of(1)))

        assert html.count("https://o") == 50 * 10
        assert html.count("and 90 more") == 50

    def test_long_text_is_cut_around_what_differs(self, admin_client: Client) -> None:
        row = services.create_policy(policy(description="x" * 5000 + "old" + "y" * 5000))
        services.update_policy(row, {"description": "x" * 5000 + "new" + "y" * 5000}, partial=True)

        words = shown(admin_client, 2)

        assert f"…{'x' * 40}old{'y' * 257}…" in words
        assert f"…{'x' * 40}new{'y' * 257}…" in words

    def test_short_text_is_whole(self, admin_client: Client) -> None:
        row = services.create_policy(policy(description=f"{'x' * 200}old"))
        services.update_policy(row, {"description": f"{'x' * 200}new"}, partial=True)

        assert f"{'x' * 200}old {'x' * 200}new" in shown(admin_client, 2)


class TestOrder:
    """A list in another order says which."""

    def test_is_shown_side_by_side(self, admin_client: Client) -> None:
        row = services.create_policy(policy(allowed_origins=["https://a.example", "null"]))
        services.update_policy(row, {"allowed_origins": ["null", "https://a.example"]}, partial=True)

        assert ("In the order https://a.example null Now in the order null https://a.example") in shown(
            admin_client, 2
        )

    def test_list_that_becomes_empty(self, admin_client: Client) -> None:
        row = services.create_policy(policy(allowed_methods=["PUT"]))
        services.update_policy(row, {"allowed_methods": []}, partial=True)

        assert "Allowed methods Removed - PUT nothing" in shown(admin_client, 2)


class TestSafety:
    """What somebody wrote is shown as text; no page needs an inline script or style."""

    @pytest.fixture
    def hostile(self) -> Callable[[Client], list[str]]:
        """Every page of a history in which each text is hostile."""
        with services.acting("admin", HOSTILE, HOSTILE):
            row = services.create_policy(policy(description=HOSTILE))
            services.update_policy(row, {"description": f"{HOSTILE}2"}, partial=True)
        for table, column in (("revisionchange", "name"), ("policy", "name")):
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE cors_policies_{table} SET {column} = %s", [HOSTILE])  # noqa: S608
        addresses = [
            LIST, f"{LIST}?name={HOSTILE}", f"{LIST}?row=policy-{row.pk}", page_of(2), page_of(1, "restore/"),
            f"{ROOT}policy/{row.pk}/history/",
        ]  # fmt: skip
        return lambda client: [text(client.get(address)) for address in addresses]

    def test_is_escaped(self, admin_client: Client, hostile: Any) -> None:
        for html in hostile(admin_client):
            assert "&lt;script&gt;" in html
            assert "<script>" not in html
            assert "<img src=x" not in html

    @pytest.mark.usefixtures("history")
    def test_nothing_is_inline(self, admin_client: Client) -> None:
        row = Policy.objects.get()
        for page in (LIST, page_of(3), page_of(1, "restore/"), f"{ROOT}policy/{row.pk}/history/"):
            assert INLINE.findall(text(admin_client.get(page))) == [], page
