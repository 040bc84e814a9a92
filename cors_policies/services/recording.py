"""What has a transaction changed, as a revision?

The documents that a write touches are read before it; at the end of the block they are read again, and what
differs is a revision, stored by the same transaction.

Before you edit:

* The end of a block is not the end of the transaction, which may be anybody's. A later block of the same
  transaction adds to its revision: each document keeps its first ``before`` and gets its last ``after``.
* A rollback to a savepoint takes back what was recorded after it, since a revision's rows are rows like all
  others, and Django's list of callbacks is shortened with them.
* Nobody else can make a revision meanwhile: the row of the version is locked by the first statement.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core.policy import Document
from cors_policies.models import OriginGroup, Policy, Revision, RevisionChange
from cors_policies.models.owners import MAX_IN_CLAUSE, NOBODY, Owners
from cors_policies.models.revisions import MAX_ACTOR, MAX_COMMENT
from cors_policies.models.versions import (
    awaiting_commit,
    outermost_block,
    read_revision_number,
    set_revision_number,
)
from cors_policies.services.authorship import who_is_acting
from cors_policies.signals import policy_set_changed

POLICY: Final = RevisionChange.Kind.POLICY.value
GROUP: Final = RevisionChange.Kind.GROUP.value
_Key = tuple[str, int]
"""Kind and key of a row."""

logger = logging.getLogger("cors_policies")


@dataclass(frozen=True, slots=True)
class RowChange:
    """What becomes of the document of one row; ``None``: there is none."""

    kind: str
    row: int
    before: Document | None
    after: Document | None

    @property
    def name(self) -> str:
        """The name that it has since, or had last."""
        document: Document = self.after or self.before or {}
        return str(document["name"])

    @property
    def action(self) -> str:
        """``created``, ``updated`` or ``deleted``."""
        if self.before is None:
            return RevisionChange.Action.CREATED.value
        return (RevisionChange.Action.DELETED if self.after is None else RevisionChange.Action.UPDATED).value


class Recorder:
    """What documents were, before they were first written to."""

    def __init__(self, using: str) -> None:
        self.using = using
        self._before: dict[_Key, Document | None] = {}
        self._is_paused = False

    def before(self, touched: Callable[[], Owners]) -> None:
        """Keeps the documents of those that are about to change."""
        if self._is_paused:
            return
        owners = touched()
        new = Owners(
            frozenset(key for key in owners.policies if (POLICY, key) not in self._before),
            frozenset(key for key in owners.groups if (GROUP, key) not in self._before),
        )
        if new != NOBODY:
            self.know(documents_of(new, self.using))

    def after(self, made: Callable[[], Owners]) -> None:
        """Notes those that were not there before."""
        if self._is_paused:
            return
        owners = made()
        for kind, keys in ((POLICY, owners.policies), (GROUP, owners.groups)):
            for key in keys:
                self._before.setdefault((kind, key), None)

    def know(self, found: Mapping[_Key, Document | None]) -> None:
        """Takes documents as they were before, by kind and key."""
        self._before.update({key: found[key] for key in found if key not in self._before})

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For writes that are told by :meth:`know`, since they are many."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    def changes(self) -> list[RowChange]:
        """What has changed by now."""
        if not self._before:
            return []
        now = documents_of(_owners(self._before), self.using)
        return [
            RowChange(kind, key, before, now.get((kind, key)))
            for (kind, key), before in self._before.items()
            if before != now.get((kind, key))
        ]

    def store(self) -> None:
        """Stores what has changed, if anything has."""
        changes = self.changes()
        if changes:
            _store(changes, self.using)


_active: ContextVar[Recorder | None] = ContextVar("cors_policies.recorder", default=None)


@contextmanager
def recording(using: str) -> Iterator[Recorder | None]:
    """The recorder of the outermost block of this thread's, which stores a revision at its end.

    For use inside of a transaction. ``None`` for a database that does not hold the policy set.
    """
    active = _active.get()
    if using != get_settings().DATABASE_ALIAS:
        yield None
    elif active is not None and active.using == using:
        yield active
    else:
        recorder = Recorder(using)
        token = _active.set(recorder)
        try:
            yield recorder
        finally:
            _active.reset(token)
        recorder.store()


def _owners(keys: Iterable[_Key]) -> Owners:
    found: dict[str, set[int]] = {POLICY: set(), GROUP: set()}
    for kind, key in keys:
        found[kind].add(key)
    return Owners(frozenset(found[POLICY]), frozenset(found[GROUP]))


def documents_of(owners: Owners, using: str) -> Mapping[_Key, Document]:
    """The documents as they are stored now; none for a key that no row has."""
    policies = _some(Policy.objects.using(using), owners.policies, documents.policy_documents_by_key)
    groups = _some(OriginGroup.objects.using(using), owners.groups, documents.group_documents_by_key)
    return {(POLICY, key): document for key, document in policies.items()} | {
        (GROUP, key): document for key, document in groups.items()
    }


def _some(rows: Any, keys: frozenset[int], read: Callable[[Any], dict[int, Document]]) -> dict[int, Document]:
    if not keys:
        return {}
    found = read(rows.filter(pk__in=keys) if len(keys) <= MAX_IN_CLAUSE else rows.all())
    return {key: found[key] for key in keys if key in found}


def _store(changes: list[RowChange], using: str) -> None:
    """Adds the changes to the revision of this transaction, which is made where there is none.

    A rolled-back revision's number is another one's later: so its identity is asked for, too.
    """
    revision = _revision_of_transaction(using)
    if revision is None:
        revision = _new_revision(using)
    else:
        changes = list(_merged(revision, changes, using))
        RevisionChange.objects.using(using).filter(revision=revision).delete()
    if not changes:
        Revision.objects.using(using).filter(pk=revision.pk).delete()
        set_revision_number(using, _last_number(using))
        return
    rows = [_row(revision, change) for change in _without_replacements(changes)]
    RevisionChange.objects.using(using).bulk_create(rows, batch_size=MAX_IN_CLAUSE)


def _revision_of_transaction(using: str) -> Revision | None:
    block = outermost_block(using)
    for news in awaiting_commit(using, _News):
        if news.block == block:
            return news.revision
    return None


def _new_revision(using: str) -> Revision:
    who = who_is_acting()
    # A fixture brings revisions, or an older count of them.
    number = max(read_revision_number(using), _last_number(using)) + 1
    set_revision_number(using, number)
    revision = Revision(
        number=number,
        actor=who.actor[:MAX_ACTOR],
        via=who.via,
        comment=who.comment[:MAX_COMMENT],
        transaction=uuid.uuid4().hex,
    )
    revision.save(using=using)
    transaction.on_commit(_News(using, revision), using=using)
    return revision


def _last_number(using: str) -> int:
    return Revision.objects.using(using).values_list("number", flat=True).first() or 0


def _merged(revision: Revision, changes: list[RowChange], using: str) -> Iterator[RowChange]:
    """What the revision and the changes after it come to, without what comes to nothing."""
    earlier = {
        (row.kind, row.row): RowChange(row.kind, row.row, _document(row.before), _document(row.after))
        for row in RevisionChange.objects.using(using).filter(revision=revision)
    }
    later = {(change.kind, change.row): change for change in changes}
    for key in earlier | later:
        first, last = earlier.get(key, later.get(key)), later.get(key, earlier.get(key))
        if first is not None and last is not None and first.before != last.after:
            yield RowChange(*key, first.before, last.after)


def _without_replacements(changes: Iterable[RowChange]) -> Iterator[RowChange]:
    """One that is deleted and one that is created under the same name are one that is changed."""
    changes = list(changes)
    deleted = {(change.kind, change.name): change for change in changes if change.after is None}
    created = {(change.kind, change.name) for change in changes if change.before is None}
    for change in changes:
        place = change.kind, change.name
        if change.after is None and place in created:
            continue
        before = deleted[place].before if change.before is None and place in deleted else change.before
        if before != change.after:
            yield RowChange(change.kind, change.row, before, change.after)


def _row(revision: Revision, change: RowChange) -> RevisionChange:
    return RevisionChange(
        revision=revision,
        kind=change.kind,
        name=change.name,
        action=change.action,
        row=change.row,
        before=_text(change.before),
        after=_text(change.after),
    )


def _text(document: Document | None) -> str | None:
    return None if document is None else json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _document(text: str | None) -> Any:
    return None if text is None else json.loads(text)


class _News:
    """A revision whose transaction is still open; called when that has been committed."""

    def __init__(self, using: str, revision: Revision) -> None:
        self._using = using
        self._number, self._identity = revision.number, revision.transaction
        self.block = outermost_block(using)

    @property
    def revision(self) -> Revision | None:
        """The revision as it is stored; ``None`` where it came to nothing."""
        rows = Revision.objects.using(self._using)
        return rows.filter(number=self._number, transaction=self._identity).first()

    def __call__(self) -> None:
        """Tells the project's own receivers. What one of them raises is its own affair."""
        revision = self.revision
        if revision is None:
            return
        for receiver, answer in policy_set_changed.send_robust(sender=Revision, revision=revision):
            if isinstance(answer, Exception):
                logger.error("A receiver of policy_set_changed failed: %r", receiver, exc_info=answer)
