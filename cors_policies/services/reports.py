"""What does a write change, or what would it, as documents?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cors_policies.core.policy import Document
from cors_policies.services.recording import GROUP, POLICY

Action = Literal["created", "updated", "deleted"]


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one policy or group.

    ``before`` and ``after`` are documents, or ``None`` where it is not there.
    """

    kind: str
    name: str
    action: Action
    before: Document | None
    after: Document | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a document changes.

    The changes by kind and name, and how many policies and groups stay as they are.
    """

    changes: tuple[Change, ...]
    unchanged_policies: int
    unchanged_groups: int

    @property
    def changes_groups(self) -> bool:
        """Whether origin groups are among what changes."""
        return any(change.kind == GROUP for change in self.changes)

    def to_document(self) -> Document:
        """The answer of an import: names by action, and the same for the groups."""
        policies = self._names(POLICY) | {"unchanged": self.unchanged_policies}
        return policies | {"origin_groups": self._names(GROUP) | {"unchanged": self.unchanged_groups}}

    def _names(self, kind: str) -> Document:
        names: dict[str, Any] = {"created": [], "updated": [], "deleted": []}
        for change in self.changes:
            if change.kind == kind:
                names[change.action].append(change.name)
        return names


def changes_of(kind: str, pairs: Iterable[tuple[Document | None, Document | None]]) -> Iterator[Change]:
    """What becomes of documents, each as it was and as it will be; nothing of those that stay."""
    for before, after in pairs:
        named = after or before
        if named is not None and before != after:
            action: Action = "created" if before is None else "deleted" if after is None else "updated"
            yield Change(kind, str(named["name"]), action, before, after)
