"""What is stored, as policy documents?

Before you edit:

* Reading a whole set takes a fixed number of queries, however large it is, and no model instances: those cost
  eight times as much to make.
* The database may show a different moment to each query. The version is read before and after, and reading
  starts again where they differ.
* Rows are fetched first and checked afterwards, so that no transaction is open while a large set is checked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.db import OperationalError
from django.db.models import QuerySet

from cors_policies.core.policy import POLICY_KEYS, Document, shown
from cors_policies.documents.checking import StoredDocuments, StoredSet
from cors_policies.models import (
    Origin,
    OriginGroup,
    OriginGroupOrigin,
    Policy,
    PolicyOrigin,
    PolicyOriginGroup,
)
from cors_policies.models.owners import MAX_IN_CLAUSE
from cors_policies.models.policies import COLUMN_KEYS
from cors_policies.models.versions import read_revision_number, read_token

_MAX_READS: Final = 5

_Names = dict[int, list[str]]
_Whole = TypeVar("_Whole")


class TornReadError(OperationalError):
    """Somebody wrote during every attempt to read the whole set."""


def read_policy_set(using: str) -> StoredSet:
    """The whole stored set, of one moment. Seven queries, more where somebody writes meanwhile.

    Raises :exc:`TornReadError` where that never stops.
    """
    return read_documents(using).check()


def read_documents(using: str) -> StoredDocuments:
    """The whole stored set, of one moment, unchecked. As :func:`read_policy_set`."""
    return _of_one_moment(using, lambda version: _read_documents(using, version))


def count_rows(using: str) -> dict[str, int]:
    """How many policies, origin groups and origins are stored. Three queries."""
    rows = {"policies": Policy, "origin groups": OriginGroup, "origins": Origin}
    return {name: model._default_manager.using(using).count() for name, model in rows.items()}


def policy_set_document(using: str) -> Document:
    """The policy set document of one moment, groups and policies by name.

    Raises :exc:`TornReadError` where others write all the time.
    """
    return _of_one_moment(using, lambda _: _read_document(using))


def numbered_policy_set_document(using: str) -> tuple[Document, int]:
    """The same, and the number of the revision that it is."""
    return _of_one_moment(using, lambda _: (_read_document(using), read_revision_number(using)))


def _of_one_moment(using: str, read: Callable[[str], _Whole]) -> _Whole:
    """What ``read`` gives between two equal versions; its argument is the version before it."""
    version = read_token(using)
    for _ in range(_MAX_READS):
        whole = read(version)
        version, before = read_token(using), version
        if version == before:
            return whole
    raise TornReadError(f"The policy set was changed during each of {_MAX_READS} attempts to read it.")


def _read_documents(using: str, version: str) -> StoredDocuments:
    groups = group_documents(OriginGroup.objects.using(using))
    return StoredDocuments(version, policy_documents(Policy.objects.using(using)), groups)


def _read_document(using: str) -> Document:
    return {
        "origin_groups": _by_name(group_documents(OriginGroup.objects.using(using))),
        "policies": _by_name(policy_documents(Policy.objects.using(using))),
    }


def _by_name(found: list[Document]) -> list[Document]:
    """By code points: databases have orders of their own, and a file shall be the same from all of them."""
    return sorted(found, key=lambda document: str(document["name"]))


def policy_documents(rows: QuerySet[Policy]) -> list[Document]:
    """The documents of some policies, in the order of the query. Three queries."""
    return list(policy_documents_by_key(rows).values())


def policy_documents_by_key(rows: QuerySet[Policy]) -> dict[int, Document]:
    """The same, each under the key of its row."""
    found: list[dict[str, Any]] = list(rows.values("pk", *COLUMN_KEYS))
    origins = _lists(PolicyOrigin.objects.using(rows.db), "policy_id", "origin__pattern", found)
    groups = _lists(PolicyOriginGroup.objects.using(rows.db), "policy_id", "group__name", found)
    relations = (
        {"allowed_origins": origins.get(row["pk"], []), "origin_groups": groups.get(row["pk"], [])}
        for row in found
    )
    return {row["pk"]: _in_order(row | lists) for row, lists in zip(found, relations, strict=True)}


def group_documents(rows: QuerySet[OriginGroup]) -> list[Document]:
    """The documents of some groups, in the order of the query. Two queries."""
    return list(group_documents_by_key(rows).values())


def group_documents_by_key(rows: QuerySet[OriginGroup]) -> dict[int, Document]:
    """The same, each under the key of its row."""
    found: list[dict[str, Any]] = [dict(row) for row in rows.values("pk", "name", "description")]
    origins = _lists(OriginGroupOrigin.objects.using(rows.db), "group_id", "origin__pattern", found)
    return {
        row["pk"]: {key: row[key] for key in ("name", "description")}
        | {"origins": origins.get(row["pk"], [])}
        for row in found
    }


def policy_document(row: Policy) -> Document:
    """The document of one policy as it is stored."""
    return policy_documents(Policy.objects.using(row._state.db).filter(pk=row.pk))[0]


def group_document(row: OriginGroup) -> Document:
    """The document of one group as it is stored."""
    return group_documents(OriginGroup.objects.using(row._state.db).filter(pk=row.pk))[0]


def _in_order(document: Document) -> Document:
    return shown({key: document[key] for key in POLICY_KEYS})


def _lists(entries: QuerySet[Any], owner: str, value: str, owners: list[dict[str, Any]]) -> _Names:
    """The lists of the owners, in their order. Equal texts are one object."""
    if len(owners) <= MAX_IN_CLAUSE:
        entries = entries.filter(**{f"{owner}__in": [row["pk"] for row in owners]})
    lists: _Names = defaultdict(list)
    once: dict[str, str] = {}
    for key, text in entries.order_by(owner, "position", "pk").values_list(owner, value).iterator():
        lists[key].append(once.setdefault(text, text))
    return lists
