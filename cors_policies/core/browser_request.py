"""What does a script ask ``fetch()`` for, and what does the browser make of it before anything is sent?

Before you edit:

* The attributes are what the script wrote; the properties are what the browser sends. Both are needed, since
  explanations say where they differ.
* What ``fetch()`` throws a TypeError for (a forbidden method, a name that is no token) is a problem. What it
  drops in silence (a forbidden request-header) is dropped, and no problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote

from cors_policies.core import fetch_rules
from cors_policies.core import vocabulary as http
from cors_policies.core.hostnames import canonical_host
from cors_policies.core.hosts import split_host_port
from cors_policies.core.problems import InvalidPolicyError, PatternError, Problem
from cors_policies.core.reading import Reader
from cors_policies.core.texts import say

CREDENTIALS_MODES: Final = ("omit", "same-origin", "include")
SCHEMES: Final = ("https", "http")
REQUEST_KEYS: Final = ("method", "path", "origin", "host", "scheme", "headers", "credentials")

_Headers = tuple[tuple[str, str], ...]
_EXAMPLE: Final = '{"method": "GET", "path": "/api/orders", "origin": "https://app.example"}'
_QUERY_OR_FRAGMENT = re.compile(r"[?#].*", re.DOTALL)
_UNSENDABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_PORT = re.compile(r"[0-9]{0,5}")
_MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRequest:
    """One call of ``fetch()``, as the script writes it.

    ``origin`` is the page's, ``""`` or ``None`` where there is none. ``host`` (with its port) and ``scheme``
    are the server's; ``host`` is ``""`` where none is named. ``headers`` are pairs of name and value.
    """

    path: str
    method: str = "GET"
    origin: str | None = None
    host: str = ""
    scheme: str = "https"
    headers: _Headers = ()
    credentials: str = "omit"

    @property
    def path_info(self) -> str:
        """The path that the server sees: without query and fragment, percent-encoding undone.

        A backslash is a slash (https://url.spec.whatwg.org/#path-state).
        """
        return _path_info(self.path)

    @property
    def sent_method(self) -> str:
        """The method, normalised (https://fetch.spec.whatwg.org/#concept-method-normalize)."""
        return http.normalize_method(self.method)

    @property
    def sent_headers(self) -> _Headers:
        """The headers that are left once forbidden ones are dropped, with normalised values."""
        return tuple(pair for pair in self._normalized_headers if not fetch_rules.is_forbidden_header(*pair))

    @property
    def dropped_names(self) -> tuple[str, ...]:
        """The names of forbidden request-headers, as they were written, once each."""
        forbidden = (pair for pair in self._normalized_headers if fetch_rules.is_forbidden_header(*pair))
        return tuple(dict.fromkeys(name for name, _ in forbidden))

    @property
    def unsafe_names(self) -> tuple[str, ...]:
        """The request-header names that a preflight asks for: lower-case, sorted."""
        return fetch_rules.find_unsafe_names(self.sent_headers)

    @property
    def needs_preflight(self) -> bool:
        """Whether a browser would ask first, were the request cross-origin."""
        return fetch_rules.needs_preflight(self.sent_method, self.unsafe_names)

    @property
    def includes_credentials(self) -> bool:
        """Whether cookies would go along with a cross-origin request."""
        return self.credentials == "include"

    @property
    def _normalized_headers(self) -> _Headers:
        return tuple((name, fetch_rules.normalize_header_value(value)) for name, value in self.headers)


def parse_browser_request(document: object, more_keys: tuple[str, ...] = ()) -> BrowserRequest:
    """The request that the JSON object describes; ``more_keys`` of it are for somebody else to read.

    Raises :class:`InvalidPolicyError` with every problem.
    """
    if not isinstance(document, Mapping):
        problem = Problem(
            "invalid", "", None, document, say("Write a JSON object, as in {example}.", example=_EXAMPLE)
        )
        raise InvalidPolicyError([problem])
    reader = Reader(document, REQUEST_KEYS + more_keys)
    request = BrowserRequest(
        method=_method(reader),
        path=reader.pattern("path", "invalid-path", _parse_path),
        origin=None if document.get("origin") is None else reader.text("origin"),
        host=reader.optional_pattern("host", "invalid-host", parse_host),
        scheme=reader.choice("scheme", SCHEMES, "https"),
        headers=_headers(reader, document.get("headers", {})),
        credentials=reader.choice("credentials", CREDENTIALS_MODES, "omit"),
    )
    if reader.problems:
        raise InvalidPolicyError(reader.problems)
    return request


def parse_headers(lines: Iterable[str]) -> dict[str, str]:
    """The headers of lines such as ``X-Token: abc``; values of one name are joined, as browsers do."""
    found: dict[str, str] = {}
    for line in lines:
        name, value = (part.strip() for part in line.split(":", 1)) if ":" in line else (line, "")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


class Parsed(NamedTuple):
    """What :meth:`Reader.pattern` takes from a parser."""

    text: str


def _path_info(path: str) -> str:
    return unquote(_QUERY_OR_FRAGMENT.sub("", path).replace("\\", "/"))


def _parse_path(text: str) -> Parsed:
    if not text.startswith("/"):
        raise PatternError(
            "no-leading-slash", say('A path starts with "/". Write /api/orders, without the host.')
        )
    if _UNSENDABLE.search(text):
        raise PatternError(
            "control-character", say("No browser sends control characters in a path. Remove them.")
        )
    if {".", ".."}.intersection(_path_info(text).split("/")):
        raise PatternError(
            "dot-segment", say('Browsers resolve "." and ".." before they send a path. Write it resolved.')
        )
    return Parsed(text)


def parse_host(text: str) -> Parsed:
    """The host as the browser writes it, with its port. A trailing dot stays: it makes another origin."""
    host, port = split_host_port(text.strip())
    if _PORT.fullmatch(port) is None or (port and not 1 <= int(port) <= _MAX_PORT):
        raise PatternError(
            "invalid-port", say('"{text}": write a host and a port, as in api.example.com:8000.', text=text)
        )
    dot = "." if host.endswith(".") else ""
    host = canonical_host(host.removesuffix(".")) + dot
    return Parsed(f"{host}:{int(port)}" if port else host)


def _parse_method(text: str) -> Parsed:
    if not http.is_token(text):
        raise PatternError(
            "invalid-method", say('"{text}" is no method. Write one such as GET or PUT.', text=text)
        )
    return Parsed(text)


def _method(reader: Reader) -> str:
    method = reader.pattern("method", "invalid-method", _parse_method)
    if http.is_forbidden_method(method):
        message = say(
            "fetch() refuses {method}: no script can send it. Ask about another method.", method=method
        )
        reader.note("forbidden-method", "method", method, message)
    return method


def _headers(reader: Reader, headers: object) -> _Headers:
    if not isinstance(headers, Mapping):
        message = say('Write a JSON object of names and values, as in {"content-type": "application/json"}.')
        reader.note("invalid", "headers", headers, message)
        return ()
    return tuple((name, value) for name, value in headers.items() if _is_header(reader, name, value))


def _is_header(reader: Reader, name: object, value: object) -> bool:
    """Whether ``fetch()`` takes the header; where it does not, a problem is noted."""
    field = f"headers.{name}"
    if not isinstance(name, str) or not http.is_token(name):
        message = say('"{name}" is no header name. Write one such as x-request-id.', name=name)
        reader.note("invalid-header", field, name, message)
    elif not isinstance(value, str):
        reader.note("invalid", field, value, say("Write the value of {name} as text.", name=name))
    elif not fetch_rules.is_header_value(fetch_rules.normalize_header_value(value)):
        message = say(
            "fetch() refuses this value of {name}. Write bytes up to U+00FF, no NUL and no line break.",
            name=name,
        )
        reader.note("invalid-header", field, value, message)
    else:
        return True
    return False
