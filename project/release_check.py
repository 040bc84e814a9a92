"""``make release-check``: are the distributions whole, and do they work in a new project on each Django?

Before you edit: nothing of this tree is in reach of the projects that are made here. Each has an environment
of its own, with the wheel and what the package index gives for it, and the lines of the README.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "build" / "release"
DJANGOS: Final = {"5.2": (3, 10), "6.0": (3, 12), "6.1": (3, 12)}
"""The releases of Django, with the oldest Python of each."""
PYTHONS: Final = ((3, 13), (3, 12), (3, 11), (3, 10))
IN_THE_SDIST: Final = (
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/index.md",
    "tests/conftest.py",
)
ORIGIN: Final = "https://app.example"
DEADLINE: Final = 60.0

_PAGES: Final = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "theirs.settings"
django.setup()
from django.contrib.auth.models import User
from django.test import Client
client = Client(SERVER_NAME="127.0.0.1")
client.force_login(User.objects.create_superuser("admin"))
admin, api = "/admin/cors_policies/policy/", "/api/cors/"
for page in (admin, f"{admin}add/", f"{api}policies/", f"{api}schema/"):
    status = client.get(page).status_code
    assert status == 200, (page, status)
"""


class ReleaseError(Exception):
    """What must be mended before a release, in a sentence."""


def main() -> int:
    """Checks all of it; gives the exit status."""
    try:
        wheel = build()
        for django in DJANGOS:
            try_in_a_project(wheel, django)
    except ReleaseError as error:
        print(f"release-check: {error}", file=sys.stderr)
        return 1
    print(f"== {wheel.name} is ready, with its source distribution, in {TARGET.relative_to(ROOT)}/")
    return 0


def build() -> Path:
    """Makes both distributions, the wheel from the source distribution, and looks into them."""
    print("== sdist and wheel", flush=True)
    shutil.rmtree(TARGET, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(TARGET), str(ROOT))
    (wheel,), (sdist,) = TARGET.glob("*.whl"), TARGET.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
    with zipfile.ZipFile(wheel) as packed:
        require_all(files_of_the_app(), packed.namelist(), wheel)
    with tarfile.open(sdist) as source:
        names = [name.partition("/")[2] for name in source.getnames()]
    require_all(list(IN_THE_SDIST), names, sdist)
    return wheel


def files_of_the_app() -> list[str]:
    """Every file of the package: modules, templates, static files, translations and the mark of its types."""
    files = (path for path in (ROOT / "cors_policies").rglob("*") if path.is_file())
    return [path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts]


def require_all(needed: list[str], names: list[str], archive: Path) -> None:
    """Fails for a file that the archive lacks."""
    missing = sorted({*needed} - {*names})
    if missing:
        raise ReleaseError(
            f"{archive.name} lacks {', '.join(missing)}. See [tool.hatch.build] in pyproject.toml."
        )


def try_in_a_project(wheel: Path, django: str) -> None:
    """Does what the README says, in a new project on that Django, and asks it."""
    python = find_python(DJANGOS[django])
    with tempfile.TemporaryDirectory(prefix="release-check-") as folder:
        project = Project(Path(folder), python)
        project.install(wheel, django)
        print(f"== {project.says()}", flush=True)
        project.set_up()
        project.ask()


def find_python(oldest: tuple[int, int]) -> str:
    """The newest Python here that is not older: on the path, of pyenv, or this one."""
    for version in PYTHONS:
        name = ".".join(map(str, version))
        pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{name}.*/bin/python"))
        found = str(pyenv[-1]) if pyenv else shutil.which(f"python{name}")
        found = sys.executable if version == sys.version_info[:2] else found
        if found and version >= oldest:
            return found
    raise ReleaseError(
        f"no Python {'.'.join(map(str, oldest))} or newer is here. Install one, and run this again."
    )


class Project:
    """A project of its own, in an environment of its own."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder / "site"
        self.python = str(folder / "venv" / "bin" / "python")
        run(python, "-m", "venv", str(folder / "venv"))
        self.folder.mkdir()

    def install(self, wheel: Path, django: str) -> None:
        """The wheel and what it needs, from the package index."""
        quiet = ("--quiet", "--disable-pip-version-check")
        self.run("-m", "pip", "install", *quiet, f"Django=={django}.*", f"{wheel}[regex]")
        self.run("-m", "pip", "check", *quiet)

    def says(self) -> str:
        """Which Python and Django it has."""
        script = (
            "import django, sys; print('Django', django.__version__, 'on Python', sys.version.split()[0])"
        )
        return self.run("-c", script).strip()

    def set_up(self) -> None:
        """A new project with the README's lines, the tables, and a policy."""
        self.run("-m", "django", "startproject", "theirs", ".")
        for name, lines in zip(("settings.py", "urls.py"), readme_lines(), strict=True):
            path = self.folder / "theirs" / name
            path.write_text(path.read_text() + lines)
        with (self.folder / "theirs" / "settings.py").open("a") as settings:
            settings.write('ALLOWED_HOSTS = ["127.0.0.1"]\n')
        policy = {"name": "api", "path": "/api/**", "allowed_origins": [ORIGIN], "allowed_methods": ["PUT"]}
        (self.folder / "set.json").write_text(json.dumps({"policies": [policy]}))
        self.manage("migrate", "--verbosity", "0")
        self.manage("check", "--fail-level", "WARNING")
        self.manage("makemigrations", "--check", "--dry-run")
        self.manage("cors_policies", "import", "set.json")
        self.manage("check", "--fail-level", "WARNING", "--database", "default")

    def ask(self) -> None:
        """A preflight to a running server, and the pages of the admin and the API."""
        with self.serving() as address:
            allowed = preflight(f"{address}/api/orders", ORIGIN)
            denied = preflight(f"{address}/api/orders", "https://evil.example")
        if (allowed, denied) != ((200, ORIGIN), (200, None)):
            raise ReleaseError(f"preflights were answered {allowed} and {denied}.")
        self.run("-W", "error", "-c", _PAGES)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of the running project, until the end of the block."""
        port = free_port()
        command = [self.python, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
        process = subprocess.Popen(
            command, cwd=self.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()

    def manage(self, *arguments: str) -> str:
        """What a command of the project prints."""
        return self.run("-W", "error", "manage.py", *arguments)

    def run(self, *arguments: str) -> str:
        """What its Python prints."""
        return run(self.python, *arguments, cwd=self.folder)


def readme_lines() -> list[str]:
    """What the README adds to the settings and to the URLs."""
    start = (ROOT / "README.md").read_text("utf-8").partition("## The first policy")[0]
    return re.findall(r"^```python\n(.*?)^```$", start, re.MULTILINE | re.DOTALL)


def preflight(url: str, origin: str) -> tuple[int, str | None]:
    """Status and ``Access-Control-Allow-Origin`` of the answer, once somebody answers."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    request = urllib.request.Request(url, headers=headers, method="OPTIONS")  # noqa: S310 - our own server
    end = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:  # noqa: S310 - the same
                return response.status, response.headers["Access-Control-Allow-Origin"]
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Access-Control-Allow-Origin"]
        except OSError as error:
            if time.monotonic() > end:
                raise ReleaseError("the project's server does not answer.") from error
            time.sleep(0.1)


def free_port() -> int:
    """A port on the loopback interface that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def environment() -> dict[str, str]:
    """The environment without what points at this tree."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTHON", "COV_"))
    }


def run(*command: str, cwd: Path | None = None) -> str:
    """What a command prints; its failure is that of the check."""
    finished = subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False, timeout=600
    )
    if finished.returncode:
        raise ReleaseError(f"{' '.join(command)} failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


if __name__ == "__main__":
    sys.exit(main())
