"""What would a write mean for those who call, before it is made?

Before you edit:

* The write that is judged is the real one, which is taken back; or the report of a dry run.
* To read and compile two whole sets takes long, and writers wait. So only the sites that are touched are
  read, and those that lose paths to them or take some over. Of the others it is enough where they are: they
  are shields. Where nobody was seen, and no site is left to others, not even that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from django.db import transaction

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core.comparing.impact import Impact, PolicySide, Traffic, concerned_sites, find_impact
from cors_policies.core.path_group import Site
from cors_policies.core.policy import Document, has_ended
from cors_policies.core.snapshot import Shield, Snapshot, compile_snapshot
from cors_policies.documents import StoredDocuments, shield_of
from cors_policies.models import OriginGroup
from cors_policies.models import Policy as PolicyRow
from cors_policies.models.owners import MAX_IN_CLAUSE, batches
from cors_policies.services.locking import writing
from cors_policies.services.recording import GROUP, POLICY, RowChange, recording
from cors_policies.services.reports import Change, Report

_Named = dict[str, Document]
"""Documents by name."""
_PLACE: Final = ("name", "mode", "host", "path", "expires_at")


@dataclass(frozen=True, slots=True)
class _Side:
    """What is known of a set: documents of what is concerned, and where its other policies are."""

    policies: _Named
    groups: _Named
    places: _Named

    def compiled(self, now: datetime) -> PolicySide:
        """As the core compares it."""
        stored = StoredDocuments("", [*self.policies.values()], [*self.groups.values()]).check()
        others = (place for name, place in self.places.items() if name not in self.policies)
        shields = [*(row.shield for row in stored.broken if row.shield is not None), *_shields(others)]
        snapshot = compile_snapshot(stored.policies, stored.groups, shields=shields, now=now)
        in_force = [policy for policy in stored.policies if policy.is_in_force(now)]
        broken = [row.shield.site for row in stored.broken if row.shield and not row.shield.is_on_trial]
        return PolicySide(snapshot, in_force, stored.groups, broken)


@dataclass(frozen=True, slots=True)
class _Difference:
    """What changes of one kind: the documents as the database has them now, and as the other set has them."""

    stored: _Named
    other: _Named

    def laid_over(self, found: Mapping[str, Document]) -> _Named:
        """What is stored, as the other set has it."""
        return {name: found[name] for name in found if name not in self.stored} | self.other


def foresee(write: Callable[[], object], traffic: Traffic) -> Impact:
    """Does the write, takes it back, and gives what it would mean. Raises what the write raises."""
    with transaction.atomic(using=get_settings().DATABASE_ALIAS):
        with writing() as using, recording(using) as recorder:
            write()
            changes = recorder.changes() if recorder else []
            stored, other = _sides(
                using,
                [(change, change.after, change.before) for change in changes],
                traffic,
                stored_is_new=True,
            )
        transaction.set_rollback(True, using=using)
    return _compare(other, stored, traffic)


def foreseen(report: Report, traffic: Traffic) -> Impact:
    """What the changes of a dry run would mean, where nobody else writes meanwhile."""
    changes = [(change, change.before, change.after) for change in report.changes]
    stored, other = _sides(get_settings().DATABASE_ALIAS, changes, traffic, stored_is_new=False)
    return _compare(stored, other, traffic)


def _compare(old: _Side, new: _Side, traffic: Traffic) -> Impact:
    now = datetime.now(timezone.utc)
    return find_impact(old.compiled(now), new.compiled(now), traffic)


def _sides(
    using: str,
    changes: Iterable[tuple[Change | RowChange, Document | None, Document | None]],
    traffic: Traffic,
    *,
    stored_is_new: bool,
) -> tuple[_Side, _Side]:
    """The set as it is stored, and the other one."""
    changes = list(changes)
    policies, groups = (_difference(kind, changes) for kind in (POLICY, GROUP))
    if not changes:
        return _Side({}, {}, {}), _Side({}, {}, {})
    places = {row["name"]: dict(row) for row in PolicyRow.objects.using(using).values(*_PLACE)}
    other_places = policies.laid_over(places)
    touched = policies.stored.keys() | policies.other.keys() | _users(groups, using)
    sites = _sites_of(touched, places) | _sites_of(touched, other_places)
    before, after = (other_places, places) if stored_is_new else (places, other_places)
    if traffic.seen or sites & _governed(before) - _governed(after):
        sites = concerned_sites(_skeleton(places), _skeleton(other_places), sites)
    else:
        # Credentials are compared site by site.
        places, other_places = _at(places, sites), _at(other_places, sites)
    names = _at(places, sites).keys()
    found = _read_policies(names | (touched & places.keys()), using)
    others = policies.laid_over(found)
    used = _read_groups([*found.values(), *others.values()], using)
    return _Side(found, used, places), _Side(others, groups.laid_over(used), other_places)


def _difference(
    kind: str, changes: Iterable[tuple[Change | RowChange, Document | None, Document | None]]
) -> _Difference:
    of_kind = [(stored, other) for change, stored, other in changes if change.kind == kind]
    stored_ones, others = ([pair[at] for pair in of_kind] for at in (0, 1))
    return _Difference(_named(stored_ones), _named(others))


def _named(found: Iterable[Document | None]) -> _Named:
    return {str(document["name"]): document for document in found if document is not None}


def _users(groups: _Difference, using: str) -> set[str]:
    """The stored policies that use a group that changes."""
    rows = PolicyRow.objects.using(using)
    return {
        name
        for batch in batches(sorted(groups.stored.keys() | groups.other.keys()))
        for name in rows.filter(origin_groups__name__in=batch).values_list("name", flat=True)
    }


def _shields(places: Iterable[Document]) -> Iterable[Shield]:
    return (shield for shield in map(shield_of, places) if shield is not None)


def _sites_of(names: Iterable[str], places: _Named) -> set[Site]:
    return {shield.site for shield in _shields(places[name] for name in names if name in places)}


def _governed(places: _Named) -> set[Site]:
    """The sites that are not left to others."""
    now = datetime.now(timezone.utc)
    found = (shield for shield in _shields(places.values()) if not shield.is_on_trial)
    return {shield.site for shield in found if not has_ended(shield.expires_at, now)}


def _skeleton(places: Mapping[str, Document]) -> Snapshot:
    return compile_snapshot((), {}, shields=_shields(places.values()), now=datetime.now(timezone.utc))


def _at(places: Mapping[str, Document], sites: set[Site]) -> _Named:
    return {name: place for name, place in places.items() if Site(place["host"], place["path"]) in sites}


def _read_policies(names: set[str], using: str) -> _Named:
    rows = PolicyRow.objects.using(using)
    if len(names) <= MAX_IN_CLAUSE:
        rows = rows.filter(name__in=names)
    return _named(document for document in documents.policy_documents(rows) if document["name"] in names)


def _read_groups(policies: Iterable[Document], using: str) -> _Named:
    names = {name for policy in policies for name in policy["origin_groups"]}
    rows = OriginGroup.objects.using(using)
    if len(names) <= MAX_IN_CLAUSE:
        rows = rows.filter(name__in=names)
    return _named(documents.group_documents(rows)) if names else {}
