"""How are a body and query parameters read, so that nothing that a stranger sends is a server error?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rest_framework.exceptions import NotAcceptable, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from cors_policies.api.bodies import read_bounded
from cors_policies.api.errors import BadParameter
from cors_policies.core.reading import is_storable
from cors_policies.json_text import NoJsonError, parse_json
from cors_policies.translating import told

_NO_FIELDS: Final = re.compile(rb"--[^\r\n]*--\s*")
"""The closing delimiter alone (https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1)."""


class StrictJSONParser(BaseParser):
    """JSON in UTF-8, of any size and depth that is bearable, without a key that stands twice."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value of the body. Raises ``ParseError`` for what is no JSON, and 413 for what is too large."""
        content = read_bounded(stream)
        try:
            return parse_json(content)
        except NoJsonError as error:
            raise ParseError(told("The body {fault}", fault=error)) from error


class EmptyFormParser(BaseParser):
    """The form without a field that many clients send where they are given no body to post."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Nothing. Raises ``ParseError`` for a form that holds anything."""
        if _NO_FIELDS.fullmatch(read_bounded(stream)) is None:
            raise ParseError(told("No form is read here. Leave the body out."))
        return None


class JSONNegotiation(DefaultContentNegotiation):
    """JSON, or 406; ``format`` is a query parameter like any other that is unknown."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The renderer and its media type."""
        renderer = next(iter(renderers))
        accepted = self.get_accept_list(request)
        if any(media_type_matches(renderer.media_type, media_type) for media_type in accepted):
            return renderer, renderer.media_type
        raise NotAcceptable


def read_body(request: Request) -> Any:
    """The value of the body. Raises ``ParseError`` where there is none: that is never an empty document."""
    if request.stream is None:
        raise ParseError(told("The body is empty. Write a JSON object."))
    return request.data


def check_parameters(given: Mapping[str, Any], known: set[str]) -> None:
    """Raises :class:`BadParameter` for the first one that is unknown, or that no database can look for."""
    for name in given:
        if name not in known:
            shown = ", ".join(sorted(known)) or "none"
            message = told("There is no such parameter here. Those known are: {shown}.", shown=shown)
            raise BadParameter(name, message)
        if not is_storable(str(given[name])):
            raise BadParameter(name, told("Write the value without NUL characters and lone surrogates."))
