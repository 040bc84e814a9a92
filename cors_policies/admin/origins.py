"""The pages of single origins: where each is used, and how to rename or revoke it everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cors_policies.admin.base import MAX_SHOWN, DocumentAdmin, links
from cors_policies.admin.forms import OriginForm
from cors_policies.models import Origin


@admin.register(Origin)
class OriginAdmin(DocumentAdmin):
    """Origins, shared by all policies and groups that allow them."""

    form = OriginForm
    list_display = ("pattern", "policy_count", "group_count", "description")
    search_fields = ("pattern", "description")
    list_per_page = 100
    show_full_result_count = False
    readonly_fields = ("used_by_policies", "used_by_groups")
    sections = (
        (
            None,
            {
                "fields": ("pattern", "description", "used_by_policies", "used_by_groups", "fingerprint"),
                "description": _(
                    "One row for each origin, shared by all that list it. To change the pattern "
                    "changes it in all of them; to delete the origin revokes it everywhere."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Origins with their counts."""
        counts = {
            "policy_total": Count("policies", distinct=True),
            "group_total": Count("origin_groups", distinct=True),
        }
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**counts)
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The fields; the hidden one only where there is a form."""
        if self.has_change_permission(request, obj) if obj else self.has_add_permission(request):
            return self.sections
        return ((None, {"fields": ("pattern", "description", "used_by_policies", "used_by_groups")}),)

    def affected(self, obj: Any) -> Iterable[Model]:
        """The policies and groups that it is taken out of."""
        return chain(
            obj.policies.order_by("name")[:MAX_SHOWN], obj.origin_groups.order_by("name")[:MAX_SHOWN]
        )

    @admin.display(description=_("policies"), ordering="policy_total")
    def policy_count(self, row: Any) -> int:
        """How many policies list it."""
        return int(row.policy_total)

    @admin.display(description=_("groups"), ordering="group_total")
    def group_count(self, row: Any) -> int:
        """How many groups list it."""
        return int(row.group_total)

    @admin.display(description=_("Policies that list it"))
    def used_by_policies(self, row: Any) -> SafeString | str:
        """Links to them."""
        return links(row.policies.order_by("name")[:MAX_SHOWN]) if row.pk else "-"

    @admin.display(description=_("Groups that list it"))
    def used_by_groups(self, row: Any) -> SafeString | str:
        """Links to them."""
        return links(row.origin_groups.order_by("name")[:MAX_SHOWN]) if row.pk else "-"
