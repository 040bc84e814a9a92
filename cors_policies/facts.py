"""What does the engine get to know of a Django request?

Before you edit: read from ``META``, and only what is asked for. ``request.headers`` builds a mapping of every
header at its first use, and the host is validated against the settings.
"""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest


class RequestFacts:
    """What the engine may ask of a Django request; read when it is asked, and not before."""

    __slots__ = ("_request", "origin", "path")

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.path = request.path_info
        self.origin: str | None = request.META.get("HTTP_ORIGIN")

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
