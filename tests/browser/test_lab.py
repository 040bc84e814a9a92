"""Does every row of the lab do in a real Chromium what it claims, and turn when its policy changes?

Before you edit: the rows run in the page itself (project/frontend); here it is said what must come of it, and
which requests the API site must have seen. One demo and one page serve all rows: each run has addresses of
its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import CONTRAST, load_axe, serious
from tests.browser.demos import Demo, running_demo
from tests.servers import ROOT, wait_until

pytestmark = pytest.mark.browser

RUN: Final = "([id, variant]) => lab.run(id, variant)"
DENIED: Final = "origin-not-allowed"

Sent = tuple[str, str, int, str]


def actual(method: str = "GET", reason: str = "allowed", status: int = 200) -> Sent:
    """A request that is no preflight, and why it is answered as it is."""
    return ("actual", method, status, reason)


def asked(reason: str = "allowed") -> Sent:
    """A preflight, and why it is answered as it is."""
    return ("preflight", "OPTIONS", 200, reason)


def preflighted(method: str, reason: str = "method-not-allowed") -> tuple[list[Sent], list[Sent]]:
    """What is sent where the browser asks first: where it may, and where it may not."""
    return [asked(), actual(method)], [asked(reason)]


SIMPLE: Final = ([actual()], [actual(reason=DENIED)])
SHOWN: Final = ([actual()], [actual(reason=DENIED), actual(reason="not-cors")])
"""The refused resource is asked for once more, without CORS: to show that the page may not look into it."""
READ: Final = ([actual()], [actual()])
REQUESTS: Final[dict[str, tuple[list[Sent], list[Sent]]]] = {
    "xhr": SIMPLE,
    "fetch-get": SIMPLE,
    "fetch-head": ([actual("HEAD")], [actual("HEAD", "method-not-allowed")]),
    "fetch-post-text": ([actual("POST")], [actual("POST", "method-not-allowed")]),
    "fetch-post-form": ([actual("POST")], [actual("POST", DENIED)]),
    "fetch-post-multipart": ([actual("POST")], [actual("POST", "method-not-allowed")]),
    "fetch-put": preflighted("PUT"),
    "fetch-patch": preflighted("PATCH"),
    "fetch-delete": preflighted("DELETE"),
    "fetch-json": preflighted("POST", "header-not-allowed"),
    "fetch-header": preflighted("GET", "header-not-allowed"),
    "xhr-upload": preflighted("POST"),
    "cookies": ([actual(), actual()], [actual(), actual()]),
    "any-origin": READ,
    "exposed-headers": READ,
    "safelisted-headers": READ,
    "preflight-cache": (
        [asked(), actual("PUT"), actual("PUT")],
        [asked(), actual("PUT"), asked(), actual("PUT")],
    ),
    "redirect": ([actual(status=302), actual()], [actual(reason=DENIED, status=302)]),
    "redirect-null": ([actual(status=302), actual()], [actual(status=302), actual(reason=DENIED)]),
    "errors": (
        [actual(status=404), actual(status=500)],
        [actual(reason=DENIED, status=404), actual(reason=DENIED, status=500)],
    ),
    "timing": READ,
    "font": SIMPLE,
    "webgl": SHOWN,
    "canvas-image": SHOWN,
    "canvas-video": SHOWN,
    "shape": SIMPLE,
    "resource-policy": ([actual(reason="not-cors")], [actual(reason="not-cors")]),
    "module": SIMPLE,
    "events": SIMPLE,
    "jsonp": ([actual(reason="not-cors")], [actual(reason="not-cors", status=404)]),
}
DETAILS: Final = {
    ("cookies", "allowed"): "The cookie was sent, and the answer is readable.",
    ("cookies", "refused"): "The server got the cookie and answered 200, and the browser withholds it",
    ("any-origin", "refused"): "The server allowed everybody, and the browser refuses that",
    ("exposed-headers", "allowed"): "X-Lab-Total: 2",
    ("exposed-headers", "refused"): "X-Lab-Total: null",
    ("safelisted-headers", "allowed"): "Pragma: no-cache",
    ("safelisted-headers", "refused"): "ETag: null",
    ("preflight-cache", "allowed"): "1 preflight(s) for 2 PUT",
    ("preflight-cache", "refused"): "2 preflight(s) for 2 PUT",
    ("redirect-null", "allowed"): "Status 200, of http://localhost:",
    ("errors", "allowed"): "404 This is the text of an answer 404.” · “500 This",
    ("errors", "refused"): "“TypeError: Failed to fetch” · “TypeError: Failed to fetch”",
    ("font", "allowed"): "300 px with the font asked for",
    ("webgl", "refused"): "reading it throws a SecurityError",
    ("canvas-image", "allowed"): "rgba(31, 111, 235, 255)",
    ("canvas-image", "refused"): "reading it throws a SecurityError",
    ("canvas-video", "allowed"): "Loaded with crossorigin. rgba(",
    ("canvas-video", "refused"): "reading it throws a SecurityError",
    ("shape", "allowed"): "starts at 32 px",
    ("shape", "refused"): "starts at 64 px",
    ("timing", "refused"): "requestStart: 0 ms, transferSize: 0",
    ("resource-policy", "allowed"): "64 px wide",
    ("resource-policy", "refused"): "the image arrived, and is not shown",
    ("module", "allowed"): "A module of another origin.",
    ("events", "allowed"): "event 1",
    ("events", "refused"): "readyState 2",
    ("jsonp", "allowed"): '{"item":"lamp","price":12}',
}
"""What the page saw, where the verdict alone would not prove it."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The running demo."""
    with running_demo(tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture(scope="module")
def lab(chromium: Browser, demo: Demo) -> Iterator[Page]:
    """The lab's page, in English."""
    context = chromium.new_context(locale="en-GB")
    context.set_default_timeout(40_000)
    page = context.new_page()
    page.goto(demo.page)
    page.wait_for_function("window.lab")
    yield page
    context.close()


def run(lab: Page, row: str, variant: str) -> dict[str, Any]:
    """What the page says of one run."""
    found: dict[str, Any] = lab.evaluate(RUN, [row, variant])
    return found


class TestRows:
    """Each way to use another origin's resources works where the policy allows it, and only there."""

    @pytest.mark.parametrize("variant", ["allowed", "refused"])
    @pytest.mark.parametrize("row", REQUESTS)
    def test_row_comes_out_as_meant(self, lab: Page, row: str, variant: str) -> None:
        found = run(lab, row, variant)

        sent = [
            tuple(line[key] for key in ("kind", "method", "status", "reason")) for line in found["requests"]
        ]
        assert (found["verdict"], sent) == (variant, REQUESTS[row][variant == "refused"]), found["detail"]
        assert DETAILS.get((row, variant), "") in found["detail"]

    def test_every_row_is_here_and_has_policies_of_its_name(self, lab: Page) -> None:
        rows = lab.evaluate("lab.rows")

        named = {
            variant["policy"]: f"{variant['path']}**" for row in rows for variant in row["variants"].values()
        }
        stored = json.loads((ROOT / "project" / "lab" / "policies.json").read_text("utf-8"))["policies"]
        assert [row["id"] for row in rows] == list(REQUESTS)
        assert named == {policy["name"]: policy["path"] for policy in stored}

    def test_headers_that_decided_are_shown(self, lab: Page) -> None:
        lab.get_by_role("button", name="Run “fetch(): POST, application/json”, Meant to be allowed").click()

        place = lab.locator("#fetch-json-allowed")
        expect(place.locator(".verdict")).to_have_text("Allowed")
        preflight, actual_request = place.locator("li").all()
        origin = lab.evaluate("location.origin")
        assert preflight.locator("pre").all_inner_texts() == [
            f"Origin: {origin}\nAccess-Control-Request-Method: POST\n"
            "Access-Control-Request-Headers: content-type",
            f"Access-Control-Allow-Origin: {origin}\nAccess-Control-Allow-Methods: POST\n"
            "Access-Control-Allow-Headers: content-type\nAccess-Control-Max-Age: 600\n"
            "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ]
        assert (
            actual_request.locator("pre").first.inner_text()
            == f"Origin: {origin}\nContent-Type: application/json"
        )
        assert (
            actual_request.locator(".why").inner_text()
            == "The site decided by lab-fetch-json-allowed: allowed"
        )


class TestEditing:
    """A change in the admin, one link away, turns the row at its next run, without reload."""

    def test_row_turns_and_turns_back(self, lab: Page, demo: Demo) -> None:
        lab.evaluate("window.isTheSamePage = true")
        with lab.expect_popup() as opened:
            lab.locator("#fetch-put-refused .says a").click()
        editor = opened.value
        editor.get_by_label("Username").fill("admin")
        editor.get_by_label("Password").fill(demo.password)
        editor.get_by_role("button", name="Log in").click()

        for verdict in ("allowed", "refused"):
            editor.get_by_label("PUT", exact=True).set_checked(verdict == "allowed")
            editor.get_by_role("button", name="Save and continue editing").click()
            editor.get_by_text("was changed successfully").wait_for()
            wait_until(lambda verdict=verdict: run(lab, "fetch-put", "refused")["verdict"] == verdict)  # type: ignore[misc]

        expect(editor.locator("[name=name]")).to_have_value("lab-fetch-put-refused")
        assert lab.evaluate("window.isTheSamePage") is True
        editor.close()


class TestLanguages:
    """The lab speaks English and Simplified Chinese, on a narrow dark screen too, without inline code."""

    def test_chinese_on_a_narrow_screen(self, chromium: Browser, demo: Demo) -> None:
        context = chromium.new_context(
            locale="zh-CN", color_scheme="dark", viewport={"width": 360, "height": 740}
        )
        context.set_default_timeout(40_000)
        try:
            page = context.new_page()
            messages: list[str] = []
            page.on("console", lambda message: messages.append(message.text))
            page.on("pageerror", lambda error: messages.append(f"pageerror {error}"))
            answer = page.goto(demo.page)
            page.get_by_role("button", name="全部运行").click()
            expect(page.locator("#summary")).to_have_text(
                "已执行 60 项，共 60 项；0 项与本意不同。", timeout=60_000
            )

            assert answer is not None
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert [text for text in messages if "Content Security" in text or "pageerror" in text] == []
            assert page.locator("html").get_attribute("lang") == "zh-Hans"
            assert page.evaluate("document.documentElement.scrollWidth") <= 360

            page.get_by_role("button", name="English").click()
            expect(page.locator("#summary")).to_have_text("60 of 60 carried out; 0 not as meant.")
            assert page.locator("html").get_attribute("lang") == "en"
            assert page.locator("#shape-refused .saw").inner_text().endswith("starts at 64 px.")
            page.goto(f"{demo.page}?lang=zh-CN")
            expect(page.locator("h1")).to_have_text("CORS 策略实验室")
        finally:
            context.close()


class TestAccessibility:
    """axe-core finds nothing serious on the page, in both languages, light and dark."""

    def test_nothing_serious(self, lab: Page) -> None:
        for row, variant in (("fetch-put", "allowed"), ("fetch-put", "refused"), ("jsonp", "allowed")):
            run(lab, row, variant)
        load_axe(lab)
        # The other rows differ from these by their texts alone.
        scope = {"include": [["header"], ["#row-xhr"], ["#row-fetch-put"], ["#row-jsonp"]]}
        found = {}
        for language in ("简体中文", "English"):
            lab.get_by_role("button", name=language, exact=True).click()
            lab.emulate_media(color_scheme="light")
            found[language, "light"] = serious(lab, scope)
            lab.emulate_media(color_scheme="dark")
            found[language, "dark"] = serious(lab, scope, CONTRAST)

        assert {key: entries for key, entries in found.items() if entries} == {}
