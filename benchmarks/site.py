"""Which requests are timed, and how do they get through Django?

Before you edit: requests carry the headers that a browser sends, since the number of headers is what some middlewares
pay for. Every variant is the whole handler with one middleware; what Django itself costs is in all of them.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
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
    "host": "testserver",
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


@dataclass(frozen=True)
class Kind:
    """A kind of request."""

    name: str
    method: str = "GET"
    path: str = PATH
    sent: Mapping[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, Any]:
        """The WSGI environment of one request."""
        headers = {
            f"HTTP_{name.upper().replace('-', '_')}": text for name, text in {**BROWSER, **self.sent}.items()
        }
        return {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": self.path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(),
            "wsgi.version": (1, 0),
            **headers,
        }

    def scope(self) -> dict[str, Any]:
        """The ASGI scope of one request."""
        headers = [(name.encode(), text.encode()) for name, text in {**BROWSER, **self.sent}.items()]
        return {
            "type": "http",
            "method": self.method,
            "path": self.path,
            "query_string": b"",
            "scheme": "https",
            "server": ("testserver", 443),
            "client": ("127.0.0.1", 50000),
            "headers": headers,
        }


def preflight(origin: str, headers: str = "content-type,x-token") -> dict[str, str]:
    """The headers of a preflight."""
    return {
        "origin": origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": headers,
    }


KINDS: Final = (
    Kind("no Origin"),
    Kind("actual, allowed", sent={"origin": ORIGIN}),
    Kind("actual, denied", sent={"origin": OTHER_ORIGIN}),
    Kind("preflight, allowed", "OPTIONS", sent=preflight(ORIGIN)),
    Kind("preflight, denied", "OPTIONS", sent=preflight(OTHER_ORIGIN)),
)


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


def view(_request: HttpRequest) -> HttpResponse:
    """A view that does nothing."""
    return HttpResponse()


async def async_view(_request: HttpRequest) -> HttpResponse:
    """The same, for ASGI."""
    return HttpResponse()


urlpatterns = [re_path(r"^async/", async_view), re_path(r"", view)]


def wsgi_sender(middleware: str) -> Callable[[Kind], None]:
    """Sends requests through the WSGI handler with this one middleware."""
    with override_settings(MIDDLEWARE=[middleware]):
        application = WSGIHandler()

    def send(kind: Kind) -> None:
        application(kind.environ(), _start_response)

    return send


def asgi_sender(middleware: str) -> Callable[[Kind, int], Awaitable[None]]:
    """Sends some requests through the ASGI handler's own chain with this one middleware."""
    with override_settings(MIDDLEWARE=[middleware]):
        application = ASGIHandler()

    async def send(kind: Kind, count: int) -> None:
        for _ in range(count):
            await application.get_response_async(ASGIRequest(kind.scope(), io.BytesIO()))

    return send


def run(awaitable: Awaitable[None], loop: asyncio.AbstractEventLoop) -> None:
    """Runs to the end."""
    loop.run_until_complete(awaitable)


def _start_response(
    _status: str, _headers: list[tuple[str, str]], _error: object = None, /
) -> Callable[[bytes], object]:
    return len
