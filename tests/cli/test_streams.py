"""What does a shell see: exit statuses, standard output and standard error?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import Error
from django.core.checks.registry import registry
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from cors_policies import services
from cors_policies.checks.stored import check_stored_set
from cors_policies.conf import CHECK_TAG
from cors_policies.management.commands.cors_policies import Command
from tests.helpers import policy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "manage.py", "cors_policies"]
USAGE = 2


class Site:
    """The demo site's commands, with a database of their own."""

    def __init__(self, database: Path) -> None:
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",  # on whatever database the tests run
            "DEMO_DATABASE": str(database),
            "PYTHONWARNINGS": "error",
        }

    def migrate(self) -> None:
        """Makes the tables."""
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=self._environment, check=True
        )

    def run(self, *arguments: str, stdin: bytes = b"", **environment: str) -> tuple[int, str, str]:
        """Status, standard output and standard error."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env={**self._environment, **environment},
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that has never been migrated."""
    return Site(tmp_path_factory.mktemp("empty") / "site.sqlite3")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one policy."""
    site = Site(tmp_path_factory.mktemp("site") / "site.sqlite3")
    site.migrate()
    document = {"policies": [policy("app", description="caf\u00e9")]}
    status, _, _ = site.run("import", "-", stdin=json.dumps(document).encode())
    assert status == 0
    return site


class TestStreams:
    """Data goes to standard output, refusals to standard error; the status tells them apart."""

    def test_export_and_import_through_a_pipe_change_nothing(self, site: Site) -> None:
        status, exported, errors = site.run("export")
        assert (status, errors) == (0, "")

        assert site.run("import", "-", "--replace", stdin=exported.encode()) == (
            0,
            "0 created, 0 updated, 0 deleted, 1 unchanged.\n",
            "",
        )
        assert site.run("export")[1] == exported

    def test_denial_is_data_with_status_1(self, site: Site) -> None:
        status, output, errors = site.run("explain", "/api", "--origin", "https://evil.example", "--json")

        assert (status, json.loads(output)["reason"], errors) == (1, "origin-not-allowed", "")

    def test_refusal_goes_to_standard_error(self, site: Site) -> None:
        status, output, errors = site.run("import", "-", stdin=b'{"policies": [{}]}')

        assert (status, output) == (1, "")
        assert errors.splitlines()[0] == "CommandError: Nothing was stored. 2 problems:"
        assert [line.split(": ")[:2] for line in errors.splitlines()[1:]] == [
            ["policies.0.name", "required"],
            ["policies.0.path", "required"],
        ]

    def test_database_without_tables_is_one_sentence(self, empty_site: Site) -> None:
        status, output, errors = empty_site.run("export")

        assert (status, output, errors.count("\n")) == (1, "", 1)
        assert errors.startswith("CommandError: The database cannot be used: no such table: ")

    def test_database_that_is_away_is_one_sentence(self, empty_site: Site, tmp_path: Path) -> None:
        away = str(tmp_path / "none" / "site.sqlite3")

        status, output, errors = empty_site.run("export", DEMO_DATABASE=away)

        assert (status, output, errors.count("\n")) == (1, "", 1)
        assert errors.startswith("CommandError: The database cannot be used: unable to open database file. ")

    def test_output_that_is_not_utf_8_is_escaped(self, site: Site) -> None:
        _, usual, _ = site.run("export")
        status, output, _ = site.run("export", PYTHONIOENCODING="latin-1")

        assert (status, output.isascii(), usual.isascii()) == (0, True, False)
        assert json.loads(output) == json.loads(usual)

    def test_common_options_may_stand_at_the_end(self, site: Site) -> None:
        expected = site.run("export")

        assert site.run("export", "--settings=project.settings", "--no-color", "--skip-checks") == expected


@pytest.mark.django_db
class TestChecks:
    """The app's own system checks come first; those of the rest of the project end no subcommand."""

    @pytest.mark.parametrize(("tags", "ends"), [((), False), ((CHECK_TAG,), True)], ids=["another", "ours"])
    def test_only_ours_end_a_subcommand(self, tags: tuple[str, ...], *, ends: bool) -> None:
        def complain(**_kwargs: Any) -> list[Error]:
            return [Error("It is wrong.", id="anything.E001")]

        registry.register(complain, *tags)
        try:
            with pytest.raises(SystemCheckError) if ends else nullcontext():
                call_command("cors_policies", "export", skip_checks=False, stdout=StringIO())
        finally:
            registry.registered_checks.discard(complain)

    def test_what_is_stored_ends_none(self, capsys: pytest.CaptureFixture[str]) -> None:
        """These are the commands that correct it."""
        services.create_policy(policy(allow_credentials=True))
        services.create_policy(policy("broken", "/broken"))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET trust_for_csrf = TRUE WHERE name = 'broken'")
        assert len(check_stored_set(databases=["default"])) == 2

        call_command("cors_policies", "export", skip_checks=False, stdout=StringIO())

        assert capsys.readouterr().err == ""


class TestUsage:
    """What cannot be meant ends with status 2 and says how it is written."""

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            pytest.param((), "the following arguments are required: SUBCOMMAND", id="no-subcommand"),
            pytest.param(("status?",), "invalid choice: 'status?'", id="unknown-subcommand"),
            pytest.param(("import",), "the following arguments are required: FILE", id="no-file"),
            pytest.param(("export", "--replace"), "unrecognized arguments: --replace", id="unknown-option"),
            pytest.param(("explain", "/api"), "required: --origin", id="no-origin"),
            pytest.param(
                ("explain", "/api", "--origin", "https://a.example", "--credentials", "yes"),
                "argument --credentials: invalid choice: 'yes'",
                id="credentials",
            ),
            pytest.param(
                ("explain", "/api", "--origin", "https://a.example", "--header", "X-A"),
                "argument --header: 'X-A' has no colon. Write it as 'X-Token: abc'.",
                id="header-without-a-colon",
            ),
        ],
    )
    def test_on_a_command_line(
        self, arguments: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            Command().run_from_argv(["manage.py", "cors_policies", *arguments])

        output = capsys.readouterr()
        assert (caught.value.code, output.out) == (USAGE, "")
        assert output.err.startswith("usage: manage.py cors_policies")
        assert text in output.err

    def test_in_a_shell(self, empty_site: Site) -> None:
        status, output, errors = empty_site.run("status?")

        assert (status, output) == (USAGE, "")
        assert errors.startswith("usage: manage.py cors_policies")
        assert "invalid choice: 'status?'" in errors

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ((), "required: SUBCOMMAND"),
            (("explain", "/api", "--origin", "https://a.example", "--header", "X-A"), "'X-A' has no colon"),
        ],
    )
    def test_in_python_is_an_error(self, arguments: tuple[str, ...], text: str) -> None:
        with pytest.raises(CommandError, match=text):
            call_command("cors_policies", *arguments)

    @pytest.mark.django_db
    def test_denial_ends_the_process_without_another_word(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command = Command()
        monkeypatch.setattr(command, "_called_from_command_line", True, raising=False)  # as for a shell
        with pytest.raises(SystemExit) as caught:
            call_command(command, "explain", "/api", "--origin", "https://a.example")

        output = capsys.readouterr()
        assert (caught.value.code, output.out.splitlines()[0], output.err) == (1, "ungoverned", "")

    def test_in_python_takes_keywords(self, db: None, capsys: pytest.CaptureFixture[str]) -> None:
        del db
        with pytest.raises(CommandError, match=r"^ungoverned"):
            call_command(
                "cors_policies", "explain", "/api", origin="https://a.example", header=["X-A: 1"], json=False
            )

        assert capsys.readouterr().out.startswith("ungoverned\n")
