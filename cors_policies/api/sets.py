"""How is the whole policy set read, replaced, and brought back?

Before you edit:

* The entity tag of the set is the number of its last revision. It is compared under the writers' lock, so
  that of two who saw the same set one writes.
* A dry run asks for what the write asks for: the same permissions, and the same ``If-Match``. Its answer has
  one key more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from cors_policies import documents, observations, services
from cors_policies.api.describing import COMMENT, ETAG, IF_MATCH, describe, query
from cors_policies.api.errors import BadParameter
from cors_policies.api.etags import check_tag, numbered_etag
from cors_policies.api.parsing import EmptyFormParser, StrictJSONParser, read_body
from cors_policies.api.resources import PAGE_PARAMETERS, ApiView, ResourceViewSet, key_of
from cors_policies.api.serializers import PolicySetSerializer, ReportSerializer, RevisionSerializer
from cors_policies.conf import get_settings
from cors_policies.core.policy import Document
from cors_policies.models import Policy, Revision
from cors_policies.services import Report
from cors_policies.translating import told

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_DRY_RUN = query("dry_run", "Answer what would change, and change nothing.", enum=list(_BOOLEANS))
_WRITING: Final[dict[str, Any]] = {
    "refusals": [412],
    "parameters": [ETAG, IF_MATCH, _DRY_RUN, COMMENT],
}


class SetWriter(ApiView):
    """What replaces the set, and answers what that changed."""

    @contextmanager
    def replacing(self, request: Request) -> Iterator[services.Numbered]:
        """The set, while nobody else can write; refused where it is not the one that the client saw."""
        with self.acting(), services.numbered() as found:
            check_tag(request, numbered_etag(found.number))
            yield found

    def replaced(self, request: Request, replace: Callable[[bool], Report]) -> Response:
        """What the replacement changes, or would change."""
        dry_run = _boolean(request, "dry_run")
        with self.replacing(request) as found:
            report = replace(dry_run)
            _check_groups(self.user, report)
            impact = _impact(report) if dry_run else {}
        document = {"revision": found.number, **report.to_document(), **impact}
        return Response(document, headers={"ETag": numbered_etag(found.number)})


@extend_schema_view(
    retrieve=describe("Show the policy set", (200, PolicySetSerializer), parameters=[ETAG]),
    update=describe(
        "Make the set equal to the body",
        (200, ReportSerializer),
        body=PolicySetSerializer,
        **{**_WRITING, "refusals": [412, 415]},
    ),
)
class PolicySetViewSet(SetWriter, GenericViewSet[Any]):
    """The policy set as one document."""

    queryset = Policy.objects.none()
    serializer_class = PolicySetSerializer
    action_permissions: ClassVar[dict[str, Any]] = {"retrieve": "view", "update": services.EVERY_WRITE}
    parameters: ClassVar[dict[str, set[str]]] = {"update": {"dry_run", "comment"}}

    def retrieve(self, _request: Request) -> Response:
        """The whole set, groups and policies by name."""
        document, number = documents.numbered_policy_set_document(get_settings().DATABASE_ALIAS)
        return Response(document, headers={"ETag": numbered_etag(number)})

    def update(self, request: Request) -> Response:
        """What the body changes, by name."""
        return self.replaced(
            request,
            lambda dry_run: services.apply_document(read_body(request), replace=True, dry_run=dry_run),
        )


@extend_schema_view(
    list=describe(
        "List revisions, the newest first",
        (200, RevisionSerializer(many=True)),
        refusals=[404],
        parameters=PAGE_PARAMETERS,
    ),
    retrieve=describe("Show a revision", (200, RevisionSerializer), refusals=[404]),
)
class RevisionViewSet(SetWriter, ResourceViewSet):
    """What was changed, when, by whom and how."""

    rows = Revision
    queryset = Revision.objects.all()
    serializer_class = RevisionSerializer
    lookup_field = "number"
    ordering: ClassVar[tuple[str, ...]] = ("-number",)
    action_permissions: ClassVar[dict[str, Any]] = {
        "list": "view",
        "retrieve": "view",
        "restore": services.EVERY_WRITE,
    }
    parameters: ClassVar[dict[str, set[str]]] = {
        "list": {"page", "page_size"},
        "restore": {"dry_run", "comment"},
    }

    @property
    def permission_models(self) -> tuple[Any, ...]:
        """Restoring writes policies, whatever a user may do with revisions."""
        return (Policy,) if self.action == "restore" else (Policy, Revision)

    def documents(self, rows: QuerySet[Any]) -> list[Document]:
        """Revisions with their changes."""
        return [services.revision_document(row) for row in rows.prefetch_related("changes")]

    def get_object(self) -> Any:
        """The revision; what is no number is not found."""
        self.kwargs["number"] = key_of(self.kwargs["number"])
        return super().get_object()

    def list(self, request: Request) -> Response:
        """A page of revisions."""
        return self.listed(request)

    def retrieve(self, _request: Request, **_kwargs: str) -> Response:
        """One revision."""
        return Response(self.document(self.get_object()))

    @describe(
        "Make the set equal to what it was at a revision",
        (200, ReportSerializer),
        **{**_WRITING, "refusals": [404, 412, 415]},
    )
    @action(detail=True, methods=["post"], parser_classes=[StrictJSONParser, EmptyFormParser])
    def restore(self, request: Request, **_kwargs: str) -> Response:
        """What that changes, by name, as a new revision."""
        if request.data:
            raise BadParameter("", told("A restore takes no body. Leave it out."))
        return self.replaced(request, lambda dry_run: services.restore(self.get_object(), dry_run=dry_run))


def _impact(report: Report) -> Document:
    """What the dry run would mean for those who were seen to call."""
    return {"impact": services.foreseen(report, observations.recent_traffic()).to_document()}


def _boolean(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false")
    if text not in _BOOLEANS:
        raise BadParameter(name, told("Write one of: {choices}.", choices=", ".join(_BOOLEANS)))
    return _BOOLEANS[text]


def _check_groups(user: Any, report: Report) -> None:
    if report.changes_groups and not services.may_replace_groups(user):
        raise PermissionDenied(told("This changes origin groups, which you may not."))
