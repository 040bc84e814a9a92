"""The policy set compiled for requests: which path group governs a path, and which of its policies an origin?

Before you edit:

* A snapshot is immutable and whole. A request is decided by one snapshot from beginning to end; a change
  makes a new one.
* Everything that does not depend on the request is made here, once: the engine only looks up and puts
  together.
* Origins of a group are indexed once and shared by all policies that use it, so that memory does not
  multiply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cors_policies.core import vocabulary as http
from cors_policies.core.hosts import HostPattern
from cors_policies.core.origin_index import OriginIndex
from cors_policies.core.origins import OriginPattern, parse_origin_pattern
from cors_policies.core.path_index import PathIndex
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import OriginGroup, Policy

SEPARATOR: Final = ", "
_MAX_KEPT: Final = 2048
_MAX_KEPT_PATH: Final = 200
"""Look-ups that are kept, and the longest path of one: half a megabyte at most."""
Headers = tuple[tuple[str, str], ...]


class Shield(NamedTuple):
    """A host and path that are governed although no policy for them could be compiled: nobody is let in."""

    host: str
    path: str


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
    )

    def __init__(self, policy: Policy, *, sends_any_origin: bool) -> None:
        self.name = policy.name
        self.sends_any_origin = sends_any_origin
        self.reject_denied = policy.reject_denied
        self.allow_private_network = policy.allow_private_network
        self.allows_any_header = http.ANY in policy.allowed_headers
        self._headers = frozenset(policy.allowed_headers) - {http.ANY}
        self._methods = None if http.ANY in policy.allowed_methods else _methods(policy)
        self.allow_methods = None if self._methods is None else SEPARATOR.join(policy.allowed_methods)
        self.allow_headers = SEPARATOR.join(policy.allowed_headers)
        self.actual_headers = _actual_headers(policy)
        self.preflight_headers = _preflight_headers(policy)

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


class PathGroup:
    """All policies of one host and path, in the order in which they are tried."""

    __slots__ = ("_index", "_shared", "answers", "host", "open_policy", "path", "policies", "reject_denied")

    def __init__(self, site: Shield, members: Sequence[_Member], *, is_shielded: bool) -> None:
        self.host, self.path = site
        members = sorted(members, key=lambda member: (member.policy.priority, member.policy.name))
        alone = len(members) == 1 and not is_shielded
        self.policies = tuple(member.compile(alone=alone) for member in members)
        self.reject_denied = any(policy.reject_denied for policy in self.policies)
        self.open_policy = next((policy for policy in self.policies if policy.sends_any_origin), None)
        """The policy that answers ``*`` to everybody, if there is one: it is alone then."""
        self.answers: dict[str, Any] = {}
        """For the engine to keep what it answers to every request alike."""
        self._index = OriginIndex(
            (pattern, rank) for rank, member in enumerate(members) for pattern in member.patterns
        )
        self._shared = tuple((rank, index) for rank, member in enumerate(members) for index in member.shared)

    def find_policy(self, origin: str) -> CompiledPolicy | None:
        """The first policy whose origins match the request's ``Origin``: it governs the request."""
        best = self._index.find(origin)
        for rank, index in self._shared:
            if best is not None and best <= rank:
                break
            if index.find(origin) is not None:
                best = rank
        return None if best is None else self.policies[best]


class Snapshot:
    """An immutable policy set. ``version`` is the token of the stored set that it was made from."""

    __slots__ = (
        "_any_host",
        "_found",
        "_hosts",
        "_wildcard_hosts",
        "policy_count",
        "uses_hosts",
        "version",
    )

    def __init__(self, version: str, groups: Iterable[PathGroup]) -> None:
        by_host: dict[str, list[PathGroup]] = {}
        for group in groups:
            by_host.setdefault(group.host, []).append(group)
        indexes = {host: _path_index(members) for host, members in by_host.items()}
        self.version = version
        self._any_host = indexes.pop("") if "" in indexes else _path_index(())
        self._hosts = {host: index for host, index in indexes.items() if not HostPattern(host).is_wildcard}
        self._wildcard_hosts = {
            host[1:]: index for host, index in indexes.items() if HostPattern(host).is_wildcard
        }
        self.uses_hosts = bool(indexes)
        """Whether some live policy names a host, so that the request's own must be asked for."""
        self._found: dict[str, PathGroup | None] = {}
        self.policy_count = sum(len(group.policies) for members in by_host.values() for group in members)

    def find_group(self, path: str, host: str = "") -> PathGroup | None:
        """The path group that governs the path on the lower-case ``host``, or ``None``: ungoverned."""
        if self.uses_hosts and host:
            for index in self._indexes_for(host):
                group = index.find(path)
                if group is not None:
                    return group
        try:
            return self._found[path]
        except KeyError:
            return self._find_anew(path)

    def _find_anew(self, path: str) -> PathGroup | None:
        """Looks it up, and keeps the answer, but never too many: strangers choose the paths."""
        found = self._any_host.find(path)
        if len(path) <= _MAX_KEPT_PATH:
            if len(self._found) >= _MAX_KEPT:
                self._found.clear()
            self._found[path] = found
        return found

    def _indexes_for(self, host: str) -> Iterator[PathIndex[PathGroup]]:
        """The exact host's, then those of the wildcards above it, the longest first."""
        if host in self._hosts:
            yield self._hosts[host]
        dot = host.find(".", 1)
        while dot > 0 and self._wildcard_hosts:
            index = self._wildcard_hosts.get(host[dot:])
            if index is not None:
                yield index
            dot = host.find(".", dot + 1)


@dataclass(slots=True)
class _Member:
    policy: Policy
    patterns: tuple[OriginPattern, ...]
    shared: tuple[OriginIndex, ...]
    allows_any_origin: bool

    def compile(self, *, alone: bool) -> CompiledPolicy:
        open_to_all = alone and self.allows_any_origin and not self.policy.allow_credentials
        return CompiledPolicy(self.policy, sends_any_origin=open_to_all)


def compile_snapshot(
    policies: Iterable[Policy],
    groups: Mapping[str, OriginGroup],
    *,
    shields: Iterable[Shield] = (),
    version: str = "",
) -> Snapshot:
    """The snapshot of valid policies and the groups that they name. Those that are not live are left out."""
    shared = {
        name: OriginIndex((parse_origin_pattern(text), 0) for text in group.origins)
        for name, group in groups.items()
    }
    sites: dict[Shield, list[_Member]] = {}
    for policy in policies:
        if policy.is_live:
            sites.setdefault(Shield(policy.host, policy.path), []).append(_member(policy, groups, shared))
    shielded = set(shields)
    for site in shielded:
        sites.setdefault(site, [])
    compiled = (PathGroup(site, members, is_shielded=site in shielded) for site, members in sites.items())
    return Snapshot(version, compiled)


def _member(policy: Policy, groups: Mapping[str, OriginGroup], shared: Mapping[str, OriginIndex]) -> _Member:
    any_origin = http.ANY in policy.allowed_origins or any(
        http.ANY in groups[name].origins[:1] for name in policy.origin_groups
    )
    patterns = tuple(parse_origin_pattern(text) for text in policy.allowed_origins)
    return _Member(policy, patterns, tuple(shared[name] for name in policy.origin_groups), any_origin)


def _path_index(groups: Iterable[PathGroup]) -> PathIndex[PathGroup]:
    return PathIndex((parse_path_pattern(group.path), group) for group in groups)


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


EMPTY_SNAPSHOT: Final = Snapshot("", ())
