"""What does axe-core find on a page that is serious or critical?"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from playwright.sync_api import Page

CONTRAST: Final = ["color-contrast"]
"""The one rule that depends on the colours."""
_AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_RUN: Final = """async ([scope, rules]) => {
    const found = await axe.run(scope, {
        resultTypes: ["violations"],
        ...(rules ? {runOnly: {type: "rule", values: rules}} : {}),
    });
    return found.violations
        .filter(violation => ["serious", "critical"].includes(violation.impact))
        .flatMap(violation => violation.nodes.map(node => [violation.id, node.target.join(" ")]));
}"""


def load_axe(page: Page) -> None:
    """Puts axe-core into the page, until it is left."""
    page.evaluate(_AXE)


def serious(page: Page, scope: object, rules: list[str] | None = None) -> list[str]:
    """The rules that are broken seriously or critically, each with its element."""
    found: list[list[str]] = page.evaluate(_RUN, [scope, rules])
    return [" ".join(entry) for entry in found]
