"""What was the policy set at some revision, and how does it become so again?

Before you edit: a revision holds what changed, and no whole set. What the set was is found from what it is,
by taking back what came later, the latest first. So old revisions can go, and what is left stays right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from django.utils.timezone import get_default_timezone, is_naive, make_aware

from cors_policies import documents
from cors_policies.core.policy import Document
from cors_policies.core.problems import Problem
from cors_policies.core.texts import say
from cors_policies.core.timestamps import timestamp_text
from cors_policies.models import Revision, RevisionChange
from cors_policies.models.versions import read_revision_number
from cors_policies.services.locking import raise_for, writing
from cors_policies.services.recording import GROUP, POLICY
from cors_policies.services.sets import Report, replace_set

_LISTS: Final = {POLICY: "policies", GROUP: "origin_groups"}


def revision_document(revision: Revision) -> Document:
    """The JSON document of a revision. Its changes should be prefetched."""
    return {
        "number": revision.number,
        "created_at": timestamp_text(_aware(revision.created_at)),
        "actor": revision.actor or None,
        "via": revision.via,
        "comment": revision.comment,
        "changes": [change_document(change) for change in revision.changes.all()],
    }


def change_document(change: RevisionChange) -> Document:
    """The JSON document of one change."""
    return {
        "kind": change.kind,
        "name": change.name,
        "action": change.action,
        "before": None if change.before is None else json.loads(change.before),
        "after": None if change.after is None else json.loads(change.after),
    }


@dataclass(frozen=True, slots=True)
class Preview:
    """What restoring a revision would change of the set that has a ``number``."""

    number: int
    report: Report


def set_at(revision: Revision, stored: Document, using: str) -> Document:
    """The policy set document as it was when the revision had been made. One query.

    ``stored`` is the document of the set as it is now.
    """
    found = {kind: {document["name"]: document for document in stored[key]} for kind, key in _LISTS.items()}
    later = RevisionChange.objects.using(using).filter(revision_id__gt=revision.number)
    rows = later.order_by("-revision_id", "-kind", "name", "pk").iterator(chunk_size=100)
    for _number, changes in groupby(rows, attrgetter("revision_id")):
        _take_back(changes, found)
    return {key: sorted(found[kind].values(), key=lambda item: item["name"]) for kind, key in _LISTS.items()}


def restore(revision: Revision, *, dry_run: bool = False) -> Report:
    """Makes the set equal to what it was at the revision, as a new revision.

    Raises ``InvalidPolicyError`` where that would be refused today, and then stores nothing.
    """
    with writing() as using:
        return _restored(revision, using, dry_run=dry_run)


def preview_restore(revision: Revision) -> Preview:
    """What :func:`restore` would change now. Raises what it raises, and stores nothing."""
    with writing() as using:
        return Preview(read_revision_number(using), _restored(revision, using, dry_run=True))


def _restored(revision: Revision, using: str, *, dry_run: bool) -> Report:
    stored = documents.policy_set_document(using)
    return replace_set(stored, set_at(revision, stored, using), using, dry_run=dry_run)


def prune_revisions(keep: int) -> int:
    """Deletes all revisions but the last ``keep``, and gives how many those were.

    Raises ``InvalidPolicyError`` for less than 1.
    """
    if keep < 1:
        message = say("Write a whole number from 1: the last revision is the number of the set.")
        raise_for([Problem("invalid", "keep", None, keep, message)])
    with writing() as using:
        rows = Revision.objects.using(using)
        kept = rows.order_by("-number").values_list("number", flat=True)[keep - 1 : keep]
        old = rows.filter(number__lt=kept[0]) if kept else rows.none()
        count = old.count()
        old.delete()
    return count


def _aware(moment: datetime) -> datetime:
    """A project may keep its times naive."""
    return make_aware(moment, get_default_timezone()) if is_naive(moment) else moment


def _take_back(changes: Iterable[RevisionChange], found: dict[str, dict[str, Any]]) -> None:
    """All names first that there are since: two policies may have changed theirs with each other."""
    documents_before = []
    for change in changes:
        if change.after is not None:
            found[change.kind].pop(change.name, None)
        if change.before is not None:
            documents_before.append((change.kind, json.loads(change.before)))
    for kind, document in documents_before:
        found[kind][document["name"]] = document
