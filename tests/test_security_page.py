"""Is there the test that docs/security.md names for each threat?"""

import re
from typing import Final

import pytest

from tests.servers import ROOT

PAGE: Final = (ROOT / "docs" / "security.md").read_text("utf-8").partition("## The threats")[2]
THREATS: Final = [row.split(" | ") for row in re.findall(r"^\| (.*) \|$", PAGE, re.MULTILINE)]
NAMED: Final = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_exists(file: str, name: str) -> None:
    text = (ROOT / file).read_text("utf-8")

    assert f"\nclass {name}" in text if name else "def test_" in text


def test_every_threat_names_one() -> None:
    assert [cells[0] for cells in THREATS if cells[0] != "threat" and "`tests/" not in cells[-1]] == []
