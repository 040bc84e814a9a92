"""What does the engine get to know of a Django request?

Before you edit: read from ``META``, and only what is asked for. ``request.headers`` builds a mapping of every
header at its first use, and the host is validated against the settings.
"""

from __future__ import annotations

from typing import Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

Traits = tuple[str, str | None, str | None, str | None] | str
"""``Origin``, the method, ``Host`` (or the server's name) and ``X-Forwarded-Host``, as they were sent.

Without an ``Origin`` the method alone: nobody is judged, and what is answered depends on nothing else.
"""
_MAX_TRAITS: Final = 500
"""Characters of traits that a decision is kept for, together."""


class RequestFacts:
    """What the engine may ask of a Django request; read when it is asked, and not before."""

    __slots__ = ("_request", "origin", "path", "traits")

    def __init__(self, request: HttpRequest, traits: Traits | None = None) -> None:
        """``traits`` are given where the decision is to be kept for them."""
        self._request = request
        self.path = request.path_info
        self.origin: str | None = request.META.get("HTTP_ORIGIN")
        self.traits = traits if traits is not None and _are_telling(traits) else None

    @property
    def method(self) -> str:
        """As it was sent: Django upper-cases its own, and methods are case-sensitive."""
        return self._request.META.get("REQUEST_METHOD") or self._request.method or ""

    @property
    def requested_method(self) -> str | None:
        """``Access-Control-Request-Method``."""
        return self._request.META.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")

    @property
    def requested_headers(self) -> str | None:
        """``Access-Control-Request-Headers``."""
        return self._request.META.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")

    @property
    def wants_private_network(self) -> bool:
        """``Access-Control-Request-Private-Network: true``."""
        return self._request.META.get("HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK") == "true"

    @property
    def scheme(self) -> str:
        """``http`` or ``https``, behind a proxy as Django's settings say."""
        return self._request.scheme or ""

    @property
    def host(self) -> str:
        """The host with its port, ``""`` where Django refuses it."""
        try:
            return self._request.get_host()
        except DisallowedHost:
            return ""

    def may_own(self, origin: str) -> bool:
        """Whether a host stands in the origin that Django may take for the request's own."""
        meta = self._request.META
        host: str = meta.get("HTTP_HOST") or meta.get("SERVER_NAME", "")
        if host.partition(":")[0].lower() in origin:
            return True
        forwarded = meta.get("HTTP_X_FORWARDED_HOST")
        return forwarded is not None and forwarded.partition(":")[0].lower() in origin


def _are_telling(traits: Traits) -> bool:
    """Whether nothing is looked at in the place of an absent one, and they are short enough to keep."""
    if isinstance(traits, str):
        return 0 < len(traits) <= _MAX_TRAITS
    _, method, host, _ = traits
    return bool(method and host) and sum(map(len, filter(None, traits))) <= _MAX_TRAITS
