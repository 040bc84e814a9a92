"""How are values of the core stored in rows?

Validation lies before it: what comes here is a :class:`Policy` or an :class:`OriginGroup` of the core.

Before you edit:

* Of a list only what differs is written: one origin more in a group of ten thousand is one row.
* New rows go together in batches, since a set may hold a hundred thousand of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cors_policies.core.policy import OriginGroup, Policy, completed
from cors_policies.models import Origin, OriginGroupOrigin, PolicyOrigin, PolicyOriginGroup
from cors_policies.models import OriginGroup as OriginGroupRow
from cors_policies.models import Policy as PolicyRow
from cors_policies.models.owners import MAX_IN_CLAUSE, batches
from cors_policies.models.policies import COLUMN_KEYS


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
    places = {owner: {key: place for place, key in enumerate(ids)} for owner, ids in lists.items()}
    gone, moved = _take_stored(kind, rows, places)
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


def _take_stored(kind: _List, rows: Any, places: Mapping[int, dict[int, int]]) -> tuple[list[int], list[Any]]:
    """The keys of the rows that are gone, and the rows that have moved; ``places`` keeps what is new."""
    gone, moved = [], []
    for batch in batches(list(places)):
        for entry in rows.filter(**{f"{kind.owner}__in": batch}):
            place = places[getattr(entry, kind.owner)].pop(getattr(entry, kind.entry), None)
            if place is None:
                gone.append(entry.pk)
            elif place != entry.position:
                entry.position = place
                moved.append(entry)
    return gone, moved
