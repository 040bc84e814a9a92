"""The policy set compiled for requests: which path group governs a path?

A *shield* is the site of a policy that is broken as it is stored. It is governed although no policy for it
could be compiled: nobody is let in.

Before you edit:

* A snapshot is immutable and whole. A request is decided by one snapshot from beginning to end; a change
  makes a new one.
* A policy expires on the time of some request, so that making the snapshot without it must be cheap however
  large the set is: only the sites of what has expired are compiled anew, and the rest is shared.
* What is on trial is a second snapshot beside the live one, of both together. It shares every index and path
  group that no trial policy touches, and a set without trial policies has none. All that expires in the live
  one expires in it, so that its end is the end of both.
* A set is loaded while requests wait for the interpreter, and most of its policies are alone on their path
  with few origins. Such a one is compiled when its path is asked for first, which is some ten microseconds
  once; until then it is one object for the garbage collector, not four.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from cors_policies.core.hosts import HostPattern
from cors_policies.core.path_group import GroupCompiler, PathGroup, Site
from cors_policies.core.path_index import PathIndex
from cors_policies.core.paths import PathPattern, parse_path_pattern, split_path
from cors_policies.core.policy import Mode, OriginGroup, Policy

_MAX_KEPT: Final = 2048
_MAX_KEPT_PATH: Final = 200
"""Look-ups that are kept, and the longest path of one: half a megabyte at most."""
UNKNOWN: Final[Any] = object()
"""In place of a path group that must be looked for."""
_FEW_ORIGINS: Final = 100
"""A policy with more is compiled with the set: no request shall wait for that."""


@dataclass(frozen=True, slots=True)
class Shield:
    """A policy that is broken, but for its site, and its end if that can be read."""

    site: Site
    expires_at: datetime | None = None
    is_on_trial: bool = False


_T = TypeVar("_T", Policy, Shield, Policy | Shield)
_Tenants = Sequence[Policy | Shield]
"""All policies of one site."""
_Sites = dict[Site, list[Policy | Shield]]
_Ending = tuple[datetime, int, Site, _Tenants]
"""When the first of a site's policies expires, the place of the site, and what is there until then."""


class _Calendar(NamedTuple):
    """When the last policy has expired that is left out, and what will expire, the next one first."""

    since: datetime | None
    ending: list[_Ending]


class _Parts(NamedTuple):
    """What a snapshot is made of."""

    version: str
    compiler: GroupCompiler
    groups: list[PathGroup | Policy]
    indexes: Mapping[str, PathIndex[int]]
    calendar: _Calendar


class Snapshot:
    """An immutable policy set. ``version`` is the token of the stored set that it was made from."""

    __slots__ = (
        "_any_host",
        "_compiler",
        "_ending",
        "_groups",
        "_hosts",
        "_indexes",
        "_trial_end",
        "_wildcard_hosts",
        "found",
        "kept",
        "since",
        "trial",
        "uses_hosts",
        "version",
    )

    def __init__(
        self,
        version: str,
        compiler: GroupCompiler,
        groups: list[PathGroup | Policy],
        indexes: Mapping[str, PathIndex[int]],
        calendar: _Calendar,
    ) -> None:
        """``indexes`` by host give places in ``groups``."""
        self.version = version
        self.since, self._ending = calendar
        """From when on this is the set, since a policy has expired; ``None``: always."""
        self._compiler = compiler
        self._groups = groups
        self._indexes = {host: index for host, index in indexes.items() if len(index)}
        named = {host: index for host, index in self._indexes.items() if host}
        self._any_host = self._indexes.get("") or _path_index(())
        self._hosts = {host: index for host, index in named.items() if not HostPattern(host).is_wildcard}
        self._wildcard_hosts = {
            host[1:]: index for host, index in named.items() if HostPattern(host).is_wildcard
        }
        self.uses_hosts = bool(named)
        """Whether some live policy names a host, so that the request's own must be asked for."""
        self.found: dict[str, PathGroup | None] = {}
        """The groups of paths that were asked for lately, as they are where no policy names a host."""
        self.kept: dict[Hashable, Any] = {}
        """What requests were answered by this set, for others that are alike; :meth:`keep` adds to it."""
        self.trial: Snapshot | None = None
        """The set as it would be with the trial policies live; ``None`` where nothing is on trial."""
        self._trial_end: datetime | None = None

    def keep(self, key: Hashable, answer: object) -> None:
        """Puts it into :attr:`kept`, which never gets too large: strangers choose the keys."""
        if len(self.kept) >= _MAX_KEPT:
            self.kept.clear()
        self.kept[key] = answer

    def forget(self) -> None:
        """Keeps no answer any more, nor does its trial."""
        for snapshot in (self, self.trial) if self.trial is not None else (self,):
            snapshot.kept.clear()

    @property
    def policy_count(self) -> int:
        """How many policies are in force."""
        return sum(1 if isinstance(group, Policy) else len(group.policies) for group in self._groups)

    @property
    def expires_at(self) -> datetime | None:
        """From when on this is not the set any more, since a policy expires; ``None``: never."""
        if self.trial is not None:
            return self.trial.expires_at
        return self._ending[0][0] if self._ending else None

    def at(self, now: datetime) -> Snapshot:
        """The snapshot without what has expired by ``now``, the trial too: itself where nothing has."""
        end = self.expires_at
        if end is None or now < end:
            return self
        left = self._without_expired(now)
        if self.trial is not None:
            left.be_tried_with(self.trial.at(now), self._trial_end, now)
        return left

    def be_tried_with(self, trial: Snapshot, end: datetime | None, now: datetime | None) -> None:
        """Puts a trial beside a snapshot that is new, unless that has ended by ``now``.

        ``end`` is when the last policy on trial expires; ``None``: never.
        """
        self.since = trial.since
        if end is None or now is None or now < end:
            self.trial, self._trial_end = trial, end

    def _without_expired(self, now: datetime) -> Snapshot:
        passed = bisect_right(self._ending, now, key=_end)
        ending, groups = self._ending[passed:], self._groups.copy()
        ends: list[datetime] = []
        empty: dict[str, list[tuple[PathPattern, int]]] = {}
        for _, place, site, tenants in self._ending[:passed]:
            left = list(_unexpired(tenants, now, ends))
            groups[place] = _compile(self._compiler, site, left) if left else _NOBODY
            if not left:
                empty.setdefault(site.host, []).append((_stored_pattern(site.path), place))
            elif (end := _first_end(left)) is not None:
                insort(ending, (end, place, site, left))
        indexes = {host: self._indexes[host].without(pairs) for host, pairs in empty.items()}
        calendar = _Calendar(max(ends, default=self.since), ending)
        return Snapshot(self.version, self._compiler, groups, self._indexes | indexes, calendar)

    def find_group(self, path: str, host: str = "") -> PathGroup | None:
        """The path group that governs the path on the lower-case ``host``, or ``None``: ungoverned."""
        if self.uses_hosts and host:
            for index in self._indexes_for(host):
                place = index.find(path)
                if place is not None:
                    return self._group(place)
        group = self.found.get(path, UNKNOWN)
        return self._find_anew(path) if group is UNKNOWN else group

    def find_all_groups(self, path: str, host: str = "") -> list[PathGroup]:
        """Every path group that speaks for the path on the lower-case ``host``.

        In the order of precedence: what :meth:`find_group` gives is the first. Looks at all of them, so that
        no request should ask.
        """
        found = [
            (_host_rank(group.host), pattern.sort_key, place)
            for place, group in enumerate(self._groups)
            if group is not _NOBODY and _is_host(group.host, host)
            if (pattern := _stored_pattern(group.path)).matches(path)
        ]
        return [self._group(place) for _, _, place in sorted(found)]

    def _find_anew(self, path: str) -> PathGroup | None:
        """Looks it up, and keeps the answer, but never too many: strangers choose the paths."""
        place = self._any_host.find(path)
        found = None if place is None else self._group(place)
        if len(path) <= _MAX_KEPT_PATH:
            if len(self.found) >= _MAX_KEPT:
                self.found.clear()
            self.found[path] = found
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
    shields: Iterable[Shield] = (),
    version: str = "",
    now: datetime | None = None,
) -> Snapshot:
    """The snapshot of valid policies and the groups that they name, with its trial where any are on trial.

    Those that are off are left out, and those that have expired by ``now``; ``None``: before all times.
    """
    live: _Sites = {}
    tried: _Sites = {}
    ends: list[datetime] = []
    for shield in _unexpired(shields, now, ends):
        (tried if shield.is_on_trial else live).setdefault(shield.site, []).append(shield)
    wanted = (policy for policy in policies if policy.mode != Mode.OFF.value)
    for policy in _unexpired(wanted, now, ends):
        (live if policy.is_live else tried).setdefault(Site(policy.host, policy.path), []).append(policy)
    compiler = GroupCompiler(groups)
    compiled = [_compile(compiler, site, tenants) for site, tenants in live.items()]
    calendar = _Calendar(max(ends, default=None), sorted(_endings(live)))
    parts = _Parts(version, compiler, compiled, _indexes(live), calendar)
    snapshot = Snapshot(*parts)
    if tried:
        snapshot.be_tried_with(Snapshot(*_with_trials(parts, live, tried)), _last_end(tried), now)
    return snapshot


def _with_trials(parts: _Parts, live: _Sites, tried: _Sites) -> _Parts:
    """The same with what is on trial. Sites of live policies keep their places; new ones come after them."""
    together = {site: [*live.get(site, ()), *tenants] for site, tenants in tried.items()}
    sites = live | together
    groups = [
        _compile(parts.compiler, site, together[site]) if site in together else parts.groups[place]
        for place, site in enumerate(sites)
    ]
    grown = {site.host for site in tried if site not in live}
    indexes = {**parts.indexes, **_indexes(sites, grown)}
    calendar = parts.calendar._replace(ending=sorted(_endings(sites)))
    return _Parts(parts.version, parts.compiler, groups, indexes, calendar)


def _last_end(sites: _Sites) -> datetime | None:
    """When the last of all these expires; ``None``: never."""
    ends = [tenant.expires_at for tenants in sites.values() for tenant in tenants]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def _unexpired(tenants: Iterable[_T], now: datetime | None, ends: list[datetime]) -> Iterator[_T]:
    """What has not expired by ``now``; the ends of the others are added to ``ends``."""
    for tenant in tenants:
        end = tenant.expires_at
        if end is not None and now is not None and end <= now:
            ends.append(end)
        else:
            yield tenant


def _compile(compiler: GroupCompiler, site: Site, tenants: _Tenants) -> PathGroup | Policy:
    policies = [tenant for tenant in tenants if isinstance(tenant, Policy)]
    if len(policies) == len(tenants) == 1 and len(policies[0].allowed_origins) <= _FEW_ORIGINS:
        return policies[0]
    return compiler.compile(site, policies, is_shielded=len(policies) < len(tenants))


def _indexes(sites: Iterable[Site], hosts: Container[str] | None = None) -> dict[str, PathIndex[int]]:
    """For each host, or each of ``hosts``, where its paths have their places."""
    places: dict[str, list[tuple[str, int]]] = {}
    for place, site in enumerate(sites):
        if hosts is None or site.host in hosts:
            places.setdefault(site.host, []).append((site.path, place))
    return {host: _path_index(members) for host, members in places.items()}


def _endings(sites: Mapping[Site, _Tenants]) -> Iterator[_Ending]:
    for place, (site, tenants) in enumerate(sites.items()):
        end = _first_end(tenants)
        if end is not None:
            yield end, place, site, tenants


def _first_end(tenants: _Tenants) -> datetime | None:
    return min((tenant.expires_at for tenant in tenants if tenant.expires_at is not None), default=None)


def _end(ending: _Ending) -> datetime:
    return ending[0]


def _stored_pattern(text: str) -> PathPattern:
    """The pattern of a canonical text, which need not be checked once more."""
    return PathPattern(text, tuple(split_path(text)))


def _is_host(pattern: str, host: str) -> bool:
    return not pattern or (bool(host) and HostPattern(pattern).matches(host))


def _host_rank(pattern: str) -> tuple[int, int]:
    """The exact host, then the wildcards, the longest first, then every host."""
    if not pattern:
        return 2, 0
    return (1, -len(pattern)) if HostPattern(pattern).is_wildcard else (0, 0)


def _path_index(places: Iterable[tuple[str, int]]) -> PathIndex[int]:
    return PathIndex((parse_path_pattern(path), place) for path, place in places)


_NOBODY: Final = GroupCompiler({}).compile(Site("", "/"), ())
"""In the places of sites where all has expired."""
EMPTY_SNAPSHOT: Final = compile_snapshot((), {})
