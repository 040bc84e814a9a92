"""Does the history of a policy or group hold every revision that changed it, whatever way in and name?"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cors_policies import services
from cors_policies.models import Origin, OriginGroup, Policy
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, shown_texts, text
from tests.helpers import policy

pytestmark = pytest.mark.django_db


def history(client: Client, row: Any, query: str = "") -> str:
    """The text of a row's history."""
    page = f"{ROOT}{row._meta.model_name}/{row.pk}/history/{query}"
    return shown_texts(text(client.get(page))).split("Change history: ")[-1]


@pytest.fixture
def row() -> Policy:
    """A policy with three revisions, and one beside it."""
    with services.acting("command", comment="First"):
        row = services.create_policy(policy("app", "/app"))
    with services.acting("api", "bob"):
        services.update_policy(row, {"name": "renamed"}, partial=True)
    with services.acting("admin", "ada"):
        services.update_policy(row, {"max_age": 60, "allowed_origins": ["null"]}, partial=True)
    services.create_policy(policy("other", "/other", max_age=7))
    return row


class TestPolicies:
    """The revisions that changed the policy, the newest first, each with what it changed."""

    def test_every_way_in_and_every_name(self, admin_client: Client, row: Policy) -> None:
        words = history(admin_client, row)

        assert "Max-age: 600 → 60" in words
        assert "Allowed origins: added null; removed https://app.example" in words
        assert "bob REST API Name: “app” → “renamed”" in words
        assert "- command created First" in words
        assert "3 changes" in words
        assert words.index("600 → 60") < words.index("renamed”") < words.index("created")

    def test_leads_to_the_revisions(self, admin_client: Client, row: Policy) -> None:
        html = text(admin_client.get(f"{ROOT}policy/{row.pk}/history/"))

        assert 'href="/admin/cors_policies/revision/2/change/">2<' in html
        assert f'href="/admin/cors_policies/revision/?row=policy-{row.pk}"' in html
        assert 'href="/admin/cors_policies/revision/?name=renamed"' in html

    def test_is_paginated(self, admin_client: Client, row: Policy) -> None:
        for age in range(60):
            services.update_policy(row, {"max_age": age + 1000}, partial=True)

        assert "Max-age: 1058 → 1059" in history(admin_client, row)
        assert "- command created First" in history(admin_client, row, "?p=2")
        assert "- command created First" in history(admin_client, row, "?p=99")

    def test_costs_the_same_however_long(self, admin_client: Client, row: Policy) -> None:
        history(admin_client, row)  # Django keeps content types from then on
        services.update_policy(row, {"max_age": 999}, partial=True)
        with CaptureQueriesContext(connection) as few:
            history(admin_client, row)
        for age in range(30):
            services.update_policy(row, {"max_age": age + 1000}, partial=True)

        with CaptureQueriesContext(connection) as many:
            history(admin_client, row)

        assert len(many) == len(few) <= 20

    def test_large_documents_are_not_read(self, admin_client: Client, row: Policy) -> None:
        origins = [f"https://o{number}.example" for number in range(5000)]
        services.update_policy(row, {"allowed_origins": origins}, partial=True)

        words = history(admin_client, row)

        assert "too much to be shown here" in words
        assert "Max-age: 600 → 60" in words

    def test_without_revisions_says_so(self, admin_client: Client, row: Policy) -> None:
        services.prune_revisions(1)

        assert "No revision has changed this, or those that did were deleted." in history(admin_client, row)


class TestGroups:
    """The same for a group, with links for those who may follow them."""

    @pytest.fixture
    def group(self) -> OriginGroup:
        """A group with two revisions."""
        group = services.create_group({"name": "g", "origins": ["https://b.example"]})
        return services.update_group(group, {"origins": []}, partial=True)

    def test_every_change(self, admin_client: Client, group: OriginGroup) -> None:
        assert "Origins: removed https://b.example" in history(admin_client, group)

    @pytest.mark.parametrize(
        ("permissions", "linked"),
        [
            pytest.param(["view_origingroup"], False, id="groups-alone"),
            pytest.param(["view_origingroup", "view_policy"], True, id="policies-too"),
        ],
    )
    def test_links_are_for_who_may_follow(
        self, sign_in: SignIn, group: OriginGroup, permissions: list[str], linked: bool
    ) -> None:
        html = text(sign_in(*permissions).get(f"{ROOT}origingroup/{group.pk}/history/"))

        assert ('href="/admin/cors_policies/revision/' in html) == linked
        assert "Origins: removed https://b.example" in shown_texts(html)


class TestOthers:
    """What has no revisions of its own keeps the history that Django gives it."""

    def test_origin(self, admin_client: Client, row: Policy) -> None:
        origin = Origin.objects.get(pattern="https://app.example")
        FormPage(admin_client, f"origin/{origin.pk}/change/").stored(description="Ours")

        assert "Description: nothing → “Ours”" in history(admin_client, origin)

    def test_lines_of_policies_are_still_written(self, admin_client: Client, row: Policy) -> None:
        FormPage(admin_client, f"policy/{row.pk}/change/").stored(max_age="5")

        assert LogEntry.objects.get().change_message == "Max-age: 60 → 5"
        assert "renamed" in shown_texts(text(admin_client.get("/admin/"))).split("Recent actions")[1]
