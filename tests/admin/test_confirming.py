"""Is somebody asked once more before what cuts off is stored, and warned of what opens credentials?"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import messages
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from cors_policies import documents, services
from cors_policies.models import Origin, OriginGroup, Policy
from tests.admin.pages import ROOT, FormPage, shown_texts, text
from tests.factories import OriginGroupFactory, PolicyFactory, observe
from tests.helpers import policy

pytestmark = pytest.mark.django_db

APP = "https://app.example"
PARTNER = "https://partner.example"
UNKNOWN = "is not known: allowed requests are not counted"
CUT_OFF = f"{APP} would be cut off from /api/**: in the last 7 days 12 requests (GET) were allowed."


@pytest.fixture
def stored(settings: Settings) -> Policy:
    """A policy whose origin was seen twelve times, where everything is counted."""
    settings.CORS_POLICIES = {"OBSERVE": "all"}
    observe(APP, days=(4, 8), reason="allowed")
    return services.create_policy(policy())


def form(client: Client, row: Any) -> FormPage:
    """The form of a policy, group or origin."""
    return FormPage(client, f"{row._meta.model_name}/{row.pk}/change/")


class TestPolicyForm:
    """The form is shown again with the counts and a box; nothing is stored before that is ticked."""

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param({"allowed_origins": PARTNER}, id="origin"),
            pytest.param({"allowed_methods_usual": ["POST"]}, id="method"),
            pytest.param({"path": "/elsewhere"}, id="path"),
            pytest.param({"mode": "off"}, id="mode"),
        ],
    )
    def test_cut_off(self, admin_client: Client, stored: Policy, changed: dict[str, Any]) -> None:
        page, before = form(admin_client, stored), documents.policy_document(stored)

        assert list(page.refused(**changed)) == ["confirmed"]
        assert documents.policy_document(stored) == before
        assert page.confirmed(**changed) == [CUT_OFF]
        assert documents.policy_document(stored) != before

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param({"allowed_origins": f"{APP}\n{PARTNER}"}, id="wider"),
            pytest.param({"max_age": "5"}, id="another-key"),
            pytest.param({}, id="nothing"),
        ],
    )
    def test_nothing_to_ask(self, admin_client: Client, stored: Policy, changed: dict[str, Any]) -> None:
        form(admin_client, stored).stored(**changed)

    def test_other_change_is_asked_anew(self, admin_client: Client, stored: Policy) -> None:
        observe(APP, reason="allowed", method="POST")
        page = form(admin_client, stored)
        asked: Any = page.save(allowed_methods_usual=["POST"])
        token = asked.context["adminform"].form.fields["confirmed"].widget.attrs["value"]

        assert list(page.refused(allowed_origins=PARTNER, confirmed=token)) == ["confirmed"]
        page.stored(allowed_methods_usual=["POST"], confirmed=token)

    def test_form_that_is_only_tried_is_not_asked_about(self, admin_client: Client, stored: Policy) -> None:
        tried = form(admin_client, stored).save(allowed_origins="", _try="1")

        assert "Try it with these changes" in shown_texts(text(tried))
        assert documents.policy_document(stored)["allowed_origins"] == [APP]

    def test_counts_that_move_on_are_no_other_change(self, admin_client: Client, stored: Policy) -> None:
        page = form(admin_client, stored)
        asked: Any = page.save(allowed_origins="")
        token = asked.context["adminform"].form.fields["confirmed"].widget.attrs["value"]
        observe(APP, days=(3,), reason="allowed")

        page.stored(allowed_origins="", confirmed=token)

    def test_box_is_shown_and_not_ticked(self, admin_client: Client, stored: Policy) -> None:
        page = form(admin_client, stored)
        html = text(page.save(allowed_origins=""))

        assert 'type="hidden" name="confirmed"' in page.html
        assert 'type="checkbox" name="confirmed"' in html
        assert "checked" not in html.split('name="confirmed"')[1].split(">")[0]

    def test_refused_form_is_not_asked_about(self, admin_client: Client, stored: Policy) -> None:
        assert list(form(admin_client, stored).refused(allowed_origins="", path="nonsense")) == ["path"]

    def test_strangers_texts_are_escaped_and_cut(self, admin_client: Client, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE": "all"}
        evil = "https://<b>" + "x" * 300
        observe(evil, reason="allowed")
        row = services.create_policy(policy(allowed_origins=["*"]))

        html = text(form(admin_client, row).save(allowed_origins=APP))

        assert "&lt;b&gt;" in html
        assert "<b>" not in html
        assert "x" * 101 not in html

    def test_many_are_counted_and_not_listed(self, admin_client: Client, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE": "all"}
        for at in range(25):
            observe(f"https://o{at}.example", reason="allowed")
        row = services.create_policy(policy(allowed_origins=["*"]))

        asked = form(admin_client, row).confirmed(allowed_origins="")

        assert (len(asked), asked[-1]) == (21, "and 5 more")

    def test_new_shield_says_that_it_is_part(self, admin_client: Client, stored: Policy) -> None:
        fields = {"name": "shield", "path": "/api/admin/**"}

        assert FormPage(admin_client, "policy/add/").confirmed(**fields) == [
            f"{APP} would be cut off from part of /api/**: in the last 7 days 12 requests (GET) were allowed "
            "there."
        ]

    def test_what_was_folded_is_told(self, admin_client: Client, stored: Policy) -> None:
        observe("", days=(3,), reason="allowed", method="")

        assert form(admin_client, stored).confirmed(allowed_origins="") == [
            CUT_OFF,
            "3 allowed requests of the last 7 days were counted without their origin, for want of room.",
        ]


class TestCredentials:
    """What newly opens credentials is stored at once, whatever is counted, and a warning says so."""

    def test_opened(self, admin_client: Client) -> None:
        row = services.create_policy(policy(allowed_origins=[APP, PARTNER]))

        form(admin_client, row).stored(allow_credentials="on")

        assert warnings(admin_client) == [
            f"The policy public-api now lets 2 more origins send credentials to /api/**: {APP}, {PARTNER}."
        ]

    def test_new_policy(self, admin_client: Client) -> None:
        fields = {"name": "n", "path": "/n", "allowed_origins": APP, "allow_credentials": "on"}

        FormPage(admin_client, "policy/add/").stored(**fields)

        assert warnings(admin_client) == [
            f"The policy n now lets 1 more origin send credentials to /n: {APP}."
        ]

    @pytest.mark.parametrize("changed", [{"max_age": "5"}, {"allowed_origins": ""}, {}])
    def test_nothing_is_opened(self, admin_client: Client, changed: dict[str, Any]) -> None:
        row = services.create_policy(policy(allow_credentials=True))

        form(admin_client, row).stored(**changed)

        assert warnings(admin_client) == []

    def test_many_are_counted_and_not_listed(self, admin_client: Client) -> None:
        group = OriginGroupFactory.create(name="partners", origins=[APP])
        for at in range(7):
            users = {"allowed_origins": [], "origin_groups": ["partners"], "allow_credentials": True}
            services.create_policy(policy(f"p{at}", f"/p{at}", **users))

        form(admin_client, group).stored(origins=f"{APP}\n{PARTNER}")

        told = warnings(admin_client)
        assert (len(told), told[-1]) == (6, "and 2 more")

    def test_denied_asks_nothing_of_origins_that_were_refused(self, admin_client: Client) -> None:
        observe(APP)
        row = services.create_policy(policy())

        form(admin_client, row).stored(allowed_origins="")

    def test_group(self, admin_client: Client) -> None:
        group = OriginGroupFactory.create(name="partners", origins=[APP])
        services.create_policy(policy(allowed_origins=[], origin_groups=["partners"], allow_credentials=True))

        form(admin_client, group).stored(origins=f"{APP}\n{PARTNER}")

        (opened,) = warnings(admin_client)
        assert opened.endswith(f"now lets 1 more origin send credentials to /api/**: {PARTNER}.")
        assert documents.group_document(OriginGroup.objects.get())["origins"] == [APP, PARTNER]

    def test_origin(self, admin_client: Client, stored: Policy) -> None:
        assert form(admin_client, Origin.objects.get()).confirmed(pattern=PARTNER) == [CUT_OFF]

    def test_renamed_origin(self, admin_client: Client) -> None:
        services.create_policy(policy(allow_credentials=True))

        form(admin_client, Origin.objects.get()).stored(pattern=PARTNER)

        (opened,) = warnings(admin_client)
        assert opened.endswith(f"send credentials to /api/**: {PARTNER}.")


def warnings(client: Client) -> list[str]:
    """The warnings that the next page shows."""
    response: Any = client.get(f"{ROOT}policy/")
    return [str(told) for told in response.context["messages"] if told.level == messages.WARNING]


def act(client: Client, action: str, rows: list[Policy], **fields: Any) -> HttpResponse:
    """Chooses rows of the list and an action."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(f"{ROOT}policy/", data)  # type: ignore[return-value]


class TestActions:
    """An action that cuts off shows a page first; another is done at once, with a warning if need be."""

    @pytest.mark.parametrize(("action", "mode"), [("switch_off", "off"), ("put_on_trial", "trial")])
    def test_not_live_any_more(self, admin_client: Client, stored: Policy, action: str, mode: str) -> None:
        asked: Any = act(admin_client, action, [stored])
        shown = shown_texts(text(asked))

        assert CUT_OFF in shown
        assert Policy.objects.get().mode == "live"

        done = act(admin_client, action, [stored], confirmed=asked.context["token"])
        assert (done.status_code, Policy.objects.get().mode) == (302, mode)

    def test_made_live(self, admin_client: Client) -> None:
        row = PolicyFactory.create(name="c", path="/c", mode="off", allow_credentials=True)

        assert act(admin_client, "make_live", [row]).status_code == 302
        assert Policy.objects.get().mode == "live"
        (opened,) = warnings(admin_client)
        assert "now lets 1 more origin send credentials to /c" in opened

    def test_shield_that_was_on_trial_is_promoted_without_a_second_question(
        self, admin_client: Client, stored: Policy
    ) -> None:
        shield = services.create_policy(policy("s", "/api/s/**", allowed_origins=[], mode="trial"))
        sent = {"policy": shield.pk, "confirmed": "1"}

        assert admin_client.post(f"{ROOT}policy/trial/", sent).status_code == 302
        assert Policy.objects.get(name="s").mode == "live"

    def test_page_sends_what_was_chosen(self, admin_client: Client, stored: Policy) -> None:
        other = PolicyFactory.create()
        html = text(act(admin_client, "switch_off", [stored, other], select_across="1", index="0"))

        for name, value in [
            ("_selected_action", stored.pk),
            ("_selected_action", other.pk),
            ("action", "switch_off"),
            ("select_across", "1"),
        ]:
            assert f'name="{name}" value="{value}"' in html

    def test_nothing_to_ask(self, admin_client: Client, stored: Policy) -> None:
        other = PolicyFactory.create()

        assert act(admin_client, "switch_off", [other]).status_code == 302
        assert [row.mode for row in Policy.objects.order_by("pk")] == ["live", "off"]


class TestDeleting:
    """The page that asks before deleting says what it would mean; to say yes there is enough."""

    @pytest.mark.parametrize("model", [Policy, Origin])
    def test_one(self, admin_client: Client, stored: Policy, model: Any) -> None:
        address = f"{ROOT}{model._meta.model_name}/{model.objects.get().pk}/delete/"

        assert CUT_OFF in shown_texts(text(admin_client.get(address)))
        assert model.objects.count() == 1
        assert admin_client.post(address, {"post": "yes"}).status_code == 302
        assert model.objects.count() == 0

    def test_some(self, admin_client: Client, stored: Policy) -> None:
        assert CUT_OFF in shown_texts(text(act(admin_client, "delete_selected", [stored])))
        assert Policy.objects.count() == 1
        assert act(admin_client, "delete_selected", [stored], post="yes").status_code == 302
        assert Policy.objects.count() == 0

    def test_what_is_not_known_is_said(self, admin_client: Client) -> None:
        row = services.create_policy(policy())

        assert UNKNOWN in shown_texts(text(admin_client.get(f"{ROOT}policy/{row.pk}/delete/")))
