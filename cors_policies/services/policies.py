"""How is one policy created, changed and deleted, and what would the set be with a change?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from django.db.models import QuerySet

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core import policy as core
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.core.reading import is_name
from cors_policies.core.validation import KnownGroups, Objection, check_policy
from cors_policies.documents import StoredSet
from cors_policies.models import OriginGroup, Policy
from cors_policies.models.owners import batches
from cors_policies.models.policies import known_groups
from cors_policies.services.locking import laid_over, name_problems, writing
from cors_policies.services.recording import POLICY
from cors_policies.services.reports import Report, changes_of

_MANY: Final = 500
"""More names than these are compared here, and not by the database."""


def create_policy(document: object) -> Policy:
    """Stores a new policy. Raises ``InvalidPolicyError``; a taken name is ``duplicate-name``."""
    with writing() as using:
        return _save(Policy(), document, None, using)


def update_policy(row: Policy, document: object, *, partial: bool = False) -> Policy:
    """Makes the policy equal to the document.

    Keys that are left out take their default; with ``partial`` they stay.
    Another ``name`` renames. Raises ``InvalidPolicyError``.
    """
    with writing() as using:
        stored = documents.policy_document(row)
        return _save(row, laid_over(stored, document, partial=partial), stored, using)


def delete_policy(row: Policy) -> None:
    """Takes the policy away. Its origins' rows stay."""
    with writing() as using:
        row.delete(using=using)


def plan_policy(document: object, row: Policy | None = None, stored: Document | None = None) -> Report:
    """What :func:`create_policy` would change, or :func:`update_policy` of the row that has that document.

    Nothing is written. Raises ``InvalidPolicyError``. For who holds the writers' lock.
    """
    whole = document if stored is None else laid_over(stored, document, partial=False)
    policy = _checked(row or Policy(), whole, get_settings().DATABASE_ALIAS)
    return Report(tuple(changes_of(POLICY, [(stored, policy.to_document())])), 0, 0)


def plan_modes(rows: QuerySet[Policy], mode: str) -> Report:
    """What it would change to give these policies the mode; what a rule refuses is left out. Five queries."""
    stored = documents.policy_documents(rows.order_by("pk"))
    named = {"origin_groups": sorted({name for document in stored for name in document["origin_groups"]})}
    known, rails = groups_named_in(named, rows.db), get_settings().GUARDRAILS
    checked = [check_policy(document | {"mode": mode}, known, rails) for document in stored]
    pairs = [
        (document, policy.to_document())
        for document, (policy, problems) in zip(stored, checked, strict=True)
        if policy is not None and not problems
    ]
    return Report(tuple(changes_of(POLICY, pairs)), 0, 0)


def set_with(document: object, row: Policy | None = None) -> StoredSet:
    """The whole set as it would be with the document stored in the policy's place, or as a new one.

    Nothing is stored, and no writer waits. Raises ``InvalidPolicyError`` with what would refuse the write.
    """
    using = get_settings().DATABASE_ALIAS
    policy = _checked(row or Policy(), document, using)
    stored = documents.read_documents(using)
    others = [other for other in stored.policies if row is None or other["name"] != row.name]
    return replace(stored, policies=[*others, policy.to_document()]).check()


def groups_named_in(document: object, using: str) -> KnownGroups:
    """The stored groups that a policy's document names, with what speaks against them."""
    names = document.get("origin_groups", ()) if isinstance(document, Mapping) else ()
    if not isinstance(names, list | tuple) or not names:
        return {}
    rows = OriginGroup.objects.using(using)
    wanted = {name for name in names if isinstance(name, str) and is_name(name)}
    if len(wanted) > _MANY:
        wanted &= set(rows.values_list("name", flat=True))
    found: dict[str, Sequence[Objection]] = {}
    for batch in batches(sorted(wanted)):
        found |= known_groups(rows.filter(name__in=batch))
    return found


def _save(row: Policy, document: object, stored: Document | None, using: str) -> Policy:
    policy = _checked(row, document, using)
    if policy.to_document() != stored:
        documents.write_policies([(row, policy)], using)
    return row


def _checked(row: Policy, document: object, using: str) -> core.Policy:
    policy, problems = check_policy(document, groups_named_in(document, using), get_settings().GUARDRAILS)
    found = (*problems, *name_problems(row, document, using))
    if policy is None or found:
        raise InvalidPolicyError(found)
    return policy
