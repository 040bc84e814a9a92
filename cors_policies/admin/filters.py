"""By what can the lists be narrowed, beside what a row holds itself?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cors_policies.admin.base import is_key
from cors_policies.admin.fields import shortened
from cors_policies.conf import get_settings
from cors_policies.models import OriginGroup, Revision, RevisionChange

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


class ActorFilter(admin.SimpleListFilter):
    """The revisions of one user, or of none."""

    title = _("who")
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The users that revisions name, a hundred at most."""
        rows = Revision.objects.using(get_settings().DATABASE_ALIAS).order_by("actor")
        actors = rows.values_list("actor", flat=True).distinct()[:_MAX_CHOICES]
        return [(actor, actor or _("nobody")) for actor in actors]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The revisions of that user and no other."""
        value = self.value()
        return queryset if value is None else queryset.filter(actor=value)


class KindFilter(admin.SimpleListFilter):
    """The revisions that changed policies, or groups."""

    title = _("what has changed")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Policies and groups."""
        return [("policy", _("policies")), ("origin_group", _("origin groups"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The revisions with a change of that kind."""
        value = self.value()
        return queryset if value is None else _changing(queryset, kind=value)


class _AskedFilter(admin.SimpleListFilter):
    """A filter that links lead to: it offers nothing but what was asked for."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The value that was asked for."""
        value = self.used_parameters.get(str(self.parameter_name))
        return [] if value is None else [(str(value), self.shown(str(value)))]

    def shown(self, value: str) -> str:
        """What the value is called."""
        return shortened(value)


class NameFilter(_AskedFilter):
    """The revisions that changed what is called so since."""

    title = _("name")
    parameter_name = "name"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The revisions with a change of that name."""
        value = self.value()
        return queryset if value is None else _changing(queryset, name=value)


class RowFilter(_AskedFilter):
    """The revisions that changed one policy or group, whatever it was called."""

    title = _("one policy or group")
    parameter_name = "row"

    def shown(self, value: str) -> str:
        """The name that it had last."""
        found = _row_changes(value).order_by("-revision_id").values_list("name", flat=True)
        return found.first() or shortened(value)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The revisions with a change of that row."""
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(pk__in=_row_changes(value).values("revision"))


def _row_changes(value: str) -> QuerySet[RevisionChange]:
    """The changes of the row that ``policy-7`` stands for."""
    kind, _dash, key = value.partition("-")
    changes = RevisionChange.objects.using(get_settings().DATABASE_ALIAS)
    return changes.filter(kind=kind, row=int(key)) if is_key(key) else changes.none()


def _changing(queryset: QuerySet[Any], **condition: str) -> QuerySet[Any]:
    changes = RevisionChange.objects.using(queryset.db).filter(**condition)
    return queryset.filter(pk__in=changes.values("revision"))
