"""What does the OpenAPI description say of an operation: its parameters, bodies and every status?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from drf_spectacular.drainage import isolate_view_method
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view

from cors_policies.api.serializers import ErrorSerializer, PatternsSerializer
from cors_policies.models.revisions import MAX_COMMENT

ETAG: Final = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    description="Changes exactly when the body does.",
    response=[200, 201],
)
IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that was read, `*`, or a list: 412 where none matches.",
)
COMMENT: Final = OpenApiParameter(
    "comment",
    OpenApiTypes.STR,
    OpenApiParameter.QUERY,
    description=f"Why, for the revision: at most {MAX_COMMENT} characters.",
)
_REFUSALS: Final = {
    400: "The body or a parameter is refused; every problem is named.",
    401: "Nobody is signed in.",
    403: "The user lacks the model permission.",
    404: "There is no such thing.",
    412: "It has changed since it was read (`precondition_failed`).",
    413: "The body is larger than 32 MB.",
    415: "The body is no JSON by its Content-Type.",
}


def query(name: str, description: str, kind: Any = str, **kwargs: Any) -> OpenApiParameter:
    """A query parameter."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **kwargs)


def describe(
    summary: str,
    answer: tuple[int, Any],
    *,
    body: Any = None,
    refusals: Iterable[int] = (),
    parameters: Iterable[OpenApiParameter] = (),
) -> Callable[[Any], Any]:
    """Describes an operation: what it answers where all is well, and each status where not.

    A body may be too large, whatever the operation.
    """
    status, serializer = answer
    responses: dict[int, Any] = {status: serializer or OpenApiResponse(description="Done; no body.")}
    for code in (400, 401, 403, *refusals, *((413,) if body else ())):
        responses[code] = OpenApiResponse(ErrorSerializer, description=_REFUSALS[code])
    extend = extend_schema(
        summary=summary, request=body, responses=responses, parameters=[*parameters], filters=False
    )

    def decorate(method: Any) -> Any:
        # The project's own DEFAULT_SCHEMA_CLASS may be any; this is where extend_schema looks for another.
        method.kwargs = {**getattr(method, "kwargs", {}), "schema": AutoSchema}
        return extend(method)

    return decorate


def describe_named(
    noun: str, plural: str, serializer: Any, list_parameters: Iterable[OpenApiParameter]
) -> Any:
    """Describes every operation of a kind of named document, for its view set."""
    changed: dict[str, Any] = {"refusals": [404, 412, 415], "parameters": [ETAG, IF_MATCH, COMMENT]}
    removal = _describe_removal(noun, serializer)
    extend = extend_schema_view(
        list=describe(
            f"List {plural}", (200, serializer(many=True)), refusals=[404], parameters=list_parameters
        ),
        create=describe(
            f"Create {noun}", (201, serializer), body=serializer, refusals=[415], parameters=[ETAG, COMMENT]
        ),
        retrieve=describe(f"Show {noun}", (200, serializer), refusals=[404], parameters=[ETAG]),
        update=describe(f"Replace {noun}", (200, serializer), body=serializer, **changed),
        partial_update=describe(
            f"Change {noun}", (200, serializer), body=serializer(partial=True), **changed
        ),
        destroy=describe(f"Delete {noun}", (204, None), refusals=[404, 412], parameters=[IF_MATCH, COMMENT]),
        add_origins=describe(f"Add origins to {noun}", (200, serializer), body=PatternsSerializer, **changed),
    )

    def decorate(view: Any) -> Any:
        # extend_schema_view knows no method that is mapped to another one's address.
        removal(isolate_view_method(view, "remove_origins"))  # type: ignore[no-untyped-call]
        return extend(view)

    return decorate


def _describe_removal(noun: str, serializer: Any) -> Callable[[Any], Any]:
    pattern = query("pattern", "An origin to take out; may be repeated, in place of a body.", many=True)
    return describe(
        f"Take origins out of {noun}",
        (200, serializer),
        body=PatternsSerializer,
        refusals=[404, 412, 415],
        parameters=[ETAG, IF_MATCH, COMMENT, pattern],
    )
