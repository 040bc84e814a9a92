"""How do the headers of a decision get onto a response?

Before you edit:

* On a governed path the decision is the only authority: what a view set of ``Access-Control-*`` is removed.
* Django's public mapping costs more than all the rest of a request without ``Origin``. So its own dict is
  used where it is as in Django 5.2 to 6.1: lower-case name to name and value. A test holds both ways
  together. Only what the engine has matched is put: Django's look for line breaks is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from django.http.response import ResponseHeaders

Prepared = dict[str, tuple[str, str]]
"""Lower-case name to name and value: as a response's own dict has them."""
PREFIX: Final = "access-control-"
_LENGTH: Final = len(PREFIX)
_VARY: Final = "vary"
SEPARATOR: Final = ", "
_ANY_SEPARATOR: Final = re.compile(r"\s*,\s*")


class _Lower(dict[str, str]):
    """Names in lower case. Only the engine's own names are asked for: some ten."""

    def __missing__(self, name: str) -> str:
        lower = self[name] = name.lower()
        return lower


_LOWER: Final = _Lower()


def prepared(values: Iterable[tuple[str, str]], vary: Sequence[str]) -> Prepared:
    """Values and names to vary by, as they are put on many responses."""
    items = {_LOWER[item[0]]: item for item in values}
    return items | {_VARY: ("Vary", SEPARATOR.join(vary))} if vary else items


def put_by_mapping(headers: ResponseHeaders, items: Prepared) -> None:
    """Puts what was prepared, by Django's public mapping."""
    for name in [name for name in headers if name[:_LENGTH].lower() == PREFIX]:
        del headers[name]
    for key, (name, value) in items.items():
        headers[name] = merged(headers.get(name, ""), value) if key == _VARY else value


def put_by_store(headers: ResponseHeaders, items: Prepared) -> None:
    """The same, by the dict behind the mapping."""
    stored: dict[str, tuple[str, str]] = headers._store  # noqa: SLF001 - see the top of this module
    for name in stored:
        # Compared first, which most names end with: half the time of the loop at six headers.
        if name < "access-control." and name.startswith("access-control-"):
            _remove(stored)
            break
    if _VARY in stored and _VARY in items:
        items = items | {_VARY: ("Vary", merged(stored[_VARY][1], items[_VARY][1]))}
    stored.update(items)


@lru_cache(maxsize=256)  # a site has a handful: 0.1 instead of 1.9 us for each response that varies already
def merged(given: str, added: str) -> str:
    """A ``Vary`` with the names of both, each once and after what was there; ``*`` stays alone."""
    if not given:
        return added
    names = _ANY_SEPARATOR.split(given)
    if "*" in names:
        return "*"
    known = {name.lower() for name in names}
    return SEPARATOR.join([*names, *(name for name in added.split(SEPARATOR) if name.lower() not in known)])


def _remove(stored: dict[str, tuple[str, str]]) -> None:
    for name in [name for name in stored if name[:_LENGTH] == PREFIX]:
        del stored[name]


def _has_store() -> bool:
    probe: Any = ResponseHeaders({"X-Probe": "1"})
    return getattr(probe, "_store", None) == {"x-probe": ("X-Probe", "1")}


put_headers: Final = put_by_store if _has_store() else put_by_mapping
