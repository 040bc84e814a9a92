"""Which requests are timed, and how do they get through Django?

Before you edit: requests carry the headers that a browser sends, since the number of headers is what some middlewares
pay for. Every variant is the whole handler with one middleware; what Django itself costs is in all of them.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import re_path

ORIGIN: Final = "https://app.example.com"
OTHER_ORIGIN: Final = "https://evil.example"
PATH: Final = "/api/v1/orders/17"
BROWSER: Final = {
    "host": "api.example.org",
    "connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="156", "Not?A_Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36",
    "accept": "application/json, text/plain, */*",
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty",
    "referer": "https://app.example.com/orders",
    "accept-encoding": "gzip, deflate, br, zstd",
    "accept-language": "en-GB,en;q=0.9,zh-CN;q=0.8",
    "cookie": "sessionid=0123456789abcdef0123456789abcdef; csrftoken=fedcba9876543210",
}
Sender = Callable[["Kind", int], Callable[[], None]]
"""Makes so many requests of a kind ready, and gives what sends them."""


@dataclass(frozen=True)
class Kind:
    """A kind of request. ``origins`` and ``paths`` are for another one in each request."""

    name: str
    method: str = "GET"
    sent: Mapping[str, str] = field(default_factory=dict)
    paths: Sequence[str] = (PATH,)
    origins: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_numbers", cycle(range(max(len(self.paths), len(self.origins)))))

    @property
    def is_preflight(self) -> bool:
        """Whether the middleware answers it."""
        return self.method == "OPTIONS"

    def _next(self) -> tuple[str, dict[str, str]]:
        """The path and the headers of the next request: fresh strings, as a server makes them."""
        number: int = next(self._numbers)  # type: ignore[attr-defined]
        path = self.paths[number % len(self.paths)]
        headers = {**BROWSER, **self.sent}
        if self.origins:
            headers["origin"] = self.origins[number % len(self.origins)]
        return _fresh(path), {name: _fresh(text) for name, text in headers.items()}

    def environ(self) -> dict[str, Any]:
        """The WSGI environment of one request."""
        path, headers = self._next()
        return {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(),
            "wsgi.version": (1, 0),
            **{f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()},
        }

    def scope(self) -> dict[str, Any]:
        """The ASGI scope of one request."""
        path, headers = self._next()
        return {
            "type": "http",
            "method": self.method,
            "path": path,
            "query_string": b"",
            "scheme": "https",
            "server": ("testserver", 443),
            "client": ("127.0.0.1", 50000),
            "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
        }


def _fresh(text: str) -> str:
    """The same text, whose hash has not been computed."""
    return text[:1] + text[1:]


def preflight(origin: str, headers: str = "content-type,x-token") -> dict[str, str]:
    """The headers of a preflight."""
    return {
        "origin": origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": headers,
    }


NO_ORIGIN: Final = Kind("no Origin")
ALLOWED: Final = Kind("actual, allowed", sent={"origin": ORIGIN})
DENIED: Final = Kind("actual, denied", sent={"origin": OTHER_ORIGIN})
PREFLIGHT: Final = Kind("preflight, allowed", "OPTIONS", sent=preflight(ORIGIN))
DENIED_PREFLIGHT: Final = Kind("preflight, denied", "OPTIONS", sent=preflight(OTHER_ORIGIN))
KINDS: Final = (NO_ORIGIN, ALLOWED, DENIED, PREFLIGHT, DENIED_PREFLIGHT)


class NoopMiddleware:
    """What every middleware costs, whatever it does."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """The response as it is."""
        return self.get_response(request)


class AnsweringMiddleware:
    """What it costs to answer a preflight without a look at it."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, _request: HttpRequest) -> HttpResponse:
        """An empty response."""
        return HttpResponse(headers={"Content-Length": "0"})


def view(_request: HttpRequest) -> HttpResponse:
    """A view that does nothing."""
    return HttpResponse()


urlpatterns = [re_path(r"", view)]


def wsgi_sender(middleware: str) -> Sender:
    """Sends requests through the WSGI handler with this one middleware."""
    with override_settings(MIDDLEWARE=[middleware]):
        application = WSGIHandler()

    def prepare(kind: Kind, count: int) -> Callable[[], None]:
        environs = [kind.environ() for _ in range(count)]

        def send() -> None:
            for environ in environs:
                application(environ, _start_response)

        return send

    return prepare


def asgi_sender(middleware: str) -> Sender:
    """Sends requests through the ASGI handler's own chain with this one middleware."""
    with override_settings(MIDDLEWARE=[middleware]):
        application = ASGIHandler()
    loop = asyncio.new_event_loop()

    async def run(scopes: Sequence[dict[str, Any]]) -> None:
        for scope in scopes:
            request = ASGIRequest(scope, io.BytesIO())
            request.urlconf = "benchmarks.async_site"
            await application.get_response_async(request)

    def prepare(kind: Kind, count: int) -> Callable[[], None]:
        scopes = [kind.scope() for _ in range(count)]
        return lambda: loop.run_until_complete(run(scopes))

    return prepare


def _start_response(
    _status: str, _headers: list[tuple[str, str]], _error: object = None, /
) -> Callable[[bytes], object]:
    return len
