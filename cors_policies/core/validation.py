"""Is this document a policy or a group that we accept? If not: everything that is wrong with it, at once.

Before you edit:

* Ill-formed and refused are told apart by their codes (docs/problems.md), which are public.
* This is the only way from what somebody wrote to a :class:`Policy`. The loader takes it too, so that a row
  that was broken by hand is found by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from cors_policies.core import vocabulary as http
from cors_policies.core.credentials import CSRF, Offence, Trusting, find_offences, offences_against
from cors_policies.core.entries import (
    Entries,
    normalized,
    read_group_names,
    read_methods,
    read_origins,
    read_request_headers,
    read_response_headers,
)
from cors_policies.core.guardrails import NO_GUARDRAILS, Bounded, Breach, Guardrails
from cors_policies.core.hosts import parse_host_pattern
from cors_policies.core.origins import OriginPattern, parse_origin_pattern
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import (
    GROUP_KEYS,
    MAX_MAX_AGE,
    MAX_PRIORITY,
    ORIGIN_KEYS,
    POLICY_KEYS,
    RESOURCE_POLICIES,
    DescribedOrigin,
    Mode,
    OriginGroup,
    Policy,
)
from cors_policies.core.problems import Problem
from cors_policies.core.reading import Reader
from cors_policies.core.texts import say

Objection = Offence | Breach
KnownGroups = Mapping[str, Sequence[Objection]]
"""The groups that a policy may name, each with what speaks against its origins (:func:`find_objections`)."""

_MODES: Final = tuple(mode.value for mode in Mode)


def check_policy(
    document: object, groups: KnownGroups, rails: Guardrails = NO_GUARDRAILS
) -> tuple[Policy | None, tuple[Problem, ...]]:
    """The policy, or ``None`` and every problem. Those of the groups were found by the same ``rails``."""
    if not isinstance(document, Mapping):
        return None, (_no_object(document),)
    reader = Reader(document, POLICY_KEYS)
    policy, submitted = _read_policy(reader, groups)
    _check_origins(reader, policy, submitted.origins, rails)
    _check_groups(reader, policy, submitted.groups, groups)
    if rails.max_age is not None:
        _check_max_age(reader, policy, rails)
    if policy.allow_credentials:
        _check_exposed_any(reader, submitted.exposed)
    elif policy.trust_for_csrf:
        message = say(
            "The CSRF check is for requests with cookies. Set allow_credentials, or switch this off."
        )
        reader.note(CSRF, "trust_for_csrf", True, message)  # noqa: FBT003 - the value as it was written
    return (None, tuple(reader.problems)) if reader.problems else (policy, ())


class _Submitted(NamedTuple):
    """Lists of a policy whose entries are checked against the rest of it."""

    origins: Entries
    groups: Entries
    exposed: Entries


def _read_policy(reader: Reader, groups: KnownGroups) -> tuple[Policy, _Submitted]:
    """What each key says by itself."""
    name, path = reader.name(), reader.pattern("path", "invalid-path", parse_path_pattern)
    origins = read_origins(reader, "allowed_origins")
    submitted = _Submitted(
        origins, reader.entries("origin_groups", ()), reader.entries("exposed_headers", ())
    )
    policy = Policy(
        name=name,
        description=reader.text("description"),
        mode=reader.choice("mode", _MODES, Mode.LIVE.value),
        host=reader.optional_pattern("host", "invalid-host", parse_host_pattern),
        path=path,
        priority=reader.integer("priority", 100, MAX_PRIORITY),
        allowed_origins=normalized(text for _, text in origins),
        origin_groups=read_group_names(reader, submitted.groups, groups),
        allowed_methods=read_methods(reader),
        allowed_headers=read_request_headers(reader),
        exposed_headers=read_response_headers(reader, submitted.exposed),
        allow_credentials=reader.flag("allow_credentials"),
        max_age=reader.optional_integer("max_age", 600, MAX_MAX_AGE, "max-age-out-of-range"),
        allow_private_network=reader.flag("allow_private_network"),
        reject_denied=reader.flag("reject_denied"),
        tolerate_insecure_origins=reader.flag("tolerate_insecure_origins"),
        tolerate_public_suffixes=reader.flag("tolerate_public_suffixes"),
        tolerate_credentialed_regex=reader.flag("tolerate_credentialed_regex"),
        trust_for_csrf=reader.flag("trust_for_csrf"),
        expires_at=reader.timestamp("expires_at"),
        resource_policy=reader.optional_choice("resource_policy", RESOURCE_POLICIES),
        timing_allow_origin=reader.flag("timing_allow_origin"),
    )
    return policy, submitted


def check_group(document: object) -> tuple[OriginGroup | None, tuple[Problem, ...]]:
    """The group, or ``None`` and every problem."""
    if not isinstance(document, Mapping):
        return None, (_no_object(document),)
    reader = Reader(document, GROUP_KEYS)
    group = OriginGroup(
        name=reader.name(),
        description=reader.text("description"),
        origins=normalized(text for _, text in read_origins(reader, "origins")),
    )
    return (None, tuple(reader.problems)) if reader.problems else (group, ())


def check_origin(document: object) -> tuple[DescribedOrigin | None, tuple[Problem, ...]]:
    """The origin with its description, or ``None`` and every problem."""
    if not isinstance(document, Mapping):
        return None, (_no_object(document, '{"pattern": "https://app.example.com"}'),)
    reader = Reader(document, ORIGIN_KEYS)
    pattern = reader.pattern("pattern", "invalid-origin", parse_origin_pattern)
    origin = DescribedOrigin(pattern=pattern, description=reader.text("description"))
    return (None, tuple(reader.problems)) if reader.problems else (origin, ())


def check_patterns(patterns: object, key: str) -> tuple[Entries, tuple[Problem, ...]]:
    """What is an origin pattern in a list: its place and canonical text. And every problem with the rest."""
    reader = Reader({key: patterns}, (key,))
    return read_origins(reader, key), tuple(reader.problems)


def find_objections(patterns: Iterable[str], rails: Guardrails = NO_GUARDRAILS) -> tuple[Objection, ...]:
    """What speaks against canonical patterns, should a policy allow them that this counts against."""
    texts = tuple(patterns)
    return (*find_offences(map(parse_origin_pattern, texts)), *rails.breaches(texts))


class Credentialed(Trusting, Protocol):
    """What decides whether an origin may join a policy: its flags, and its name for the message."""

    @property
    def name(self) -> str:
        """The policy's name."""


def credential_problems(
    policy: Credentialed, entries: Iterable[tuple[int | None, OriginPattern]], field: str
) -> tuple[Problem, ...]:
    """Why these patterns may not join a policy with credentials; empty for a policy without."""
    if not policy.allow_credentials:
        return ()
    return tuple(
        Problem(offence.code, field, index, offence.pattern, _for_policy(offence, policy))
        for index, pattern in entries
        for offence in offences_against(policy, find_offences([pattern]))
    )


class Joined(Credentialed, Bounded, Protocol):
    """What decides whether an origin may join a policy where there are guard rails, too."""


def joining_problems(
    policy: Joined,
    entries: Iterable[tuple[int | None, OriginPattern]],
    field: str,
    rails: Guardrails = NO_GUARDRAILS,
) -> tuple[Problem, ...]:
    """Why these patterns may not join a stored policy, be it for its credentials or for a guard rail."""
    placed = tuple(entries)
    beyond = (
        Problem(
            breach.code,
            field,
            index,
            breach.pattern,
            say('Policy "{policy}": {message}', policy=policy.name, message=breach.message),
        )
        for index, pattern in placed
        for breach in rails.breaches([pattern.text])
        if breach.counts_against(policy)
    )
    return (*credential_problems(policy, placed, field), *beyond)


def _for_policy(offence: Offence, policy: Credentialed) -> str:
    return say(
        'Policy "{policy}" allows credentials, and {message}', policy=policy.name, message=offence.message
    )


def _no_object(document: object, example: str = '{"name": "public-api", ...}') -> Problem:
    return Problem(
        "invalid", "", None, document, say("Write a JSON object, as in {example}.", example=example)
    )


def _check_origins(reader: Reader, policy: Policy, origins: Entries, rails: Guardrails) -> None:
    is_trusting = policy.allow_credentials or policy.trust_for_csrf
    if not (is_trusting or rails.limits_origins):
        return
    for index, text in origins:
        for objection in find_objections([text], rails) if is_trusting else rails.breaches([text]):
            if objection.counts_against(policy):
                submitted = reader.submitted("allowed_origins", index)
                reader.note(objection.code, "allowed_origins", submitted, objection.message, index)


def _check_groups(reader: Reader, policy: Policy, group_names: Entries, groups: KnownGroups) -> None:
    for index, name in group_names:
        for objection in groups.get(name, ()):
            if objection.counts_against(policy):
                message = say('Group "{name}": {message}', name=name, message=objection.message)
                reader.note(objection.code, "origin_groups", objection.pattern, message, index)


def _check_max_age(reader: Reader, policy: Policy, rails: Guardrails) -> None:
    """Of a value that could be read: the default that stands in for another was not written."""
    problem = rails.max_age_problem(policy.max_age)
    if problem is not None and all(other.field != problem.field for other in reader.problems):
        reader.problems.append(problem)


def _check_exposed_any(reader: Reader, entries: Entries) -> None:
    for index, entry in entries:
        if entry == http.ANY:
            message = say(
                "Beside credentials browsers take * for a header of that name. List the header names."
            )
            reader.note("credentials-expose-any", "exposed_headers", entry, message, index)
