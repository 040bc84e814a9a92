"""How is an origin group created, changed and deleted?

Before you edit: a group's members are also members of every policy that uses it, so that a change is refused
where one of those would break a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core import policy as core
from cors_policies.core.origins import OriginPattern, parse_origin_pattern
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.core.validation import check_group, check_patterns, joining_problems
from cors_policies.models import OriginGroup, Policy
from cors_policies.models.origins import may_refuse
from cors_policies.services.locking import laid_over, name_problems, writing
from cors_policies.services.recording import GROUP
from cors_policies.services.reports import Report, changes_of


def create_group(document: object) -> OriginGroup:
    """Stores a new origin group. Raises ``InvalidPolicyError``; a taken name is ``duplicate-name``."""
    with writing() as using:
        return _save(OriginGroup(), document, None, using)


def update_group(row: OriginGroup, document: object, *, partial: bool = False) -> OriginGroup:
    """Makes the group equal to the document.

    Keys that are left out take their default; with ``partial`` they stay.
    Another ``name`` renames it in every policy that uses it. Raises ``InvalidPolicyError``, also where a
    policy that uses the group would break a rule.
    """
    with writing() as using:
        stored = documents.group_document(row)
        return _save(row, laid_over(stored, document, partial=partial), stored, using)


def plan_group(document: object, row: OriginGroup | None = None, stored: Document | None = None) -> Report:
    """What :func:`create_group` would change, or :func:`update_group` of the row that has that document.

    Policies that name a group which is renamed are no part of it. Nothing is written. Raises
    ``InvalidPolicyError``. For who holds the writers' lock.
    """
    whole = document if stored is None else laid_over(stored, document, partial=False)
    group = _checked(row or OriginGroup(), whole, stored, get_settings().DATABASE_ALIAS)
    return Report(tuple(changes_of(GROUP, [(stored, group.to_document())])), 0, 0)


def delete_group(row: OriginGroup) -> None:
    """Takes the group away, and out of every policy that uses it."""
    with writing() as using:
        row.delete(using=using)


def member_problems(
    group: str,
    patterns: Iterable[tuple[int | None, OriginPattern]],
    field: str,
    using: str,
    spared: Iterable[str] = (),
) -> Iterator[Problem]:
    """Which of the patterns a policy that uses the group refuses.

    Policies whose names are ``spared`` are not asked.
    """
    entries, rails = list(patterns), get_settings().GUARDRAILS
    users = Policy.objects.using(using).filter(may_refuse(), origin_groups__name=group).order_by("name")
    excluded = set(spared)
    for policy in users:
        if policy.name not in excluded:
            yield from joining_problems(policy, entries, field, rails)


def submitted_patterns(document: object) -> list[tuple[int | None, OriginPattern]]:
    """The patterns of a group's document that can be read, numbered as they were submitted."""
    origins = document.get("origins", ()) if isinstance(document, Mapping) else ()
    return [(index, parse_origin_pattern(text)) for index, text in check_patterns(origins, "origins")[0]]


def _save(row: OriginGroup, document: object, stored: Document | None, using: str) -> OriginGroup:
    group = _checked(row, document, stored, using)
    if group.to_document() != stored:
        documents.write_groups([(row, group)], using)
    return row


def _checked(row: OriginGroup, document: object, stored: Document | None, using: str) -> core.OriginGroup:
    group, problems = check_group(document)
    refused = [*problems, *name_problems(row, document, using)]
    if stored is not None and (group is None or group.to_document() != stored):
        refused += member_problems(stored["name"], submitted_patterns(document), "origins", using)
    if group is None or refused:
        raise InvalidPolicyError(tuple(refused))
    return group
