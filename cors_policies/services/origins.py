"""How are single origins created, renamed and revoked, and added to or taken out of a list?

Before you edit: an origin's row is shared. To rename or to delete it is a change of every policy and group
that allows it, and is refused where one of them would break a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core.origins import OriginPattern, parse_origin_pattern
from cors_policies.core.problems import Problem
from cors_policies.core.texts import say
from cors_policies.core.validation import (
    check_origin,
    check_patterns,
    joining_problems,
    normalized_origins,
)
from cors_policies.core.vocabulary import ANY
from cors_policies.models import Origin, OriginGroup, OriginGroupOrigin, Policy, PolicyOrigin
from cors_policies.services.groups import member_problems
from cors_policies.services.locking import laid_over, name_problems, raise_for, writing

_Owner = TypeVar("_Owner", bound=Policy | OriginGroup)
_PATTERNS: Final = "patterns"


def create_origin(document: object) -> Origin:
    """Stores an origin that no list holds yet.

    ``pattern`` and ``description``. Raises ``InvalidPolicyError``.
    """
    with writing() as using:
        return _save(Origin(), document, using)


def update_origin(row: Origin, document: object) -> Origin:
    """Renames the origin everywhere, or changes its description; keys that are left out stay.

    Raises ``InvalidPolicyError``, also where a policy that allows the origin would break a rule.
    """
    with writing() as using:
        row.refresh_from_db(using=using)
        stored = {"pattern": row.pattern, "description": row.description}
        return _save(row, laid_over(stored, document, partial=True), using)


def delete_origin(row: Origin) -> None:
    """Revokes the origin in every policy and group."""
    with writing() as using:
        row.delete(using=using)


def add_origins(row: _Owner, patterns: object) -> _Owner:
    """Adds patterns at the end of the list of a policy or group.

    Those that it holds already stay where they are. Raises ``InvalidPolicyError``, with ``required`` where
    there are none.
    """
    with writing() as using:
        added, problems = _checked(patterns)
        stored: list[str] = _stored_patterns(row, using)
        raise_for((*problems, *_addition_problems(row, added, using)))
        _store(row, normalized_origins([*stored, *(text for _, text in added)]), stored, using)
    return row


def remove_origins(row: _Owner, patterns: object) -> _Owner:
    """Takes patterns out of the list of a policy or group; one that it does not hold is no problem.

    Raises ``InvalidPolicyError``, with ``required`` where there are none.
    """
    with writing() as using:
        found, problems = _checked(patterns)
        raise_for(problems)
        removed = {text for _, text in found}
        stored = _stored_patterns(row, using)
        _store(row, [pattern for pattern in stored if pattern not in removed], stored, using)
    return row


def _checked(patterns: object) -> tuple[list[tuple[int, str]], tuple[Problem, ...]]:
    found, problems = check_patterns(patterns, _PATTERNS)
    if not (found or problems):
        message = say('Write at least one origin, as in {"patterns": ["https://app.example.com"]}.')
        problems = (Problem("required", _PATTERNS, None, patterns, message),)
    return found, problems


def _stored_patterns(row: Policy | OriginGroup, using: str) -> list[str]:
    entries = row.origin_entries if isinstance(row, Policy) else row.entries
    return [*entries.using(using).order_by("position", "pk").values_list("origin__pattern", flat=True)]


def _addition_problems(
    row: Policy | OriginGroup, added: Iterable[tuple[int, str]], using: str
) -> Iterator[Problem]:
    entries: list[tuple[int | None, OriginPattern]] = [(at, parse_origin_pattern(text)) for at, text in added]
    if isinstance(row, Policy):
        stored, rails = Policy.objects.using(using).get(pk=row.pk), get_settings().GUARDRAILS
        yield from joining_problems(stored, entries, _PATTERNS, rails)
    else:
        yield from member_problems(row.name, entries, _PATTERNS, using)


def _store(row: Policy | OriginGroup, patterns: Sequence[str], stored: Sequence[str], using: str) -> None:
    if list(patterns) == list(stored):
        return
    row.save(using=using, update_fields=["updated_at"])
    documents.write_origins(type(row), {row.pk: patterns}, using)


def _save(row: Origin, document: object, using: str) -> Origin:
    checked, problems = check_origin(document)
    raise_for(problems)
    if checked is None or (
        row.pk and (row.pattern, row.description) == (checked.pattern, checked.description)
    ):
        return row
    raise_for(name_problems(row, {"pattern": checked.pattern}, using, "pattern"))
    if row.pk:
        pattern = parse_origin_pattern(checked.pattern)
        users, rails = row.strict_policies().using(using), get_settings().GUARDRAILS
        raise_for(
            problem
            for user in users
            for problem in joining_problems(user, [(None, pattern)], "pattern", rails)
        )
    row.pattern, row.description = checked.pattern, checked.description
    row.save(using=using)
    if row.pattern == ANY:
        _drop_covered(row, using)
    return row


def _drop_covered(row: Origin, using: str) -> None:
    """Takes out of every list what stands beside ``*``, as writing the whole list would."""
    others = PolicyOrigin.objects.using(using).exclude(origin=row)
    others.filter(policy__in=row.policy_entries.using(using).values("policy")).delete()
    members = OriginGroupOrigin.objects.using(using).exclude(origin=row)
    members.filter(group__in=row.group_entries.using(using).values("group")).delete()
