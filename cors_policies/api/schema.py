"""Where does the API describe itself: OpenAPI for programs, and a page for people?

Before you edit: neither needs ``drf_spectacular`` in ``INSTALLED_APPS``, a script, or anything from another
site.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cors_policies import __version__
from cors_policies.api.links import with_links
from cors_policies.api.resources import ApiView

_URLS = "cors_policies.api.urls"


def description(request: HttpRequest) -> dict[str, Any]:
    """The OpenAPI description of this API, at the place where the project has put it."""
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator(urlconf=_URLS).get_schema(request=None, public=True)
    prefix = request.path.rsplit("/", 2)[0]
    info = {"title": "CORS policies", "version": __version__}
    return with_links({**schema, "info": info, "servers": [{"url": prefix or "/"}]})


class DescriptionView(ApiView):
    """The description for programs, as JSON."""

    schema = None

    def get_permissions(self) -> list[Any]:
        """Whoever is signed in: the description holds no policy."""
        return [IsAuthenticated()]

    def get(self, request: Request) -> Response:
        """OpenAPI 3."""
        return Response(description(request._request))


class DocumentationView(ApiView):
    """The description for people, as a page without a script."""

    schema = None

    def get_permissions(self) -> list[Any]:
        """Whoever is signed in."""
        return [IsAuthenticated()]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """HTML whatever is asked for; errors are JSON as everywhere."""
        return JSONRenderer(), JSONRenderer.media_type

    def get(self, request: Request) -> HttpResponse:
        """The page."""
        found = description(request._request)
        context = {
            "description": found,
            "prefix": found["servers"][0]["url"],
            "operations": [*_operations(found)],
        }
        return render(request._request, "cors_policies/api.html", context)


def _operations(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield {
                "path": path,
                "method": method.upper(),
                "summary": operation.get("summary", ""),
                "parameters": operation.get("parameters", ()),
                "has_body": "requestBody" in operation,
                "responses": [
                    {"status": code, "description": response.get("description", "")}
                    for code, response in sorted(operation["responses"].items())
                ],
            }
