"""Does a real browser embed, and measure, what the policies say, and nothing else?"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from playwright.sync_api import Browser, Page

from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.testing import override_cors_policies
from tests.helpers import policy

pytestmark = pytest.mark.browser

IMAGE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
EMBED = """address => new Promise(resolve => {
    const image = new Image();
    image.onload = () => resolve("loaded");
    image.onerror = () => resolve("refused");
    image.src = address;
    document.body.append(image);
})"""
MEASURE = """async address => {
    await (await fetch(address)).text();
    let entries = [];
    while (!entries.length) {
        await new Promise(resolve => setTimeout(resolve, 10));
        entries = performance.getEntriesByName(address);
    }
    return {start: entries[0].requestStart > 0, size: entries[0].transferSize > 0};
}"""
POLICIES = [
    policy("none", "/none"),
    *(
        policy(value, f"/{value}", resource_policy=value)
        for value in ("same-origin", "same-site", "cross-origin")
    ),
    policy("untimed", "/untimed", allowed_origins=["*"]),
    policy("timed", "/timed", allowed_origins=["http://localhost:*"], timing_allow_origin=True),
    policy("timed-open", "/timed-open", allowed_origins=["*"], timing_allow_origin=True),
]


def _image(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(IMAGE, content_type="image/gif", headers={"Cache-Control": "no-store"})


class _Governed(BaseHTTPRequestHandler):
    """An image at every path, past the middleware."""

    def do_GET(self) -> None:
        asked = RequestFactory().get(self.path, headers=dict(self.headers.items()))
        response = CorsPolicyMiddleware(_image)(asked)
        assert isinstance(response, HttpResponse)
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.content)

    def log_message(self, *_args: object) -> None:
        pass


class _Page(BaseHTTPRequestHandler):
    """A page that embeds only what says that it may be embedded."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>embedding</title><body></body>")

    def log_message(self, *_args: object) -> None:
        pass


def _serving(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """The ports of the page and of the governed site."""
    servers = _serving(_Page), _serving(_Governed)
    with override_cors_policies(*POLICIES):
        yield servers[0].server_address[1], servers[1].server_address[1]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    """A page for all tests of this module."""
    context = chromium.new_context()
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


class TestEmbedding:
    """Under COEP an image of another origin is shown only where ``resource_policy`` lets that origin in."""

    @pytest.mark.parametrize(
        ("path", "host", "expected"),
        [
            pytest.param("/none", "127.0.0.1", "refused", id="none"),
            pytest.param("/same-origin", "127.0.0.1", "refused", id="same-origin"),
            pytest.param("/same-site", "127.0.0.1", "refused", id="same-site-from-another-site"),
            pytest.param("/cross-origin", "127.0.0.1", "loaded", id="cross-origin"),
            pytest.param("/none", "localhost", "refused", id="none-from-the-same-site"),
            pytest.param("/same-origin", "localhost", "refused", id="same-origin-from-the-same-site"),
            pytest.param("/same-site", "localhost", "loaded", id="same-site"),
        ],
    )
    def test_image(self, tab: Page, ports: tuple[int, int], path: str, host: str, expected: str) -> None:
        """Two ports of ``localhost`` are one site. Chromium takes no address for part of any."""
        tab.goto(f"http://{host}:{ports[0]}/")

        assert tab.evaluate(EMBED, f"http://localhost:{ports[1]}{path}") == expected


class TestTiming:
    """``PerformanceResourceTiming`` is told in full only with ``timing_allow_origin``."""

    @pytest.mark.parametrize(
        ("path", "is_told"),
        [
            pytest.param("/untimed", False, id="without"),
            pytest.param("/timed", True, id="origin-named"),
            pytest.param("/timed-open", True, id="everybody"),
        ],
    )
    def test_fetch(self, tab: Page, ports: tuple[int, int], path: str, is_told: bool) -> None:
        tab.goto(f"http://localhost:{ports[0]}/")

        found = tab.evaluate(MEASURE, f"http://127.0.0.1:{ports[1]}{path}")

        assert found == {"start": is_told, "size": is_told}
