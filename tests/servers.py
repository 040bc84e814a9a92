"""How does a test run the demo site in processes of its own, and ask it over the loopback interface?"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 20.0
"""Seconds after which a test gives up waiting."""

_APPLY = "import django, json, sys; django.setup(); from cors_policies import services; "
_APPLY += "services.apply_document(json.load(sys.stdin), replace=True)"


def do_without(program: str) -> NoReturn:
    """Skips the test, since that program is not installed; in CI, which installs all of them, it fails."""
    message = f"{program} is not installed. As root: make programs"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


_BEGUN: Final[dict[tuple[str, ...], bytes]] = {}
"""Files of databases with all tables, by what was done to them after that."""


@dataclass
class Site:
    """The demo site with a database of its own; servers and commands are processes that share it."""

    database: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, sent: str = "") -> str:
        """What a Python process prints; its failure is the test's."""
        finished = subprocess.run(
            [sys.executable, *arguments],
            input=sent, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def migrate(self) -> None:
        """Makes the tables."""
        self.command("manage.py", "migrate", "--verbosity", "0", "--skip-checks")

    def begin(self, *command: str, sent: str = "") -> None:
        """As ``migrate`` and then the command, for a database that nobody has opened.

        Both run once for all tests of this process that begin alike; then the file is copied.
        """
        key = (*command, sent)
        if key not in _BEGUN:
            if command:
                self.begin()
                self.command(*command, sent=sent)
            else:
                self.migrate()
            _BEGUN[key] = self.database.read_bytes()
        self.database.write_bytes(_BEGUN[key])

    def apply(self, *policies: Mapping[str, Any]) -> None:
        """Makes the set equal to the policies, from another process."""
        self.command("-c", _APPLY, sent=json.dumps({"policies": policies}))

    def headers(self, path: str = "/api/x", origin: str = "https://app.example") -> dict[str, str]:
        """The response headers of one request, by lower-case name, and the status as ``:status``."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request("GET", path, headers={"Origin": origin})
            response = connection.getresponse()
            response.read()
            return {":status": str(response.status)} | {
                name.lower(): text for name, text in response.getheaders()
            }
        finally:
            connection.close()

    def allows(self, path: str = "/api/x", origin: str = "https://app.example") -> bool:
        """Whether the answer is shared with the origin."""
        return self.headers(path, origin).get("access-control-allow-origin") == origin

    @property
    def env(self) -> dict[str, str]:
        """The environment of the site's processes."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "DEMO_DATABASE": str(self.database),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            **self.environment,
        }

    @contextmanager
    def serving(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Runs a server until the block ends; ``{port}`` in the command is the site's."""
        arguments = [part.format(port=self.port) for part in command]
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [sys.executable, *arguments], env=self.env, cwd=ROOT, stdout=output, stderr=output
            )
            try:
                wait_until(lambda: _is_open(self.port) or process.poll() is not None)
                assert process.poll() is None, _read(output)
                yield process
            finally:
                process.terminate()
                process.wait(DEADLINE)


def wait_until(condition: Callable[[], bool], seconds: float = DEADLINE) -> float:
    """Asks until the condition holds, and gives the seconds that it took; fails after the deadline."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "the deadline has passed"
        time.sleep(0.02)
    return time.monotonic() - started


def free_port() -> int:
    """A port on the loopback interface that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _read(output: Any) -> str:
    output.seek(0)
    text: str = output.read().decode(errors="replace")
    return text
