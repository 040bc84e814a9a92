"""Which part of the map does a visitor ask for, and by which address do they get another one?

Before you edit: parameters come from addresses that anybody may write. What is not understood is as if it
were absent, and nothing that is kept is long.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict

from cors_policies.core.hosts import MAX_TEXT
from cors_policies.core.paths import MAX_PATH

MAX_WORDS: Final = 200
_MAX_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the map.

    ``host``, ``prefix`` and ``path`` narrow it to a host pattern (``None``: all of them), to what starts with
    some segments, to one path pattern; ``q`` to where its words are found. ``page`` and ``views`` are the
    numbers of pages, from 1 on, of the tree and of the list of views.
    """

    host: str | None = None
    prefix: str = ""
    path: str = ""
    q: str = ""
    page: int = 1
    views: int = 1

    @classmethod
    def of(cls, sent: QueryDict) -> Window:
        """The part that the parameters of an address ask for."""
        host = sent.get("host")
        return cls(
            host=None if host is None else host[:MAX_TEXT],
            prefix=sent.get("prefix", "")[:MAX_PATH],
            path=sent.get("path", "")[:MAX_PATH],
            q=sent.get("q", "").strip()[:MAX_WORDS],
            page=_number(sent.get("page", "")),
            views=_number(sent.get("views", "")),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether it is less than the whole map, its pages aside."""
        return self.kept != {}

    @property
    def kept(self) -> dict[str, str]:
        """The parameters that narrow it."""
        narrowing = asdict(replace(self, page=1, views=1))
        return {key: value for key, value in narrowing.items() if _narrows(key, value)}

    @property
    def places(self) -> dict[str, str]:
        """Those of them that no search changes."""
        return {key: value for key, value in self.kept.items() if key != "q"}

    def link(self, **changes: Any) -> str:
        """The address of another part: this one with some parameters changed, from its first page on."""
        changed = replace(self, **{"page": 1, "views": 1, **changes})
        pages = {key: number for key in ("page", "views") if (number := getattr(changed, key)) > 1}
        return "?" + urlencode({**changed.kept, **pages})


def _narrows(key: str, value: object) -> bool:
    """Whether a parameter says anything. An empty host is one: every host."""
    return value is not None and (value != "" or key == "host") and key not in {"page", "views"}


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    return max(int(text), 1) if is_number else 1
