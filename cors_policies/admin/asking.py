"""Which call of ``fetch()`` does an editor ask about?

Before you edit:

* The core reads the call, as it does for ``explain`` and the API; here its problems become errors of fields.
* The form is its own address: what was asked can be shared as a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cors_policies.admin.fields import shortened
from cors_policies.admin.widgets import CodeInput
from cors_policies.conf import get_settings
from cors_policies.core.browser import BrowserRequest, parse_browser_request
from cors_policies.core.browser_request import CREDENTIALS_MODES, SCHEMES, parse_headers
from cors_policies.core.hosts import HostPattern
from cors_policies.core.linting.attacks import find_samples
from cors_policies.core.origins import NULL_ORIGIN, parse_origin_pattern
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError, PatternError
from cors_policies.core.vocabulary import ANY
from cors_policies.models import OriginGroupOrigin
from cors_policies.translating import translated

_MAX_PATH: Final = 2000
_MAX_TEXT: Final = 600
_MAX_HEADERS: Final = 8000
_SOMEBODY: Final = "https://app.example"
_DEFAULTS: Final = {"method": "GET", "credentials": "omit", "scheme": "https"}


def _choices(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


class CallForm(forms.Form):
    """A call of ``fetch()``; :attr:`call` is what the core makes of it, where it is valid."""

    origin = forms.CharField(
        required=False,
        max_length=_MAX_TEXT,
        widget=CodeInput({"placeholder": _SOMEBODY}),
        label=gettext_lazy("Origin"),
        help_text=gettext_lazy("Of the page that calls: scheme, host and port. Empty: no page does."),
    )
    method = forms.CharField(
        required=False,
        max_length=100,
        widget=CodeInput({"list": "cors-known-methods"}),
        label=gettext_lazy("Method"),
    )
    path = forms.CharField(
        max_length=_MAX_PATH,
        widget=CodeInput({"placeholder": "/api/orders/1"}),
        label=gettext_lazy("Path"),
        help_text=gettext_lazy("As in the address, without the host."),
        error_messages={"required": gettext_lazy("There is nothing here. Write one such as /api/orders/1.")},
    )
    headers = forms.CharField(
        required=False,
        max_length=_MAX_HEADERS,
        widget=forms.Textarea({"rows": 2, "cols": 40, "class": "cors-code", "spellcheck": "false"}),
        label=gettext_lazy("Headers"),
        help_text=gettext_lazy("Those that the script sets, one a line: Content-Type: application/json"),
    )
    credentials = forms.ChoiceField(
        required=False, choices=_choices(CREDENTIALS_MODES), label=gettext_lazy("Credentials")
    )
    scheme = forms.ChoiceField(required=False, choices=_choices(SCHEMES), label=gettext_lazy("Scheme"))
    host = forms.CharField(
        required=False,
        max_length=_MAX_TEXT,
        widget=CodeInput({"placeholder": "api.example.com"}),
        label=gettext_lazy("Host"),
        help_text=gettext_lazy("Which of this site's hosts. Empty: only policies for every host are asked."),
    )
    call: BrowserRequest

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=_DEFAULTS, label_suffix="")

    @property
    def query(self) -> str:
        """The valid call as the parameters of an address; what is as usual is left out."""
        found = self.cleaned_data.items()
        return urlencode({name: value for name, value in found if value != _DEFAULTS.get(name, "")})

    def clean(self) -> dict[str, Any]:
        """The call as it is sent, with the usual where nothing was written."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        found |= {name: usual for name, usual in _DEFAULTS.items() if found.get(name) == ""}
        if not self.errors:
            self._parse(found)
        return found

    def clean_headers(self) -> str:
        """The lines, each with its colon."""
        lines = [line.strip() for line in self.cleaned_data["headers"].splitlines() if line.strip()]
        for line in lines:
            if ":" not in line:
                shown = {"line": shortened(line)}
                raise ValidationError(_('"%(line)s": write a name, a colon and a value.') % shown)
        return "\n".join(lines)

    def _parse(self, found: Mapping[str, Any]) -> None:
        headers = parse_headers(found["headers"].splitlines())
        document = {**found, "headers": headers, "origin": found["origin"] or None}
        try:
            self.call = parse_browser_request(document)
        except InvalidPolicyError as error:
            for problem in error.problems:
                self.add_error(problem.field.split(".")[0], translated(problem.message))


def known_query(query: str) -> QueryDict | None:
    """The call that an address holds; ``None`` where it holds none."""
    found = QueryDict(query[: _MAX_PATH + _MAX_HEADERS])
    return found if "path" in found else None


def example_call(policy: Document) -> dict[str, str]:
    """A call that the policy's document speaks of: a path that matches, its first origin, a method of it."""
    methods = policy["allowed_methods"] if isinstance(policy["allowed_methods"], list) else []
    found = {
        "origin": _example_origin(policy),
        "method": "GET" if {"GET", ANY} & set(map(str, methods)) or not methods else str(methods[0]),
        "path": _example_path(str(policy["path"])),
        "host": _example_host(str(policy["host"])),
        "credentials": "include" if policy["allow_credentials"] is True else "",
    }
    return {key: value for key, value in found.items() if value}


def _example_path(pattern: str) -> str:
    try:
        path = parse_path_pattern(pattern).example
    except PatternError:
        return "/"
    return path.replace("%", "%25").replace("\\", "%5C")


def _example_host(pattern: str) -> str:
    return f"www{pattern[1:]}" if HostPattern(pattern).is_wildcard else pattern


def _example_origin(policy: Document) -> str:
    first = policy["allowed_origins"][0] if policy["allowed_origins"] else _first_of_groups(policy)
    try:
        pattern = parse_origin_pattern(first or ANY)
    except PatternError:
        return _SOMEBODY
    samples = find_samples(pattern)
    return samples[0] if samples else NULL_ORIGIN if pattern.text == NULL_ORIGIN else _SOMEBODY


def _first_of_groups(policy: Document) -> str | None:
    entries = OriginGroupOrigin.objects.using(get_settings().DATABASE_ALIAS)
    members = entries.filter(group__name__in=policy["origin_groups"][:1]).order_by("position", "pk")
    return members.values_list("origin__pattern", flat=True).first()
