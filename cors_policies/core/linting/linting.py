"""What in this policy set is accepted, and yet probably not intended?

Before you edit:

* ``lint`` judges valid sets and never raises; what is refused comes in through ``lint_document``.
* What is off or has expired is as if absent: of an expired policy it is said that it has expired, of one that
  is off nothing.
* What is wrong with an entry of a group is said once, at the group, and only while some policy uses it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from cors_policies.core.findings import ERROR, WARNING, Finding, group_attr
from cors_policies.core.guardrails import NO_GUARDRAILS, Guardrails
from cors_policies.core.linting.openness import ANY_ORIGIN, judge
from cors_policies.core.linting.overlaps import Overlaps
from cors_policies.core.policy import Mode, OriginGroup, Policy, has_ended
from cors_policies.core.policy_set import PolicySet, check_policy_set
from cors_policies.core.problems import Problem
from cors_policies.core.texts import say
from cors_policies.core.timestamps import timestamp_text
from cors_policies.core.validation import check_patterns

EXPIRED: Final = "expired"
_PRIVATE_NETWORK: Final = say(" With allow_private_network it can reach the network of each visitor, too.")


def lint(policy_set: PolicySet, now: datetime, about: Collection[str] | None = None) -> tuple[Finding, ...]:
    """Every finding about a valid set: policy by policy, then group by group.

    ``about`` holds names of policies: then only what there is about these and the groups that they use, which
    costs as much as they are large, and not as the set is.
    """
    wanted = [policy for policy in policy_set.policies if policy.mode != Mode.OFF.value]
    active = [policy for policy in wanted if not has_ended(policy.expires_at, now)]
    judged = active if about is None else [policy for policy in active if policy.name in about]
    beside = active if about is None else _neighbours(active, judged)
    groups = _groups(policy_set, None if about is None else beside)
    overlaps = Overlaps(groups)
    found = [_expired(policy) for policy in wanted if has_ended(policy.expires_at, now)]
    found += _shadowed(beside, overlaps)
    for policy in judged:
        found += [*overlaps.redundant_entries(policy), *_open_entries(policy)]
    if about is not None:
        found = [finding for finding in found if finding.policy in about]
    places = {policy.name: place for place, policy in enumerate(policy_set.policies)}
    found.sort(key=lambda finding: places[finding.policy or ""])
    users = _users(active)
    for group in _groups(policy_set, None if about is None else judged).values():
        found += [*overlaps.redundant_members(group.name), *_open_members(group, users[group.name])]
    return tuple(found)


def lint_document(document: object, now: datetime, rails: Guardrails = NO_GUARDRAILS) -> tuple[Finding, ...]:
    """Every problem of a policy set document, as an error, and the findings about what is valid in it.

    Entries are numbered as they were submitted.
    """
    policy_set, problems = check_policy_set(document, rails=rails)
    refused = [problem_finding(problem, _policy_name(document, problem)) for problem in problems]
    return (*refused, *lint(_as_submitted(policy_set, document), now))


def problem_finding(problem: Problem, policy: str | None = None) -> Finding:
    """The problem as a finding."""
    return Finding(ERROR, problem.code, policy, problem.attr or None, problem.message)


def _neighbours(policies: Iterable[Policy], judged: Iterable[Policy]) -> list[Policy]:
    """Those that share a host and path with one of the others."""
    sites = {(policy.host, policy.path) for policy in judged}
    return [policy for policy in policies if (policy.host, policy.path) in sites]


def _groups(policy_set: PolicySet, users: Iterable[Policy] | None) -> dict[str, OriginGroup]:
    """The groups that these policies use, by name; ``None``: all of the set."""
    used = None if users is None else {name for policy in users for name in policy.origin_groups}
    return {group.name: group for group in policy_set.origin_groups if used is None or group.name in used}


def _expired(policy: Policy) -> Finding:
    moment = timestamp_text(policy.expires_at) if policy.expires_at else ""
    detail = say(
        "It has been as if absent since {moment}. Set expires_at to a later moment or null, or delete it.",
        moment=moment,
    )
    return Finding(WARNING, EXPIRED, policy.name, "expires_at", detail)


def _shadowed(active: list[Policy], overlaps: Overlaps) -> list[Finding]:
    """Among the live ones; and what is not live yet, beside those that are."""
    live = [policy for policy in active if policy.is_live]
    found = list(overlaps.shadowed_policies(live))
    if len(live) < len(active):
        waiting = {policy.name for policy in active if not policy.is_live}
        found += [finding for finding in overlaps.shadowed_policies(active) if finding.policy in waiting]
    return found


def _users(policies: Iterable[Policy]) -> Mapping[str, list[Policy]]:
    """The policies by the groups that they use."""
    users: dict[str, list[Policy]] = defaultdict(list)
    for policy in policies:
        for name in policy.origin_groups:
            users[name].append(policy)
    return users


def _open_entries(policy: Policy) -> Iterator[Finding]:
    for place, text in enumerate(policy.allowed_origins):
        for level, code, detail in judge(text, with_credentials=policy.allow_credentials):
            reach = _PRIVATE_NETWORK if code == ANY_ORIGIN and policy.allow_private_network else ""
            yield Finding(
                level,
                code,
                policy.name,
                f"allowed_origins.{place}",
                say("{detail}{more}", detail=detail, more=reach),
            )


def _open_members(group: OriginGroup, users: list[Policy]) -> Iterator[Finding]:
    """As bad as the worst of the policies that use the group."""
    if not users:
        return
    with_credentials = any(policy.allow_credentials for policy in users)
    private = any(policy.allow_private_network for policy in users)
    for place, text in enumerate(group.origins):
        for level, code, detail in judge(text, with_credentials=with_credentials):
            reach = _PRIVATE_NETWORK if code == ANY_ORIGIN and private else ""
            yield Finding(
                level,
                code,
                None,
                group_attr(group.name, place),
                say("{detail}{more}", detail=detail, more=reach),
            )


def _policy_name(document: object, problem: Problem) -> str | None:
    """The name of the policy that the problem of a document is about, where it has one."""
    key, _, rest = problem.attr.partition(".")
    place = rest.partition(".")[0]
    policies = document.get("policies") if isinstance(document, Mapping) and key == "policies" else None
    if not isinstance(policies, list | tuple) or not place.isdecimal():
        return None
    policy = policies[int(place)]
    name = policy.get("name") if isinstance(policy, Mapping) else None
    return name if isinstance(name, str) else None


def _as_submitted(policy_set: PolicySet, document: object) -> PolicySet:
    """The same set with its lists of origins in full: what normalising drops is superfluous, too."""
    groups, policies = _by_name(document, "origin_groups"), _by_name(document, "policies")
    return PolicySet(
        tuple(
            replace(group, origins=_submitted(groups, group.name, "origins", group.origins))
            for group in policy_set.origin_groups
        ),
        tuple(
            replace(
                policy,
                allowed_origins=_submitted(policies, policy.name, "allowed_origins", policy.allowed_origins),
                origin_groups=tuple(policies[policy.name].get("origin_groups", ()))
                if policy.name in policies
                else policy.origin_groups,
            )
            for policy in policy_set.policies
        ),
    )


def _by_name(document: object, kind: str) -> dict[str, Mapping[str, Any]]:
    """The objects of one kind that have a name of their own."""
    items = document.get(kind) if isinstance(document, Mapping) else None
    named = [
        item
        for item in (items if isinstance(items, list | tuple) else ())
        if isinstance(item, Mapping) and isinstance(item.get("name"), str)
    ]
    counts = Counter(item["name"] for item in named)
    return {item["name"]: item for item in named if counts[item["name"]] == 1}


def _submitted(
    owners: Mapping[str, Mapping[str, Any]], name: str, key: str, normalized: tuple[str, ...]
) -> tuple[str, ...]:
    """Canonical patterns, one for each entry of the list."""
    if name not in owners:
        return normalized
    return tuple(text for _, text in check_patterns(owners[name].get(key, ()), key)[0])
