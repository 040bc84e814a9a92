"""Does the app do on PostgreSQL and MariaDB what it does on SQLite?

Before you edit: what reads or writes rows in its own way is run again by another pytest, on a database there.
What goes by the services alone, as the forms of the admin do, is not: it takes minutes and finds no more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.servers import ROOT
from tests.services.clusters import MariaDB, PostgreSQL

pytestmark = pytest.mark.services

SUITES = [
    "tests/db",
    "tests/api",
    "tests/admin/test_policy_list.py",
    "tests/admin/test_origins_and_groups.py",
    "tests/cli/test_sets.py",
]
ALIKE = [
    "tests/api/test_automation_page.py",
    "tests/api/test_bodies.py",
    "tests/api/test_evaluation.py",
    "tests/api/test_schemathesis.py",
    "tests/db/test_background.py",
    "tests/db/test_shared_cache.py",
    "tests/db/test_tallies.py",
]
"""What asks no database, or nothing of it that the others do not."""


def _run(database: dict[str, Any]) -> None:
    """Runs them; what fails is printed, and is this test's failure."""
    environment = {**os.environ, "TEST_DATABASE": json.dumps(database), "COVERAGE_PROCESS_START": ""}
    spared = [f"--ignore={file}" for file in ALIKE]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--create-db", *SUITES, *spared],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-8000:] + finished.stderr[-2000:]


def test_postgresql(postgresql: PostgreSQL) -> None:
    _run(postgresql.settings("suites"))


def test_mariadb(mariadb: MariaDB) -> None:
    _run(mariadb.settings("suites"))
