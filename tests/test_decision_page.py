"""Does docs/how-a-request-is-decided.md say what the engine does?"""

from __future__ import annotations

import re
from pathlib import Path

from cors_policies.core.engine import (
    BAD_REQUEST_HEADERS,
    MAX_REQUEST_HEADERS,
    MAX_REQUEST_HEADERS_BYTES,
    REASONS,
)
from cors_policies.core.explanations import CREDENTIALS_NOT_ALLOWED
from cors_policies.core.origins import parse_origin_pattern
from cors_policies.core.paths import parse_path_pattern

PAGE = (Path(__file__).parents[1] / "docs" / "how-a-request-is-decided.md").read_text("utf-8")


def rows_of(heading: str) -> list[tuple[str, str]]:
    """The rows of the table below a heading: what is marked as code in the first column, and the second."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| (`.+?) \| (.+?) \|$", section, re.MULTILINE)


class TestPage:
    """Its lists are those of the code."""

    def test_has_every_reason(self) -> None:
        reasons = [cell.strip("`") for cell, _ in rows_of("Reasons")]

        assert reasons == [*REASONS, CREDENTIALS_NOT_ALLOWED]

    def test_has_the_limits_of_a_preflight(self) -> None:
        meanings = dict(rows_of("Reasons"))

        assert re.findall(r"\d+", meanings[f"`{BAD_REQUEST_HEADERS}`"]) == [
            str(MAX_REQUEST_HEADERS),
            str(MAX_REQUEST_HEADERS_BYTES),
        ]

    def test_lists_path_patterns_in_the_order_in_which_they_govern(self) -> None:
        (line,) = re.findall(r"^    (/api/orders/7 .+)$", PAGE, re.MULTILINE)
        patterns = [parse_path_pattern(text) for text in line.split()]

        assert len(patterns) > 5
        assert all(pattern.matches("/api/orders/7") for pattern in patterns)
        assert sorted(patterns, key=lambda pattern: pattern.sort_key) == patterns

    def test_names_origin_patterns_that_are_accepted_as_they_stand(self) -> None:
        cells = " ".join(cell for cell, _ in rows_of("Which origins match"))
        patterns: list[str] = re.findall(r"`(.+?)`", cells)

        assert len(patterns) > 7
        assert [parse_origin_pattern(text).text for text in patterns] == patterns
