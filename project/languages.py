"""In which language does the demo's admin speak? In the browser's, or the lab page's, English or Chinese.

Before you edit: only the admin has languages. Elsewhere ``Accept-Language`` decides nothing, and so is not in
the ``Vary`` of what the lab shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

_ADMIN: Final = "/admin/"


class AdminLanguageMiddleware:
    """Django's ``LocaleMiddleware``, for the admin alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.in_a_language = LocaleMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response, in the language that is asked for if it is the admin's."""
        if not request.path_info.startswith(_ADMIN):
            return self.get_response(request)
        # The thread goes on to other requests: it keeps no language of this one.
        with translation.override(settings.LANGUAGE_CODE):
            return cast("HttpResponseBase", self.in_a_language(request))
