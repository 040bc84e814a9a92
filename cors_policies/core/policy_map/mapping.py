"""Where does each policy of a set stand, in the order in which requests look, and whom does it let in?

Before you edit:

* The order is that of selection: exact hosts, wildcard hosts, the longest first, every host; then the most
  specific path; then priority and name. Every policy stands in it once, what is off, expired or broken too.
* This says what is there and changes nothing of it: which pattern governs a path is the snapshot's to say.
* What is broken as it is stored has a name and problems. A place it has where it still shields one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from cors_policies.core import vocabulary as http
from cors_policies.core.hosts import host_order
from cors_policies.core.path_group import Site
from cors_policies.core.paths import PathPattern, drop_trailing_slash, split_path
from cors_policies.core.policy import Mode, OriginGroup, Policy, has_ended
from cors_policies.core.problems import Problem

EXPIRED: Final = "expired"
BROKEN: Final = "broken"
SHIELD: Final = "shield"
_LAST: Final = 2**31
"""The priority of what has none that can be read: after all others."""


class Access(NamedTuple):
    """Whom a policy lets in: every origin, or so many of its own and those of some groups."""

    any_origin: bool = False
    origins: int = 0
    groups: tuple[str, ...] = ()

    @property
    def is_nobody(self) -> bool:
        """Whether it is a shield."""
        return not (self.any_origin or self.origins or self.groups)


@dataclass(frozen=True, slots=True)
class BrokenPolicy:
    """A stored policy that validation refuses. ``site`` is what it shields, or ``None``."""

    name: str
    problems: tuple[Problem, ...]
    site: Site | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One policy on the map. ``marks`` are its mode, if that is not live, and the constants above.

    ``is_in_force`` tells whether requests obey it, or are kept out by it, at the time of the map.
    """

    name: str
    site: Site | None
    access: Access
    allow_credentials: bool = False
    marks: tuple[str, ...] = ()
    is_in_force: bool = True
    priority: int = _LAST

    @property
    def is_broken(self) -> bool:
        """Whether validation refuses it."""
        return BROKEN in self.marks


def chart(
    policies: Iterable[Policy],
    groups: Mapping[str, OriginGroup],
    broken: Iterable[BrokenPolicy] = (),
    *,
    now: datetime,
) -> list[Entry]:
    """Every policy once, in the order of selection; what is broken and has no place comes last."""
    access = _Accesses(groups)
    entries = [_entry(policy, access.of(policy), now) for policy in policies]
    entries += [_broken_entry(row, now) for row in broken]
    hosts = {entry.site.host for entry in entries if entry.site}
    ranks = {host: rank for rank, host in enumerate(hosts_in_order(hosts))}
    keys = {path: path_key(path) for path in {entry.site.path for entry in entries if entry.site}}
    placed = [(ranks[entry.site.host], keys[entry.site.path], entry) for entry in entries if entry.site]
    placed.sort(key=lambda item: (item[0], item[1], item[2].priority, item[2].name))
    homeless = sorted((entry for entry in entries if not entry.site), key=lambda entry: entry.name)
    return [*(entry for _, _, entry in placed), *homeless]


def hosts_in_order(hosts: Iterable[str]) -> list[str]:
    """Host patterns in the order in which they are tried: exact, the longest wildcard, every host."""
    return sorted(hosts, key=host_order)


def path_key(path: str) -> Sequence[tuple[int, int, str]]:
    """The key of a stored path pattern that orders patterns, the most specific first."""
    return PathPattern(path, tuple(split_path(path))).sort_key


def narrowed(
    entries: Iterable[Entry], *, host: str | None = None, prefix: str = "", path: str = ""
) -> Iterator[Entry]:
    """The entries of one host, of one path pattern, and those whose patterns start with some segments."""
    start = prefix_segments(prefix)
    for entry in entries:
        site = entry.site
        if site is None:
            if host is None and not start and not path:
                yield entry
        elif (
            (host is None or site.host == host)
            and (not path or site.path == path)
            and split_path(site.path)[: len(start)] == start
        ):
            yield entry


def prefix_segments(prefix: str) -> list[str]:
    """The segments that a prefix of paths has: none where it is none."""
    return split_path(drop_trailing_slash(prefix)) if prefix.startswith("/") else []


def found_names(
    text: str,
    policies: Iterable[Policy],
    groups: Mapping[str, OriginGroup],
    broken: Iterable[BrokenPolicy] = (),
) -> set[str]:
    """The names of the policies in which every word of the text is found.

    In the name, host, path, an origin, or the name or an origin of a group; case does not count.
    """
    words = text.casefold().split()
    texts = {name: "\n".join((name, *group.origins)).casefold() for name, group in groups.items()}
    members = {name: {word for word in words if word in found} for name, found in texts.items()}
    names = {policy.name for policy in policies if _holds(policy, words, members)}
    return names | {row.name for row in broken if all(word in _broken_text(row) for word in words)}


def _holds(policy: Policy, words: Iterable[str], members: Mapping[str, Collection[str]]) -> bool:
    own = "\n".join((policy.name, policy.host, policy.path, *policy.allowed_origins)).casefold()
    through = {word for name in policy.origin_groups for word in members.get(name, ())}
    return all(word in own or word in through for word in words)


def _broken_text(row: BrokenPolicy) -> str:
    return "\n".join((row.name, *(row.site or ()))).casefold()


def _entry(policy: Policy, access: Access, now: datetime) -> Entry:
    ended = has_ended(policy.expires_at, now)
    marks = (
        *(() if policy.is_live else (_mode(policy),)),
        *((EXPIRED,) if ended else ()),
        *((SHIELD,) if access.is_nobody else ()),
    )
    return Entry(
        name=policy.name,
        site=Site(policy.host, policy.path),
        access=access,
        allow_credentials=policy.allow_credentials,
        marks=marks,
        is_in_force=policy.is_live and not ended,
        priority=policy.priority,
    )


def _mode(policy: Policy) -> str:
    return policy.mode.value if isinstance(policy.mode, Mode) else policy.mode


def _broken_entry(row: BrokenPolicy, now: datetime) -> Entry:
    ended = has_ended(row.expires_at, now)
    return Entry(
        name=row.name,
        site=row.site,
        access=Access(),
        marks=(BROKEN, *((EXPIRED,) if ended else ())),
        is_in_force=row.site is not None and not ended,
    )


class _Accesses:
    """Whom policies let in; each group is looked at once."""

    def __init__(self, groups: Mapping[str, OriginGroup]) -> None:
        self._open = {name for name, group in groups.items() if http.ANY in group.origins}
        self._peopled = {name for name, group in groups.items() if group.origins}

    def of(self, policy: Policy) -> Access:
        """Groups without origins let in nobody, and are left out."""
        if http.ANY in policy.allowed_origins or not self._open.isdisjoint(policy.origin_groups):
            return Access(any_origin=True)
        groups = tuple(name for name in policy.origin_groups if name in self._peopled)
        return Access(origins=len(policy.allowed_origins), groups=groups)
