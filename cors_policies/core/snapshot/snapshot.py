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
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cors_policies.core.hosts import HostPattern, host_order
from cors_policies.core.path_group import GroupCompiler, PathGroup, Site
from cors_policies.core.path_index import PathIndex
from cors_policies.core.paths import PathPattern
from cors_policies.core.policy import Policy
from cors_policies.core.snapshot.sites import (
    NOBODY,
    Calendar,
    Ending,
    compile_site,
    first_end,
    path_index,
    stored_pattern,
    unexpired,
)

_MAX_KEPT: Final = 2048
_MAX_KEPT_PATH: Final = 200
"""Look-ups that are kept, and the longest path of one: half a megabyte at most."""
UNKNOWN: Final[Any] = object()
"""In place of a path group that must be looked for."""


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
        calendar: Calendar,
    ) -> None:
        """``indexes`` by host give places in ``groups``."""
        self.version = version
        self.since, self._ending = calendar
        """From when on this is the set, since a policy has expired; ``None``: always."""
        self._compiler = compiler
        self._groups = groups
        self._indexes = {host: index for host, index in indexes.items() if len(index)}
        named = {host: index for host, index in self._indexes.items() if host}
        self._any_host = self._indexes.get("") or path_index(())
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
            left = list(unexpired(tenants, now, ends))
            groups[place] = compile_site(self._compiler, site, left) if left else NOBODY
            if not left:
                empty.setdefault(site.host, []).append((stored_pattern(site.path), place))
            elif (end := first_end(left)) is not None:
                insort(ending, (end, place, site, left))
        indexes = {host: self._indexes[host].without(pairs) for host, pairs in empty.items()}
        calendar = Calendar(max(ends, default=self.since), ending)
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
            (host_order(group.host), pattern.sort_key, place)
            for place, group in enumerate(self._groups)
            if group is not NOBODY and _is_host(group.host, host)
            if (pattern := stored_pattern(group.path)).matches(path)
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


def _end(ending: Ending) -> datetime:
    return ending[0]


def _is_host(pattern: str, host: str) -> bool:
    return not pattern or (bool(host) and HostPattern(pattern).matches(host))
