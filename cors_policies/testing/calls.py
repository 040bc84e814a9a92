"""What does a browser send for a call of ``fetch()``, and what does a redirect make of it?

Before you edit:

* One call is one request to one server; a redirect makes another one. ``request.origin`` is what the browser
  says of the page: ``null`` once a redirect has led from a foreign server to yet another.
* What is cross-origin then follows from that origin and the server alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cors_policies.core import vocabulary as http
from cors_policies.core.browser import BrowserRequest, is_cross_origin, parse_browser_request
from cors_policies.core.origins import NULL_ORIGIN
from cors_policies.testing.servers import Server, resolve

_BODYLESS: Final = frozenset({"GET", "HEAD"})
# https://fetch.spec.whatwg.org/#request-body-header-name
_BODY_HEADERS: Final = frozenset({"content-encoding", "content-language", "content-location", "content-type"})
_TEXT: Final = ("content-type", "text/plain;charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a browser, to one server."""

    request: BrowserRequest
    server: Server
    body: bytes

    @property
    def is_cross_origin(self) -> bool:
        """Whether the browser checks the answer."""
        return is_cross_origin(self.request)

    @property
    def includes_credentials(self) -> bool:
        """Whether cookies go along (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch)."""
        if self.request.credentials == "same-origin":
            return not self.is_cross_origin
        return self.request.includes_credentials

    @property
    def origin_header(self) -> str | None:
        """What the browser sends as ``Origin`` (https://fetch.spec.whatwg.org/#append-a-request-origin-header)."""
        if self.is_cross_origin or self.request.sent_method not in _BODYLESS:
            return self.request.origin or None
        return None

    def redirected(self, status: int, location: str) -> Call:
        """The call that follows a redirect (https://fetch.spec.whatwg.org/#http-redirect-fetch)."""
        server, path = resolve(location, self.server, self.request.path)
        method, headers = self.request.sent_method, self.request.sent_headers
        body, origin = self.body, self.request.origin
        if (status in {301, 302} and method == "POST") or (status == 303 and method not in _BODYLESS):  # noqa: PLR2004
            method, body, headers = "GET", b"", _without(headers, _BODY_HEADERS)
        if not server.is_same(self.server):
            headers = _without(headers, {http.NON_WILDCARD_REQUEST_HEADER})
            origin = NULL_ORIGIN if self.is_cross_origin else origin
        target = {"path": path, "host": server.host, "scheme": server.scheme}
        request = replace(self.request, method=method, headers=headers, origin=origin, **target)
        return Call(request, server, body)


def first_call(server: Server, path: str, stated: Mapping[str, object], body: bytes | str) -> Call:
    """What the script asks for. Raises ``ValueError`` for what ``fetch()`` refuses, with every problem."""
    if not isinstance(body, bytes | str):
        raise TypeError("Write the body as bytes or text, as in json.dumps(...).")
    place = {"path": path, "host": server.host, "scheme": server.scheme}
    request = parse_browser_request({**stated, **place})
    if body and request.sent_method in _BODYLESS:
        raise ValueError(f"fetch() refuses a body with {request.sent_method}. Leave it out, or write POST.")
    if isinstance(body, str):
        if body and not any(name.lower() == "content-type" for name, _ in request.headers):
            request = replace(request, headers=(*request.headers, _TEXT))
        body = body.encode()
    return Call(request, server, body)


def _without(
    headers: tuple[tuple[str, str], ...], names: set[str] | frozenset[str]
) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers if name.lower() not in names)
