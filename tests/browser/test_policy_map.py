"""Can an editor read and narrow the map in a real browser, by keyboard, on a phone and without scripts?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.edited_site import edited_site, sign_in
from tests.helpers import policy

pytestmark = pytest.mark.browser

RIGHT_EDGES = "nodes => nodes.map(node => node.getBoundingClientRect().right)"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of the running demo site, with an editor and some policies."""
    policies = (
        policy("orders", "/api/orders/**", allowed_origins=["*"]),
        policy("second", "/api/orders/**", priority=200),
        policy("shield", "/api/internal/**", allowed_origins=[]),
        policy("host", "/api/visit", host="api.example.com"),
        *(policy(f"p{number}", f"/p/{number}/**") for number in range(200)),
    )
    with edited_site(tmp_path, *policies) as found:
        yield f"http://127.0.0.1:{found.port}"


def open_map(page: Page, site: str) -> None:
    """Signs in, and goes from the list of policies to the map."""
    sign_in(page, f"{site}/admin/cors_policies/policy/")
    page.get_by_role("link", name="Policy map", exact=True).click()


def test_editor_reads_narrows_and_follows_the_map(page: Page, site: str) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_map(page, site)

    expect(page.get_by_role("heading", level=1, name="Policy map")).to_be_visible()
    hosts = page.get_by_role("heading", level=2)
    expect(hosts.nth(0)).to_contain_text("api.example.com")
    expect(hosts.nth(1)).to_contain_text("every host")
    orders = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="/api/orders/**")).last
    expect(orders).to_contain_text("every origin")
    expect(orders).to_contain_text("never gets its turn")
    expect(orders).to_contain_text("/api/orders/<int:number>/")
    expect(orders).to_contain_text("example: /api/orders/1/")

    summary = page.locator("summary", has_text="/api").first
    summary.press("Enter")
    expect(orders).to_be_hidden()
    summary.press("Enter")
    expect(orders).to_be_visible()

    page.get_by_role("link", name="200 policies below /p").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(75)
    page.get_by_role("link", name="After").first.click()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()

    page.get_by_label("Name, host, path, origin or view").fill("p199")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="p199", exact=True).click()
    expect(page.locator("[name=path]")).to_have_value("/p/199/**")
    assert errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_map_fits_a_narrow_screen_and_needs_no_script(chromium: Browser, site: str, scheme: str) -> None:
    context = chromium.new_context(
        viewport={"width": 360, "height": 700},
        java_script_enabled=False,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    try:
        page = context.new_page()
        open_map(page, site)
        expect(page.get_by_role("link", name="shield", exact=True)).to_be_visible()
        edges = page.locator(".cors-map li, .cors-map summary").evaluate_all(RIGHT_EDGES)
    finally:
        context.close()

    assert edges
    assert max(edges) <= 360
