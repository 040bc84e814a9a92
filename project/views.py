"""What can a front end ask the demo for: orders, and a visit that a cookie counts?

Before you edit: nothing here knows of CORS. Who may call is in the policies (project/example-policies.json).
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

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
