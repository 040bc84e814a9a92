"""What do many tests need to say in one line?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase

CORS_PREFIX = "access-control-"


def cors_headers(response: HttpResponseBase) -> dict[str, str]:
    """Every CORS header of the response, by lower-case name, so that one too many fails like one too few."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return {name: value for name, value in headers.items() if name.startswith(CORS_PREFIX)}


def vary(response: HttpResponseBase) -> list[str]:
    """The names in ``Vary``, lower-case, in their order."""
    return [name.strip().lower() for name in response.headers.get("Vary", "").split(",") if name.strip()]


def policy(name: str = "public-api", path: str = "/api/**", **keys: Any) -> dict[str, Any]:
    """A policy document of which a test names only what it is about."""
    return {"name": name, "path": path, "allowed_origins": ["https://app.example"], **keys}


def preflight(
    origin: str = "https://app.example", method: str = "PUT", headers: str | None = None
) -> Mapping[str, str]:
    """The request headers of a preflight."""
    sent = {"origin": origin, "access-control-request-method": method}
    return sent if headers is None else {**sent, "access-control-request-headers": headers}
