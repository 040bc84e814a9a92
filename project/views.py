"""What can the demo's front end ask for: orders, a visit that a cookie counts, and an explanation?

Before you edit: nothing here knows of CORS. Who may call is in the policies (project/example-policies.json).
"""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from cors_policies.core.browser import evaluate, parse_browser_request
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.store import current_snapshot

ORDERS = [{"id": 1, "item": "lamp"}, {"id": 2, "item": "chair"}]


@csrf_exempt
def orders(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The orders, with their number in a header of their own; what was sent comes back."""
    sent = {"method": request.method, "token": request.headers.get("X-Demo-Token", "")}
    return JsonResponse(
        {"orders": ORDERS, "number": number, "sent": sent}, headers={"X-Total-Count": len(ORDERS)}
    )


def visit(request: HttpRequest) -> HttpResponse:
    """How often this browser was here, by a cookie."""
    counted = request.COOKIES.get("visits", "0")
    visits = int(counted) + 1 if counted.isdigit() and len(counted) < 9 else 1  # noqa: PLR2004 - nobody comes so often
    response = JsonResponse({"visits": visits, "cookie_arrived": "visits" in request.COOKIES})
    response.set_cookie("visits", str(visits), samesite="Lax", httponly=True)
    return response


@require_GET
def explain(request: HttpRequest) -> HttpResponse:
    """What the policies say to a request: which one decides, and why."""
    try:
        document = json.loads(request.GET.get("request", ""))
        asked = parse_browser_request({**document, "host": request.get_host(), "scheme": request.scheme})
    except (ValueError, TypeError, InvalidPolicyError) as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse(evaluate(current_snapshot(), asked).to_document())
