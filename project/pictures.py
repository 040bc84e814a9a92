"""Which pictures of the admin does the documentation show, and how are they taken?

Before you edit: the site is a throwaway one with the example content. The pages are those of
``project.admin_pages``, the steps those of ``project.walk``; the browser tests go through the same.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from project.admin_pages import PAGES, Admin
from project.walk import walk

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 860
_COLOURS: Final = 64
_TALLEST: Final = 1900
_HEIGHTS: Final = {"before-you-save": 560, "two-editors": 560}
"""Of pictures that are about what stands above a form."""
NAMES: Final = {
    "policies": "policy-list",
    "policy-change": "policy-form",
    "policy-errors": "policy-errors",
    "before-you-save": "before-you-save",
    "two-editors": "two-editors",
    "group-change": "group",
    "origin-change": "origin",
    "revisions": "revisions",
    "revision": "revision",
    "restore": "restore",
    "try-it-changes": "try-changes",
    "blocked-origins": "blocked-origins",
    "trial-report": "trial-report",
    "policy-map": "policy-map",
}
"""The pages that the documentation shows, and what their pictures are called."""


def take_pictures_of_the_admin(browser: Browser) -> None:
    """Of the pages, and of the steps of the walk."""
    with _site() as site:
        context = _context(browser)
        admin = Admin(context.new_page(), site)
        admin.sign_in("mira")
        for page in PAGES:
            if page.name in NAMES:
                page.reach(admin)
                save_picture(admin.page, NAMES[page.name])
        context.close()
    with _site() as site:
        context = _context(browser)
        for step in walk(context, site):
            save_picture(step.page, step.name)
        context.close()


def _context(browser: Browser) -> BrowserContext:
    """A context whose pages have the admin's side bar folded: the pictures are of what is beside it."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.add_init_script("try { localStorage['django.admin.navSidebarIsOpen'] = 'false'; } catch {}")
    return context


def save_picture(page: Page, name: str, folder: Path = IMAGES) -> None:
    """The page from its top, as high as it is, in few colours: such pictures need no more."""
    page.wait_for_load_state()
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    height = min(page.evaluate("document.scrollingElement.scrollHeight"), _HEIGHTS.get(name, _TALLEST))
    taken = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    with Image.open(io.BytesIO(taken)) as picture:
        few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(folder / f"{name}.png", optimize=True)
    print(folder / f"{name}.png")


@contextmanager
def _site() -> Iterator[str]:
    """The address of a new site with the example content."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DEMO_DATABASE": str(Path(folder) / "site.sqlite3"),
            "DJANGO_SETTINGS_MODULE": "project.strict",
        }
        port = free_port()
        for arguments in (["manage.py", "migrate", "--verbosity", "0"], ["-m", "project.admin_content"]):
            subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True)
        server = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
        process = subprocess.Popen(
            server, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    """A port on the loopback interface that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    """Until somebody listens there. Raises ``TimeoutError`` after 30 seconds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nobody listens at port {port}")
