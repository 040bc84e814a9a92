"""How do the headers of a decision get onto a response?

Before you edit:

* On a governed path the decision is the only authority: what a view set of ``Access-Control-*`` is removed.
* Django's public mapping costs more than all the rest of a request without ``Origin``. So its own dict is
  used where it is as in Django 5.2 to 6.1: lower-case name to name and value. A test holds both ways
  together. Only what the engine has matched is put: Django's look for line breaks is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django.http.response import ResponseHeaders

PREFIX: Final = "access-control-"
_LENGTH: Final = len(PREFIX)
_AFTER_PREFIX: Final = "access-control."
_VARY: Final = "vary"
_SEPARATOR: Final = re.compile(r"\s*,\s*")


def put_by_mapping(headers: ResponseHeaders, values: Sequence[tuple[str, str]], vary: Sequence[str]) -> None:
    """Puts the values and the names to vary by, by Django's public mapping."""
    for name in [name for name in headers if name[:_LENGTH].lower() == PREFIX]:
        del headers[name]
    for name, value in values:
        headers[name] = value
    if vary:
        headers["Vary"] = merged(headers.get("Vary", ""), vary)


def put_by_store(headers: ResponseHeaders, values: Sequence[tuple[str, str]], vary: Sequence[str]) -> None:
    """The same, by the dict behind the mapping."""
    stored: dict[str, tuple[str, str]] = headers._store  # noqa: SLF001 - see the top of this module
    for name in stored:
        # Compared first, which most names end with: half the time of the loop at six headers.
        if name < "access-control." and name.startswith("access-control-"):
            _remove(stored)
            break
    for item in values:
        stored[item[0].lower()] = item
    if vary:
        given = stored.get("vary")
        stored["vary"] = ("Vary", ", ".join(vary) if given is None else merged(given[1], vary))


def merged(given: str, added: Sequence[str]) -> str:
    """A ``Vary`` with these names, each once and after what was there; ``*`` stays alone."""
    if not given:
        return ", ".join(added)
    names = _SEPARATOR.split(given)
    if "*" in names:
        return "*"
    known = {name.lower() for name in names}
    return ", ".join([*names, *(name for name in added if name.lower() not in known)])


def _remove(stored: dict[str, tuple[str, str]]) -> None:
    for name in [name for name in stored if name[:_LENGTH] == PREFIX]:
        del stored[name]


def _has_store() -> bool:
    probe: Any = ResponseHeaders({"X-Probe": "1"})
    return getattr(probe, "_store", None) == {"x-probe": ("X-Probe", "1")}


put_headers: Final = put_by_store if _has_store() else put_by_mapping
