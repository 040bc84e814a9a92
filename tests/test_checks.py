"""Does every system check speak where it should, and only there?"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from cors_policies import conf, services
from cors_policies.checks import MIDDLEWARE, OTHER_MIDDLEWARE, check_stored_set
from tests.helpers import policy


def found() -> list[str | None]:
    """The ids of our messages."""
    messages = [message for message in run_checks() if (message.id or "").startswith("cors_policies")]
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


class TestSetup:
    """A clean project gets no message."""

    def test_demo_is_clean(self) -> None:
        assert found() == []

    @pytest.mark.parametrize(
        ("middleware", "ids"),
        [
            ([], ["cors_policies.W001"]),
            (["django.middleware.common.CommonMiddleware", MIDDLEWARE], ["cors_policies.W002"]),
            (["some.other.Middleware", MIDDLEWARE], []),
            ([MIDDLEWARE, OTHER_MIDDLEWARE], ["cors_policies.W003"]),
        ],
    )
    def test_middleware(self, settings: Settings, middleware: list[str], ids: list[str]) -> None:
        settings.MIDDLEWARE = middleware

        assert [found_id for found_id in found() if found_id] == ids

    def test_settings_that_nothing_reads(self, settings: Settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = []
        assert found() == ["cors_policies.W004"]
        settings.MIDDLEWARE = [OTHER_MIDDLEWARE]
        assert found() == ["cors_policies.W001"]

    @pytest.mark.parametrize(
        "value",
        [
            [],
            {"COLOUR": 1},
            {"REFRESH_INTERVAL": "1"},
            {"REFRESH_INTERVAL": True},
            {"REFRESH_INTERVAL": -1},
            {"REFRESH_INTERVAL": float("nan")},
            {"DATABASE_ALIAS": "nowhere"},
            {"API_PERMISSION_CLASSES": "rest_framework.permissions.AllowAny"},
            {"API_PERMISSION_CLASSES": [7]},
            {1: 2},
        ],
    )
    def test_bad_settings_are_reported_and_not_used(self, settings: Settings, value: Any) -> None:
        settings.CORS_POLICIES = value

        assert found() == ["cors_policies.E001"]
        assert conf.get_settings() == conf.Settings()

    def test_good_settings_are_used(self, settings: Settings) -> None:
        settings.CORS_POLICIES = {"REFRESH_INTERVAL": 0, "DATABASE_ALIAS": "default"}

        assert found() == []
        assert conf.get_settings().REFRESH_INTERVAL == 0


@pytest.mark.django_db
class TestStoredSet:
    """``check --database`` names rows that are invalid as they are stored."""

    def test_broken_row_is_named(self) -> None:
        services.create_policy(policy())
        assert check_stored_set(databases=["default"]) == []
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET allowed_methods = '7'")

        (message,) = check_stored_set(databases=["default"])

        assert 'policy "public-api"' in message.msg
        assert check_stored_set() == []

    def test_missing_table_is_no_error(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE cors_policies_policyorigin RENAME TO elsewhere")

        assert check_stored_set(databases=["default"]) == []

    def test_command_is_clean(self) -> None:
        call_command("check", "--database", "default")
