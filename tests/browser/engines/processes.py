"""How does a test start a program that is not Python, read what it says, and end it with all that it started?

Before you edit: each program leads a session of its own, so that one signal to its number ends it and its
children, and nobody else's.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser.engines.engine import STARTS_WITHIN
from tests.servers import do_without, wait_until


@dataclass
class Program:
    """A program that runs; what it writes goes to a file."""

    process: subprocess.Popen[bytes]
    output: Path

    def wait_for(self, pattern: str) -> str:
        """The group of the expression in the first line that it writes of this kind."""
        wait_until(lambda: self._found(pattern) is not None or self.has_ended(), STARTS_WITHIN)
        found = self._found(pattern)
        assert found is not None, f"{self.process.args!r} has ended: {self.written()}"
        return found

    def has_ended(self) -> bool:
        """Whether it has."""
        return self.process.poll() is not None

    def written(self) -> str:
        """All of its output up to now."""
        return self.output.read_text(errors="replace")

    def _found(self, pattern: str) -> str | None:
        found = re.search(rf"{pattern}$", self.written(), re.MULTILINE)
        return found and found[1]


@contextmanager
def running(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Runs it for the block, with the folder as its home."""
    output = folder / f"{Path(command[0]).name}.log"
    own = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), **(environment or {})}
    with output.open("wb") as log:
        process = subprocess.Popen(
            command, env=own, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield Program(process, output)
    finally:
        _end(process)


@contextmanager
def screen(folder: Path) -> Iterator[str]:
    """A display without a screen; its name, as ``DISPLAY`` takes it."""
    command = [
        program("Xvfb"),
        "-displayfd",
        "1",
        "-screen",
        "0",
        "1280x1024x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]
    with running(command, folder) as server:
        yield f":{server.wait_for('^([0-9]+)')}"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that goes with the block, whatever a dying browser still writes there."""
    with TemporaryDirectory(prefix="cors-policies-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def program(name: str, *places: str) -> str:
    """Where it is; without it the test is skipped, or fails in CI."""
    found = next((place for place in places if Path(place).exists()), None) or shutil.which(name)
    if found is None:
        do_without(name)
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once: a browser that is asked to end may take its time, and nothing of it is kept."""
    with contextlib.suppress(ProcessLookupError):  # nobody is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STARTS_WITHIN)
