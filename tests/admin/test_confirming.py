"""Is somebody asked once more before what cuts off or newly opens credentials is stored?"""

from __future__ import annotations

from typing import Any

import pytest
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
UNKNOWN = "is not known here, so nobody is asked about it: allowed requests are not counted."
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

    @pytest.mark.parametrize(
        ("changed", "is_wrong"),
        [
            pytest.param({"mode": "off"}, False, id="question"),
            pytest.param({"mode": "off", "path": "api"}, True, id="error"),
        ],
    )
    def test_a_question_is_no_error(
        self, admin_client: Client, stored: Policy, changed: dict[str, Any], is_wrong: bool
    ) -> None:
        shown = text(form(admin_client, stored).save(**changed))

        assert ("Please correct the error" in shown) is is_wrong
        assert ("<title>Error:" in shown) is is_wrong

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


def opens(name: str, where: str, *origins: str, count: int = 0) -> str:
    """The question about a policy that newly opens credentials."""
    number = count or len(origins)
    noun = "origin" if number == 1 else "origins"
    return (
        f"The policy {name} would newly let {number} {noun} send credentials (cookies, logins) to {where}: "
        f"{', '.join(origins)}."
    )


class TestCredentials:
    """What newly opens credentials is asked about in the same way, whatever is counted."""

    def test_switched_on(self, admin_client: Client) -> None:
        row = services.create_policy(policy(allowed_origins=[APP, PARTNER]))
        page = form(admin_client, row)

        assert list(page.refused(allow_credentials="on")) == ["confirmed"]
        assert documents.policy_document(row)["allow_credentials"] is False
        assert page.confirmed(allow_credentials="on") == [opens("public-api", "/api/**", APP, PARTNER)]
        assert documents.policy_document(row)["allow_credentials"] is True

    def test_new_policy_with_credentials_is_asked_about_and_one_without_is_not(
        self, admin_client: Client
    ) -> None:
        fields = {"name": "n", "path": "/n", "allowed_origins": APP}
        page = FormPage(admin_client, "policy/add/")

        assert list(page.refused(**fields, allow_credentials="on")) == ["confirmed"]
        assert not Policy.objects.exists()
        assert page.confirmed(**fields, allow_credentials="on") == [opens("n", "/n", APP)]
        FormPage(admin_client, "policy/add/").stored(**{**fields, "name": "m"})

    @pytest.mark.parametrize("changed", [{"max_age": "5"}, {"allowed_origins": ""}, {}])
    def test_nothing_is_opened(self, admin_client: Client, changed: dict[str, Any]) -> None:
        row = services.create_policy(policy(allow_credentials=True))

        form(admin_client, row).stored(**changed)

    def test_what_is_filled_in_is_asked_about(self, admin_client: Client) -> None:
        row = services.create_policy(policy(allow_credentials=True))

        page = FormPage(admin_client, f"policy/{row.pk}/change/?add_origin={PARTNER}")

        assert page.confirmed() == [opens("public-api", "/api/**", PARTNER)]

    def test_another_change_is_asked_anew(self, admin_client: Client) -> None:
        page = form(admin_client, services.create_policy(policy(allow_credentials=True)))
        asked: Any = page.save(allowed_origins=f"{APP}\n{PARTNER}")
        token = asked.context["adminform"].form.fields["confirmed"].widget.attrs["value"]

        assert list(page.refused(allowed_origins="https://third.example", confirmed=token)) == ["confirmed"]
        page.stored(allowed_origins=f"{PARTNER}\n{APP}", confirmed=token)

    def test_many_are_counted_and_not_listed(self, admin_client: Client) -> None:
        group = OriginGroupFactory.create(name="partners", origins=[APP])
        users = {"allowed_origins": [], "origin_groups": ["partners"], "allow_credentials": True}
        services.apply_document({"policies": [policy(f"p{at}", f"/p{at}", **users) for at in range(22)]})

        asked = form(admin_client, group).confirmed(origins=f"{APP}\n{PARTNER}")

        assert asked[0] == (
            "Credentials would be newly opened in all for: 1 different origins, 22 policies, 22 paths."
        )
        assert (len(asked), asked[-1]) == (22, "and 2 more")

    def test_denied_asks_nothing_of_origins_that_were_refused(self, admin_client: Client) -> None:
        observe(APP)
        row = services.create_policy(policy())

        form(admin_client, row).stored(allowed_origins="")

    @pytest.mark.parametrize("renamed", [{}, {"name": "friends"}])
    def test_group(self, admin_client: Client, renamed: dict[str, str]) -> None:
        group = OriginGroupFactory.create(name="partners", origins=[APP])
        services.create_policy(policy(allowed_origins=[], origin_groups=["partners"], allow_credentials=True))

        asked = form(admin_client, group).confirmed(origins=f"{APP}\n{PARTNER}", **renamed)

        assert asked == [opens("public-api", "/api/**", PARTNER)]
        assert documents.group_document(OriginGroup.objects.get())["origins"] == [APP, PARTNER]

    def test_origin(self, admin_client: Client, stored: Policy) -> None:
        assert form(admin_client, Origin.objects.get()).confirmed(pattern=PARTNER) == [CUT_OFF]

    def test_renamed_origin(self, admin_client: Client) -> None:
        services.create_policy(policy(allow_credentials=True))

        asked = form(admin_client, Origin.objects.get()).confirmed(pattern=PARTNER)

        assert asked == [opens("public-api", "/api/**", PARTNER)]

    @pytest.mark.parametrize("model", [Origin, OriginGroup])
    def test_form_that_cannot_be_tried_is_asked_all_the_same(self, admin_client: Client, model: Any) -> None:
        OriginGroupFactory.create(name="partners", origins=[APP])
        services.create_policy(policy(allowed_origins=[], origin_groups=["partners"], allow_credentials=True))
        page = form(admin_client, model.objects.get())

        assert list(page.refused(pattern=PARTNER, origins=PARTNER, _try="1")) == ["confirmed"]
        assert documents.group_document(OriginGroup.objects.get())["origins"] == [APP]


class TestUnknown:
    """Where allowed requests are not counted the page says that, and how to have them counted."""

    @pytest.mark.parametrize("address", ["policy/add/", "policy/", "policy/{pk}/change/", "origingroup/add/"])
    @pytest.mark.parametrize(("observe", "is_said"), [("denied", True), ("off", True), ("all", False)])
    def test_said(
        self, admin_client: Client, settings: Settings, address: str, observe: str, *, is_said: bool
    ) -> None:
        settings.CORS_POLICIES = {"OBSERVE": observe}
        row = services.create_policy(policy())

        shown = shown_texts(text(admin_client.get(ROOT + address.format(pk=row.pk))))

        assert (UNKNOWN in shown) is is_said
        assert ("CORS_POLICIES = {&quot;OBSERVE&quot;: &quot;all&quot;}" in shown) is is_said


def act(client: Client, action: str, rows: list[Policy], **fields: Any) -> HttpResponse:
    """Chooses rows of the list and an action."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(f"{ROOT}policy/", data)  # type: ignore[return-value]


class TestActions:
    """An action that cuts off or opens credentials shows a page first; another is done at once."""

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

        asked: Any = act(admin_client, "make_live", [row])

        assert opens("c", "/c", APP) in shown_texts(text(asked))
        assert Policy.objects.get().mode == "off"
        done = act(admin_client, "make_live", [row], confirmed=asked.context["token"])
        assert (done.status_code, Policy.objects.get().mode) == (302, "live")

    def test_promotion_is_confirmed_by_what_its_page_says(self, admin_client: Client, stored: Policy) -> None:
        shield = services.create_policy(policy("s", "/api/s/**", allowed_origins=[], mode="trial"))
        sent = {"policy": shield.pk}
        asked: Any = admin_client.post(f"{ROOT}policy/trial/", sent)
        unread: Any = admin_client.post(f"{ROOT}policy/trial/", {**sent, "confirmed": "1"})

        assert f"{APP} would be cut off from part of /api/**" in shown_texts(text(asked))
        assert (unread.status_code, Policy.objects.get(name="s").mode) == (200, "trial")
        done = admin_client.post(f"{ROOT}policy/trial/", {**sent, "confirmed": asked.context["token"]})
        assert (done.status_code, Policy.objects.get(name="s").mode) == (302, "live")

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

    def test_shield_of_the_api_of_policies(self, admin_client: Client) -> None:
        services.create_policy(policy(allow_credentials=True))
        shield = services.create_policy(policy("shield", "/api/cors/**", allowed_origins=[]))

        asked = shown_texts(text(admin_client.get(f"{ROOT}policy/{shield.pk}/delete/")))

        assert opens("public-api", "/api/cors/**", APP) in asked

    def test_what_is_not_known_is_said(self, admin_client: Client) -> None:
        row = services.create_policy(policy())

        assert UNKNOWN in shown_texts(text(admin_client.get(f"{ROOT}policy/{row.pk}/delete/")))
