"""What would a write mean for those who call, before it is made?

Before you edit:

* The write that is judged is the real one, which is taken back; or the report of a dry run.
* To read and compile a set twice is dear. Where nobody was seen, only credentials are judged, and only the
  policies that allow them are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone

from django.db import transaction

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core.impact import Impact, PolicySide, Traffic, find_impact
from cors_policies.core.policy import Document, Policy
from cors_policies.documents import StoredDocuments
from cors_policies.models import OriginGroup
from cors_policies.models import Policy as PolicyRow
from cors_policies.services.locking import writing
from cors_policies.services.recording import GROUP, POLICY
from cors_policies.services.sets import Change, Report


def foresee(write: Callable[[], object], traffic: Traffic) -> Impact:
    """Does the write, takes it back, and gives what it would mean. Raises what the write raises."""
    with transaction.atomic(using=get_settings().DATABASE_ALIAS):
        with writing() as using:
            before = _read(using, traffic)
            write()
            after = _read(using, traffic)
        transaction.set_rollback(True, using=using)
    return _compare(before, after, traffic)


def foreseen(report: Report, traffic: Traffic) -> Impact:
    """What the changes of a dry run would mean. Where others can write meanwhile, they may be in it."""
    before = documents.read_documents(get_settings().DATABASE_ALIAS)
    after = StoredDocuments(
        before.version,
        _changed(before.policies, POLICY, report.changes),
        _changed(before.groups, GROUP, report.changes),
    )
    return _compare(before, after, traffic)


def _read(using: str, traffic: Traffic) -> StoredDocuments:
    if traffic.seen:
        return documents.read_documents(using)
    policies = PolicyRow.objects.using(using).filter(allow_credentials=True)
    if not policies.exists():
        return StoredDocuments("", [], [])
    groups = OriginGroup.objects.using(using).filter(policies__in=policies).distinct()
    return StoredDocuments("", documents.policy_documents(policies), documents.group_documents(groups))


def _changed(stored: Iterable[Document], kind: str, changes: Iterable[Change]) -> list[Document]:
    found = {document["name"]: document for document in stored}
    for change in changes:
        if change.kind == kind:
            found.pop(change.name, None)
            if change.after is not None:
                found[change.name] = change.after
    return [*found.values()]


def _compare(before: StoredDocuments, after: StoredDocuments, traffic: Traffic) -> Impact:
    if _by_name(before) == _by_name(after):
        return Impact(traffic=traffic)
    now = datetime.now(timezone.utc)
    return find_impact(_side(before, now), _side(after, now), traffic)


def _by_name(stored: StoredDocuments) -> list[dict[str, Document]]:
    return [{document["name"]: document for document in found} for found in (stored.policies, stored.groups)]


def _side(stored: StoredDocuments, now: datetime) -> PolicySide:
    checked = stored.check()
    in_force = [policy for policy in checked.policies if _is_in_force(policy, now)]
    return PolicySide(checked.compile(now), in_force, checked.groups)


def _is_in_force(policy: Policy, now: datetime) -> bool:
    return policy.is_live and (policy.expires_at is None or policy.expires_at > now)
