"""``make screenshots``: the documentation's pictures, from the real admin and the demo's page.

Before you edit: the databases are throwaway ones. What is shown of the admin stands in ``project.pictures``.
The pictures go to docs/images.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from project.pictures import IMAGES, free_port, take_pictures_of_the_admin, wait_for_port

WIDTH, HEIGHT = 1440, 900
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def main() -> int:
    """Takes every picture; gives the exit status."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed (Debian: apt-get install chromium).")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with _demo() as front, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        take_pictures_of_the_admin(browser)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        _lab(page, front)
        browser.close()
    return 0


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


def _shoot(page: Page, name: str) -> None:
    page.wait_for_load_state()
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


@contextmanager
def _demo() -> Iterator[str]:
    """The demo on spare ports: the address of its page."""
    api, front = free_port(), free_port()
    command = [sys.executable, "-m", "project.demo", "--api-port", str(api), "--page-port", str(front)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3")}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            next(line for line in process.stdout if line.split()[:1] == ["password"])
            wait_for_port(api)
            yield f"http://localhost:{front}/"
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
