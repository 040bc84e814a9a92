"""Which path groups does an export hold, and in which order does a request try them?

An *export* says what policies mean in the words of another program: nginx, a storage service.

Before you edit:

* The order is the middleware's: exact hosts, wildcard hosts from the longest on, every host; for each of them
  the most specific path first. Whoever tries them in this order and stops at the first that matches has found
  the path group that governs.
* What cannot be said in the other program's words is refused, all of it at once. An export that lets in more
  than the policies do is never made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from cors_policies.core import vocabulary as http
from cors_policies.core.hosts import host_order, parse_host_pattern
from cors_policies.core.origins import OriginPattern, parse_origin_pattern
from cors_policies.core.path_group import Site, resource_policy_of
from cors_policies.core.paths import intersects, parse_path_pattern
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say, say_series

_NO_GROUPS: Final = say("There is no live policy. Write one first.")


class Reason(NamedTuple):
    """Why something cannot be exported, or what the other program does otherwise; and what to do."""

    policy: str
    field: str
    message: str

    def __str__(self) -> str:
        if not self.policy:
            return self.message
        return say("policy {policy}: {field}: {message}", **self._asdict())


class InexpressibleError(ValueError):
    """The other program cannot do what the policies say. ``reasons`` holds every reason."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(map(str, self.reasons)))


class PlacedOrigin(NamedTuple):
    """An origin pattern of a policy, and the field that it comes from."""

    field: str
    pattern: OriginPattern


@dataclass(frozen=True, slots=True)
class ExportedPolicy:
    """A policy with its origins, those of its groups too; ``*`` alone where it is among them.

    ``sends_any_origin``: it is alone, and answers ``*`` to everybody.
    """

    policy: Policy
    origins: tuple[PlacedOrigin, ...]
    sends_any_origin: bool

    @property
    def methods(self) -> tuple[str, ...]:
        """What passes the check of methods: ``GET`` lets ``HEAD`` through too."""
        listed = self.policy.allowed_methods
        return (*listed, "HEAD") if "GET" in listed and "HEAD" not in listed else listed

    def reason(self, field: str, message: str) -> Reason:
        """A reason that is about this policy."""
        return Reason(self.policy.name, field, message)


@dataclass(frozen=True, slots=True)
class ExportedGroup:
    """The live policies of one host and path, in the order in which they are tried."""

    site: Site
    policies: tuple[ExportedPolicy, ...]

    @property
    def reject_denied(self) -> bool:
        """Whether an actual request is rejected whose origin no policy matches."""
        return any(exported.policy.reject_denied for exported in self.policies)

    @property
    def resource_policy(self) -> str:
        """What every response of the path says of embedding; empty where no policy has that."""
        return resource_policy_of(exported.policy for exported in self.policies) or ""

    def __str__(self) -> str:
        if not self.site.host:
            return say("{path} on every host", path=self.site.path)
        return say("{path} on {host}", path=self.site.path, host=self.site.host)


def collect_groups(
    policies: Iterable[Policy], groups: Mapping[str, OriginGroup], now: datetime
) -> list[ExportedGroup]:
    """The path groups of all policies that are live at that time, in the order in which they are tried."""
    members: dict[Site, list[Policy]] = {}
    for policy in policies:
        if policy.is_in_force(now):
            members.setdefault(Site(policy.host, policy.path), []).append(policy)
    sites = sorted(members, key=_site_key)
    return [ExportedGroup(site, _exported(members[site], groups)) for site in sites]


def choose_group(groups: Sequence[ExportedGroup], path: str | None, host: str = "") -> ExportedGroup:
    """The group of that host and path pattern; the only one where no path is given.

    Raises :class:`InexpressibleError` with what there is.
    """
    if path is None:
        found = list(groups)
        wanted = say("Say with --path which path group is meant")
    else:
        site = Site(_canonical_host(host), _canonical_path(path))
        found = [group for group in groups if group.site == site]
        wanted = say(
            "No live policy has the path {path} and the host {host}",
            path=site.path,
            host=site.host or say("(every host)"),
        )
    if len(found) == 1:
        return found[0]
    there = say_series([str(group) for group in groups], "; ")
    message = say("{wanted}. Write one of: {there}.", wanted=wanted, there=there) if groups else _NO_GROUPS
    raise InexpressibleError([Reason("", "", message)])


def groups_before(groups: Sequence[ExportedGroup], chosen: ExportedGroup) -> list[ExportedGroup]:
    """The groups that are tried before the chosen one, and have a path in common with it."""
    path = parse_path_pattern(chosen.site.path)
    tried_before = groups[: groups.index(chosen)]
    return [group for group in tried_before if intersects(parse_path_pattern(group.site.path), path)]


def expiry_reasons(exported: ExportedPolicy, program: str) -> list[Reason]:
    """Nobody takes an exported policy away on time."""
    if exported.policy.expires_at is None:
        return []
    message = say(
        "{program} would go on with this policy after it has expired. Remove expires_at, "
        "and the policy when it is due; or leave its path to the middleware.",
        program=program,
    )
    return [exported.reason("expires_at", message)]


def _site_key(site: Site) -> tuple[object, ...]:
    return (*host_order(site.host), parse_path_pattern(site.path).sort_key)


def _exported(policies: list[Policy], groups: Mapping[str, OriginGroup]) -> tuple[ExportedPolicy, ...]:
    tried = sorted(policies, key=lambda policy: policy.order)
    return tuple(_with_origins(policy, groups, alone=len(tried) == 1) for policy in tried)


def _with_origins(policy: Policy, groups: Mapping[str, OriginGroup], *, alone: bool) -> ExportedPolicy:
    fields = [(f"allowed_origins.{place}", text) for place, text in enumerate(policy.allowed_origins)]
    for place, name in enumerate(policy.origin_groups):
        fields += [(f"origin_groups.{place}", text) for text in groups[name].origins]
    everybody = [(field, text) for field, text in fields if text == http.ANY]
    origins = tuple(
        PlacedOrigin(field, parse_origin_pattern(text)) for field, text in everybody[:1] or fields
    )
    return ExportedPolicy(policy, origins, alone and bool(everybody) and not policy.allow_credentials)


def _canonical_path(path: str) -> str:
    try:
        return parse_path_pattern(path).text
    except PatternError as error:
        raise InexpressibleError([Reason("", "", say("--path: {fault}", fault=error))]) from error


def _canonical_host(host: str) -> str:
    try:
        return parse_host_pattern(host).text if host else ""
    except PatternError as error:
        raise InexpressibleError([Reason("", "", say("--host: {fault}", fault=error))]) from error
