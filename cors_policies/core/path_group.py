"""Which of a path group's policies governs an origin, and what does that policy answer?

Before you edit:

* Everything that does not depend on the request is made here, once: the engine only looks up and puts
  together.
* Ten thousand policies have a handful of methods and headers between them, and share their groups of origins.
  What is equal is kept once: that is less memory, and less for the garbage collector to walk through while
  requests wait.
* ``Cross-Origin-Resource-Policy`` is the path group's. It is for loads that name no origin (images, scripts,
  a page under COEP), so that no origin can choose the policy which says it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar, cast

from cors_policies.core import vocabulary as http
from cors_policies.core.origin_index import OriginIndex
from cors_policies.core.policy import OriginGroup, Policy

SEPARATOR: Final = ", "
Headers = tuple[tuple[str, str], ...]
_Value = TypeVar("_Value", bound=Hashable)


class Site(NamedTuple):
    """The host and path pattern that the policies of one path group have in common."""

    host: str
    path: str


class _Once:
    """Gives the first of all values that are equal to this one."""

    def __init__(self) -> None:
        self._values: dict[Hashable, Any] = {}

    def __call__(self, value: _Value) -> _Value:
        return cast("_Value", self._values.setdefault(value, value))


class CompiledPolicy:
    """A policy as the engine needs it. ``None`` stands for a list that holds ``*``."""

    __slots__ = (
        "_headers",
        "_methods",
        "actual_headers",
        "allow_headers",
        "allow_methods",
        "allow_private_network",
        "allows_any_header",
        "name",
        "preflight_headers",
        "reject_denied",
        "sends_any_origin",
        "shows_timing",
        "trust_for_csrf",
    )

    def __init__(
        self, policy: Policy, once: _Once, *, sends_any_origin: bool, resource_headers: Headers = ()
    ) -> None:
        self.name = policy.name
        self.sends_any_origin = sends_any_origin
        self.shows_timing = policy.timing_allow_origin
        self.reject_denied = policy.reject_denied
        self.allow_private_network = policy.allow_private_network
        self.trust_for_csrf = policy.trust_for_csrf and policy.allow_credentials
        self.allows_any_header = http.ANY in policy.allowed_headers
        self._headers = once(frozenset(policy.allowed_headers) - {http.ANY})
        self._methods = None if http.ANY in policy.allowed_methods else once(_methods(policy))
        self.allow_methods = None if self._methods is None else once(SEPARATOR.join(policy.allowed_methods))
        self.allow_headers = once(SEPARATOR.join(policy.allowed_headers))
        timing = _ANYBODYS_TIMING if policy.timing_allow_origin and sends_any_origin else ()
        self.actual_headers = once((*_actual_headers(policy), *timing, *resource_headers))
        """Of an allowed actual request, but for those that name its origin."""
        self.preflight_headers = once(_preflight_headers(policy))

    def allows_method(self, method: str) -> bool:
        """Whether the method, compared case-sensitively, may be used. A literal ``*`` is nobody's method."""
        methods = self._methods
        return method != http.ANY and http.is_token(method) if methods is None else method in methods

    def allows_headers(self, names: Iterable[str]) -> bool:
        """Whether all of the lower-case names may be sent. ``*`` never covers ``authorization``."""
        if not self.allows_any_header:
            return self._headers.issuperset(names)
        return all(name in self._headers or name not in _NEVER_COVERED for name in names)


_NEVER_COVERED: Final = frozenset({http.ANY, http.NON_WILDCARD_REQUEST_HEADER})
_ANYBODYS_TIMING: Final = ((http.TIMING_ALLOW_ORIGIN, http.ANY),)


class PathGroup:
    """All policies of one host and path, in the order in which they are tried."""

    __slots__ = (
        "_index",
        "_shared",
        "host",
        "open_policy",
        "path",
        "policies",
        "reject_denied",
        "resource_headers",
    )

    def __init__(
        self,
        site: Site,
        policies: Iterable[CompiledPolicy],
        index: OriginIndex,
        shared: Iterable[tuple[int, OriginIndex]],
        resource_headers: Headers = (),
    ) -> None:
        self.host, self.path = site
        self.policies = tuple(policies)
        self.reject_denied = any(policy.reject_denied for policy in self.policies)
        self.open_policy = next((policy for policy in self.policies if policy.sends_any_origin), None)
        """The policy that answers ``*`` to everybody, if there is one: it is alone then."""
        self.resource_headers = resource_headers
        """On every response but the answers to preflights, whoever asks. Each policy has them, too."""
        self._index = index
        self._shared = tuple(shared)

    def find_policy(self, origin: str) -> CompiledPolicy | None:
        """The first policy whose origins match the request's ``Origin``: it governs the request."""
        best = self._index.find(origin)
        for rank, index in self._shared:
            if best is not None and best <= rank:
                break
            if index.find(origin) is not None:
                best = rank
        return None if best is None else self.policies[best]


class GroupCompiler:
    """Compiles path groups that share what is equal."""

    def __init__(self, groups: Mapping[str, OriginGroup]) -> None:
        self._indexes = {
            name: OriginIndex((text, 0) for text in group.origins) for name, group in groups.items()
        }
        self._open = {name for name, group in groups.items() if http.ANY in group.origins}
        self._once = _Once()

    def compile(self, site: Site, policies: Iterable[Policy], *, is_shielded: bool = False) -> PathGroup:
        """The path group of all valid policies of one site. A shielded one has others, which are not."""
        tried = sorted(policies, key=lambda policy: policy.order)
        alone = len(tried) == 1 and not is_shielded
        ranked = list(enumerate(tried))
        resource_headers = self._once(_resource_headers(tried))
        return PathGroup(
            site,
            [self._compile(policy, resource_headers, alone=alone) for policy in tried],
            OriginIndex((text, rank) for rank, policy in ranked for text in policy.allowed_origins),
            [(rank, self._indexes[name]) for rank, policy in ranked for name in policy.origin_groups],
            resource_headers,
        )

    def _compile(self, policy: Policy, resource_headers: Headers, *, alone: bool) -> CompiledPolicy:
        any_origin = http.ANY in policy.allowed_origins or not self._open.isdisjoint(policy.origin_groups)
        open_to_all = alone and any_origin and not policy.allow_credentials
        return CompiledPolicy(
            policy, self._once, sends_any_origin=open_to_all, resource_headers=resource_headers
        )


def resource_policy_of(tried: Iterable[Policy]) -> str | None:
    """The group's: that of the first policy that has one, in the order in which they are tried."""
    return next((policy.resource_policy for policy in tried if policy.resource_policy), None)


def _resource_headers(tried: Iterable[Policy]) -> Headers:
    value = resource_policy_of(tried)
    return () if value is None else ((http.CROSS_ORIGIN_RESOURCE_POLICY, value),)


def _methods(policy: Policy) -> frozenset[str]:
    """``GET`` lets ``HEAD`` through too: a HEAD request reveals nothing that GET does not."""
    methods = frozenset(policy.allowed_methods)
    return methods | {"HEAD"} if "GET" in methods else methods


def _actual_headers(policy: Policy) -> Headers:
    headers = []
    if policy.allow_credentials:
        headers.append((http.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"))
    if policy.exposed_headers:
        headers.append((http.ACCESS_CONTROL_EXPOSE_HEADERS, SEPARATOR.join(policy.exposed_headers)))
    return tuple(headers)


def _preflight_headers(policy: Policy) -> Headers:
    headers = []
    if policy.max_age is not None:
        headers.append((http.ACCESS_CONTROL_MAX_AGE, str(policy.max_age)))
    if policy.allow_credentials:
        headers.append((http.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"))
    return tuple(headers)
