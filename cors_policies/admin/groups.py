"""The pages of origin groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cors_policies import documents
from cors_policies.admin import columns
from cors_policies.admin.base import DocumentAdmin, lines, number_of, searchable
from cors_policies.admin.forms import OriginGroupForm
from cors_policies.models import OriginGroup, OriginGroupOrigin, Policy, PolicyOriginGroup, RevisionChange


@admin.register(OriginGroup)
class OriginGroupAdmin(DocumentAdmin):
    """Origin groups, and the policies that use them."""

    form = OriginGroupForm
    kind = RevisionChange.Kind.GROUP.value
    object_history_template = "cors_policies/pages/history.html"
    list_display = ("name", "origin_count", "policy_count", "description", "changed")
    search_fields = ("name",)
    search_help_text = _("Name, description or origin")
    readonly_fields = ("used_by",)
    sections = (
        (
            None,
            {
                "fields": ("confirmed", "name", "origins", "description", "comment", "used_by", "opened"),
                "description": _(
                    "Origins under a name, for policies to share. A change here is a change of every policy "
                    "that uses the group, and is refused where one of them would break a rule."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Groups with their counts."""
        rows = super().get_queryset(request)
        origins = number_of(OriginGroupOrigin.objects.using(rows.db), "group")
        policies = number_of(PolicyOriginGroup.objects.using(rows.db), "group")
        annotated: QuerySet[Any] = rows.annotate(origin_total=origins, policy_total=policies)
        return annotated

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The groups in which each word is found; a group may hold very many origins."""
        return columns.search_groups(queryset, searchable(search_term)), False

    def affected(self, rows: QuerySet[Any]) -> Iterable[QuerySet[Any]]:
        """The policies that lose the groups' origins."""
        users = PolicyOriginGroup.objects.using(rows.db).filter(group__in=rows).values("policy")
        return (Policy.objects.using(rows.db).filter(pk__in=users).order_by("name"),)

    @admin.display(description=_("origins"), ordering="origin_total")
    def origin_count(self, row: Any) -> int:
        """How many origins it has."""
        return int(row.origin_total)

    @admin.display(description=_("policies"), ordering="policy_total")
    def policy_count(self, row: Any) -> int:
        """How many policies use it."""
        return int(row.policy_total)

    @admin.display(description=_("changed"), ordering="updated_at")
    def changed(self, row: Any) -> SafeString:
        """How long ago."""
        return columns.changed(row)

    @admin.display(description=_("Used by"))
    def used_by(self, row: Any) -> SafeString | str:
        """The policies that use it."""
        return self.links(row.policies.order_by("name")) if row.pk else "-"

    @admin.display(description=_("Origins"))
    def shown_origins(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines(documents.group_document(row)["origins"])
