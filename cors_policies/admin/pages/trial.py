"""What would change if the policies on trial were live, and how does one of them become so?

Before you edit:

* What differs, and of which kind it is, is judged by the core. Here it gets its words.
* Origins and methods are strangers' texts: they are escaped by the template, and cut here.
* Every list has a bound, and says what is beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.timezone import get_default_timezone, is_naive, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cors_policies import observations
from cors_policies.admin import confirming
from cors_policies.admin.base import is_key, more_text
from cors_policies.admin.columns import ago, is_expired
from cors_policies.conf import OBSERVE_OFF, get_settings
from cors_policies.core.comparing.trials import NEWLY_ALLOWED, NEWLY_DENIED, OTHERWISE
from cors_policies.core.engine import ALLOWED, NOT_CORS, SAME_ORIGIN, UNGOVERNED
from cors_policies.core.path_group import Site
from cors_policies.core.timestamps import parse_timestamp
from cors_policies.models import Policy
from cors_policies.observations.trials import Difference, SiteReport, report_of, requests_by_site

SITES_A_PAGE: Final = 10
SHOWN_DIFFERENCES: Final = 25
SHOWN_POLICIES: Final = 25
MAX_TEXT: Final = 120
"""Characters of an origin that are shown."""
_COLUMNS: Final = ("pk", "name", "host", "path", "updated_at", "expires_at")
_TITLES: Final[dict[str, Promise]] = {
    NEWLY_ALLOWED: gettext_lazy("Newly allowed"),
    NEWLY_DENIED: gettext_lazy("Newly denied"),
    OTHERWISE: gettext_lazy("Answered otherwise"),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A policy on trial."""

    pk: int
    name: str
    site: Site
    updated_at: datetime
    is_expired: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A difference in words."""

    origin: str
    method: str
    now: str
    then: str
    count: int
    last_seen: SafeString
    is_outdated: bool
    """Whether a policy on trial there was changed since."""


@dataclass(frozen=True, slots=True)
class Section:
    """The differences of one kind."""

    kind: str
    title: str
    summary: str
    lines: Sequence[Line]
    more: str


@dataclass(frozen=True, slots=True)
class Place:
    """A path group with policies on trial, and what they would change there."""

    site: Site
    policies: Sequence[Tried]
    more_policies: str
    sections: Sequence[Section]


def report(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """The report; a ``policy`` that is posted becomes live, when that is ``confirmed``."""
    if request.method == "POST":
        return _promote(model_admin, request)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    observations.flush()
    tried, requests = _tried(), requests_by_site()
    page = _page(tried, requests, request.GET.get("p", ""))
    sites = [*page.object_list]
    reports = report_of(sites, SHOWN_DIFFERENCES)
    context = {
        "title": _("Trial report"),
        "page": page,
        "places": [_place(site, tried[site], reports[site]) for site in sites],
        "is_off": get_settings().OBSERVE == OBSERVE_OFF,
        "folded": _folded(requests.get(Site("", ""), 0)),
        "may_promote": model_admin.has_change_permission(request),
    }
    return _rendered(model_admin, request, "trial.html", context)


def _promote(model_admin: Any, request: HttpRequest) -> HttpResponse:
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    key = request.POST.get("policy", "")
    rows = model_admin.get_queryset(request).filter(mode=Policy.Mode.TRIAL)
    rows = rows.filter(pk=int(key)) if is_key(key) else rows.none()
    row = rows.first()
    if row is None:
        text = _("Nothing was changed: that policy is not on trial any more.")
        model_admin.message_user(request, text, messages.WARNING)
    elif confirming.FIELD not in request.POST or model_admin.make_live(request, rows) is not None:
        return _question(model_admin, request, rows, row)
    return HttpResponseRedirect(_address(model_admin))


def _question(model_admin: Any, request: HttpRequest, rows: Any, row: Any) -> HttpResponse:
    """Asks whether the policy shall be live, with what that would have changed and what it means."""
    observations.flush()
    site = Site(row.host, row.path)
    sections = _sections(report_of([site], 0)[site], None)
    impact = model_admin.foresee_promotion(rows)
    context = {
        "title": _("Make live?"),
        "policy": row,
        "sections": sections,
        "sentences": confirming.sentences(impact),
        "unknown": confirming.unknown(),
        "field": confirming.FIELD,
        "token": confirming.token(impact),
    }
    return _rendered(model_admin, request, "trial_promote.html", context)


def _rendered(model_admin: Any, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    shared = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "report_address": _address(model_admin),
    }
    return TemplateResponse(request, f"cors_policies/pages/{name}", shared | context)


def _address(model_admin: Any) -> str:
    return reverse("admin:cors_policies_trial", current_app=model_admin.admin_site.name)


def _tried() -> dict[Site, list[Tried]]:
    """The policies on trial by their site. One query."""
    rows = Policy.objects.using(get_settings().DATABASE_ALIAS).filter(mode=Policy.Mode.TRIAL)
    found: dict[Site, list[Tried]] = {}
    for pk, name, host, path, updated_at, end in rows.values_list(*_COLUMNS):
        site = Site(host, path)
        found.setdefault(site, []).append(Tried(pk, name, site, _aware(updated_at), is_expired(end)))
    return found


def _page(tried: Iterable[Site], requests: dict[Site, int], number: str) -> Page[Site]:
    """Some of the sites, those with the most requests first."""
    sites = sorted(tried, key=lambda site: (-requests.get(site, 0), site))
    return Paginator(sites, SITES_A_PAGE).get_page(number)


def _place(site: Site, policies: Sequence[Tried], found: SiteReport) -> Place:
    changed = max(policy.updated_at for policy in policies)
    hidden = len(policies) - SHOWN_POLICIES
    more = more_text(hidden) if hidden > 0 else ""
    return Place(site, policies[:SHOWN_POLICIES], more, _sections(found, changed))


def _sections(found: SiteReport, changed: datetime | None) -> list[Section]:
    """The kinds of which there are any, those that somebody has to look at before the others."""
    return [
        Section(
            kind,
            str(_TITLES[kind]),
            _summary(differences.requests),
            [_line(difference, changed) for difference in differences.shown],
            more_text(differences.hidden) if differences.hidden else "",
        )
        for kind, differences in found.items()
        if differences.rows
    ]


def _line(difference: Difference, changed: datetime | None) -> Line:
    seen = parse_timestamp(difference.last_seen)
    is_folded = not difference.origin and not difference.method
    origin = _cut(difference.origin) or (_("various, rarely seen") if is_folded else _("none"))
    return Line(
        origin,
        difference.method,
        _answer(difference.live_reason, difference.live_policy),
        _answer(difference.reason, difference.policy),
        difference.count,
        ago(seen),
        changed is not None and seen < changed.replace(microsecond=0),
    )


def _answer(reason: str, policy: str) -> str:
    """What a decision says, and whose it is."""
    words = {
        ALLOWED: _("allowed"),
        UNGOVERNED: _("not governed"),
        NOT_CORS: _("not cross-origin"),
        SAME_ORIGIN: _("the site's own origin"),
    }
    said = words.get(reason) or _("denied: %(reason)s") % {"reason": reason}
    return _("%(answer)s, by %(policy)s") % {"answer": said, "policy": policy} if policy else said


def _summary(requests: int) -> str:
    return ngettext("%(count)d request", "%(count)d requests", requests) % {"count": requests}


def _folded(requests: int) -> str:
    """A sentence about requests whose path group is not known any more."""
    if not requests:
        return ""
    text = ngettext(
        "%(count)d more request would be answered otherwise; for want of room its path is not kept.",
        "%(count)d more requests would be answered otherwise; for want of room their paths are not kept.",
        requests,
    )
    return text % {"count": requests}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _aware(moment: datetime) -> datetime:
    """A project may keep its times naive."""
    return make_aware(moment, get_default_timezone()) if is_naive(moment) else moment
