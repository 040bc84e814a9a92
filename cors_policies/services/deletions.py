"""What would it change to delete policies, origin groups or origins?

Before you edit: nothing is written here. Lists that lose an entry are changes of those that have them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import QuerySet

from cors_policies import documents
from cors_policies.core.policy import Document
from cors_policies.models import (
    Origin,
    OriginGroup,
    OriginGroupOrigin,
    Policy,
    PolicyOrigin,
    PolicyOriginGroup,
)
from cors_policies.services.recording import GROUP, POLICY
from cors_policies.services.reports import Change, Report, changes_of


def plan_deletion(rows: QuerySet[Any]) -> Report:
    """What it would change to delete these rows of one kind. At most eight queries."""
    planned = {Policy: _policies, OriginGroup: _groups, Origin: _origins}[rows.model]
    return Report(tuple(planned(rows)), 0, 0)


def _policies(rows: QuerySet[Any]) -> Iterator[Change]:
    yield from _gone(POLICY, documents.policy_documents(rows))


def _groups(rows: QuerySet[Any]) -> Iterator[Change]:
    gone = documents.group_documents(rows)
    users = PolicyOriginGroup.objects.using(rows.db).filter(group__in=rows).values("policy")
    yield from _gone(GROUP, gone)
    yield from _without(
        POLICY,
        documents.policy_documents(Policy.objects.using(rows.db).filter(pk__in=users)),
        "origin_groups",
        {group["name"] for group in gone},
    )


def _origins(rows: QuerySet[Any]) -> Iterator[Change]:
    gone = set(rows.values_list("pattern", flat=True))
    policies = PolicyOrigin.objects.using(rows.db).filter(origin__in=rows).values("policy")
    groups = OriginGroupOrigin.objects.using(rows.db).filter(origin__in=rows).values("group")
    listing = Policy.objects.using(rows.db).filter(pk__in=policies)
    yield from _without(POLICY, documents.policy_documents(listing), "allowed_origins", gone)
    holding = OriginGroup.objects.using(rows.db).filter(pk__in=groups)
    yield from _without(GROUP, documents.group_documents(holding), "origins", gone)


def _gone(kind: str, found: list[Document]) -> Iterator[Change]:
    return changes_of(kind, ((document, None) for document in found))


def _without(kind: str, found: list[Document], key: str, gone: Collection[str]) -> Iterator[Change]:
    """What becomes of documents whose list loses these entries."""
    left = ({**one, key: [entry for entry in one[key] if entry not in gone]} for one in found)
    return changes_of(kind, zip(found, left, strict=True))
