"""What stands in a policy's form, unsaved, before anybody types?

Two things can: a form that was sent to be tried and comes back as it was, and what an address proposes to
add (``?add_origin=https://app.example``).

Before you edit:

* Nothing here is stored or trusted: it fills in fields, and the save that may follow checks it as if it had
  been typed.
* Both come from the browser, so that any text may be there. What would not fit its field is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from cors_policies.core.origins import MAX_ORIGIN
from cors_policies.core.policy import POLICY_KEYS, Document
from cors_policies.core.remedies import Remedy
from cors_policies.json_text import NoJsonError, parse_json

TRY: Final = "_try"
EDIT: Final = "_edit"
CHANGES: Final = "changes"
CALL: Final = "call"
"""The buttons, the field, and the parameter that holds the call being tried."""

_MAX_ADDED: Final = 20
_LISTS: Final = {
    "add_origin": "allowed_origins",
    "add_method": "allowed_methods",
    "add_header": "allowed_headers",
}
_CREDENTIALS: Final = "add_credentials"


@dataclass(frozen=True, slots=True)
class Changes:
    """A policy as its form had it when it was sent; ``opened`` is what the form was opened on."""

    document: Document
    opened: str = ""

    @property
    def text(self) -> str:
        """For a hidden field."""
        return json.dumps({"document": self.document, "opened": self.opened}, ensure_ascii=False)


def read_changes(text: str) -> Changes | None:
    """What :attr:`Changes.text` gave; ``None`` for anything else."""
    try:
        carried = parse_json(text.encode())
        json.dumps(carried, ensure_ascii=False).encode()
    except (NoJsonError, UnicodeEncodeError):
        return None
    if not isinstance(carried, Mapping):
        return None
    document, opened = carried.get("document"), carried.get("opened")
    if isinstance(document, dict) and isinstance(opened, str):
        return Changes(document, opened)
    return None


@dataclass(frozen=True, slots=True)
class Prefill:
    """What a request fills in."""

    changes: Changes | None
    added: Mapping[str, list[str]]
    credentials: bool

    def __call__(self, initial: Document) -> Document:
        """The form's initial values, filled in."""
        filled = dict(initial)
        if self.changes is not None:
            filled |= {key: value for key, value in self.changes.document.items() if _fits(key, value)}
            filled["opened"] = self.changes.opened
        for key, values in self.added.items():
            listed = _entries(filled.get(key))
            filled[key] = [*listed, *(value for value in values if value not in listed)]
        return filled | {"allow_credentials": True} if self.credentials else filled

    @property
    def proposals(self) -> list[str]:
        """What the address proposes to add, for the editor to be told."""
        added = [value for values in self.added.values() for value in values]
        return [*added, _("allow credentials")] if self.credentials else added


def read_prefill(request: HttpRequest) -> Prefill:
    """What the request fills in, if anything."""
    changes = read_changes(request.POST.get(CHANGES, "")) if EDIT in request.POST else None
    added = {key: [*_proposed(request.GET.getlist(name))] for name, key in _LISTS.items()}
    found = {key: values for key, values in added.items() if values}
    return Prefill(changes, found, request.GET.get(_CREDENTIALS) == "1")


def proposal(remedy: Remedy) -> MultiValueDict[str, str]:
    """The parameters of an address whose form has the remedy filled in."""
    values: dict[str, Iterable[str]] = {
        "add_origin": remedy.origins,
        "add_method": remedy.methods,
        "add_header": remedy.headers,
        _CREDENTIALS: ["1"] if remedy.credentials else [],
    }
    return MultiValueDict({name: [*found] for name, found in values.items() if found})


def new_policy(remedy: Remedy, path: str) -> dict[str, list[str]]:
    """The parameters that give a new policy its place, and take what is usually allowed out of it.

    What the remedy adds is all that it then allows.
    """
    host, pattern = remedy.site or ("", path)
    place = {"path": [pattern], "host": [host]}
    return {**place, "allowed_methods": [""], "allowed_headers": [""]}


def _proposed(values: Iterable[str]) -> Iterator[str]:
    kept = (value.strip() for value in [*values][:_MAX_ADDED] if len(value) <= MAX_ORIGIN)
    return (value for value in dict.fromkeys(kept) if value and value.isprintable())


def _entries(value: Any) -> list[Any]:
    """The list so far. The address can fill in one as text, too (``?allowed_origins=``)."""
    if isinstance(value, list | tuple):
        return [*value]
    return [value] if isinstance(value, str) and value else []


def _fits(key: str, value: object) -> bool:
    if key not in POLICY_KEYS:
        return False
    if isinstance(value, list):
        return all(isinstance(entry, str) for entry in value)
    return value is None or isinstance(value, str) or (isinstance(value, int) and key != "expires_at")
