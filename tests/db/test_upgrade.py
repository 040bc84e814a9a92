"""Does a database keep what it holds, on its way to a later release and back?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pytest_django import DjangoDbBlocker

from cors_policies import documents
from tests.servers import ROOT
from tests.upgrading import ALIAS, APP, Rows, database, fill, known_to, migrate, names, rows, sqlite

MIGRATIONS: Final = sorted(path.stem for path in (ROOT / "cors_policies" / "migrations").glob("[0-9]*.py"))
LATEST: Final = MIGRATIONS[-1]


@pytest.fixture(autouse=True)
def upgraded(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of the test's own, without tables."""
    with django_db_blocker.unblock(), database(sqlite(tmp_path / "upgrade.sqlite3")):
        yield


def filled(name: str) -> Rows:
    """Takes the database to that migration, and gives what it holds there: something in every table."""
    models = migrate(name)
    fill(models)
    found = rows(models)
    assert all(found.values())
    return found


class TestForwardAndBack:
    """What both schemas know is the same after the way forward, and after the way back."""

    def test_all_migrations_are_on_the_way(self) -> None:
        assert names() == MIGRATIONS

    @pytest.mark.parametrize("name", MIGRATIONS)
    def test_nothing_is_lost_from(self, name: str) -> None:
        before = filled(name)

        forward = known_to(before, rows(migrate(LATEST)))
        document = documents.policy_set_document(ALIAS)
        back = rows(migrate(name))

        assert forward == before
        assert [policy["name"] for policy in document["policies"]] == ["App", "app", "shield"]
        assert document["origin_groups"][0]["origins"] == ["https://app.example", "https://*.partner.example"]
        assert back == before

    @pytest.mark.parametrize("name", MIGRATIONS[:-1])
    def test_nothing_is_lost_by_going_back_to(self, name: str) -> None:
        latest = filled(LATEST)

        back = rows(migrate(name))
        again = rows(migrate(LATEST))

        assert back == known_to(back, latest)
        assert known_to(back, again) == back


class TestTheWayBack:
    """A policy that an older release would obey, and this one does not, is switched off."""

    @pytest.mark.parametrize(
        ("name", "end", "expected"),
        [
            pytest.param("0002_version_row", "2020-01-01T00:00:00Z", "off", id="expired"),
            pytest.param("0002_version_row", "2099-01-01T00:00:00Z", "live", id="expires-later"),
            pytest.param("0002_version_row", None, "live", id="never-expires"),
            pytest.param("0003_policy_expires_at", "2020-01-01T00:00:00Z", "live", id="end-is-known-there"),
        ],
    )
    def test_where_it_has_expired(self, name: str, end: str | None, expected: str) -> None:
        policies = migrate(LATEST).get_model(APP, "Policy").objects.using(ALIAS)
        policies.create(name="app", path="/api/**", expires_at=end)

        assert migrate(name).get_model(APP, "Policy").objects.using(ALIAS).get().mode == expected

    @pytest.mark.parametrize(
        ("name", "expected"), [("0006_observation", "off"), ("0007_trial_policies", "trial")]
    )
    def test_where_it_is_on_trial(self, name: str, expected: str) -> None:
        policies = migrate(LATEST).get_model(APP, "Policy").objects.using(ALIAS)
        policies.create(name="app", path="/api/**", mode="trial")

        assert migrate(name).get_model(APP, "Policy").objects.using(ALIAS).get().mode == expected
