"""Can everybody use every page: in the dark, on a telephone, by keyboard, and under a strict content policy?

Before you edit: a page is opened once, and held to all rules together, since opening is what takes time. What
Django's own templates break is listed with its reason, and is expected to be broken exactly so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from project.admin_content import EDITOR
from project.admin_pages import PAGES, Admin, AdminPage, change_meanwhile
from tests.browser.axe import CONTRAST, load_axe, serious
from tests.browser.strict_site import strict_site

pytestmark = pytest.mark.browser

IS_STILL = "() => document.getAnimations().every(found => found.playState !== 'running')"
IS_CUT = (
    "() => [...document.querySelectorAll('.results')].some(found => found.scrollWidth > found.clientWidth)"
)
HAS_BAR = """() => {
    const style = getComputedStyle(document.querySelector(".breadcrumbs"));
    return style.paddingLeft === "40px" && style.backgroundColor !== "rgba(0, 0, 0, 0)";
}"""
IS_WIDER = "() => document.scrollingElement.scrollWidth > innerWidth"
WITHOUT_FOCUS = """() => {
    const shown = node => {
        const style = getComputedStyle(node);
        return JSON.stringify([style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor,
            style.backgroundColor, style.textDecorationLine, style.color]);
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
SEARCH_FIELD: Final = ["label-title-only #searchbar"]
OF_DJANGO: Final = dict.fromkeys(
    ("policies", "groups", "origins", "revisions", "policies-view-only"), SEARCH_FIELD
)
"""What Django's own templates break, by page: the label of a list's search field is a picture, and its help
text is all that describes the field."""


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
        page.on("request", lambda asked: self._note_request(asked.url, site))

    def _note_request(self, address: str, site: str) -> None:
        if not address.startswith(site):
            self.foreign.append(address)

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
    load_axe(page)
    # What stands around the content is the same on every page.
    scope = "html" if opened.name in {"policies", "policy-change"} else "#main"
    found = {"light": serious(page, scope)}
    assert not page.evaluate(IS_CUT), "a list has columns that are not seen at 1280 pixels"
    assert page.evaluate(HAS_BAR), "the breadcrumbs do not look like those of Django's own pages"
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(IS_STILL)  # colours change by a transition
    found["dark and narrow"] = serious(page, scope, CONTRAST)

    assert found == {"light": OF_DJANGO.get(opened.name, []), "dark and narrow": []}
    assert not page.evaluate(IS_WIDER)
    assert page.evaluate(WITHOUT_FOCUS) == []
    assert complaints == []
    assert watched.foreign == []


def _tab_to(page: Page, locator: Locator) -> None:
    for _ in range(150):
        if locator.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail("not to be reached by Tab")


class TestKeyboard:
    """The way from a refused call to a saved policy needs no mouse."""

    def test_try_it_fill_in_and_save(self, users: Callable[[str], tuple[Admin, Watched]]) -> None:
        admin, _watched = users(EDITOR)
        page = admin.page
        admin.open("policy/try/")
        for label, text in (("Origin", "https://keys.example"), ("Method", "PUT"), ("Path", "/api/orders/1")):
            _tab_to(page, page.get_by_label(label))
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Denied")).to_be_visible()
        _tab_to(page, page.get_by_role("link", name="Write one more policy"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("Filled in for your review")).to_be_visible()
        expect(page.locator("[name=name]")).to_be_focused()
        page.keyboard.press("Enter")
        refused = page.locator("[name=name]")
        expect(refused).to_have_attribute("aria-invalid", "true")
        expect(page.locator(".errornote")).to_be_visible()
        expect(refused).to_have_accessible_description(re.compile("Write a name, as in public-api"))
        _tab_to(page, refused)
        page.keyboard.type("by-keyboard")
        page.keyboard.press("Enter")
        expect(page.get_by_text("was added successfully")).to_be_visible()
        _tab_to(page, page.get_by_role("link", name="Try the call again"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Allowed")).to_be_visible()


class TestTwoEditors:
    """A form never overwrites what a colleague has changed since it was opened, and shows it."""

    @pytest.mark.parametrize(
        ("kind", "name", "field", "typed"),
        [
            pytest.param("origingroup", "front-ends", "origins", "https://mine.example", id="group"),
            pytest.param("origin", "https://shop.example", "pattern", "https://mine.example", id="origin"),
        ],
    )
    def test_change_is_refused_and_shown(
        self,
        users: Callable[[str], tuple[Admin, Watched]],
        kind: str,
        name: str,
        field: str,
        typed: str,
    ) -> None:
        admin, _watched = users(EDITOR)
        change_meanwhile(name, kind, **{field: typed})(admin)

        expect(admin.page.locator(".errorlist").first).to_contain_text("Changed by a colleague, number")
        expect(admin.page.locator(f"[name={field}]")).to_have_value(typed)
