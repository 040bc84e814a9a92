"""How does a test run the demo, as ``make demo`` starts it, on spare ports?"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import DEADLINE, ROOT, Site, free_port, wait_until


@dataclass(frozen=True)
class Demo:
    """A running demo: the page, the API site, and what its administrator signs in with."""

    page: str
    api: str
    password: str


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """The demo with a database of its own in the folder, until the block ends."""
    api, front = free_port(), free_port()
    site, output = Site(folder / "demo.sqlite3", api), folder / "output"
    command = [sys.executable, "-m", "project.demo", "--api-port", str(api), "--page-port", str(front)]
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command, env={**os.environ, **site.env}, cwd=ROOT, stdout=stream, stderr=stream
        )
        try:
            wait_until(lambda: process.poll() is not None or _answers(api), 120)
            assert process.poll() is None, output.read_text()
            printed = dict(
                line.split(maxsplit=1) for line in output.read_text().splitlines() if line.count(" ") > 1
            )
            yield Demo(f"http://localhost:{front}/", f"http://127.0.0.1:{api}", printed["password"])
        finally:
            process.terminate()
            assert process.wait(DEADLINE) == 0


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/public/orders/", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
