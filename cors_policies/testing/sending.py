"""How does a browser's request go through Django's test client, which is none?

Before you edit:

* The client sends its cookies with every request, and keeps those of every response. So it has no cookies
  for the time of a request without credentials, and has its own back afterwards.
* What ``client.defaults`` holds is sent with every request, preflights too, as a proxy would add it; but
  for credentials, and for what only a browser may say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Final

from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client

from cors_policies.core import vocabulary as http
from cors_policies.testing.calls import Call

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

_CREDENTIALS: Final = frozenset({"HTTP_COOKIE", "HTTP_AUTHORIZATION"})
_OF_BROWSERS: Final = frozenset(
    {
        "HTTP_ORIGIN",
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
        "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK",
    }
)
_UNPREFIXED: Final = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


def send_preflight(client: Client, call: Call) -> Response:
    """The answer to the preflight (https://fetch.spec.whatwg.org/#cors-preflight-fetch)."""
    request = call.request
    headers = [
        (http.ORIGIN, request.origin or ""),
        (http.ACCESS_CONTROL_REQUEST_METHOD, request.sent_method),
    ]
    if request.unsafe_names:
        headers.append((http.ACCESS_CONTROL_REQUEST_HEADERS, ",".join(request.unsafe_names)))
    with _as_browser(client, call, has_credentials=False):
        return _send(client, call, "OPTIONS", headers)


def send(client: Client, call: Call) -> Response:
    """The response to the request itself."""
    headers = [*call.request.sent_headers]
    if call.origin_header is not None:
        headers.append((http.ORIGIN, call.origin_header))
    with _as_browser(client, call, has_credentials=call.includes_credentials):
        return _send(client, call, call.request.sent_method, headers, call.body)


def discard(response: Response) -> None:
    """Closes a response that nobody will read; as the test client does, without closing the database."""
    if response.streaming:
        request_finished.disconnect(close_old_connections)
        try:
            response.close()
        finally:
            request_finished.connect(close_old_connections)


def _send(
    client: Client, call: Call, method: str, headers: list[tuple[str, str]], body: bytes = b""
) -> Response:
    environ: dict[str, Any] = {**call.server.environ, **_environ(headers)}
    kind = environ.pop("CONTENT_TYPE", "")
    url = call.server.url(call.request.path.partition("#")[0])
    return client.generic(method, url, body, content_type=kind, **environ)


def _environ(headers: list[tuple[str, str]]) -> dict[str, str]:
    """The headers as WSGI has them; values of one name are joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        key = key if key in _UNPREFIXED else f"HTTP_{key}"
        found[key] = f"{found[key]}, {value}" if key in found else value
    return {"HTTP_ACCEPT": "*/*", **found}


@contextmanager
def _as_browser(client: Client, call: Call, *, has_credentials: bool) -> Iterator[None]:
    """The client as a browser that sends this call; afterwards as it was."""
    cookies, defaults = client.cookies, client.defaults
    hidden = _OF_BROWSERS | call.server.hides | (frozenset() if has_credentials else _CREDENTIALS)
    client.defaults = {name: value for name, value in defaults.items() if name not in hidden}
    if not has_credentials:
        client.cookies = SimpleCookie()
    try:
        yield
    finally:
        client.cookies, client.defaults = cookies, defaults
