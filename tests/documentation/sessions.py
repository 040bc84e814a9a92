"""What do the command lines of a page print, typed one after another into one shell?

Before you edit:

* A line that starts with ``$`` is a command; lines that start with ``>`` go on with it. The rest is output.
* A command that starts a server goes on beside the others; the ports of the page become spare ones.
* What ``curl`` says may take a moment to be so, as another process obeys a change: it is asked until it says
  what the page says, or for too long.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

from tests.servers import ROOT, free_port, wait_until

SESSION: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_COMMAND: Final = re.compile(r"^\$ (.*\n(?:>.*\n)*)((?:(?!\$ ).*\n)*)", re.MULTILINE)
_END: Final = "-- end of a command --"
_WITHIN: Final = 60.0


class Shell:
    """A shell in a folder, with the app in reach, and the servers that were started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: dict[str, str] = {}
        self._servers: list[subprocess.Popen[bytes]] = []
        self._process = subprocess.Popen(
            ["bash"],  # noqa: S607 - wherever bash is
            cwd=folder, env=_environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.terminate()
            server.wait(_WITHIN)
        self._process.communicate(timeout=_WITHIN)

    def run_page(self, page: str) -> str:
        """The page with the outputs that its commands have now."""
        return SESSION.sub(lambda session: _COMMAND.sub(self._run_found, session[0]), page)

    def run(self, command: str) -> str:
        """What a command prints, its errors too."""
        print(f"{command}\necho '{_END}'", file=_open(self._process.stdin), flush=True)
        lines = iter(_open(self._process.stdout).readline, f"{_END}\n")
        return "".join(self._before_end(line) for line in lines)

    def serve(self, command: str, port: int) -> None:
        """Starts a server in the shell's folder, to go on beside it, and waits until it listens."""
        folder = self.run("pwd").strip()
        server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],  # noqa: S607 - wherever bash is
            cwd=folder, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._servers.append(server)
        wait_until(lambda: _is_open(port) or server.poll() is not None, _WITHIN)

    def _run_found(self, found: re.Match[str]) -> str:
        typed, expected = found.groups()
        command = self._at_our_ports(re.sub(r"^> ?", "", typed, flags=re.MULTILINE))
        output = self._run(command, expected)
        for theirs, ours in self.ports.items():
            output = output.replace(f":{ours}", f":{theirs}")
        return f"$ {typed}{output}"

    def _run(self, command: str, expected: str) -> str:
        if " runserver " in command:
            self.serve(command, int(command.rpartition(" ")[2]))
            return ""
        end = time.monotonic() + _WITHIN
        output = self.run(command)
        while command.startswith("curl") and output != expected and time.monotonic() < end:
            time.sleep(0.1)
            output = self.run(command)
        return output

    def _at_our_ports(self, command: str) -> str:
        for theirs in re.findall(r"(?<=:)[89]000\b|(?<= )[89]000$", command, re.MULTILINE):
            ours = self.ports.setdefault(theirs, str(free_port()))
            command = re.sub(rf"(?<=[: ]){theirs}\b", ours, command)
        return command

    @staticmethod
    def _before_end(line: str) -> str:
        assert line, "the shell has ended"
        return line


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("DJANGO", "COV_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PYTHONPATH": str(ROOT), "PATH": path, "PYTHONWARNINGS": "error"}
