"""Which rows hold what was observed of requests, and which of it people do not want to see?

Before you edit:

* They are no part of the policy set: writing them moves no version.
* The key of a row is a digest of what it counts, since databases index no text of that length.
* What a trial would change is in a table of its own, so that neither has to be told from the other.
* The row without a digest counts nothing. Who writes locks it first, so that there is one writer at a time.
* A mark is a row of its own: counts are folded, pruned and counted anew, and somebody's mark outlives that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Final

from django.db import connections, models
from django.utils.translation import gettext_lazy as _

from cors_policies.core.policy import MAX_NAME
from cors_policies.fields import ExactCharField, TimestampField

_LOCK: Final = ""
_AT_ONCE: Final = 500
_MARKED: Final = ("host", "path", "origin")


class CountedManager(models.Manager[Any]):
    """The rows that count something."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """All rows but the one that writers lock."""
        return super().get_queryset().exclude(digest=_LOCK)


class CountedRow(models.Model):
    """How often something happened to one origin, on the paths of one path group."""

    digest = models.CharField(max_length=64, primary_key=True, editable=False)
    host = ExactCharField(_("host"), max_length=255, blank=True, default="")
    path = ExactCharField(_("path"), max_length=500, blank=True)
    origin = ExactCharField(_("origin"), max_length=512, blank=True)
    method = ExactCharField(_("method"), max_length=32, blank=True)
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    policy = ExactCharField(_("policy"), max_length=MAX_NAME, blank=True)
    count = models.PositiveBigIntegerField(_("count"), default=0)
    first_seen = TimestampField(_("first seen"), max_length=32)
    last_seen = TimestampField(_("last seen"), max_length=32)
    days = models.JSONField(_("days"), default=dict, blank=True)
    """Counts of the last days, by the number of the day since 1970."""

    objects: ClassVar[CountedManager] = CountedManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.origin or '...'} {self.host}{self.path}: {self.reason}"


class Observation(CountedRow):
    """How often one origin was answered in one way."""

    class Meta:
        verbose_name = _("observation")
        verbose_name_plural = _("observations")
        ordering = ("-count", "digest")
        default_permissions = ("view",)


class TrialObservation(CountedRow):
    """How often one origin was answered otherwise than the trial policies would have it.

    ``reason`` and ``policy`` are what the trial says, and the path group is the trial's.
    """

    live_reason = models.CharField(_("live reason"), max_length=32, blank=True)
    live_policy = ExactCharField(_("live policy"), max_length=MAX_NAME, blank=True)

    class Meta:
        verbose_name = _("observation of a trial")
        verbose_name_plural = _("observations of trials")
        ordering = ("-count", "digest")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{super().__str__()}, not {self.live_reason}"


class IgnoredOrigin(models.Model):
    """An origin that is not to be shown among those that were refused, on the paths of one path group."""

    digest = models.CharField(max_length=64, primary_key=True, editable=False)
    host = ExactCharField(_("host"), max_length=255, blank=True, default="")
    path = ExactCharField(_("path"), max_length=500)
    origin = ExactCharField(_("origin"), max_length=512)

    class Meta:
        verbose_name = _("ignored origin")
        verbose_name_plural = _("ignored origins")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.origin} {self.host}{self.path}"


def ignore_origin(row: Observation) -> None:
    """Marks the origin of the row, on the paths of its path group. Twice is as good as once."""
    place = {"host": row.host, "path": row.path, "origin": row.origin}
    marks = IgnoredOrigin.objects.using(row._state.db)
    marks.get_or_create(digest=_mark_of(row), defaults=place)


def unignore_origin(row: Observation) -> None:
    """Takes the mark away, if there is one."""
    IgnoredOrigin.objects.using(row._state.db).filter(digest=_mark_of(row)).delete()


def with_marks(rows: models.QuerySet[Observation]) -> models.QuerySet[Any]:
    """The rows, each with ``is_ignored``."""
    same = {name: models.OuterRef(name) for name in _MARKED}
    marks = IgnoredOrigin.objects.using(rows.db).filter(**same)
    return rows.annotate(is_ignored=models.Exists(marks))


def _mark_of(row: Observation) -> str:
    place = json.dumps([getattr(row, name) for name in _MARKED])
    return hashlib.sha256(place.encode()).hexdigest()


def lock_observations(using: str, model: type[CountedRow] = Observation) -> None:
    """Waits for other writers of these rows, and holds them off until the transaction ends.

    One statement, whether the row is there or not: of two that insert it and then update it, MySQL ends one.
    """
    write_observations(using, model, [model(digest=_LOCK, first_seen="", last_seen="")], ("count",))


def write_observations(
    using: str, model: type[CountedRow], rows: Iterable[CountedRow], fields: Collection[str]
) -> None:
    """Inserts the rows; of those that are there, makes the ``fields`` what they are to be."""
    has_target = connections[using].features.supports_update_conflicts_with_target
    model._base_manager.using(using).bulk_create(
        rows,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        update_fields=fields,
        unique_fields=["digest"] if has_target else None,
    )
