"""Does the page of blocked origins say who was refused, where, why and how often, and lead to what helps?"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from cors_policies import documents, services
from cors_policies.admin.pages.blocked import ROWS_OF_A_PAGE
from cors_policies.models import IgnoredOrigin, Observation, Policy
from cors_policies.observations.rows import KEEP_DAYS
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, shown_texts, text
from tests.factories import PolicyFactory, observe
from tests.helpers import policy, preflight

pytestmark = pytest.mark.django_db

PAGE = f"{ROOT}policy/blocked/"
APP = "https://app.example"
NEW = "https://new.example"
EVIL = "https://evil.example"


def origins(client: Client, query: str = "") -> list[str]:
    """The origins that the page lists, in its order."""
    response: Any = client.get(PAGE + query)
    assert response.status_code == 200
    return [shown.origin for shown in response.context["rows"]]


def addresses(client: Client) -> list[str]:
    """Where the links of the rows go."""
    return [address for address, _name in links(client)]


def links(client: Client) -> list[tuple[str, str]]:
    """Where they go, and how they are called."""
    found = re.findall(rf'<a href="{ROOT}(policy/\d+/change/[^"]*)">([^<]+)</a>', text(client.get(PAGE)))
    return [(html.unescape(address), name) for address, name in found]


class TestRows:
    """Who was refused, the most frequent first, with reason, count, days and time."""

    def test_what_a_row_shows(self, admin_client: Client) -> None:
        services.create_policy(policy(host="testserver"))
        for _ in range(3):
            Client().get("/api/x", headers={"origin": EVIL})

        shown = shown_texts(text(admin_client.get(PAGE)))

        assert f"1 row Origin Where Why, and what to do How often Last {EVIL} Ignore {EVIL}" in shown
        assert "testserver/api/**" in shown
        assert "origin not allowed GET No policy of this path allows the origin." in shown
        assert "3 The last 14 days, today last: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3" in shown

    def test_preflight_counts_with_the_requested_method(self, admin_client: Client) -> None:
        services.create_policy(policy())
        Client().options("/api/x", headers=preflight(APP, "PUT"))

        assert "method not allowed PUT" in shown_texts(text(admin_client.get(PAGE)))

    def test_bars_are_as_high_as_the_counts_are_large(self, admin_client: Client) -> None:
        observe(days=(4, 0, 2))

        svg = re.findall(r'<svg width="110".*?</svg>', text(admin_client.get(PAGE)), re.DOTALL)[0]

        assert 'aria-label="The last 14 days, today last: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 4"' in svg
        assert [int(height) for height in re.findall(r'<rect[^>]*height="(\d+)"', svg)][-3:] == [12, 1, 24]

    def test_allowed_and_forgotten_ones_are_not_shown(self, admin_client: Client) -> None:
        observe(APP, reason="allowed")
        observe(NEW)
        Observation.objects.filter(pk=observe(EVIL)).update(last_seen="2020-01-01T00:00:00Z")

        assert KEEP_DAYS == 30
        assert origins(admin_client) == [NEW]

    def test_folded_ones_are_others(self, admin_client: Client) -> None:
        observe("", method="")

        page = text(admin_client.get(PAGE))

        assert "others" in shown_texts(page)
        assert "counted together" in shown_texts(page)
        assert 'name="ignore"' not in page

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"origin": "null"}, "Sandboxed frames and local files send this"),
            ({"origin": "*"}, "no origin that a browser would send"),
            ({"origin": "~https://.*"}, "no origin that a browser would send"),
            ({"reason": "method-not-allowed"}, "but not this method"),
            ({"reason": "header-not-allowed"}, "Its name is not recorded"),
            ({"reason": "bad-request-headers"}, "there is nothing to allow"),
        ],
    )
    def test_reason_is_explained(self, admin_client: Client, facts: dict[str, Any], words: str) -> None:
        observe(**facts)

        assert words in shown_texts(text(admin_client.get(PAGE)))

    @pytest.mark.parametrize(
        ("listed", "warns"),
        [
            pytest.param([{}], True, id="shield"),
            pytest.param([{}, {}], True, id="two-shields"),
            pytest.param([{"allowed_origins": [APP]}], False, id="origin"),
            pytest.param([{"origin_groups": ["partners"]}], False, id="group"),
            pytest.param([{}, {"allowed_origins": [APP]}], False, id="shield-beside-another"),
        ],
    )
    def test_shield_is_not_filled_in_unwarned(
        self, admin_client: Client, listed: list[dict[str, Any]], warns: bool
    ) -> None:
        services.create_group({"name": "partners", "origins": [APP]})
        for at, lists in enumerate(listed):
            services.create_policy({"name": f"p{at}", "path": "/api/**", **lists})
        observe(NEW)

        shown = shown_texts(text(admin_client.get(PAGE)))

        assert ("A shield keeps everybody out of this path" in shown) is warns
        assert ("If you know whose page it is, add it to one." in shown) is not warns
        assert ("Fill in and review all the same: p0" in shown) is warns

    def test_strangers_texts_are_escaped_and_cut(self, admin_client: Client) -> None:
        observe("<script>alert(1)</script>" + "x" * 400, method="<i>")

        page = text(admin_client.get(PAGE))

        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<i>" not in page
        assert "x" * 101 not in page

    def test_says_where_nothing_is_counted(self, admin_client: Client, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE": "off"}

        assert "Nothing is counted at present" in shown_texts(text(admin_client.get(PAGE)))


class TestFilters:
    """Rows are narrowed, ordered and cut into pages; what nothing would read narrows nothing."""

    @pytest.fixture(autouse=True)
    def _rows(self) -> None:
        observe("https://a.example", days=(1,))
        observe("https://b.example", days=(0, 3), host="api.example", path="/b/**")
        observe("https://c.example", days=(0, 0, 2), reason="method-not-allowed", policy="public-api")

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", "bca"),
            ("?order=newest", "abc"),
            ("?origin=B.EX", "b"),
            ("?reason=method-not-allowed", "c"),
            ("?group=api.example/b/**", "b"),
            ("?group=/api/**", "ca"),
            ("?group=/nowhere", ""),
            ("?policy=public-api", "c"),
            ("?policy=public-api&reason=origin-not-allowed", ""),
            ("?show=ignored", ""),
            ("?show=all", "bca"),
            ("?reason=unheard-of", "bca"),
            ("?order=unheard-of&page=99", "bca"),
            ("?origin=%00", "bca"),
        ],
    )
    def test_found(self, admin_client: Client, query: str, found: str) -> None:
        assert origins(admin_client, query) == [f"https://{name}.example" for name in found]

    def test_pages(self, admin_client: Client) -> None:
        for at in range(ROWS_OF_A_PAGE):
            observe(f"https://o{at}.example")

        assert len(origins(admin_client)) == ROWS_OF_A_PAGE
        assert len(origins(admin_client, "?page=2&order=newest")) == 3
        assert 'href="?order=newest&amp;page=2"' in text(admin_client.get(f"{PAGE}?order=newest"))

    def test_neither_queries_nor_size_grow(self, admin_client: Client) -> None:
        def cost() -> tuple[int, int]:
            with CaptureQueriesContext(connection) as queries:
                size = len(text(admin_client.get(PAGE)))
            return len(queries), size

        for at in range(ROWS_OF_A_PAGE):
            observe(f"https://o{at}.example", path=f"/p{at}/**")
        for _ in range(3):
            PolicyFactory.create(path="/p1/**")
        few, _size = cost()
        for at in range(150):
            observe(f"https://m{at}.example", path=f"/m{at}/**", policy=f"p{at}", reason="method-not-allowed")
        services.apply_document({"policies": [policy(f"many-{at}", "/p1/**") for at in range(200)]})
        many, size = cost()

        assert many == few <= 20
        assert size < 300_000


class TestLinks:
    """One click opens the right policy with what it lacks filled in, and stores nothing."""

    def test_origin_is_filled_in_for_review(self, admin_client: Client) -> None:
        row = services.create_policy(policy())
        observe(NEW)

        (address,) = addresses(admin_client)
        page = FormPage(admin_client, address)

        assert page.fields["allowed_origins"] == f"{APP}\r\n{NEW}"
        assert f"Filled in for your review, and not saved yet: {NEW}" in shown_texts(page.html)
        assert documents.policy_document(row)["allowed_origins"] == [APP]
        page.stored()
        assert documents.policy_document(row)["allowed_origins"] == [APP, NEW]

    @pytest.mark.parametrize(
        ("origin", "more"),
        [(NEW, {}), (APP, {"reason": "method-not-allowed", "method": "PUT", "policy": "public-api"})],
        ids=["origin", "method"],
    )
    def test_call_that_was_refused_is_tried_next(
        self, admin_client: Client, origin: str, more: dict[str, Any]
    ) -> None:
        services.create_policy(policy())
        observe(origin, **more)

        (address,) = addresses(admin_client)
        page = FormPage(admin_client, address)
        tried = text(admin_client.post(page.address, {**page.fields, "_try": "1"}))

        assert f'name="origin" value="{origin}"' in tried
        assert f'name="method" value="{more.get("method", "GET")}"' in tried

    def test_method_is_ticked_in_the_policy_that_refused(self, admin_client: Client) -> None:
        row = services.create_policy(policy())
        services.create_policy(policy("first", priority=1))
        observe(APP, reason="method-not-allowed", method="PUT", policy="public-api")

        (address,) = addresses(admin_client)
        FormPage(admin_client, address).stored()

        assert documents.policy_document(row)["allowed_methods"] == ["GET", "HEAD", "POST", "PUT"]

    def test_header_cannot_be_filled_in(self, admin_client: Client) -> None:
        row = services.create_policy(policy())
        observe(APP, reason="header-not-allowed", method="PUT", policy="public-api")

        (address,) = addresses(admin_client)
        FormPage(admin_client, address).stored()

        assert documents.policy_document(row)["allowed_headers"] == ["content-type"]

    def test_path_group_is_a_choice(self, admin_client: Client) -> None:
        for at in range(7):
            services.create_policy(policy(f"p{at}", priority=at))
        services.create_policy(policy("off", mode="off", priority=0))
        services.create_policy(policy("elsewhere", host="api.example"))
        observe(NEW)

        assert [name for _address, name in links(admin_client)] == ["p0", "p1", "p2", "p3", "p4"]
        assert "and 2 more" in shown_texts(text(admin_client.get(PAGE)))

    @pytest.mark.parametrize("origin", ["null", "*", "~https://.*", "https://*.evil.example", "https://a, *"])
    def test_text_that_is_no_origin_is_not_filled_in(self, admin_client: Client, origin: str) -> None:
        row = services.create_policy(policy())
        observe(origin)

        (address,) = addresses(admin_client)
        page = FormPage(admin_client, address)

        assert page.fields["allowed_origins"] == documents.policy_document(row)["allowed_origins"][0]
        assert "Filled in" not in shown_texts(page.html)

    @pytest.mark.parametrize("method", ["*", "<i>", "A B"])
    def test_text_that_is_no_method_is_not_filled_in(self, admin_client: Client, method: str) -> None:
        row = services.create_policy(policy())
        observe(APP, reason="method-not-allowed", method=method, policy="public-api")

        assert addresses(admin_client) == [f"policy/{row.pk}/change/"]

    def test_policy_that_is_gone(self, admin_client: Client) -> None:
        observe(NEW)
        observe(APP, reason="method-not-allowed", method="PUT", policy="gone")

        assert addresses(admin_client) == []
        assert shown_texts(text(admin_client.get(PAGE))).count("are not there any more") == 2


class TestIgnoring:
    """A mark hides an origin on a path group, and outlives what becomes of the counts."""

    def test_hidden_shown_and_shown_again(self, admin_client: Client) -> None:
        digest = observe(EVIL)
        observe(EVIL, path="/other")

        admin_client.post(PAGE, {"ignore": digest})

        assert origins(admin_client) == [EVIL]
        assert origins(admin_client, "?show=ignored") == [EVIL]
        assert origins(admin_client, "?show=all") == [EVIL, EVIL]

        admin_client.post(f"{PAGE}?show=ignored", {"unignore": digest})

        assert len(origins(admin_client)) == 2

    def test_other_methods_and_reasons_of_it_are_hidden_too(self, admin_client: Client) -> None:
        digest = observe(EVIL)
        observe(EVIL, method="PUT")
        admin_client.post(PAGE, {"ignore": digest})

        assert origins(admin_client) == []

    def test_mark_outlives_counting_folding_and_forgetting(self, admin_client: Client) -> None:
        digest = observe(EVIL)
        admin_client.post(PAGE, {"ignore": digest})
        observe(EVIL)
        assert origins(admin_client) == []

        Observation.objects.all().delete()
        observe(EVIL)
        assert origins(admin_client) == []

    def test_twice_is_as_good_as_once(self, admin_client: Client) -> None:
        digest = observe(EVIL)
        for _ in range(2):
            assert admin_client.post(f"{PAGE}?order=newest", {"ignore": digest}).status_code == 302

        assert IgnoredOrigin.objects.count() == 1

    @pytest.mark.parametrize("sent", [{}, {"ignore": "0" * 64}, {"ignore": "\x00"}, {"unignore": "x"}])
    def test_row_that_is_gone_changes_nothing(self, admin_client: Client, sent: dict[str, str]) -> None:
        response = admin_client.post(PAGE, sent, follow=True)

        assert "Nothing was changed" in shown_texts(text(response))
        assert not IgnoredOrigin.objects.exists()

    def test_others_cannot_be_ignored(self, admin_client: Client) -> None:
        admin_client.post(PAGE, {"ignore": observe("", method="")})

        assert not IgnoredOrigin.objects.exists()


class TestAccess:
    """Who may view policies sees the page; who may change them may ignore, and gets forms filled in."""

    @pytest.mark.parametrize(
        ("granted", "looking", "ignoring"),
        [
            ((), 403, 403),
            (("view_origin",), 403, 403),
            (("view_policy",), 200, 403),
            (("change_policy",), 200, 302),
            (("view_policy", "change_policy"), 200, 302),
        ],
    )
    def test_permissions(
        self, sign_in: SignIn, granted: tuple[str, ...], looking: int, ignoring: int
    ) -> None:
        client = sign_in(*granted)

        assert client.get(PAGE).status_code == looking
        assert client.post(PAGE, {"ignore": observe(EVIL)}).status_code == ignoring

    def test_nobody_is_sent_to_sign_in(self, client: Client) -> None:
        assert client.get(PAGE).status_code == 302

    def test_other_methods(self, admin_client: Client) -> None:
        assert admin_client.put(PAGE).status_code == 405
        assert admin_client.head(PAGE).status_code == 200

    def test_token_is_needed(self, admin_user: Any) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin_user)

        assert client.post(PAGE, {"ignore": observe(EVIL)}).status_code == 403

    def test_viewer_has_no_buttons_and_nothing_filled_in(self, sign_in: SignIn) -> None:
        services.create_policy(policy())
        observe(NEW)
        client = sign_in("view_policy")
        page = text(client.get(PAGE))

        assert 'name="ignore"' not in page
        (address,) = addresses(client)
        assert "?" not in address
        assert NEW not in text(client.get(ROOT + address))

    @pytest.mark.parametrize(("granted", "count"), [("view_policy", 1), ("add_policy", 0)])
    def test_list_links_to_it(self, sign_in: SignIn, granted: str, count: int) -> None:
        response = sign_in(granted).get(f"{ROOT}policy/")

        assert response.content.decode().count(f'href="{PAGE}"') == count

    def test_no_inline_scripts_or_styles(self, admin_client: Client) -> None:
        observe(EVIL)
        page = text(admin_client.get(PAGE))

        assert re.findall(r"<script(?![^>]*src=)[^>]*>|<style|\sstyle=|\son\w+=", page) == []
        assert Policy.objects.count() == 0


class TestWhy:
    """A call that a browser can make has a link to the page that tells it step by step."""

    def test_link_holds_the_call(self, admin_client: Client) -> None:
        observe(APP, path="/api/orders/*", method="PUT")

        assert trials(admin_client) == [
            f"?{urlencode({'origin': APP, 'method': 'PUT', 'path': '/api/orders/1'})}"
        ]

    @pytest.mark.parametrize(
        ("origin", "facts"),
        [
            pytest.param("null", {}, id="null"),
            pytest.param("*", {}, id="no-origin"),
            pytest.param("", {}, id="counted-together"),
            pytest.param(APP, {"method": "a b"}, id="no-method"),
        ],
    )
    def test_no_link(self, admin_client: Client, origin: str, facts: dict[str, Any]) -> None:
        observe(origin, **facts)

        assert trials(admin_client) == []


def trials(client: Client) -> list[str]:
    """The queries of the links to the page "Try it" in the rows."""
    found = re.findall(rf'<a href="{ROOT}policy/try/(\?[^"]+)">', text(client.get(PAGE)))
    return [html.unescape(query) for query in found]
