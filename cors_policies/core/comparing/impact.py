"""Whom would a change cut off who calls today, whom would it let in, and for whom does it open credentials?

Before you edit:

* Nothing is judged here: both sets are asked what they answer, by the engine.
* What was seen names a path pattern and no path. So a path is made up that the pattern governs; and one for
  each place that only the new set knows, where what was seen may be answered otherwise in part.
* Only requests that were allowed can be cut off, and only those that were refused for their origin or method
  can be let in. Request-header names are not seen, and whether credentials were sent is not either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, NamedTuple

from cors_policies.core.engine import (
    ALLOWED,
    METHOD_NOT_ALLOWED,
    ORIGIN_NOT_ALLOWED,
    Decision,
    StatedFacts,
    decide,
)
from cors_policies.core.path_group import Site
from cors_policies.core.paths import split_path
from cors_policies.core.policy import Document, OriginGroup, Policy
from cors_policies.core.segments import DOUBLE_STAR
from cors_policies.core.snapshot import Snapshot

DAYS: Final = 7
"""Days of which requests are looked at."""
MAX_PARTS: Final = 100
"""New places that are tried for what was seen on one pattern."""
MAX_NAMED: Final = 20
"""Origins of one policy that a document names."""
_FILLER: Final = "-x-"
_FILLED: Final = (f"{_FILLER}/{_FILLER}", _FILLER, "")
"""What a star and two stars stand for in a path that is made up: nothing that a narrower pattern spells."""
_LET_IN_FROM: Final = frozenset({ORIGIN_NOT_ALLOWED, METHOD_NOT_ALLOWED})


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """Requests of one origin that were answered for one reason, on the paths of one pattern."""

    host: str
    path: str
    origin: str
    method: str
    reason: str
    count: int

    @property
    def site(self) -> Site:
        """Host and path pattern of the path group that answered."""
        return Site(self.host, self.path)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is known of the requests of the last days."""

    seen: tuple[Seen, ...] = ()
    is_known: bool = False
    """Whether allowed requests are counted at all."""
    unnamed: int = 0
    """How many allowed requests were counted without their origin, for want of room."""


@dataclass(frozen=True, slots=True)
class PolicySide:
    """A set, before or after: compiled, and what of it is in force."""

    snapshot: Snapshot
    policies: Sequence[Policy]
    groups: Mapping[str, OriginGroup]
    broken: Sequence[Site] = ()
    """Where policies stand that are invalid, and let in nobody."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What was seen, and for what reason it would be answered from now on.

    ``is_partly``: only on some of its paths; how many of the requests went there is not known.
    """

    seen: Seen
    reason: str
    is_partly: bool = False

    def to_document(self) -> Document:
        """The JSON document."""
        return {**asdict(self.seen), "reason": self.reason, "partly": self.is_partly}


@dataclass(frozen=True, slots=True)
class Opened:
    """Origins whose credentials a policy would let through, where none did before.

    The site is the policy's own, or one that is not there any more and leaves its paths to the policy.
    """

    policy: str
    site: Site
    origins: tuple[str, ...]

    def to_document(self) -> Document:
        """The JSON document, with the first of the origins."""
        named = list(self.origins[:MAX_NAMED])
        return {
            "policy": self.policy,
            **self.site._asdict(),
            "origins": named,
            "origin_count": len(self.origins),
        }


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change would mean for those who call, the most frequent first."""

    cut_off: tuple[Effect, ...] = ()
    let_in: tuple[Effect, ...] = ()
    opened: tuple[Opened, ...] = ()
    traffic: Traffic = Traffic()

    @property
    def is_grave(self) -> bool:
        """Whether somebody should be asked once more before."""
        return bool(self.cut_off or self.opened)

    def to_document(self) -> Document:
        """The JSON document."""
        return {
            "days": DAYS,
            "known": self.traffic.is_known,
            "unnamed": self.traffic.unnamed,
            "cut_off": [effect.to_document() for effect in self.cut_off],
            "let_in": [effect.to_document() for effect in self.let_in],
            "opened_credentials": [opened.to_document() for opened in self.opened],
        }


def find_impact(old: PolicySide, new: PolicySide, traffic: Traffic) -> Impact:
    """What becomes of the traffic, and of credentials, where the new set takes the place of the old one."""
    effects = sorted(
        _effects(old, new, traffic.seen), key=lambda one: (-one.seen.count, one.seen, one.is_partly)
    )
    return Impact(
        tuple(effect for effect in effects if effect.seen.reason == ALLOWED),
        tuple(effect for effect in effects if effect.seen.reason != ALLOWED),
        tuple(_opened(old, new)),
        traffic,
    )


def concerned_sites(old: Snapshot, new: Snapshot, touched: Iterable[Site]) -> set[Site]:
    """The sites that are touched, and those that lose paths to them or take some over.

    To compare two sets, no more of them has to be known than where the others are.
    """
    found = set(touched)
    for site in [*found]:
        for there, beside in ((old, new), (new, old)):
            place = _place_of(there, site)
            group = None if place is None else beside.find_group(place.path, place.host)
            if group is not None:
                found.add(Site(group.host, group.path))
    return found


class _Place(NamedTuple):
    """A host and a path to ask both sets about."""

    host: str
    path: str


def _effects(old: PolicySide, new: PolicySide, seen: Iterable[Seen]) -> Iterator[Effect]:
    by_site: dict[Site, list[Seen]] = {}
    known = set(_sites(old))
    for one in seen:
        if one.origin and one.site in known:
            by_site.setdefault(one.site, []).append(one)
    parts = _parts(old, new, by_site)
    for site, found in by_site.items():
        own = _place_of(old.snapshot, site)
        for one in found:
            effect = None if own is None else _effect(old, new, one, own)
            if effect is None:
                partly = (_effect(old, new, one, place) for place in parts.get(site, ()))
                effect = next((replace(part, is_partly=True) for part in partly if part), None)
            if effect is not None:
                yield effect


def _effect(old: PolicySide, new: PolicySide, seen: Seen, place: _Place) -> Effect | None:
    """Whether the change turns what was seen into its contrary, if it is still answered as it was."""
    was, will_be = _asked(old, seen, place).reason, _asked(new, seen, place).reason
    is_cut_off = seen.reason == was == ALLOWED != will_be
    is_let_in = seen.reason in _LET_IN_FROM and was != ALLOWED and will_be == ALLOWED
    return Effect(seen, will_be) if is_cut_off or is_let_in else None


def _asked(side: PolicySide, seen: Seen, place: _Place) -> Decision:
    # No scheme: the origin is never the request's own.
    facts = StatedFacts(method=seen.method, path=place.path, origin=seen.origin, scheme="", host=place.host)
    return decide(side.snapshot, facts)


def _parts(old: PolicySide, new: PolicySide, sites: Mapping[Site, object]) -> dict[Site, list[_Place]]:
    """For each site that was seen the places in it that only the new set has a pattern of their own for."""
    found: dict[Site, list[_Place]] = {}
    if not sites:
        return found
    known = set(_sites(old))
    for site in dict.fromkeys(site for site in _sites(new) if site not in known):
        place = _place_of(new.snapshot, site)
        group = None if place is None else old.snapshot.find_group(place.path, place.host)
        if place is not None and group is not None:
            places = found.setdefault(Site(group.host, group.path), [])
            if len(places) < MAX_PARTS:
                places.append(place)
    return found


def _sites(side: PolicySide) -> Iterator[Site]:
    return (Site(policy.host, policy.path) for policy in side.policies)


def _place_of(snapshot: Snapshot, site: Site) -> _Place | None:
    """A place that the site's own pattern governs; ``None`` where it is not there, or others leave none."""
    host = site.host.replace("*", _FILLER)
    for filled in _FILLED:
        path = _made_up(site.path, filled)
        group = snapshot.find_group(path, host)
        if group is not None and (group.host, group.path) == site:
            return _Place(host, path)
    return None


def _made_up(pattern: str, filled: str) -> str:
    segments = [
        filled if segment == DOUBLE_STAR else segment.replace("*", _FILLER) for segment in split_path(pattern)
    ]
    return "/" + "/".join(segment for segment in segments if segment)


class _Credentialed:
    """What the policies of a set that allow credentials let through, site by site."""

    def __init__(self, side: PolicySide) -> None:
        self._groups = {name: frozenset(group.origins) for name, group in side.groups.items()}
        self._tenants: dict[Site, list[tuple[frozenset[str], tuple[str, ...]]]] = {}
        for policy in side.policies:
            if policy.allow_credentials:
                tenants = self._tenants.setdefault(Site(policy.host, policy.path), [])
                tenants.append((frozenset(policy.allowed_origins), policy.origin_groups))

    def lets(self, site: Site, origin: str) -> bool:
        """Whether the site has a policy with this pattern."""
        return any(
            origin in direct or any(origin in self.members(name) for name in groups)
            for direct, groups in self._tenants.get(site, ())
        )

    def uses(self, site: Site, group: str) -> bool:
        """Whether a policy of the site uses the group."""
        return any(group in groups for _direct, groups in self._tenants.get(site, ()))

    def members(self, group: str) -> frozenset[str]:
        """The origins of a group."""
        return self._groups.get(group, frozenset())


def _opened(old: PolicySide, new: PolicySide) -> Iterator[Opened]:
    before = _Credentialed(old)
    yield from _opened_at_their_sites(before, new)
    yield from _opened_by_leaving(before, old, new)


def _opened_by_leaving(before: _Credentialed, old: PolicySide, new: PolicySide) -> Iterator[Opened]:
    """Where a site goes, its paths are left to a broader one."""
    there = {*_sites(new), *new.broken}
    heirs: dict[Site, list[Site]] = {}
    for site in dict.fromkeys([*_sites(old), *old.broken]):
        place = None if site in there else _place_of(old.snapshot, site)
        group = None if place is None else new.snapshot.find_group(place.path, place.host)
        if group is not None:
            heirs.setdefault(Site(group.host, group.path), []).append(site)
    for policy in new.policies:
        left = heirs.get(Site(policy.host, policy.path), ()) if policy.allow_credentials else ()
        through = (origin for name in policy.origin_groups for origin in new.groups[name].origins)
        named = dict.fromkeys([*policy.allowed_origins, *through]) if left else {}
        for site in left:
            origins = tuple(origin for origin in named if not before.lets(site, origin))
            if origins:
                yield Opened(policy.name, site, origins)


def _opened_at_their_sites(before: _Credentialed, new: PolicySide) -> Iterator[Opened]:
    joined = {
        name: [origin for origin in group.origins if origin not in before.members(name)]
        for name, group in new.groups.items()
    }
    for policy in new.policies:
        site = Site(policy.host, policy.path)
        if policy.allow_credentials:
            # Of a group that the site used before, only what has joined it: there may be very many.
            through = (
                origin
                for name in policy.origin_groups
                for origin in (joined[name] if before.uses(site, name) else new.groups[name].origins)
            )
            named = dict.fromkeys([*policy.allowed_origins, *through])
            origins = tuple(origin for origin in named if not before.lets(site, origin))
            if origins:
                yield Opened(policy.name, site, origins)
