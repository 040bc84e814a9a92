"""Does the wheel work in somebody else's project, with nothing of this tree in reach?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers import policy
from tests.servers import DEADLINE, free_port

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SETTINGS, URLS = re.findall(
    r"^```python\n(.*?)^```$", README.partition("## The first policy")[0], re.MULTILINE | re.DOTALL
)

MOVING = (Path(__file__).parents[1] / "docs" / "migrating.md").read_text("utf-8")
STEPS = re.findall(r"^ *```sh\n(.*?)^ *```$", MOVING, re.MULTILINE | re.DOTALL)
(SHIELD,) = re.findall(r"^   ```json\n(.*?)^   ```$", MOVING, re.MULTILINE | re.DOTALL)

THEIRS = """
INSTALLED_APPS += ["corsheaders"]
MIDDLEWARE.insert(0, "corsheaders.middleware.CorsMiddleware")
CORS_ALLOWED_ORIGINS = ["https://app.example", "https://app.example.com"]
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_CREDENTIALS = True
ALLOWED_HOSTS = ["127.0.0.1"]
"""


class Project:
    """A project of its own, in an environment of its own that holds the wheel."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "site"
        self.python = folder / "venv" / "bin" / "python"
        run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
        run(
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.python),
            "install",
            "--no-deps",
            "--no-index",
            str(wheel),
        )
        # What the wheel needs comes from this environment, so that nothing is downloaded.
        (packages,) = (folder / "venv" / "lib").glob("python3.*/site-packages")
        (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
        self.folder.mkdir()
        run(str(self.python), "-m", "django", "startproject", "theirs", str(self.folder))

    def append(self, name: str, text: str) -> None:
        """Adds lines to a file of the project."""
        path = self.folder / "theirs" / name
        path.write_text(path.read_text() + text)

    def manage(self, *arguments: str) -> str:
        """What a command of the project prints."""
        return run(str(self.python), "manage.py", *arguments, cwd=self.folder)

    def shell(self, script: str) -> str:
        """What a script prints in which ``python`` is the project's."""
        return run("bash", "-e", "-c", f'PATH="{self.python.parent}:$PATH"\n{script}', cwd=self.folder)


def environment() -> dict[str, str]:
    """The environment without what points at this tree."""
    ours = ("DJANGO", "PYTHONPATH", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run(*command: str, cwd: Path | None = None) -> str:
    """What a command prints; its failure is the test's."""
    finished = subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, wheel_path: Path) -> Project:
    """A new project with the wheel in reach, but not yet in its settings."""
    return Project(tmp_path_factory.mktemp("foreign"), wheel_path)


@pytest.fixture
def project(made: Project) -> Iterator[Project]:
    """The same, with no table; what the test adds to its files is taken out again."""
    files = [made.folder / "theirs" / name for name in ("settings.py", "urls.py")]
    before = [file.read_text() for file in files]
    yield made
    for file, text in zip(files, before, strict=True):
        file.write_text(text)
    (made.folder / "db.sqlite3").unlink(missing_ok=True)


@contextmanager
def serving(project: Project) -> Iterator[str]:
    """The address of the running project."""
    port = free_port()
    command = [str(project.python), "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        command, cwd=project.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE)


def headers(address: str, path: str) -> tuple[int, str | None]:
    """Status and ``Access-Control-Allow-Origin`` of an answer, once somebody answers."""
    request = urllib.request.Request(address + path, headers={"Origin": "https://app.example"})  # noqa: S310
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:  # noqa: S310 - our own server
                return response.status, response.headers["Access-Control-Allow-Origin"]
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Access-Control-Allow-Origin"]
        except OSError:
            assert time.monotonic() < deadline, "nobody answers"
            time.sleep(0.1)


@pytest.mark.parametrize("left_out", ['"rest_framework", ', ""], ids=["without-the-api", "with-the-api"])
def test_wheel_works_as_the_readme_says(project: Project, tmp_path: Path, left_out: str) -> None:
    assert left_out in SETTINGS
    project.append("settings.py", f'{SETTINGS.replace(left_out, "")}ALLOWED_HOSTS = ["127.0.0.1"]\n')
    if not left_out:
        project.append("urls.py", URLS)
    project.manage("migrate", "--verbosity", "0")
    assert "no issues" in project.manage("check")
    assert "No changes" in project.manage("makemigrations", "--check", "--dry-run")
    document = tmp_path / "set.json"
    document.write_text(json.dumps({"policies": [policy()]}))
    project.manage("cors_policies", "import", str(document), "--replace")
    project.manage("findstatic", "cors_policies/admin.css")

    with serving(project) as address:
        assert headers(address, "/api/x") == (404, "https://app.example")
        assert headers(address, "/elsewhere") == (404, None)
        assert headers(address, "/admin/login/") == (200, None)
        if not left_out:
            assert headers(address, "/api/cors/policies/")[0] == 401


def test_site_moves_over_as_the_page_says(project: Project) -> None:
    """docs/migrating.md, step by step: the same is answered before and after, and nothing is left of it."""
    given = (project.folder / "theirs" / "settings.py").read_text()
    project.append("settings.py", f"{THEIRS}INSTALLED_APPS += ['rest_framework', 'cors_policies']\n")
    project.append("urls.py", URLS)
    project.manage("migrate", "--verbosity", "0")
    with serving(project) as address:
        before = [headers(address, path) for path in ("/api/x", "/elsewhere")]

    look, write, ask = STEPS
    project.shell(look)
    adopted = json.loads((project.folder / "adopted.json").read_text("utf-8"))
    project.shell(write)
    assert "W009" in project.shell("python manage.py check --database default 2>&1")
    (project.folder / "shield.json").write_text(SHIELD)
    project.manage("cors_policies", "import", "shield.json")
    assert project.shell(ask).startswith("allowed, policy corsheaders\n")
    (project.folder / "theirs" / "settings.py").write_text(given)
    project.append("settings.py", f"{SETTINGS}ALLOWED_HOSTS = ['127.0.0.1']\n")

    assert "no issues" in project.manage("check", "--database", "default")
    with serving(project) as address:
        assert [headers(address, path) for path in ("/api/x", "/elsewhere")] == before
    assert [found["name"] for found in adopted["policies"]] == ["corsheaders"]
    assert before == [(404, "https://app.example"), (404, None)]
