"""Does the trial report say what would change, to those who may see it, and promote what it was asked to?"""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from cors_policies import services
from cors_policies.admin.pages import trial as page_module
from cors_policies.models import Policy, Revision, TrialObservation
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Key
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, shown_texts, text
from tests.admin.test_access import HOSTILE, INLINE
from tests.admin.test_policy_list import act, rows
from tests.db.test_trials import key, store
from tests.helpers import policy

pytestmark = pytest.mark.django_db

LIST = f"{ROOT}policy/"
REPORT = f"{LIST}trial/"
APP = "https://app.example"
EVIL = "https://evil.example"


@pytest.fixture
def tried() -> Policy:
    """A policy on trial, beside a live one."""
    services.create_policy(policy())
    return services.create_policy(policy("next", mode="trial", priority=1, allowed_origins=[EVIL]))


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is too old, however old it is."""
    monkeypatch.setattr("cors_policies.observations.trials.oldest_kept", lambda _now: "")


def shown(client: Client, query: str = "") -> str:
    """The texts of the report's content."""
    return shown_texts(text(client.get(f"{REPORT}?{query}")).split('id="content-main"', 1)[1])


def posted(client: Client, row: Policy, **fields: str) -> Any:
    """What is answered where the policy is sent."""
    return client.post(REPORT, {"policy": row.pk, **fields}, follow=True)


def messages(response: Any) -> list[str]:
    """What the user is told."""
    return [str(message) for message in response.context["messages"]]


class TestReport:
    """Per path group: the policies on trial, what would be newly allowed, newly denied and otherwise."""

    def test_real_traffic(self, admin_client: Client, tried: Policy) -> None:
        for origin in (EVIL, EVIL, APP, "https://other.example"):
            Client().get("/api/plain", headers={"origin": origin})
        Client().post("/api/plain", headers={"origin": "https://o.example"})

        found = shown(admin_client)

        assert "/api/** next Make live… Newly allowed 2 requests" in found
        assert f"{EVIL} GET denied: origin-not-allowed allowed, by next 2 just now" in found
        assert "Newly denied" not in found
        assert "other.example" not in found

    def test_kinds_are_apart(self, admin_client: Client, tried: Policy) -> None:
        store({key(): 7, key(live="ungoverned", reason="allowed"): 8, key(live="method-not-allowed"): 1})

        found = shown(admin_client)

        order = [found.index(title) for title in ("Newly allowed", "Newly denied", "Answered otherwise")]
        assert order == sorted(order)
        assert f"{EVIL} GET allowed, by public-api denied: origin-not-allowed 7" in found
        assert f"{EVIL} GET not governed, by public-api allowed 8" in found
        assert "Newly denied 7 requests" in found

    def test_nothing_yet(self, admin_client: Client, tried: Policy) -> None:
        assert "Nothing yet: no request was seen that would be answered otherwise." in shown(admin_client)

    def test_nothing_on_trial(self, admin_client: Client) -> None:
        store({key(): 1})

        found = shown(admin_client)

        assert "No policy is on trial." in found
        assert EVIL not in found

    def test_observing_is_off(self, admin_client: Client, tried: Policy, settings: Settings) -> None:
        assert "Nothing is recorded" not in shown(admin_client)
        settings.CORS_POLICIES = {"OBSERVE": "off"}

        assert "Nothing is recorded, since OBSERVE is" in shown(admin_client)

    def test_row_of_before_a_change_says_so(self, admin_client: Client, tried: Policy) -> None:
        store({key(): 1}, now=int(time.time()) - 3 * SECONDS_OF_A_DAY)
        Client().get("/api/plain", headers={"origin": EVIL})

        found = shown(admin_client)

        assert found.count("before the last change") == 1
        assert re.search(r"days.ago before the last change", found)

    def test_expired_policy_cannot_be_made_live(self, admin_client: Client) -> None:
        services.create_policy(policy("next", mode="trial", expires_at="2020-01-01T00:00:00Z"))

        assert "next expired Nothing yet" in shown(admin_client)

    def test_folded_rows_say_so(self, admin_client: Client, tried: Policy) -> None:
        rest = Key("", "/api/**", "", "", "allowed", "", "ungoverned")
        store({rest: 3, rest._replace(path=""): 2, key("", "ungoverned", "not-cors"): 1})

        found = shown(admin_client)

        assert "various, rarely seen - not governed allowed 3" in found
        assert "none GET not governed, by public-api not cross-origin 1" in found
        assert "2 more requests would be answered otherwise; for want of room their paths" in found

    def test_path_groups_with_most_requests_come_first(self, admin_client: Client) -> None:
        for name in "abc":
            services.create_policy(policy(name, f"/{name}", mode="trial"))
        store({key(path="/b"): 5, key(path="/c"): 9})

        found = re.findall(r'<h2 id="place-\d+">(.+?)</h2>', text(admin_client.get(REPORT)))
        assert found == ["/c", "/b", "/a"]

    def test_list_links_to_it(self, admin_client: Client) -> None:
        assert f'<a href="{REPORT}">Trial report</a>' in text(admin_client.get(LIST))


class TestPromoting:
    """What is confirmed becomes live: one revision by that user, and a line of history."""

    def test_asks_first(self, admin_client: Client, tried: Policy) -> None:
        store({key(live="ungoverned", reason="allowed"): 8})

        response = posted(admin_client, tried)

        found = shown_texts(text(response).split('id="content-main"', 1)[1])
        assert "Policy “next” is obeyed for /api/** from then on" in found
        assert "Newly allowed: 8 requests" in found
        assert Policy.objects.get(name="next").mode == "trial"

    def test_asks_where_nothing_was_seen(self, admin_client: Client, tried: Policy) -> None:
        assert "No request was seen that would be answered otherwise." in text(posted(admin_client, tried))

    def test_confirmed_it_is_live(self, admin_client: Client, tried: Policy) -> None:
        before = Revision.objects.count()
        response = posted(admin_client, tried, confirmed="yes")

        assert response.redirect_chain == [(REPORT, 302)]
        assert messages(response) == ["1 policy is now live."]
        assert Policy.objects.get(name="next").mode == "live"
        revision = Revision.objects.latest("number")
        assert (Revision.objects.count() - before, revision.via, revision.actor) == (1, "admin", "admin")
        assert LogEntry.objects.get().get_change_message() == "Mode: “on trial” → “live”"

    def test_obeyed_from_the_next_request_on(self, admin_client: Client, tried: Policy) -> None:
        posted(admin_client, tried, confirmed="yes")

        response = Client().get("/api/plain", headers={"origin": EVIL})
        assert response.headers["Access-Control-Allow-Origin"] == EVIL

    @pytest.mark.parametrize("mode", ["live", "off"])
    def test_what_is_not_on_trial_any_more_stays(
        self, admin_client: Client, tried: Policy, mode: str
    ) -> None:
        services.update_policy(tried, {"mode": mode}, partial=True)

        response = posted(admin_client, tried, confirmed="yes")

        assert messages(response) == ["Nothing was changed: that policy is not on trial any more."]
        assert Policy.objects.get(name="next").mode == mode

    @pytest.mark.parametrize("odd", ["", "0", "-1", "x", "9" * 40, "١", "1 OR 1"])
    def test_odd_key_changes_nothing(self, admin_client: Client, tried: Policy, odd: str) -> None:
        response = admin_client.post(REPORT, {"policy": odd, "confirmed": "yes"}, follow=True)

        assert messages(response) == ["Nothing was changed: that policy is not on trial any more."]
        assert Policy.objects.get(name="next").mode == "trial"

    def test_refused_policy_stays(self, admin_client: Client, tried: Policy) -> None:
        Policy.objects.filter(pk=tried.pk).update(allowed_methods=["CONNECT"])

        response = posted(admin_client, tried, confirmed="yes")

        assert messages(response)[0].startswith('"next" is left as it is, since a rule refuses it:')
        assert Policy.objects.get(name="next").mode == "trial"


class TestAccess:
    """Who may view policies sees it; who may change them promotes."""

    @pytest.mark.parametrize(
        ("permissions", "opened", "promoted"),
        [
            ((), 403, 403),
            (("view_policy",), 200, 403),
            (("change_policy",), 200, 302),
            (("add_policy", "delete_policy", "view_observation"), 403, 403),
        ],
    )
    def test_permissions(
        self, sign_in: SignIn, tried: Policy, permissions: tuple[str, ...], opened: int, promoted: int
    ) -> None:
        client = sign_in(*permissions)

        response = client.get(REPORT)
        sent = client.post(REPORT, {"policy": tried.pk, "confirmed": "yes"})

        assert (response.status_code, sent.status_code) == (opened, promoted)
        assert (Policy.objects.get(name="next").mode == "live") is (promoted == 302)
        if opened == 200:
            assert ("Make live…" in response.content.decode()) is (promoted == 302)

    def test_anonymous_signs_in_first(self, client: Client) -> None:
        assert client.get(REPORT).status_code == 302

    def test_other_methods_are_refused(self, admin_client: Client) -> None:
        response = admin_client.put(REPORT)

        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")

    def test_needs_the_token(self, tried: Policy, django_user_model: Any) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(django_user_model.objects.create_superuser("chief"))

        assert posted(client, tried, confirmed="yes").status_code == 403
        assert Policy.objects.get(name="next").mode == "trial"

    def test_stranger_sees_no_link(self, sign_in: SignIn) -> None:
        assert "Trial report" in text(sign_in("view_policy").get(LIST))


class TestSafety:
    """Strangers' texts are escaped and cut, and no page holds an inline script or style."""

    def test_hostile_texts(self, admin_client: Client, tried: Policy) -> None:
        hostile = key(HOSTILE)._replace(method="<b>PUT</b>", policy="<i>", live_policy="<u>")
        store({hostile: 1, key("https://" + "a" * 500): 1})

        for html in (text(admin_client.get(REPORT)), text(posted(admin_client, tried))):
            assert "<script>alert" not in html
            assert "<b>PUT" not in html
            assert "<i>" not in html
            assert "a" * 150 not in html

    def test_nothing_is_inline(self, admin_client: Client, tried: Policy) -> None:
        store({key(): 1})

        for html in (text(admin_client.get(REPORT)), text(posted(admin_client, tried))):
            assert not INLINE.search(html)


class TestSize:
    """However many policies are on trial and rows are stored, queries stay as many, and the page bounded."""

    @staticmethod
    def fill(sites: int, policies: int, origins: int) -> None:
        """So many path groups, each with so many policies and as many origins of each kind."""
        Policy.objects.bulk_create(
            Policy(name=f"p{site}-{number}", path=f"/p{site}", mode="trial")
            for site in range(sites)
            for number in range(policies)
        )
        pairs = [("allowed", "origin-not-allowed"), ("ungoverned", "allowed"), ("allowed", "allowed")]
        store(
            {
                key(f"https://o{number}.example", *pair, f"/p{site}"): number + 1
                for site in range(sites)
                for number in range(origins)
                for pair in pairs
            },
            100_000,
        )

    def queries(self, client: Client) -> int:
        """How many the page takes."""
        with CaptureQueriesContext(
            connection,
        ) as captured:
            text(client.get(REPORT))
        return len(captured)

    def test_queries_do_not_grow(self, admin_client: Client) -> None:
        self.fill(1, 1, 1)
        few = self.queries(admin_client)
        TrialObservation.objects.all().delete()
        Policy.objects.all().delete()
        self.fill(12, 4, 30)

        assert self.queries(admin_client) == few <= 20

    def test_page_has_a_bound(self, admin_client: Client) -> None:
        self.fill(page_module.SITES_A_PAGE + 2, page_module.SHOWN_POLICIES + 3, 40)

        html = text(admin_client.get(REPORT))
        found = shown_texts(html)

        assert len(html) < 700_000
        assert html.count("<h2 id=") == page_module.SITES_A_PAGE
        assert (
            html.count('class="cors-origin"') == page_module.SITES_A_PAGE * 3 * page_module.SHOWN_DIFFERENCES
        )
        assert found.count("and 15 more") == 3 * page_module.SITES_A_PAGE
        assert found.count("and 3 more") == page_module.SITES_A_PAGE
        assert "Page 1 of 2" in found

    @pytest.mark.parametrize(("number", "places"), [("2", 2), ("99", 2), ("x", 10), ("-1", 2)])
    def test_pages(self, admin_client: Client, number: str, places: int) -> None:
        self.fill(page_module.SITES_A_PAGE + 2, 1, 0)

        assert text(admin_client.get(f"{REPORT}?p={number}")).count("<h2 id=") == places


class TestList:
    """The list shows what is on trial, finds it, and puts policies there."""

    def test_mode_is_shown_and_filtered(self, admin_client: Client, tried: Policy) -> None:
        assert [row.split(" /")[0] for row in rows(admin_client, "mode__exact=trial")] == ["next on trial"]

    def test_action(self, admin_client: Client) -> None:
        row = services.create_policy(policy())

        assert act(admin_client, "put_on_trial", [row]) == ["1 policy is now on trial."]
        assert Policy.objects.get().mode == "trial"
        assert LogEntry.objects.get().get_change_message() == "Mode: “live” → “on trial”"

    def test_action_needs_the_change_permission(self, sign_in: SignIn, tried: Policy) -> None:
        client = sign_in("view_policy")
        client.post(
            LIST, {"action": "put_on_trial", "_selected_action": [Policy.objects.get(name="public-api").pk]}
        )

        assert Policy.objects.get(name="public-api").mode == "live"
