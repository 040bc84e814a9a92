"""How are a body and query parameters read, so that nothing that a stranger sends is a server error?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from cors_policies.api.errors import BadParameter

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(JSONParser):
    """JSON of any depth that is bearable; NaN and Infinity are no JSON."""

    strict = True

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value of the body. Raises ``ParseError`` for what is no JSON."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


def check_parameters(given: Mapping[str, Any], known: set[str]) -> None:
    """Raises :class:`BadParameter` for the first one that is unknown, or that no database can look for."""
    for name in given:
        if name not in known:
            shown = ", ".join(sorted(known)) or "none"
            message = f"There is no such parameter here. Those known are: {shown}."
            raise BadParameter(name, message, "unknown-parameter")
        if _UNSTORABLE.search(str(given[name])):
            raise BadParameter(name, "Write the value without NUL characters and lone surrogates.")
