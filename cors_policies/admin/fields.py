"""How does an editor write a list: one entry a line, in an order that counts?

Before you edit:

* What was typed stays in the field when it is refused, and each bad line is named by its number and its text.
* A list that is opened and saved again is the same list. So an expression is never split at its commas, and
  check boxes keep the order that is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import is_aware, make_aware, make_naive
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cors_policies.admin.widgets import USUAL_METHODS, CodeInput, LinesTextarea, MethodsWidget, MomentInput
from cors_policies.core.policy import RESOURCE_POLICIES
from cors_policies.core.problems import PatternError, Problem
from cors_policies.core.timestamps import parse_timestamp, timestamp_text
from cors_policies.models.revisions import MAX_COMMENT
from cors_policies.translating import translated

MAX_ERRORS: Final = 25
_MAX_QUOTED: Final = 100


class Line(NamedTuple):
    """An entry, with the number of the line that it stands in."""

    number: int
    entry: str


class TextField(forms.CharField):
    """A text as it was typed: what may stand in it is for the policy's own rules to say."""

    def __init__(self, *, missing: Any = None, **kwargs: Any) -> None:
        """``missing`` says what to write where there is nothing."""
        errors = {} if missing is None else {"required": missing}
        options = {"strip": False, "widget": CodeInput, "error_messages": errors}
        super().__init__(**{**options, **kwargs})


class CommentField(forms.CharField):
    """Why something is changed: one line, for the history."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            label=gettext_lazy("Comment"),
            max_length=MAX_COMMENT,
            help_text=gettext_lazy("Why you change this, for the history. It is no part of the policies."),
            widget=forms.TextInput({"class": "vTextField"}),
            error_messages={"max_length": gettext_lazy("Write at most %(limit_value)d characters.")},
            **kwargs,
        )


class NumberField(forms.IntegerField):
    """A whole number of any size, or nothing; the policy's own rules say which is too large."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.NumberInput({"class": "vIntegerField", "min": 0})
        errors = {"invalid": gettext_lazy("Write a whole number, without a unit.")}
        super().__init__(required=False, widget=widget, error_messages=errors, **kwargs)


class TimestampField(forms.SplitDateTimeField):
    """A date and a time in the editor's time zone, as the text that documents have; or nothing."""

    stored: str | None = None
    """What the page was opened on. It stays where nothing else was typed: the page shows no fractions of a
    second, nor which of two equal times at the end of summer is meant, nor what is no timestamp.
    """

    def __init__(self, **kwargs: Any) -> None:
        errors = {
            "invalid_date": gettext_lazy("Write a date, as in 2030-01-31."),
            "invalid_time": gettext_lazy("Write the time, as in 18:00."),
        }
        super().__init__(required=False, widget=MomentInput(), error_messages=errors, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The time in the editor's time zone; what an editor typed as it was."""
        return _local_time(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> Any:
        """The text, or ``None``."""
        if self.stored is not None and not self.has_changed(self.stored, value):
            return self.stored
        moment = super().clean(value)
        try:
            return moment and timestamp_text(moment if is_aware(moment) else make_aware(moment))
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid_date"], "invalid_date") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another instant was typed."""
        return super().has_changed(self.prepare_value(initial), data)


class ResourcePolicyField(forms.TypedChoiceField):
    """One of the values of ``Cross-Origin-Resource-Policy``, or ``None``."""

    def __init__(self, **kwargs: Any) -> None:
        labels = {
            "same-origin": gettext_lazy("same-origin: pages of this very origin"),
            "same-site": gettext_lazy("same-site: pages of this site, its other hosts and ports too"),
            "cross-origin": gettext_lazy("cross-origin: pages of every site"),
        }
        choices = [
            ("", gettext_lazy("What the view says")),
            *((key, labels[key]) for key in RESOURCE_POLICIES),
        ]
        super().__init__(choices=choices, required=False, empty_value=None, **kwargs)


class LinesField(forms.CharField):
    """A list of names, one a line; commas separate too, and empty lines do not count."""

    def __init__(self, *, rows: int = 6, widget: LinesTextarea | None = None, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, widget=widget or LinesTextarea(rows), **kwargs)

    def to_python(self, value: Any) -> Any:
        """The entries, without the space around them."""
        return [line.entry for line in self.lines(value or "")]

    def prepare_value(self, value: Any) -> Any:
        """The entries one a line; what an editor typed as it was."""
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value

    def lines(self, text: str) -> list[Line]:
        """The entries that are not empty."""
        texts = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return [Line(number, entry) for number, line in enumerate(texts, 1) for entry in self.entries(line)]

    def entries(self, line: str) -> Iterator[str]:
        """The entries of one line."""
        return (entry.strip() for entry in line.split(",") if entry.strip())

    def report(self, problems: Sequence[Problem], text: str) -> list[ValidationError]:
        """The problems as errors, as many as anybody reads; marks the lines that they are about."""
        lines = self.lines(text)
        places = [_line(problem, lines) for problem in problems]
        marked = sorted({line.number for line in places if line is not None})
        cast("LinesTextarea", self.widget).mark(marked)
        found = list(map(_error, problems[:MAX_ERRORS], places))
        more = len(problems) - MAX_ERRORS
        if more > 0:
            sentence = ngettext("%(count)d more problem.", "%(count)d more problems.", more)
            found.append(ValidationError(sentence, "more", {"count": more}))
        return found


class OriginsField(LinesField):
    """A list of origin patterns; quotes around them, as settings files have them, are dropped."""

    def entries(self, line: str) -> Iterator[str]:
        """The entries of one line. An expression holds commas, and so goes on to the line's end."""
        rest = line.strip()
        while rest:
            if rest.startswith("~"):
                yield rest
                return
            entry, _comma, rest = rest.partition(",")
            rest = rest.strip()
            entry = entry.strip().strip("\"'").strip()
            if entry:
                yield entry


class MethodsField(forms.MultiValueField):
    """Check boxes for the usual methods, and a text for others."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(name, name) for name in USUAL_METHODS]
        boxes = forms.MultipleChoiceField(choices=choices, required=False)
        others = forms.CharField(required=False)
        super().__init__(
            (boxes, others), widget=MethodsWidget(), required=False, require_all_fields=False, **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        """The boxes and the others; what an editor sent as it was."""
        was_sent = isinstance(value, list) and value and isinstance(value[0], list)
        return value if was_sent else self.widget.decompress(value)

    def compress(self, data_list: list[Any]) -> list[str]:
        """One list: the boxes, then the others."""
        boxes, others = data_list or ([], "")
        return [*boxes, *(entry for entry in re.split(r"[\s,]+", others or "") if entry)]


def _local_time(text: str) -> datetime | None:
    try:
        return make_naive(parse_timestamp(text)).replace(microsecond=0)
    except (PatternError, OverflowError):
        return None


def _line(problem: Problem, lines: Sequence[Line]) -> Line | None:
    return None if problem.index is None or problem.index >= len(lines) else lines[problem.index]


def _error(problem: Problem, line: Line | None) -> ValidationError:
    if line is None:
        return ValidationError(translated(problem.message), problem.code)
    message = translated(problem.message)
    shown = {"number": line.number, "entry": shortened(line.entry), "message": message}
    if any(quoted in message for quoted in (f'"{line.entry}"', f"“{line.entry}”")):
        return ValidationError(_("Line %(number)d: %(message)s"), problem.code, shown)
    return ValidationError(_("Line %(number)d, %(entry)s: %(message)s"), problem.code, shown)


def in_stored_order(chosen: Sequence[str], stored: object) -> list[str]:
    """What is chosen: first what is stored already, in its order, then what is new."""
    kept = [entry for entry in stored if entry in chosen] if isinstance(stored, list | tuple) else []
    return [*kept, *(entry for entry in chosen if entry not in kept)]


def shortened(text: str) -> str:
    """A text short enough to be quoted."""
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"
