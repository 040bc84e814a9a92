"""Snapshots and answers in few words, for tests of what is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cors_policies.core.engine import Decision, StatedFacts, decide
from cors_policies.core.path_group import Site
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import Shield, Snapshot, compile_snapshot

Groups = Mapping[str, Iterable[str]]


class Answer(NamedTuple):
    """A decision as tests compare it: everything that the client can see, and why."""

    reason: str
    status: int | None
    headers: dict[str, str]
    vary: set[str]


def compiled(
    *policies: Mapping[str, Any],
    groups: Groups | None = None,
    shields: Iterable[Site | Shield] = (),
    now: datetime | None = None,
) -> Snapshot:
    """The snapshot of valid policy documents; a policy without a name is called after its place: ``p0``."""
    document = {
        "policies": [{"name": f"p{place}", "path": "/**", **policy} for place, policy in enumerate(policies)],
        "origin_groups": [
            {"name": name, "origins": list(origins)} for name, origins in (groups or {}).items()
        ],
    }
    policy_set = parse_policy_set(document)
    by_name = {group.name: group for group in policy_set.origin_groups}
    all_shields = [shield if isinstance(shield, Shield) else Shield(shield) for shield in shields]
    return compile_snapshot(policy_set.policies, by_name, shields=all_shields, now=now)


def decided(snapshot: Snapshot, **facts: Any) -> Decision:
    """The decision about a request; a GET of ``/`` where nothing else is said."""
    return decide(snapshot, StatedFacts(**{"method": "GET", "path": "/", **facts}))


def answer(snapshot: Snapshot, **facts: Any) -> Answer:
    """What the client gets."""
    decision = decided(snapshot, **facts)
    headers = dict(decision.headers)
    assert len(headers) == len(decision.headers), "no header is sent twice"
    assert len(set(decision.vary)) == len(decision.vary)
    return Answer(decision.reason, decision.status, headers, set(decision.vary))


def preflight(snapshot: Snapshot, method: str | None = "GET", **facts: Any) -> Answer:
    """What the client gets for a preflight that asks for ``method``."""
    return answer(snapshot, **{"method": "OPTIONS", "requested_method": method, **facts})
