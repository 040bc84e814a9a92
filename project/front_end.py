"""What does the page's own server answer: the page, where the API site is, and what was recorded there?

Before you edit:

* The page has a strict Content-Security-Policy: no inline script or style, and of other origins only the API
  site, under both its names.
* ``/log`` is read from the API site by this server, so that the page needs no policy for it.
"""

from __future__ import annotations

import http.client
import json
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
PICTURE: Final = HERE / "lab" / "files" / "picture.png"
_TIMEOUT: Final = 30.0


class FrontEndServer(ThreadingHTTPServer):
    """Serves the page, and knows where the API site is."""

    daemon_threads = True

    def __init__(self, port: int, api_port: int) -> None:
        self.api_port = api_port
        super().__init__(("127.0.0.1", port), FrontEndHandler)

    @property
    def sites(self) -> dict[str, str]:
        """The API site's two origins: of another site than the page, and of the page's own site."""
        return {
            "api": f"http://127.0.0.1:{self.api_port}",
            "sameSite": f"http://localhost:{self.api_port}",
        }

    @property
    def content_security_policy(self) -> str:
        """What the page may load, and whence."""
        own_and_api = " ".join(("'self'", *self.sites.values()))
        kinds = ("script-src", "connect-src", "img-src", "media-src", "font-src")
        allowed = [f"{kind} {own_and_api}" for kind in kinds]
        refused = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
        return "; ".join([*refused, "style-src 'self'", *allowed])


class FrontEndHandler(SimpleHTTPRequestHandler):
    """A file of the page, or one of three answers of its own."""

    server: FrontEndServer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.extensions_map = {**self.extensions_map, ".js": "text/javascript"}
        super().__init__(*args, directory=str(HERE / "frontend"), **kwargs)

    def do_GET(self) -> None:
        """``/config.json``, ``/log``, ``/picture.png``, or a file of the page."""
        path, _, query = self.path.partition("?")
        if path == "/config.json":
            self._send(json.dumps(self.server.sites).encode(), "application/json")
        elif path == "/log":
            self._send(self._read_log(query), "application/json")
        elif path == "/picture.png":
            self._send(PICTURE.read_bytes(), "image/png")
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """With what every answer has."""
        self.send_header("Content-Security-Policy", self.server.content_security_policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def _send(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _read_log(self, query: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.api_port, timeout=_TIMEOUT)
        try:
            connection.request("GET", f"/lab/log?{query}")
            return connection.getresponse().read()
        finally:
            connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Nothing: the API site's lines are the interesting ones."""
