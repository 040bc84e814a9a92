"""What is there for a page of another origin to use?

Before you edit: nothing here knows of CORS. Who may use what is in the policies (project/lab/policies.json);
the path names the row and its variant, so that each has a policy of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect as redirect_to
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from cors_policies.models import Policy
from project.lab.recording import COOKIE, log

FILES: Final = Path(__file__).resolve().parent / "files"
TYPES: Final = {".png": "image/png", ".ttf": "font/ttf", ".webm": "video/webm"}
SAFELISTED: Final = {
    "Cache-Control": "no-store",
    "Content-Language": "en",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Pragma": "no-cache",
}
"""Headers that every script may read which may read the response at all."""
OTHERS: Final = {"ETag": '"lab"', "X-Lab-Total": "2"}
"""Headers that a policy must expose first."""
_CALLBACK: Final = re.compile(r"[A-Za-z_]\w{0,60}", re.ASCII)
_OTHER_HOST: Final = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}
_LONGEST: Final = 200


@csrf_exempt
def echo(request: HttpRequest, row: str, variant: str) -> HttpResponse:
    """What was sent, and headers to be read."""
    body = request.body.decode(errors="replace")[:_LONGEST]
    sent = {"method": request.method, "token": request.headers.get("X-Lab-Token"), "body": body}
    return JsonResponse(sent, headers={**SAFELISTED, **OTHERS})


def cookie(request: HttpRequest, row: str, variant: str) -> HttpResponse:
    """Whether the cookie arrived, which the first answer sets."""
    arrived = request.COOKIES.get(COOKIE, "")
    response = JsonResponse({"cookie_arrived": bool(arrived)})
    response.set_cookie(COOKIE, "yes", samesite="Lax", httponly=True, path="/lab/")
    return response


def redirect(request: HttpRequest, row: str, variant: str) -> HttpResponse:
    """A redirect to the echo of that row's variant ``to``, on this origin or on the lab's ``other`` one."""
    target = reverse("lab-echo", args=[row, "refused" if request.GET.get("to") == "refused" else "allowed"])
    host, _, port = request.get_host().partition(":")
    origin = f"http://{_OTHER_HOST.get(host, host)}:{port}" if request.GET.get("host") == "other" else ""
    query = urlencode({"run": request.GET.get("run", "")})
    return HttpResponse(status=302, headers={"Location": f"{origin}{target}?{query}"})


def status(request: HttpRequest, row: str, variant: str, code: int) -> HttpResponse:
    """An answer with that status, and a sentence that says why."""
    if code not in {404, 500}:
        raise Http404
    return JsonResponse({"error": f"This is the text of an answer {code}."}, status=code)


def file(request: HttpRequest, row: str, variant: str, name: str) -> HttpResponse:
    """One of the small files: a picture, a film, a font."""
    content = (FILES / name).read_bytes()
    return HttpResponse(content, content_type=TYPES[Path(name).suffix], headers={"Cache-Control": "no-store"})


def module(request: HttpRequest, row: str, variant: str) -> HttpResponse:
    """A module that exports one sentence."""
    return HttpResponse('export const sentence = "A module of another origin.";\n', "text/javascript")


def events(request: HttpRequest, row: str, variant: str) -> StreamingHttpResponse:
    """A stream of two events."""

    def sent() -> Iterator[bytes]:
        for number in (1, 2):
            yield f"id: {number}\ndata: event {number}\n\n".encode()

    return StreamingHttpResponse(sent(), content_type="text/event-stream")


def jsonp(request: HttpRequest, row: str, variant: str) -> HttpResponse:
    """A script that hands data to a function of the page; without ``item`` there is none, but an error."""
    callback = request.GET.get("callback", "")
    if not _CALLBACK.fullmatch(callback):
        return JsonResponse({"error": "Name a function of the page: ?callback=name."}, status=400)
    if "item" not in request.GET:
        return JsonResponse({"error": "No item is named: add &item=lamp."}, status=404)
    data = json.dumps({"item": request.GET["item"][:_LONGEST], "price": 12}).replace("<", "\\u003c")
    # The comment before it keeps the first bytes from being the caller's choice.
    return HttpResponse(f"/**/{callback}({data});\n", "text/javascript")


def read_log(request: HttpRequest) -> HttpResponse:
    """The requests of one run so far."""
    return JsonResponse({"requests": log.of(request.GET.get("run", ""))})


def edit(request: HttpRequest, name: str = "") -> HttpResponse:
    """Leads to the policy of that name in the admin, else to the list; in the language of the page."""
    found = Policy.objects.filter(name=name).first()
    if found is None:
        response = redirect_to("admin:cors_policies_policy_changelist")
    else:
        response = redirect_to("admin:cors_policies_policy_change", found.pk)
    language = request.GET.get("lang", "").lower()
    if language in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax")
    return response
