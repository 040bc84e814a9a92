"""Can an editor who knows nothing of the code find out, allow, see it work, and take it back?"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from project.walk import walk
from tests.browser.strict_site import strict_site

pytestmark = pytest.mark.browser


def test_editor_walks_from_a_refused_call_to_a_working_one_and_back(
    chromium: Browser, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    with strict_site(tmp_path) as site:
        taken = [(step.name, step.page.title()) for step in walk(context, site)]
    context.close()

    assert [name for name, _title in taken] == [f"walk-{number:02}" for number in range(1, 15)]
