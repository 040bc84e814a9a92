"""What has changed between two documents, in words and in digests?

The words go into the history and into the message to an editor whose page is out of date; the digests go with
the page, so that the site can tell which keys somebody else has changed meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cors_policies.admin.fields import shortened
from cors_policies.core.comparing.differences import Difference, ListDifference, differences
from cors_policies.core.policy import Document

_MAX_NAMED: Final = 5


def digests(document: Document) -> str:
    """A short text that tells for each key of the document whether it is what it was."""
    return " ".join(f"{key}:{_digest(value)}" for key, value in document.items())


def changed_keys(opened: str, document: Document) -> list[str]:
    """The keys of the document that differ from those that ``digests`` gave as ``opened``."""
    before = dict(entry.split(":", 1) for entry in opened.split() if ":" in entry)
    return [key for key, value in document.items() if before.get(key) != _digest(value)]


def phrases(before: Document, after: Document, labels: Mapping[str, str]) -> list[str]:
    """A phrase for each key that differs, as in ``Max-age: 600 → 60``; keys without a label are left out."""
    found = {difference.key: difference for difference in differences(before, after)}
    return [f"{labels[key]}: {_phrase(found[key])}" for key in labels if key in found]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _phrase(difference: Difference) -> str:
    if isinstance(difference, ListDifference):
        return "; ".join(_list_phrases(difference))
    return f"{_shown(difference.before)} → {_shown(difference.after)}"


def _list_phrases(difference: ListDifference) -> Iterator[str]:
    if difference.added:
        yield _("added %(names)s") % {"names": named(difference.added)}
    if difference.removed:
        yield _("removed %(names)s") % {"names": named(difference.removed)}
    if difference.is_reordered:
        yield _("order changed")


def named(entries: Sequence[str]) -> str:
    """The first of the entries, and how many more there are."""
    names = ", ".join(map(shortened, entries[:_MAX_NAMED]))
    more = len(entries) - _MAX_NAMED
    if more <= 0:
        return names
    rest = ngettext("%(count)d more", "%(count)d more", more) % {"count": more}
    return f"{names}, {rest}"


def value_text(value: object) -> str:
    """A value in words; texts and numbers as they are."""
    words = {True: _("yes"), False: _("no"), None: _("nothing"), "": _("nothing")}
    if value is None or isinstance(value, bool | str):
        return words.get(value) or str(value)
    return str(value)


def _shown(value: object) -> str:
    text = shortened(value_text(value))
    return f"“{text}”" if value and isinstance(value, str) else text
