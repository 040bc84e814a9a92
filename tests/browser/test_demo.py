"""Does every button of the demo's page show what the browser allowed, and which policy decided?"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.servers import DEADLINE, ROOT, Site, free_port, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """The address of the page of a running demo, as ``make demo`` starts it."""
    api, front = free_port(), free_port()
    site = Site(tmp_path / "demo.sqlite3", api)
    command = [sys.executable, "-m", "project.demo", "--api-port", str(api), "--page-port", str(front)]
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **site.env}, cwd=ROOT, stdout=output, stderr=output
        )
        try:
            wait_until(lambda: process.poll() is not None or _answers(api), 60)
            assert process.poll() is None, (tmp_path / "output").read_text()
            yield f"http://localhost:{front}/"
        finally:
            process.terminate()
            assert process.wait(DEADLINE) == 0


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/public/orders/", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_every_button_shows_the_verdict_and_the_policy(page: Page, demo: str) -> None:
    page.goto(demo)

    for title, verdict, policy in [
        ("Simple GET", "Allowed", "app-api (allowed)"),
        ("GET of a public resource", "Allowed", "public-orders (allowed)"),
        ("JSON POST", "Allowed", "app-api (allowed)"),
        ("PUT with a custom header", "Allowed", "app-api (allowed)"),
        ("With cookies", "Allowed", "app-api (allowed)"),
        ("Read an exposed header", "Allowed", "app-api (allowed)"),
        ("DELETE, which no policy allows", "Refused", "app-api (method-not-allowed)"),
        ("GET below a shield", "Refused", "none (origin-not-allowed)"),
    ]:
        row = page.locator("li", has=page.get_by_role("button", name=title, exact=True))
        row.get_by_role("button").click()
        expect(row.locator(".verdict")).to_contain_text(verdict)
        expect(row.locator(".why li").first).to_contain_text(policy)

    cookies = page.locator("li", has=page.get_by_role("button", name="With cookies", exact=True))
    cookies.get_by_role("button").click()
    expect(cookies.locator("pre")).to_contain_text('"cookie_arrived": true')
    expect(page.locator("li", has_text="Read an exposed header").locator("pre")).to_have_text(
        "X-Total-Count: 2"
    )
