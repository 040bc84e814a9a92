"""How is a whole policy set document stored: which rows does it create, update and delete?

Before you edit:

* Rows are matched by name, and only rows that differ are written.
* The document is checked whole, together with the stored policies that use a group that it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from cors_policies import documents
from cors_policies.conf import get_settings
from cors_policies.core.policy import Document
from cors_policies.core.policy_set import PolicySet, check_policy_set, parse_policy_set
from cors_policies.core.problems import Problem
from cors_policies.core.reading import is_name
from cors_policies.models import OriginGroup, Policy
from cors_policies.models.owners import batches
from cors_policies.models.policies import known_groups
from cors_policies.services.groups import member_problems, submitted_patterns
from cors_policies.services.locking import raise_for, writing
from cors_policies.services.recording import GROUP, POLICY, recording
from cors_policies.services.reports import Change, Report


def apply_document(document: object, *, replace: bool = False, dry_run: bool = False) -> Report:
    """Stores the policies and groups of the document by name; with ``replace`` nothing else remains.

    Raises ``InvalidPolicyError`` with every problem, and then stores nothing; nor does a dry run.
    """
    with writing() as using:
        stored = documents.policy_set_document(using)
        if replace:
            return replace_set(stored, document, using, dry_run=dry_run)
        known = known_groups(OriginGroup.objects.using(using).all())
        wanted, problems = check_policy_set(document, known, get_settings().GUARDRAILS)
        raise_for((*problems, *_group_problems(document, using)))
        report = _compare(stored, wanted, replace=False)
        if not dry_run:
            _write(report, wanted, using)
    return report


def replace_set(stored: Document, document: object, using: str, *, dry_run: bool = False) -> Report:
    """As :func:`apply_document` with ``replace``, for who has read the stored set under the writers' lock."""
    wanted = parse_policy_set(document, {}, get_settings().GUARDRAILS)
    report = _compare(stored, wanted, replace=True)
    if not dry_run:
        _write(report, wanted, using)
    return report


def _group_problems(document: object, using: str) -> Iterator[Problem]:
    """What stored policies, but those that the document replaces, refuse of the document's groups."""
    spared = [name for _, _, name in _named(document, "policies")]
    for index, group, name in _named(document, "origin_groups"):
        field = f"origin_groups.{index}.origins"
        yield from member_problems(name, submitted_patterns(group), field, using, spared)


def _named(document: object, key: str) -> Iterator[tuple[int, Mapping[str, object], str]]:
    """The items of a list of the document that could be stored by their name, each with its place."""
    items = document.get(key) if isinstance(document, Mapping) else None
    for index, item in enumerate(items if isinstance(items, list | tuple) else ()):
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, str) and is_name(name):
            yield index, item, name


def _compare(stored: Document, wanted: PolicySet, *, replace: bool) -> Report:
    groups = {group.name: group.to_document() for group in wanted.origin_groups}
    policies = {policy.name: policy.to_document() for policy in wanted.policies}
    group_changes = list(_changes(GROUP, stored["origin_groups"], groups, replace=replace))
    policy_changes = list(_changes(POLICY, stored["policies"], policies, replace=replace))
    return Report(
        (*policy_changes, *group_changes),
        _unchanged(stored["policies"], policy_changes),
        _unchanged(stored["origin_groups"], group_changes),
    )


def _unchanged(stored: list[Document], changes: list[Change]) -> int:
    return len(stored) - sum(change.before is not None for change in changes)


def _changes(
    kind: str, stored: list[Document], wanted: dict[str, Document], *, replace: bool
) -> Iterator[Change]:
    before = {document["name"]: document for document in stored}
    for name in sorted(before.keys() | wanted.keys()):
        old, new = before.get(name), wanted.get(name)
        if old is None:
            yield Change(kind, name, "created", None, new)
        elif new is None:
            if replace:
                yield Change(kind, name, "deleted", old, None)
        elif old != new:
            yield Change(kind, name, "updated", old, new)


def _write(report: Report, wanted: PolicySet, using: str) -> None:
    changed = {(change.kind, change.name): change.before for change in report.changes}
    groups = [group for group in wanted.origin_groups if (GROUP, group.name) in changed]
    policies = [policy for policy in wanted.policies if (POLICY, policy.name) in changed]
    with recording(using) as recorder:
        keys = _keys(changed, using)
        with recorder.paused() if recorder else nullcontext():
            _delete(Policy, POLICY, report, using)
            documents.write_groups(_with_rows(OriginGroup, groups, using), using)
            documents.write_policies(_with_rows(Policy, policies, using), using)
            _delete(OriginGroup, GROUP, report, using)
        if recorder:
            recorder.know({key: changed[place] for place, key in (_keys(changed, using) | keys).items()})


def _with_rows(model: type[Any], values: Sequence[Any], using: str) -> list[tuple[Any, Any]]:
    """Each value with the row that has its name, or with a new one."""
    found: dict[str, Any] = {}
    for batch in batches([value.name for value in values]):
        found.update((row.name, row) for row in model._default_manager.using(using).filter(name__in=batch))
    return [(found.get(value.name) or model(), value) for value in values]


def _keys(places: Iterable[tuple[str, str]], using: str) -> dict[tuple[str, str], tuple[str, int]]:
    """Kind and key of the stored rows with these kinds and names."""
    names: dict[str, list[str]] = {POLICY: [], GROUP: []}
    for kind, name in places:
        names[kind].append(name)
    keys = {
        POLICY: documents.keys_by_name(Policy, names[POLICY], using),
        GROUP: documents.keys_by_name(OriginGroup, names[GROUP], using),
    }
    return {(kind, name): (kind, key) for kind, found in keys.items() for name, key in found.items()}


def _delete(model: type[Policy] | type[OriginGroup], kind: str, report: Report, using: str) -> None:
    gone = [change.name for change in report.changes if change.kind == kind and change.after is None]
    for batch in batches(gone):
        model._default_manager.using(using).filter(name__in=batch).delete()
