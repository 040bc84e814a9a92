"""Does the app do on PostgreSQL and MariaDB what it does on SQLite?

Before you edit: what reads or writes rows in its own way is run again by another pytest, on a database there.
What goes by the services alone, as the forms of the admin do, is not: it takes minutes and finds no more.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.services.clusters import MariaDB, PostgreSQL
from tests.services.suites import DATABASE, run_pytest

pytestmark = pytest.mark.services

SUITES = [
    "tests/db",
    "tests/api/test_observations.py",
    "tests/api/test_resources.py",
    "tests/api/test_sets.py",
    "tests/admin/test_policy_list.py",
    "tests/admin/test_origins_and_groups.py",
    "tests/cli/test_sets.py",
]
ALIKE = [
    "tests/db/test_background.py",
    "tests/db/test_shared_cache.py",
    "tests/db/test_tallies.py",
    "tests/db/test_upgrade.py",
]
"""What asks no database, nothing of it that the others do not, or has a test of its own there."""
RERUNS = ["--reruns", "1"] if os.environ.get("CI") else []
"""As the Makefile has it: one test is tried again, and not all of them."""


def _run(database: dict[str, Any]) -> None:
    """Runs them with few examples; what fails is printed, and is this test's failure."""
    spared = [f"--ignore={file}" for file in ALIKE]
    options = ("-q", "--hypothesis-profile=few", *RERUNS, *SUITES, *spared)
    finished = run_pytest(database, *options, capture_output=True, timeout=900)
    assert finished.returncode == 0, finished.stdout[-8000:] + finished.stderr[-2000:]


class TestPostgreSQL:
    """On PostgreSQL."""

    def test_suites(self, postgresql: PostgreSQL) -> None:
        _run(postgresql.settings(DATABASE))


class TestMariaDB:
    """On MariaDB. A class of its own, so that another processor can take it."""

    def test_suites(self, mariadb: MariaDB) -> None:
        _run(mariadb.settings(DATABASE))
