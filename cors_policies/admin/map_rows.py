"""What does each line of the map say?

Before you edit: everything here was typed by somebody, and rows may be broken. Texts are cut, and the
template escapes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cors_policies.admin.base import more_text
from cors_policies.admin.map_views import ViewRow, Views
from cors_policies.admin.map_window import Window
from cors_policies.core.findings import Finding
from cors_policies.core.linting.overlaps import SHADOWED_POLICY
from cors_policies.core.policy_map import mapping
from cors_policies.core.policy_map.mapping import Access, Entry
from cors_policies.core.policy_map.tree import Branch, Leaf, Shown
from cors_policies.translating import translated

MAX_FINDINGS: Final = 3
MAX_GROUPS: Final = 20
_MAX_NAMES: Final = 3
_MAX_TEXT: Final = 120
_MAX_DETAIL: Final = 240
_MARKS: Final[Mapping[str, Any]] = {
    "off": gettext_lazy("off"),
    "trial": gettext_lazy("trial"),
    mapping.EXPIRED: gettext_lazy("expired"),
    mapping.BROKEN: gettext_lazy("broken as stored"),
    SHADOWED_POLICY: gettext_lazy("never gets its turn"),
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A warning or an error."""

    level: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy, in the order in which it is tried."""

    name: str
    link: str
    who: str
    priority: int | None
    allow_credentials: bool
    is_in_force: bool
    marks: Sequence[tuple[str, Any]]
    findings: Sequence[FindingRow]
    more: str


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A path pattern of a host."""

    kind: ClassVar[str] = "pattern"
    path: str
    is_in_force: bool
    policies: Sequence[PolicyRow]
    more: str
    link: str
    views: Sequence[ViewRow]
    more_views: str


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A host, or paths that start alike. ``hidden`` says what is not shown, and ``link`` shows it."""

    kind: str
    title: str
    count: str
    items: Sequence[BranchRow | PatternRow]
    hidden: str
    link: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """An origin group about which there is something to say."""

    name: str
    link: str
    findings: Sequence[FindingRow]
    more: str


class Findings:
    """What there is to say, by policy and by group."""

    def __init__(self, found: Iterable[Finding], refused_groups: Mapping[str, Sequence[Finding]]) -> None:
        self.of_policies: dict[str, list[Finding]] = defaultdict(list)
        self.of_groups: dict[str, list[Finding]] = {name: [*all_] for name, all_ in refused_groups.items()}
        for finding in found:
            if finding.policy is not None:
                self.of_policies[finding.policy].append(finding)
            elif finding.attr:
                self.of_groups.setdefault(finding.attr.split(".")[1], []).append(finding)

    def of(self, name: str) -> Sequence[Finding]:
        """What there is to say about a policy."""
        return self.of_policies.get(name, ())


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of the rows on the page, by name."""

    policies: Mapping[str, int]
    groups: Mapping[str, int]


class Rows:
    """Makes the lines of one part of the map."""

    def __init__(self, window: Window, findings: Findings, keys: Keys, admin_site: str) -> None:
        self._window = window
        self._findings = findings
        self._keys = keys
        self._admin_site = admin_site

    def tree(self, shown: Shown, views: Views) -> list[BranchRow | PatternRow]:
        """The rows of the tree, from the hosts on."""
        items = [item for item in shown.items if isinstance(item, Shown)]
        return [self._node(item, views) for item in items]

    def policies(self, entries: Iterable[Entry]) -> list[PolicyRow]:
        """A row for each of the policies."""
        return [self._policy(entry) for entry in entries]

    def groups(self) -> list[GroupRow]:
        """The groups that something is said about, the first ones of many."""
        found = sorted(self._findings.of_groups.items())[:MAX_GROUPS]
        return [
            GroupRow(
                cut(name),
                self._link("origingroup", self._keys.groups.get(name)),
                [_finding(item) for item in all_[:MAX_FINDINGS]],
                more(len(all_) - MAX_FINDINGS),
            )
            for name, all_ in found
        ]

    def _node(self, shown: Shown, views: Views) -> BranchRow | PatternRow:
        if isinstance(shown.node, Leaf):
            return self._pattern(shown, shown.node, views)
        branch = shown.node
        return BranchRow(
            kind="paths" if branch.prefix else "host",
            title=cut(branch.prefix or branch.host or _("every host")),
            count=policies_text(branch.count),
            items=self.tree(shown, views),
            hidden=_hidden(branch, shown.hidden),
            link=self._window.link(host=branch.host, prefix=branch.prefix, path=""),
        )

    def _pattern(self, shown: Shown, leaf: Leaf, views: Views) -> PatternRow:
        rows, others = views.beside(leaf.site)
        return PatternRow(
            path=cut(leaf.site.path),
            is_in_force=leaf.is_in_force,
            policies=self.policies(item for item in shown.items if isinstance(item, Entry)),
            more=more(shown.hidden),
            link=self._window.link(host=leaf.site.host, prefix="", path=leaf.site.path),
            views=rows,
            more_views=more(others),
        )

    def _policy(self, entry: Entry) -> PolicyRow:
        findings = self._findings.of(entry.name)
        is_shadowed = any(finding.code == SHADOWED_POLICY for finding in findings)
        marks = [*entry.marks, *([SHADOWED_POLICY] if is_shadowed else [])]
        return PolicyRow(
            name=cut(entry.name),
            link=self._link("policy", self._keys.policies.get(entry.name)),
            who=who(entry),
            priority=None if entry.is_broken else entry.priority,
            allow_credentials=entry.allow_credentials,
            is_in_force=entry.is_in_force,
            marks=[(mark, _MARKS.get(mark, mark)) for mark in marks if mark != mapping.SHIELD],
            findings=[_finding(finding) for finding in findings[:MAX_FINDINGS]],
            more=more(len(findings) - MAX_FINDINGS),
        )

    def _link(self, model: str, key: int | None) -> str:
        """The form of a row; nothing where it has gone meanwhile, or the admin site has no such forms."""
        view = f"admin:cors_policies_{model}_change"
        try:
            return "" if key is None else reverse(view, args=[key], current_app=self._admin_site)
        except NoReverseMatch:
            return ""


def who(entry: Entry) -> str:
    """Whom a policy lets in, in a few words."""
    if entry.is_broken:
        return _("nobody, since it is broken")
    if entry.access.any_origin:
        return _("every origin")
    return ", ".join(_parts(entry.access)) or _("nobody (shield)")


def policies_text(count: int) -> str:
    """How many policies."""
    return ngettext("%(count)d policy", "%(count)d policies", count) % {"count": count}


def cut(text: str) -> str:
    """As much of a text as has room on a line."""
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


def _parts(access: Access) -> Iterable[str]:
    count = access.origins
    if count:
        yield ngettext("%(count)d origin", "%(count)d origins", count) % {"count": count}
    for name in access.groups[:_MAX_NAMES]:
        yield _("everyone in group %(name)s") % {"name": cut(name)}
    others = len(access.groups) - _MAX_NAMES
    if others > 0:
        yield ngettext("%(count)d more group", "%(count)d more groups", others) % {"count": others}


def _finding(finding: Finding) -> FindingRow:
    detail = translated(finding.detail)
    shown = detail if len(detail) <= _MAX_DETAIL else f"{detail[:_MAX_DETAIL]}…"
    return FindingRow(finding.level, finding.code, shown)


def more(count: int) -> str:
    """How many are not shown; nothing where all are."""
    return more_text(count) if count > 0 else ""


def _hidden(branch: Branch, count: int) -> str:
    if not count:
        return ""
    place = branch.prefix or branch.host or _("every host")
    text = ngettext("%(count)d policy below %(place)s", "%(count)d policies below %(place)s", count)
    return text % {"count": count, "place": cut(place)}
