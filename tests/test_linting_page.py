"""Does docs/linting.md say which codes there are, how bad they are, and what gets in by which pattern?"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from cors_policies.core.findings import Finding
from cors_policies.core.linting import linting, openness, overlaps
from cors_policies.core.linting.linting import lint_document
from cors_policies.core.linting.openness import judge
from cors_policies.core.origins import parse_origin_pattern
from tests.helpers import policy

PAGE = (Path(__file__).parents[1] / "docs" / "linting.md").read_text("utf-8")
LEVELS = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|", PAGE, re.MULTILINE))
ATTACKS = [
    line.split(" | ")[1:]
    for line in PAGE.split("lets it in |\n|---|---|---|\n")[1].splitlines()
    if "|" in line
]
CREDENTIALS: dict[str, Any] = {"allow_credentials": True}
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


def findings(*policies: dict[str, Any]) -> set[tuple[str, str]]:
    """Code and level of what is found."""
    found: tuple[Finding, ...] = lint_document({"policies": list(policies)}, NOW)
    return {(item.code, item.level) for item in found}


class TestCodes:
    """The page lists every code, with its level."""

    def test_are_those_of_the_code(self) -> None:
        assert set(LEVELS) == {
            overlaps.SHADOWED_POLICY,
            overlaps.REDUNDANT_ORIGIN,
            linting.EXPIRED,
            openness.ANY_ORIGIN,
            openness.WIDE_WILDCARD,
            openness.LETS_IN,
            *openness.TOLERATED,
        }

    @pytest.mark.parametrize(
        ("code", "with_credentials", "policies"),
        [
            ("shadowed-policy", False, [policy("a"), policy("b")]),
            ("redundant-origin", False, [policy(allowed_origins=["https://a.example"] * 2)]),
            ("expired", False, [policy(expires_at="2029-01-01T00:00:00Z")]),
            ("any-origin", False, [policy(allowed_origins=["*"])]),
            ("wide-wildcard", False, [policy(allowed_origins=["https://*.com"])]),
            ("lets-in", False, [policy(allowed_origins=["https://*.com"])]),
            (
                "wide-wildcard",
                True,
                [policy(allowed_origins=["https://*.com"], **CREDENTIALS, tolerate_public_suffixes=True)],
            ),
            (
                "lets-in",
                True,
                [policy(allowed_origins=["https://*.com"], **CREDENTIALS, tolerate_public_suffixes=True)],
            ),
            (
                "insecure-origin",
                False,
                [policy(allowed_origins=["http://a.b"], **CREDENTIALS, tolerate_insecure_origins=True)],
            ),
            (
                "credentials-regex",
                False,
                [policy(allowed_origins=["~https://a"], **CREDENTIALS, tolerate_credentialed_regex=True)],
            ),
        ],
    )
    def test_have_their_level(
        self, code: str, with_credentials: bool, policies: list[dict[str, Any]]
    ) -> None:
        level = "error" if with_credentials else LEVELS[code].partition(";")[0]

        assert (code, level) in findings(*policies)
        assert not with_credentials or "with credentials error" in LEVELS[code]


class TestAttacks:
    """What the page says of each attack is so."""

    @pytest.mark.parametrize(("origins", "patterns"), ATTACKS)
    def test_lets_in(self, origins: str, patterns: str) -> None:
        named, by = re.findall("`(.+?)`", origins), re.findall("`(.+?)`", patterns)

        for origin, text in zip(named, by, strict=True):
            assert parse_origin_pattern(text).matches(origin)
            details = [found.detail for found in judge(text, with_credentials=False)]
            assert text == "*" or any(f" lets in {origin}: " in detail for detail in details)

    def test_are_all_read(self) -> None:
        assert len(ATTACKS) == 8
