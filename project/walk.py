"""Can somebody who knows nothing of the code find out why a call is refused, allow it, and take that back?

The walk, step by step, in a real browser: a page of https://app.example cannot PUT to /api/orders/1; an
editor finds out why, allows that and no more, sees that it works, sees what was changed, and takes it back.

Before you edit: each step is taken as an editor would, by what stands on the page, and ends on a page that is
worth a picture. The documentation's tutorial (docs/admin.md) tells the same steps, with those pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

from project.admin_content import EDITOR
from project.admin_pages import Admin

ORIGIN: Final = "https://app.example"
REFUSED: Final = "TypeError: Failed to fetch"
_CALLER: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>app.example</title>
<body style="font: 18px/1.5 sans-serif; margin: 3em">
<h1>A page of https://app.example</h1><p>PUT <code>%s</code></p><p id="outcome">…</p>"""
_CALL: Final = """async ([address, shown]) => {
    const outcome = document.getElementById("outcome");
    let found;
    try {
        found = (await fetch(address, {method: "PUT"})).status;
        if (shown) outcome.textContent = `Answered with status ${found}.`;
    } catch (error) {
        found = String(error);
        if (shown) outcome.textContent = found;
    }
    return found;
}"""
_DEADLINE: Final = 30.0


@dataclass
class Caller:
    """The page of the other origin, which makes the call."""

    page: Page
    address: str

    @classmethod
    def opened(cls, context: BrowserContext, site: str) -> Caller:
        """The page. There is no such host: the browser is handed the page, and left alone after that."""
        page, address = context.new_page(), f"{site}/api/orders/1"
        # Chromium asks the user before a page of the internet may call this machine.
        context.grant_permissions(["local-network-access"])
        page.route(
            f"{ORIGIN}/", lambda route: route.fulfill(content_type="text/html", body=_CALLER % address)
        )
        page.goto(f"{ORIGIN}/")
        page.unroute_all()
        return cls(page, address)

    def call(self) -> Any:
        """The status of the answer, or the error that the script gets."""
        return self.page.evaluate(_CALL, [self.address, True])

    def wait_for(self, expected: object) -> None:
        """Calls until it comes out as expected: a change is obeyed within seconds."""
        deadline = time.monotonic() + _DEADLINE
        while (found := self.call()) != expected:
            if time.monotonic() > deadline:
                raise AssertionError(f"the call still comes out as {found}, not {expected}")
            self.page.wait_for_timeout(100)


@dataclass(frozen=True)
class Step:
    """A step: what the picture is called, and the page that it ends on."""

    name: str
    page: Page


def walk(context: BrowserContext, site: str) -> Iterator[Step]:
    """Takes the walk; each step is given once its page is there."""
    caller, admin = Caller.opened(context, site), Admin(context.new_page(), site)
    numbered: Iterator[Callable[[Page], Step]] = (_step(number) for number in range(1, 100))
    for found in (_refused(caller), _why(admin), _allowed(admin), _works(caller)):
        for page in found:
            yield next(numbered)(page)
    for found in (_what_was_changed(admin), _taken_back(admin), _refused(caller)):
        for page in found:
            yield next(numbered)(page)


def _step(number: int) -> Callable[[Page], Step]:
    return lambda page: Step(f"walk-{number:02}", page)


def _refused(caller: Caller) -> Iterator[Page]:
    caller.wait_for(REFUSED)
    yield caller.page


def _works(caller: Caller) -> Iterator[Page]:
    caller.wait_for(200)
    yield caller.page


def _why(admin: Admin) -> Iterator[Page]:
    """The list of what is refused, and the page that says why this call is."""
    admin.sign_in(EDITOR)
    page = admin.page
    page.get_by_role("link", name="Blocked origins").click()
    _reload_until(page, ORIGIN)
    yield page
    page.get_by_role("row").filter(has_text=ORIGIN).get_by_role("link", name="Try it").click()
    page.get_by_label("Path").fill("/api/orders/1")
    page.get_by_role("button", name="Try it", exact=True).click()
    page.get_by_role("heading", name="Denied").wait_for()
    yield page


def _allowed(admin: Admin) -> Iterator[Page]:
    """The form with what is missing filled in; tried before it is saved, saved, and tried again."""
    page = admin.page
    page.get_by_role("link", name="Write one more policy").click()
    page.get_by_text("Filled in for your review").wait_for()
    admin.write(name="app-orders", comment="The new app may change orders")
    yield page
    page.get_by_role("button", name="Try it with these changes").click()
    page.get_by_role("heading", name="Allowed").wait_for()
    yield page
    page.get_by_role("button", name="Back to the form").click()
    admin.write(comment="The new app may change orders")
    admin.save()
    page.get_by_text("was added successfully").wait_for()
    yield page
    page.get_by_role("link", name="Try the call again").click()
    page.get_by_role("heading", name="Allowed").wait_for()
    yield page


def _what_was_changed(admin: Admin) -> Iterator[Page]:
    page = admin.page
    admin.open("policy/")
    page.get_by_role("link", name="app-orders", exact=True).click()
    page.get_by_role("link", name="History").click()
    page.get_by_role("heading", name="Change history").wait_for()
    yield page
    page.locator("#change-history th a").first.click()
    page.get_by_role("heading", name="Changes").wait_for()
    yield page


def _taken_back(admin: Admin) -> Iterator[Page]:
    """Asked once more, since the origin is in use by now: what was counted is stored when a page lists it."""
    page, revision = admin.page, admin.page.url
    admin.open("policy/blocked/")
    page.goto(revision)
    page.get_by_role("link", name="Restore what was before").click()
    page.get_by_role("heading", name="What it changes").wait_for()
    admin.write(comment="Not before the app is released")
    yield page
    admin.press("Restore")
    page.get_by_text(f"{ORIGIN} would be cut off").wait_for()
    yield page
    page.get_by_label("Restore all the same").check()
    admin.press("Restore")
    page.get_by_text("Restored: all policies and groups are again").wait_for()
    yield page


def _reload_until(page: Page, text: str) -> None:
    """Until the page says it: what is refused is counted in the background."""
    deadline = time.monotonic() + _DEADLINE
    while not page.get_by_role("row").filter(has_text=text).count():
        if time.monotonic() > deadline:
            raise AssertionError(f"{text} is not listed")
        page.reload()
