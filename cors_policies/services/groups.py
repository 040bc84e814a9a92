"""How is an origin group created, changed and deleted?

Before you edit: a group's members are also members of every policy that uses it, so that a change is refused
where one of those would break a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core.origins import OriginPattern, parse_origin_pattern
from cors_policies.core.policy import Document
from cors_policies.core.problems import Problem
from cors_policies.core.validation import check_group, check_patterns, joining_problems
from cors_policies.models import OriginGroup, Policy
from cors_policies.models.origins import may_refuse
from cors_policies.services.locking import laid_over, name_problems, raise_for, writing


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
    group, problems = check_group(document)
    refused = [*problems, *name_problems(row, document, using)]
    is_unchanged = group is not None and group.to_document() == stored
    if stored is not None and not is_unchanged:
        refused += member_problems(stored["name"], submitted_patterns(document), "origins", using)
    raise_for(refused)
    if group is not None and not is_unchanged:
        documents.write_groups([(row, group)], using)
    return row
