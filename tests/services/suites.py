"""How do the tests run on another database? ``python -m tests.services.suites PostgreSQL [ARGUMENT...]``.

The arguments are pytest's. The server is one of this run's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

from tests.servers import ROOT
from tests.services.clusters import MariaDB, PostgreSQL, running

KINDS: Final[dict[str, type[PostgreSQL | MariaDB]]] = {"PostgreSQL": PostgreSQL, "MariaDB": MariaDB}
DATABASE: Final = "suites"


def run_pytest(database: dict[str, Any], *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Another pytest on that database; options are those of ``subprocess.run``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["TEST_DATABASE"] = json.dumps(database)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--create-db", *arguments],
        env=environment, cwd=ROOT, text=True, check=False, **options,
    )  # fmt: skip


def main(kind: str, *arguments: str) -> int:
    """The status of pytest on a server of that kind."""
    cluster = KINDS[kind]()
    with running(cluster):
        return run_pytest(cluster.settings(DATABASE), *arguments).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
