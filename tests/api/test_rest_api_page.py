"""Does docs/rest-api.md list the calls that the API describes, and no others?"""

from __future__ import annotations

import re
from typing import Final

import pytest
from django.test import Client

from tests.servers import ROOT

PAGE: Final = (ROOT / "docs" / "rest-api.md").read_text("utf-8").partition("## Lists")[0]
CALLS: Final = re.findall(r"^\| ((?:`[^`]+`[^|]*)+) \|", PAGE, re.MULTILINE)
ALIKE: Final = ("/policies/", "/origin-groups/")
"""Groups have the calls of policies: ``GET origin-groups/`` and so on."""


def listed() -> set[tuple[str, str]]:
    """Method and address of every call in the table."""
    found: set[tuple[str, str]] = set()
    for cell in CALLS:
        methods: list[str] = []
        for call in re.findall(r"`([^`]+)`", cell):
            method, _, path = call.partition(" ")
            methods.append(method)
            if path:
                found |= {(method, f"/{path}") for method in methods}
                methods = []
    return found | {(method, path.replace(*ALIKE)) for method, path in found if path.startswith(ALIKE[0])}


@pytest.mark.django_db
def test_calls_are_those_of_the_schema(admin_client: Client) -> None:
    paths = admin_client.get("/api/cors/schema/").json()["paths"]

    assert listed() == {(method.upper(), path) for path, operations in paths.items() for method in operations}
