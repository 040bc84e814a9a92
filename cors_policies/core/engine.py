"""What does the policy set answer to this request, and why?

``decide`` is the only judge: the middleware, the explanations and the tests all ask it.

Before you edit:

* The order is fixed: host, path, origin, then method, then header names. For one path an origin is governed
  by one policy; when that policy denies, no other is tried.
* A denied preflight is answered 200 without a single ``Access-Control-*`` header (docs/adr/0004): the
  browser's own message is then the right one, and a stranger learns nothing of the policy.
* No preflight answer ever holds ``*``: beside credentials browsers take it literally.
* ``Timing-Allow-Origin`` goes with ``Access-Control-Allow-Origin`` and says the same;
  ``Cross-Origin-Resource-Policy`` goes with every response, whoever asks (docs/adr/0011).
* Only what was matched is echoed, so that no stranger's text becomes a header.
* A decision may be kept for requests that are alike in all that it was made from (:func:`is_repeatable`). One
  that took more, the scheme or the headers of a preflight, is made anew each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from cors_policies.core import vocabulary as http
from cors_policies.core.hosts import host_without_port, split_host_port
from cors_policies.core.origins import DEFAULT_PORTS, MAX_ORIGIN, parse_serialized_origin
from cors_policies.core.path_group import SEPARATOR, CompiledPolicy, Headers, PathGroup
from cors_policies.core.snapshot import Snapshot

ALLOWED: Final = "allowed"
UNGOVERNED: Final = "ungoverned"
NOT_CORS: Final = "not-cors"
SAME_ORIGIN: Final = "same-origin"
ORIGIN_NOT_ALLOWED: Final = "origin-not-allowed"
METHOD_NOT_ALLOWED: Final = "method-not-allowed"
HEADER_NOT_ALLOWED: Final = "header-not-allowed"
BAD_REQUEST_HEADERS: Final = "bad-request-headers"
REASONS: Final = (
    ALLOWED,
    UNGOVERNED,
    NOT_CORS,
    SAME_ORIGIN,
    ORIGIN_NOT_ALLOWED,
    METHOD_NOT_ALLOWED,
    HEADER_NOT_ALLOWED,
    BAD_REQUEST_HEADERS,
)

_ELEMENT: Final = re.compile(r"[^, \t][^,]*")
"""An element of a list that is not empty, from its first character on."""
MAX_REQUEST_HEADERS: Final = 64
MAX_REQUEST_HEADERS_BYTES: Final = 4096
PREFLIGHT_STATUS: Final = 200
REJECTED_STATUS: Final = 403

_VARY_ORIGIN: Final = (http.ORIGIN,)
_VARY_PREFLIGHT: Final = (
    http.ORIGIN,
    http.ACCESS_CONTROL_REQUEST_METHOD,
    http.ACCESS_CONTROL_REQUEST_HEADERS,
)
_VARY_PRIVATE_NETWORK: Final = (*_VARY_PREFLIGHT, http.ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK)
_ANY_ORIGIN: Final = ((http.ACCESS_CONTROL_ALLOW_ORIGIN, http.ANY),)


class Facts(Protocol):
    """What the engine asks of a request. An attribute that it does not need is never read."""

    @property
    def method(self) -> str:
        """The method, as it was sent."""

    @property
    def path(self) -> str:
        """The decoded path, as ``request.path_info`` has it."""

    @property
    def origin(self) -> str | None:
        """The ``Origin`` header, as it was sent; ``None`` or empty where there is none."""

    @property
    def requested_method(self) -> str | None:
        """``Access-Control-Request-Method``; ``None`` where there is none."""

    @property
    def requested_headers(self) -> str | None:
        """``Access-Control-Request-Headers``, lines joined by commas; ``None`` where there are none."""

    @property
    def wants_private_network(self) -> bool:
        """Whether ``Access-Control-Request-Private-Network: true`` was sent."""

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""

    @property
    def host(self) -> str:
        """The host with its port, as the browser names it; ``""`` where it cannot be trusted."""

    def may_own(self, origin: str) -> bool:
        """Whether ``origin`` may be the request's own; false only where it certainly is not.

        For the engine to spare itself the question for the host, which is dear.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFacts:
    """Facts that somebody states, in place of a real request."""

    method: str
    path: str
    origin: str | None = None
    requested_method: str | None = None
    requested_headers: str | None = None
    wants_private_network: bool = False
    scheme: str = "https"
    host: str = ""

    def may_own(self, origin: str) -> bool:
        """As :meth:`Facts.may_own`."""
        return bool(self.host)


@dataclass(slots=True, eq=False)
class Decision:
    """The answer: its status (``None``: the view answers), its headers and what it varies by.

    Never changed once it is made: many requests get the same one. Not a named tuple, which takes half as long
    again to make, nor frozen, which takes longer still.
    """

    reason: str
    status: int | None = None
    headers: Headers = ()
    vary: tuple[str, ...] = _VARY_ORIGIN
    policy: CompiledPolicy | None = None
    group: PathGroup | None = None

    @property
    def is_denied(self) -> bool:
        """Whether the script must not get the response."""
        return self.reason not in _NOT_DENIED


_NOT_DENIED: Final = frozenset({ALLOWED, UNGOVERNED, NOT_CORS, SAME_ORIGIN})
_ANYBODYS: Final = frozenset({ALLOWED, UNGOVERNED})
"""Reasons for which it does not matter whose the origin is."""
_UNGOVERNED: Final = Decision(UNGOVERNED, vary=())


def decide(snapshot: Snapshot, facts: Facts) -> Decision:
    """The decision about one request, by the rules of docs/how-a-request-is-decided.md. Never raises."""
    group = snapshot.find_group(facts.path, host_without_port(facts.host) if snapshot.uses_hosts else "")
    origin = facts.origin
    if group is None:
        return _UNGOVERNED
    if not origin:
        return _undecided(group, facts.method, NOT_CORS)
    if facts.method == "OPTIONS" and (requested_method := facts.requested_method) is not None:
        return _decide_preflight(group, facts, origin, requested_method)
    return _decide_actual(group, facts, origin)


def is_repeatable(decision: Decision, facts: Facts) -> bool:
    """Whether the decision was made from path, method, origin and what tells the host alone."""
    origin = facts.origin
    if not origin:
        return True
    if facts.method == "OPTIONS":
        return False  # a preflight may have the same path, method and origin
    return decision.reason in _ANYBODYS or not facts.may_own(origin)


def is_own_origin(facts: Facts, origin: str) -> bool:
    """Whether the ``Origin`` is the one that the request was sent to: same scheme, host and port."""
    if len(origin) > MAX_ORIGIN or not facts.may_own(origin):
        return False
    parsed = parse_serialized_origin(origin)
    if parsed is None:
        return False
    host, port = split_host_port(facts.host)
    if port == DEFAULT_PORTS.get(facts.scheme):
        port = ""
    return parsed == (facts.scheme, host, port)


def parse_requested_headers(value: str | None) -> tuple[str, ...] | None:
    """Lower-case names of ``Access-Control-Request-Headers``, once each; ``None`` for what is no such list.

    White space around a name and empty elements are tolerated
    (https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2).
    """
    if not value:
        return ()
    if len(value) > MAX_REQUEST_HEADERS_BYTES:
        return None
    found = islice(_ELEMENT.finditer(value), MAX_REQUEST_HEADERS + 1)
    names = [element[0].rstrip(" \t") for element in found]
    # Tokens put together are a token: one look at all of them.
    if len(names) > MAX_REQUEST_HEADERS or (names and not http.is_token("".join(names))):
        return None
    return tuple(dict.fromkeys(map(str.lower, names)))


def _undecided(group: PathGroup, method: str, reason: str) -> Decision:
    """No origin is judged. An answer that is the same for everybody says so: shared caches keep one copy."""
    policy = group.open_policy
    if policy is not None and policy.allows_method(method):
        return Decision(reason, None, _ANY_ORIGIN + policy.actual_headers, (), None, group)
    return Decision(reason, None, group.resource_headers, _VARY_ORIGIN, None, group)


def _decide_actual(group: PathGroup, facts: Facts, origin: str) -> Decision:
    policy = group.find_policy(origin)
    if policy is None:
        reason, rejects = ORIGIN_NOT_ALLOWED, group.reject_denied
    elif policy.allows_method(facts.method):
        if policy.sends_any_origin:
            return Decision(ALLOWED, None, _ANY_ORIGIN + policy.actual_headers, (), policy, group)
        headers: Headers = ((http.ACCESS_CONTROL_ALLOW_ORIGIN, origin), *policy.actual_headers)
        if policy.shows_timing:
            headers += ((http.TIMING_ALLOW_ORIGIN, origin),)
        return Decision(ALLOWED, None, headers, _VARY_ORIGIN, policy, group)
    else:
        reason, rejects = METHOD_NOT_ALLOWED, policy.reject_denied
    if is_own_origin(facts, origin):
        return _undecided(group, facts.method, SAME_ORIGIN)
    status = REJECTED_STATUS if rejects else None
    return Decision(reason, status, group.resource_headers, _VARY_ORIGIN, policy, group)


def _decide_preflight(group: PathGroup, facts: Facts, origin: str, method: str) -> Decision:
    policy = group.find_policy(origin)
    if policy is None:
        return Decision(ORIGIN_NOT_ALLOWED, PREFLIGHT_STATUS, (), _VARY_PREFLIGHT, None, group)
    vary = _VARY_PRIVATE_NETWORK if policy.allow_private_network else _VARY_PREFLIGHT
    names = parse_requested_headers(facts.requested_headers)
    if not policy.allows_method(method):
        reason = METHOD_NOT_ALLOWED
    elif names is None:
        reason = BAD_REQUEST_HEADERS
    elif not policy.allows_headers(names):
        reason = HEADER_NOT_ALLOWED
    else:
        headers = _preflight_headers(policy, facts, origin, names)
        return Decision(ALLOWED, PREFLIGHT_STATUS, headers, vary, policy, group)
    return Decision(reason, PREFLIGHT_STATUS, (), vary, policy, group)


def _preflight_headers(policy: CompiledPolicy, facts: Facts, origin: str, names: tuple[str, ...]) -> Headers:
    methods = policy.allow_methods
    headers = [
        (http.ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (http.ACCESS_CONTROL_ALLOW_METHODS, facts.requested_method or "" if methods is None else methods),
    ]
    allow_headers = SEPARATOR.join(names) if policy.allows_any_header else policy.allow_headers
    if allow_headers:
        headers.append((http.ACCESS_CONTROL_ALLOW_HEADERS, allow_headers))
    headers.extend(policy.preflight_headers)
    if policy.allow_private_network and facts.wants_private_network:
        headers.append((http.ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK, "true"))
    return tuple(headers)
