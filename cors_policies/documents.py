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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from django.db import OperationalError
from django.db.models import QuerySet

from cors_policies.conf import get_settings
from cors_policies.core.guardrails import Guardrails
from cors_policies.core.hosts import parse_host_pattern
from cors_policies.core.path_group import Site
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import POLICY_KEYS, Document, OriginGroup, Policy, completed, shown
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.problems import PatternError, Problem
from cors_policies.core.snapshot import Shield, Snapshot, compile_snapshot
from cors_policies.core.timestamps import parse_timestamp
from cors_policies.core.validation import KnownGroups, check_group, check_policy, find_objections
from cors_policies.models import Origin, OriginGroupOrigin, PolicyOrigin, PolicyOriginGroup
from cors_policies.models import OriginGroup as OriginGroupRow
from cors_policies.models import Policy as PolicyRow
from cors_policies.models.owners import MAX_IN_CLAUSE, batches
from cors_policies.models.policies import COLUMN_KEYS
from cors_policies.models.versions import read_revision_number, read_token

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
        """The same as values; what is invalid is among ``broken``. The documents are used up.

        The site's guard rails hold here too: what was stored before they were set must not exceed them.
        """
        rails = get_settings().GUARDRAILS
        broken: list[BrokenRow] = []
        groups = dict(_checked_groups(self.groups, broken))
        known = {name: find_objections(group.origins, rails) for name, group in groups.items()}
        policies = list(_checked_policies(self.policies, known, rails, broken))
        return StoredSet(self.version, policies, groups, broken)


class TornReadError(OperationalError):
    """Somebody wrote during every attempt to read the whole set."""


def read_policy_set(using: str) -> StoredSet:
    """The whole stored set, of one moment. Seven queries, more where somebody writes meanwhile.

    Raises :exc:`TornReadError` where that never stops.
    """
    return read_documents(using).check()


def set_of(document: object) -> StoredSet:
    """The set that a policy set document describes, as if it were stored and nothing else.

    Raises ``InvalidPolicyError`` with every problem.
    """
    described = parse_policy_set(document, rails=get_settings().GUARDRAILS)
    groups = {group.name: group for group in described.origin_groups}
    return StoredSet("", list(described.policies), groups)


def read_documents(using: str) -> StoredDocuments:
    """The whole stored set, of one moment, unchecked. As :func:`read_policy_set`."""
    return _of_one_moment(using, lambda version: _read_documents(using, version))


def count_rows(using: str) -> dict[str, int]:
    """How many policies, origin groups and origins are stored. Three queries."""
    rows = {"policies": PolicyRow, "origin groups": OriginGroupRow, "origins": Origin}
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
    groups = group_documents(OriginGroupRow.objects.using(using))
    return StoredDocuments(version, policy_documents(PolicyRow.objects.using(using)), groups)


def _read_document(using: str) -> Document:
    return {
        "origin_groups": _by_name(group_documents(OriginGroupRow.objects.using(using))),
        "policies": _by_name(policy_documents(PolicyRow.objects.using(using))),
    }


def _by_name(found: list[Document]) -> list[Document]:
    """By code points: databases have orders of their own, and a file shall be the same from all of them."""
    return sorted(found, key=lambda document: str(document["name"]))


def policy_documents(rows: QuerySet[PolicyRow]) -> list[Document]:
    """The documents of some policies, in the order of the query. Three queries."""
    return list(policy_documents_by_key(rows).values())


def policy_documents_by_key(rows: QuerySet[PolicyRow]) -> dict[int, Document]:
    """The same, each under the key of its row."""
    found: list[dict[str, Any]] = list(rows.values("pk", *COLUMN_KEYS))
    origins = _lists(PolicyOrigin.objects.using(rows.db), "policy_id", "origin__pattern", found)
    groups = _lists(PolicyOriginGroup.objects.using(rows.db), "policy_id", "group__name", found)
    relations = (
        {"allowed_origins": origins.get(row["pk"], []), "origin_groups": groups.get(row["pk"], [])}
        for row in found
    )
    return {row["pk"]: _in_order(row | lists) for row, lists in zip(found, relations, strict=True)}


def group_documents(rows: QuerySet[OriginGroupRow]) -> list[Document]:
    """The documents of some groups, in the order of the query. Two queries."""
    return list(group_documents_by_key(rows).values())


def group_documents_by_key(rows: QuerySet[OriginGroupRow]) -> dict[int, Document]:
    """The same, each under the key of its row."""
    found: list[dict[str, Any]] = [dict(row) for row in rows.values("pk", "name", "description")]
    origins = _lists(OriginGroupOrigin.objects.using(rows.db), "group_id", "origin__pattern", found)
    return {
        row["pk"]: {key: row[key] for key in ("name", "description")}
        | {"origins": origins.get(row["pk"], [])}
        for row in found
    }


def policy_document(row: PolicyRow) -> Document:
    """The document of one policy as it is stored."""
    return policy_documents(PolicyRow.objects.using(row._state.db).filter(pk=row.pk))[0]


def group_document(row: OriginGroupRow) -> Document:
    """The document of one group as it is stored."""
    return group_documents(OriginGroupRow.objects.using(row._state.db).filter(pk=row.pk))[0]


def write_policies(pairs: Sequence[tuple[PolicyRow, Policy]], using: str) -> None:
    """Stores each policy in its row, and its lists in the order that they have."""
    for row, policy in pairs:
        document = completed(policy.to_document())
        for key in COLUMN_KEYS:
            setattr(row, key, document[key])
    keys = _saved(PolicyRow, [row for row, _ in pairs], using)
    policies = [(keys[policy.name], policy) for _, policy in pairs]
    origins = origin_ids((text for _, policy in policies for text in policy.allowed_origins), using)
    names = {name for _, policy in policies for name in policy.origin_groups}
    groups = keys_by_name(OriginGroupRow, sorted(names), using)
    _write_lists(
        _List(PolicyOrigin, "policy_id", "origin_id"),
        {key: [origins[text] for text in policy.allowed_origins] for key, policy in policies},
        using,
    )
    _write_lists(
        _List(PolicyOriginGroup, "policy_id", "group_id"),
        {key: [groups[name] for name in policy.origin_groups] for key, policy in policies},
        using,
    )


def write_groups(pairs: Sequence[tuple[OriginGroupRow, OriginGroup]], using: str) -> None:
    """Stores each group in its row, and its origins in the order that they have."""
    for row, group in pairs:
        row.name, row.description = group.name, group.description
    keys = _saved(OriginGroupRow, [row for row, _ in pairs], using)
    write_origins(OriginGroupRow, {keys[group.name]: group.origins for _, group in pairs}, using)


def write_origins(model: type[Any], lists: Mapping[int, Sequence[str]], using: str) -> None:
    """Makes the lists of these policies or groups equal to the patterns.

    Rows of origins that are missing are made.
    """
    ids = origin_ids((text for patterns in lists.values() for text in patterns), using)
    kind = (
        _List(PolicyOrigin, "policy_id", "origin_id")
        if model is PolicyRow
        else _List(OriginGroupOrigin, "group_id", "origin_id")
    )
    _write_lists(kind, {key: [ids[text] for text in patterns] for key, patterns in lists.items()}, using)


def origin_ids(patterns: Iterable[str], using: str) -> dict[str, int]:
    """The keys of the origins' rows by pattern; rows that are missing are made."""
    wanted = sorted(set(patterns))
    found = _origin_ids(wanted, using)
    missing = [Origin(pattern=pattern) for pattern in wanted if pattern not in found]
    if missing:
        Origin.objects.using(using).bulk_create(missing, ignore_conflicts=True, batch_size=MAX_IN_CLAUSE)
        found |= _origin_ids([origin.pattern for origin in missing], using)
    return found


def _origin_ids(patterns: Sequence[str], using: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(patterns):
        found.update(Origin.objects.using(using).filter(pattern__in=batch).values_list("pattern", "pk"))
    return found


class _List(NamedTuple):
    """The table of a kind of lists, and its columns for the owner and for what is listed."""

    model: type[Any]
    owner: str
    entry: str


def _saved(model: type[Any], rows: Sequence[Any], using: str) -> dict[str, int]:
    """Saves the rows, new ones together, and gives their keys by name."""
    new = [row for row in rows if row.pk is None]
    for row in rows:
        if row.pk is not None:
            row.save(using=using)
    if len(new) == 1:
        new[0].save(using=using)
    elif new:
        model.objects.using(using).bulk_create(new, batch_size=MAX_IN_CLAUSE)
    if all(row.pk is not None for row in new):
        return {row.name: row.pk for row in rows}
    return keys_by_name(model, [row.name for row in rows], using)


def keys_by_name(model: type[Any], names: Sequence[str], using: str) -> dict[str, int]:
    """The keys of the stored rows that have these names."""
    rows = model.objects.using(using)
    found: dict[str, int] = {}
    for batch in batches(names):
        found.update(rows.filter(name__in=batch).values_list("name", "pk"))
    return found


def _write_lists(kind: _List, lists: Mapping[int, Sequence[int]], using: str) -> None:
    """Writes only what differs: what is gone is deleted, what is new inserted, what has moved updated."""
    rows = kind.model.objects.using(using)
    stored = [
        entry for batch in batches(list(lists)) for entry in rows.filter(**{f"{kind.owner}__in": batch})
    ]
    places = {owner: {key: place for place, key in enumerate(ids)} for owner, ids in lists.items()}
    gone, moved = [], []
    for entry in stored:
        place = places[getattr(entry, kind.owner)].pop(getattr(entry, kind.entry), None)
        if place is None:
            gone.append(entry.pk)
        elif place != entry.position:
            entry.position = place
            moved.append(entry)
    for batch in batches(gone):
        rows.filter(pk__in=batch).delete()
    if moved:
        rows.bulk_update(moved, ["position"], batch_size=MAX_IN_CLAUSE)
    new = [
        kind.model(**{kind.owner: owner, kind.entry: key}, position=place)
        for owner, missing in places.items()
        for key, place in missing.items()
    ]
    if new:
        rows.bulk_create(new, batch_size=MAX_IN_CLAUSE)


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
    documents: list[Document], known: KnownGroups, rails: Guardrails, broken: list[BrokenRow]
) -> Iterator[Policy]:
    """Takes the documents away one by one: a large set is not kept in memory twice."""
    documents.reverse()
    while documents:
        document = documents.pop()
        policy, problems = check_policy(document, known, rails)
        if policy is None:
            broken.append(BrokenRow("policy", str(document["name"]), problems, shield_of(document)))
        else:
            yield policy


def shield_of(document: Document) -> Shield | None:
    """The place that a policy keeps governed even if broken, until it expires; on trial only there.

    None where it is switched off, or names no place. Of the document only that is needed.
    """
    if document["mode"] == PolicyRow.Mode.OFF:
        return None
    try:
        host = parse_host_pattern(document["host"]).text if document["host"] else ""
        site = Site(host, parse_path_pattern(document["path"]).text)
    except (PatternError, AttributeError, TypeError):
        return None
    return Shield(site, _end(document["expires_at"]), document["mode"] == PolicyRow.Mode.TRIAL)


def _end(expires_at: object) -> datetime | None:
    try:
        return parse_timestamp(expires_at) if isinstance(expires_at, str) else None
    except PatternError:
        return None
