"""What does a bucket of a storage service do otherwise than the middleware, whatever the service?

A bucket has one CORS configuration for all of its objects: a list of rules, the first of which that matches a
request answers it.

Before you edit:

* A rule matches by origin *and* method (and header names, with S3). A policy governs by origin alone: where
  it denies, no other is tried. So a later policy that lets through more than an earlier one for the same
  origin is refused.
* No path is left out in silence: where a narrower policy shields a part of the path, the bucket could not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from cors_policies.core import vocabulary as http
from cors_policies.core.exporting.groups import (
    ExportedGroup,
    ExportedPolicy,
    InexpressibleError,
    Reason,
    expiry_reasons,
    groups_before,
)
from cors_policies.core.origins import OriginKind, OriginPattern
from cors_policies.core.texts import say

LetsThroughMore = Callable[[ExportedPolicy, ExportedPolicy], bool]
_WHOLE: Final = say("Write a policy for the path that the bucket serves, and export that one.")


@dataclass(frozen=True, slots=True)
class BucketExport:
    """The rules as the service's own tool takes them, and what it does otherwise than the middleware."""

    rules: object
    remarks: tuple[Reason, ...] = ()


def check_bucket(
    service: str, groups: Sequence[ExportedGroup], chosen: ExportedGroup, lets_more: LetsThroughMore
) -> list[Reason]:
    """Why no bucket of the service can answer for the chosen path group."""
    return [
        *_narrower_paths(service, groups, chosen),
        *(reason for exported in chosen.policies for reason in _policy_reasons(service, exported)),
        *_fall_through(service, chosen, lets_more),
    ]


def raise_any(reasons: Iterable[Reason]) -> None:
    """Raises :class:`InexpressibleError` if there is a reason."""
    found = tuple(reasons)
    if found:
        raise InexpressibleError(found)


def has_any_origin(exported: ExportedPolicy) -> bool:
    """Whether the policy allows every origin."""
    return any(pattern.kind is OriginKind.ANY for _, pattern in exported.origins)


def may_meet(one: OriginPattern, other: OriginPattern) -> bool:
    """Whether an origin could match both; ``False`` is a promise that none does."""
    if OriginKind.ANY in {one.kind, other.kind}:
        return True
    if one.is_exact:
        return other.matches(one.text)
    if other.is_exact:
        return one.matches(other.text)
    if one.scheme != other.scheme:
        return OriginKind.EXPRESSION in {one.kind, other.kind}
    ends = [f".{pattern.host}" if pattern.host else "" for pattern in (one, other)]
    return ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])


def _narrower_paths(service: str, groups: Sequence[ExportedGroup], chosen: ExportedGroup) -> Iterator[Reason]:
    for group in groups_before(groups, chosen):
        if group.site.host == chosen.site.host:
            message = say(
                "{path} is governed by this policy, not by those of {wider}, and a bucket of "
                "{service} has one configuration for all of its objects. {remedy}",
                path=group.site.path,
                wider=chosen.site.path,
                service=service,
                remedy=_WHOLE,
            )
            yield group.policies[0].reason("path", message)


def _policy_reasons(service: str, exported: ExportedPolicy) -> Iterator[Reason]:
    yield from expiry_reasons(exported, service)
    if exported.policy.reject_denied:
        message = say(
            "{service} answers a denied request, too. Remove reject_denied. {remedy}",
            service=service,
            remedy=_WHOLE,
        )
        yield exported.reason("reject_denied", message)
    if exported.policy.allow_private_network:
        message = say(
            "{service} does not answer questions for a private network. Remove allow_private_network.",
            service=service,
        )
        yield exported.reason("allow_private_network", message)
    yield from _embedding_reasons(service, exported)
    for field, pattern in exported.origins:
        if pattern.kind is OriginKind.EXPRESSION:
            message = say(
                "{service} takes no expressions. Write the origins of {pattern} one by one.",
                service=service,
                pattern=pattern.text,
            )
            yield exported.reason(field, message)
        if pattern.kind is OriginKind.NULL:
            message = say(
                "{service} documents no rule for null. Remove it, or serve the files by nginx or Django.",
                service=service,
            )
            yield exported.reason(field, message)


def _embedding_reasons(service: str, exported: ExportedPolicy) -> Iterator[Reason]:
    for field, is_said, header in (
        ("resource_policy", exported.policy.resource_policy, http.CROSS_ORIGIN_RESOURCE_POLICY),
        ("timing_allow_origin", exported.policy.timing_allow_origin, http.TIMING_ALLOW_ORIGIN),
    ):
        if is_said:
            message = f"{service} sends no {header}. Remove {field}, or serve the files by nginx or Django."
            yield exported.reason(field, message)


def _fall_through(service: str, chosen: ExportedGroup, lets_more: LetsThroughMore) -> Iterator[Reason]:
    for earlier, later in combinations(chosen.policies, 2):
        if lets_more(later, earlier) and _share_origins(earlier, later):
            message = say(
                '{service} tries this policy, too, where policy "{policy}" matches the origin '
                "and denies. Remove the origins that both match, or let the first allow as much.",
                service=service,
                policy=earlier.policy.name,
            )
            yield later.reason("allowed_origins", message)


def _share_origins(one: ExportedPolicy, other: ExportedPolicy) -> bool:
    return any(may_meet(mine, theirs) for _, mine in one.origins for _, theirs in other.origins)


def allows_more_methods(one: ExportedPolicy, other: ExportedPolicy) -> bool:
    """Whether one lets a method through that the other does not."""
    return http.ANY not in other.methods and not set(one.methods) <= set(other.methods)
