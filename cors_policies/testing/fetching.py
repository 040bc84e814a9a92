"""What would a script get that calls this project from a page on another origin?

The Fetch standard's main fetch for ``mode: "cors"`` over Django's test client: the requests are real, and
what is judged are the real responses, whoever wrote their headers.

Before you edit: what is left out is listed in docs/testing.md. Every host is answered by the project under
test, that of a redirect too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.test import Client

from cors_policies.core import vocabulary as http
from cors_policies.core.fetch_rules import find_readable_names
from cors_policies.testing.blocked import blocked
from cors_policies.testing.calls import Call, first_call
from cors_policies.testing.checking import preflight_failure, sharing_failure
from cors_policies.testing.sending import discard, send, send_preflight
from cors_policies.testing.servers import own_server, resolve

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

MAX_REDIRECTS: Final = 20
# https://fetch.spec.whatwg.org/#redirect-status
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def browser_fetch(  # noqa: PLR0913 - the arguments of fetch()
    client: Client,
    url: str,
    *,
    origin: str | None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
    credentials: str = "omit",
) -> Response:
    """The response as a script on a page of that origin gets it: with the headers that it may read.

    ``url`` is a path or absolute; ``origin`` is ``None`` for a request that no page makes. Raises
    :class:`CorsBlocked` where the script would get an error, ``ValueError`` for what ``fetch()`` refuses.
    """
    given: object = client
    if not isinstance(given, Client):
        raise TypeError("Give a django.test.Client: it calls async views too.")
    if not (url.startswith("/") or urlsplit(url).scheme):
        raise ValueError(f"{url} is relative. Write a path from the root, as in /api/orders.")
    stated: dict[str, Any] = {"method": method, "origin": origin, "credentials": credentials}
    stated["headers"] = headers or {}
    call = first_call(*resolve(url, own_server(client)), stated, body)
    for _ in range(MAX_REDIRECTS + 1):
        response = _fetch(client, call)
        location = response.headers.get("Location")
        if location is None or response.status_code not in _REDIRECTS:
            return _reduced(response, call)
        discard(response)
        call = call.redirected(response.status_code, location)
    raise ValueError(f"{url} is redirected more than {MAX_REDIRECTS} times: browsers give up.")


def _fetch(client: Client, call: Call) -> Response:
    """The response to one request, which the page may see."""
    if not call.is_cross_origin:
        return send(client, call)
    if call.request.needs_preflight:
        answer = send_preflight(client, call)
        failure = preflight_failure(answer.status_code, answer.headers, call.request)
        discard(answer)
        if failure:
            raise blocked(call.request, failure)
    response = send(client, call)
    failure = sharing_failure(response.headers, call.request)
    if failure:
        discard(response)
        raise blocked(call.request, failure)
    return response


def _reduced(response: Response, call: Call) -> Response:
    """The response without what the script may not read.

    https://fetch.spec.whatwg.org/#concept-filtered-response
    """
    names = frozenset(name.lower() for name in response.headers)
    readable = names - http.FORBIDDEN_RESPONSE_HEADERS
    if call.is_cross_origin:
        credentials = call.request.includes_credentials
        readable = find_readable_names(response.headers, credentials=credentials)
    for name in names.difference(readable):
        del response.headers[name]
    response.cookies.clear()
    return response
