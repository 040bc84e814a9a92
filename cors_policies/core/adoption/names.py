"""Which methods and header names do the lists of django-cors-headers let through, as a browser reads them?

Before you edit:

* The lists were sent as they are written, and the browser was the judge of them. It compares methods with
  case, reads nothing of a list in which one name is none, and takes ``*`` for a name beside credentials.
* GET, HEAD and POST passed whatever the list of methods was. Here the list is the server's own rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from cors_policies.core import vocabulary as http
from cors_policies.core.texts import say

WITHOUT_LEAVE: Final = ("GET", "HEAD", "POST")
"""The methods that browsers never look up in the list."""

Adopted = tuple[list[str] | None, list[str]]
"""The names, or ``None`` where browsers can read none of them; and what is to be said."""


def adopt_methods(entries: Iterable[str] | None, *, credentials: bool) -> Adopted:
    """The methods that are allowed."""
    elements, reasons = _elements(entries)
    if elements is None:
        return None, reasons
    kept: list[str] = []
    for method in elements:
        if method == http.ANY and credentials:
            kept += WITHOUT_LEAVE
            reasons.append(
                say("* is a method's name to browsers beside credentials: taken as GET, HEAD, POST.")
            )
        elif http.is_forbidden_method(method):
            reasons.append(say("{method} can be sent by no script: left out.", method=method))
        elif _needs_upper_case(method):
            reasons.append(
                say(
                    "{method} is left out: methods are compared with case. Add {upper}.",
                    method=method,
                    upper=method.upper(),
                )
            )
        else:
            kept.append(http.normalize_method(method))
    return kept, [*reasons, *_denied(kept)]


def adopt_request_headers(entries: Iterable[str] | None, *, credentials: bool) -> Adopted:
    """The request-header names that are allowed."""
    return _headers(entries, _is_never_set, say("can be set by no script"), credentials=credentials)


def adopt_response_headers(entries: Iterable[str] | None, *, credentials: bool) -> Adopted:
    """The response-header names that are exposed."""
    return _headers(entries, _is_never_read, say("can be read by no script"), credentials=credentials)


def _elements(entries: Iterable[str] | None) -> Adopted:
    """The names as a browser reads them from the header."""
    if entries is None:
        return None, []
    found = [name for entry in entries for part in entry.split(",") if (name := part.strip("\t "))]
    wrong = next((name for name in found if not http.is_token(name)), None)
    if wrong is None:
        return found, []
    return None, [
        say(
            '"{wrong}" is no name, and beside it browsers read nothing of the list. None is allowed.',
            wrong=wrong,
        )
    ]


def _headers(
    entries: Iterable[str] | None, is_idle: Callable[[str], bool], why: str, *, credentials: bool
) -> Adopted:
    elements, reasons = _elements(entries)
    if elements is None:
        return None, reasons
    if http.ANY in elements and credentials:
        elements = [name for name in elements if name != http.ANY]
        reasons.append(say("* is a header's name to browsers beside credentials: left out. List the names."))
    idle = [name for name in elements if is_idle(name.lower())]
    if idle:
        reasons.append(say("{names} {why}: left out.", names=", ".join(idle), why=why))
    return [name for name in elements if name not in idle], reasons


def _needs_upper_case(method: str) -> bool:
    """Whether browsers compare another spelling, or a policy cannot hold this one."""
    upper = http.normalize_method(method)
    return (upper != method and upper not in WITHOUT_LEAVE) or method.upper() == "PATCH" != method


def _denied(methods: list[str]) -> Iterable[str]:
    allowed = {*methods, *(["HEAD"] if "GET" in methods else [])}
    denied = [method for method in WITHOUT_LEAVE if method not in allowed]
    if denied and http.ANY not in allowed:
        yield say("lacks {denied}: let in all the same before, denied now.", denied=", ".join(denied))


def _is_never_set(name: str) -> bool:
    return http.is_forbidden_request_header(name) or name in http.CORS_RESPONSE_HEADERS


def _is_never_read(name: str) -> bool:
    return name in http.FORBIDDEN_RESPONSE_HEADERS or name in http.CORS_REQUEST_HEADERS
