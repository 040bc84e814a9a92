"""Does an editor see in a real browser what a trial would change, and promote it, without a script?"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.edited_site import edited_site, sign_in
from tests.helpers import policy
from tests.servers import Site, wait_until

pytestmark = pytest.mark.browser

NEW = "https://new.example"


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Site]:
    """The running demo site, with an editor, a live policy and one on trial."""
    policies = (
        policy("orders", "/api/orders/**"),
        policy("orders-next", "/api/orders/**", mode="trial", priority=1, allowed_origins=[NEW], max_age=60),
        policy("files", "/api/files/**", mode="trial"),
    )
    with edited_site(tmp_path, *policies) as found:
        yield found


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def editor(request: pytest.FixtureRequest, chromium: Browser, remote: Site) -> Iterator[Page]:
    """A page of a signed-in editor, with scripts and without."""
    context = chromium.new_context(java_script_enabled=request.param)
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in(page, f"http://127.0.0.1:{remote.port}/admin/cors_policies/policy/")
    yield page
    context.close()


def _ask(remote: Site, origin: str, method: str = "GET") -> str | None:
    """The allowed origin of the answer."""
    address = f"http://127.0.0.1:{remote.port}/api/orders/1/"
    request = urllib.request.Request(address, headers={"Origin": origin}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - the same
            found: str | None = response.headers["Access-Control-Allow-Origin"]
    except urllib.error.HTTPError as error:
        found = error.headers["Access-Control-Allow-Origin"]
    return found


def test_editor_reads_the_report_and_promotes(editor: Page, remote: Site) -> None:
    for _ in range(3):
        assert _ask(remote, NEW) is None
    _ask(remote, "https://evil.example")

    editor.get_by_role("link", name="Trial report").click()
    section = editor.get_by_role("region", name="/api/orders/**")
    expect(section.get_by_role("heading", level=3)).to_have_text(["Newly allowed 3 requests"])
    cells = section.get_by_role("row").filter(has_text=NEW).locator(":is(th, td):nth-child(-n+5)")
    expect(cells).to_have_text([NEW, "GET", "denied: origin-not-allowed", "allowed, by orders-next", "3"])
    expect(editor.get_by_role("region", name="/api/files/**")).to_contain_text("Nothing yet")

    editor.get_by_role("button", name="Make orders-next live…").click()
    editor.get_by_text("Newly allowed: 3 requests").wait_for()
    editor.get_by_role("button", name="Yes, make it live").click()
    editor.get_by_text("1 policy is now live.").wait_for()

    expect(editor.get_by_role("region", name="/api/orders/**")).to_have_count(0)
    wait_until(lambda: _ask(remote, NEW) == NEW)


def test_nothing_is_wider_than_the_window(editor: Page, remote: Site) -> None:
    _ask(remote, NEW)
    _ask(remote, f"https://{'a' * 60}.{'b' * 60}.example")
    editor.get_by_role("link", name="Trial report").click()
    editor.get_by_role("region", name="/api/orders/**").wait_for()

    for width in (1280, 360):
        editor.set_viewport_size({"width": width, "height": 900})
        for table in editor.locator("#content-main table, #content-main section").all():
            found = table.bounding_box()
            assert found is not None
            assert found["x"] >= 0
            assert found["x"] + found["width"] <= width
