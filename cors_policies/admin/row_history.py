"""What has happened to one policy or group, whatever it was called?

Before you edit: a document may be large, and each change holds two. The large ones are not read: the page of
the revision shows them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Length
from django.utils.translation import gettext as _

from cors_policies.admin.changes import phrases
from cors_policies.conf import get_settings
from cors_policies.models import Revision, RevisionChange

_PER_PAGE: Final = 50
_MAX_READ: Final = 100_000


@dataclass(frozen=True, slots=True)
class Event:
    """A revision that has changed the row, and how, in words."""

    revision: Revision
    words: str
    phrases: Sequence[str]


class RowHistory:
    """The revisions that have changed the document of one row, the newest first, in pages."""

    def __init__(self, kind: str, row: int, labels: Mapping[str, str]) -> None:
        self._labels = labels
        rows = RevisionChange.objects.using(get_settings().DATABASE_ALIAS).filter(kind=kind, row=row)
        self._rows: QuerySet[Any] = rows.order_by("-revision_id")
        self._paginator = Paginator(self._rows.defer("before", "after").select_related("revision"), _PER_PAGE)

    def page(self, number: str | None) -> Page[Any]:
        """A page of changes; the nearest one where there is none of that number."""
        return self._paginator.get_page(number)

    def events(self, page: Page[Any]) -> Iterator[Event]:
        """What the changes of a page have changed. Two queries."""
        changes = list(page)
        texts = self._texts([change.pk for change in changes])
        for change in changes:
            before, after = texts.get(change.pk, ("", ""))
            words = str(RevisionChange.Action(change.action).label)
            yield Event(change.revision, words, self._phrases(before, after))

    def _texts(self, keys: list[int]) -> dict[int, tuple[str | None, str | None]]:
        size = Coalesce(Length("before"), 0) + Coalesce(Length("after"), 0)
        small = self._rows.filter(pk__in=keys).annotate(size=size).filter(size__lt=_MAX_READ)
        return {key: (before, after) for key, before, after in small.values_list("pk", "before", "after")}

    def _phrases(self, before: str | None, after: str | None) -> list[str]:
        if before is None or after is None:
            return []
        if not before:
            return [_("too much to be shown here")]
        return phrases(json.loads(before), json.loads(after), self._labels)
