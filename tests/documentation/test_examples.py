"""Is every example of README and docs/ run by a test, and does it do what it is there for?

Before you edit: an example that fits none of the kinds below fails ``test_is_run``. Give it a test, and name
that in tests/documentation/blocks.py.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import unittest
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from django.conf import global_settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils.module_loading import import_string
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from cors_policies import observations, services
from cors_policies.checks.installation import check_settings
from cors_policies.core.policy_set import check_policy_set
from tests.documentation.blocks import RUN_ELSEWHERE, Block, all_blocks
from tests.helpers import policy, preflight
from tests.servers import ROOT

BLOCKS: Final = all_blocks()
HERE: Final = [block for block in BLOCKS if block.test is None]
DEMO: Final = "http://127.0.0.1:8000"
LOGIN: Final = "admin:secret"
_SETTING: Final = re.compile(r"[A-Z][A-Z_]* = ")


def kind(block: Block) -> str:
    """What can be asked of an example, by what is in it."""
    text, language = block.text, block.language
    if language == "json":
        return "set" if '"policies": [\n' in text and '"attr"' not in text else "answer"
    if language == "python":
        found = next((word for word in ("CORS_POLICIES", "API =") if f"\n{word}" in f"\n{text}"), "test")
        return "settings" if found == "test" and _SETTING.match(text) else found
    return next(
        (word for word in ("make ", "$CORS_API", "curl ", "python manage.py") if word in text), "variables"
    )


def of(*wanted: str, language: str = "") -> pytest.MarkDecorator:
    """The examples of a kind, each with a name."""
    chosen = [block for block in HERE if kind(block) in wanted and language in block.language]
    return pytest.mark.parametrize(
        "block", [pytest.param(block, id=f"{block.page}:{block.line}") for block in chosen]
    )


def name(block: Block) -> str:
    """Page and heading."""
    return f"{block.page}{block.heading}".replace(" ", "-")


def module(block: Block, called: str = "example") -> ModuleType:
    """What a Python example defines."""
    made = ModuleType(called)
    exec(compile(block.text, block.page, "exec"), vars(made))  # noqa: S102 - the page's own example
    return made


class TestEveryExample:
    """Each is run, here or by the test that is named for it."""

    def test_of_other_tests_is_counted(self) -> None:
        found = Counter((block.page, block.language, block.test) for block in BLOCKS if block.test)

        named: Counter[Any] = Counter()
        for (page, language, _), (number, test) in RUN_ELSEWHERE.items():
            named[page, language, test] += number
        assert found == named

    @pytest.mark.parametrize(
        ("page", "test"), sorted({(key[0], test) for key, (_, test) in RUN_ELSEWHERE.items()})
    )
    def test_names_a_test_that_reads_the_page(self, page: str, test: str) -> None:
        assert Path(page).name in (ROOT / test).read_text("utf-8")

    @pytest.mark.parametrize(
        "block", [pytest.param(block, id=f"{block.page}:{block.line}") for block in HERE]
    )
    def test_is_run(self, block: Block) -> None:
        if kind(block) == "answer":
            assert name(block) in ANSWERS
        if kind(block) == "variables":
            assert all(re.fullmatch(r"export CORS_(API|LOGIN)=\S+", line) for line in block.text.splitlines())


class TestDocuments:
    """A policy set that a page shows is accepted, as it stands there."""

    @of("set")
    def test_has_no_problem(self, block: Block) -> None:
        _, problems = check_policy_set(json.loads(block.text))

        assert problems == ()


class TestSettings:
    """Settings that a page shows pass the checks."""

    @of("CORS_POLICIES")
    def test_of_the_app(self, block: Block, settings: Settings) -> None:
        settings.CORS_POLICIES = module(block).CORS_POLICIES

        assert check_settings() == []

    @of("settings")
    def test_of_django(self, block: Block) -> None:
        named = {key: value for key, value in vars(module(block)).items() if key.isupper()}

        assert named.keys() <= set(dir(global_settings))
        assert all(callable(import_string(dotted)) for dotted in named.get("MIDDLEWARE", ()))


class TestTests:
    """A test that a page shows passes."""

    @of("test")
    def test_passes(self, block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
        example = module(block, "shown_tests")
        monkeypatch.setitem(sys.modules, "shown_tests", example)
        functions = [value for key, value in vars(example).items() if key.startswith("test_")]
        suite = unittest.defaultTestLoader.loadTestsFromModule(example)

        for function in functions:
            function(Client())
        result = suite.run(unittest.TestResult())

        assert functions or result.testsRun
        assert result.wasSuccessful(), [*result.failures, *result.errors]


class TestMake:
    """What ``make`` is told has a target."""

    @of("make ")
    def test_target_is_there(self, block: Block) -> None:
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

        assert {line.removeprefix("make ") for line in block.text.splitlines()} <= set(targets)


@pytest.mark.django_db
class TestCommands:
    """Command lines of a project run in the demo, and print what stands below them."""

    @of("python manage.py", language="sh")
    def test_are_carried_out(self, block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        services.create_policy(policy(allowed_methods=["PUT"]))
        services.create_policy(
            policy("media", "/media/**", allow_credentials="export --format s3" in block.text)
        )

        for line in block.text.splitlines():
            status, said = run_line(line)
            assert status == 0, said

    @of("python manage.py", language="console")
    def test_print_it(self, block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

        said = "".join(
            f"{line}\n{run_line(line[2:])[1]}" for line in block.text.splitlines() if line.startswith("$ ")
        )

        assert said == block.text


def run_line(line: str) -> tuple[int, str]:
    """The exit status of a command line, and what it prints."""
    words = shlex.split(line)
    if words[:2] != ["python", "manage.py"]:
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)  # noqa: S607
        return done.returncode, done.stdout + done.stderr
    read, write = os.pipe()
    with os.fdopen(read) as reader, os.fdopen(write, "w") as writer:
        status = _call(words[2:], writer)
        writer.close()
        return status, reader.read()


def _call(words: list[str], writer: Any) -> int:
    try:
        call_command(*words, stdout=writer, stderr=writer)
    except SystemExit as end:
        return int(end.code or 0)
    except CommandError as error:
        writer.write(f"CommandError: {error}\n")
        return error.returncode
    return 0


@pytest.fixture
def demo(live_server: LiveServer) -> str:
    """The address of the demo site with its example policies, and an administrator."""
    services.apply_document(json.loads((ROOT / "project" / "example-policies.json").read_text("utf-8")))
    User.objects.create_superuser("admin", password="secret")
    return live_server.url


@pytest.mark.django_db(transaction=True)
class TestCalls:
    """Calls of the API with curl are answered as they are meant, in the order of the page."""

    @pytest.mark.parametrize(
        ("page", "expected"),
        [
            pytest.param("README.md", [201, 200, 404], id="README.md"),
            pytest.param("docs/rest-api.md", [200, 200, 200, 200, 200], id="rest-api.md"),
            pytest.param("docs/multi-tenant.md", [201, 200, 200, 200, 200, 204], id="multi-tenant.md"),
        ],
    )
    def test_statuses(self, page: str, expected: list[int], demo: str) -> None:
        shown = [
            block for block in HERE if block.page == page and kind(block) in {"curl ", "$CORS_API", "API ="}
        ]

        assert [status for block in shown for status in self._statuses(block, demo)] == expected

    def test_error_can_be_read_as_the_readme_says(self, demo: str) -> None:
        (block,) = (found for found in HERE if found.page == "README.md" and kind(found) == "curl ")
        script = block.text.replace(DEMO, demo).replace("-u admin ", f"-sS -u {LOGIN} ")

        *_, answer = self._run(["bash", "-e", "-c", script], demo).split("HTTP/1.1 ")

        assert answer.startswith("404 ")
        assert "\nAccess-Control-Allow-Origin: https://app.example\n" in answer.replace("\r", "")

    def test_every_page_is_among_them(self) -> None:
        pages = {block.page for block in HERE if kind(block) in {"curl ", "$CORS_API", "API ="}}

        assert pages == {"README.md", "docs/rest-api.md", "docs/multi-tenant.md"}

    @classmethod
    def _statuses(cls, block: Block, demo: str) -> list[int]:
        if block.language == "python":
            said = cls._run([sys.executable, "-c", block.text], demo).splitlines()
            assert (said[0], "has no scheme" in said[1]) == ("[]", True)
            return []
        script = block.text.replace(DEMO, demo).replace("-u admin ", f"-u {LOGIN} ")
        script = re.sub(r"^curl ", r"curl -sS -o /dev/null -w '%{http_code}\\n' ", script, flags=re.MULTILINE)
        return [int(line) for line in cls._run(["bash", "-e", "-c", script], demo).split()]

    @staticmethod
    def _run(command: list[str], demo: str) -> str:
        environment = {**os.environ, "CORS_API": f"{demo}/api/cors", "CORS_LOGIN": LOGIN}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def asked(admin_client: Client) -> dict[str, Any]:
    """What the API answers where the pages show an answer, by page and heading."""
    services.create_policy(policy())
    admin_client.options("/api/orders/", headers=preflight("https://evil.example"))
    observations.flush()
    put = {"path": "/api/cors/policy-set/", "data": {"policies": [policy("reports")]}}
    kwargs: dict[str, Any] = {**put, "content_type": "application/json"}
    dry_run = admin_client.put(**{**kwargs, "path": f"{put['path']}?dry_run=true"}).json()
    replaced = admin_client.put(**kwargs).json()
    bad = {"name": "x", "path": "/", "allowed_origins": ["x"]}
    refused = admin_client.post("/api/cors/policies/", bad, "application/json").json()
    seen = admin_client.get("/api/cors/observations/").json()["results"][0]
    whole = "docs/rest-api.md##-The-whole-set"
    return {whole: [replaced, dry_run["impact"]], "docs/rest-api.md##-Refusals": [refused],
            "docs/observations.md#-Observations": [seen]}  # fmt: skip


ANSWERS: Final = (
    "docs/rest-api.md##-The-whole-set", "docs/rest-api.md##-Refusals", "docs/observations.md#-Observations"
)  # fmt: skip


@pytest.mark.django_db
class TestAnswers:
    """An answer that a page shows has the keys of a real one."""

    @pytest.mark.parametrize("where", ANSWERS)
    def test_has_the_keys(self, where: str, asked: dict[str, Any]) -> None:
        shown = [json.loads(block.text) for block in HERE if kind(block) == "answer" and name(block) == where]

        assert [list(answer) for answer in shown] == [list(answer) for answer in asked[where]]

    def test_has_the_words(self, asked: dict[str, Any]) -> None:
        (shown,) = [json.loads(block.text) for block in HERE if name(block) == ANSWERS[1]]

        assert [shown] == asked[ANSWERS[1]]
