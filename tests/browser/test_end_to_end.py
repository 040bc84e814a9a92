"""Does a real browser let a page in when an editor says so, and out again when a program does?"""

from __future__ import annotations

import base64
import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.edited_site import edited_site, sign_in
from tests.helpers import policy
from tests.servers import Site, wait_until

pytestmark = pytest.mark.browser

FETCH = """async ([address, options]) => {
    try {
        return (await fetch(address, {cache: "no-store", ...options})).status;
    } catch (error) {
        return String(error);
    }
}"""
REFUSED = "TypeError: Failed to fetch"
PUT = {"method": "PUT", "headers": {"X-Demo-Token": "abc"}, "credentials": "include"}


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    """Another origin, with a page that is empty."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Site]:
    """The running demo site, with an editor and one policy that lets nobody in."""
    app = policy(
        "app",
        allowed_origins=[],
        allowed_methods=["GET", "PUT"],
        allowed_headers=["x-demo-token"],
        allow_credentials=True,
        max_age=0,
    )
    with edited_site(tmp_path, app) as found:
        yield found


def _allow_in_the_admin(page: Page, site: str, origin: str) -> None:
    sign_in(page, f"{site}/admin/cors_policies/policy/")
    page.get_by_role("link", name="app", exact=True).click()
    page.locator("[name=allowed_origins]").fill(origin)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The policy app would newly let 1 origin send credentials").wait_for()
    page.get_by_label("Save all the same").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()


def _revoke_over_rest(site: str, origin: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{site}/api/cors/policies/app/origins/",
        data=json.dumps({"patterns": [origin]}).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": "Basic " + base64.b64encode(b"editor:secret").decode(),
        },
        method="DELETE",
    )
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - the same
        assert response.status == 200


def test_editor_lets_a_page_in_and_a_program_takes_it_out(page: Page, remote: Site, origin: str) -> None:
    site = f"http://127.0.0.1:{remote.port}"
    page.goto(origin)

    def fetched(options: Mapping[str, object]) -> object:
        return page.evaluate(FETCH, [f"{site}/api/orders/1/", options])

    assert (fetched({}), fetched(PUT)) == (REFUSED, REFUSED)

    editor = page.context.new_page()
    _allow_in_the_admin(editor, site, origin)
    wait_until(lambda: fetched({}) == 200)
    assert fetched(PUT) == 200
    assert fetched({"method": "DELETE"}) == REFUSED

    _revoke_over_rest(site, origin)
    wait_until(lambda: fetched({}) == REFUSED)
    assert fetched(PUT) == REFUSED
