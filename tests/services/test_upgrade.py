"""Do PostgreSQL and MariaDB keep what they hold, on the way from the first schema to the latest and back?

Before you edit: tests/db/test_upgrade.py has the other ways, on SQLite.
"""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from cors_policies import documents
from tests.services.clusters import MariaDB, PostgreSQL
from tests.services.drivers import use_pymysql
from tests.upgrading import ALIAS, database, fill, known_to, migrate, names, rows

pytestmark = pytest.mark.services


@pytest.fixture(autouse=True)
def beside_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another test of this process has started Playwright, Django sees the loop that it keeps."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def _upgrade(settings: dict[str, Any], blocker: DjangoDbBlocker) -> None:
    """Forward and back with rows of the first release, back and forward with rows of this one."""
    with blocker.unblock(), database(settings):
        first, *_, latest = names()
        fill(migrate(first))
        before = rows(migrate(first))
        forward = rows(migrate(latest))
        assert known_to(before, forward) == before
        assert len(documents.policy_set_document(ALIAS)["policies"]) == 3
        assert rows(migrate(first)) == before

        fill(migrate(latest))
        back = rows(migrate(first))
        assert known_to(back, rows(migrate(latest))) == back


def test_postgresql(postgresql: PostgreSQL, django_db_blocker: DjangoDbBlocker) -> None:
    _upgrade(postgresql.make_database("upgrade"), django_db_blocker)


def test_mariadb(mariadb: MariaDB, django_db_blocker: DjangoDbBlocker) -> None:
    use_pymysql()
    _upgrade(mariadb.make_database("upgrade"), django_db_blocker)
