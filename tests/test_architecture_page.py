"""Does the picture in docs/architecture.md show the layers that import-linter holds the code to?"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CONTRACTS = (ROOT / "pyproject.toml").read_text("utf-8")
LAYER = re.compile(r"[a-z0-9_]+(?: \| [a-z0-9_]+)*")


def layers_of(contract: str) -> list[set[str]]:
    """The layers of a contract, from high to low."""
    section = CONTRACTS.split(f'id = "{contract}"')[1].split("\nlayers = [\n")[1].split("\n]")[0]
    return [set(re.findall(r"\w+", layer)) for layer in re.findall(r'"(.+?)"', section)]


def layers_shown() -> list[set[str]]:
    """The layers of the picture, from high to low."""
    picture = PAGE.split("```\n")[1]
    lines = [line.lstrip(" +-") for line in picture.splitlines() if not line.startswith("  |")]
    names = (LAYER.match(re.split(r"  +", line)[0]) for line in lines)
    return [set(match[0].split(" | ")) for match in names if match]


class TestPicture:
    """It shows every layer, in the order of the contracts."""

    def test_is_the_contracts(self) -> None:
        assert layers_shown() == layers_of("house-layers") + layers_of("core-layers")
