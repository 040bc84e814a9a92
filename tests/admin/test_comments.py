"""Does what an editor says about a change stand in its revision, and nowhere else?"""

from __future__ import annotations

import pytest
from django.test import Client

from cors_policies import documents, services
from cors_policies.models import Origin, Revision
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, text
from tests.helpers import policy

pytestmark = pytest.mark.django_db

NEW = {
    "policy": {"name": "new", "path": "/new"},
    "origingroup": {"name": "new"},
}


@pytest.fixture
def changed() -> dict[str, tuple[str, dict[str, str]]]:
    """A page of each kind, and a change to make there that is a revision."""
    group = services.create_group({"name": "partners", "origins": ["https://partner.example"]})
    row = services.create_policy(policy())
    origin = Origin.objects.get(pattern="https://app.example")
    return {
        "policy": (f"policy/{row.pk}/change/", {"max_age": "5"}),
        "origingroup": (f"origingroup/{group.pk}/change/", {"origins": "null"}),
        "origin": (f"origin/{origin.pk}/change/", {"pattern": "https://z.example"}),
    }


Changed = dict[str, tuple[str, dict[str, str]]]


class TestKept:
    """A comment goes into the revision that the form makes."""

    @pytest.mark.parametrize("kind", NEW)
    def test_of_what_is_new(self, admin_client: Client, kind: str) -> None:
        FormPage(admin_client, f"{kind}/add/").stored(**NEW[kind], comment="  Why not\u00e9  ")

        revision = Revision.objects.get()
        assert (revision.comment, revision.actor, revision.via) == ("Why not\u00e9", "admin", "admin")

    @pytest.mark.parametrize("kind", ["policy", "origingroup", "origin"])
    def test_of_what_is_changed(self, admin_client: Client, changed: Changed, kind: str) -> None:
        page, change = changed[kind]

        FormPage(admin_client, page).stored(**change, comment="x" * 200)

        assert Revision.objects.latest("number").comment == "x" * 200

    def test_none_is_needed(self, admin_client: Client) -> None:
        FormPage(admin_client, "policy/add/").stored(**NEW["policy"])

        assert Revision.objects.get().comment == ""


class TestNoPartOfTheSet:
    """A comment alone changes nothing, and no document holds one."""

    @pytest.mark.parametrize("kind", ["policy", "origingroup", "origin"])
    def test_alone_is_no_change(self, admin_client: Client, changed: Changed, kind: str) -> None:
        before = documents.policy_set_document("default"), Revision.objects.count()

        FormPage(admin_client, changed[kind][0]).stored(comment="Nothing")

        assert (documents.policy_set_document("default"), Revision.objects.count()) == before

    def test_next_form_is_empty(self, admin_client: Client, changed: Changed) -> None:
        page, change = changed["policy"]
        FormPage(admin_client, page).stored(**change, comment="Once")

        assert FormPage(admin_client, page).fields["comment"] == ""


class TestRefused:
    """What no revision could hold is refused at its field, and stays in it."""

    @pytest.mark.parametrize(
        ("comment", "code"),
        [
            pytest.param("x" * 201, "max_length", id="too-long"),
            pytest.param("a\0b", "null_characters_not_allowed", id="nul"),
        ],
    )
    @pytest.mark.parametrize("kind", ["policy", "origingroup", "origin"])
    def test_stores_nothing(
        self, admin_client: Client, changed: Changed, kind: str, comment: str, code: str
    ) -> None:
        page, change = changed[kind]
        before = documents.policy_set_document("default"), Revision.objects.count()

        errors = FormPage(admin_client, page).refused(**change, comment=comment)

        assert [found for found, _message in errors["comment"]] == [code]
        assert (documents.policy_set_document("default"), Revision.objects.count()) == before


class TestViewers:
    """Who may only look has no change to comment."""

    @pytest.mark.parametrize("kind", ["policy", "origingroup", "origin"])
    def test_see_no_field(self, sign_in: SignIn, changed: Changed, kind: str) -> None:
        html = text(sign_in(f"view_{kind}").get(ROOT + changed[kind][0]))

        assert "Comment" not in html
