"""Is every line of docs/tutorial.md true, in a new project with a running server, and in a browser?

Before you edit: after a change of what is printed, ``Shell.run_page`` gives the page with the new outputs.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.documentation.sessions import Shell
from tests.servers import ROOT

pytestmark = pytest.mark.browser


def test_every_line_is_true(page: Page, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text("utf-8")

    with Shell(tmp_path) as shell:
        assert shell.run_page(text) == text

        port = shell.ports["9000"]
        shell.serve(f"python -m http.server --directory page {port}", int(port))
        page.goto(f"http://localhost:{port}/")
        expect(page.locator("#said")).to_contain_text("lamp")
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.locator("#said")).to_contain_text("Failed to fetch")
