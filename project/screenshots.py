"""``make screenshots``: pictures for the README, from the real admin and the demo's page.

Before you edit: the database is a throwaway one, with the example set. The pictures go to docs/images.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH, HEIGHT = 1440, 900
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def main() -> int:
    """Takes every picture; gives the exit status."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed (Debian: apt-get install chromium).")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with _demo() as (api, front, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        _admin(page, api, password)
        _lab(page, front)
        browser.close()
    return 0


def _admin(page: Page, api: str, password: str) -> None:
    page.goto(f"{api}/admin/cors_policies/policy/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    _shoot(page, "policy-list")
    page.get_by_role("link", name="app-api", exact=True).click()
    _shoot(page, "policy-form", whole=True)


def _lab(page: Page, front: str) -> None:
    """The top of the lab's page, and one row of it."""
    page.goto(front)
    page.wait_for_function("window.lab")
    for row in ("xhr", "fetch-put"):
        for variant in ("allowed", "refused"):
            page.evaluate("([row, variant]) => lab.run(row, variant)", [row, variant])
    _shoot(page, "demo")
    page.locator("#row-fetch-put").screenshot(path=IMAGES / "lab-put.png")
    print(IMAGES / "lab-put.png")


def _shoot(page: Page, name: str, *, whole: bool = False) -> None:
    page.wait_for_load_state()
    page.screenshot(path=IMAGES / f"{name}.png", full_page=whole)
    print(IMAGES / f"{name}.png")


@contextmanager
def _demo() -> Iterator[tuple[str, str, str]]:
    """The demo on spare ports: the address of the site and of the page, and the administrator's password."""
    api, front = _free_port(), _free_port()
    command = [sys.executable, "-m", "project.demo", "--api-port", str(api), "--page-port", str(front)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3")}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            lines = (line.split() for line in process.stdout)
            password = next(words[1] for words in lines if words[:1] == ["password"])
            _wait_for(api)
            yield f"http://127.0.0.1:{api}", f"http://localhost:{front}/", password
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nobody listens at port {port}")


if __name__ == "__main__":
    sys.exit(main())
