"""Does an editor see who is refused, let them in by a click and a look, and learn whom a change cuts off?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.edited_site import edited_site, sign_in
from tests.browser.test_end_to_end import FETCH, REFUSED
from tests.browser.test_end_to_end import origin as origin  # noqa: PLC0414 - a fixture
from tests.helpers import policy
from tests.servers import Site, wait_until

pytestmark = pytest.mark.browser

SETTINGS = """
from project.settings import *
CORS_POLICIES = {"OBSERVE": "all"}
"""


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Site]:
    """The demo site, which counts all requests, with an editor and one policy that lets nobody in."""
    (tmp_path / "counting_site.py").write_text(SETTINGS, "utf-8")
    environment = {
        "DJANGO_SETTINGS_MODULE": "counting_site",
        "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}",
    }
    with edited_site(
        tmp_path, policy("app", allowed_origins=[], max_age=0), environment=environment
    ) as found:
        yield found


def _is_listed(editor: Page, origin: str) -> bool:
    editor.reload()
    return editor.get_by_role("row").filter(has_text=origin).count() == 1


def test_refused_origin_is_let_in_and_not_cut_off_unasked(page: Page, remote: Site, origin: str) -> None:
    site = f"http://127.0.0.1:{remote.port}"
    page.goto(origin)

    def fetched() -> object:
        return page.evaluate(FETCH, [f"{site}/api/orders/1/", {}])

    assert fetched() == REFUSED

    editor = page.context.new_page()
    sign_in(editor, f"{site}/admin/cors_policies/policy/")
    editor.get_by_role("link", name="Blocked origins").click()
    wait_until(lambda: _is_listed(editor, origin))
    editor.get_by_role("link", name="app", exact=True).click()
    expect(editor.locator("[name=allowed_origins]")).to_have_value(origin)
    editor.get_by_text("Filled in for your review").wait_for()
    assert fetched() == REFUSED
    editor.get_by_role("button", name="Save", exact=True).click()
    editor.get_by_text("was changed successfully").wait_for()
    wait_until(lambda: fetched() == 200)

    wait_until(lambda: _count_is_stored(remote))
    editor.goto(f"{site}/admin/cors_policies/policy/")
    editor.get_by_role("link", name="app", exact=True).click()
    editor.locator("[name=allowed_origins]").fill("")
    editor.get_by_role("button", name="Save", exact=True).click()
    editor.get_by_text(
        re.compile(rf"{origin} would be cut off from /api/\*\*: .* \d+ requests? \(GET\)")
    ).wait_for()
    assert fetched() == 200
    editor.get_by_label("Save all the same").check()
    editor.get_by_role("button", name="Save", exact=True).click()
    editor.get_by_text("was changed successfully").wait_for()
    wait_until(lambda: fetched() == REFUSED)


def _count_is_stored(remote: Site) -> bool:
    asked = "import django; django.setup(); from cors_policies.models import Observation; "
    asked += "print(Observation.objects.filter(reason='allowed').count())"
    return remote.command("-c", asked).strip() != "0"
