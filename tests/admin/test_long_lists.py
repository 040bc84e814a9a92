"""Is a list that is too long for a text box edited without being shown whole, and without losing entries?"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cors_policies import documents, services
from cors_policies.admin import base, long_lists
from cors_policies.core.policy import Document
from cors_policies.models import OriginGroup, Policy, Revision
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, sent_fields, shown_texts, text
from tests.admin.trying import back, tried
from tests.helpers import policy

pytestmark = pytest.mark.django_db

LIMIT = 30
PATTERNS = [f"https://app-{number}.example" for number in range(LIMIT + 1)]
NEW = "https://new.example"
SET = {
    "origin_groups": [{"name": "many", "origins": PATTERNS}],
    "policies": [policy("long", allowed_origins=PATTERNS)],
}
KINDS = [
    pytest.param(Policy, "allowed_origins", id="policy"),
    pytest.param(OriginGroup, "origins", id="group"),
]


@pytest.fixture(autouse=True)
def _stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_lists, "LIMIT", LIMIT)
    monkeypatch.setattr(base, "MAX_LINES", LIMIT)
    services.apply_document(SET)


def document(model: Any) -> Document:
    """The policy or the group as it is stored."""
    read: Any = documents.policy_document if model is Policy else documents.group_document
    found: Document = read(model.objects.get())
    return found


def page_of(client: Client, model: Any) -> FormPage:
    """Its form."""
    return FormPage(client, f"{model._meta.model_name}/{model.objects.get().pk}/change/")


@pytest.mark.parametrize(("model", "key"), KINDS)
class TestForm:
    """The form takes what is added and removed; the rest stays as it is, in its order."""

    def test_saved_unchanged_is_unchanged(self, admin_client: Client, model: Any, key: str) -> None:
        page, before = page_of(admin_client, model), Revision.objects.count()

        page.stored()

        assert "app-29.example" not in page.html
        assert document(model)[key] == PATTERNS
        assert Revision.objects.count() == before

    def test_added_and_removed(self, admin_client: Client, model: Any, key: str) -> None:
        changed = {f"{key}_added": f"{NEW}\n{PATTERNS[1]}", f"{key}_removed": "HTTPS://App-7.example/"}

        page_of(admin_client, model).stored(**changed)

        assert document(model)[key] == [*PATTERNS[:7], *PATTERNS[8:], NEW]

    def test_another_field_alone(self, admin_client: Client, model: Any, key: str) -> None:
        page_of(admin_client, model).stored(description="Many.")

        assert document(model)[key] == PATTERNS
        assert document(model)["description"] == "Many."

    @pytest.mark.parametrize(
        ("box", "typed", "words"),
        [
            ("added", f"{NEW}\nnonsense", "Line 2"),
            ("removed", NEW, "is not in the list, so that it cannot be removed: https://new.example"),
            ("removed", "nonsense", "is not in the list"),
        ],
    )
    def test_refused(
        self, admin_client: Client, model: Any, key: str, box: str, typed: str, words: str
    ) -> None:
        response = page_of(admin_client, model).save(**{f"{key}_{box}": typed})
        form = response.context["adminform"].form  # type: ignore[attr-defined] # the test client adds it

        assert words in form.errors[key][0]
        assert sent_fields(text(response))[f"{key}_{box}"] == typed.replace("\n", "\r\n")
        assert document(model)[key] == PATTERNS

    def test_colleague_s_change_is_not_overwritten(self, admin_client: Client, model: Any, key: str) -> None:
        page = page_of(admin_client, model)
        services.add_origins(model.objects.get(), [NEW])

        assert "__all__" in page.refused(**{f"{key}_removed": PATTERNS[0]})
        assert document(model)[key] == [*PATTERNS, NEW]

    def test_who_may_only_look_sees_the_first(self, sign_in: SignIn, model: Any, key: str) -> None:
        client = sign_in("view_policy", "view_origingroup")

        shown = shown_texts(
            text(client.get(f"{ROOT}{model._meta.model_name}/{model.objects.get().pk}/change/"))
        )

        assert PATTERNS[LIMIT - 1] in shown
        assert PATTERNS[LIMIT] not in shown
        assert "and 1 more" in shown


class TestTrying:
    """What is tried goes along as what is added and removed, and comes back to the boxes."""

    def test_there_and_back(self, admin_client: Client) -> None:
        page = page_of(admin_client, Policy)

        shown = tried(page, allowed_origins_added=NEW, allowed_origins_removed=PATTERNS[3])
        again = sent_fields(back(admin_client, shown))

        assert PATTERNS[29] not in shown
        assert "Allowed origins: added https://new.example; removed https://app-3.example" in shown_texts(
            shown
        )
        assert (again["allowed_origins_added"], again["allowed_origins_removed"]) == (NEW, PATTERNS[3])

    def test_filled_in_is_added(self, admin_client: Client) -> None:
        key = Policy.objects.get().pk

        page = FormPage(admin_client, f"policy/{key}/change/?add_origin={NEW}&add_origin={PATTERNS[4]}")

        assert (page.fields["allowed_origins_added"], page.fields["allowed_origins_removed"]) == (NEW, "")
        page.stored()
        assert document(Policy)["allowed_origins"] == [*PATTERNS, NEW]

    @pytest.mark.parametrize(
        "changed", ['{"added": 1, "removed": []}', '{"added": [1], "removed": []}', "{}"]
    )
    def test_what_no_page_has_sent(self, admin_client: Client, changed: str) -> None:
        sent = f'{{"document": {{"name": "long", "path": "/x", "allowed_origins": {changed}}}, "opened": ""}}'
        key = Policy.objects.get().pk
        call = {"policy": key, "changes": sent, "path": "/x", "origin": NEW}

        assert "allowed_origins" in text(admin_client.post(f"{ROOT}policy/try/", call))
        form = admin_client.post(f"{ROOT}policy/{key}/change/", {"changes": sent, "_edit": "1"})
        assert sent_fields(text(form))["allowed_origins_added"] == ""
