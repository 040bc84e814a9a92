"""Do export and import say what is stored, and store what is said?"""

from __future__ import annotations

import io
import json
import re
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core.management import CommandError
from hypothesis import given, settings

from cors_policies import documents, services
from cors_policies.models import Origin, OriginGroup, Policy
from cors_policies.models.versions import PolicySetVersion
from tests.cli.conftest import Shell
from tests.helpers import policy
from tests.strategies import policy_set_documents

pytestmark = pytest.mark.django_db

UNCHANGED = "Dry run, nothing was stored: 0 created, 0 updated, 0 deleted, {} unchanged.\n"


class TestExport:
    """What is exported is the whole set, the same bytes each time."""

    def test_of_nothing_is_an_empty_document(self, shell: Shell) -> None:
        assert shell.run("export") == '{\n  "origin_groups": [],\n  "policies": []\n}\n'

    def test_holds_every_key_by_name_whatever_was_stored_first(self, shell: Shell) -> None:
        services.create_policy(policy("b", "/b", description="caf\u00e9"))
        services.create_policy(policy("a", "/a"))

        text = shell.run("export")

        assert text == shell.run("export", "--output", "-")
        assert json.loads(text) == documents.policy_set_document("default")
        assert [found["name"] for found in json.loads(text)["policies"]] == ["a", "b"]
        assert '"description": "caf\u00e9"' in text

    def test_to_a_file_prints_nothing(self, shell: Shell, tmp_path: Path) -> None:
        services.create_policy(policy())

        assert shell.run("export", "--output", str(tmp_path / "set.json")) == ""

        assert (tmp_path / "set.json").read_text(encoding="utf-8") == shell.run("export")

    def test_to_no_folder_is_refused(self, shell: Shell, tmp_path: Path) -> None:
        status, text = shell.refusal("export", "--output", str(tmp_path / "none" / "set.json"))

        assert (status, text.endswith("cannot be written: No such file or directory.")) == (1, True)

    @pytest.mark.django_db(transaction=True)
    def test_is_refused_where_somebody_writes_all_the_time(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read, names = documents.group_documents, count()

        def read_then_write(rows: Any) -> Any:
            found = read(rows)
            services.create_group({"name": f"g{next(names)}"})
            return found

        monkeypatch.setattr(documents.reading, "group_documents", read_then_write)

        with pytest.raises(
            CommandError, match="The policy set was changed during each of 5 attempts"
        ) as caught:
            shell.run("export")
        assert caught.value.returncode == 1

    def test_is_of_one_moment(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another process writes between the queries."""
        read, late = documents.group_documents, [{"name": "g", "origins": []}]

        def read_then_write(rows: Any) -> Any:
            found = read(rows)
            if late:
                services.create_group(late.pop())
                services.create_policy(policy(origin_groups=["g"]))
            return found

        monkeypatch.setattr(documents.reading, "group_documents", read_then_write)

        document = json.loads(shell.run("export"))

        assert [group["name"] for group in document["origin_groups"]] == ["g"]
        assert [found["origin_groups"] for found in document["policies"]] == [["g"]]


class TestRoundTrip:
    """What was exported and is imported again changes nothing."""

    @given(document=policy_set_documents(max_size=3))
    @settings(max_examples=20)
    def test_of_any_set(self, document: dict[str, Any]) -> None:
        shell = Shell()
        with TemporaryDirectory() as folder:
            source, copy = Path(folder) / "source.json", Path(folder) / "copy.json"
            source.write_text(json.dumps(document), encoding="utf-8")
            shell.run("import", str(source), "--replace")

            shell.run("export", "--output", str(copy))

            count = len(document["policies"]) + len(document["origin_groups"])
            assert shell.run("import", str(copy), "--replace", "--dry-run") == UNCHANGED.format(count)
            assert shell.run("import", str(source), "--dry-run") == UNCHANGED.format(count)

    def test_of_more_policies_than_fit_into_one_query(self, shell: Shell, tmp_path: Path) -> None:
        path = tmp_path / "large.json"
        policies = [policy(f"p{number:03}", f"/{number}", max_age=number) for number in range(501)]
        path.write_text(json.dumps({"policies": policies}))

        assert shell.run("import", str(path)).endswith("501 created, 0 updated, 0 deleted, 0 unchanged.\n")

        assert shell.run("import", str(path), "--replace", "--dry-run") == UNCHANGED.format(501)
        assert shell.run("explain", "/500", "--origin", "https://app.example").startswith("allowed")

    def test_restores_a_set_that_was_lost(self, shell: Shell, file: Path, tmp_path: Path) -> None:
        shell.run("import", str(file))
        copy = tmp_path / "copy.json"
        shell.run("export", "--output", str(copy))
        before = shell.run("export")
        Policy.objects.all().delete()
        OriginGroup.objects.all().delete()
        Origin.objects.all().delete()

        shell.run("import", str(copy))

        assert shell.run("export") == before


class TestImport:
    """Policies and groups are stored by name, and the changes are printed."""

    def test_creates_and_says_so(self, shell: Shell, file: Path) -> None:
        text = shell.run("import", str(file))

        assert text.splitlines() == [
            "+ policy a",
            '    path: "/a"',
            '    allowed_origins: + "https://app.example"',
            '    origin_groups: + "partners"',
            "+ policy b",
            '    path: "/b"',
            '    allowed_origins: + "https://app.example"',
            "+ origin group partners",
            '    origins: + "https://partner.example"',
            "3 created, 0 updated, 0 deleted, 0 unchanged.",
        ]
        assert Policy.objects.count() == 2

    def test_updates_by_name_and_leaves_the_rest(self, shell: Shell, file: Path) -> None:
        shell.run("import", str(file))
        services.update_policy(Policy.objects.get(name="a"), {"max_age": 5}, partial=True)
        services.create_policy(policy("c", "/c"))

        text = shell.run("import", str(file))

        assert text == "~ policy a\n    max_age: 5 -> 600\n0 created, 1 updated, 0 deleted, 3 unchanged.\n"
        assert Policy.objects.get(name="c").path == "/c"

    def test_with_replace_deletes_what_the_file_lacks(self, shell: Shell, file: Path) -> None:
        shell.run("import", str(file))
        services.create_group({"name": "old", "origins": ["https://old.example"]})
        services.create_policy(policy("c", "/c", origin_groups=["old"], allowed_origins=[]))

        text = shell.run("import", str(file), "--replace")

        assert text.splitlines() == [
            "- policy c",
            '    path: "/c"',
            '    origin_groups: - "old"',
            "- origin group old",
            '    origins: - "https://old.example"',
            "0 created, 0 updated, 2 deleted, 3 unchanged.",
        ]
        assert [*Policy.objects.values_list("name", flat=True)] == ["a", "b"]
        assert [*OriginGroup.objects.values_list("name", flat=True)] == ["partners"]

    @pytest.mark.parametrize("options", [[], ["--replace"]])
    def test_dry_run_says_the_same_and_stores_nothing(
        self, shell: Shell, file: Path, options: list[str]
    ) -> None:
        services.create_policy(policy("c", "/c"))
        before = shell.run("export")

        rehearsal = shell.run("import", str(file), "--dry-run", *options)

        assert shell.run("export") == before
        assert rehearsal == "Dry run, nothing was stored: ".join(
            shell.run("import", str(file), *options).rpartition("3 created")[::2]
        ).replace("stored: ", "stored: 3 created")

    def test_reads_standard_input(self, shell: Shell, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))

        assert shell.run("import", "-").endswith("3 created, 0 updated, 0 deleted, 0 unchanged.\n")


class TestRefusedImport:
    """Every problem is printed with its place and code, and nothing is stored."""

    def test_of_many_problems(self, shell: Shell, tmp_path: Path) -> None:
        path = tmp_path / "bad.json"
        document = {
            "origin_groups": [{"name": "g", "origins": ["https://a.example", "nonsense"]}],
            "policies": [
                policy("good"),
                policy("bad name", "x", max_age=-1, origin_groups=["none"], colour=1),
            ],
            "extra": 1,
        }
        path.write_text(json.dumps(document))

        status, text = shell.refusal("import", str(path))

        head, *lines = text.splitlines()
        assert (status, head) == (1, "Nothing was stored. 7 problems:")
        assert sorted(line.split(": ")[:2] for line in lines) == [
            ["extra", "unknown-key"],
            ["origin_groups.0.origins.1", "invalid-origin"],
            ["policies.1.colour", "unknown-key"],
            ["policies.1.max_age", "max-age-out-of-range"],
            ["policies.1.name", "invalid"],
            ["policies.1.origin_groups.0", "unknown-group"],
            ["policies.1.path", "invalid-path"],
        ]
        assert all(len(line.split(": ", 2)[2]) > 20 for line in lines)

    @pytest.mark.parametrize(
        ("document", "line"),
        [
            pytest.param([], "document: invalid: Write a JSON object", id="list"),
            pytest.param(None, "document: invalid: Write a JSON object", id="null"),
            pytest.param({}, "policies: required: ", id="empty"),
            pytest.param({"policies": {}}, "policies: invalid: Write a list", id="object-for-a-list"),
            pytest.param({"policies": [7]}, "policies.0: invalid: Write a JSON object", id="number"),
        ],
    )
    def test_of_another_shape(self, shell: Shell, tmp_path: Path, document: object, line: str) -> None:
        path = tmp_path / "bad.json"
        path.write_text(json.dumps(document))

        status, text = shell.refusal("import", str(path), "--replace")

        assert (status, text.startswith(f"Nothing was stored. 1 problem:\n{line}")) == (1, True), text

    def test_of_a_group_that_a_stored_policy_could_not_use(self, shell: Shell, tmp_path: Path) -> None:
        services.create_group({"name": "g", "origins": ["https://a.example"]})
        services.create_policy(policy(origin_groups=["g"], allow_credentials=True))
        path = tmp_path / "bad.json"
        path.write_text(json.dumps({"origin_groups": [{"name": "g", "origins": ["*"]}], "policies": []}))

        _, text = shell.refusal("import", str(path))

        assert "origin_groups.0.origins.0: credentials-any-origin: " in text

    def test_of_an_unreadable_file(self, shell: Shell, tmp_path: Path) -> None:
        status, text = shell.refusal("import", str(tmp_path / "none.json"))

        assert (status, text.endswith("cannot be read: No such file or directory.")) == (1, True)

    def test_text_of_a_stranger_is_not_obeyed(self, shell: Shell, tmp_path: Path) -> None:
        path = tmp_path / "bad.json"
        document = policy(allowed_methods=["\x1b[2J\x9b"]) | {"\r": 1}
        path.write_text(json.dumps({"policies": [document]}))

        _, text = shell.refusal("import", str(path))

        assert text.replace("\n", "").isprintable()


class TestDatabase:
    """A database that is not migrated is a sentence and status 1."""

    @pytest.mark.parametrize(
        "arguments", [("export",), ("import", "-"), ("explain", "/api", "--origin", "https://a.example")]
    )
    def test_without_tables(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"policies": []}')))
        monkeypatch.setattr(PolicySetVersion._meta, "db_table", "not_migrated")
        monkeypatch.setattr(shell, "_stored", lambda: None)

        status, text = shell.refusal(*arguments)

        assert status == 1
        assert re.fullmatch(
            r"The database cannot be used: .*not_migrated.*\. Is it there, and has `migrate` been run\?", text
        )
