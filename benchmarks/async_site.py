"""Which view answers under ASGI? A native one, so that no thread is in what is timed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import re_path


async def view(_request: HttpRequest) -> HttpResponse:
    """A view that does nothing."""
    return HttpResponse()


urlpatterns = [re_path(r"", view)]
