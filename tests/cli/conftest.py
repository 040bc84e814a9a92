"""What every test of the commands gets."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cors_policies import documents
from cors_policies.models.versions import read_token
from tests.helpers import policy


class Shell:
    """The command as a program calls it: what it prints, and how it refuses."""

    def run(self, *arguments: str, **options: Any) -> str:
        """What a subcommand prints."""
        output = io.StringIO()
        call_command("cors_policies", *arguments, stdout=output, **options)
        return output.getvalue()

    def refusal(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Status and text of a refusal, which must have printed and stored nothing."""
        before = self._stored()
        output = io.StringIO()
        with pytest.raises(CommandError) as caught:
            call_command("cors_policies", *arguments, stdout=output, **options)
        assert (self._stored(), output.getvalue()) == (before, "")
        return caught.value.returncode, str(caught.value)

    def denial(self, *arguments: str) -> tuple[int, str]:
        """Status and text of a denial, which is printed before the status is raised."""
        output = io.StringIO()
        with pytest.raises(CommandError) as caught:
            call_command("cors_policies", *arguments, stdout=output)
        return caught.value.returncode, output.getvalue()

    @staticmethod
    def _stored() -> tuple[object, str]:
        return documents.policy_set_document("default"), read_token("default")


@pytest.fixture
def shell() -> Shell:
    """The command."""
    return Shell()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document of two policies and a group."""
    path = tmp_path / "set.json"
    group = {"name": "partners", "origins": ["https://partner.example"]}
    policies = [policy("a", "/a", origin_groups=["partners"]), policy("b", "/b")]
    path.write_text(json.dumps({"origin_groups": [group], "policies": policies}), encoding="utf-8")
    return path
