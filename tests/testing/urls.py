"""Views that answer a page on another origin in every way that a browser must judge."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, re_path

SEEN: list[HttpRequest] = []
"""The requests that reached a view."""


def shown(request: HttpRequest) -> HttpResponse:
    """What arrived, with headers that a script may and may not read, and a cookie."""
    SEEN.append(request)
    names = ("Origin", "Authorization", "Content-Type", "X-A", "Cookie", "Host")
    sent = {name: request.headers[name] for name in names if name in request.headers}
    method = request.META["REQUEST_METHOD"]
    body = {"method": method, "scheme": request.scheme, "sent": sent, "body": request.body.decode()}
    response = JsonResponse(body, headers={"X-Total": "1", "X-Secret": "2", "Cache-Control": "no-store"})
    response.set_cookie("seen", "1")
    return response


def own_headers(request: HttpRequest) -> HttpResponse:
    """The CORS headers that the query says, as a view or another middleware would write them."""
    SEEN.append(request)
    status = int(request.GET.get("status", "200")) if request.method == "OPTIONS" else 200
    headers = {f"Access-Control-{name}": value for name, value in request.GET.items() if name != "status"}
    return HttpResponse("own", status=status, headers={**headers, "X-Total": "1"})


def redirected(request: HttpRequest) -> HttpResponse:
    """A redirect to where the query says."""
    SEEN.append(request)
    response = HttpResponse(status=int(request.GET.get("status", "302")))
    response.headers["Location"] = request.GET["to"]
    return response


def nowhere(_request: HttpRequest) -> HttpResponse:
    """A redirect without an address."""
    response = HttpResponseRedirect("/")
    del response.headers["Location"]
    return response


urlpatterns = [
    path("own/", own_headers),
    path("redirected/", redirected),
    path("api/redirected/", redirected),
    path("api/nowhere/", nowhere),
    re_path("", shown),
]
