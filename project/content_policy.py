"""Which content may the pages of a strict site load, and what does its header say?

Before you edit: nothing here makes an exception for the admin. What a page cannot do under this header, it
does not do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class ContentPolicyMiddleware:
    """Puts the header on every response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response, with the header."""
        response = self.get_response(request)
        response["Content-Security-Policy"] = CONTENT_POLICY
        return response
