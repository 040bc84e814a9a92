"""Can everybody use every page: with any eyes, in the dark, on a telephone, by keyboard, under a strict policy?

Before you edit: a page is opened once, and held to all rules together, since opening is what takes time. What
Django's own templates break is listed with its reason, and is expected to be broken exactly so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from project.admin_pages import PAGES, Admin, AdminPage
from tests.browser.strict_site import strict_site

pytestmark = pytest.mark.browser

AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RUN = """async rules => {
    const found = await axe.run(document, {
        resultTypes: ["violations"],
        ...(rules ? {runOnly: {type: "rule", values: rules}} : {}),
    });
    return found.violations
        .filter(violation => ["serious", "critical"].includes(violation.impact))
        .flatMap(violation => violation.nodes.map(node => [violation.id, node.target.join(" "), node.html]));
}"""
IS_STILL = "() => document.getAnimations().every(found => found.playState !== 'running')"
IS_WIDER = "() => document.scrollingElement.scrollWidth > innerWidth"
WITHOUT_FOCUS = """() => {
    const shown = node => {
        const {outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor, textDecorationLine, color} =
            getComputedStyle(node);
        return JSON.stringify([outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor,
            textDecorationLine, color]);
    };
    const nodes = document.querySelectorAll(
        "#content :is(a[href], button, input:not([type=hidden]), select, textarea, summary)");
    return [...nodes].filter(node => node.checkVisibility()).filter(node => {
        node.style.transition = "none";
        node.blur();
        const before = shown(node);
        node.focus({focusVisible: true});
        return document.activeElement === node && shown(node) === before;
    }).map(node => node.outerHTML);
}"""
CONTRAST = ["color-contrast"]
OF_DJANGO: Final[dict[str, str]] = {
    "label-title-only #searchbar": "the field's label is a picture, and its help text describes it",
}
"""What Django's own templates break, as rule and element, with the reason."""

Opened = Callable[[AdminPage], Admin]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with strict_site(tmp_path_factory.mktemp("strict")) as address:
        yield address


class Watched:
    """What a browser's page has complained about, and what it has asked others for."""

    def __init__(self, page: Page, site: str) -> None:
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(site) or self.foreign.append(asked.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)


@pytest.fixture(scope="module")
def users(chromium: Browser, site: str) -> Iterator[Callable[[str], tuple[Admin, Watched]]]:
    """Gives a signed-in user's admin, and what it has complained about."""
    known: dict[str, tuple[Admin, Watched]] = {}

    def signed_in(user: str) -> tuple[Admin, Watched]:
        if user not in known:
            context = chromium.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(30_000)
            admin = Admin(context.new_page(), site)
            watched = Watched(admin.page, site)
            admin.sign_in(user)
            known[user] = admin, watched
        return known[user]

    yield signed_in
    for admin, _watched in known.values():
        admin.page.context.close()


def serious(page: Page, rules: list[str] | None = None) -> list[Any]:
    """What axe finds that is serious or critical, but for what Django's own templates break."""
    found = page.evaluate(RUN, rules)
    return [entry for entry in found if f"{entry[0]} {entry[1]}" not in OF_DJANGO]


@pytest.mark.parametrize("opened", PAGES, ids=[page.name for page in PAGES])
def test_page_is_for_everybody(users: Callable[[str], tuple[Admin, Watched]], opened: AdminPage) -> None:
    admin, watched = users(opened.user)
    page = admin.page
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    watched.complaints.clear()
    opened.reach(admin)
    expect(page.locator("#content h1")).to_be_visible()
    complaints = [*watched.complaints]
    page.evaluate(AXE)
    found = {"light": serious(page)}
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(IS_STILL)  # colours change by a transition
    found["dark and narrow"] = serious(page, CONTRAST)

    import os

    with open(os.environ["LOGA"], "a") as f:
        f.write(
            f"## {opened.name} wider={page.evaluate(IS_WIDER)} complaints={complaints} foreign={watched.foreign}\n"
        )
        for sch, e in found.items():
            for x in e:
                f.write(f"{sch} {x[0]} {x[1]} {x[2][:150]}\n")
        for x in page.evaluate(WITHOUT_FOCUS):
            f.write(f"focus {x[:200]}\n")
    assert {scheme: entries for scheme, entries in found.items() if entries} == {}, json.dumps(
        found, indent=1
    )
    assert not page.evaluate(IS_WIDER)
    assert page.evaluate(WITHOUT_FOCUS) == []
    assert complaints == []
    assert watched.foreign == []
