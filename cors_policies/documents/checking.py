"""Which of what is stored is obeyed, and what does it compile to?

Before you edit:

* The rules are those of :mod:`cors_policies.core.validation`, which writers are held to as well: a row that
  was written past all checks is found here.
* What is broken is never obeyed, and never forgotten: a broken policy keeps its place governed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cors_policies.conf import get_settings
from cors_policies.core.guardrails import Guardrails
from cors_policies.core.hosts import parse_host_pattern
from cors_policies.core.path_group import Site
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import Document, Mode, OriginGroup, Policy
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.problems import PatternError, Problem
from cors_policies.core.snapshot import Shield, Snapshot, compile_snapshot
from cors_policies.core.timestamps import parse_timestamp
from cors_policies.core.validation import KnownGroups, check_group, check_policy, find_objections


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


def set_of(document: object) -> StoredSet:
    """The set that a policy set document describes, as if it were stored and nothing else.

    Raises ``InvalidPolicyError`` with every problem.
    """
    described = parse_policy_set(document, rails=get_settings().GUARDRAILS)
    groups = {group.name: group for group in described.origin_groups}
    return StoredSet("", list(described.policies), groups)


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
    if document["mode"] == Mode.OFF.value:
        return None
    try:
        host = parse_host_pattern(document["host"]).text if document["host"] else ""
        site = Site(host, parse_path_pattern(document["path"]).text)
    except (PatternError, AttributeError, TypeError):
        return None
    return Shield(site, _end(document["expires_at"]), document["mode"] == Mode.TRIAL.value)


def _end(expires_at: object) -> datetime | None:
    try:
        return parse_timestamp(expires_at) if isinstance(expires_at, str) else None
    except PatternError:
        return None
