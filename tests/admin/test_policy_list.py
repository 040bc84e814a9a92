"""Does the list of policies say at a glance who is let in where, and do its actions say what they did?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cors_policies import documents, services
from cors_policies.models import Origin, Policy
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, shown_texts, text
from tests.helpers import policy

pytestmark = pytest.mark.django_db

LIST = f"{ROOT}policy/"


def rows(client: Client, query: str = "") -> list[str]:
    """The texts of the list's rows, without the time and the link at their end."""
    html = text(client.get(f"{LIST}?{query}"))
    body = html.split("<tbody>", 1)[1].split("</tbody>", 1)[0] if "<tbody>" in html else ""
    return [shown_texts(row).strip().removesuffix(" just now Try it") for row in body.split("</tr>")[:-1]]


def names(client: Client, query: str) -> list[str]:
    """The names in the list."""
    return [row.split()[0] for row in rows(client, query)]


def act(client: Client, action: str, chosen: Iterable[Any], **fields: str) -> list[str]:
    """Runs an action on the rows, and gives its messages."""
    sent = {"action": action, "_selected_action": [row.pk for row in chosen], **fields}
    response = client.post(LIST, sent, follow=True)
    return [str(message) for message in response.context["messages"]]


class TestColumns:
    """Where, who, what, credentials and mode of a policy stand in one row."""

    @pytest.mark.parametrize(
        ("keys", "shown"),
        [
            pytest.param({}, "p live /p https://app.example GET HEAD POST no", id="plain"),
            pytest.param({"allowed_origins": []}, "p live /p nobody (shield) GET HEAD POST no", id="shield"),
            pytest.param({"allowed_origins": ["*"]}, "p live /p every origin GET HEAD POST no", id="open"),
            pytest.param({"mode": "off"}, "p off /p https://app.example GET HEAD POST no", id="off"),
            pytest.param(
                {"host": "*.example.com"},
                "p live *.example.com/p https://app.example GET HEAD POST no",
                id="host",
            ),
            pytest.param(
                {"allowed_methods": ["*"]}, "p live /p https://app.example any method no", id="any-method"
            ),
            pytest.param({"allowed_methods": []}, "p live /p https://app.example - no", id="no-method"),
            pytest.param(
                {"allow_credentials": True},
                "p live /p https://app.example GET HEAD POST yes",
                id="credentials",
            ),
            pytest.param(
                {
                    "allowed_origins": [f"https://{name}.example" for name in "edcba"],
                    "origin_groups": ["g", "f"],
                },
                "p live /p https://e.example https://d.example https://c.example and 2 more group g group f "
                "GET HEAD POST no",
                id="many-origins-and-groups",
            ),
            pytest.param(
                {"allowed_origins": [], "origin_groups": ["f"]},
                "p live /p group f GET HEAD POST no",
                id="only-groups",
            ),
        ],
    )
    def test_row(self, admin_client: Client, keys: dict[str, Any], shown: str) -> None:
        for name in ("f", "g"):
            services.create_group({"name": name, "origins": []})
        services.create_policy(policy("p", "/p", **keys))

        assert rows(admin_client) == [shown]

    def test_first_origins_are_shown_when_others_are_gone(self, admin_client: Client) -> None:
        services.create_policy(
            policy("p", "/p", allowed_origins=[f"https://{name}.example" for name in "abcde"])
        )
        for name in "abc":
            services.delete_origin(Origin.objects.get(pattern=f"https://{name}.example"))

        assert rows(admin_client) == ["p live /p https://d.example https://e.example GET HEAD POST no"]

    def test_row_that_is_broken_is_shown(self, admin_client: Client) -> None:
        services.create_policy(policy("p", "/p"))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET allowed_methods = %s", ["7"])

        assert rows(admin_client) == ["p live /p https://app.example - no"]

    def test_queries_do_not_grow(
        self, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        services.create_group(
            {"name": "g", "origins": [f"https://g{number}.example" for number in range(20)]}
        )
        for number in range(30):
            origins = [f"https://o{place}.example" for place in range(number)]
            services.create_policy(
                policy(
                    f"p{number}",
                    f"/{number}",
                    allowed_origins=origins,
                    origin_groups=["g"],
                    host=f"h{number}.example",
                )
            )

        rows(admin_client)
        with django_assert_num_queries(8):
            assert len(rows(admin_client)) == 30

    def test_is_ordered_by_each_column(self, admin_client: Client) -> None:
        services.create_policy(policy("a", "/2", mode="off", allow_credentials=True))
        services.create_policy(policy("b", "/1"))

        orders = {column: names(admin_client, f"o=-{column}") for column in (1, 2, 3, 6, 7)}

        assert orders == {1: ["b", "a"], 2: ["a", "b"], 3: ["a", "b"], 6: ["a", "b"], 7: ["b", "a"]}

    @pytest.mark.parametrize(
        ("keys", "word"),
        [
            ({}, ""),
            ({"mode": "off"}, "off"),
            ({"mode": "trial"}, "trial"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expired"),
        ],
    )
    def test_what_is_not_obeyed_is_grey_and_says_why(
        self, admin_client: Client, keys: dict[str, str], word: str
    ) -> None:
        services.create_policy(policy("app", **keys))

        html = text(admin_client.get(LIST))

        assert ("cors-idle" in html) is bool(word)
        assert word in rows(admin_client)[0]


class TestNarrowing:
    """Search finds each word in name, description, place and origins; filters narrow by what a row holds."""

    @pytest.fixture(autouse=True)
    def _rows(self) -> None:
        services.create_group(
            {"name": "partners", "origins": ["https://deep.partner.example", "https://deep.two.example"]}
        )
        services.create_policy(
            policy("app", "/api/**", allowed_origins=["https://x.example", "https://xx.example"])
        )
        services.create_policy(
            policy("shop", "/s", origin_groups=["partners"], description="Ask Alma", host="shop.example")
        )
        services.create_policy(
            policy("old", "/old", mode="off", allowed_origins=["https://o.example"], allow_credentials=True)
        )

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=app", ["app", "shop"]),
            ("q=%2Fapi", ["app"]),
            ("q=alma", ["shop"]),
            ("q=shop.example", ["shop"]),
            ("q=x.example", ["app"]),
            ("q=deep", ["shop"]),
            ("q=deep+alma", ["shop"]),
            ("q=deep+old", []),
            ("q=%22ask+alma%22", ["shop"]),
            ("q=%22alma+ask%22", []),
            ("q=%22", []),
            ("q=%25", []),
            ("mode__exact=off", ["old"]),
            ("allow_credentials__exact=1", ["old"]),
            ("host=shop.example", ["shop"]),
            ("host=", ["app", "old"]),
            ("group=partners", ["shop"]),
        ],
    )
    def test_found(self, admin_client: Client, query: str, found: list[str]) -> None:
        assert sorted(names(admin_client, query)) == found

    def test_filters_name_what_there_is(self, admin_client: Client) -> None:
        html = text(admin_client.get(LIST))

        assert "host=shop.example" in html
        assert "every host" in html
        assert "group=partners" in html


class TestActions:
    """Each action says what it did, and leaves a line of history."""

    @pytest.fixture
    def two(self) -> list[Policy]:
        """One live, one off."""
        return [
            services.create_policy(policy("one", "/1")),
            services.create_policy(policy("two", "/2", mode="off")),
        ]

    @pytest.mark.parametrize(
        ("action", "mode", "changed", "said"),
        [
            ("make_live", "live", "two", ["1 policy is now live.", "1 was live before."]),
            ("switch_off", "off", "one", ["1 policy is now off.", "1 was off before."]),
        ],
    )
    def test_mode(
        self, admin_client: Client, two: list[Policy], action: str, mode: str, changed: str, said: list[str]
    ) -> None:
        assert act(admin_client, action, two) == said

        assert set(Policy.objects.values_list("mode", flat=True)) == {mode}
        entry = LogEntry.objects.get()
        assert entry.object_repr == changed
        assert entry.change_message.startswith("Mode: ")

    def test_duplicate(self, admin_client: Client, two: list[Policy]) -> None:
        assert act(admin_client, "duplicate", two) == ["Copied, and switched off: one-copy, two-copy."]
        assert act(admin_client, "duplicate", two[:1]) == ["Copied, and switched off: one-copy-2."]

        original = documents.policy_document(two[0])
        copy = documents.policy_document(Policy.objects.get(name="one-copy-2"))
        assert copy == {**original, "name": "one-copy-2", "mode": "off"}
        assert {entry.object_repr for entry in LogEntry.objects.all()} == {
            "one-copy",
            "two-copy",
            "one-copy-2",
        }

    def test_nothing_to_change_is_said(self, admin_client: Client, two: list[Policy]) -> None:
        assert act(admin_client, "make_live", two[:1]) == ["1 was live before."]

        assert not LogEntry.objects.exists()

    def test_duplicate_of_a_long_name(self, admin_client: Client) -> None:
        row = services.create_policy(policy("x" * 100))

        act(admin_client, "duplicate", [row])

        assert Policy.objects.filter(name="x" * 90 + "-copy").exists()

    @pytest.mark.parametrize("action", ["switch_off", "duplicate"])
    def test_row_that_a_rule_refuses_is_left_and_the_others_are_not(
        self, admin_client: Client, two: list[Policy], action: str
    ) -> None:
        services.update_policy(two[1], {"mode": "live"}, partial=True)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET host = 'not a host' WHERE name = 'one'")

        said = act(admin_client, action, two)

        assert said[0].startswith('"one" is left as it is, since a rule refuses it: ')
        assert len(said) == 2
        assert Policy.objects.filter(mode="off").count() == 1
        assert len(act(admin_client, action, two[:1])) == 1

    def test_deleting_asks_and_then_does(self, admin_client: Client, two: list[Policy]) -> None:
        chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in two]}
        html = text(admin_client.post(LIST, chosen))
        assert ">one</a>" in html
        assert Policy.objects.count() == 2

        act(admin_client, "delete_selected", two, post="yes")

        assert not Policy.objects.exists()

    @pytest.mark.parametrize(
        ("codenames", "offered"),
        [
            (["view_policy"], set()),
            (["view_policy", "change_policy"], {"make_live", "switch_off"}),
            (["view_policy", "add_policy"], {"duplicate"}),
            (["view_policy", "delete_policy"], {"delete_selected"}),
        ],
    )
    def test_action_needs_its_permission(
        self, sign_in: SignIn, two: list[Policy], codenames: list[str], offered: set[str]
    ) -> None:
        client = sign_in(*codenames)
        every = {"make_live", "switch_off", "duplicate", "delete_selected"}

        html = text(client.get(LIST))
        for action in every - offered:
            act(client, action, two, post="yes")

        assert {action for action in every if f'value="{action}"' in html} == offered
        assert sorted(Policy.objects.values_list("name", "mode")) == [("one", "live"), ("two", "off")]
