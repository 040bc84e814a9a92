"""Which examples do README and docs/ hold, and which test runs each?

Before you edit: ``RUN_ELSEWHERE`` is the list of those that a test of their own runs, by page and language,
with their number: one that is added there is not run until its test does so. All others are run by
tests/documentation/test_examples.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tests.servers import ROOT

LANGUAGES: Final = frozenset({"python", "console", "sh", "bash", "json"})
"""What can be run. Others (``js``, ``nginx``, ``text``) are shown only."""

RUN_ELSEWHERE: Final = {
    ("README.md", "python", "Adding it"): (2, "tests/test_foreign_project.py"),
    ("docs/automation.md", "python", ""): (2, "tests/api/test_automation_page.py"),
    ("docs/automation.md", "sh", ""): (10, "tests/api/test_automation_page.py"),
    ("docs/commands.md", "console", ""): (16, "tests/cli/test_commands_page.py"),
    ("docs/commands.md", "json", ""): (1, "tests/cli/test_commands_page.py"),
    ("docs/csrf.md", "python", ""): (4, "tests/http/test_csrf.py"),
    ("docs/csrf.md", "json", ""): (1, "tests/http/test_csrf.py"),
    ("docs/migrating.md", "json", "Step by step"): (1, "tests/test_foreign_project.py"),
    ("docs/migrating.md", "sh", "Step by step"): (3, "tests/test_foreign_project.py"),
    ("docs/rest-api.md", "json", "a browser would"): (2, "tests/api/test_evaluation.py"),
    ("docs/testing.md", "python", ""): (2, "tests/testing/test_testing_page.py"),
    ("docs/tutorial.md", "console", ""): (13, "tests/browser/test_tutorial.py"),
}
"""Page, language and a word of the heading above (or all): how many, and run by which test."""

_LINE: Final = re.compile(r"^(#{1,6} [^\n]+)$|^( *)```(\w+)\n(.*?)^\2```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One example of a page."""

    page: str
    heading: str
    language: str
    text: str
    line: int

    @property
    def test(self) -> str | None:
        """The test that runs it, if there is one of its own."""
        for (page, language, words), (_, test) in RUN_ELSEWHERE.items():
            if (page, language) == (self.page, self.language) and words in self.heading:
                return test
        return None


def all_blocks() -> list[Block]:
    """Every example of README and docs/ that can be run, in the order of the pages."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        block
        for page in pages
        for block in blocks_of(page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))
        if block.language in LANGUAGES
    ]


def blocks_of(page: str, text: str) -> list[Block]:
    """The examples of a page, each with the heading above it."""
    found, heading = [], ""
    for match in _LINE.finditer(text):
        title, _, language, code = match.groups()
        heading = title or heading
        if language:
            found.append(Block(page, heading, language, code, text.count("\n", 0, match.start()) + 1))
    return found
