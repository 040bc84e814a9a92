"""On which Pythons, Djangos, REST frameworks and databases do the tests pass?

Before you edit:

* Only Pythons that this machine has are asked: on the path, or among pyenv's. A Python that is missing is not
  fetched.
* What is not the point of a session has the release that requirements.lock names. The rest is overridden.
* `others` is what CI runs after the tests: each other Python once, with some tests of every layer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import nox

KNOWN: Final = ("3.10", "3.11", "3.12", "3.13", "3.14")
DJANGOS: Final = {"5.2": KNOWN, "6.0": KNOWN[2:], "6.1": KNOWN[2:]}
"""The Pythons on which a series of Django runs."""
OLDEST: Final = "3.16.0"
CURRENT: Final = "3.*"
"""Releases of REST framework."""
OTHERS: Final = {
    "3.10": ("5.2", OLDEST),
    "3.11": ("5.2", CURRENT),
    "3.12": ("6.0", OLDEST),
    "3.13": ("6.1", CURRENT),
    "3.14": ("6.1", CURRENT),
}
"""Which Django and REST framework a Python meets in CI."""
WITHOUT_SERVERS: Final = "not (services or browser)"
RERUNS: Final = ["--reruns", "1"] if os.environ.get("CI") else []
QUICK: Final = "not (services or browser or slow)"
REPRESENTATIVE: Final = [
    "tests/admin/test_policy_form.py",
    "tests/api/test_resources.py",
    "tests/cli/test_files.py",
    "tests/core/test_path_index.py",
    "tests/db/test_background.py",
    "tests/db/test_services.py",
    "tests/http/test_answers.py",
    "tests/http/test_middleware.py",
    "tests/test_checks.py",
]
"""What CI runs on the other Pythons: something of every layer"""


def _answers(program: Path, version: str) -> bool:
    """Whether it is that Python, and runs: pyenv leaves programs on the path that do not."""
    asked = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    done = subprocess.run([program, "-c", asked], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def _find(version: str) -> Path | None:
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    places = [shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python{version}")]
    return next((Path(place) for place in places if place and _answers(Path(place), version)), None)


FOUND: Final = {version: place for version in KNOWN if (place := _find(version))}
THIS: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
COMBINATIONS: Final = [
    (python, django, framework)
    for django, pythons in DJANGOS.items()
    for python in pythons
    if python in FOUND
    for framework in (OLDEST, CURRENT)
]

os.environ["PATH"] = os.pathsep.join([*(str(place.parent) for place in FOUND.values()), os.environ["PATH"]])
os.environ["UV_PYTHON_DOWNLOADS"] = "never"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "lowest", "databases", "newest", "audit"]
nox.options.stop_on_first_error = False


def _install(session: nox.Session, overrides: Iterable[str]) -> None:
    """What requirements.lock names, but for these."""
    path = Path(session.create_tmp()) / "overrides.txt"
    path.write_text("\n".join(overrides), encoding="utf-8")
    session.install("-r", "requirements.lock", "--override", str(path))


def _pytest(session: nox.Session, marks: str, *options: str) -> None:
    session.run("python", "-m", "pytest", "-q", "-n", "auto", "-m", marks, *options, *session.posargs)


def _lowest(session: nox.Session) -> list[str]:
    """The lower bounds of pyproject.toml, as requirements."""
    command = ("uv", "pip", "compile", "-q", "--no-deps", "--no-header", "--no-annotate", "--extra", "regex")
    printed = session.run(
        *command, "--resolution", "lowest-direct", "pyproject.toml", silent=True, external=True
    )
    return str(printed).splitlines()


@nox.session
@nox.parametrize("python,django,framework", COMBINATIONS)
def tests(session: nox.Session, django: str, framework: str) -> None:
    """All tests on SQLite that need no browser and no server."""
    _install(session, [f"Django=={django}.*", f"djangorestframework=={framework}"])
    _pytest(session, WITHOUT_SERVERS)


@nox.session(python=[python for python in FOUND if python != THIS])
def others(session: nox.Session) -> None:
    """Tests of every layer on the Pythons that `make test` does not use; the oldest with the lower bounds."""
    django, framework = OTHERS[str(session.python)]
    chosen = [f"Django=={django}.*", f"djangorestframework=={framework}"]
    _install(session, _lowest(session) if session.python == KNOWN[0] else chosen)
    _pytest(session, QUICK, "--hypothesis-profile=few", *RERUNS, *REPRESENTATIVE)


@nox.session(python=next(iter(FOUND)))
def lowest(session: nox.Session) -> None:
    """All tests with the oldest releases that pyproject.toml admits, on the oldest Python here."""
    _install(session, _lowest(session))
    _pytest(session, WITHOUT_SERVERS)


@nox.session(python=THIS)
@nox.parametrize("kind", ["PostgreSQL", "MariaDB"])
def databases(session: nox.Session, kind: str) -> None:
    """All tests on another database."""
    _install(session, [])
    command = ("python", "-m", "tests.services.suites", kind, "-q", "-n", "auto", "-m", WITHOUT_SERVERS)
    session.run(*command, *session.posargs)


@nox.session(python=list(FOUND)[-1])
def newest(session: nox.Session) -> None:
    """The admin in a browser with the newest Django, whose pages are written and styled in its own way."""
    _install(session, [f"Django=={list(DJANGOS)[-1]}.*"])
    _pytest(session, "browser", "tests/browser")


@nox.session(python=THIS)
def audit(session: nox.Session) -> None:
    """Whether a weakness is known of what requirements.lock names. Without the advisory service it fails."""
    session.install("pip-audit")
    # Strict: what the service does not know is a failure too. Without it an unreachable service would pass.
    session.run("pip-audit", "--strict", "--requirement", "requirements.lock", "--disable-pip", "--no-deps")
