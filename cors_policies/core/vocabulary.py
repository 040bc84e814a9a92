"""The names that the Fetch standard gives a meaning: which methods and header names are special, and how.

Before you edit:

* Header names are stored lower-case, since HTTP compares them so; methods are case-sensitive
  (https://www.rfc-editor.org/rfc/rfc9110#section-9.1).
* "Forbidden" is the standard's word for what a script can never send or read. Listing such a name in a policy
  would promise what no browser does.
"""

from __future__ import annotations

import re
from typing import Final

ACCESS_CONTROL_ALLOW_CREDENTIALS: Final = "Access-Control-Allow-Credentials"
ACCESS_CONTROL_ALLOW_HEADERS: Final = "Access-Control-Allow-Headers"
ACCESS_CONTROL_ALLOW_METHODS: Final = "Access-Control-Allow-Methods"
ACCESS_CONTROL_ALLOW_ORIGIN: Final = "Access-Control-Allow-Origin"
ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK: Final = "Access-Control-Allow-Private-Network"
ACCESS_CONTROL_EXPOSE_HEADERS: Final = "Access-Control-Expose-Headers"
ACCESS_CONTROL_MAX_AGE: Final = "Access-Control-Max-Age"
ACCESS_CONTROL_REQUEST_HEADERS: Final = "Access-Control-Request-Headers"
ACCESS_CONTROL_REQUEST_METHOD: Final = "Access-Control-Request-Method"
ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK: Final = "Access-Control-Request-Private-Network"
CROSS_ORIGIN_RESOURCE_POLICY: Final = "Cross-Origin-Resource-Policy"
ORIGIN: Final = "Origin"
TIMING_ALLOW_ORIGIN: Final = "Timing-Allow-Origin"
ANY: Final = "*"
"""The wildcard. No preflight answer ever holds it: beside credentials browsers take it literally."""

# https://fetch.spec.whatwg.org/#cors-safelisted-method
SAFELISTED_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
# https://fetch.spec.whatwg.org/#concept-method-normalize
NORMALIZED_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
# https://fetch.spec.whatwg.org/#forbidden-method
FORBIDDEN_METHODS: Final = frozenset({"CONNECT", "TRACE", "TRACK"})

# https://fetch.spec.whatwg.org/#http-responses
CORS_RESPONSE_HEADERS: Final = frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-allow-private-network",
        "access-control-expose-headers",
        "access-control-max-age",
    }
)
# https://fetch.spec.whatwg.org/#http-requests
CORS_REQUEST_HEADERS: Final = frozenset(
    {
        "access-control-request-headers",
        "access-control-request-method",
        "access-control-request-private-network",
        "origin",
    }
)
# https://fetch.spec.whatwg.org/#forbidden-request-header
FORBIDDEN_REQUEST_HEADERS: Final = CORS_REQUEST_HEADERS | {
    "accept-charset",
    "accept-encoding",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
}
FORBIDDEN_REQUEST_HEADER_PREFIXES: Final = ("proxy-", "sec-")
# https://fetch.spec.whatwg.org/#forbidden-response-header-name
FORBIDDEN_RESPONSE_HEADERS: Final = frozenset({"set-cookie", "set-cookie2"})
# https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
SAFELISTED_RESPONSE_HEADERS: Final = frozenset(
    {
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    }
)
# https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
NON_WILDCARD_REQUEST_HEADER: Final = "authorization"

# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def is_token(text: str) -> bool:
    """Whether ``text`` is a token of HTTP, as every method and header name must be."""
    return _TOKEN.fullmatch(text) is not None


def normalize_method(method: str) -> str:
    """The method as fetch() sends it: only the standard's six names are upper-cased, ``patch`` is not."""
    upper = _upper(method)
    return upper if upper in NORMALIZED_METHODS else method


def is_forbidden_method(method: str) -> bool:
    """Whether no script can ever send this method, in whatever case it is written."""
    return _upper(method) in FORBIDDEN_METHODS


def is_forbidden_request_header(name: str) -> bool:
    """Whether the lower-case ``name`` is one that no script can set."""
    return name in FORBIDDEN_REQUEST_HEADERS or name.startswith(FORBIDDEN_REQUEST_HEADER_PREFIXES)


def _upper(method: str) -> str:
    """ASCII letters only: ``str.upper`` would make ``POST`` of a word with a long s."""
    return method.upper() if method.isascii() else method
