"""Do the command lines of docs/commands.md print what the page says that they print?

Before you edit: after a change of what is printed, ``run_page`` gives the page with the new outputs. Read the
difference before you store it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cors_policies.management.commands.cors_policies import COMMON_FLAGS, COMMON_VALUES, Command

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "commands.md"
_SESSION: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_EXAMPLE: Final = re.compile(r"(?<=^```json\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_END: Final = "-- end of a command --"
_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SUBCOMMANDS: Final = (
    "export", "import", "explain", "adopt-corsheaders", "lint", "status", "touch", "prune-revisions",
)  # fmt: skip
_OF_DJANGO: Final = frozenset({"--help", *COMMON_VALUES, *COMMON_FLAGS})


def run_page(page: str, folder: Path) -> str:
    """The page with the outputs that its command lines have now, run one after another in the folder."""
    (example,) = _EXAMPLE.findall(page)
    (folder / "policies.json").write_text(example, encoding="utf-8")
    (folder / "manage.py").symlink_to(ROOT / "manage.py")
    _run("python manage.py migrate -v0", folder)
    return _SESSION.sub(lambda session: _run_session(session[0], folder), page)


def _run_session(session: str, folder: Path) -> str:
    commands = [line[2:] for line in session.splitlines() if line.startswith("$ ")]
    script = "".join(f'{command}\ns=$?; echo "{_END}"; (exit $s)\n' for command in commands)
    outputs = _run(script, folder).split(f"{_END}\n")
    return "".join(f"$ {command}\n{output}" for command, output in zip(commands, outputs, strict=False))


def _run(script: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "project.settings",  # on whatever database the tests run
        "DEMO_DATABASE": str(folder / "site.sqlite3"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 - wherever bash is
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return done.stdout.decode()


class TestPage:
    """Every command line of the page prints what stands below it."""

    def test_is_as_typed(self, tmp_path: Path) -> None:
        page = PAGE.read_text(encoding="utf-8")

        assert run_page(page, tmp_path) == page

    @pytest.mark.parametrize("subcommand", [name for name in SUBCOMMANDS if name != "status"])
    def test_shows_every_subcommand(self, subcommand: str) -> None:
        sessions = "".join(_SESSION.findall(PAGE.read_text(encoding="utf-8")))

        assert f"$ python manage.py cors_policies {subcommand}" in sessions

    @pytest.mark.parametrize("subcommand", SUBCOMMANDS)
    def test_names_every_option_and_no_other(
        self, subcommand: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            Command().run_from_argv(["manage.py", "cors_policies", subcommand, "--help"])
        declared = {*_OPTION.findall(capsys.readouterr().out)} - _OF_DJANGO

        page = PAGE.read_text(encoding="utf-8")
        written = re.findall(rf"^\| \[`{subcommand}(?!-)\b([^`]*)`", page, re.MULTILINE)
        written += re.findall(rf"cors_policies {subcommand}(?!-)\b([^|\n]*)", page)
        section = re.findall(rf"^## {subcommand}(?!-)\b.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)

        assert {option for option in declared if option not in "".join([*written, *section])} == set()
        assert {*_OPTION.findall("".join(written))} - _OF_DJANGO <= declared
