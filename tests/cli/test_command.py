"""Do the subcommands do what they say, and end with the status that a script can rely on?"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cors_policies import documents, services
from cors_policies.models import Policy
from tests.helpers import policy

pytestmark = pytest.mark.django_db

APP = "https://app.example"


def run(*arguments: str) -> str:
    """What a subcommand prints."""
    output = io.StringIO()
    call_command("cors_policies", *arguments, stdout=output)
    return output.getvalue()


def refusal(*arguments: str) -> tuple[int, str]:
    """Status and text of a refusal that has stored nothing."""
    before = documents.policy_set_document("default")
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert documents.policy_set_document("default") == before
    return caught.value.returncode, str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document of two policies and a group."""
    path = tmp_path / "set.json"
    group = {"name": "partners", "origins": ["https://partner.example"]}
    policies = [policy("a", "/a", origin_groups=["partners"]), policy("b", "/b")]
    path.write_text(json.dumps({"origin_groups": [group], "policies": policies}))
    return path


class TestExportAndImport:
    """What was exported and is imported again changes nothing."""

    def test_round_trip(self, file: Path, tmp_path: Path) -> None:
        assert "+ policy a" in run("import", str(file))
        copy = tmp_path / "copy.json"
        run("export", "--output", str(copy))

        assert run("export") == copy.read_text()
        assert run("import", str(copy), "--replace") == "0 changed, 3 unchanged.\n"

    def test_diff_names_what_changes(self, file: Path) -> None:
        run("import", str(file))
        services.update_policy(Policy.objects.get(name="a"), {"max_age": 5}, partial=True)
        services.create_policy(policy("c", "/c"))

        dry = run("import", str(file), "--replace", "--dry-run")

        assert "~ policy a\n    max_age: 5 -> 600\n" in dry
        assert "- policy c\n" in dry
        assert dry.endswith("2 would change, 2 unchanged.\n")
        assert Policy.objects.count() == 3

    def test_standard_input_is_read(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
        run("import", "-")

        assert Policy.objects.count() == 2

    def test_every_problem_is_printed(self, tmp_path: Path) -> None:
        path = tmp_path / "bad.json"
        path.write_text(json.dumps({"policies": [policy("a", "x", max_age=-1)]}))

        status, text = refusal("import", str(path))

        assert status == 1
        assert "policies.0.path: invalid-path: " in text
        assert "policies.0.max_age: max-age-out-of-range: " in text

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"{", "line 1, column 2"),
            (b"\xff\xfe", "not UTF-8"),
            (b'{"a": NaN}', "NaN is no number"),
            (b"[" * 100_000, "no JSON that can be read"),
            (b"[]", "document: invalid: "),
        ],
    )
    def test_unreadable_file_is_refused(self, tmp_path: Path, content: bytes, text: str) -> None:
        path = tmp_path / "bad.json"
        path.write_bytes(content)

        status, message = refusal("import", str(path))

        assert (status, text in message) == (1, True), message

    def test_missing_file_is_refused(self, tmp_path: Path) -> None:
        assert "cannot be read" in refusal("import", str(tmp_path / "none.json"))[1]
        assert "cannot be written" in refusal("export", "--output", str(tmp_path / "none" / "x.json"))[1]
        (tmp_path / "folder").mkdir()
        assert "cannot be written" in refusal("export", "--output", str(tmp_path / "folder"))[1]


class TestExplain:
    """What a browser would do, and status 1 where the script does not get the response."""

    def test_allowed(self) -> None:
        services.create_policy(policy(allowed_methods=["PUT"], allowed_headers=["x-a"]))

        text = run(
            "explain",
            "/api/x",
            "--origin",
            APP,
            "--method",
            "PUT",
            "--header",
            "X-A: 1",
            "--header",
            "X-A: 2",
        )

        assert text.startswith("allowed: allowed by policy public-api\n- ")

    @pytest.mark.parametrize(("path", "outcome"), [("/api/x", "denied"), ("/nowhere", "ungoverned")])
    def test_denied(self, capsys: pytest.CaptureFixture[str], path: str, outcome: str) -> None:
        services.create_policy(policy())
        output = io.StringIO()

        with pytest.raises(SystemExit) as caught:
            call_command(
                "cors_policies", "explain", path, "--origin", "https://evil.example", "--json", stdout=output
            )

        found: dict[str, Any] = json.loads(output.getvalue())
        assert (caught.value.code, found["outcome"]) == (1, outcome)

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (("--header", "nonsense"), "has no colon"),
            (("--method", "TRACE"), "forbidden-method"),
        ],
    )
    def test_refused(self, arguments: tuple[str, ...], text: str) -> None:
        assert text in refusal("explain", "/api/x", "--origin", APP, *arguments)[1]
