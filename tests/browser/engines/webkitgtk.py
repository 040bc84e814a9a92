"""How is WebKitGTK driven? Through its own WebDriver, over HTTP, on a display without a screen.

Before you edit: https://www.w3.org/TR/webdriver2/ names the commands. Five of them are all that is needed, so
that there is no library for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

from tests.browser.engines.engine import RUNS_WITHIN, STARTS_WITHIN, Engine, ScriptError
from tests.browser.engines.processes import program, running, screen, temporary_folder
from tests.servers import free_port, wait_until

_BROWSERS = [f"/usr/lib/{machine}-linux-gnu/webkit2gtk-4.1/MiniBrowser" for machine in ("x86_64", "aarch64")]
_SOFTWARE = {
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "NO_AT_BRIDGE": "1",
    "GIO_USE_VFS": "local",
}
"""WebGL without a graphics card, and nothing that asks for a session's services."""

# WebDriver awaits no promise of a synchronous script in every release, but a callback, it does.
_AWAIT = """
const done = arguments[arguments.length - 1];
({source})(arguments[0]).then((given) => done({{given}}), (error) => done({{error: String(error)}}));
"""


class WebKitGTK(Engine):
    """A session of a WebDriver."""

    name = "webkitgtk"

    def __init__(self, port: int) -> None:
        self._port = port
        self._session = ""

    def is_ready(self) -> bool:
        """Whether the driver takes a session."""
        try:
            return bool(self._send("GET", "/status")["ready"])
        except OSError:
            return False

    def begin(self, binary: str) -> None:
        """Starts the browser."""
        options = {"webkitgtk:browserOptions": {"binary": binary, "args": ["--automation"]}}
        session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self._session = f"/session/{session['sessionId']}"
        limits = {"script": RUNS_WITHIN * 1000, "pageLoad": STARTS_WITHIN * 1000}
        self._send("POST", f"{self._session}/timeouts", limits)

    def open(self, url: str) -> None:
        """See :meth:`Engine.open`."""
        self._send("POST", f"{self._session}/url", {"url": url})

    def call(self, source: str, text: str) -> str:
        """See :meth:`Engine.call`."""
        body = {"script": _AWAIT.format(source=source), "args": [text]}
        answer = self._send("POST", f"{self._session}/execute/async", body)
        if "error" in answer:
            raise ScriptError(answer["error"])
        given: str = answer["given"]
        return given

    def end(self) -> None:
        """Closes the browser."""
        if self._session:
            self._send("DELETE", self._session)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=RUNS_WITHIN + STARTS_WITHIN)
        with closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            value = json.load(response)["value"]
        if response.status != HTTPStatus.OK:
            raise ScriptError(f"{method} {path}: {value['error']}: {value['message']}")
        return value


@contextmanager
def webkitgtk() -> Iterator[WebKitGTK]:
    """A browser for the block."""
    command, binary = program("WebKitWebDriver"), program("MiniBrowser", *_BROWSERS)
    with temporary_folder() as folder, screen(folder) as display:
        port = free_port()
        with running([command, f"--port={port}"], folder, {**_SOFTWARE, "DISPLAY": display}) as driver:
            engine = WebKitGTK(port)
            wait_until(lambda: driver.has_ended() or engine.is_ready(), STARTS_WITHIN)
            assert not driver.has_ended(), driver.written()
            engine.begin(binary)
            try:
                yield engine
            finally:
                engine.end()
