"""How is a policy set compiled into a snapshot, and into that of its trial?

Before you edit: a trial shares every index and path group that no trial policy touches. Sites of live
policies have the same places in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from cors_policies.core.path_group import GroupCompiler, PathGroup, Site
from cors_policies.core.path_index import PathIndex
from cors_policies.core.policy import Mode, OriginGroup, Policy
from cors_policies.core.snapshot.sites import (
    Calendar,
    Shield,
    Sites,
    compile_site,
    endings,
    index_paths,
    unexpired,
)
from cors_policies.core.snapshot.snapshot import Snapshot


class _Parts(NamedTuple):
    """What a snapshot is made of."""

    version: str
    compiler: GroupCompiler
    groups: list[PathGroup | Policy]
    indexes: Mapping[str, PathIndex[int]]
    calendar: Calendar


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
    live: Sites = {}
    tried: Sites = {}
    ends: list[datetime] = []
    for shield in unexpired(shields, now, ends):
        (tried if shield.is_on_trial else live).setdefault(shield.site, []).append(shield)
    wanted = (policy for policy in policies if policy.mode != Mode.OFF.value)
    for policy in unexpired(wanted, now, ends):
        (live if policy.is_live else tried).setdefault(Site(policy.host, policy.path), []).append(policy)
    compiler = GroupCompiler(groups)
    compiled = [compile_site(compiler, site, tenants) for site, tenants in live.items()]
    calendar = Calendar(max(ends, default=None), sorted(endings(live)))
    parts = _Parts(version, compiler, compiled, index_paths(live), calendar)
    snapshot = Snapshot(*parts)
    if tried:
        snapshot.be_tried_with(Snapshot(*_with_trials(parts, live, tried)), _last_end(tried), now)
    return snapshot


def _with_trials(parts: _Parts, live: Sites, tried: Sites) -> _Parts:
    """The same with what is on trial. Sites of live policies keep their places; new ones come after them."""
    together = {site: [*live.get(site, ()), *tenants] for site, tenants in tried.items()}
    sites = live | together
    groups = [
        compile_site(parts.compiler, site, together[site]) if site in together else parts.groups[place]
        for place, site in enumerate(sites)
    ]
    grown = {site.host for site in tried if site not in live}
    indexes = {**parts.indexes, **index_paths(sites, grown)}
    calendar = parts.calendar._replace(ending=sorted(endings(sites)))
    return _Parts(parts.version, parts.compiler, groups, indexes, calendar)


def _last_end(sites: Sites) -> datetime | None:
    """When the last of all these expires; ``None``: never."""
    ends = [tenant.expires_at for tenants in sites.values() for tenant in tenants]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


EMPTY_SNAPSHOT: Final = compile_snapshot((), {})
