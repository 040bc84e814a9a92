"""How do tests read the page "Try it", and send what it would send?"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client

from tests.admin.pages import ROOT, FormPage, sent_fields, shown_texts, text
from tests.helpers import policy

PAGE = f"{ROOT}policy/try/"
APP = "https://app.example"
_STEP = re.compile(r"<li>\s*<h2>(.*?)</h2>(.*?)(?=<li>\s*<h2>|</ol>\s*</div>|$)", re.DOTALL)
_REMEDY = re.compile(r'<a class="button" href="([^"]*)"[^>]*>(.*?)</a>')
POLICIES = (
    policy("orders", "/api/orders/*", allowed_methods=["GET", "PUT"], priority=1),
    policy("late", "/api/orders/*", allowed_origins=["https://late.example"], reject_denied=True),
    policy("api", "/api/**", allowed_origins=["*"]),
    policy("root", "/**", allowed_origins=[]),
    policy("off", "/off", mode="off"),
    policy("signed-in", "/signed-in", host="api.example", allow_credentials=True, exposed_headers=["x-a"]),
)
"""One path with two policies, below broader ones; and others."""


def asked(client: Client, **call: str) -> str:
    """The page about a call."""
    return text(client.get(f"{PAGE}?{urlencode({'path': '/api/orders/1', 'origin': APP, **call})}"))


def steps(page: str) -> dict[str, str]:
    """The text of each step, by its title."""
    return {title: shown_texts(body).strip() for title, body in _STEP.findall(page)}


def verdict(page: str) -> str:
    """Title and text of the verdict, with the reason."""
    return shown_texts(
        page.split('class="cors-verdict', 1)[1].split(">", 1)[1].split("</section>", maxsplit=1)[0]
    ).strip()


def remedies(page: str) -> dict[str, str]:
    """The addresses of the proposed changes, by text."""
    return {words: html.unescape(address) for address, words in _REMEDY.findall(page)}


def field_errors(response: HttpResponse) -> list[str]:
    """The fields that have errors."""
    return [*response.context["form"].errors]  # type: ignore[attr-defined] # the test client adds it


def tried(form: FormPage, **changed: Any) -> str:
    """The page that the form leads to when it is tried with some fields changed."""
    return text(form.client.post(form.address, {**form.fields, **changed, "_try": "1"}))


def call_fields(page: str) -> dict[str, Any]:
    """What the form of the call would send again, the changes included."""
    start = page.rindex("<form", 0, page.index('id="cors-call"'))
    return sent_fields('id="content-main"' + page[start:])


def back(client: Client, page: str, address: str | None = None) -> str:
    """The policy's form, reached from the page by its way back."""
    action = html.unescape(re.findall(r'<form method="post" action="(.*?)" id="cors-back">', page)[0])
    return edited(client, address or action, call_fields(page)["changes"])


def edited(client: Client, address: str, changes: str) -> str:
    """The policy's form, opened with changes."""
    return text(client.post(address, {"changes": changes, "_edit": "1"}))
