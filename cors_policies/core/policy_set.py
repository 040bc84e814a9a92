"""A whole set of policies and origin groups: is this document one, and what is wrong with it?

Before you edit:

* Groups come first, since policies name them; a policy may also name a group that is stored already.
* Names are unique within each list; places are those of the document (``policies.1.allowed_origins.0``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from cors_policies.core import vocabulary as http
from cors_policies.core.guardrails import NO_GUARDRAILS, Guardrails
from cors_policies.core.policy import Document, OriginGroup, Policy
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.core.texts import say
from cors_policies.core.validation import (
    KnownGroups,
    Objection,
    check_group,
    check_patterns,
    check_policy,
    find_objections,
)

SET_KEYS: Final = ("origin_groups", "policies")
_Item = TypeVar("_Item", OriginGroup, Policy)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Origin groups and policies, in the order of the document."""

    origin_groups: tuple[OriginGroup, ...] = ()
    policies: tuple[Policy, ...] = ()

    def to_document(self) -> Document:
        """The policy set document: groups and policies by name."""
        return {
            "origin_groups": [
                group.to_document() for group in sorted(self.origin_groups, key=lambda item: item.name)
            ],
            "policies": [
                policy.to_document() for policy in sorted(self.policies, key=lambda item: item.name)
            ],
        }


def parse_policy_set(
    document: object, known_groups: KnownGroups | None = None, rails: Guardrails = NO_GUARDRAILS
) -> PolicySet:
    """The set that the document describes; its policies may also name ``known_groups``.

    Raises :class:`InvalidPolicyError` with every problem of every policy and group.
    """
    policy_set, problems = check_policy_set(document, known_groups, rails)
    if problems:
        raise InvalidPolicyError(problems)
    return policy_set


def check_policy_set(
    document: object, known_groups: KnownGroups | None = None, rails: Guardrails = NO_GUARDRAILS
) -> tuple[PolicySet, tuple[Problem, ...]]:
    """What is valid of the set, and every problem of the rest."""
    problems: list[Problem] = []
    group_documents, policy_documents = _lists(document, problems)
    groups = _items("origin_groups", group_documents, check_group, problems)
    names = dict(known_groups or {}) | _objections(group_documents, groups, rails)
    policies = _items("policies", policy_documents, lambda item: check_policy(item, names, rails), problems)
    return PolicySet(tuple(groups), tuple(policies)), tuple(problems)


def _lists(document: object, problems: list[Problem]) -> tuple[Sequence[object], Sequence[object]]:
    if not isinstance(document, Mapping):
        message = say('Write a JSON object, as in {"origin_groups": [], "policies": []}.')
        problems.append(Problem("invalid", "", None, document, message))
        return (), ()
    for key in document:
        if key not in SET_KEYS:
            message = say('"{key}" is no key here. Write one of: {keys}.', key=key, keys=", ".join(SET_KEYS))
            problems.append(Problem("unknown-key", str(key), None, document[key], message))
    if "policies" not in document:
        message = say(
            "Every policy set document needs its list of policies; write [] if there are to be none."
        )
        problems.append(Problem("required", "policies", None, None, message))
    return _list(document, "origin_groups", problems), _list(document, "policies", problems)


def _list(document: Mapping[str, object], key: str, problems: list[Problem]) -> Sequence[object]:
    value = document.get(key, [])
    if isinstance(value, list | tuple):
        return value
    problems.append(Problem("invalid", key, None, value, say("Write a list of JSON objects.")))
    return ()


def _items(
    key: str,
    documents: Sequence[object],
    check: Callable[[object], tuple[_Item | None, tuple[Problem, ...]]],
    problems: list[Problem],
) -> list[_Item]:
    found: list[_Item] = []
    names: set[object] = set()
    for index, document in enumerate(documents):
        item, item_problems = check(document)
        problems.extend(_placed(problem, key, index) for problem in item_problems)
        name = document.get("name") if isinstance(document, Mapping) else None
        if isinstance(name, str) and name in names:
            message = say('"{name}" is used twice. Give every one a name of its own.', name=name)
            problems.append(Problem("duplicate-name", f"{key}.{index}.name", None, name, message))
        if isinstance(name, str):
            names.add(name)
        if item is not None:
            found.append(item)
    return found


def _placed(problem: Problem, key: str, index: int) -> Problem:
    """A problem of the whole item has no field of its own: its place is the item's."""
    if not problem.field:
        return Problem(problem.code, key, index, problem.value, problem.message)
    return problem.under(f"{key}.{index}")


def _objections(
    documents: Sequence[object], groups: Iterable[OriginGroup], rails: Guardrails
) -> dict[str, tuple[Objection, ...]]:
    """What speaks against the groups of this document, by name, as they were submitted.

    Of a broken group what could be read counts, and of one with a ``*`` also what the ``*`` will drop.
    """
    as_submitted = (group for group in groups if group.origins != (http.ANY,))
    named = {group.name: find_objections(group.origins, rails) for group in as_submitted}
    for document in documents:
        name = document.get("name") if isinstance(document, Mapping) else None
        if isinstance(document, Mapping) and isinstance(name, str) and name not in named:
            readable, _ = check_patterns(document.get("origins", ()), "origins")
            named[name] = find_objections(dict.fromkeys(text for _, text in readable), rails)
    return named
