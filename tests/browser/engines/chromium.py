"""How is Chromium driven? Through Playwright, with which the other browser tests drive it, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, Page

from tests.browser.engines.engine import RUNS_WITHIN, STARTS_WITHIN, Engine, ScriptError


class Chromium(Engine):
    """A page of a Chromium that is shared with other tests."""

    name = "chromium"

    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, url: str) -> None:
        """See :meth:`Engine.open`."""
        self._page.goto(url, timeout=STARTS_WITHIN * 1000)

    def call(self, source: str, text: str) -> str:
        """See :meth:`Engine.call`."""
        try:
            given: str = self._page.evaluate(source, text)
        except Error as error:
            raise ScriptError(error.message) from error
        return given


@contextmanager
def chromium_page(browser: Browser) -> Iterator[Chromium]:
    """A page with cookies and a cache of its own."""
    context = browser.new_context()
    context.set_default_timeout(RUNS_WITHIN * 1000)
    try:
        yield Chromium(context.new_page())
    finally:
        context.close()
