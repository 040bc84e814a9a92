"""What is at one site of a policy set, until when, and what does it compile to?

A *site* is a host and path pattern; its *tenants* are the policies that share it, the broken ones too.

Before you edit:

* A set is loaded while requests wait for the interpreter, and most of its policies are alone on their path
  with few origins. Such a one is compiled when its path is asked for first, which is some ten microseconds
  once; until then it is one object for the garbage collector, not four.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from cors_policies.core.path_group import GroupCompiler, PathGroup, Site
from cors_policies.core.path_index import PathIndex
from cors_policies.core.paths import PathPattern, parse_path_pattern, split_path
from cors_policies.core.policy import Policy

_FEW_ORIGINS: Final = 100
"""A policy with more is compiled with the set: no request shall wait for that."""


@dataclass(frozen=True, slots=True)
class Shield:
    """A policy that is broken, but for its site, and its end if that can be read."""

    site: Site
    expires_at: datetime | None = None
    is_on_trial: bool = False


_T = TypeVar("_T", Policy, Shield, Policy | Shield)
Tenants = Sequence[Policy | Shield]
"""All policies of one site."""
Sites = dict[Site, list[Policy | Shield]]
Ending = tuple[datetime, int, Site, Tenants]
"""When the first of a site's policies expires, the place of the site, and what is there until then."""


class Calendar(NamedTuple):
    """When the last policy has expired that is left out, and what will expire, the next one first."""

    since: datetime | None
    ending: list[Ending]


def unexpired(tenants: Iterable[_T], now: datetime | None, ends: list[datetime]) -> Iterator[_T]:
    """What has not expired by ``now``; the ends of the others are added to ``ends``."""
    for tenant in tenants:
        end = tenant.expires_at
        if end is not None and now is not None and end <= now:
            ends.append(end)
        else:
            yield tenant


def compile_site(compiler: GroupCompiler, site: Site, tenants: Tenants) -> PathGroup | Policy:
    """What the snapshot holds at the site: the path group, or the one policy that is compiled later."""
    policies = [tenant for tenant in tenants if isinstance(tenant, Policy)]
    if len(policies) == len(tenants) == 1 and len(policies[0].allowed_origins) <= _FEW_ORIGINS:
        return policies[0]
    return compiler.compile(site, policies, is_shielded=len(policies) < len(tenants))


def index_paths(sites: Iterable[Site], hosts: Container[str] | None = None) -> dict[str, PathIndex[int]]:
    """For each host, or each of ``hosts``, where its paths have their places."""
    places: dict[str, list[tuple[str, int]]] = {}
    for place, site in enumerate(sites):
        if hosts is None or site.host in hosts:
            places.setdefault(site.host, []).append((site.path, place))
    return {host: path_index(members) for host, members in places.items()}


def path_index(places: Iterable[tuple[str, int]]) -> PathIndex[int]:
    """The index of paths that are canonical, with their places."""
    return PathIndex((parse_path_pattern(path), place) for path, place in places)


def stored_pattern(text: str) -> PathPattern:
    """The pattern of a canonical text, which need not be checked once more."""
    return PathPattern(text, tuple(split_path(text)))


def endings(sites: Mapping[Site, Tenants]) -> Iterator[Ending]:
    """The sites that do not stay what they are, in no order."""
    for place, (site, tenants) in enumerate(sites.items()):
        end = first_end(tenants)
        if end is not None:
            yield end, place, site, tenants


def first_end(tenants: Tenants) -> datetime | None:
    """When the first of them expires; ``None``: none does."""
    return min((tenant.expires_at for tenant in tenants if tenant.expires_at is not None), default=None)


NOBODY: Final = GroupCompiler({}).compile(Site("", "/"), ())
"""In the places of sites where all has expired."""
