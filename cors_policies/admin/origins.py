"""The pages of single origins: where each is used, and how to rename or revoke it everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cors_policies.admin.base import DocumentAdmin, number_of
from cors_policies.admin.filters import UsedFilter
from cors_policies.admin.forms import OriginForm
from cors_policies.models import Origin, OriginGroup, OriginGroupOrigin, Policy, PolicyOrigin


@admin.register(Origin)
class OriginAdmin(DocumentAdmin):
    """Origins, shared by all policies and groups that allow them."""

    form = OriginForm
    list_display = ("pattern", "policy_count", "group_count", "description")
    list_filter = (UsedFilter,)
    search_fields = ("pattern", "description")
    search_help_text = _("Pattern or description")
    list_per_page = 100
    readonly_fields = ("used_by_policies", "used_by_groups")
    sections = (
        (
            None,
            {
                "fields": (
                    "confirmed",
                    "pattern",
                    "description",
                    "comment",
                    "used_by_policies",
                    "used_by_groups",
                    "opened",
                ),
                "description": _(
                    "One row for each origin, shared by all that list it. Another pattern is a change of all "
                    "of them; to delete the origin revokes it everywhere."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Origins with their counts."""
        rows = super().get_queryset(request)
        policies = number_of(PolicyOrigin.objects.using(rows.db), "origin")
        groups = number_of(OriginGroupOrigin.objects.using(rows.db), "origin")
        annotated: QuerySet[Any] = rows.annotate(policy_total=policies, group_total=groups)
        return annotated

    def affected(self, rows: QuerySet[Any]) -> Iterable[QuerySet[Any]]:
        """The policies and groups that they are taken out of."""
        policies = PolicyOrigin.objects.using(rows.db).filter(origin__in=rows).values("policy")
        groups = OriginGroupOrigin.objects.using(rows.db).filter(origin__in=rows).values("group")
        return (
            Policy.objects.using(rows.db).filter(pk__in=policies).order_by("name"),
            OriginGroup.objects.using(rows.db).filter(pk__in=groups).order_by("name"),
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
        return self.links(row.policies.order_by("name")) if row.pk else "-"

    @admin.display(description=_("Groups that list it"))
    def used_by_groups(self, row: Any) -> SafeString | str:
        """Links to them."""
        return self.links(row.origin_groups.order_by("name")) if row.pk else "-"
