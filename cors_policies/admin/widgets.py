"""How do the lists of a policy look in a form?

Before you edit: the page works under a strict Content-Security-Policy, so that no template here holds a
script or a style. What static/cors_policies/admin.js adds is a help; without it every list can be typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.utils.translation import gettext_lazy as _

USUAL_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*")
_CODE: Final = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


class CodeInput(forms.TextInput):
    """One line of text that no browser corrects."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({**_CODE, "class": "vTextField cors-code", **(attrs or {})})


class MomentInput(AdminSplitDateTime):
    """A date and a time: Django's, with names for those who do not see what stands beside them."""

    def __init__(self) -> None:
        super().__init__()
        for widget, label in zip(self.widgets, (_("Expires at: date"), _("Expires at: time")), strict=True):
            widget.attrs["aria-label"] = label


class NoteTextarea(forms.Textarea):
    """A few lines of prose."""

    def __init__(self) -> None:
        super().__init__({"class": "vLargeTextField", "rows": 3})


class LinesTextarea(forms.Textarea):
    """A list, one entry a line, with the numbers of the lines beside it."""

    template_name = "cors_policies/widgets/lines.html"

    def __init__(self, rows: int) -> None:
        super().__init__({**_CODE, "class": "cors-code", "rows": rows, "cols": 60, "wrap": "off"})

    def mark(self, lines: Iterable[int]) -> None:
        """Marks lines that hold a problem."""
        self.attrs["data-marked"] = " ".join(map(str, lines))


class GroupsTextarea(LinesTextarea):
    """Names of origin groups, one a line, and a list of those that there are to add from."""

    template_name = "cors_policies/widgets/groups.html"
    names: Iterable[str] = ()

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Django's, and the names."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["names"] = list(self.names)
        return context


class MethodsWidget(forms.MultiWidget):
    """Check boxes for the usual methods, and a text for others."""

    template_name = "cors_policies/widgets/methods.html"
    use_fieldset = True

    def __init__(self) -> None:
        labels = [(name, _("* (any method)") if name == "*" else name) for name in USUAL_METHODS]
        boxes = forms.CheckboxSelectMultiple(choices=labels)
        super().__init__({"usual": boxes, "others": CodeInput()})

    def decompress(self, value: Any) -> list[Any]:
        """The stored list as boxes and others."""
        methods = [str(method) for method in value] if isinstance(value, list | tuple) else []
        others = [method for method in methods if method not in USUAL_METHODS]
        return [[method for method in methods if method in USUAL_METHODS], ", ".join(others)]
