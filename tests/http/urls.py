"""Views that answer in every way in which a view can."""

from __future__ import annotations

import io
from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

CALLS: list[str] = []
"""Paths of the requests that reached a view."""


def plain(request: HttpRequest) -> HttpResponseBase:
    CALLS.append(request.path_info)
    return JsonResponse({"ok": True})


async def native(request: HttpRequest) -> HttpResponseBase:
    CALLS.append(request.path_info)
    return JsonResponse({"ok": True})


def refused(_request: HttpRequest) -> HttpResponseBase:
    raise PermissionDenied


def broken(_request: HttpRequest) -> HttpResponseBase:
    raise RuntimeError("the view raises")


def redirected(_request: HttpRequest) -> HttpResponseBase:
    return HttpResponseRedirect("/api/plain")


def streamed(_request: HttpRequest) -> HttpResponseBase:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    return StreamingHttpResponse(chunks())


def filed(_request: HttpRequest) -> HttpResponseBase:
    return FileResponse(io.BytesIO(b"content"), filename="font.woff2")


def own_headers(_request: HttpRequest) -> HttpResponseBase:
    headers = {
        "Access-Control-Allow-Origin": "*",
        "access-control-allow-credentials": "true",
        "ACCESS-CONTROL-EXPOSE-HEADERS": "x-secret",
        "Access-Control-Something-New": "1",
        "X-Other": "kept",
    }
    return HttpResponse("own", headers=headers)


def varied(request: HttpRequest) -> HttpResponseBase:
    return HttpResponse("varied", headers={"Vary": request.GET["vary"]})


@csrf_exempt
def exempt(request: HttpRequest) -> HttpResponseBase:
    return plain(request)


urlpatterns = [
    path("api/exempt", exempt),
    path("api/plain", plain),
    path("api/native", native),
    path("api/refused", refused),
    path("api/broken", broken),
    path("api/redirected", redirected),
    path("api/streamed", streamed),
    path("api/filed", filed),
    path("api/own-headers", own_headers),
    path("api/varied", varied),
    path("open/plain", plain),
    path("open/own-headers", own_headers),
    path("elsewhere/own-headers", own_headers),
    path("elsewhere/plain", plain),
]
