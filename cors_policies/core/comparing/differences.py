"""In what do two documents of a policy, or of an origin group, differ?

Before you edit:

* Differences are data: the command line and the admin put them into words, each into its own.
* A row may have been written past all checks. What is no list of texts is compared as a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from cors_policies.core.policy import ABSENT_BY_DEFAULT, Document, OriginGroup, Policy, completed

_DEFAULTS: Final[dict[str, Document]] = {
    "policy": completed(Policy(name="", path="").to_document()),
    "origin_group": OriginGroup(name="").to_document(),
}


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """A value that has become another; ``None`` where there was none, or is none any more."""

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class ListDifference:
    """A list of texts that has become another; empty where there was none, or is none any more."""

    key: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def added(self) -> tuple[str, ...]:
        """The entries that are new."""
        return _without(self.after, self.before)

    @property
    def removed(self) -> tuple[str, ...]:
        """The entries that are gone."""
        return _without(self.before, self.after)

    @property
    def is_reordered(self) -> bool:
        """Whether the entries that stay stand in another order."""
        return self.moved != ((), ())

    @property
    def moved(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The entries that stay, in the order that they had and in that which they have.

        Both from the first entry on that stands at another place; empty where none does.
        """
        before, after = _without(self.before, self.removed), _without(self.after, self.added)
        pairs = enumerate(zip_longest(before, after))
        start = next((place for place, (old, new) in pairs if old != new), len(before))
        return before[start:], after[start:]


Difference = ValueDifference | ListDifference


def differences(before: Document, after: Document) -> Iterator[Difference]:
    """One for each key whose value differs, in the order of the later document."""
    for key in dict.fromkeys((*after, *before)):
        old, new = (document.get(key, ABSENT_BY_DEFAULT.get(key)) for document in (before, after))
        if old != new:
            yield _difference(key, old, new)


def change_differences(kind: str, before: Document | None, after: Document | None) -> Iterator[Difference]:
    """The same of a change of a set, where a document may come (no ``before``) or go (no ``after``).

    Of what comes or goes, only what is not the default counts, and not the name. ``kind`` is ``policy`` or
    ``origin_group``.
    """
    if before is not None and after is not None:
        yield from differences(before, after)
        return
    for key, value in (after or before or {}).items():
        if key != "name" and value != _DEFAULTS[kind].get(key):
            yield _difference(key, *((value, None) if after is None else (None, value)))


def _difference(key: str, old: Any, new: Any) -> Difference:
    lists = [value for value in (old, new) if value is not None]
    if lists and all(map(_is_list_of_texts, lists)):
        return ListDifference(key, tuple(old or ()), tuple(new or ()))
    return ValueDifference(key, old, new)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _without(entries: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    left_out = frozenset(others)
    return tuple(entry for entry in entries if entry not in left_out)
