"""Can an editor see in a real browser what was changed, and bring back what was there before?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.edited_site import edited_site, sign_in
from tests.helpers import policy
from tests.servers import Site

pytestmark = pytest.mark.browser

OVERFLOWS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Site]:
    """The running demo site, with an editor and one policy."""
    app = policy("app", allowed_origins=["https://old.example", "https://kept.example"])
    with edited_site(tmp_path, app) as found:
        yield found


def _stored(site: Site) -> Any:
    return json.loads(site.command("manage.py", "cors_policies", "export"))


def _change_the_origin(page: Page, site: str) -> None:
    sign_in(page, f"{site}/admin/cors_policies/policy/")
    page.get_by_role("link", name="app", exact=True).click()
    page.locator("[name=allowed_origins]").fill("https://kept.example\nhttps://new.example")
    page.get_by_label("Comment").fill("They have moved")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()


def test_editor_finds_a_change_and_takes_it_back(page: Page, remote: Site) -> None:
    site, before = f"http://127.0.0.1:{remote.port}", _stored(remote)
    _change_the_origin(page, site)
    assert _stored(remote) != before

    page.locator("#result_list").get_by_role("link", name="app", exact=True).click()
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="2", exact=True).click()
    page.get_by_role("heading", name="Revision 2").wait_for()
    page.get_by_text("They have moved").wait_for()
    shown = page.get_by_role("row", name="Allowed origins")
    expect(shown.locator(".cors-before")).to_contain_text("https://old.example")
    expect(shown.locator(".cors-after")).to_contain_text("https://new.example")

    page.get_by_role("link", name="Restore what was before").click()
    page.get_by_role("heading", name="Restore revision 1").wait_for()
    shown = page.get_by_role("row", name="Allowed origins")
    expect(shown.locator(".cors-after")).to_contain_text("https://old.example")
    page.get_by_label("Comment").fill("They have not")
    page.get_by_role("button", name="Restore").click()
    page.get_by_text("are again what they were at revision 1.").wait_for()

    assert _stored(remote) == before


def test_pages_fit_a_telephone(page: Page, remote: Site) -> None:
    site = f"http://127.0.0.1:{remote.port}"
    _change_the_origin(page, site)
    page.set_viewport_size({"width": 360, "height": 740})

    for address in ("revision/2/change/", "revision/1/restore/", "policy/1/history/"):
        page.goto(f"{site}/admin/cors_policies/{address}")
        assert not page.evaluate(OVERFLOWS), address
