"""How does a test run a script in a project of two databases, of which the policies are in the other one?

A process of its own: Django's settings cannot change once they are read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

_SETTINGS = """
from tests.settings import *
ENGINE = "django.db.backends.sqlite3"
DATABASES = {alias: {"ENGINE": ENGINE, "NAME": FOLDER + alias} for alias in ("default", "other")}
CORS_POLICIES = {"DATABASE_ALIAS": "other"}
"""


def run_with_two_databases(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    """What the script, which migrates both, has printed."""
    (tmp_path / "two_databases.py").write_text(_SETTINGS.replace("FOLDER", repr(f"{tmp_path}/")), "utf-8")
    (tmp_path / "script.py").write_text(script, "utf-8")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "two_databases",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }

    return subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
