"""Can a policy's form be tried before it is saved, and saved after it was tried?"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cors_policies import documents, services
from cors_policies.models import Policy
from cors_policies.models.versions import read_token
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, sent_fields, shown_texts, text
from tests.admin.test_access import HOSTILE
from tests.admin.trying import (
    APP,
    PAGE,
    POLICIES,
    back,
    call_fields,
    edited,
    field_errors,
    steps,
    tried,
    verdict,
)
from tests.helpers import policy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _set() -> None:
    """One path with two policies, below broader ones."""
    services.apply_document({"policies": POLICIES})


@pytest.fixture
def form(admin_client: Client) -> FormPage:
    """The form of the policy that governs the call."""
    return FormPage(admin_client, f"policy/{Policy.objects.get(name='orders').pk}/change/")


class TestTheseChanges:
    """A form can be tried before it is saved: judged as if it were, and nothing is stored."""

    @pytest.fixture(autouse=True)
    def _nothing_is_stored(self) -> Iterator[None]:
        """Holds for every test of this class."""
        before = documents.policy_set_document("default"), read_token("default")
        yield
        assert (documents.policy_set_document("default"), read_token("default")) == before
        assert not LogEntry.objects.exists()

    def test_is_judged_as_if_it_were_saved(self, form: FormPage) -> None:
        page = tried(form, allowed_methods_usual=["DELETE"], max_age="60")

        assert verdict(page) == "Allowed The script gets the response. allowed"
        assert "DELETE /api/orders/1" in steps(page)["The actual request"]
        assert "Access-Control-Max-Age: 60" in steps(page)["The preflight"]
        assert "orders with your changes decides late" in steps(page)["Why"]

    def test_says_what_differs(self, form: FormPage) -> None:
        shown = shown_texts(tried(form, max_age="60", allowed_origins=f"{APP}\nhttps://b.example"))

        assert "Not saved What you see below is how it would be with your changes of “orders”." in shown
        assert "Max-age: 600 → 60" in shown
        assert "Allowed origins: added https://b.example" in shown

    def test_says_where_nothing_differs(self, form: FormPage) -> None:
        assert "there are no changes" in shown_texts(tried(form))

    def test_says_that_what_is_off_is_not_obeyed(self, form: FormPage) -> None:
        page = tried(form, mode="off")

        assert "is not live, so that it would not be obeyed" in shown_texts(page)
        assert verdict(page).startswith("Denied")

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            pytest.param({"path": "x"}, "path", id="path"),
            pytest.param({"name": "api"}, "name", id="taken-name"),
            pytest.param({"origin_groups": "none"}, "origin_groups", id="group"),
            pytest.param(
                {"allowed_origins": "*", "allow_credentials": "on"}, "allowed_origins", id="together"
            ),
            pytest.param({"opened": "max_age:0"}, "__all__", id="changed-meanwhile"),
        ],
    )
    def test_what_is_invalid_is_said_at_its_field(
        self, form: FormPage, changed: dict[str, Any], field: str
    ) -> None:
        response = form.client.post(form.address, {**form.fields, **changed, "_try": "1"})

        assert [*response.context["adminform"].form.errors] == [field]
        assert steps(text(response)) == {}

    def test_new_policy(self, admin_client: Client) -> None:
        form = FormPage(admin_client, "policy/add/")

        page = tried(form, name="new", path="/new/**", allowed_origins="https://*.new.example")

        assert verdict(page).startswith("Allowed")
        assert "new with your changes decides" in steps(page)["Why"]
        assert f'action="{ROOT}policy/add/?call=' in page

    def test_renamed_policy(self, form: FormPage) -> None:
        page = tried(form, name="renamed")

        assert "policy renamed" not in steps(page)["Why"]
        assert "tried /api/orders/* renamed with your changes decides late" in steps(page)["Why"]

    def test_again_with_another_call(self, form: FormPage) -> None:
        page = tried(form, allowed_methods_usual=["DELETE"])

        again = text(form.client.post(PAGE, {**call_fields(page), "method": "GET"}))

        assert verdict(again).startswith("Denied")
        assert "Add GET" in again
        assert "Not saved" in shown_texts(again)

    def test_again_with_a_bad_call(self, form: FormPage) -> None:
        page = tried(form, max_age="60")

        response = form.client.post(PAGE, {**call_fields(page), "path": "x"})

        assert field_errors(response) == ["path"]  # type: ignore[arg-type]
        assert "Max-age: 600 → 60" in shown_texts(text(response))

    def test_refused_when_they_could_not_be_saved_any_more(self, form: FormPage) -> None:
        fields = call_fields(tried(form, max_age="60"))
        fields["changes"] = fields["changes"].replace('"max_age": 60', '"max_age": -1')

        page = text(form.client.post(PAGE, fields))

        assert steps(page) == {}
        assert "These changes cannot be saved, so they cannot be tried max_age:" in shown_texts(page)

    def test_way_back_has_everything_filled_in(self, form: FormPage) -> None:
        changed = {
            "name": "renamed",
            "mode": "off",
            "host": "api.example",
            "priority": "7",
            "allowed_origins": f"https://b.example\r\n{APP}",
            "allowed_methods_usual": ["PUT", "PATCH"],
            "allowed_methods_others": "PROPFIND",
            "allowed_headers": "",
            "exposed_headers": "x-a",
            "max_age": "",
            "reject_denied": ["on"],
            "description": "Two lines,\r\nand a second.",
            "expires_at_0": "2030-01-31",
            "expires_at_1": "18:00:00",
        }
        sent = {**form.fields, **changed}

        assert sent_fields(back(form.client, tried(form, **changed))) == sent | {
            "csrfmiddlewaretoken": ANY,
        }

    def test_way_back_adds_a_remedy(self, form: FormPage) -> None:
        page = tried(form, max_age="60", allowed_methods_usual=["PUT"])
        again = text(form.client.post(PAGE, {**call_fields(page), "method": "DELETE"}))
        address = html.unescape(re.findall(r'formaction="(.*?)"', again)[0])

        fields = sent_fields(back(form.client, again, address))

        assert (fields["max_age"], fields["allowed_methods_usual"]) == ("60", ["PUT", "DELETE"])

    @pytest.mark.parametrize(
        "changes",
        [
            "",
            "x",
            "[]",
            "{}",
            '{"document": [], "opened": ""}',
            '{"document": {}, "opened": 1}',
            '{"document": {"name": "\\ud800"}, "opened": ""}',
            '{"document": {"max_age": NaN}, "opened": ""}',
            "[" * 9999,
        ],
    )
    def test_what_is_no_change(self, form: FormPage, changes: str) -> None:
        assert form.client.post(PAGE, {"changes": changes, "path": "/"}).status_code == 400
        assert sent_fields(edited(form.client, form.address, changes))["name"] == "orders"

    @pytest.mark.parametrize(
        "value", [None, True, -1, 10**40, 0.5, "x", "\0", [], ["x"], [1], [["x"]], {"a": []}]
    )
    def test_odd_documents(self, form: FormPage, value: object) -> None:
        odd = dict.fromkeys([*documents.policy_document(Policy.objects.get(name="orders")), "other"], value)
        changes = json.dumps({"document": odd, "opened": "x"})

        again = text(form.client.post(PAGE, {"changes": changes, "path": "/", "origin": APP}))

        assert "These changes cannot be saved" in again
        assert "textarea" in edited(form.client, form.address, changes)

    @pytest.mark.parametrize("key", ["0", "x", "1" * 30])
    def test_no_such_policy(self, form: FormPage, key: str) -> None:
        fields = call_fields(tried(form)) | {"policy": key}

        assert form.client.post(PAGE, fields).status_code == 404

    def test_viewer_sends_no_form(self, sign_in: SignIn) -> None:
        address = f"{ROOT}policy/{Policy.objects.get(name='orders').pk}/change/"

        assert sign_in("view_policy").post(address, {"_try": "1"}).status_code == 403

    def test_hostile_texts_are_escaped(self, form: FormPage) -> None:
        page = tried(form, description=HOSTILE)

        assert HOSTILE not in page
        assert HOSTILE not in back(form.client, page)


class TestSavingAfterwards:
    """A form that comes back from a trial is saved like any other."""

    @pytest.mark.parametrize("button", ["_save", "_continue", "_addanother"])
    def test_saving_stays_saving(self, form: FormPage, button: str) -> None:
        fields = sent_fields(back(form.client, tried(form, max_age="60")))

        assert form.client.post(form.address, {**fields, button: "1"}).status_code == 302
        assert Policy.objects.get(name="orders").max_age == 60

    def test_colleague_s_change_is_not_overwritten_on_the_way(self, form: FormPage) -> None:
        page = tried(form, max_age="60")
        row = Policy.objects.get(name="orders")
        services.update_policy(row, {"max_age": 5}, partial=True)

        response = form.client.post(form.address, {**sent_fields(back(form.client, page)), "_save": "1"})

        errors = response.context["adminform"].form.errors.as_data()["__all__"]
        assert {error.code for error in errors} == {"changed"}


class TestGrowth:
    """Trying changes costs as many queries whatever else is stored."""

    def test_queries(self, form: FormPage) -> None:
        def queries(page: str) -> tuple[int, int]:
            with CaptureQueriesContext(connection) as first:
                tried(form, max_age="60")
            with CaptureQueriesContext(connection) as again:
                form.client.post(PAGE, call_fields(page))
            return len(first), len(again)

        page = tried(form, max_age="60")
        few = queries(page)
        services.apply_document({"policies": [policy(f"p{number}", f"/{number}/**") for number in range(60)]})
        form.client.get(PAGE)  # loads the set

        assert queries(page) == few
        assert few[1] <= 20
