"""How is a change of a policy or group shown side by side: what was there, and what is there since?

Before you edit:

* What is shown is bounded, whatever was changed: so many changes a page, so many entries of a list, so many
  characters of a text. The rest is counted.
* Signs and words say what is new and what is gone; colours only say it again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from django.core.paginator import Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cors_policies.admin.base import more_text
from cors_policies.admin.changes import value_text
from cors_policies.admin.fields import shortened
from cors_policies.admin.forms import DocumentForm, OriginGroupForm
from cors_policies.admin.policy_form import PolicyForm
from cors_policies.core.comparing.differences import Difference, ListDifference, change_differences
from cors_policies.core.policy import Document
from cors_policies.models import RevisionChange
from cors_policies.services import Change
from cors_policies.services.recording import RowChange

_CHANGES_PER_PAGE: Final = 50
_MAX_ENTRIES, _MIN_ENTRIES, _ENTRIES_PER_PAGE = 100, 10, 500
_MAX_VALUE: Final = 300
_CONTEXT: Final = 40
AnyChange = Change | RowChange
_FORMS: Final[dict[str, type[DocumentForm]]] = {"policy": PolicyForm, "origin_group": OriginGroupForm}
_KINDS: Final = {"policy": gettext_lazy("Policy"), "origin_group": gettext_lazy("Origin group")}
SIGNS: Final = {"created": "+", "updated": "~", "deleted": "-"}


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of a list, as many as are shown, and how many more there are."""

    title: str
    sign: str
    shown: Sequence[str]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one side of a row shows: a value, or entries of a list."""

    value: str = ""
    entries: Sequence[Entries] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One key of a document that differs."""

    label: str
    before: Cell
    after: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """A change of one policy or group; ``was`` is the name that it had, where it was renamed."""

    kind: str
    name: str
    action: str
    sign: str
    words: str
    was: str = ""
    row: str = ""
    rows: Sequence[Row] = field(default_factory=tuple)


class ChangesPage:
    """One page of the changes of a revision, or of what restoring one would change."""

    def __init__(self, changes: Any, number: str | None) -> None:
        self.page = Paginator(changes, _CHANGES_PER_PAGE).get_page(number)
        self.numbers = self.page.paginator.get_elided_page_range(self.page.number)

    @property
    def shown(self) -> list[ShownChange]:
        """The changes. Where they leave little room, each list shows its first entries only."""
        page = [_with_documents(change) for change in self.page]
        entries = max(_MIN_ENTRIES, min(_MAX_ENTRIES, _ENTRIES_PER_PAGE // max(1, len(page))))
        return [_shown_change(change, entries) for change in page]


def _with_documents(change: RevisionChange | Change) -> AnyChange:
    if isinstance(change, Change):
        return change
    before, after = (None if text is None else json.loads(text) for text in (change.before, change.after))
    return RowChange(change.kind, change.row, before, after)


def key_label(kind: str, key: str) -> str:
    """What a key of a document is called in its form."""
    return _FORMS[kind].key_labels().get(key, key)


def kind_label(kind: str) -> str:
    """``Policy`` or ``Origin group``."""
    return str(_KINDS[kind])


def _shown_change(change: AnyChange, entries: int) -> ShownChange:
    found = change_differences(change.kind, change.before, change.after)
    was = str((change.before or {}).get("name", ""))
    return ShownChange(
        kind=kind_label(change.kind),
        name=change.name,
        action=change.action,
        sign=SIGNS[change.action],
        words=_words(change.action),
        was="" if was == change.name else was,
        row=f"{change.kind}-{change.row}" if isinstance(change, RowChange) else "",
        rows=[_row(change, difference, entries) for difference in found if difference.key != "name"],
    )


def _words(action: str) -> str:
    return str(RevisionChange.Action(action).label)


def _row(change: AnyChange, difference: Difference, entries: int) -> Row:
    label = key_label(change.kind, difference.key)
    if isinstance(difference, ListDifference):
        return Row(label, *_list_cells(difference, change.before, change.after, entries))
    before, after = _cut(value_text(difference.before), value_text(difference.after))
    return Row(label, _side(before, change.before), _side(after, change.after))


def _side(text: str, document: Document | None) -> Cell:
    """A value; nothing on the side where there was no document."""
    return Cell() if document is None else Cell(text)


def _list_cells(
    difference: ListDifference, before: Document | None, after: Document | None, limit: int
) -> tuple[Cell, Cell]:
    removed = _entries(_("Removed"), "-", difference.removed, limit)
    added = _entries(_("Added"), "+", difference.added, limit)
    order = difference.moved
    removed = (*removed, *_entries(_("In the order"), "", order[0], limit))
    added = (*added, *_entries(_("Now in the order"), "", order[1], limit))
    return _list_side(removed, before, difference.before), _list_side(added, after, difference.after)


def _list_side(entries: Sequence[Entries], document: Document | None, texts: Sequence[str]) -> Cell:
    if document is None or entries or texts:
        return Cell(entries=entries)
    return Cell(value_text(None))


def _entries(title: str, sign: str, texts: Sequence[str], limit: int) -> tuple[Entries, ...]:
    if not texts:
        return ()
    more = more_text(len(texts) - limit) if len(texts) > limit else ""
    return (Entries(title, sign, [shortened(text) for text in texts[:limit]], more),)


def _cut(before: str, after: str) -> tuple[str, str]:
    """Both values short enough to be shown, from shortly before the place where they part."""
    shared = (
        sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
        - _CONTEXT
    )
    start = shared if shared > 0 and max(len(before), len(after)) > _MAX_VALUE else 0
    return _part(before, start), _part(after, start)


def _part(text: str, start: int) -> str:
    end = start + _MAX_VALUE
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"
