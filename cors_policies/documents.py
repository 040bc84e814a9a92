"""How do rows become policy documents, and documents rows?

This is the only translator. Validation lies before it: what comes here to be written is a :class:`Policy` or
an :class:`OriginGroup` of the core.

Before you edit:

* Reading a whole set takes a fixed number of queries, however large it is, and no model instances: those cost
  eight times as much to make.
* The database may show a different moment to each query. The version is read before and after, and reading
  starts again where they differ.
* Rows are fetched first and checked afterwards, so that no transaction is open while a large set is checked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import OperationalError
from django.db.models import QuerySet

from cors_policies.core.hosts import parse_host_pattern
from cors_policies.core.path_group import Site
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import POLICY_KEYS, Document, OriginGroup, Policy
from cors_policies.core.policy_set import group_offences
from cors_policies.core.problems import PatternError, Problem
from cors_policies.core.snapshot import Shield, Snapshot, compile_snapshot
from cors_policies.core.timestamps import parse_timestamp
from cors_policies.core.validation import KnownGroups, check_group, check_policy
from cors_policies.models import Origin, OriginGroupOrigin, PolicyOrigin, PolicyOriginGroup
from cors_policies.models import OriginGroup as OriginGroupRow
from cors_policies.models import Policy as PolicyRow
from cors_policies.models.policies import COLUMN_KEYS
from cors_policies.models.versions import read_token

_MAX_IN_CLAUSE: Final = 500
_MAX_READS: Final = 5

_Names = dict[int, list[str]]
_Whole = TypeVar("_Whole")


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A stored policy or group that validation refuses: somebody wrote it past all checks."""

    kind: str
    name: str
    problems: tuple[Problem, ...]
    shield: Shield | None = None


@dataclass(frozen=True, slots=True)
class StoredSet:
    """Everything that is stored, checked. ``version`` is the token that it was read with."""

    version: str
    policies: list[Policy]
    groups: dict[str, OriginGroup]
    broken: list[BrokenRow] = field(default_factory=list)

    def compile(self, now: datetime) -> Snapshot:
        """The snapshot that requests are decided by from ``now`` on, until a policy expires.

        Broken policies shield their paths.
        """
        shields = [row.shield for row in self.broken if row.shield is not None]
        return compile_snapshot(self.policies, self.groups, shields=shields, version=self.version, now=now)


@dataclass(frozen=True, slots=True)
class StoredDocuments:
    """Everything that is stored, as it is stored. ``version`` is the token that it was read with."""

    version: str
    policies: list[Document]
    groups: list[Document]

    def check(self) -> StoredSet:
        """The same as values; what is invalid is among ``broken``. The documents are used up."""
        broken: list[BrokenRow] = []
        groups = dict(_checked_groups(self.groups, broken))
        known = {name: group_offences(group.origins) for name, group in groups.items()}
        return StoredSet(self.version, list(_checked_policies(self.policies, known, broken)), groups, broken)


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
    rows = {"policies": PolicyRow, "origin groups": OriginGroupRow, "origins": Origin}
    return {name: model._default_manager.using(using).count() for name, model in rows.items()}


def policy_set_document(using: str) -> Document:
    """The policy set document of one moment, groups and policies by name, every key included.

    Raises :exc:`TornReadError` where others write all the time.
    """
    return _of_one_moment(using, lambda _: _read_document(using))


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
    groups = group_documents(OriginGroupRow.objects.using(using))
    return StoredDocuments(version, policy_documents(PolicyRow.objects.using(using)), groups)


def _read_document(using: str) -> Document:
    return {
        "origin_groups": group_documents(OriginGroupRow.objects.using(using).order_by("name")),
        "policies": policy_documents(PolicyRow.objects.using(using).order_by("name")),
    }


def policy_documents(rows: QuerySet[PolicyRow]) -> list[Document]:
    """The documents of some policies, in the order of the query. Three queries."""
    found: list[dict[str, Any]] = list(rows.values("pk", *COLUMN_KEYS))
    origins = _lists(PolicyOrigin.objects.using(rows.db), "policy_id", "origin__pattern", found)
    groups = _lists(PolicyOriginGroup.objects.using(rows.db), "policy_id", "group__name", found)
    relations = (
        {"allowed_origins": origins.get(row["pk"], []), "origin_groups": groups.get(row["pk"], [])}
        for row in found
    )
    return [_in_order(row | lists) for row, lists in zip(found, relations, strict=True)]


def group_documents(rows: QuerySet[OriginGroupRow]) -> list[Document]:
    """The documents of some groups, in the order of the query. Two queries."""
    found: list[dict[str, Any]] = [dict(row) for row in rows.values("pk", "name", "description")]
    origins = _lists(OriginGroupOrigin.objects.using(rows.db), "group_id", "origin__pattern", found)
    return [
        {"name": row["name"], "description": row["description"], "origins": origins.get(row["pk"], [])}
        for row in found
    ]


def policy_document(row: PolicyRow) -> Document:
    """The document of one policy as it is stored."""
    return policy_documents(PolicyRow.objects.using(row._state.db).filter(pk=row.pk))[0]


def group_document(row: OriginGroupRow) -> Document:
    """The document of one group as it is stored."""
    return group_documents(OriginGroupRow.objects.using(row._state.db).filter(pk=row.pk))[0]


def write_policy(row: PolicyRow, policy: Policy, using: str) -> None:
    """Stores the policy in the row, and its lists in the order that they have."""
    document = policy.to_document()
    for key in COLUMN_KEYS:
        setattr(row, key, document[key])
    row.save(using=using)
    write_origins(PolicyOrigin, {"policy_id": row.pk}, policy.allowed_origins, using)
    groups = dict(
        OriginGroupRow.objects.using(using).filter(name__in=policy.origin_groups).values_list("name", "pk")
    )
    ids = [groups[name] for name in policy.origin_groups]
    _write_list(PolicyOriginGroup, {"policy_id": row.pk}, "group_id", ids, using)


def write_group(row: OriginGroupRow, group: OriginGroup, using: str) -> None:
    """Stores the group in the row, and its origins in the order that they have."""
    row.name, row.description = group.name, group.description
    row.save(using=using)
    write_origins(OriginGroupOrigin, {"group_id": row.pk}, group.origins, using)


def write_origins(model: type[Any], owner: dict[str, int], patterns: Sequence[str], using: str) -> None:
    """Makes the list of the owner equal to the patterns; rows of origins that are missing are made."""
    ids = origin_ids(patterns, using)
    _write_list(model, owner, "origin_id", [ids[pattern] for pattern in patterns], using)


def origin_ids(patterns: Iterable[str], using: str) -> dict[str, int]:
    """The keys of the origins' rows by pattern; rows that are missing are made."""
    wanted = sorted(set(patterns))
    found = _origin_ids(wanted, using)
    missing = [Origin(pattern=pattern) for pattern in wanted if pattern not in found]
    if missing:
        Origin.objects.using(using).bulk_create(missing, ignore_conflicts=True, batch_size=_MAX_IN_CLAUSE)
        found |= _origin_ids([origin.pattern for origin in missing], using)
    return found


def _origin_ids(patterns: list[str], using: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(patterns):
        found.update(Origin.objects.using(using).filter(pattern__in=batch).values_list("pattern", "pk"))
    return found


def _write_list(model: type[Any], owner: dict[str, int], column: str, ids: Sequence[int], using: str) -> None:
    """Writes only what differs: what is gone is deleted, what is new inserted, what has moved updated."""
    rows = model.objects.using(using)
    stored = {getattr(entry, column): entry for entry in rows.filter(**owner)}
    places = {key: place for place, key in enumerate(ids)}
    gone = [entry.pk for key, entry in stored.items() if key not in places]
    for batch in batches(gone):
        rows.filter(pk__in=batch).delete()
    moved = [entry for key, entry in stored.items() if key in places and entry.position != places[key]]
    for entry in moved:
        entry.position = places[getattr(entry, column)]
    if moved:
        rows.bulk_update(moved, ["position"], batch_size=_MAX_IN_CLAUSE)
    new = [
        model(**owner, **{column: key}, position=place) for key, place in places.items() if key not in stored
    ]
    if new:
        rows.bulk_create(new, batch_size=_MAX_IN_CLAUSE)


def batches(items: list[Any]) -> Iterator[list[Any]]:
    """The items in slices that fit into an ``IN`` clause of every database."""
    for start in range(0, len(items), _MAX_IN_CLAUSE):
        yield items[start : start + _MAX_IN_CLAUSE]


def _in_order(document: Document) -> Document:
    return {key: document[key] for key in POLICY_KEYS}


def _lists(entries: QuerySet[Any], owner: str, value: str, owners: list[dict[str, Any]]) -> _Names:
    """The lists of the owners, in their order. Equal texts are one object."""
    if len(owners) <= _MAX_IN_CLAUSE:
        entries = entries.filter(**{f"{owner}__in": [row["pk"] for row in owners]})
    lists: _Names = defaultdict(list)
    once: dict[str, str] = {}
    for key, text in entries.order_by(owner, "position", "pk").values_list(owner, value).iterator():
        lists[key].append(once.setdefault(text, text))
    return lists


def _checked_groups(
    documents: Iterable[Document], broken: list[BrokenRow]
) -> Iterator[tuple[str, OriginGroup]]:
    for document in documents:
        group, problems = check_group(document)
        if group is None:
            broken.append(BrokenRow("origin group", str(document["name"]), problems))
        else:
            yield group.name, group


def _checked_policies(
    documents: list[Document], known: KnownGroups, broken: list[BrokenRow]
) -> Iterator[Policy]:
    """Takes the documents away one by one: a large set is not kept in memory twice."""
    documents.reverse()
    while documents:
        document = documents.pop()
        policy, problems = check_policy(document, known)
        if policy is None:
            broken.append(BrokenRow("policy", str(document["name"]), problems, _shield(document)))
        else:
            yield policy


def _shield(document: Document) -> Shield | None:
    """The place that a broken policy keeps governed, until it expires.

    None where it is switched off, or names no place.
    """
    if document["mode"] == PolicyRow.Mode.OFF:
        return None
    try:
        host = parse_host_pattern(document["host"]).text if document["host"] else ""
        site = Site(host, parse_path_pattern(document["path"]).text)
    except (PatternError, AttributeError, TypeError):
        return None
    return Shield(site, _end(document["expires_at"]))


def _end(expires_at: object) -> datetime | None:
    try:
        return parse_timestamp(expires_at) if isinstance(expires_at, str) else None
    except PatternError:
        return None
