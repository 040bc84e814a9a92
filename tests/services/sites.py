"""How does a test run the demo site on servers of its own, change its policies, and keep asking it?"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers import ROOT, Site, free_port, wait_until

SERVERS = {
    "gunicorn": ["-m", "gunicorn", "--workers", "4", "--bind", "127.0.0.1:{port}", "project.wsgi"],
    "gunicorn-preload": [
        "-m", "gunicorn", "--preload", "--workers", "4", "--bind", "127.0.0.1:{port}", "project.wsgi"
    ],
    "gunicorn-threads": [
        "-m", "gunicorn", "--workers", "2", "--threads", "4", "--bind", "127.0.0.1:{port}", "project.wsgi"
    ],
    "uvicorn": ["-m", "uvicorn", "--port", "{port}", "--lifespan", "off", "--log-level", "warning",
                "project.asgi:application"],
}  # fmt: skip
"""What serves the site, by name."""

_WRITER = """
import json, sys, time, django
django.setup()
from cors_policies import services
print("ready", flush=True)
for line in sys.stdin:
    services.apply_document(json.loads(line), replace=True)
    print(time.monotonic(), flush=True)
"""


def site_on(
    database: Mapping[str, Any], cache: Mapping[str, Any] | None = None, interval: float | None = None
) -> Site:
    """The demo site on that database, and on that cache if there is one."""
    policies: dict[str, Any] = {} if interval is None else {"REFRESH_INTERVAL": interval}
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.services.site_settings",
        "DEMO_DEBUG": "0",
        "SITE_DATABASES": json.dumps({"default": database}),
        "PYTHONWARNINGS": "",  # the drivers' own are theirs
    }
    if cache is not None:
        local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
        environment["SITE_CACHES"] = json.dumps({"default": local, "shared": cache})
        policies["CACHE_ALIAS"] = "shared"
    environment["SITE_CORS_POLICIES"] = json.dumps(policies)
    return Site(Path("not-used"), free_port(), environment)


class Writer:
    """A process that changes the policy set of a site."""

    def __init__(self, site: Site) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WRITER],
            env=site.env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._answer()

    def apply(self, *policies: Mapping[str, Any]) -> float:
        """Makes the set equal to the policies; the time of the commit, by ``time.monotonic``."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"policies": policies}) + "\n")
        self._process.stdin.flush()
        return float(self._answer())

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer: str = self._process.stdout.readline()
        assert answer, "the writer has failed"
        return answer


@contextmanager
def writing(site: Site) -> Iterator[Writer]:
    """A writer for the block."""
    writer = Writer(site)
    try:
        yield writer
    finally:
        writer.end()


@dataclass
class Answer:
    """One request: when it was sent and answered, by ``time.monotonic``, and what came back."""

    sent: float
    answered: float
    status: str
    allows: bool


@dataclass
class Traffic:
    """Requests that go on in some threads until :meth:`stop`."""

    site: Site
    path: str = "/api/x"
    threads: int = 3
    pause: float = 0.02
    answers: list[Answer] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def start(self) -> Traffic:
        """Begins."""
        self._running = [threading.Thread(target=self._ask, daemon=True) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def stop(self) -> None:
        """Ends it; every request that was sent has been answered then."""
        self._ends.set()
        for thread in self._running:
            thread.join(60)
            assert not thread.is_alive(), "a request was never answered"

    def since(self, moment: float, until: float = float("inf")) -> list[Answer]:
        """What was sent in between."""
        return [answer for answer in list(self.answers) if moment <= answer.sent < until]

    def enough_since(self, moment: float, count: int = 20) -> list[Answer]:
        """The same, as soon as there are so many."""
        wait_until(lambda: len(self.since(moment)) >= count)
        return self.since(moment)

    def _ask(self) -> None:
        while not self._ends.is_set():
            sent = time.monotonic()
            try:
                headers = self.site.headers(self.path)
            except OSError as error:
                headers = {":status": type(error).__name__}
            allows = headers.get("access-control-allow-origin") is not None
            self.answers.append(Answer(sent, time.monotonic(), headers[":status"], allows))
            time.sleep(self.pause)


def percentile(answers: list[Answer], share: float) -> float:
    """The latency in seconds that this share of the requests stays within."""
    latencies = sorted(answer.answered - answer.sent for answer in answers)
    return latencies[min(len(latencies) - 1, int(len(latencies) * share))]
