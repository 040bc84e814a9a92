"""What has changed between two documents, in words and in digests?

The words go into the history and into the message to an editor whose page is out of date; the digests go with
the page, so that the site can tell which keys somebody else has changed meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cors_policies.admin.fields import shortened
from cors_policies.core.policy import Document

_MAX_NAMED: Final = 5


def digests(document: Document) -> str:
    """A short text that tells for each key of the document whether it is what it was."""
    return " ".join(f"{key}:{_digest(value)}" for key, value in document.items())


def changed_keys(opened: str, document: Document) -> list[str]:
    """The keys of the document that differ from those that ``digests`` gave as ``opened``."""
    before = dict(entry.split(":", 1) for entry in opened.split() if ":" in entry)
    return [key for key, value in document.items() if before.get(key) != _digest(value)]


def differences(before: Document, after: Document, labels: Mapping[str, str]) -> list[str]:
    """A phrase for each key that differs, as in ``Max-age: 600 → 60``; keys without a label are left out."""
    keys = [key for key in labels if before.get(key) != after.get(key)]
    return [f"{labels[key]}: {_difference(before.get(key), after.get(key))}" for key in keys]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _difference(before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        return "; ".join(_list_differences(before, after))
    return f"{_shown(before)} → {_shown(after)}"


def _list_differences(before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
    old, new = dict.fromkeys(map(str, before)), dict.fromkeys(map(str, after))
    added = [entry for entry in new if entry not in old]
    removed = [entry for entry in old if entry not in new]
    if added:
        yield _("added %(names)s") % {"names": named(added)}
    if removed:
        yield _("removed %(names)s") % {"names": named(removed)}
    if not added and not removed:
        yield _("order changed")


def named(entries: Sequence[str]) -> str:
    """The first of the entries, and how many more there are."""
    names = ", ".join(map(shortened, entries[:_MAX_NAMED]))
    more = len(entries) - _MAX_NAMED
    if more <= 0:
        return names
    rest = ngettext("%(count)d more", "%(count)d more", more) % {"count": more}
    return f"{names}, {rest}"


def _shown(value: object) -> str:
    words = {True: _("yes"), False: _("no"), None: _("nothing"), "": _("nothing")}
    if value is None or isinstance(value, bool | str):
        return words.get(value) or f"“{shortened(str(value))}”"
    return shortened(str(value))
