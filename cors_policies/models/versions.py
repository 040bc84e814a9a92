"""How does every process learn that the policy set has changed?

One row holds a random token. It moves inside the transaction of every change, so that whoever reads a new
token can read the change too, and a rolled-back transaction moves nothing.

Before you edit:

* The token is compared with ``!=``, never with ``<``: a database restored from an older backup is a change
  too, and a counter could come back to a value that stood for something else.
* Moving the token is the first statement of a change. It serialises writers, so that none of them finds the
  database locked half-way.
* A transaction moves the token once. Whether it has is read from the connection's own list of callbacks,
  which Django shortens when a savepoint is rolled back.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial, reduce
from operator import or_
from typing import Any, Final, TypeVar

from django.db import connections, models, router, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from cors_policies.models.owners import NOBODY, Owners, Recorder, batches
from cors_policies.signals import rows_changed, rows_committed

_ONLY_ROW: Final = 1
_Row = TypeVar("_Row", bound=models.Model)
_Callback = TypeVar("_Callback")


class PolicySetVersion(models.Model):
    """The one row with the token of the policy set as it is stored, and the number of its last revision."""

    token = models.CharField(max_length=32, blank=True)
    revision = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("version of the policy set")
        verbose_name_plural = _("versions of the policy set")

    def __str__(self) -> str:
        return self.token


def read_token(using: str) -> str:
    """The token as it is stored; ``""`` where no change was ever made. One query."""
    return (
        PolicySetVersion.objects.using(using).filter(pk=_ONLY_ROW).values_list("token", flat=True).first()
        or ""
    )


def read_revision_number(using: str) -> int:
    """The number of the last revision; 0 where there is none. One query."""
    rows = PolicySetVersion.objects.using(using).filter(pk=_ONLY_ROW)
    return rows.values_list("revision", flat=True).first() or 0


def set_revision_number(using: str, number: int) -> None:
    """Says which revision is the last. For who has moved the token."""
    PolicySetVersion.objects.using(using).filter(pk=_ONLY_ROW).update(revision=number)


def lock_policy_set(using: str) -> None:
    """Waits for other writers, and holds them off until the transaction ends. The token stays as it is."""
    if not PolicySetVersion.objects.using(using).filter(pk=_ONLY_ROW).update(token=F("token")):
        PolicySetVersion.objects.using(using).get_or_create(pk=_ONLY_ROW, defaults={"token": ""})


_Recording = Callable[[str], AbstractContextManager[Recorder | None]]
_recorders: list[_Recording] = []


def record_by(recorder: _Recording) -> None:
    """Lets ``recorder`` see every write; it is called with the alias of the database."""
    _recorders[:] = [recorder]


def _recording(using: str) -> AbstractContextManager[Recorder | None]:
    return _recorders[0](using) if _recorders else nullcontext()


@contextmanager
def changing(
    using: str,
    touched: Callable[[], Owners] = lambda: NOBODY,
    made: Callable[[], Owners] = lambda: NOBODY,
) -> Iterator[None]:
    """A transaction that changes the policy set: the token moves with it, once.

    ``touched`` says before the write whose documents it changes, ``made`` says after it which are new.
    """
    with transaction.atomic(using=using), _recording(using) as recorder:
        note_change(using)
        if recorder is not None:
            recorder.before(touched)
        yield
        if recorder is not None:
            recorder.after(made)


def note_change(using: str) -> None:
    """Moves the token, unless this transaction has done so, and tells the store.

    Only inside a transaction.
    """
    change = pending_change(using)
    if change is None:
        _move_token(using)
    if change is None or not change.is_of_this_savepoint:
        change = PendingChange(using)
        transaction.on_commit(change, using=using)
    change.snapshot = None
    rows_changed.send(sender=PolicySetVersion, using=using, change=change)


class PendingChange:
    """A change whose transaction is still open; called when it has been committed.

    ``snapshot`` is for whoever keeps what the transaction sees; every further write of it drops that.
    """

    def __init__(self, using: str) -> None:
        self.using = using
        self.snapshot: object = None
        self._connection = connections[using]
        self._savepoints = tuple(self._connection.savepoint_ids)

    def __call__(self) -> None:
        """Tells that the change is committed."""
        rows_committed.send(sender=PolicySetVersion, using=self.using)

    @property
    def is_of_this_savepoint(self) -> bool:
        """Whether a rollback that undoes the next write undoes this change too."""
        return self._savepoints == tuple(self._connection.savepoint_ids)

    @property
    def is_open(self) -> bool:
        """Whether the change is neither committed nor rolled back. For any thread to ask."""
        return any(registered[1] is self for registered in self._connection.run_on_commit)


def pending_change(using: str) -> PendingChange | None:
    """The change that the calling thread's open transaction has made and not rolled back, or ``None``."""
    return next(awaiting_commit(using, PendingChange), None)


def awaiting_commit(using: str, kind: type[_Callback]) -> Iterator[_Callback]:
    """What the calling thread's open transaction is to call when it is committed, the latest first."""
    for registered in reversed(connections[using].run_on_commit):
        if isinstance(registered[1], kind):
            yield registered[1]


def outermost_block(using: str) -> tuple[str | None, ...]:
    """What tells the blocks of one transaction apart that stand for transactions of their own.

    Those are the ones that tests run in a transaction which is rolled back at the end.
    """
    connection = connections[using]
    depth = sum(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
    return tuple(connection.savepoint_ids[depth - 1 : depth]) if depth else ()


def _move_token(using: str) -> None:
    token = uuid.uuid4().hex
    versions = PolicySetVersion.objects.using(using)
    if not versions.filter(pk=_ONLY_ROW).update(token=token):
        versions.update_or_create(pk=_ONLY_ROW, defaults={"token": token})


class VersionedQuerySet(models.QuerySet[_Row]):
    """A QuerySet whose writes move the version, since none of them calls ``save`` or sends ``post_save``."""

    def update(self, **kwargs: Any) -> int:
        """As Django's, in one transaction with the move of the version."""
        with changing(self._write_alias(), lambda: self._owners() | self._model.owners_in(kwargs)):
            return super().update(**kwargs)

    def bulk_create(self, objs: Iterable[_Row], *args: Any, **kwargs: Any) -> list[_Row]:
        """As Django's, in one transaction with the move of the version."""
        rows, alias = list(objs), self._write_alias()
        made = partial(self._model.owners_made, rows, alias)
        with changing(alias, made, made):
            return super().bulk_create(rows, *args, **kwargs)

    def bulk_update(self, objs: Iterable[_Row], fields: Iterable[str], batch_size: int | None = None) -> int:
        """As Django's, in one transaction with the move of the version."""
        rows, alias = list(objs), self._write_alias()
        with changing(alias, lambda: self._model.owners_stored(rows, alias)):
            return super().bulk_update(rows, fields, batch_size)

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, in one transaction with the move of the version."""
        with changing(self._write_alias(), self._owners):
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _owners(self) -> Owners:
        return self._model.owners_of(self)

    @property
    def _model(self) -> type[VersionedModel]:
        model: type[VersionedModel] = self.model  # type: ignore[assignment]
        return model

    def _write_alias(self) -> str:
        self._for_write = True
        return self.db


class VersionedManager(models.Manager[_Row]):
    """The manager of rows whose writes move the version."""

    def get_queryset(self) -> VersionedQuerySet[_Row]:
        """A QuerySet whose writes move the version."""
        return VersionedQuerySet(self.model, using=self._db)


class VersionedModel(models.Model):
    """A row of the policy set: whatever is written to it moves the version."""

    class Meta:
        abstract = True

    @classmethod
    def owners_of(cls, rows: models.QuerySet[Any]) -> Owners:
        """Whose documents the stored rows are part of."""
        raise NotImplementedError

    @classmethod
    def owners_in(cls, values: Mapping[str, Any]) -> Owners:  # noqa: ARG003 - for those that are in a list
        """Whose documents rows with these values become part of."""
        return NOBODY

    @classmethod
    def owners_made(cls, rows: Sequence[Any], using: str) -> Owners:  # noqa: ARG003 - for those with a name
        """Whose documents the rows are part of that are written, before or after they are."""
        return reduce(or_, (cls.owners_in(vars(row)) for row in rows), NOBODY)

    @classmethod
    def owners_stored(cls, rows: Sequence[Any], using: str) -> Owners:
        """Whose documents the rows are part of, as they are stored and as they will be."""
        keys = [row.pk for row in rows if row.pk is not None]
        stored = cls._base_manager.using(using)
        found = (cls.owners_of(stored.filter(pk__in=batch)) for batch in batches(keys))
        return reduce(or_, found, cls.owners_made(rows, using))

    def save_base(self, *, using: str | None = None, **kwargs: Any) -> None:  # type: ignore[override]
        """As Django's, in one transaction with the move of the version."""
        alias = using or router.db_for_write(type(self), instance=self)
        rows = [self]
        with changing(alias, lambda: self.owners_stored(rows, alias), lambda: self.owners_made(rows, alias)):
            super().save_base(using=alias, **kwargs)

    def delete(
        self,
        using: str | None = None,
        keep_parents: bool = False,  # noqa: FBT001, FBT002 - Django's signature
    ) -> tuple[int, dict[str, int]]:
        """As Django's, in one transaction with the move of the version."""
        alias = using or router.db_for_write(type(self), instance=self)
        with changing(alias, lambda: self.owners_stored([self], alias)):
            return super().delete(using=alias, keep_parents=keep_parents)
