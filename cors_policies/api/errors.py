"""What does a program get when its request is refused?

One shape, whatever went wrong and whatever the project has set for its own API:
``{"type": ..., "errors": [{"code", "detail", "attr"}]}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.translating import told_later, translated

VALIDATION: Final = "validation_error"
CLIENT: Final = "client_error"
SERVER: Final = "server_error"
_REMEDY: Final = told_later(" Send JSON, with Content-Type: application/json.")


class PreconditionFailed(exceptions.APIException):
    """RFC 9110, section 13.1.1: what the client saw is no longer what there is."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = told_later(
        "It has changed since you read it. Read it again, and repeat the change on what it is now."
    )


class BadParameter(Exception):  # noqa: N818 - it is one, and is named as what it reports
    """A query parameter that is unknown, or has a value that it cannot have."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem("invalid", name, None, None, message)


def handle(exception: Exception, context: dict[str, Any]) -> Response | None:
    """The response to an exception, in the shape of this API; ``None`` for what is a defect of ours."""
    if isinstance(exception, BadParameter):
        exception = InvalidPolicyError([exception.problem])
    if isinstance(exception, InvalidPolicyError):
        set_rollback()
        return Response(body(VALIDATION, _of_problems(exception.problems)), status.HTTP_400_BAD_REQUEST)
    response = exception_handler(exception, context)
    if response is not None:
        kind = CLIENT if response.status_code < status.HTTP_500_INTERNAL_SERVER_ERROR else SERVER
        response.data = body(kind, _of_exception(exception, response))
    return response


def body(kind: str, errors: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The body of every answer that refuses."""
    return {"type": kind, "errors": list(errors)}


def _of_problems(problems: Iterable[Problem]) -> Iterator[dict[str, Any]]:
    for problem in problems:
        yield {"code": problem.code, "detail": translated(problem.message), "attr": problem.attr or None}


def _of_exception(exception: Exception, response: Response) -> Iterator[dict[str, Any]]:
    if not isinstance(exception, exceptions.APIException):
        exception = exceptions.PermissionDenied() if response.status_code == 403 else exceptions.NotFound()  # noqa: PLR2004
    detail = exception.detail
    if isinstance(detail, str):
        remedy = _REMEDY if isinstance(exception, exceptions.UnsupportedMediaType) else ""
        yield {"code": exception.get_codes(), "detail": f"{detail}{remedy}", "attr": None}
    else:
        yield {"code": exception.default_code, "detail": str(exception), "attr": None}
