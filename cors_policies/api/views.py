"""Which resources are there? Reading asks the documents, writing the services; the views only carry."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from cors_policies import documents, services
from cors_policies.api.describing import COMMENT, ETAG, IF_MATCH, describe, describe_named, query
from cors_policies.api.filters import OriginFilters, PolicyFilters
from cors_policies.api.parsing import read_body
from cors_policies.api.resources import (
    LIST_PARAMETERS,
    NamedViewSet,
    ResourceViewSet,
    Service,
    key_of,
    races_reported,
)
from cors_policies.api.serializers import OriginGroupSerializer, OriginSerializer, PolicySerializer
from cors_policies.core.policy import Document
from cors_policies.models import Origin, OriginGroup, Policy

_LISTING = {"page", "page_size", "search", "ordering"}
_SHOWN_ONLY = {"id", "policies", "origin_groups"}
_TEXT = {"type": "string", "minLength": 1}
_PATH = {"type": "string", "pattern": "^/"}
_POLICY_FILTERS = (
    query("mode", "The mode.", enum=list(Policy.Mode.values)),
    query("host", "The host pattern."),
    query("path", "The path pattern.", _PATH),
    query("allow_credentials", "Whether credentials are allowed.", enum=["true", "false", "1", "0"]),
    query("origin", "Policies with a pattern that matches this origin, whatever their mode.", _TEXT),
    query("governs", "The live path group for `/path` or `//host/path`, in the order tried.", _PATH),
)


@describe_named("a policy", "policies", PolicySerializer, [*LIST_PARAMETERS, *_POLICY_FILTERS])
class PolicyViewSet(NamedViewSet):
    """Policies, by name."""

    rows = Policy
    queryset = Policy.objects.all()
    serializer_class = PolicySerializer
    service = Service(services.create_policy, services.update_policy, services.delete_policy)
    filter_class = PolicyFilters
    ordering: ClassVar[tuple[str, ...]] = ("name", "path", "host", "priority", "mode", "updated_at")
    searching: ClassVar[tuple[str, ...]] = ("name", "description", "host", "path", "allowed_origins__pattern")
    parameters: ClassVar[dict[str, set[str]]] = {
        "list": _LISTING | set(PolicyFilters.base_filters),
        "remove_origins": {"pattern"},
    }

    def documents(self, rows: QuerySet[Any]) -> list[Document]:
        """Policy documents."""
        return documents.policy_documents(rows)


@describe_named("an origin group", "origin groups", OriginGroupSerializer, LIST_PARAMETERS)
class OriginGroupViewSet(NamedViewSet):
    """Origin groups, by name."""

    rows = OriginGroup
    queryset = OriginGroup.objects.all()
    serializer_class = OriginGroupSerializer
    service = Service(services.create_group, services.update_group, services.delete_group)
    ordering: ClassVar[tuple[str, ...]] = ("name", "updated_at")
    searching: ClassVar[tuple[str, ...]] = ("name", "description", "origins__pattern")
    parameters: ClassVar[dict[str, set[str]]] = {"list": _LISTING, "remove_origins": {"pattern"}}

    def documents(self, rows: QuerySet[Any]) -> list[Document]:
        """Group documents."""
        return documents.group_documents(rows)


_CHANGED: dict[str, Any] = {"refusals": [404, 412, 415], "parameters": [ETAG, IF_MATCH, COMMENT]}


@extend_schema_view(
    list=describe(
        "List origins",
        (200, OriginSerializer(many=True)),
        refusals=[404],
        parameters=[*LIST_PARAMETERS, query("pattern", "The pattern, however it is written.", _TEXT)],
    ),
    create=describe(
        "Create an origin",
        (201, OriginSerializer),
        body=OriginSerializer,
        refusals=[415],
        parameters=[ETAG, COMMENT],
    ),
    retrieve=describe("Show an origin", (200, OriginSerializer), refusals=[404], parameters=[ETAG]),
    partial_update=describe(
        "Rename an origin everywhere, or describe it",
        (200, OriginSerializer),
        body=OriginSerializer(partial=True),
        **_CHANGED,
    ),
    destroy=describe(
        "Revoke an origin everywhere", (204, None), refusals=[404, 412], parameters=[IF_MATCH, COMMENT]
    ),
)
class OriginViewSet(ResourceViewSet):
    """Origins: one row for each pattern, shared by all policies and groups."""

    rows = Origin
    queryset = Origin.objects.all()
    serializer_class = OriginSerializer
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    filter_class = OriginFilters
    ordering: ClassVar[tuple[str, ...]] = ("pattern", "id")
    searching: ClassVar[tuple[str, ...]] = ("pattern", "description")
    parameters: ClassVar[dict[str, set[str]]] = {"list": _LISTING | set(OriginFilters.base_filters)}

    def documents(self, rows: QuerySet[Any]) -> list[Document]:
        """Origins, with the names of what uses them."""
        return [
            {
                "id": row.pk,
                "pattern": row.pattern,
                "description": row.description,
                "policies": sorted(policy.name for policy in row.policies.all()),
                "origin_groups": sorted(group.name for group in row.origin_groups.all()),
            }
            for row in rows.prefetch_related("policies", "origin_groups")
        ]

    def get_object(self) -> Any:
        """The origin; what is no number is not found."""
        self.kwargs["id"] = key_of(self.kwargs["id"])
        return super().get_object()

    def changed_keys(self, row: Origin, body: Any) -> Any:
        """The body without what is only shown, where it is as it was shown: an answer can be sent back."""
        if not isinstance(body, dict):
            return body
        shown = self.document(row)
        return {key: value for key, value in body.items() if key not in _SHOWN_ONLY or value != shown[key]}

    def list(self, request: Request) -> Response:
        """A page of origins."""
        return self.listed(request)

    def create(self, request: Request) -> Response:
        """The origin as it was stored."""
        with races_reported(), self.acting():
            return self.shown(services.create_origin(read_body(request)), status.HTTP_201_CREATED)

    def retrieve(self, request: Request, **_kwargs: str) -> Response:
        """One origin."""
        return self.shown(self.get_object())

    def partial_update(self, request: Request, **_kwargs: str) -> Response:
        """The origin as it is now."""
        with self.changing(request) as row:
            return self.shown(services.update_origin(row, self.changed_keys(row, read_body(request))))

    def destroy(self, request: Request, **_kwargs: str) -> Response:
        """Nothing: the origin is revoked everywhere."""
        with self.changing(request) as row:
            services.delete_origin(row)
        return Response(status=status.HTTP_204_NO_CONTENT)
