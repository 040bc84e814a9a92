"""By what can the lists be narrowed, beside what a row holds itself?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cors_policies.models import OriginGroup

_MAX_CHOICES: Final = 100


class HostFilter(admin.SimpleListFilter):
    """The policies of one host."""

    title = _("host")
    parameter_name = "host"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The hosts that policies name, a hundred at most."""
        rows = model_admin.get_queryset(request).order_by("host")
        hosts = rows.values_list("host", flat=True).distinct()[:_MAX_CHOICES]
        return [(host, host or _("every host")) for host in hosts]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The policies of that host and no other."""
        value = self.value()
        return queryset if value is None else queryset.filter(host=value)


class GroupFilter(admin.SimpleListFilter):
    """The policies that use one origin group."""

    title = _("origin group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The groups that policies use, a hundred at most."""
        rows = OriginGroup.objects.using(model_admin.get_queryset(request).db).order_by("name")
        used = rows.filter(policy_entries__isnull=False).distinct()
        return [(name, name) for name in used.values_list("name", flat=True)[:_MAX_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The policies that use that group."""
        value = self.value()
        return queryset if value is None else queryset.filter(origin_groups__name=value)


class UsedFilter(admin.SimpleListFilter):
    """Origins by whether anything lists them."""

    title = _("use")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Yes and no."""
        return [("yes", _("listed somewhere")), ("no", _("listed nowhere"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The origins that some list holds, or none."""
        listed = Q(policy_total__gt=0) | Q(group_total__gt=0)
        chosen = {"yes": listed, "no": ~listed}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)
