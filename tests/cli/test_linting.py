"""Does ``lint`` say what is wrong with a file or with the stored set, and end as a pipeline needs it?"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError

from cors_policies import documents, services
from cors_policies.models import Origin, Policy
from tests.cli.conftest import Shell
from tests.helpers import policy

UNREADABLE = 2
CLEAN: dict[str, Any] = {"policies": [policy()]}
OPEN: dict[str, Any] = {"policies": [policy(allowed_origins=["*"])]}
BROKEN: dict[str, Any] = {"policies": [policy(allowed_origins=["x"])]}
ANY_LINE = (
    "warning any-origin policy public-api allowed_origins.0: Every page can read what is answered here. "
    "List the origins, unless all of it is meant for the public.\n"
)
BROKEN_LINE = (
    'error invalid-origin policy public-api policies.0.allowed_origins.0: "x" has no scheme. Write the whole '
    "origin, as in https://example.com.\n"
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "set.json"


def store(path: Path, document: object) -> str:
    """The name of a file with this document."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


class TestFile:
    """A file is judged by itself, without the database."""

    @pytest.mark.parametrize(
        ("document", "options", "text"),
        [
            pytest.param(CLEAN, [], "", id="clean"),
            pytest.param(CLEAN, ["--strict", "--json"], "[]\n", id="clean-json"),
            pytest.param(OPEN, [], ANY_LINE, id="warning"),
        ],
    )
    def test_with_no_error_is_done(
        self, shell: Shell, written: Path, document: object, options: list[str], text: str
    ) -> None:
        assert shell.run("lint", store(written, document), *options) == text

    @pytest.mark.parametrize(
        ("document", "options", "text"),
        [
            pytest.param(OPEN, ["--strict"], ANY_LINE, id="strict-warning"),
            pytest.param(BROKEN, [], BROKEN_LINE, id="error"),
            pytest.param(
                [],
                [],
                'error invalid document: Write a JSON object, as in {"origin_groups": [], "policies": []}.\n',
                id="no-object",
            ),
        ],
    )
    def test_with_an_error_is_not(
        self, shell: Shell, written: Path, document: object, options: list[str], text: str
    ) -> None:
        assert shell.denial("lint", store(written, document), *options) == (1, text)

    def test_in_json_is_a_list_of_objects(self, shell: Shell, written: Path) -> None:
        status, text = shell.denial("lint", store(written, BROKEN), "--json")

        assert status == 1
        assert json.loads(text) == [
            {
                "level": "error",
                "code": "invalid-origin",
                "policy": "public-api",
                "attr": "policies.0.allowed_origins.0",
                "detail": BROKEN_LINE.partition(": ")[2].rstrip("\n"),
            }
        ]

    def test_is_standard_input_for_a_dash(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(OPEN).encode())))

        assert shell.run("lint", "-") == ANY_LINE

    def test_hides_no_characters_that_a_terminal_obeys(self, shell: Shell, written: Path) -> None:
        document = {"policies": [policy("\x1b[1mname")]}

        _, text = shell.denial("lint", store(written, document))

        assert text.startswith("error invalid policy \\u001b[1mname policies.0.name: ")

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            pytest.param(None, "cannot be read: No such file or directory.", id="missing"),
            pytest.param(b"{", "is no JSON: line 1, column 2: ", id="no-json"),
            pytest.param(b"\xff", "is not UTF-8: see byte 0. Save it as UTF-8.", id="no-utf-8"),
        ],
    )
    def test_that_cannot_be_read(
        self, shell: Shell, written: Path, db: None, content: bytes | None, text: str
    ) -> None:
        if content is not None:
            written.write_bytes(content)

        status, message = shell.refusal("lint", str(written), "--json")

        assert (status, message.startswith(f"{written} {text}")) == (UNREADABLE, True)


@pytest.mark.django_db
class TestStoredSet:
    """Without a file the stored set is judged, broken rows included."""

    def test_is_judged_in_the_order_of_names(self, shell: Shell) -> None:
        group = {"name": "partners", "origins": ["https://*.a.example", "https://b.a.example"]}
        policies = [policy(name, f"/{name}", allowed_origins=["*"]) for name in "ba"]
        services.apply_document({"policies": policies, "origin_groups": [group]})

        found = json.loads(shell.run("lint", "--json"))

        assert [(item["code"], item["policy"], item["attr"]) for item in found] == [
            ("any-origin", "a", "allowed_origins.0"),
            ("any-origin", "b", "allowed_origins.0"),
            ("redundant-origin", None, "origin_groups.partners.origins.1"),
        ]

    def test_that_is_empty_is_clean(self, shell: Shell) -> None:
        assert (shell.run("lint"), shell.run("lint", "--json", "--strict")) == ("", "[]\n")

    def test_has_broken_rows(self, shell: Shell) -> None:
        group = {"name": "partners", "origins": ["https://c.example"]}
        policies = [policy("a", "/a"), policy("b", "/b", origin_groups=["partners"])]
        services.apply_document({"policies": policies, "origin_groups": [group]})
        Policy.objects.filter(name="a").update(path="/a//b")
        Origin.objects.filter(pattern="https://c.example").update(pattern="c")

        status, text = shell.denial("lint", "--json")

        assert status == 1
        assert [(item["level"], item["code"], item["policy"], item["attr"]) for item in json.loads(text)] == [
            ("error", "invalid-origin", None, "origin_groups.partners.origins.0"),
            ("error", "invalid-path", "a", "path"),
            ("error", "unknown-group", "b", "origin_groups.0"),
        ]

    def test_that_cannot_be_read(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_using: str) -> None:
            raise OperationalError("gone")

        monkeypatch.setattr(documents, "read_policy_set", fail)

        status, text = shell.refusal("lint")

        assert (status, text.startswith("The database cannot be used: gone.")) == (UNREADABLE, True)

    def test_takes_one_file_only(self, shell: Shell) -> None:
        with pytest.raises(CommandError, match="unrecognized arguments: b"):
            shell.run("lint", "a", "b")
