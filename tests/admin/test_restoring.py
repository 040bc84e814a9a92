"""Does an editor see what a restore changes, and restore that and nothing else?"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cors_policies import documents, services
from cors_policies.core.policy import Document
from cors_policies.models import Policy, Revision
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, sent_fields, shown_texts, text
from tests.helpers import policy

pytestmark = pytest.mark.django_db

LIST = f"{ROOT}revision/"
WRITES = ("add_policy", "change_policy", "delete_policy")
GROUP_WRITES = ("add_origingroup", "change_origingroup", "delete_origingroup")


def address(number: object) -> str:
    """The page that restores a revision."""
    return f"{LIST}{number}/restore/"


def stored() -> Document:
    """The set as it is."""
    return documents.policy_set_document("default")


def state() -> tuple[Document, int]:
    """The set, and how many revisions there are."""
    return stored(), Revision.objects.count()


def preview(client: Client, number: int) -> dict[str, Any]:
    """What the form of a preview would send."""
    html = text(client.get(address(number)))
    start = html.index('<form method="post" class="cors-restoring"')
    return sent_fields(f'<div id="content-main">{html[start:]}')


def words(response: Any) -> str:
    """The text of a page."""
    return shown_texts(text(response))


@pytest.fixture
def sets() -> dict[int, Document]:
    """Three revisions of policies alone, by number what the set was."""
    found = {}
    row = services.create_policy(policy("app", "/app"))
    found[1] = stored()
    services.update_policy(row, {"allowed_origins": ["https://b.example"], "name": "new"}, partial=True)
    found[2] = stored()
    services.create_policy(policy("other", "/other"))
    found[3] = stored()
    return found


class TestPreview:
    """Shows what would change from now to then, and changes nothing."""

    def test_shows_the_difference(self, admin_client: Client, sets: dict[int, Document]) -> None:
        before = state()

        page = words(admin_client.get(address(1)))

        assert "+ Policy app created" in page
        assert "- Policy new deleted" in page
        assert "- Policy other deleted" in page
        assert "3 policies and groups change. 0 stay as they are." in page
        assert state() == before

    def test_shows_values_side_by_side(self, admin_client: Client) -> None:
        row = services.create_policy(policy(max_age=5))
        services.update_policy(row, {"max_age": 60}, partial=True)

        assert "~ Policy public-api changed What Before After Max-age 60 5" in words(
            admin_client.get(address(1))
        )

    def test_of_what_the_set_is_offers_nothing(self, admin_client: Client, sets: dict[int, Document]) -> None:
        html = text(admin_client.get(address(3)))

        assert "There is nothing to restore" in html
        assert 'class="cors-restoring"' not in html

    def test_of_a_set_without_policies(self, admin_client: Client, sets: dict[int, Document]) -> None:
        for row in Policy.objects.all():
            services.delete_policy(row)

        assert "+ Policy other created" in words(admin_client.get(address(3)))


class TestRestore:
    """Sending the preview makes the set what it was, as a revision of the user's."""

    @pytest.mark.parametrize("number", [1, 2])
    def test_brings_it_back(self, admin_client: Client, sets: dict[int, Document], number: int) -> None:
        answer = admin_client.post(
            address(number), {**preview(admin_client, number), "comment": "  Back again  "}
        )

        assert (answer.status_code, answer.headers["Location"]) == (302, f"{LIST}4/change/")
        assert stored() == sets[number]
        revision = Revision.objects.latest("number")
        assert (revision.number, revision.actor, revision.via, revision.comment) == (
            4,
            "admin",
            "admin",
            "Back again",
        )
        assert f"are again what they were at revision {number}." in words(admin_client.get(LIST))
        assert "revision 4" in LogEntry.objects.get().change_message

    def test_of_what_the_set_is_makes_no_revision(
        self, admin_client: Client, sets: dict[int, Document]
    ) -> None:
        before = state()

        answer = admin_client.post(address(3), {"seen": "3"})

        assert answer.headers["Location"] == f"{LIST}3/change/"
        assert state() == before

    def test_long_comment_is_refused(self, admin_client: Client, sets: dict[int, Document]) -> None:
        before = state()

        answer = admin_client.post(address(1), {**preview(admin_client, 1), "comment": "x" * 201})

        assert "Write at most 200 characters." in words(answer)
        assert "x" * 201 in text(answer)
        assert state() == before
        admin_client.post(address(1), {**preview(admin_client, 1), "comment": "x" * 200})
        assert stored() == sets[1]


class TestChangedMeanwhile:
    """What was previewed on another set is not restored; the page says what has happened since."""

    def test_is_refused_and_shown(self, admin_client: Client, sets: dict[int, Document]) -> None:
        seen = preview(admin_client, 1)
        with services.acting("api", "bob", "Meanwhile"):
            services.update_policy(Policy.objects.get(name="other"), {"max_age": 1}, partial=True)
        before = state()

        answer = admin_client.post(address(1), {**seen, "comment": "kept"})

        assert "The set has changed since this preview, so nothing was restored." in words(answer)
        assert ", bob, REST API: Meanwhile" in words(answer)
        assert 'value="kept"' in text(answer)
        assert state() == before

        admin_client.post(address(1), {"seen": "4"})
        assert stored() == sets[1]

    def test_names_the_last_revisions(self, admin_client: Client, sets: dict[int, Document]) -> None:
        row = Policy.objects.get(name="other")
        for age in range(7):
            services.update_policy(row, {"max_age": age}, partial=True)

        page = words(admin_client.post(address(1), {"seen": "3"}))

        assert "Revision 10:" in page
        assert "Revision 5:" not in page
        assert "and 2 more" in page

    @pytest.mark.parametrize("seen", ["", "x", "-1", "2", "4", "9" * 30])
    def test_what_nobody_was_shown_is_not_restored(
        self, admin_client: Client, sets: dict[int, Document], seen: str
    ) -> None:
        before = state()

        assert admin_client.post(address(1), {"seen": seen}).status_code == 200
        assert admin_client.post(address(1)).status_code == 200
        assert state() == before


class TestRefused:
    """What today's rules refuse is not restored, and each reason names its policy and field."""

    @pytest.fixture
    def rails(self, settings: Any, sets: dict[int, Document]) -> None:
        """Guard rails that the first set exceeds."""
        services.apply_document({"policies": []}, replace=True)
        settings.CORS_POLICIES = {"GUARDRAILS": {"ALLOWED_ORIGINS": ["https://b.example"]}}

    @pytest.mark.usefixtures("rails")
    def test_says_why(self, admin_client: Client) -> None:
        html = text(admin_client.get(address(1)))

        assert "Today's rules refuse what the set was then" in shown_texts(html).replace("&#x27;", "'")
        assert "Policy app, Allowed origins, entry 1: " in html
        assert 'class="cors-restoring"' not in html

    @pytest.mark.usefixtures("rails")
    def test_stores_nothing(self, admin_client: Client) -> None:
        before = state()

        answer = admin_client.post(address(1), {"seen": "4"})

        assert "Policy app, Allowed origins, entry 1: " in text(answer)
        assert state() == before

    def test_names_the_first_of_many(self, admin_client: Client, settings: Any) -> None:
        origins = [f"https://o{number}.example" for number in range(40)]
        services.create_policy(policy("app", "/app", allowed_origins=origins))
        settings.CORS_POLICIES = {"GUARDRAILS": {"ALLOWED_ORIGINS": ["https://b.example"]}}

        html = text(admin_client.get(address(1)))

        assert html.count("Policy app, Allowed origins") == 25
        assert "and 15 more" in html

    def test_names_groups_and_whole_policies(self, admin_client: Client) -> None:
        services.create_group({"name": "g", "origins": ["https://b.example"]})
        services.create_policy(policy("app", "/app"))
        services.apply_document({"policies": []}, replace=True)
        rows = Revision.objects.get(number=3).changes
        rows.filter(kind="origin_group").update(before='{"name": "g", "description": 7, "origins": []}')
        rows.filter(kind="policy").update(before='{"name": "app", "path": "/app", "retired": 1}')

        html = text(admin_client.get(address(2)))

        assert "Origin group g, Description: " in html
        assert "Policy app, retired: " in html


class TestPermissions:
    """Restoring, and its preview, need to add, change and delete policies; groups, where groups change."""

    @pytest.mark.parametrize("missing", WRITES)
    def test_needs_all_three(self, sign_in: SignIn, sets: dict[int, Document], missing: str) -> None:
        others = [name for name in WRITES if name != missing]
        client, before = sign_in("view_policy", "view_revision", *others, *GROUP_WRITES), state()

        assert client.get(address(1)).status_code == 403
        assert client.post(address(1), {"seen": "3"}).status_code == 403
        assert state() == before

    def test_of_revisions_are_none(self, sign_in: SignIn, sets: dict[int, Document]) -> None:
        client = sign_in("view_revision", "add_revision", "change_revision", "delete_revision")

        assert client.post(address(1), {"seen": "3"}).status_code == 403

    def test_of_policies_are_enough_where_groups_stay(
        self, sign_in: SignIn, sets: dict[int, Document]
    ) -> None:
        client = sign_in(*WRITES)

        assert client.post(address(1), preview(client, 1)).status_code == 302
        assert stored() == sets[1]

    def test_groups_need_their_own(self, sign_in: SignIn, sets: dict[int, Document]) -> None:
        services.create_group({"name": "g", "origins": []})
        client, before = sign_in(*WRITES), state()

        page = client.get(address(3))

        assert "This changes origin groups, which you may not" in words(page)
        assert 'class="cors-restoring"' not in text(page)
        assert client.post(address(3), {"seen": "4"}).status_code == 403
        assert state() == before

    def test_all_six_restore_groups(self, sign_in: SignIn, sets: dict[int, Document]) -> None:
        services.create_group({"name": "g", "origins": []})
        client = sign_in(*WRITES, *GROUP_WRITES)

        client.post(address(3), preview(client, 3))

        assert stored() == sets[3]

    def test_strangers_are_sent_to_sign_in(self, client: Client, sets: dict[int, Document]) -> None:
        assert client.get(address(1)).headers["Location"].startswith("/admin/login/")


class TestCalls:
    """The page answers GET and POST, for revisions that there are, with the token of the form."""

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
    def test_other_methods(self, admin_client: Client, sets: dict[int, Document], method: str) -> None:
        answer = getattr(admin_client, method)(address(1))

        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")

    @pytest.mark.parametrize("key", ["0", "99", "x", "%00", "9" * 30])
    def test_no_such_revision(self, admin_client: Client, sets: dict[int, Document], key: str) -> None:
        assert admin_client.get(address(key)).status_code == 404
        assert admin_client.post(address(key), {"seen": "3"}).status_code == 404

    def test_without_the_token(self, admin_client: Client, sets: dict[int, Document]) -> None:
        before = state()
        admin_client.handler.enforce_csrf_checks = True

        assert admin_client.post(address(1), {"seen": "3"}).status_code == 403
        assert state() == before


class TestMeaning:
    """What newly opens credentials or cuts off stands above the button, and is restored when confirmed."""

    def test_confirmed(self, admin_client: Client) -> None:
        row = services.create_policy(policy("app", "/app", allow_credentials=True))
        services.update_policy(row, {"allow_credentials": False}, partial=True)
        sent = preview(admin_client, 1)
        before = state()
        asked: Any = admin_client.post(address(1), sent)

        assert "would newly let 1 origin send credentials" in words(asked)
        assert "Nothing is restored yet." in words(asked)
        assert "confirmed" not in sent
        assert state() == before
        done = admin_client.post(address(1), {**sent, "confirmed": asked.context["token"]})
        assert done.status_code == 302
        assert documents.policy_document(row)["allow_credentials"] is True


@pytest.mark.slow
class TestCost:
    """The preview asks the same few queries, however far back and however large."""

    def test_queries(self, sign_in: SignIn, sets: dict[int, Document]) -> None:
        client = sign_in(*WRITES)
        few = _queries(client)
        row = Policy.objects.get(name="other")
        for age in range(250):
            services.update_policy(row, {"max_age": age}, partial=True)
        services.apply_document({"policies": [policy(f"p{n}", f"/{n}") for n in range(600)]})

        assert _queries(client) == few <= 20


def _queries(client: Client) -> int:
    """How many queries a preview asks, once the middleware has loaded the set."""
    client.get(address(1))
    with CaptureQueriesContext(connection) as asked:
        client.get(address(1))
    return sum("SAVEPOINT" not in query["sql"] for query in asked)
