"""Which requests does a browser send without asking first, and which answers does it hand to a script?

The client's half of the CORS protocol, rule by rule; docs/fetch-support.md says which clause is where.

Before you edit:

* These are the standard's rules, not ours: a browser applies them whatever a policy says.
* A header is a pair of name and value as ``fetch()`` holds them. A value has one character for each byte, so
  its length counts bytes. Two headers of one name are judged one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from cors_policies.core import vocabulary as http

MAX_SAFELISTED_VALUE: Final = 128
MAX_SAFELISTED_VALUES: Final = 1024

# https://fetch.spec.whatwg.org/#forbidden-request-header
METHOD_OVERRIDE_HEADERS: Final = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
# https://fetch.spec.whatwg.org/#cors-safelisted-request-header
SAFELISTED_CONTENT_TYPES: Final = frozenset(
    {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
)

# https://fetch.spec.whatwg.org/#http-whitespace
_HTTP_WHITESPACE: Final = "\t\n\r "
# https://fetch.spec.whatwg.org/#header-value
_HEADER_VALUE = re.compile("[\x01-\x09\x0b\x0c\x0e-\xff]*")
# https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte
_UNSAFE_BYTE = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_LANGUAGE_VALUE = re.compile(r"[0-9A-Za-z *,\-.;=]*")
_SINGLE_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
# https://fetch.spec.whatwg.org/#header-value-get-decode-and-split: a comma inside quotes does not separate.
_LIST_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)


def normalize_header_value(value: str) -> str:
    """The value without white space at its ends.

    https://fetch.spec.whatwg.org/#concept-header-value-normalize
    """
    return value.strip(_HTTP_WHITESPACE)


def is_header_value(value: str) -> bool:
    """Whether ``fetch()`` takes this normalised value: bytes, but no NUL and no line break."""
    return _HEADER_VALUE.fullmatch(value) is not None


def is_forbidden_header(name: str, value: str) -> bool:
    """Whether ``fetch()`` drops the header in silence: for its name, or for a forbidden method in its value.

    https://fetch.spec.whatwg.org/#forbidden-request-header
    """
    name = name.lower()
    if name in METHOD_OVERRIDE_HEADERS:
        return any(http.is_forbidden_method(element.strip("\t ")) for element in _LIST_ELEMENT.findall(value))
    return http.is_forbidden_request_header(name)


def is_safelisted_header(name: str, value: str) -> bool:
    """Whether the header alone needs no preflight.

    https://fetch.spec.whatwg.org/#cors-safelisted-request-header
    """
    if len(value) > MAX_SAFELISTED_VALUE:
        return False
    match name.lower():
        case "accept":
            return _UNSAFE_BYTE.search(value) is None
        case "accept-language" | "content-language":
            return _LANGUAGE_VALUE.fullmatch(value) is not None
        case "content-type":
            return _UNSAFE_BYTE.search(value) is None and _essence(value) in SAFELISTED_CONTENT_TYPES
        case "range":
            return _is_single_range(value)
    return False


def find_unsafe_names(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The names that a preflight asks for: lower-case, sorted, once each.

    https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
    """
    unsafe, safelisted, size = set(), set(), 0
    for name, value in headers:
        if is_safelisted_header(name, value):
            safelisted.add(name.lower())
            size += len(value)
        else:
            unsafe.add(name.lower())
    return tuple(sorted(unsafe | safelisted if size > MAX_SAFELISTED_VALUES else unsafe))


def needs_preflight(method: str, unsafe_names: tuple[str, ...]) -> bool:
    """Whether a cross-origin request of this normalised method asks first.

    https://fetch.spec.whatwg.org/#main-fetch
    """
    return method not in http.SAFELISTED_METHODS or bool(unsafe_names)


def passes_cors_check(answer: Mapping[str, str], origin: str, *, credentials: bool) -> bool:
    """Whether the answer may be shared with the origin; ``credentials``: the mode is ``include``.

    https://fetch.spec.whatwg.org/#cors-check
    """
    shared_with = answer.get(http.ACCESS_CONTROL_ALLOW_ORIGIN)
    if not credentials:
        return shared_with in {http.ANY, origin}
    return shared_with == origin and answer.get(http.ACCESS_CONTROL_ALLOW_CREDENTIALS) == "true"


def passes_method_check(answer: Mapping[str, str], method: str, *, credentials: bool) -> bool:
    """Whether a preflight's answer lets the method through.

    https://fetch.spec.whatwg.org/#cors-preflight-fetch
    """
    allowed = _tokens(answer.get(http.ACCESS_CONTROL_ALLOW_METHODS, ""))
    if allowed is None:
        return False
    return method in allowed or method in http.SAFELISTED_METHODS or (not credentials and http.ANY in allowed)


def passes_header_check(answer: Mapping[str, str], unsafe_names: Iterable[str], *, credentials: bool) -> bool:
    """Whether a preflight's answer lets every one of the lower-case names through.

    https://fetch.spec.whatwg.org/#cors-preflight-fetch
    """
    allowed = _tokens(answer.get(http.ACCESS_CONTROL_ALLOW_HEADERS, ""))
    if allowed is None:
        return False
    names = {name.lower() for name in allowed}
    wildcard = not credentials and http.ANY in names
    return all(
        name in names or (wildcard and name != http.NON_WILDCARD_REQUEST_HEADER) for name in unsafe_names
    )


def find_readable_names(answer: Mapping[str, str], *, credentials: bool) -> frozenset[str]:
    """The lower-case names of the response headers that a script on another origin may read.

    https://fetch.spec.whatwg.org/#concept-filtered-response-cors
    """
    exposed = _tokens(answer.get(http.ACCESS_CONTROL_EXPOSE_HEADERS, "")) or ()
    names = answer if http.ANY in exposed and not credentials else exposed
    readable = http.SAFELISTED_RESPONSE_HEADERS.union(name.lower() for name in names)
    return readable - http.FORBIDDEN_RESPONSE_HEADERS


def is_ok_status(status: int) -> bool:
    """Whether a preflight may be answered with the status (https://fetch.spec.whatwg.org/#ok-status)."""
    return 200 <= status <= 299  # noqa: PLR2004 - the standard's own words


def _essence(value: str) -> str:
    """Type and subtype; parameters do not count (https://mimesniff.spec.whatwg.org/#parse-a-mime-type)."""
    return value.partition(";")[0].strip(_HTTP_WHITESPACE).lower()


def _is_single_range(value: str) -> bool:
    """Whether it is one range with a start (https://fetch.spec.whatwg.org/#simple-range-header-value)."""
    match = _SINGLE_RANGE.fullmatch(value)
    if match is None:
        return False
    start, end = match.groups()
    return not end or int(start) <= int(end)


def _tokens(value: str) -> tuple[str, ...] | None:
    """The elements of a list of methods or header names; ``None`` where one of them is no token."""
    elements = tuple(element for part in value.split(",") if (element := part.strip("\t ")))
    return elements if all(http.is_token(element) for element in elements) else None
