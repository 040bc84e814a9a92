"""How does an editor write a list: one entry a line, in an order that counts?

Before you edit: what was typed stays in the field when it is refused, and each bad line is named by its
number and its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cors_policies.core.problems import Problem

_SEPARATORS: Final = re.compile(r"[\n,]+")
USUAL_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*")


class LinesField(forms.CharField):
    """A list of texts, one a line; commas separate too, and empty lines do not count."""

    def __init__(self, *, rows: int = 6, **kwargs: Any) -> None:
        attributes = {
            "rows": rows,
            "cols": 60,
            "spellcheck": "false",
            "autocapitalize": "off",
            "class": "cors-lines",
        }
        super().__init__(required=False, strip=False, widget=forms.Textarea(attributes), **kwargs)

    def to_python(self, value: Any) -> Any:
        """The entries, without the space around them."""
        return [entry for _, entry in numbered_lines(value or "")]

    def prepare_value(self, value: Any) -> Any:
        """The entries one a line; what an editor typed as it was."""
        return "\n".join(value) if isinstance(value, list | tuple) else value


class MethodsField(forms.MultiValueField):
    """Check boxes for the usual methods, and a text for others."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(name, _("any method") if name == "*" else name) for name in USUAL_METHODS]
        boxes, others = (
            forms.MultipleChoiceField(choices=choices, required=False),
            forms.CharField(required=False),
        )
        super().__init__(
            (boxes, others), widget=MethodsWidget(choices), required=False, require_all_fields=False, **kwargs
        )

    def compress(self, data_list: list[Any]) -> list[str]:
        """One list: the boxes, then the others."""
        boxes, others = data_list or ([], "")
        return [*boxes, *re.split(r"[\s,]+", others.strip())] if others and others.strip() else list(boxes)


class MethodsWidget(forms.MultiWidget):
    """The check boxes and the text of :class:`MethodsField`."""

    template_name = "cors_policies/methods.html"

    def __init__(self, choices: Iterable[tuple[str, str]]) -> None:
        boxes = forms.CheckboxSelectMultiple(choices=[*choices])
        others = forms.TextInput({"class": "vTextField", "aria-label": _("Other methods")})
        super().__init__({"usual": boxes, "others": others})

    def decompress(self, value: Any) -> list[Any]:
        """The stored list as boxes and others."""
        methods = value or []
        others = [method for method in methods if method not in USUAL_METHODS]
        return [[method for method in methods if method in USUAL_METHODS], ", ".join(others)]


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """The entries that are not empty, each with the number of its line."""
    lines = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1)
    entries = ((number, entry.strip()) for number, line in lines for entry in line.split(","))
    return [(number, entry) for number, entry in entries if entry]


def line_error(problem: Problem, text: str) -> ValidationError:
    """The problem as an error of a :class:`LinesField`, with the line that the editor has to look at."""
    lines = numbered_lines(text)
    if problem.index is None or problem.index >= len(lines):
        return ValidationError(problem.message, code=problem.code)
    number, entry = lines[problem.index]
    message = _("Line %(number)d, %(entry)s: %(message)s")
    shown = {"number": number, "entry": entry[:100], "message": problem.message}
    return ValidationError(message, code=problem.code, params=shown)
