"""How is a list edited that is too long to be a text on a page?

Before you edit:

* The page shows the first entries, and takes what is to be added and what is to be removed. What is not named
  stays as it is stored, in its order: nothing that the page does not show can be lost by saving it.
* The value of the field is the whole list all the same, so that everything after it is as for a short one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy, ngettext

from cors_policies.admin.fields import OriginsField, shortened
from cors_policies.admin.widgets import LinesTextarea
from cors_policies.core.origins import parse_origin_pattern
from cors_policies.core.policy import Document
from cors_policies.core.problems import PatternError, Problem

LIMIT: Final = 1000
"""Longer lists are edited in this way."""
_SHOWN: Final = 20
_MAX_NAMED: Final = 5
_ADDED, _REMOVED = "added", "removed"


class Sent(NamedTuple):
    """What was typed into the two boxes."""

    added: str = ""
    removed: str = ""


class LongListWidget(forms.MultiWidget):
    """The first entries, and two boxes."""

    template_name = "cors_policies/widgets/long_list.html"
    use_fieldset = True

    def __init__(self, stored: Sequence[str]) -> None:
        self.stored = stored
        super().__init__({_ADDED: LinesTextarea(6), _REMOVED: LinesTextarea(3)})

    def decompress(self, value: Any) -> list[str]:
        """The texts of the boxes."""
        return [*value] if isinstance(value, Sent) else ["", ""]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed."""
        return Sent(*(text or "" for text in super().value_from_datadict(data, files, name)))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Django's, and the first entries."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        shown = [shortened(entry) for entry in self.stored[:_SHOWN]]
        context["widget"] |= {"count": len(self.stored), "shown": shown}
        return context

    def mark(self, lines: Sequence[int]) -> None:
        """Marks lines of what is to be added."""
        cast("LinesTextarea", self.widgets[0]).mark(lines)


class LongOriginsField(OriginsField):
    """A stored list of origin patterns, with what is added to it and removed from it."""

    def __init__(self, stored: Sequence[str], label: Any) -> None:
        help_text = gettext_lazy("One a line, or separated by commas. What you do not name here stays.")
        super().__init__(widget=cast("Any", LongListWidget(stored)), label=label, help_text=help_text)
        self.stored = stored

    def to_python(self, value: Any) -> Any:
        """The whole list."""
        sent = value if isinstance(value, Sent) else Sent()
        removed = {_canonical(line.entry) for line in self.lines(sent.removed)}
        unknown = sorted(removed - set(self.stored))
        if unknown:
            raise ValidationError(_unknown(unknown), "unknown-entry")
        return [*self._kept(removed), *(line.entry for line in self.lines(sent.added))]

    def prepare_value(self, value: Any) -> Any:
        """What is added and removed where the list was filled in; what an editor typed as it was."""
        if not isinstance(value, list | tuple) or isinstance(value, Sent):
            return value if isinstance(value, Sent) else Sent()
        delta = difference(self.stored, value)
        return Sent("\n".join(delta[_ADDED]), "\n".join(delta[_REMOVED]))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether anything was typed."""
        return bool(data != self.prepare_value(initial))

    def report(self, problems: Sequence[Problem], text: Any) -> list[ValidationError]:
        """The problems as errors, with the lines of what is added."""
        removed = {_canonical(line.entry) for line in self.lines(text.removed)}
        before = len(self._kept(removed))
        return super().report([_moved(problem, before) for problem in problems], text.added)

    def _kept(self, removed: set[str]) -> list[str]:
        return [entry for entry in self.stored if entry not in removed]


def is_long(stored: Sequence[str]) -> bool:
    """Whether a stored list is edited in this way."""
    return len(stored) > LIMIT


def difference(stored: Sequence[str], wanted: Sequence[str]) -> dict[str, list[str]]:
    """What is added to a list and removed from it, to be :func:`applied`."""
    before, after = set(stored), set(wanted)
    return {
        _ADDED: [entry for entry in wanted if entry not in before],
        _REMOVED: [entry for entry in stored if entry not in after],
    }


def shortened_lists(document: Document, stored: Document | None) -> Document:
    """The document with the difference in place of each list that is long as it is stored."""
    return {
        key: difference(found, value) if (found := _long(stored, key)) and isinstance(value, list) else value
        for key, value in document.items()
    }


def whole_lists(document: Document, stored: Document | None) -> Document:
    """What :func:`shortened_lists` has shortened; what it could not have made stays as it is."""
    return {
        key: _applied(found, value) if (found := _long(stored, key)) and _is_difference(value) else value
        for key, value in document.items()
    }


def _applied(stored: Sequence[str], delta: Mapping[str, Sequence[str]]) -> list[str]:
    removed = set(delta[_REMOVED])
    return [*(entry for entry in stored if entry not in removed), *delta[_ADDED]]


def _long(stored: Document | None, key: str) -> list[str]:
    """The stored list, where it is long; else nothing."""
    found = (stored or {}).get(key)
    return found if isinstance(found, list) and is_long(found) else []


def _is_difference(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {_ADDED, _REMOVED}
        and all(isinstance(found, list) for found in value.values())
        and all(isinstance(entry, str) for found in value.values() for entry in found)
    )


def _canonical(entry: str) -> str:
    try:
        return parse_origin_pattern(entry).text
    except PatternError:
        return entry


def _moved(problem: Problem, before: int) -> Problem:
    if problem.index is None or problem.index < before:
        return replace(problem, index=None)
    return replace(problem, index=problem.index - before)


def _unknown(entries: Sequence[str]) -> str:
    text = ngettext(
        "%(count)d origin is not in the list, so that it cannot be removed: %(names)s. Write it as it is "
        "listed, or leave it out.",
        "%(count)d origins are not in the list, so that they cannot be removed: %(names)s. Write them as "
        "they are listed, or leave them out.",
        len(entries),
    )
    names = ", ".join(map(shortened, entries[:_MAX_NAMED]))
    return text % {"count": len(entries), "names": names if len(entries) <= _MAX_NAMED else f"{names}, …"}
