"""How large may a body be, and how is one read whose length nobody has said?

Before you edit:

* Bytes are counted as they are read: what ``Content-Length`` says is not believed. A policy set of a hundred
  thousand origins is larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE``, which is for forms and is not asked here.
* Without ``Content-Length`` REST framework takes a body for empty. ASGI servers hand it over whole all the
  same; of a WSGI server it can only be read where that says that it marks the end.
"""

from __future__ import annotations

from typing import Any, Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request

from cors_policies.translating import told, told_later

MAX_BYTES: Final = 32 * 1024 * 1024
_CHUNK: Final = 64 * 1024


class RequestEntityTooLarge(APIException):
    """The body has more bytes than are read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "request_entity_too_large"
    default_detail = told_later(
        "The body is larger than {limit} bytes. Send less at a time.", limit=MAX_BYTES
    )


def read_bounded(stream: Any, limit: int = MAX_BYTES) -> bytes:
    """The bytes of the stream. Raises :class:`RequestEntityTooLarge` where there are more than ``limit``."""
    content = bytearray()
    while chunk := stream.read(min(_CHUNK, limit + 1 - len(content))):
        content += chunk
        if len(content) > limit:
            raise RequestEntityTooLarge
    return bytes(content)


class BodyRequest(Request):
    """A request whose body is read with and without ``Content-Length``."""

    def _load_stream(self) -> None:
        super()._load_stream()  # type: ignore[misc]
        stream: Any = self._stream
        if stream is None and _has_unmeasured_body(self._request):
            self._stream = _unmeasured_body(self._request)


def _has_unmeasured_body(request: HttpRequest) -> bool:
    """Whether a body follows all the same (https://www.rfc-editor.org/rfc/rfc9112#section-6.3)."""
    if request.META.get("CONTENT_LENGTH"):  # some servers set an empty one
        return False
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return True
    # HTTP/2 and HTTP/3 have no such header: their frames say where a body ends.
    return isinstance(request, ASGIRequest) and str(request.scope.get("http_version", "1.1")) >= "2"


def _unmeasured_body(request: HttpRequest) -> Any:
    if isinstance(request, ASGIRequest):
        return request
    if request.META.get("wsgi.input_terminated"):
        return request.META["wsgi.input"]
    raise ParseError(told("This server needs to be told how long the body is. Send it with Content-Length."))
