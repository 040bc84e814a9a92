"""What do all resources have in common: errors of one shape, ETags, pages, and known parameters?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from drf_spectacular.openapi import AutoSchema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from cors_policies import services
from cors_policies.api import errors
from cors_policies.api.bodies import BodyRequest
from cors_policies.api.describing import query
from cors_policies.api.errors import BadParameter
from cors_policies.api.etags import check_if_match, etag
from cors_policies.api.filters import MAX_SEARCH, filtered, ordered, searched
from cors_policies.api.pagination import MAX_PAGE_SIZE, Pages
from cors_policies.api.parsing import JSONNegotiation, StrictJSONParser, check_parameters, read_body
from cors_policies.conf import get_settings
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.models.revisions import MAX_COMMENT
from cors_policies.translating import told

PAGE_PARAMETERS = (
    query("page", "Which page, from 1.", {"type": "integer", "minimum": 1}),
    query(
        "page_size",
        f"How many on a page, 1 to {MAX_PAGE_SIZE}.",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
    ),
)
ORDERING = query("ordering", "Names of columns; a minus before one turns it round.")
LIST_PARAMETERS = (
    *PAGE_PARAMETERS,
    query("search", "Words that must all be found.", {"type": "string", "maxLength": MAX_SEARCH}),
    ORDERING,
)


_MAX_DIGITS = 18


class ApiView(APIView):
    """What all views of this API have in common, whatever the project has set for its own."""

    schema: Any = AutoSchema()
    parser_classes = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = JSONNegotiation
    versioning_class: Any = None
    parameters: ClassVar[dict[str, set[str]]] = {}
    """The query parameters that each action knows."""
    takes_comments = False
    """Whether its writes are revisions, so that a comment may go with them."""

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """As REST framework's, but for a body of unknown length."""
        usual: Any = super().initialize_request(request, *args, **kwargs)
        return BodyRequest(
            request, usual.parsers, usual.authenticators, usual.negotiator, usual.parser_context
        )

    def get_exception_handler(self) -> Any:
        """Our own shape of errors."""
        return errors.handle

    def get_authenticate_header(self, request: Request) -> str:
        """The first scheme that has a name, so that a stranger is answered 401 and not 403."""
        schemes = (scheme.authenticate_header(request) for scheme in self.get_authenticators())
        return next((name for name in schemes if name), "Session")

    def get_permissions(self) -> list[Any]:
        """The permissions that the project has set, or model permissions."""
        return [import_string(name)() for name in get_settings().API_PERMISSION_CLASSES]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As REST framework's, and refuses parameters that nothing would read."""
        super().initial(request, *args, **kwargs)
        if not hasattr(self, str(request.method).lower()):
            return  # there is no such call: 405, whatever its parameters are
        known = self.parameters.get(getattr(self, "action", ""), set())
        if self.takes_comments and request.method not in SAFE_METHODS:
            known = known | {"comment"}
        check_parameters(request.query_params, known)
        if len(request.query_params.get("comment", "")) > MAX_COMMENT:
            raise BadParameter("comment", told("Write at most {limit} characters.", limit=MAX_COMMENT))

    @property
    def user(self) -> Any:
        """Who asks; nobody is Django's, whatever the project's ``UNAUTHENTICATED_USER`` is."""
        found: Any = self.request.user
        return found or AnonymousUser()

    def acting(self) -> AbstractContextManager[None]:
        """Revisions made in this block are the user's, with the comment of the request."""
        comment = self.request.query_params.get("comment", "")
        return services.acting("api", self.user.get_username(), comment)


class ResourceViewSet(ApiView, GenericViewSet[Any]):
    """Rows that are shown as documents, with an ETag each."""

    takes_comments = True
    pagination_class = Pages
    lookup_field = "name"
    lookup_value_regex = "[^/]+"
    rows: Any
    filter_class: Any = None
    ordering: ClassVar[tuple[str, ...]] = ("name",)
    usual_ordering: ClassVar[tuple[str, ...]] = ()
    searching: ClassVar[tuple[str, ...]] = ()

    def documents(self, rows: QuerySet[Any]) -> list[Document]:
        """The bodies of some rows, in a fixed number of queries."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        """All rows, in the database of the policy set."""
        rows: QuerySet[Any] = self.rows._default_manager.using(get_settings().DATABASE_ALIAS)
        return rows

    def shown(self, row: Any, code: int = status.HTTP_200_OK) -> Response:
        """The row as it is stored now, with its ETag."""
        document = self.document(row)
        return Response(document, code, headers={"ETag": etag(document)})

    def document(self, row: Any) -> Document:
        """The body of one row."""
        return self.documents(self.get_queryset().filter(pk=row.pk))[0]

    @contextmanager
    def changing(self, request: Request) -> Iterator[Any]:
        """The row, while nobody else can write; refused where it is not the one that the client saw."""
        with races_reported(), self.acting(), services.writing():
            row = self.get_object()
            check_if_match(request, self.document(row))
            yield row

    def listed(self, request: Request) -> Response:
        """A page of the rows that the parameters leave."""
        rows = filtered(request, self.get_queryset(), self.filter_class)
        rows = searched(request, rows, self.searching)
        rows = ordered(request, rows, self.ordering, self.usual_ordering)
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(self.documents(page))


def key_of(text: str) -> int:
    """The key that stands in an address; what is no number is not found."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise NotFound
    return int(text)


@contextmanager
def races_reported() -> Iterator[None]:
    """Two writers of one name: the second finds it taken."""
    try:
        yield
    except IntegrityError as error:
        message = told("The name has just been taken. Write another one.")
        raise InvalidPolicyError([Problem("duplicate-name", "name", None, None, message)]) from error


@dataclass(frozen=True)
class Service:
    """The writes of one kind of row."""

    create: Callable[[Any], Any]
    update: Callable[..., Any]
    delete: Callable[[Any], None]


class NamedViewSet(ResourceViewSet):
    """Policies and origin groups: documents with a name, and a list of origins."""

    service: Service
    action_permissions: ClassVar[dict[str, str]] = {"add_origins": "change", "remove_origins": "change"}

    def get_object(self) -> Any:
        """The row of that name; what can be no name is not found."""
        text = self.kwargs["name"]
        if not text.isprintable():
            raise NotFound
        return super().get_object()

    def list(self, request: Request) -> Response:
        """A page of documents."""
        return self.listed(request)

    def create(self, request: Request) -> Response:
        """The document as it was stored."""
        with races_reported(), self.acting():
            return self.shown(self.service.create(read_body(request)), status.HTTP_201_CREATED)

    def retrieve(self, request: Request, **_kwargs: str) -> Response:
        """One document."""
        return self.shown(self.get_object())

    def update(self, request: Request, **_kwargs: str) -> Response:
        """The document as it is now; what was left out has its default."""
        with self.changing(request) as row:
            return self.shown(self.service.update(row, read_body(request)))

    def partial_update(self, request: Request, **_kwargs: str) -> Response:
        """The document as it is now; what was left out is as it was."""
        with self.changing(request) as row:
            return self.shown(self.service.update(row, read_body(request), partial=True))

    def destroy(self, request: Request, **_kwargs: str) -> Response:
        """Nothing: it is gone."""
        with self.changing(request) as row:
            self.service.delete(row)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, methods=["post"], url_path="origins", url_name="origins")
    def add_origins(self, request: Request, **_kwargs: str) -> Response:
        """The document with the origins at the end of its list."""
        with self.changing(request) as row:
            return self.shown(services.add_origins(row, _patterns(request.data)))

    @add_origins.mapping.delete
    def remove_origins(self, request: Request, **_kwargs: str) -> Response:
        """The document without the origins."""
        given = request.query_params.getlist("pattern")
        with self.changing(request) as row:
            return self.shown(services.remove_origins(row, given or _patterns(request.data)))


def _patterns(body: Any) -> Any:
    if not isinstance(body, dict):
        message = told('Write a JSON object, as in {"patterns": ["https://app.example.com"]}.')
        raise InvalidPolicyError([Problem("invalid", "", None, body, message)])
    unknown = [
        Problem(
            "unknown-key", str(key), None, body[key], told('"{key}" is no key here. Write patterns.', key=key)
        )
        for key in body
        if key != "patterns"
    ]
    if unknown:
        raise InvalidPolicyError(unknown)
    return body.get("patterns", [])
