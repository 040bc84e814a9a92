"""Whose documents does a write of rows change?

A policy's document is made from rows of several tables, and so is an origin group's. Whoever writes one of
these rows changes the documents of its *owners*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

_Item = TypeVar("_Item")
MAX_IN_CLAUSE: Final = 500


@dataclass(frozen=True, slots=True)
class Owners:
    """Keys of policies and of origin groups."""

    policies: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()

    def __or__(self, other: Owners) -> Owners:
        return Owners(self.policies | other.policies, self.groups | other.groups)


NOBODY: Final = Owners()


class Recorder(Protocol):
    """Keeps what documents were before a transaction changed them."""

    def before(self, touched: Callable[[], Owners]) -> None:
        """Called before a write that changes the documents of these."""

    def after(self, made: Callable[[], Owners]) -> None:
        """Called after it; those that are not known yet are new."""


def keys_in(values: Any, *names: str) -> frozenset[int]:
    """The keys that stand under these names, as rows or as they are."""
    found = (values[name] for name in names if name in values)
    keys = (getattr(value, "pk", value) for value in found)
    return frozenset(key for key in keys if isinstance(key, int))


def batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """The items in slices that fit into an ``IN`` clause of every database."""
    for start in range(0, len(items), MAX_IN_CLAUSE):
        yield items[start : start + MAX_IN_CLAUSE]


def keys_by_name(rows: Any, names: Iterable[str]) -> frozenset[int]:
    """The keys of the stored rows that have these names."""
    found = (
        rows.filter(name__in=batch).values_list("pk", flat=True) for batch in batches(sorted(set(names)))
    )
    return frozenset(key for keys in found for key in keys)
