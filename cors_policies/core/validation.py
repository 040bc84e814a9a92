"""Is this document a policy or a group that we accept? If not: everything that is wrong with it, at once.

Before you edit:

* Ill-formed and refused are told apart by their codes (docs/problems.md), which are public.
* Entries are checked and numbered as they were submitted; only then are lists normalised. A problem at
  ``allowed_origins.2`` is about the third line that the editor wrote.
* This is the only way from what somebody wrote to a :class:`Policy`. The loader takes it too, so that a row
  that was broken by hand is found by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

from cors_policies.core import vocabulary as http
from cors_policies.core.credentials import CSRF, Offence, Trusting, find_offences, offences_against
from cors_policies.core.guardrails import NO_GUARDRAILS, Bounded, Breach, Guardrails
from cors_policies.core.hosts import parse_host_pattern
from cors_policies.core.origins import OriginPattern, is_plain, parse_origin_pattern
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
from cors_policies.core.problems import InvalidPolicyError, PatternError, Problem
from cors_policies.core.reading import Reader
from cors_policies.core.texts import say

Objection = Offence | Breach
KnownGroups = Mapping[str, Sequence[Objection]]
"""The groups that a policy may name, each with what speaks against its origins (:func:`find_objections`)."""

_MODES: Final = tuple(mode.value for mode in Mode)
_ANY_COVERS_ALL: Final = frozenset({http.ANY})
_ANY_LEAVES: Final = frozenset({http.ANY, http.NON_WILDCARD_REQUEST_HEADER})


def parse_policy(document: object, groups: KnownGroups, rails: Guardrails = NO_GUARDRAILS) -> Policy:
    """The policy that the document describes. Raises :class:`InvalidPolicyError` with every problem."""
    policy, problems = check_policy(document, groups, rails)
    if policy is None:
        raise InvalidPolicyError(problems)
    return policy


def parse_group(document: object) -> OriginGroup:
    """The origin group that the document describes. Raises :class:`InvalidPolicyError` with every problem."""
    group, problems = check_group(document)
    if group is None:
        raise InvalidPolicyError(problems)
    return group


def check_policy(
    document: object, groups: KnownGroups, rails: Guardrails = NO_GUARDRAILS
) -> tuple[Policy | None, tuple[Problem, ...]]:
    """The policy, or ``None`` and every problem. Those of the groups were found by the same ``rails``."""
    if not isinstance(document, Mapping):
        return None, (_no_object(document),)
    reader = Reader(document, POLICY_KEYS)
    name, path = reader.name(), reader.pattern("path", "invalid-path", parse_path_pattern)
    origins = _origins(reader, "allowed_origins")
    group_names = reader.entries("origin_groups", ())
    exposed = reader.entries("exposed_headers", ())
    policy = Policy(
        name=name,
        description=reader.text("description"),
        mode=reader.choice("mode", _MODES, Mode.LIVE.value),
        host=reader.optional_pattern("host", "invalid-host", parse_host_pattern),
        path=path,
        priority=reader.integer("priority", 100, MAX_PRIORITY),
        allowed_origins=_normalized((text for _, text in origins), _ANY_COVERS_ALL),
        origin_groups=_group_names(reader, group_names, groups),
        allowed_methods=_one_for_all(_normalized(_methods(reader), _ANY_COVERS_ALL)),
        allowed_headers=_one_for_all(_normalized(_request_headers(reader), _ANY_LEAVES)),
        exposed_headers=_one_for_all(_normalized(_response_headers(reader, exposed), _ANY_COVERS_ALL)),
        allow_credentials=reader.flag("allow_credentials", default=False),
        max_age=reader.optional_integer("max_age", 600, MAX_MAX_AGE, "max-age-out-of-range"),
        allow_private_network=reader.flag("allow_private_network", default=False),
        reject_denied=reader.flag("reject_denied", default=False),
        tolerate_insecure_origins=reader.flag("tolerate_insecure_origins", default=False),
        tolerate_public_suffixes=reader.flag("tolerate_public_suffixes", default=False),
        tolerate_credentialed_regex=reader.flag("tolerate_credentialed_regex", default=False),
        trust_for_csrf=reader.flag("trust_for_csrf", default=False),
        expires_at=reader.timestamp("expires_at"),
        resource_policy=reader.optional_choice("resource_policy", RESOURCE_POLICIES),
        timing_allow_origin=reader.flag("timing_allow_origin", default=False),
    )
    _check_origins(reader, policy, origins, rails)
    _check_groups(reader, policy, group_names, groups)
    if rails.max_age is not None:
        _check_max_age(reader, policy, rails)
    if policy.allow_credentials:
        _check_exposed_any(reader, exposed)
    elif policy.trust_for_csrf:
        message = say(
            "The CSRF check is for requests with cookies. Set allow_credentials, or switch this off."
        )
        reader.note(CSRF, "trust_for_csrf", True, message)  # noqa: FBT003 - the value as it was written
    return (None, tuple(reader.problems)) if reader.problems else (policy, ())


def check_group(document: object) -> tuple[OriginGroup | None, tuple[Problem, ...]]:
    """The group, or ``None`` and every problem."""
    if not isinstance(document, Mapping):
        return None, (_no_object(document),)
    reader = Reader(document, GROUP_KEYS)
    group = OriginGroup(
        name=reader.name(),
        description=reader.text("description"),
        origins=_normalized((text for _, text in _origins(reader, "origins")), _ANY_COVERS_ALL),
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


def check_patterns(patterns: object, key: str) -> tuple[list[tuple[int, str]], tuple[Problem, ...]]:
    """What is an origin pattern in a list: its place and canonical text. And every problem with the rest."""
    reader = Reader({key: patterns}, (key,))
    return _origins(reader, key), tuple(reader.problems)


def normalized_origins(patterns: Iterable[str]) -> tuple[str, ...]:
    """Canonical patterns once each, in order; beside a ``*`` nothing else."""
    return _normalized(patterns, _ANY_COVERS_ALL)


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


def _normalized(entries: Iterable[str], beside_any: frozenset[str]) -> tuple[str, ...]:
    """Entries once each, in order; beside a ``*`` only what it does not cover."""
    once = dict.fromkeys(entries)
    if http.ANY in once:
        return tuple(entry for entry in once if entry in beside_any)
    return tuple(once)


@lru_cache(maxsize=256)
def _one_for_all(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Most policies have their methods and headers in common, and keep one tuple of them."""
    return entries


def _origins(reader: Reader, key: str) -> list[tuple[int, str]]:
    """The canonical texts, with the places at which they were submitted."""
    return _parsed(reader, key, (), "invalid-origin", _canonical_origin)


def _canonical_origin(text: str) -> str:
    return text if is_plain(text) else parse_origin_pattern(text).text


def _parsed(
    reader: Reader, key: str, default: tuple[str, ...], code: str, parse: Callable[[str], Any]
) -> list[tuple[int, Any]]:
    found = []
    for index, entry in reader.entries(key, default):
        try:
            found.append((index, parse(entry)))
        except PatternError as error:
            reader.note(code, key, entry, str(error), index)
    return found


def _group_names(reader: Reader, entries: list[tuple[int, str]], groups: KnownGroups) -> tuple[str, ...]:
    for index, entry in entries:
        if entry not in groups:
            message = say(
                'There is no origin group "{entry}". Create it first, or correct the name.', entry=entry
            )
            reader.note("unknown-group", "origin_groups", entry, message, index)
    return tuple(dict.fromkeys(entry for _, entry in entries))


def _methods(reader: Reader) -> Iterable[str]:
    key = "allowed_methods"
    for index, entry in reader.entries(key, ("GET", "HEAD", "POST")):
        if not http.is_token(entry):
            reader.note(
                "invalid-method",
                key,
                entry,
                say('"{entry}" is no method. Write one such as PUT, or *.', entry=entry),
                index,
            )
        elif http.is_forbidden_method(entry):
            reader.note(
                "forbidden-method",
                key,
                entry,
                say("No script can send {entry}. Remove it.", entry=entry),
                index,
            )
        elif entry.upper() == "PATCH" != entry:
            message = say(
                "Browsers send {entry} as it is written, and methods are case-sensitive. Write PATCH.",
                entry=entry,
            )
            reader.note("invalid-method", key, entry, message, index)
        else:
            yield http.normalize_method(entry)


def _request_headers(reader: Reader) -> Iterable[str]:
    key = "allowed_headers"
    for index, entry, name in _header_names(reader, key, reader.entries(key, ("content-type",))):
        if http.is_forbidden_request_header(name) or name in http.CORS_RESPONSE_HEADERS:
            message = say(
                "No script can set {entry}, so no policy needs to allow it. Remove it.", entry=entry
            )
            reader.note("forbidden-request-header", key, entry, message, index)
        else:
            yield name


def _response_headers(reader: Reader, entries: list[tuple[int, str]]) -> Iterable[str]:
    key = "exposed_headers"
    for index, entry, name in _header_names(reader, key, entries):
        if name in http.FORBIDDEN_RESPONSE_HEADERS or name in http.CORS_REQUEST_HEADERS:
            message = say("No script can ever read {entry} from a response. Remove it.", entry=entry)
            reader.note("forbidden-response-header", key, entry, message, index)
        elif name not in http.SAFELISTED_RESPONSE_HEADERS:
            yield name


def _header_names(reader: Reader, key: str, entries: list[tuple[int, str]]) -> Iterable[tuple[int, str, str]]:
    for index, entry in entries:
        if http.is_token(entry):
            yield index, entry, entry.lower()
        else:
            message = say('"{entry}" is no header name. Write one such as x-request-id, or *.', entry=entry)
            reader.note("invalid-header", key, entry, message, index)


def _check_origins(reader: Reader, policy: Policy, origins: list[tuple[int, str]], rails: Guardrails) -> None:
    is_trusting = policy.allow_credentials or policy.trust_for_csrf
    if not (is_trusting or rails.limits_origins):
        return
    for index, text in origins:
        for objection in find_objections([text], rails) if is_trusting else rails.breaches([text]):
            if objection.counts_against(policy):
                submitted = reader.submitted("allowed_origins", index)
                reader.note(objection.code, "allowed_origins", submitted, objection.message, index)


def _check_groups(
    reader: Reader, policy: Policy, group_names: list[tuple[int, str]], groups: KnownGroups
) -> None:
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


def _check_exposed_any(reader: Reader, entries: list[tuple[int, str]]) -> None:
    for index, entry in entries:
        if entry == http.ANY:
            message = say(
                "Beside credentials browsers take * for a header of that name. List the header names."
            )
            reader.note("credentials-expose-any", "exposed_headers", entry, message, index)
