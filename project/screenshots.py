"""What do the pictures of the README show: the real admin, on a site of its own with an example set.

``make screenshots`` takes them again. Nothing of a project's own data is touched: the database is a throwaway
file, the server listens on a spare port of this machine, and both are gone afterwards.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import django
from django.core.management import call_command
from playwright.sync_api import Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "images"
USER: Final = "editor"
WIDTH: Final = 1200
HEIGHT: Final = 1100
MARGIN: Final = 20
DEADLINE: Final = 30.0
BROWSER_FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
EXAMPLE: Final[dict[str, Any]] = {
    "origin_groups": [
        {
            "name": "partners",
            "description": "Signed contracts only; ask the partner desk.",
            "origins": ["https://portal.partner.example", "https://*.reseller.example"],
        }
    ],
    "policies": [
        {
            "name": "public-data",
            "path": "/api/public/**",
            "allowed_origins": ["*"],
            "allowed_methods": ["GET"],
        },
        {
            "name": "app",
            "description": "The web app and its previews. Owner: front-end team.",
            "path": "/api/**",
            "allowed_origins": [
                "https://app.example.com",
                "https://admin.example.com",
                "https://preview-*.example.com",
                "capacitor://localhost",
            ],
            "origin_groups": ["partners"],
            "allowed_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            "allowed_headers": ["content-type", "authorization", "x-request-id"],
            "exposed_headers": ["x-total-count"],
            "allow_credentials": True,
        },
        {"name": "internal-shield", "path": "/api/internal/**", "reject_denied": True},
        {
            "name": "fonts",
            "host": "static.example.com",
            "path": "/fonts/*.woff2",
            "allowed_origins": ["https://*.example.com"],
            "allowed_methods": ["GET"],
            "allowed_headers": [],
            "max_age": 86400,
        },
        {
            "name": "local-development",
            "path": "/api/**",
            "priority": 200,
            "mode": "off",
            "allowed_origins": ["http://localhost:*"],
            "allowed_methods": ["*"],
        },
    ],
}


def main() -> None:
    """Takes every picture, and says where they are."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEMO_DATABASE"] = str(Path(folder) / "screenshots.sqlite3")
        password = prepare()
        with site() as address, browser_page() as page:
            sign_in(page, address, password)
            take_list(page, address, IMAGES / "policy-list.png")
            take_form(page, address, IMAGES / "policy-form.png")
    for path in sorted(IMAGES.glob("*.png")):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} kB")


def prepare() -> str:
    """Makes the database with the example set and one account, and gives its password."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - models need Django set up

    from cors_policies import services  # noqa: PLC0415 - the same

    call_command("migrate", verbosity=0)
    services.apply_document(EXAMPLE)
    password = secrets.token_urlsafe()
    get_user_model().objects.create_superuser(USER, password=password)
    return password


@contextmanager
def site() -> Iterator[str]:
    """The demo site on a spare port, for as long as the block runs; gives its address."""
    with closing(socket.socket()) as spare:
        spare.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{spare.getsockname()[1]}"
    command = [sys.executable, "manage.py", "runserver", "--noreload", place]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://{place}/admin/login/", server)
        yield f"http://{place}"
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Waits until the server answers. Raises ``RuntimeError`` where it does not."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(address, timeout=DEADLINE):  # noqa: S310 - an address of this machine
                return
        except URLError:
            time.sleep(0.1)
    message = f"{address} does not answer."
    raise RuntimeError(message)


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of Chromium; the one that is installed, where there is one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=[*BROWSER_FLAGS]
        )
        try:
            yield browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        finally:
            browser.close()


def sign_in(page: Page, address: str, password: str) -> None:
    """Signs in to the admin, as anybody does."""
    page.goto(f"{address}/admin/")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def take_list(page: Page, address: str, path: Path) -> None:
    """The list of policies, without the admin's own menu."""
    page.goto(f"{address}/admin/cors_policies/policy/")
    page.locator("#toggle-nav-sidebar").click()
    shown = page.locator("#changelist").bounding_box()
    height = shown["y"] + shown["height"] + MARGIN if shown else HEIGHT
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})


def take_form(page: Page, address: str, path: Path) -> None:
    """The form of a policy, filled."""
    page.goto(f"{address}/admin/cors_policies/policy/")
    page.get_by_role("link", name="app", exact=True).click()
    page.locator("#policy_form").wait_for()
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
