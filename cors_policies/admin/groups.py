"""The pages of origin groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cors_policies import documents
from cors_policies.admin.base import MAX_SHOWN, DocumentAdmin, lines, links
from cors_policies.admin.forms import OriginGroupForm
from cors_policies.models import OriginGroup


@admin.register(OriginGroup)
class OriginGroupAdmin(DocumentAdmin):
    """Origin groups, and the policies that use them."""

    form = OriginGroupForm
    list_display = ("name", "origin_count", "policy_count", "description", "updated_at")
    search_fields = ("name", "description", "origins__pattern")
    readonly_fields = ("used_by",)
    sections = ((None, {"fields": ("name", "description", "origins", "used_by", "fingerprint")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Groups with their counts."""
        counts = {
            "origin_total": Count("origins", distinct=True),
            "policy_total": Count("policies", distinct=True),
        }
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**counts)
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The form's fields; for who may only look, the origins as they are."""
        if self.has_change_permission(request, obj) if obj else self.has_add_permission(request):
            return self.sections
        return ((None, {"fields": ("name", "description", "shown_origins", "used_by")}),)

    def affected(self, obj: Any) -> Iterable[Model]:
        """The policies that lose the group's origins."""
        return list(obj.policies.order_by("name")[:MAX_SHOWN])

    @admin.display(description=_("origins"), ordering="origin_total")
    def origin_count(self, row: Any) -> int:
        """How many origins it has."""
        return int(row.origin_total)

    @admin.display(description=_("policies"), ordering="policy_total")
    def policy_count(self, row: Any) -> int:
        """How many policies use it."""
        return int(row.policy_total)

    @admin.display(description=_("Used by"))
    def used_by(self, row: Any) -> SafeString | str:
        """The policies that use it."""
        return links(row.policies.order_by("name")[:MAX_SHOWN]) if row.pk else "-"

    @admin.display(description=_("Origins"))
    def shown_origins(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines(documents.group_document(row)["origins"])
