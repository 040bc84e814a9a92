"""Does the page "Try it" tell what a browser would do, and lead to the change that helps?"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cors_policies import documents, services
from cors_policies.models import Policy
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, shown_texts, text
from tests.admin.test_access import HOSTILE, INLINE
from tests.admin.trying import (
    APP,
    PAGE,
    POLICIES,
    asked,
    field_errors,
    remedies,
    steps,
    verdict,
)
from tests.helpers import policy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _set() -> None:
    """One path with two policies, below broader ones."""
    services.apply_document({"policies": POLICIES})


class TestStory:
    """The page tells what is sent and answered, in the order of events."""

    def test_allowed_after_a_preflight(self, admin_client: Client) -> None:
        page = asked(admin_client, method="put", headers="Content-Type: application/json")

        assert verdict(page) == "Allowed The script gets the response. allowed"
        found = steps(page)
        assert [*found] == [
            "The script calls", "The preflight", "The actual request", "What the script sees", "Why",
        ]  # fmt: skip
        assert found["The script calls"] == (
            f"A page of {APP} calls fetch(): PUT /api/orders/1 Content-Type: application/json"
        )
        assert found["The preflight"] == (
            "The browser asks first: OPTIONS /api/orders/1 Origin: https://app.example "
            "Access-Control-Request-Method: PUT Access-Control-Request-Headers: content-type "
            "The answer, without a call of the view: 200 Access-Control-Allow-Origin: https://app.example "
            "Access-Control-Allow-Methods: GET, PUT Access-Control-Allow-Headers: content-type "
            "Access-Control-Max-Age: 600 "
            "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        )
        assert found["The actual request"] == (
            "The browser sends: PUT /api/orders/1 Origin: https://app.example "
            "Content-Type: application/json The view answers, and these headers are on its response: "
            "the status of the view Access-Control-Allow-Origin: https://app.example Vary: Origin"
        )
        assert found["What the script sees"] == "Allowed. The script gets the response."
        assert found["Why"].startswith("fetch() writes the method put as PUT. The browser asks first")

    def test_policies_are_told_in_order_with_the_one_that_decides(self, admin_client: Client) -> None:
        why = steps(asked(admin_client))["Why"]

        assert "in the order tried /api/orders/* orders decides late Shadowed" in why
        assert why.endswith("are not asked api /api/** allows this origin root /**")

    def test_policies_are_linked(self, admin_client: Client) -> None:
        page = asked(admin_client)

        keys = dict(Policy.objects.values_list("name", "pk"))
        for name in ("orders", "late", "api", "root"):
            assert f'<a href="{ROOT}policy/{keys[name]}/change/">{name}</a>' in page

    @pytest.mark.parametrize(
        ("call", "ending", "preflight", "actual"),
        [
            pytest.param(
                {"method": "DELETE"},
                "Denied The script gets an error (TypeError). The request was never sent. method-not-allowed",
                "The browser asks first",
                "Not sent: the preflight failed.",
                id="denied-preflight",
            ),
            pytest.param(
                {"path": "/x"},
                "Denied The script gets an error (TypeError). The view was called all the same. "
                "origin-not-allowed",
                "No preflight: GET is a CORS-safelisted method",
                "(Vary: Origin)",
                id="denied-actual",
            ),
            pytest.param(
                {"origin": "https://x.example"},
                "Denied The script gets an error (TypeError). The view was not called. origin-not-allowed",
                "No preflight: GET",
                "403 Vary: Origin",
                id="rejected",
            ),
            pytest.param(
                {"origin": ""},
                "Allowed The script gets the response. not-cors",
                "No preflight: there is no origin",
                "Vary: Origin",
                id="no-origin",
            ),
            pytest.param(
                {"host": "app.example", "method": "PUT"},
                "Allowed The script gets the response. same-origin",
                "No preflight: the page calls its own origin.",
                "Origin: https://app.example",
                id="own-origin",
            ),
            pytest.param(
                {"path": "/signed-in", "host": "API.example:443", "credentials": "include"},
                "Allowed The script gets the response. allowed",
                "No preflight",
                "Access-Control-Allow-Credentials: true Access-Control-Expose-Headers: x-a Vary: Origin",
                id="credentials",
            ),
        ],
    )
    def test_endings(
        self, admin_client: Client, call: dict[str, str], ending: str, preflight: str, actual: str
    ) -> None:
        page = asked(admin_client, **call)

        found = steps(page)
        assert verdict(page) == ending
        assert found["The preflight"].startswith(preflight)
        assert actual.strip("()") in found["The actual request"]

    def test_ungoverned(self, admin_client: Client) -> None:
        Policy.objects.all().delete()

        page = asked(admin_client, method="PUT")

        assert verdict(page).startswith("Ungoverned The script gets an error, unless the view or a proxy")
        assert "no CORS header is added" in steps(page)["The preflight"]

    def test_own_policies_of_a_process_that_has_changed_them(self, admin_client: Client) -> None:
        assert verdict(asked(admin_client)).startswith("Allowed")

        services.delete_policy(Policy.objects.get(name="orders"))

        assert verdict(asked(admin_client)).startswith("Denied")


class TestForm:
    """The form is its address; what is wrong is said at its field, and nothing is a fault of the server."""

    def test_opens_without_a_story(self, admin_client: Client) -> None:
        page = text(admin_client.get(PAGE))

        assert steps(page) == {}
        assert "errorlist" not in page

    @pytest.mark.parametrize(
        ("call", "fields"),
        [
            pytest.param({"path": ""}, ["path"], id="no-path"),
            pytest.param({"path": "orders"}, ["path"], id="no-slash"),
            pytest.param({"path": "/a/../b"}, ["path"], id="dots"),
            pytest.param({"path": "/" + "x" * 2000}, ["path"], id="long-path"),
            pytest.param({"path": "/\0"}, ["path"], id="nul"),
            pytest.param({"method": "P U T"}, ["method"], id="no-token"),
            pytest.param({"method": "TRACE"}, ["method"], id="forbidden-method"),
            pytest.param({"headers": "x-a"}, ["headers"], id="no-colon"),
            pytest.param({"headers": "x a: 1\n: 2"}, ["headers"], id="no-names"),
            pytest.param({"credentials": "maybe"}, ["credentials"], id="credentials"),
            pytest.param({"scheme": "ftp"}, ["scheme"], id="scheme"),
            pytest.param({"host": "a b"}, ["host"], id="host"),
            pytest.param({"host": "a:99999"}, ["host"], id="port"),
            pytest.param({"origin": "x" * 601}, ["origin"], id="long-origin"),
            pytest.param(
                {"host": "a b", "method": "@", "headers": "@: 1"}, ["method", "host", "headers"], id="all"
            ),
        ],
    )
    def test_refuses(self, admin_client: Client, call: dict[str, str], fields: list[str]) -> None:
        response = admin_client.get(PAGE, {"path": "/a", **call})

        page = text(response)
        assert sorted(field_errors(response)) == sorted(fields)  # type: ignore[arg-type]
        assert steps(page) == {}

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param({"origin": "app.example"}, id="no-origin"),
            pytest.param({"origin": HOSTILE}, id="markup"),
            pytest.param({"path": f"/{HOSTILE}"}, id="markup-in-path"),
            pytest.param({"path": "/%ED%A0%80%FF%00"}, id="bytes"),
            pytest.param({"path": "//"}, id="no-segments"),
            pytest.param({"host": "bücher.example."}, id="foreign-host"),
            pytest.param({"method": "*", "headers": "*: 1"}, id="stars"),
            pytest.param({"headers": "\n".join(f"x-{number}: 1" for number in range(99))}, id="many-headers"),
        ],
    )
    def test_takes(self, admin_client: Client, call: dict[str, str]) -> None:
        page = asked(admin_client, **call)

        assert "What the script sees" in steps(page)
        assert HOSTILE not in page
        assert INLINE.findall(page.replace(html.escape(HOSTILE), "")) == []

    def test_usual_values_need_not_stand_in_the_address(self, admin_client: Client) -> None:
        assert verdict(text(admin_client.get(f"{PAGE}?path=/api/orders/1&origin={APP}"))).startswith(
            "Allowed"
        )

    def test_other_parameters_ask_nothing(self, admin_client: Client) -> None:
        assert "errorlist" not in text(admin_client.get(f"{PAGE}?utm=1"))


class TestPolicysLink:
    """The link beside a policy leads to the address of a call that the policy speaks of."""

    @pytest.mark.parametrize(
        ("keys", "call"),
        [
            pytest.param({}, {"path": "/p/1", "method": "GET", "origin": APP}, id="plain"),
            pytest.param(
                {
                    "path": "/a/*/%*\\",
                    "host": "*.a.example",
                    "allowed_origins": ["https://*.x.example"],
                    "allowed_methods": ["PUT"],
                    "allow_credentials": True,
                },
                {"path": "/a/1/%251%5C", "host": "www.a.example", "method": "PUT", "credentials": "include"},
                id="patterns",
            ),
            pytest.param(
                {"allowed_origins": [], "origin_groups": ["g"], "allowed_methods": ["*"]},
                {"path": "/p/1", "method": "GET", "origin": "https://g.example"},
                id="group",
            ),
            pytest.param(
                {"allowed_origins": ["null"], "allowed_methods": []},
                {"path": "/p/1", "method": "GET", "origin": "null"},
                id="null",
            ),
            pytest.param({"allowed_origins": []}, {"path": "/p/1", "origin": APP}, id="shield"),
            pytest.param({"allowed_origins": ["*"]}, {"path": "/p/1", "origin": APP}, id="everybody"),
        ],
    )
    def test_example(self, admin_client: Client, keys: dict[str, Any], call: dict[str, str]) -> None:
        services.create_group({"name": "g", "origins": ["https://g.example"]})
        row = services.create_policy(policy("p", **{"path": "/p/**", **keys}))

        response = admin_client.get(f"{PAGE}?policy={row.pk}")

        assert response.status_code == 302
        found = {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}
        assert {name: found[name] for name in call} == call
        page = text(admin_client.get(response["Location"]))
        decides = keys.get("allowed_origins") != [] or "origin_groups" in keys
        assert (" p decides" in steps(page)["Why"]) == decides

    def test_broken_row_has_an_example(self, admin_client: Client) -> None:
        row = Policy.objects.get(name="orders")
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cors_policies_policy SET allowed_methods = '7', path = '/a?b' WHERE id = %s", [row.pk]
            )

        response = admin_client.get(f"{PAGE}?policy={row.pk}", follow=True)

        assert "What the script sees" in steps(response.content.decode())

    def test_policy_that_is_off_says_so(self, admin_client: Client) -> None:
        row = Policy.objects.get(name="off")

        response = admin_client.get(f"{PAGE}?policy={row.pk}", follow=True)

        assert [str(message) for message in response.context["messages"]] == [
            '"off" is not live: this is what happens without it.'
        ]

    @pytest.mark.parametrize("key", ["", "0", "99999", "x", "1" * 30, "²", "-1", "1%00"])
    def test_no_such_policy(self, admin_client: Client, key: str) -> None:
        assert admin_client.get(f"{PAGE}?policy={key}").status_code == 404

    def test_stands_beside_the_policy(self, admin_client: Client) -> None:
        key = Policy.objects.get(name="orders").pk
        link = f'<a href="{PAGE}?policy={key}">Try it</a>'

        assert link in text(admin_client.get(f"{ROOT}policy/"))
        assert link in text(admin_client.get(f"{ROOT}policy/{key}/change/"))
        assert f'<a href="{PAGE}">Try it</a>' in text(admin_client.get(f"{ROOT}policy/"))


class TestRemedies:
    """A refusal leads to the form that mends it, filled in and not stored."""

    def test_change_of_each_policy(self, admin_client: Client) -> None:
        before = documents.policy_set_document("default")
        page = asked(admin_client, origin="https://new.example", method="PUT", headers="X-B: 1")

        found = remedies(page)

        own = "Write one more policy, with https://new.example, PUT, x-b"
        assert [*found] == ["Add https://new.example, x-b", "Add https://new.example, PUT, x-b", own]
        form = FormPage(admin_client, found["Add https://new.example, PUT, x-b"].removeprefix(ROOT))
        assert form.fields["allowed_origins"] == "https://late.example\r\nhttps://new.example"
        assert form.fields["allowed_methods_usual"] == ["GET", "HEAD", "POST", "PUT"]
        assert form.fields["allowed_headers"] == "content-type\r\nx-b"
        assert "allow_credentials" not in form.fields
        assert "not saved yet: https://new.example, PUT, x-b" in shown_texts(form.html)
        assert documents.policy_set_document("default") == before

    def test_saved_after_review(self, admin_client: Client) -> None:
        found = remedies(asked(admin_client, method="DELETE"))

        FormPage(admin_client, found["Add DELETE"].removeprefix(ROOT)).stored()

        assert verdict(asked(admin_client, method="DELETE")).startswith("Allowed")

    def test_credentials(self, admin_client: Client) -> None:
        found = remedies(asked(admin_client, credentials="include", method="DELETE"))

        form = FormPage(admin_client, found["Add DELETE and allow credentials"].removeprefix(ROOT))

        assert form.fields["allow_credentials"] == ["on"]
        assert "not saved yet: DELETE, allow credentials" in shown_texts(form.html)

    def test_new_policy(self, admin_client: Client) -> None:
        services.delete_policy(Policy.objects.get(name="root"))
        found = remedies(asked(admin_client, path="/new%20one?q=1", method="PUT"))

        form = FormPage(
            admin_client, found[f"Write a policy for this path, with {APP}, PUT"].removeprefix(ROOT)
        )

        assert form.fields["path"] == "/new one"
        assert form.fields["allowed_origins"] == APP
        assert form.fields["allowed_methods_usual"] == ["PUT"]

    def test_what_it_opens_besides_is_said(self, admin_client: Client) -> None:
        shown = shown_texts(asked(admin_client, origin="https://new.example", method="PUT", headers="X-B: 1"))

        assert "The origin may then do all that the policy allows: GET, PUT." in shown
        assert "What you add holds for every origin of that policy." in shown
        assert re.search(r"It opens PUT on /\S+ to this origin, and nothing else\.", shown)

    def test_policy_of_its_own_opens_the_call_and_nothing_else(self, admin_client: Client) -> None:
        keys = {"origin": "https://new.example", "method": "PUT", "headers": "X-B: 1"}
        found = remedies(asked(admin_client, **keys))
        address = found["Write one more policy, with https://new.example, PUT, x-b"]
        form = FormPage(admin_client, address.removeprefix(ROOT))

        saved = form.save(name="own")

        stored = documents.policy_document(Policy.objects.get(name="own"))
        assert stored["allowed_origins"] == ["https://new.example"]
        assert (stored["allowed_methods"], stored["allowed_headers"]) == (["PUT"], ["x-b"])
        listed = text(admin_client.get(saved["Location"]))
        assert "Try the call again" in listed
        assert verdict(asked(admin_client, **keys)).startswith("Allowed")

    def test_tried_call_goes_along(self, admin_client: Client) -> None:
        address = remedies(asked(admin_client, method="DELETE"))["Add DELETE"]
        form = FormPage(admin_client, address.removeprefix(ROOT))

        page = text(admin_client.post(form.address, {**form.fields, "_try": "1"}))

        assert verdict(page).startswith("Allowed")
        assert "DELETE /api/orders/1" in steps(page)["The actual request"]

    def test_viewer_is_led_nowhere(self, sign_in: SignIn) -> None:
        assert remedies(asked(sign_in("view_policy"), method="DELETE")) == {}

    @pytest.mark.parametrize(
        ("proposed", "origins"),
        [
            pytest.param([APP], [APP], id="there-already"),
            pytest.param(
                ["https://b.example", " https://b.example "], [APP, "https://b.example"], id="twice"
            ),
            pytest.param(["", " ", "a\nb", "a\0b", "x" * 513], [APP], id="no-entries"),
            pytest.param([str(number) for number in range(30)], [APP, *map(str, range(20))], id="too-many"),
            pytest.param([HOSTILE], [APP, html.escape(HOSTILE)], id="markup"),
        ],
    )
    def test_odd_proposals(self, admin_client: Client, proposed: list[str], origins: list[str]) -> None:
        key = Policy.objects.get(name="orders").pk

        form = FormPage(
            admin_client, f"policy/{key}/change/?{urlencode({'add_origin': proposed}, doseq=True)}"
        )

        assert html.escape(form.fields["allowed_origins"], quote=True).split("\r\n") == origins
        assert HOSTILE not in form.html

    def test_proposals_join_an_address_of_the_older_kind(self, admin_client: Client) -> None:
        form = FormPage(admin_client, f"policy/add/?allowed_origins={APP}&add_origin=https://b.example")

        assert form.fields["allowed_origins"] == f"{APP}\r\nhttps://b.example"


class TestAccess:
    """Who may see policies may ask; nobody else."""

    def test_stranger(self, sign_in: SignIn) -> None:
        assert sign_in("add_policy", "view_origin").get(PAGE).status_code == 403

    def test_nobody(self, client: Client) -> None:
        assert client.get(PAGE).status_code == 302

    def test_viewer(self, sign_in: SignIn) -> None:
        client = sign_in("view_policy")

        assert verdict(asked(client)).startswith("Allowed")
        assert "_try" not in text(client.get(f"{ROOT}policy/{Policy.objects.get(name='api').pk}/change/"))

    @pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
    def test_other_methods(self, admin_client: Client, method: str) -> None:
        assert getattr(admin_client, method)(PAGE).status_code == 405

    def test_head(self, admin_client: Client) -> None:
        assert admin_client.head(PAGE).status_code == 200

    def test_post_needs_the_token(self) -> None:
        assert Client(enforce_csrf_checks=True).post(PAGE).status_code == 403


class TestGrowth:
    """What is shown is bounded, and the queries do not grow with the set."""

    def test_many_policies(self, admin_client: Client) -> None:
        asked(admin_client)
        with CaptureQueriesContext(connection) as few:
            asked(admin_client)
        rows = [policy(f"p{number:03}", "/api/orders/*", priority=2) for number in range(70)]
        rows += [policy(f"r{number:03}", "/*/orders/1") for number in range(60)]
        services.apply_document({"policies": rows})
        asked(admin_client)

        with CaptureQueriesContext(connection) as many:
            page = asked(admin_client, method="PATCH")

        assert len(many) <= len(few) + 1 <= 20
        assert page.count("/change/") < 130
        assert "and 22 more" in page
        assert "and 12 more" in page
        assert len(page) < 100_000
