"""Does an editor set a policy's end in their own time zone, and lose nothing of what is stored?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from cors_policies import services
from cors_policies.admin.fields import TimestampField
from cors_policies.models import Policy
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, shown_texts, text
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ADD = "policy/add/"
NEW = {"name": "new", "path": "/new/**"}

Stored = Callable[[str | None], FormPage]


@pytest.fixture
def page(admin_client: Client) -> Stored:
    """The form of a stored policy with that end."""

    def opened(expires_at: str | None) -> FormPage:
        row = services.create_policy(policy(expires_at=expires_at))
        return FormPage(admin_client, f"policy/{row.pk}/change/")

    return opened


def end() -> str | None:
    """The end that is stored."""
    return Policy.objects.get().expires_at


class TestTyped:
    """A date and a time are taken in the editor's time zone, and stored in UTC."""

    @pytest.mark.parametrize(
        ("zone", "stored"),
        [
            ("UTC", "2030-01-31T18:00:00Z"),
            ("Europe/Berlin", "2030-01-31T17:00:00Z"),
            ("Asia/Kolkata", "2030-01-31T12:30:00Z"),
            ("America/Los_Angeles", "2030-02-01T02:00:00Z"),
        ],
    )
    @pytest.mark.parametrize("uses_zones", [True, False])
    def test_is_stored_in_utc(
        self, admin_client: Client, settings: Settings, zone: str, stored: str, uses_zones: bool
    ) -> None:
        settings.TIME_ZONE, settings.USE_TZ = zone, uses_zones

        FormPage(admin_client, ADD).stored(**NEW, expires_at_0="2030-01-31", expires_at_1="18:00")

        assert end() == stored

    def test_page_has_the_pickers_of_the_admin(self, admin_client: Client) -> None:
        html = FormPage(admin_client, ADD).html

        assert "vDateField" in html
        assert "vTimeField" in html
        assert "admin/DateTimeShortcuts.js" in html

    def test_nothing_is_no_end(self, admin_client: Client) -> None:
        FormPage(admin_client, ADD).stored(**NEW)

        assert end() is None

    def test_end_is_taken_away(self, page: Stored) -> None:
        page("2030-01-31T18:00:00Z").stored(expires_at_0="", expires_at_1="")

        assert end() is None

    @pytest.mark.parametrize(
        ("date", "time", "errors"),
        [
            pytest.param("tomorrow", "18:00", ["Write a date, as in 2030-01-31."], id="no-date"),
            pytest.param("2030-02-30", "18:00", ["Write a date, as in 2030-01-31."], id="no-such-date"),
            pytest.param("2030-01-31", "late", ["Write the time, as in 18:00."], id="no-time"),
            pytest.param("2030-01-31", "", ["Write the time, as in 18:00."], id="date-alone"),
            pytest.param("", "18:00", ["Write a date, as in 2030-01-31."], id="time-alone"),
            pytest.param("0001-01-01", "00:00", ["Write a date, as in 2030-01-31."], id="before-all-times"),
        ],
    )
    def test_what_is_no_time_is_refused_at_the_field(
        self, admin_client: Client, settings: Settings, date: str, time: str, errors: list[str]
    ) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        found = FormPage(admin_client, ADD).refused(**NEW, expires_at_0=date, expires_at_1=time)

        assert {field: [message for _, message in problems] for field, problems in found.items()} == {
            "expires_at": errors
        }
        assert not Policy.objects.exists()

    @pytest.mark.parametrize(
        ("date", "time"), [("2030-03-31", "02:30"), ("2030-10-27", "02:30")], ids=["skipped", "twice"]
    )
    def test_time_that_is_none_or_two_is_refused(
        self, admin_client: Client, settings: Settings, date: str, time: str
    ) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        found = FormPage(admin_client, ADD).refused(**NEW, expires_at_0=date, expires_at_1=time)

        assert [*found] == ["expires_at"]

    def test_what_was_typed_stays_in_the_field(self, admin_client: Client) -> None:
        response = FormPage(admin_client, ADD).save(**NEW, expires_at_0="soon", expires_at_1="18:00")

        assert 'value="soon"' in text(response)


class TestStored:
    """A page that is opened and saved leaves the instant as it was, to the fraction of a second."""

    @pytest.mark.parametrize(
        ("zone", "uses_zones"), [("Europe/Berlin", True), ("Europe/Berlin", False), ("Asia/Kolkata", True)]
    )
    @pytest.mark.parametrize(
        "stored",
        [
            pytest.param("2030-01-31T18:00:00Z", id="whole-second"),
            pytest.param("2030-01-31T18:00:00.123456Z", id="fraction"),
            pytest.param("2030-10-27T00:30:00Z", id="first-of-two-equal-times"),
            pytest.param("2030-10-27T01:30:00Z", id="second-of-two-equal-times"),
            pytest.param("9999-12-31T23:59:59Z", id="last"),
            pytest.param("0001-01-01T00:00:00Z", id="first"),
            pytest.param(None, id="none"),
        ],
    )
    def test_untouched_page_changes_nothing(
        self, page: Stored, settings: Settings, zone: str, uses_zones: bool, stored: str | None
    ) -> None:
        settings.TIME_ZONE, settings.USE_TZ = zone, uses_zones
        form = page(stored)
        before = Policy.objects.get().updated_at

        form.stored()

        assert (end(), Policy.objects.get().updated_at) == (stored, before)

    def test_is_shown_in_the_editor_s_time_zone(self, page: Stored, settings: Settings) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        fields = page("2030-01-31T18:00:00.5Z").fields

        assert (fields["expires_at_0"], fields["expires_at_1"]) == ("2030-01-31", "19:00:00")

    def test_change_of_something_else_keeps_the_fraction(self, page: Stored) -> None:
        page("2030-01-31T18:00:00.5Z").stored(description="Changed.")

        assert end() == "2030-01-31T18:00:00.500000Z"
        assert Policy.objects.get().description == "Changed."

    def test_another_time_is_stored_without_a_fraction(self, page: Stored) -> None:
        page("2030-01-31T18:00:00.5Z").stored(expires_at_1="18:00:01")

        assert end() == "2030-01-31T18:00:01Z"

    def test_broken_end_is_said_to_be_one_and_is_not_taken_away_by_saving(self, page: Stored) -> None:
        row_page = page(None)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET expires_at = 'tomorrow'")
        again = FormPage(row_page.client, row_page.address.removeprefix(ROOT))

        found = again.refused()

        assert [(field, code) for field, problems in found.items() for code, _ in problems] == [
            ("expires_at", "invalid")
        ]
        again.stored(expires_at_0="2030-01-31", expires_at_1="18:00")
        assert end() == "2030-01-31T18:00:00Z"

    def test_who_may_only_look_sees_it(self, sign_in: SignIn) -> None:
        row = services.create_policy(policy(expires_at="2030-01-31T18:00:00Z"))
        html = text(sign_in("view_policy").get(f"{ROOT}policy/{row.pk}/change/"))

        assert "2030-01-31T18:00:00Z" in shown_texts(html)


class TestList:
    """The list says of an expired policy that it is one."""

    @pytest.mark.parametrize(
        ("expires_at", "shown"),
        [
            (None, "live"),
            ("9999-01-01T00:00:00Z", "live"),
            ("2020-01-01T00:00:00Z", "expired"),
        ],
    )
    def test_mode(self, admin_client: Client, expires_at: str | None, shown: str) -> None:
        services.create_policy(policy(expires_at=expires_at))

        assert _mode(admin_client) == shown

    def test_broken_end_is_shown_all_the_same(self, admin_client: Client) -> None:
        services.create_policy(policy())
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET expires_at = 'tomorrow'")

        assert _mode(admin_client) == "live"


def _mode(client: Client) -> str:
    html = text(client.get(f"{ROOT}policy/"))
    cell = html[html.index('class="field-mode_mark"') :]
    return shown_texts(f"<td {cell[: cell.index('</td>')]}").strip()


class TestField:
    """The field by itself."""

    def test_lists_no_change_where_the_same_second_was_typed(self) -> None:
        field = TimestampField()

        assert not field.has_changed("2030-01-31T18:00:00.5Z", ["2030-01-31", "18:00:00"])
        assert field.has_changed("2030-01-31T18:00:00Z", ["2030-01-31", "18:00:01"])

    def test_takes_the_time_zone_in_force(self) -> None:
        with timezone.override("Asia/Kolkata"):
            assert TimestampField().clean(["2030-01-31", "18:00"]) == "2030-01-31T12:30:00Z"
