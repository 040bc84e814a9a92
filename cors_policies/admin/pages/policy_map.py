"""The map: where does each policy stand, whom does it let in, and which views of the project does it govern?

Before you edit:

* Core judges: ``mapping`` gives the order, ``tree`` what fits on the page, ``linting`` the warnings, the
  snapshot what governs. This page reads the set, asks them, and hands the answers to its rows.
* A set may hold thousands of policies. Only what is on the page is linted and looked up by key, so that a
  page costs one reading of the set, where it has changed since the last one, and a fixed number of queries.
* Views are placed by the snapshot that this process obeys; policies are shown as they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cors_policies import documents
from cors_policies.admin.map_rows import Findings, Keys, Rows, more, policies_text
from cors_policies.admin.map_views import Views
from cors_policies.admin.map_window import Window
from cors_policies.conf import get_settings
from cors_policies.core.findings import Finding
from cors_policies.core.guardrails import Guardrails
from cors_policies.core.linting.linting import lint, problem_finding
from cors_policies.core.policy_map import mapping
from cors_policies.core.policy_map import tree as map_tree
from cors_policies.core.policy_map.mapping import BrokenPolicy, Entry
from cors_policies.core.policy_map.tree import Page, shown_leaves
from cors_policies.core.policy_set import PolicySet
from cors_policies.documents import BrokenRow, StoredSet
from cors_policies.models import OriginGroup, Policy
from cors_policies.models.versions import read_token
from cors_policies.store import current_snapshot

LINES: Final = 150
"""So many lines of the tree fit on a page."""
_POLICY: Final = "policy"
_kept: Final[dict[str, tuple[Guardrails, StoredSet]]] = {}
"""By database the set that was read last: to read and check a large one takes seconds."""


@method_decorator(require_safe)  # whose first argument is the request
def show(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """The part of the map that the parameters ask for."""
    site = request.current_app = model_admin.admin_site.name  # as Django's own pages do
    window = Window.of(request.GET)
    stored = _stored_set(get_settings().DATABASE_ALIAS)
    now = datetime.now(timezone.utc)
    part = _choose(stored, window, now)
    findings = _findings(stored, {entry.name for entry in part.shown}, now)
    rows = Rows(window, findings, _keys(part, findings), site)
    views = Views(current_snapshot(), window, part.shown_hosts, part.hosts)
    form = reverse("admin:cors_policies_policy_add", current_app=site)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Policy map"),
        "media": model_admin.media,
        "window": window,
        "links": _links(window, part.page.number, views.number),
        "page": part.page,
        "total": policies_text(part.total),
        "found": part.page.count + len(part.homeless),
        "tree": rows.tree(part.page.root, views),
        "homeless": rows.policies(part.homeless[: map_tree.MAX_TRIED]),
        "homeless_more": more(len(part.homeless) - map_tree.MAX_TRIED),
        "groups": rows.groups(),
        "views": views,
        "ungoverned": views.ungoverned(form if model_admin.has_add_permission(request) else ""),
    }
    return TemplateResponse(request, "cors_policies/pages/policy_map.html", context)


def _stored_set(using: str) -> StoredSet:
    """The set as it is stored: what was read last, for as long as the version is the same."""
    version, rails = read_token(using), get_settings().GUARDRAILS
    kept = _kept.get(using)
    if kept is not None and version and (kept[0], kept[1].version) == (rails, version):
        return kept[1]
    found = documents.read_policy_set(using)
    _kept[using] = (rails, found)
    return found


@dataclass(frozen=True)
class _Part:
    """What is on the page, out of everything that is stored."""

    page: Page
    homeless: list[Entry]
    total: int
    hosts: set[str]
    """Every host pattern of the set."""

    @property
    def shown(self) -> Iterator[Entry]:
        """The policies that have a line on the page."""
        for leaf in shown_leaves(self.page.root):
            yield from (item for item in leaf.items if isinstance(item, Entry))
        yield from self.homeless[: map_tree.MAX_TRIED]

    @property
    def shown_hosts(self) -> list[str]:
        """The hosts of the path patterns on the page, in their order."""
        return list(dict.fromkeys(entry.site.host for entry in self.shown if entry.site))


def _choose(stored: StoredSet, window: Window, now: datetime) -> _Part:
    broken = [_broken_policy(row) for row in stored.broken if row.kind == _POLICY]
    entries = mapping.chart(stored.policies, stored.groups, broken, now=now)
    kept = list(mapping.narrowed(entries, host=window.host, prefix=window.prefix, path=window.path))
    if window.q:
        found = mapping.found_names(window.q, stored.policies, stored.groups, broken)
        kept = [entry for entry in kept if entry.name in found]
    placed = [entry for entry in kept if entry.site]
    tree = map_tree.grow(placed)
    return _Part(
        page=map_tree.open_page(tree, lines=LINES, number=window.page),
        homeless=[entry for entry in kept if not entry.site],
        total=len(entries),
        hosts={entry.site.host for entry in entries if entry.site},
    )


def _broken_policy(row: BrokenRow) -> BrokenPolicy:
    shield = row.shield
    if shield is None:
        return BrokenPolicy(row.name, row.problems)
    return BrokenPolicy(row.name, row.problems, shield.site, shield.expires_at)


def _findings(stored: StoredSet, names: set[str], now: datetime) -> Findings:
    """What there is to say about the policies of these names, about their groups and about broken ones."""
    policies = [row for row in stored.broken if row.kind == _POLICY and row.name in names]
    found = [problem_finding(problem, row.name) for row in policies for problem in row.problems]
    found += lint(PolicySet(tuple(stored.groups.values()), tuple(stored.policies)), now, names)
    return Findings(found, {row.name: _refusals(row) for row in stored.broken if row.kind != _POLICY})


def _refusals(row: BrokenRow) -> list[Finding]:
    return [problem_finding(problem) for problem in row.problems]


def _keys(part: _Part, findings: Findings) -> Keys:
    using = get_settings().DATABASE_ALIAS
    names = [entry.name for entry in part.shown]
    return Keys(
        documents.keys_by_name(Policy, names, using),
        documents.keys_by_name(OriginGroup, list(findings.of_groups), using),
    )


def _links(window: Window, page: int, views: int) -> dict[str, str]:
    """The addresses of the neighbouring pages, and of the whole map."""
    return {
        "before": window.link(page=page - 1, views=views),
        "after": window.link(page=page + 1, views=views),
        "views_before": window.link(page=page, views=views - 1),
        "views_after": window.link(page=page, views=views + 1),
        "whole": "?",
    }
