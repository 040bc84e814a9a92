"""How do the tests fill in a form as a browser does?

A page is read, its fields are changed by name, and all that it holds is sent: so that a test also proves what
is sent when nothing was touched.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client

ROOT = "/admin/cors_policies/"
_ERRORS = re.compile(r'<ul class="errorlist[^"]*"(?: id="id_(\w+)_error")?>(.*?)</ul>', re.DOTALL)
_BLOCK_ENDS = re.compile(r"</(?:td|th|tr|li|ul|p|div|h\d)>")
_TAGS = re.compile(r"<[^>]+>")


class FormPage:
    """A form as it was opened; ``fields`` is what a browser would send."""

    def __init__(self, client: Client, path: str) -> None:
        self.client = client
        self.address = ROOT + path
        self.html = text(client.get(self.address))
        self.fields = sent_fields(self.html)

    def save(self, **changed: Any) -> HttpResponse:
        """Sends the form with some fields changed; ``None`` takes a field out, as an empty check box is."""
        fields = {name: value for name, value in {**self.fields, **changed}.items() if value is not None}
        return self.client.post(self.address, {**fields, "_save": "Save"})  # type: ignore[return-value]

    def stored(self, **changed: Any) -> None:
        """Saves, and fails with the page's errors where it is refused."""
        response = self.save(**changed)
        assert response.status_code == 302, shown_errors(response)

    def confirmed(self, **changed: Any) -> list[str]:
        """Saves, fails where nothing is asked, saves all the same, and gives what was asked."""
        asked = self.save(**changed)
        assert asked.status_code == 200
        form = asked.context["adminform"].form  # type: ignore[attr-defined] # the test client adds it
        assert list(form.errors) == ["confirmed"], form.errors
        self.stored(**changed, confirmed=form.fields["confirmed"].widget.attrs["value"])
        return [*form.errors["confirmed"]][1:]

    def refused(self, **changed: Any) -> dict[str, list[tuple[str, str]]]:
        """Saves, fails where that was accepted, and gives code and text of the errors by field."""
        response = self.save(**changed)
        assert response.status_code == 200
        form = response.context["adminform"].form  # type: ignore[attr-defined] # the test client adds it
        return {
            field: [(error.code, message) for error in found for message in error.messages]
            for field, found in form.errors.as_data().items()
        }


class _Fields(HTMLParser):
    """Collects what a browser would send of the page's main form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self.area: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name") or ""
        if tag == "input" and name:
            self._input(name, found)
        elif tag == "textarea":
            self.area, self.fields[name] = name, ""
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in found:
            self.fields[self.select] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            # Browsers read every line end as one character, drop the first one, and send CRLF.
            read = re.sub(r"\r\n?", "\n", self.fields[self.area])
            self.fields[self.area] = read.removeprefix("\n").replace("\n", "\r\n")
            self.area = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area] += data

    def _input(self, name: str, found: dict[str, str | None]) -> None:
        kind, value = found.get("type"), found.get("value") or ""
        if kind == "checkbox":
            if "checked" in found:
                self.fields.setdefault(name, []).append(value or "on")
        elif kind not in {"submit", "button"}:
            self.fields[name] = value


def sent_fields(html: str) -> dict[str, Any]:
    """Every field that the change form of the page would send, by name."""
    start = html.index("<form", html.index('id="content-main"'))
    parser = _Fields()
    parser.feed(html[start : html.index("</form>", start)])
    parser.close()
    return parser.fields


def text(response: Any) -> str:
    """The body of a page, which has to be there."""
    assert response.status_code == 200, response
    body: str = response.content.decode()
    return body


def shown_errors(response: Any) -> dict[str, str]:
    """The error texts of a page as they are shown, by field; ``""`` holds those above the form."""
    return {name: _TAGS.sub(" ", found).strip() for name, found in _ERRORS.findall(response.content.decode())}


def shown_texts(html: str) -> str:
    """The text of a page without tags, on one line."""
    return re.sub(r"\s+", " ", _TAGS.sub("", _BLOCK_ENDS.sub(" ", html)))
