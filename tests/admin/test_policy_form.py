"""Does the form of a policy store what an editor means, and refuse the rest where it stands?"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client

from cors_policies import documents, services
from cors_policies.admin.fields import MAX_ERRORS
from cors_policies.models import Policy
from cors_policies.models.versions import read_token
from tests.admin.pages import FormPage, shown_errors, shown_texts
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ADD = "policy/add/"
APP = "https://app.example"
NEW = {"name": "new", "path": "/new/**"}
FULL = policy(
    "full",
    "/full/**",
    description="Two lines,\nand a second.",
    host="api.example.com",
    priority=7,
    allowed_origins=["https://z.example", "https://a.example", "~https://[a-z]{1,3}\\.example", "null"],
    origin_groups=["second", "first"],
    allowed_methods=["POST", "PROPFIND", "GET", "DELETE"],
    allowed_headers=["x-b", "x-a", "authorization"],
    exposed_headers=["x-z", "x-y"],
    max_age=None,
    allow_private_network=True,
    reject_denied=True,
    resource_policy="same-site",
    timing_allow_origin=True,
)


@pytest.fixture
def groups() -> None:
    """Two groups, neither fit for credentials."""
    for name in ("first", "second"):
        services.create_group({"name": name, "origins": [f"http://{name}.example"]})


@pytest.fixture
def full(groups: None) -> Policy:  # noqa: ARG001 - what it does is wanted, it gives nothing
    """A stored policy with every list in an order of its own."""
    return services.create_policy(FULL)


def change(row: Policy) -> str:
    """The path of a policy's form."""
    return f"policy/{row.pk}/change/"


def document(name: str = "new") -> dict[str, Any]:
    """A policy as it is stored."""
    return documents.policy_document(Policy.objects.get(name=name))


class TestNewPolicy:
    """A new policy starts with the documented defaults, and is stored as it was typed."""

    def test_untouched_form_stores_the_defaults(self, admin_client: Client) -> None:
        FormPage(admin_client, ADD).stored(**NEW)

        assert document() == documents.policy_document(services.create_policy({**NEW, "name": "other"})) | {
            "name": "new"
        }

    @pytest.mark.usefixtures("groups")
    def test_everything_that_was_typed_is_stored(self, admin_client: Client) -> None:
        FormPage(admin_client, ADD).stored(
            **NEW,
            host="API.Example.com",
            priority="7",
            mode="off",
            allowed_origins="https://B.example/\n\n  https://a.example, https://c.example",
            origin_groups="second\nfirst",
            allowed_methods_usual=["GET", "PUT"],
            allowed_methods_others="PROPFIND, REPORT",
            allowed_headers="X-Token, content-type",
            exposed_headers="X-Total",
            allow_credentials=None,
            max_age="",
            allow_private_network="on",
            reject_denied="on",
            description="Whose it is.",
            expires_at_0="2030-01-31",
            expires_at_1="18:00:00",
            resource_policy="cross-origin",
            timing_allow_origin="on",
        )

        assert document() == {
            "name": "new",
            "description": "Whose it is.",
            "mode": "off",
            "host": "api.example.com",
            "path": "/new/**",
            "priority": 7,
            "allowed_origins": ["https://b.example", "https://a.example", "https://c.example"],
            "origin_groups": ["second", "first"],
            "allowed_methods": ["GET", "PUT", "PROPFIND", "REPORT"],
            "allowed_headers": ["x-token", "content-type"],
            "exposed_headers": ["x-total"],
            "allow_credentials": False,
            "max_age": None,
            "allow_private_network": True,
            "reject_denied": True,
            "tolerate_insecure_origins": False,
            "tolerate_public_suffixes": False,
            "tolerate_credentialed_regex": False,
            "trust_for_csrf": False,
            "expires_at": "2030-01-31T18:00:00Z",
            "resource_policy": "cross-origin",
            "timing_allow_origin": True,
        }

    def test_empty_priority_is_the_default(self, admin_client: Client) -> None:
        FormPage(admin_client, ADD).stored(**NEW, priority="")

        assert document()["priority"] == 100

    def test_any_method_stands_alone(self, admin_client: Client) -> None:
        FormPage(admin_client, ADD).stored(**NEW, allowed_methods_usual=["GET", "*"])

        assert document()["allowed_methods"] == ["*"]

    def test_address_can_fill_in_an_origin(self, admin_client: Client) -> None:
        page = FormPage(admin_client, f"{ADD}?allowed_origins={APP}")

        assert page.fields["allowed_origins"] == APP

    @pytest.mark.usefixtures("groups")
    def test_groups_are_there_to_choose_from(self, admin_client: Client) -> None:
        assert "<option>second</option>" in FormPage(admin_client, ADD).html


class TestStoredPolicy:
    """A form that is opened and saved changes nothing but what the editor changed."""

    def test_untouched_form_changes_nothing(self, admin_client: Client, full: Policy) -> None:
        before, token = documents.policy_document(full), read_token("default")

        FormPage(admin_client, change(full)).stored()

        assert documents.policy_document(full) == before
        assert read_token("default") == token
        assert not LogEntry.objects.exists()

    @pytest.mark.parametrize(
        "kept",
        [
            pytest.param({"path": "/a b "}, id="space-at-the-end-of-a-path"),
            pytest.param({"description": "a\r\nb\n\n  c  "}, id="line-ends-of-every-kind"),
            pytest.param({"description": "\n  first"}, id="line-end-at-the-start"),
            pytest.param({"allowed_methods": []}, id="no-method"),
            pytest.param({"allowed_methods": ["*"]}, id="any-method"),
            pytest.param({"allowed_headers": ["'quoted'", "~tilde"]}, id="odd-header-names"),
            pytest.param({"allowed_origins": []}, id="shield"),
            pytest.param({"max_age": 0}, id="zero"),
        ],
    )
    def test_what_browsers_change_stays_as_it_is(self, admin_client: Client, kept: dict[str, Any]) -> None:
        row = services.create_policy(policy(**{"name": "kept", **kept}))
        before = documents.policy_document(row)

        FormPage(admin_client, change(row)).stored(priority="3")

        assert documents.policy_document(row) == {**before, "priority": 3}

    def test_methods_keep_their_order_and_new_ones_follow(self, admin_client: Client, full: Policy) -> None:
        FormPage(admin_client, change(full)).stored(allowed_methods_usual=["GET", "POST", "PUT"])

        assert document("full")["allowed_methods"] == ["POST", "PROPFIND", "GET", "PUT"]

    def test_lists_take_the_order_that_was_typed(self, admin_client: Client, full: Policy) -> None:
        FormPage(admin_client, change(full)).stored(
            allowed_origins="null\nhttps://z.example",
            origin_groups="first\nsecond",
            allowed_headers="x-a\nx-b",
        )

        stored = document("full")
        assert stored["allowed_origins"] == ["null", "https://z.example"]
        assert stored["origin_groups"] == ["first", "second"]
        assert stored["allowed_headers"] == ["x-a", "x-b"]

    def test_renamed(self, admin_client: Client, full: Policy) -> None:
        FormPage(admin_client, change(full)).stored(name="renamed")

        assert document("renamed") == documents.policy_document(full)

    def test_history_says_what_changed(self, admin_client: Client, full: Policy) -> None:
        FormPage(admin_client, change(full)).stored(
            max_age="60", allowed_origins="https://a.example\nhttps://new.example", reject_denied=None
        )

        message = LogEntry.objects.get().change_message
        assert "Max-age: nothing → 60" in message
        assert "Allowed origins: added https://new.example; removed https://z.example, ~https://" in message
        assert "Reject what is denied: yes → no" in message
        assert "Path" not in message

    def test_what_says_of_embedding_can_be_taken_back(self, admin_client: Client, full: Policy) -> None:
        FormPage(admin_client, change(full)).stored(resource_policy="", timing_allow_origin=None)

        assert not {"resource_policy", "timing_allow_origin"} & document("full").keys()
        message = LogEntry.objects.get().get_change_message()
        assert "Resource policy: “same-site” → nothing" in message
        assert "Show timing: yes → no" in message

    def test_row_broken_past_all_checks_can_be_mended(self, admin_client: Client) -> None:
        row = services.create_policy(policy())
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cors_policies_policy SET allowed_methods = %s, allowed_headers = %s, host = %s",
                ["null", '"x"', "not a host"],
            )

        page = FormPage(admin_client, change(row))
        assert "host" in page.refused()
        page.stored(host="", allowed_methods_usual=["GET"], allowed_headers="x")

        assert documents.policy_document(row)["allowed_headers"] == ["x"]


RULES = [
    pytest.param({"name": ""}, "name", "required", "Write a name", id="required-name"),
    pytest.param({"path": ""}, "path", "required", "Write a path", id="required-path"),
    pytest.param({"name": "a b"}, "name", "invalid", "Write a name", id="invalid-slug"),
    pytest.param({"name": "x" * 101}, "name", "invalid", "1 to 100", id="invalid-long-name"),
    pytest.param({"name": "taken"}, "name", "duplicate-name", '"taken" is taken', id="duplicate-name"),
    pytest.param({"path": "api"}, "path", "invalid-path", "starts with a slash", id="invalid-path"),
    pytest.param({"host": "https://x"}, "host", "invalid-host", "write the host alone", id="invalid-host"),
    pytest.param({"priority": "32768"}, "priority", "invalid", "0 to 32767", id="invalid-priority"),
    pytest.param({"priority": "soon"}, "priority", "invalid", "whole number", id="invalid-priority-text"),
    pytest.param({"max_age": "86401"}, "max_age", "max-age-out-of-range", "0 to 86400", id="long-max-age"),
    pytest.param({"max_age": "-1"}, "max_age", "max-age-out-of-range", "0 to 86400", id="negative-max-age"),
    pytest.param({"max_age": "10m"}, "max_age", "invalid", "whole number", id="max-age-with-unit"),
    pytest.param(
        {"allowed_origins": f"{APP}\n\nnonsense"},
        "allowed_origins",
        "invalid-origin",
        'Line 3: "nonsense" has no scheme. Write the whole origin',
        id="invalid-origin",
    ),
    pytest.param(
        {"allowed_origins": f"{APP}, https://x.example/path"},
        "allowed_origins",
        "invalid-origin",
        "Line 1, https://x.example/path: An origin has no part for a path.",
        id="invalid-origin-after-a-comma",
    ),
    pytest.param(
        {"origin_groups": "first\nnobody"},
        "origin_groups",
        "unknown-group",
        'Line 2: There is no origin group "nobody". Create it first',
        id="unknown-group",
    ),
    pytest.param(
        {"allowed_methods_others": "a/b"}, "allowed_methods", "invalid-method", "a/b", id="invalid-method"
    ),
    pytest.param(
        {"allowed_methods_others": "patch"}, "allowed_methods", "invalid-method", "Write PATCH", id="patch"
    ),
    pytest.param(
        {"allowed_methods_others": "Trace"}, "allowed_methods", "forbidden-method", "Trace", id="trace"
    ),
    pytest.param(
        {"allowed_headers": "x\n\na b"}, "allowed_headers", "invalid-header", "Line 3", id="invalid-header"
    ),
    pytest.param(
        {"allowed_headers": "x\ncookie"},
        "allowed_headers",
        "forbidden-request-header",
        "Line 2, cookie: No script can set cookie",
        id="forbidden-request-header",
    ),
    pytest.param(
        {"exposed_headers": "(x)"}, "exposed_headers", "invalid-header", "Line 1", id="invalid-exposed-header"
    ),
    pytest.param(
        {"exposed_headers": "x, set-cookie"},
        "exposed_headers",
        "forbidden-response-header",
        "Line 1, set-cookie: ",
        id="forbidden-response-header",
    ),
]
CREDENTIAL_RULES = [
    pytest.param({"allowed_origins": "*"}, "allowed_origins", "credentials-any-origin", "Line 1", id="any"),
    pytest.param(
        {"allowed_origins": f"{APP}\nmoz-extension://*"},
        "allowed_origins",
        "credentials-any-origin",
        "Line 2",
        id="any-of-a-scheme",
    ),
    pytest.param(
        {"allowed_origins": "~.*", "tolerate_credentialed_regex": "on"},
        "allowed_origins",
        "credentials-any-origin",
        "Line 1",
        id="any-by-an-expression",
    ),
    pytest.param(
        {"allowed_origins": "null"}, "allowed_origins", "credentials-null-origin", "Line 1", id="null"
    ),
    pytest.param(
        {"allowed_origins": "~https://a\\.example"},
        "allowed_origins",
        "credentials-regex",
        'or set "Tolerate expressions with credentials"',
        id="expression",
    ),
    pytest.param(
        {"allowed_origins": f"{APP}\nhttp://plain.example"},
        "allowed_origins",
        "insecure-origin",
        'Line 2: "http://plain.example" is not https',
        id="insecure",
    ),
    pytest.param(
        {"allowed_origins": "https://*.github.io"},
        "allowed_origins",
        "public-suffix",
        'or set "Tolerate public suffixes"',
        id="public-suffix",
    ),
    pytest.param({"origin_groups": "first"}, "origin_groups", "insecure-origin", "Line 1", id="of-a-group"),
    pytest.param(
        {"exposed_headers": "x\n*"},
        "exposed_headers",
        "credentials-expose-any",
        "Line 2, *: ",
        id="expose-any",
    ),
]


@pytest.mark.usefixtures("groups")
class TestRules:
    """Every rule is an error at its field, with its code and what to write instead; nothing is stored."""

    @pytest.mark.parametrize(("changed", "field", "code", "words"), RULES)
    def test_refused(
        self, admin_client: Client, changed: dict[str, str], field: str, code: str, words: str
    ) -> None:
        services.create_policy(policy("taken"))

        errors = FormPage(admin_client, ADD).refused(**{**NEW, **changed})

        assert {name: [found for found, _ in all_] for name, all_ in errors.items()} == {field: [code]}
        assert words in errors[field][0][1]
        assert Policy.objects.count() == 1

    @pytest.mark.parametrize(("changed", "field", "code", "words"), CREDENTIAL_RULES)
    def test_refused_beside_credentials(
        self, admin_client: Client, changed: dict[str, str], field: str, code: str, words: str
    ) -> None:
        page = FormPage(admin_client, ADD)

        errors = page.refused(**NEW, **changed, allow_credentials="on")
        page.stored(**NEW, **changed)

        assert {name: [found for found, _ in all_] for name, all_ in errors.items()} == {field: [code]}
        assert words in errors[field][0][1]

    @pytest.mark.parametrize(
        "changed",
        [
            {"allowed_origins": "http://plain.example", "tolerate_insecure_origins": "on"},
            {"origin_groups": "first", "tolerate_insecure_origins": "on"},
            {"allowed_origins": "https://*.github.io", "tolerate_public_suffixes": "on"},
            {"allowed_origins": "~https://a\\.example", "tolerate_credentialed_regex": "on"},
        ],
    )
    def test_tolerated_risk_is_stored(self, admin_client: Client, changed: dict[str, str]) -> None:
        FormPage(admin_client, ADD).stored(**NEW, **changed, allow_credentials="on")

    def test_all_problems_come_at_once_and_the_text_stays(self, admin_client: Client) -> None:
        typed = 'nonsense\n"https://x/y",\n<b>'
        response = FormPage(admin_client, ADD).save(path="api", allowed_origins=typed, max_age="many")

        assert set(shown_errors(response)) == {"name", "path", "allowed_origins", "max_age"}
        html = response.content.decode()
        assert "nonsense\n&quot;https://x/y&quot;,\n&lt;b&gt;</textarea>" in html
        assert 'data-marked="1 2 3"' in html

    def test_what_was_ticked_and_typed_as_method_stays(self, admin_client: Client) -> None:
        response = FormPage(admin_client, ADD).save(
            **NEW, allowed_methods_usual=["PUT", "OPTIONS"], allowed_methods_others="TRACE,  REPORT"
        )

        html = response.content.decode()
        assert html.count("checked") == 2
        assert 'value="TRACE,  REPORT"' in html

    def test_only_some_of_very_many_problems_are_shown(self, admin_client: Client) -> None:
        many = "\n".join(f"nonsense-{number}" for number in range(MAX_ERRORS + 5))

        found = FormPage(admin_client, ADD).refused(**NEW, allowed_origins=many)["allowed_origins"]

        assert len(found) == MAX_ERRORS + 1
        assert found[-1] == ("more", "5 more problems.")


class TestTwoEditors:
    """A page that is out of date stores nothing, and shows what somebody else has changed."""

    def test_colleague_s_change_is_not_overwritten(self, admin_client: Client, full: Policy) -> None:
        page = FormPage(admin_client, change(full))
        theirs = {"max_age": 5, "allowed_origins": ["https://theirs.example"]}
        services.update_policy(full, theirs, partial=True)

        response = page.save(max_age="60", priority="9")

        shown = shown_texts(response.content.decode())
        assert "Somebody else has changed this since you opened it" in shown
        assert "Max-age: 60 → 5" in shown
        assert "Allowed origins: added https://theirs.example; removed https://z.example" in shown
        assert "Priority:" not in shown_errors(response)[""]
        assert 'value="60"' in response.content.decode()
        assert documents.policy_document(full) == {**document("full"), **theirs, "priority": 7}

    def test_colleague_s_change_of_what_was_absent_is_seen(self, admin_client: Client, groups: None) -> None:
        row = services.create_policy(policy("plain"))
        page = FormPage(admin_client, change(row))
        services.update_policy(row, {"timing_allow_origin": True}, partial=True)

        page.refused(description="mine")

        row = Policy.objects.get()
        page = FormPage(admin_client, change(row))
        services.update_policy(row, {"timing_allow_origin": False}, partial=True)

        page.refused(description="mine")
        assert "timing_allow_origin" not in document("plain")

    def test_page_stays_out_of_date(self, admin_client: Client, full: Policy) -> None:
        page = FormPage(admin_client, change(full))
        services.update_policy(full, {"priority": 9}, partial=True)

        page.refused()
        assert "__all__" in page.refused()

    def test_change_that_was_taken_back_is_none(self, admin_client: Client, full: Policy) -> None:
        page = FormPage(admin_client, change(full))
        for priority in (9, 7):
            services.update_policy(full, {"priority": priority}, partial=True)

        page.stored(max_age="1")

    def test_colleague_s_deletion_is_said(self, admin_client: Client, full: Policy) -> None:
        page = FormPage(admin_client, change(full))
        services.delete_policy(full)

        response = page.client.post(page.address, page.fields, follow=True)

        assert "Perhaps it was deleted?" in response.content.decode()
        assert not Policy.objects.exists()
