"""Does ``export --format`` print what the other program takes, or say why it cannot?"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from cors_policies import services
from cors_policies.core.exporting.nginx import SERVER_PART
from cors_policies.models import Policy
from tests.cli.conftest import Shell
from tests.helpers import policy

pytestmark = pytest.mark.django_db


def store(*policies: dict[str, Any], **groups: list[str]) -> None:
    """Makes the set equal to these."""
    document = {
        "policies": policies,
        "origin_groups": [{"name": name, "origins": origins} for name, origins in groups.items()],
    }
    services.apply_document(document, replace=True)


class TestNginx:
    """All path groups are exported, or one with those that shield a part of it."""

    def test_all(self, shell: Shell) -> None:
        store(policy("fonts", "/fonts/**"), policy("secret", "/api/secret"), policy("api", "/api/**"))

        text = shell.run("export", "--format", "nginx")

        assert [text.count(f"# policy {name}\n") for name in ("fonts", "secret", "api")] == [1, 1, 1]

    def test_one_path_with_its_shields(self, shell: Shell) -> None:
        store(policy("fonts", "/fonts/**"), policy("secret", "/api/secret"), policy("api", "/api/**"))

        text = shell.run("export", "--format", "nginx", "--path", "/api/**")

        assert [text.count(f"# policy {name}\n") for name in ("fonts", "secret", "api")] == [0, 1, 1]

    def test_one_host(self, shell: Shell) -> None:
        store(policy("any", "/**"), policy("one", "/**", host="a.test"))

        text = shell.run("export", "--format", "nginx", "--path", "/**", "--host", "A.test")

        assert "# policy one\n" in text
        assert "# policy any\n" not in text

    def test_server_part_is_the_same_for_every_set(self, shell: Shell) -> None:
        store(policy(allowed_origins=["~https://a"]))

        assert shell.run("export", "--format", "nginx", "--part", "server") == SERVER_PART

    def test_of_nothing_governs_nothing(self, shell: Shell) -> None:
        assert "group_1" not in shell.run("export", "--format", "nginx")

    def test_to_a_file(self, shell: Shell, tmp_path: Path) -> None:
        store(policy())
        file = tmp_path / "cors.conf"

        assert shell.run("export", "--format", "nginx", "--output", str(file)) == ""

        assert file.read_text(encoding="ascii") == shell.run("export", "--format", "nginx", "--part", "http")


class TestBuckets:
    """One path group is exported, as the service's tool takes it; what differs is told beside it."""

    @pytest.mark.parametrize("form", ["s3", "gcs"])
    def test_of_the_only_path(self, shell: Shell, form: str) -> None:
        store(policy(allowed_origins=["*"]))

        rules = json.loads(shell.run("export", "--format", form))

        assert (rules["CORSRules"] if form == "s3" else rules)[0][
            "MaxAgeSeconds" if form == "s3" else "maxAgeSeconds"
        ]

    def test_remarks_go_to_standard_error(self, shell: Shell) -> None:
        store(policy("media", "/media/**"), policy("api", "/api/**"))
        errors = io.StringIO()

        text = shell.run("export", "--format", "s3", "--path", "/media/**", stderr=errors)

        assert json.loads(text)["CORSRules"][0]["ID"] == "media"
        assert errors.getvalue() == (
            "policy media: allow_credentials: "
            "S3 sends Access-Control-Allow-Credentials: true to each of these origins all the same.\n"
        )


class TestRefused:
    """Every reason is printed, nothing is written, and the status is 1."""

    def test_all_reasons_at_once(self, shell: Shell, tmp_path: Path) -> None:
        store(
            policy("a", "/a", allowed_origins=["~https://a"]),
            policy("b", "/b", origin_groups=["g"]),
            g=["~b"],
        )
        file = tmp_path / "cors.conf"

        status, text = shell.refusal("export", "--format", "nginx", "--output", str(file))

        assert status == 1
        assert [line.split(": nginx")[0] for line in text.splitlines()] == [
            "Nothing was exported.",
            "policy a: allowed_origins.0",
            "policy b: origin_groups.0",
        ]
        assert not file.exists()

    def test_a_bucket_has_one_path(self, shell: Shell) -> None:
        store(policy("a", "/a"), policy("b", "/b"))

        status, text = shell.refusal("export", "--format", "gcs")

        assert (status, text) == (
            1,
            "Nothing was exported.\n"
            "Say with --path which path group is meant. Write one of: /a on every host; /b on every host.",
        )

    def test_set_with_a_broken_policy(self, shell: Shell) -> None:
        store(policy("a", "/a"), policy("b", "/a/b"))
        Policy.objects.filter(name="b").update(allowed_methods=["CONNECT"])

        status, text = shell.refusal("export", "--format", "nginx")

        assert (status, text.splitlines()[1].split(": It")[0]) == (1, "policy b")

    def test_no_folder(self, shell: Shell, tmp_path: Path) -> None:
        status, text = shell.refusal("export", "--format", "nginx", "--output", str(tmp_path / "none" / "x"))

        assert (status, text.endswith("No such file or directory.")) == (1, True)

    @pytest.mark.parametrize(
        "options",
        [
            ["--path", "/a"], ["--host", "a.test"], ["--part", "http"], ["--format", "s3", "--part", "http"],
            ["--format", "nginx", "--host", "a.test"],
        ],
        ids=" ".join,
    )  # fmt: skip
    def test_options_that_do_not_go_together_are_usage(self, shell: Shell, options: list[str]) -> None:
        store(policy("a", "/a"))

        assert shell.refusal("export", *options)[0] == 2
