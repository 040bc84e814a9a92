"""Who was refused, where, why, how often and when last, and what can be done about it?

Before you edit:

* Nothing is allowed from here. A link opens the policy with the origin filled in, and an editor saves it.
* Origins, methods and the names of policies that are gone are texts to be cut and escaped.
* However many rows there are, a page makes the same queries, and shows :data:`ROWS_OF_A_PAGE` of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, Model, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cors_policies import observations
from cors_policies.admin.fields import shortened
from cors_policies.admin.refusals import REASONS, Link, Refusal, filled_in, tried
from cors_policies.conf import OBSERVE_OFF, get_settings
from cors_policies.core import engine
from cors_policies.models import Observation, Policy, PolicyOrigin, PolicyOriginGroup
from cors_policies.models.observations import ignore_origin, unignore_origin, with_marks
from cors_policies.observations.recent import counts_of_days
from cors_policies.observations.rows import COUNTED_DAYS, oldest_kept
from cors_policies.observations.tallies import SECONDS_OF_A_DAY

ROWS_OF_A_PAGE: Final = 50
_MAX_CHOICES: Final = 100
_MAX_POLICIES: Final = 5
_SHOWN: Final = (
    ("", gettext_lazy("not ignored")),
    ("ignored", gettext_lazy("ignored")),
    ("all", gettext_lazy("all")),
)
_ORDERS: Final = (("", gettext_lazy("most frequent first")), ("newest", gettext_lazy("newest first")))


class Filters(forms.Form):
    """By what the rows are narrowed, and in which order they come."""

    origin = forms.CharField(required=False, max_length=512, label=gettext_lazy("Origin contains"))
    reason = forms.ChoiceField(required=False, label=gettext_lazy("Reason"))
    group = forms.CharField(required=False, max_length=800, label=gettext_lazy("Path"), widget=forms.Select)
    policy = forms.CharField(
        required=False, max_length=100, label=gettext_lazy("Policy"), widget=forms.Select
    )
    show = forms.ChoiceField(required=False, label=gettext_lazy("Show"), choices=_SHOWN)
    order = forms.ChoiceField(required=False, label=gettext_lazy("Order"), choices=_ORDERS)

    def __init__(self, data: Any, rows: QuerySet[Any]) -> None:
        super().__init__(data)
        anything = ("", _("any"))
        cast("forms.ChoiceField", self.fields["reason"]).choices = [anything, *REASONS.items()]
        groups = rows.exclude(path="").order_by("path", "host").values_list("host", "path").distinct()
        policies = rows.exclude(policy="").order_by("policy").values_list("policy", flat=True).distinct()
        self._offer("group", [host + path for host, path in groups[:_MAX_CHOICES]])
        self._offer("policy", policies[:_MAX_CHOICES])

    def narrowed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that are asked for, in their order. What cannot be asked for narrows nothing."""
        self.is_valid()
        found = self.cleaned_data
        if found.get("origin"):
            rows = rows.filter(origin__icontains=found["origin"])
        if found.get("group"):
            host, _slash, path = found["group"].partition("/")
            rows = rows.filter(host=host, path=f"/{path}")
        same = {name: found[name] for name in ("reason", "policy") if found.get(name)}
        if found.get("show") != "all":
            same["is_ignored"] = found.get("show") == "ignored"
        order = ("-last_seen", "-count") if found.get("order") == "newest" else ("-count", "-last_seen")
        return rows.filter(**same).order_by(*order, "pk")

    def _offer(self, name: str, values: Iterable[str]) -> None:
        """The values to choose from, and the one that is chosen."""
        chosen = self.data.get(name)
        offered = dict.fromkeys([*values, *([chosen] if chosen else [])])
        widget = cast("forms.Select", self.fields[name].widget)
        widget.choices = [("", _("any")), *((value, shortened(value)) for value in offered)]


def show(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """The page; or what its buttons do."""
    if request.method == "POST":
        return _mark(model_admin, request)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    observations.flush()
    rows = _refused()
    filters = Filters(request.GET, rows)
    paginator = Paginator(filters.narrowed(with_marks(rows)), ROWS_OF_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Blocked origins"),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "filters": filters,
        "page": page,
        "total": paginator.count,
        "pages": paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "query": _query_without_page(request),
        "rows": _shown(model_admin, request, page.object_list),
        "may_change": model_admin.has_change_permission(request),
        "is_off": get_settings().OBSERVE == OBSERVE_OFF,
    }
    return TemplateResponse(request, "cors_policies/pages/blocked.html", context)


def _refused() -> QuerySet[Any]:
    """The rows that have not become too old. One whose reason was folded away may hold refusals."""
    rows = Observation.objects.using(get_settings().DATABASE_ALIAS)
    return rows.exclude(reason=engine.ALLOWED).filter(last_seen__gte=oldest_kept(int(time.time())))


def _mark(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """Ignores the origin of a row, or does so no longer."""
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    ignored, unignored = request.POST.get("ignore", ""), request.POST.get("unignore", "")
    digest = ignored or unignored
    row = _refused().exclude(origin="").filter(pk=digest).first() if digest.isalnum() else None
    if row is None:
        text = _("Nothing was changed: what was observed is not there any more.")
        model_admin.message_user(request, text, messages.WARNING)
    else:
        (ignore_origin if ignored else unignore_origin)(row)
        text = (
            _("Ignored on %(where)s: %(origin)s.") if ignored else _("Shown again on %(where)s: %(origin)s.")
        )
        facts = {"origin": shortened(row.origin), "where": shortened(row.host + row.path)}
        model_admin.message_user(request, text % facts, messages.SUCCESS)
    return HttpResponseRedirect(request.get_full_path())


def _query_without_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def _shown(model_admin: Any, request: HttpRequest, rows: Iterable[Any]) -> list[Refusal]:
    found = list(rows)
    may_change = model_admin.has_change_permission(request)
    today = int(time.time()) // SECONDS_OF_A_DAY
    governing, tenants = _governing(found), _tenants(found)
    shown = []
    for row in found:
        place = row.host, row.path
        policies = governing.get((row.policy, *place)) if row.policy else tenants.get(place)
        query = filled_in(row) if may_change else ""
        links = [*_links(model_admin, row, policies or (), query)]
        more = policies[0]["total"] - len(links) if policies else 0
        days = counts_of_days(row.days, today, COUNTED_DAYS)
        shown.append(Refusal(row, days, links, more, _trial(model_admin, row)))
    return shown


def _trial(model_admin: Any, row: Any) -> str:
    query = tried(row)
    address = reverse("admin:cors_policies_tryit", current_app=model_admin.admin_site.name)
    return f"{address}?{query}" if query else ""


def _links(model_admin: Any, row: Any, policies: Iterable[Any], query: str) -> Iterator[Link]:
    """Where something can be done about the row, the forms of the policies, filled in as the query says."""
    if not row.origin or row.reason == engine.BAD_REQUEST_HEADERS:
        return
    for policy in policies:
        name = f"admin:{model_admin.opts.app_label}_policy_change"
        address = reverse(name, args=[policy["pk"]], current_app=model_admin.admin_site.name)
        target = f"{address}?{query}" if query else address
        yield Link(policy["name"], target, policy.get("is_shield", False))


def _governing(rows: Iterable[Any]) -> dict[tuple[str, str, str], list[Any]]:
    """The policies that the rows name, where they still are what they were."""
    names = {row.policy for row in rows if row.policy}
    found = Policy.objects.using(get_settings().DATABASE_ALIAS).filter(name__in=names)
    return {
        (policy["name"], policy["host"], policy["path"]): [{**policy, "total": 1}]
        for policy in found.values("pk", "name", "host", "path")
    }


def _tenants(rows: Iterable[Any]) -> dict[tuple[str, str], list[Any]]:
    """The first live policies of the rows' path groups, in the order tried, with how many there are."""
    site = [F("host"), F("path")]
    policies = Policy.objects.using(get_settings().DATABASE_ALIAS)
    ranked = policies.filter(mode=Policy.Mode.LIVE, path__in={row.path for row in rows}).annotate(
        rank=Window(RowNumber(), partition_by=site, order_by=[F("priority"), F("name")]),
        total=Window(Count("pk"), partition_by=site),
        is_shield=~Exists(_listed_by(PolicyOrigin)) & ~Exists(_listed_by(PolicyOriginGroup)),
    )
    found: dict[tuple[str, str], list[Any]] = {}
    keys = ("pk", "name", "host", "path", "total", "is_shield")
    for policy in ranked.filter(rank__lte=_MAX_POLICIES).order_by("rank").values(*keys):
        found.setdefault((policy["host"], policy["path"]), []).append(policy)
    return found


def _listed_by(entries: type[Model]) -> QuerySet[Any]:
    return entries._default_manager.using(get_settings().DATABASE_ALIAS).filter(policy=OuterRef("pk"))
