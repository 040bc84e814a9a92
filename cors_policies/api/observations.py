"""Who was answered how: which rows are shown, and to whom?

Before you edit: these rows are read only, and no part of the policy set. They have no ETag.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from cors_policies import observations
from cors_policies.api.describing import describe, query
from cors_policies.api.filters import ObservationFilters
from cors_policies.api.resources import ORDERING, PAGE_PARAMETERS, ResourceViewSet
from cors_policies.api.serializers import ObservationSerializer
from cors_policies.core.engine import REASONS
from cors_policies.core.policy import Document
from cors_policies.models import Observation, Policy
from cors_policies.observations.rows import oldest_kept

_COLUMNS = ("host", "path", "origin", "method", "reason", "policy", "count", "first_seen", "last_seen")
_FILTERS = (
    query("origin", "The origin, exactly."),
    query("reason", "Why it was answered like that.", enum=list(REASONS)),
    query("policy", "The name of the policy that governs the origin."),
)


@extend_schema_view(
    list=describe(
        "List observations",
        (200, ObservationSerializer(many=True)),
        refusals=[404],
        parameters=[*PAGE_PARAMETERS, ORDERING, *_FILTERS],
    )
)
class ObservationViewSet(ResourceViewSet):
    """Counted decisions, the most frequent first."""

    rows = Observation
    queryset = Observation.objects.all()
    serializer_class = ObservationSerializer
    filter_class = ObservationFilters
    ordering: ClassVar[tuple[str, ...]] = ("count", "last_seen")
    usual_ordering: ClassVar[tuple[str, ...]] = ("-count", "digest")
    parameters: ClassVar[dict[str, set[str]]] = {
        "list": {"page", "page_size", "ordering"} | set(ObservationFilters.base_filters)
    }
    permission_models: ClassVar[tuple[Any, ...]] = (Observation, Policy)
    action_permissions: ClassVar[dict[str | None, str]] = {"list": "view", None: "view"}
    """``None`` is every method that there is not: 405 for who may read."""

    def get_queryset(self) -> QuerySet[Any]:
        """The rows that have not become too old."""
        return super().get_queryset().filter(last_seen__gte=oldest_kept(int(time.time())))

    def documents(self, rows: QuerySet[Any]) -> list[Document]:
        """One for each row; ``policy`` is null where none governs."""
        return [{**row, "policy": row["policy"] or None} for row in rows.values(*_COLUMNS)]

    def list(self, request: Request) -> Response:
        """A page of observations; what this process has just counted is among them."""
        observations.flush()
        return self.listed(request)
