"""Does an editor find out on the page "Try it" why a call is refused, and mend it without a detour?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.edited_site import edited_site, sign_in
from tests.helpers import policy
from tests.servers import Site

pytestmark = pytest.mark.browser

NARROW = ViewportSize(width=360, height=740)


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Site]:
    """The running demo site, with an editor and two policies that speak for one path."""
    policies = (
        policy("orders", "/api/orders/*", allowed_origins=["https://other.example"]),
        policy("api", "/api/**", allowed_origins=["https://app.example"]),
    )
    with edited_site(tmp_path, *policies) as found:
        yield found


def _sign_in(page: Page, remote: Site) -> None:
    sign_in(page, f"http://127.0.0.1:{remote.port}/admin/cors_policies/policy/")


def _expect_verdict(page: Page, verdict: str) -> None:
    expect(page.locator(".cors-verdict h2")).to_have_text(verdict)


def test_editor_finds_out_why_and_mends_it(page: Page, remote: Site) -> None:
    _sign_in(page, remote)
    page.locator(".object-tools").get_by_role("link", name="Try it").click()
    page.get_by_label("Origin").fill("https://app.example")
    page.get_by_label("Method").fill("PUT")
    page.get_by_label("Path").fill("/api/orders/1")
    page.get_by_role("button", name="Try it", exact=True).click()

    _expect_verdict(page, "Denied")
    expect(page.locator(".cors-policies li")).to_have_text(["orders", "api /api/** allows this origin"])
    asked = page.url

    page.get_by_role("link", name="Add https://app.example, PUT").click()
    expect(page.locator("[name=allowed_origins]")).to_have_value("https://other.example\nhttps://app.example")
    expect(page.get_by_label("PUT")).to_be_checked()

    page.get_by_label("Max-age").fill("60")
    page.get_by_role("button", name="Try it with these changes").click()
    _expect_verdict(page, "Allowed")
    expect(page.get_by_label("Method")).to_have_value("PUT")
    page.get_by_label("Method").fill("DELETE")
    page.get_by_role("button", name="Try it", exact=True).click()
    _expect_verdict(page, "Denied")

    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Max-age")).to_have_value("60")
    expect(page.get_by_label("PUT")).to_be_checked()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()

    page.goto(asked)
    _expect_verdict(page, "Allowed")


def test_narrow_screen_shows_everything(page: Page, remote: Site) -> None:
    _sign_in(page, remote)
    page.set_viewport_size(NARROW)
    long = "x" * 300
    page.goto(
        f"http://127.0.0.1:{remote.port}/admin/cors_policies/policy/try/"
        f"?origin=https://app.example&method=PUT&path=/api/orders/{long}"
    )

    _expect_verdict(page, "Denied")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert page.evaluate("document.querySelector('#content').scrollWidth") <= NARROW["width"]
