"""What of a policy matters once it governs a request that nginx answers, and can nginx say it?

Before you edit:

* Policies that answer alike have equal behaviours. What identifies a policy (name, path, origins) is no part.
* The texts are values and expressions of nginx. A value cannot hold a ``$``, and a parameter has at most 4095
  bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from cors_policies.core import vocabulary as http
from cors_policies.core.exporting import nginx_patterns as patterns
from cors_policies.core.exporting.groups import ExportedGroup, ExportedPolicy, Reason, expiry_reasons
from cors_policies.core.path_group import SEPARATOR
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.texts import say

MAX_PARAMETER: Final = 4000
_TOO_LONG: Final = say("nginx takes at most {limit} bytes for this. Shorten it.", limit=MAX_PARAMETER)
_NOBODY: Final = "(?!)"


class Behaviour(NamedTuple):
    """How a policy answers. ``methods`` are those that pass, ``listed_methods`` those that are sent.

    ``resource_policy`` is that of its path group.
    """

    methods: tuple[str, ...]
    listed_methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    seconds: int | None
    credentials: bool
    private_network: bool
    rejects: bool
    sends_any_origin: bool
    shows_timing: bool
    resource_policy: str

    @property
    def method_expression(self) -> str:
        """For the methods that pass, up to the end."""
        if http.ANY in self.methods:
            return f"(?![*]\\z){patterns.TOKEN}+\\z"
        return f"{patterns.one_of(self.methods)}\\z" if self.methods else _NOBODY

    @property
    def names_expression(self) -> str:
        """For the lists of header names that pass, up to the end."""
        if http.ANY not in self.headers:
            return patterns.names_expression(self.headers)
        never = {http.ANY, http.NON_WILDCARD_REQUEST_HEADER} - (set(self.headers) - {http.ANY})
        return patterns.other_names_expression(sorted(never))

    @property
    def allow_methods(self) -> str:
        """The value of ``Access-Control-Allow-Methods``."""
        if http.ANY in self.methods:
            return "$http_access_control_request_method"
        return SEPARATOR.join(self.listed_methods)

    @property
    def allow_headers(self) -> str:
        """The value of ``Access-Control-Allow-Headers``."""
        return "$cors_policies_names" if http.ANY in self.headers else SEPARATOR.join(self.headers)

    @property
    def expose_headers(self) -> str:
        """The value of ``Access-Control-Expose-Headers``."""
        return SEPARATOR.join(self.exposed)

    @property
    def max_age(self) -> str:
        """The value of ``Access-Control-Max-Age``."""
        return "" if self.seconds is None else str(self.seconds)


def behaviour_of(exported: ExportedPolicy, group: ExportedGroup) -> Behaviour:
    """How the policy of the group answers."""
    policy = exported.policy
    return Behaviour(
        methods=exported.methods,
        listed_methods=policy.allowed_methods,
        headers=policy.allowed_headers,
        exposed=policy.exposed_headers,
        seconds=policy.max_age,
        credentials=policy.allow_credentials,
        private_network=policy.allow_private_network,
        rejects=policy.reject_denied,
        sends_any_origin=exported.sends_any_origin,
        shows_timing=policy.timing_allow_origin,
        resource_policy=group.resource_policy,
    )


def nginx_reasons(group: ExportedGroup) -> Iterator[Reason]:
    """What of the group's policies nginx cannot do."""
    site = patterns.site_expression(group.site.host, parse_path_pattern(group.site.path))
    for exported in group.policies:
        yield from expiry_reasons(exported, "nginx")
        yield from _origin_reasons(exported)
        if len(site) > MAX_PARAMETER:
            yield exported.reason("path", _TOO_LONG)
        behaviour = behaviour_of(exported, group)
        for field, names, expression in (
            ("allowed_methods", behaviour.methods, behaviour.method_expression),
            ("allowed_headers", behaviour.headers, behaviour.names_expression),
            ("exposed_headers", behaviour.exposed, ""),
        ):
            yield from (exported.reason(field, message) for message in _name_problems(names, expression))


def _origin_reasons(exported: ExportedPolicy) -> Iterator[Reason]:
    for field, pattern in exported.origins:
        if patterns.origin_expression(pattern) is None:
            message = say(
                "nginx would match {pattern} by backtracking, which a stranger's Origin can make "
                "slow. Write the origins, or a wildcard such as https://*.example.com.",
                pattern=pattern.text,
            )
            yield exported.reason(field, message)


def _name_problems(names: tuple[str, ...], expression: str) -> Iterator[str]:
    if max(len(expression), len(SEPARATOR.join(names))) > MAX_PARAMETER:
        yield _TOO_LONG
    if any("$" in name for name in names):
        yield say("nginx takes a $ for a variable. Remove the names that hold one.")
