"""The policy set compiled for requests: which path group governs a path?

A *shield* is the site of a policy that is broken as it is stored. It is governed although no policy for it
could be compiled: nobody is let in.

Before you edit:

* A snapshot is immutable and whole. A request is decided by one snapshot from beginning to end; a change
  makes a new one.
* A set is loaded while requests wait for the interpreter, and most of its policies are alone on their path
  with few origins. Such a one is compiled when its path is asked for first, which is some ten microseconds
  once; until then it is one object for the garbage collector, not four.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cors_policies.core.hosts import HostPattern
from cors_policies.core.path_group import GroupCompiler, PathGroup, Site
from cors_policies.core.path_index import PathIndex
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import OriginGroup, Policy

_MAX_KEPT: Final = 2048
_MAX_KEPT_PATH: Final = 200
"""Look-ups that are kept, and the longest path of one: half a megabyte at most."""
_UNKNOWN: Final[Any] = object()
_FEW_ORIGINS: Final = 100
"""A policy with more is compiled with the set: no request shall wait for that."""


class Snapshot:
    """An immutable policy set. ``version`` is the token of the stored set that it was made from."""

    __slots__ = (
        "_any_host",
        "_compiler",
        "_found",
        "_groups",
        "_hosts",
        "_kept",
        "_wildcard_hosts",
        "expires_at",
        "policy_count",
        "uses_hosts",
        "version",
    )

    def __init__(
        self,
        version: str,
        compiler: GroupCompiler,
        sites: Mapping[Site, PathGroup | Policy],
        policy_count: int,
        expires_at: datetime | None,
    ) -> None:
        self.version = version
        self.policy_count = policy_count
        self.expires_at = expires_at
        """From when on this is not the set any more, since a policy expires; ``None``: never."""
        self._compiler = compiler
        self._groups = list(sites.values())
        places: dict[str, list[tuple[str, int]]] = {}
        for place, site in enumerate(sites):
            places.setdefault(site.host, []).append((site.path, place))
        indexes = {host: _path_index(members) for host, members in places.items()}
        self._any_host = indexes.pop("") if "" in indexes else _path_index(())
        self._hosts = {host: index for host, index in indexes.items() if not HostPattern(host).is_wildcard}
        self._wildcard_hosts = {
            host[1:]: index for host, index in indexes.items() if HostPattern(host).is_wildcard
        }
        self.uses_hosts = bool(indexes)
        """Whether some live policy names a host, so that the request's own must be asked for."""
        self._found: dict[str, PathGroup | None] = {}
        self._kept: dict[tuple[object, Hashable], Any] = {}

    def recall(self, path: str, traits: Hashable) -> Any:
        """What was kept for the group of this path and these traits; ``None`` where nothing was.

        Worth having: without it, allowed and denied requests take 1.6 times as long in a whole handler. Most
        of that is not work, but code that has left the processor's caches meanwhile.
        """
        group = self._found.get(path, _UNKNOWN)
        if group is _UNKNOWN:
            group = self._find_anew(path)
        return self._kept.get((group, traits))

    def keep(self, group: PathGroup | None, traits: Hashable, decision: object) -> None:
        """Keeps a decision for :meth:`recall`, but never too many: strangers choose the traits."""
        if self.uses_hosts:
            return  # the path alone does not tell the group
        if len(self._kept) >= _MAX_KEPT:
            self._kept.clear()
        self._kept[group, traits] = decision

    def find_group(self, path: str, host: str = "") -> PathGroup | None:
        """The path group that governs the path on the lower-case ``host``, or ``None``: ungoverned."""
        if self.uses_hosts and host:
            for index in self._indexes_for(host):
                place = index.find(path)
                if place is not None:
                    return self._group(place)
        group = self._found.get(path, _UNKNOWN)
        return self._find_anew(path) if group is _UNKNOWN else group

    def _find_anew(self, path: str) -> PathGroup | None:
        """Looks it up, and keeps the answer, but never too many: strangers choose the paths."""
        place = self._any_host.find(path)
        found = None if place is None else self._group(place)
        if len(path) <= _MAX_KEPT_PATH:
            if len(self._found) >= _MAX_KEPT:
                self._found.clear()
            self._found[path] = found
        return found

    def _group(self, place: int) -> PathGroup:
        group = self._groups[place]
        if isinstance(group, Policy):
            group = self._groups[place] = self._compiler.compile(Site(group.host, group.path), [group])
        return group

    def _indexes_for(self, host: str) -> Iterator[PathIndex[int]]:
        """The exact host's, then those of the wildcards above it, the longest first."""
        if host in self._hosts:
            yield self._hosts[host]
        dot = host.find(".", 1)
        while dot > 0 and self._wildcard_hosts:
            index = self._wildcard_hosts.get(host[dot:])
            if index is not None:
                yield index
            dot = host.find(".", dot + 1)


def compile_snapshot(
    policies: Iterable[Policy],
    groups: Mapping[str, OriginGroup],
    *,
    shields: Iterable[Site] = (),
    version: str = "",
    now: datetime | None = None,
) -> Snapshot:
    """The snapshot of valid policies and the groups that they name.

    Those that are not live are left out, and those that have expired by ``now``; ``None``: before all times.
    """
    shielded = set(shields)
    members: dict[Site, list[Policy]] = {site: [] for site in shielded}
    ends: list[datetime] = []
    for policy in policies:
        if policy.is_live and not (now and policy.is_expired(now)):
            ends += [policy.expires_at] if policy.expires_at else []
            members.setdefault(Site(policy.host, policy.path), []).append(policy)
    compiler = GroupCompiler(groups)
    sites: dict[Site, PathGroup | Policy] = {
        site: found[0]
        if _can_wait(found) and site not in shielded
        else compiler.compile(site, found, is_shielded=site in shielded)
        for site, found in members.items()
    }
    count = sum(map(len, members.values()))
    return Snapshot(version, compiler, sites, count, min(ends, default=None))


def _can_wait(policies: list[Policy]) -> bool:
    return len(policies) == 1 and len(policies[0].allowed_origins) <= _FEW_ORIGINS


def _path_index(places: Iterable[tuple[str, int]]) -> PathIndex[int]:
    return PathIndex((parse_path_pattern(path), place) for path, place in places)


EMPTY_SNAPSHOT: Final = compile_snapshot((), {})
