"""What is in the lists of a document, and what is said of an entry that does not belong there?

Before you edit:

* Entries are checked and numbered as they were submitted; only then are lists normalised. A problem at
  ``allowed_origins.2`` is about the third line that the editor wrote.
* A rule for header names or methods is one of the Fetch standard's, and stands in
  :mod:`cors_policies.core.vocabulary`; here is what the editor should write instead.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from functools import lru_cache
from typing import Any, Final

from cors_policies.core import vocabulary as http
from cors_policies.core.origins import is_plain, parse_origin_pattern
from cors_policies.core.problems import PatternError
from cors_policies.core.reading import Reader
from cors_policies.core.texts import say

Entries = list[tuple[int, str]]
"""The entries of a list, with the places at which they were submitted."""

_ANY_COVERS_ALL: Final = frozenset({http.ANY})
_ANY_LEAVES: Final = frozenset({http.ANY, http.NON_WILDCARD_REQUEST_HEADER})


def normalized(entries: Iterable[str], beside_any: frozenset[str] = _ANY_COVERS_ALL) -> tuple[str, ...]:
    """Entries once each, in order; beside a ``*`` only what it does not cover."""
    once = dict.fromkeys(entries)
    if http.ANY in once:
        return tuple(entry for entry in once if entry in beside_any)
    return tuple(once)


@lru_cache(maxsize=256)
def _one_for_all(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Most policies have their methods and headers in common, and keep one tuple of them."""
    return entries


def read_origins(reader: Reader, key: str) -> Entries:
    """The canonical texts of a list of origin patterns."""
    return _parsed(reader, key, (), "invalid-origin", _canonical_origin)


def _canonical_origin(text: str) -> str:
    return text if is_plain(text) else parse_origin_pattern(text).text


def _parsed(
    reader: Reader, key: str, default: tuple[str, ...], code: str, parse: Callable[[str], Any]
) -> list[tuple[int, Any]]:
    found = []
    for index, entry in reader.entries(key, default):
        try:
            found.append((index, parse(entry)))
        except PatternError as error:
            reader.note(code, key, entry, str(error), index)
    return found


def read_group_names(reader: Reader, entries: Entries, groups: Container[str]) -> tuple[str, ...]:
    """The names of ``origin_groups``, each of a known group."""
    for index, entry in entries:
        if entry not in groups:
            message = say(
                'There is no origin group "{entry}". Create it first, or correct the name.', entry=entry
            )
            reader.note("unknown-group", "origin_groups", entry, message, index)
    return tuple(dict.fromkeys(entry for _, entry in entries))


def read_methods(reader: Reader) -> tuple[str, ...]:
    """The methods of ``allowed_methods``, normalised."""
    return _one_for_all(normalized(_methods(reader)))


def _methods(reader: Reader) -> Iterable[str]:
    key = "allowed_methods"
    for index, entry in reader.entries(key, ("GET", "HEAD", "POST")):
        if not http.is_token(entry):
            reader.note(
                "invalid-method",
                key,
                entry,
                say('"{entry}" is no method. Write one such as PUT, or *.', entry=entry),
                index,
            )
        elif http.is_forbidden_method(entry):
            reader.note(
                "forbidden-method",
                key,
                entry,
                say("No script can send {entry}. Remove it.", entry=entry),
                index,
            )
        elif entry.upper() == "PATCH" != entry:
            message = say(
                "Browsers send {entry} as it is written, and methods are case-sensitive. Write PATCH.",
                entry=entry,
            )
            reader.note("invalid-method", key, entry, message, index)
        else:
            yield http.normalize_method(entry)


def read_request_headers(reader: Reader) -> tuple[str, ...]:
    """The request-header names of ``allowed_headers``, in lower case."""
    return _one_for_all(normalized(_request_headers(reader), _ANY_LEAVES))


def _request_headers(reader: Reader) -> Iterable[str]:
    key = "allowed_headers"
    for index, entry, name in _header_names(reader, key, reader.entries(key, ("content-type",))):
        if http.is_forbidden_request_header(name) or name in http.CORS_RESPONSE_HEADERS:
            message = say(
                "No script can set {entry}, so no policy needs to allow it. Remove it.", entry=entry
            )
            reader.note("forbidden-request-header", key, entry, message, index)
        else:
            yield name


def read_response_headers(reader: Reader, entries: Entries) -> tuple[str, ...]:
    """The response-header names of ``exposed_headers``, in lower case, but for what scripts read anyway."""
    return _one_for_all(normalized(_response_headers(reader, entries)))


def _response_headers(reader: Reader, entries: Entries) -> Iterable[str]:
    key = "exposed_headers"
    for index, entry, name in _header_names(reader, key, entries):
        if name in http.FORBIDDEN_RESPONSE_HEADERS or name in http.CORS_REQUEST_HEADERS:
            message = say("No script can ever read {entry} from a response. Remove it.", entry=entry)
            reader.note("forbidden-response-header", key, entry, message, index)
        elif name not in http.SAFELISTED_RESPONSE_HEADERS:
            yield name


def _header_names(reader: Reader, key: str, entries: Entries) -> Iterable[tuple[int, str, str]]:
    for index, entry in entries:
        if http.is_token(entry):
            yield index, entry, entry.lower()
        else:
            message = say('"{entry}" is no header name. Write one such as x-request-id, or *.', entry=entry)
            reader.note("invalid-header", key, entry, message, index)
