"""How is Firefox driven? Through WebDriver BiDi, over a websocket, without a driver beside it.

Before you edit: https://www.w3.org/TR/webdriver-bidi/ names the commands. Firefox has a window on a display
without a screen: without a window it has no WebGL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import websocket

from tests.browser.engines.engine import RUNS_WITHIN, STARTS_WITHIN, Engine, ScriptError
from tests.browser.engines.processes import program, running, screen, temporary_folder

_PREFERENCES: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.provider.mozilla.updateURL": "",
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.autoplay.default": 0,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.prefetch-next": False,
    "network.proxy.type": 0,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "webgl.force-enabled": True,
}
"""It asks nobody but the pages of the test, plays without a click, and draws without a graphics card."""


class Firefox(Engine):
    """A session of WebDriver BiDi, and its first tab."""

    name = "firefox"

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._numbers = count(1)
        self._send("session.new", {"capabilities": {}})
        self._tab = self._send("browsingContext.getTree", {})["contexts"][0]["context"]

    def open(self, url: str) -> None:
        """See :meth:`Engine.open`."""
        self._send("browsingContext.navigate", {"context": self._tab, "url": url, "wait": "complete"})

    def call(self, source: str, text: str) -> str:
        """See :meth:`Engine.call`."""
        answer = self._send("script.callFunction", {
            "functionDeclaration": source,
            "arguments": [{"type": "string", "value": text}],
            "target": {"context": self._tab},
            "awaitPromise": True,
            "userActivation": True,
        })  # fmt: skip
        if answer["type"] == "exception":
            raise ScriptError(answer["exceptionDetails"]["text"])
        given: str = answer["result"]["value"]
        return given

    def _send(self, method: str, parameters: dict[str, Any]) -> Any:
        """The result of a command. What comes in between are events."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        answer: dict[str, Any] = {}
        while answer.get("id") != number:
            answer = json.loads(self._connection.recv())
        if answer["type"] == "error":
            raise ScriptError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]


@contextmanager
def firefox() -> Iterator[Firefox]:
    """A browser for the block."""
    command = program("firefox-esr")
    with temporary_folder() as folder, screen(folder) as display:
        start = [
            command,
            "--profile",
            str(_profile(folder)),
            "--no-remote",
            "--remote-debugging-port",
            "0",
            "about:blank",
        ]
        quiet = {
            "DISPLAY": display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
            "MOZ_CRASHREPORTER_DISABLE": "1",
        }
        with running(start, folder, quiet) as browser:
            address = browser.wait_for("WebDriver BiDi listening on (ws://.+)")
            # Firefox refuses a connection that names an origin: that of a page.
            connection = websocket.create_connection(
                f"{address}/session", timeout=RUNS_WITHIN + STARTS_WITHIN, suppress_origin=True
            )
            with closing(connection):
                yield Firefox(connection)


def _profile(folder: Path) -> Path:
    profile = folder / "profile"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    return profile
