"""Does the app need a network? Not to be imported, and not to answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FORBIDDEN: Final = """
import sys

def forbid(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}:
        raise SystemExit(f"{event}: {arguments}")

sys.addaudithook(forbid)
"""
REQUESTS: Final = """
import importlib, pkgutil, django
django.setup()
import cors_policies
for module in pkgutil.walk_packages(cors_policies.__path__, "cors_policies."):
    importlib.import_module(module.name)

from django.core.management import call_command
from django.test import Client
from cors_policies import services
call_command("migrate", verbosity=0)
services.apply_document({"policies": [
    {"name": "api", "path": "/api/**", "allowed_origins": ["https://*.example", "~https://a[0-9]+[.]test"]}
]})
for origin in ("https://app.example", "https://a1.test", "https://evil.test"):
    answer = Client().get("/api/x", headers={"origin": origin})
    print(answer.headers.get("Access-Control-Allow-Origin"))
"""


def run(program: str, database: Path) -> subprocess.CompletedProcess[str]:
    """The program in an interpreter of its own that may open no connection."""
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "project.settings", "DEMO_DATABASE": str(database),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", FORBIDDEN + program],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


class TestWithoutANetwork:
    """Every module is imported, and a request answered, without a connection or the question for a name."""

    def test_requests_are_answered(self, tmp_path: Path) -> None:
        done = run(REQUESTS, tmp_path / "site.sqlite3")

        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["https://app.example", "https://a1.test", "None"]

    @pytest.mark.parametrize(
        "attempt", ["socket.create_connection(('127.0.0.1', 9))", "socket.getaddrinfo('localhost', 80)"]
    )
    def test_an_attempt_would_be_seen(self, tmp_path: Path, attempt: str) -> None:
        done = run(f"import socket; {attempt}", tmp_path / "none.sqlite3")

        assert done.returncode == 1
        assert done.stderr.startswith("socket.")
