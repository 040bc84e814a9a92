"""The page that lists policies, and the form of one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cors_policies import documents, services
from cors_policies.admin.base import DocumentAdmin, lines
from cors_policies.admin.forms import PolicyForm
from cors_policies.core.policy import MAX_NAME
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.models import Policy, PolicyOrigin, PolicyOriginGroup

_SHOWN_ORIGINS = 3
_LISTS = ("allowed_origins", "origin_groups", "allowed_methods", "allowed_headers", "exposed_headers")


@admin.register(Policy)
class PolicyAdmin(DocumentAdmin):
    """Policies: where, who, what, at a glance."""

    form = PolicyForm
    list_display = ("name", "where", "who", "what", "allow_credentials", "mode", "updated_at")
    list_filter = ("mode", "allow_credentials", ("host", admin.AllValuesFieldListFilter), "origin_groups")
    search_fields = ("name", "description", "host", "path", "allowed_origins__pattern")
    search_help_text = _("Name, description, host, path or origin")
    list_per_page = 50
    actions = ("make_live", "switch_off", "duplicate")
    sections: ClassVar[Any] = (
        (None, {"fields": ("name", "mode", "description", "fingerprint")}),
        (
            _("Where"),
            {
                "fields": ("path", "host", "priority"),
                "description": _(
                    "The most specific path that matches governs, alone. A policy for a narrow path "
                    "shields it from every broader one."
                ),
            },
        ),
        (
            _("Who"),
            {
                "fields": ("allowed_origins", "origin_groups"),
                "description": _("Sites whose pages may read the answers. All others are denied."),
            },
        ),
        (
            _("What"),
            {
                "fields": ("allowed_methods", "allowed_headers", "exposed_headers"),
                "description": _(
                    "Before an unusual request the browser asks by a preflight, and these lists answer."
                ),
            },
        ),
        (
            _("Credentials and their risks"),
            {
                "fields": (
                    "allow_credentials",
                    "tolerate_insecure_origins",
                    "tolerate_public_suffixes",
                    "tolerate_credentialed_regex",
                ),
                "description": _(
                    "With credentials a page of an allowed origin acts as its visitor. Some origins are "
                    "refused beside them, unless you tolerate the risk."
                ),
            },
        ),
        (_("Answers"), {"fields": ("max_age", "reject_denied", "allow_private_network")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Policies with what the columns show, however many origins they have."""
        counted = PolicyOrigin.objects.filter(policy=OuterRef("pk")).order_by().values("policy")
        first = PolicyOrigin.objects.filter(position__lt=_SHOWN_ORIGINS).select_related("origin")
        rows: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(origin_count=Coalesce(Subquery(counted.annotate(n=Count("pk")).values("n")), 0))
            .prefetch_related(
                Prefetch("origin_entries", first, to_attr="first_entries"),
                Prefetch(
                    "group_entries",
                    PolicyOriginGroup.objects.select_related("group"),
                    to_attr="groups_in_order",
                ),
            )
        )
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The form's fields; for who may only look, the lists as they are."""
        if self.has_change_permission(request, obj) if obj else self.has_add_permission(request):
            return self.sections
        return [
            (
                title,
                {
                    **options,
                    "fields": tuple(_shown(name) for name in options["fields"] if name != "fingerprint"),
                },
            )
            for title, options in self.sections
        ]

    @admin.display(description=_("where"), ordering="path")
    def where(self, row: Any) -> str:
        """Host and path."""
        return f"{row.host}{row.path}"

    @admin.display(description=_("who"))
    def who(self, row: Any) -> str:
        """The first origins, how many more, and the groups."""
        shown = [entry.origin.pattern for entry in row.first_entries]
        shown = [str(_("every origin")) if pattern == "*" else pattern for pattern in shown]
        more = row.origin_count - len(shown)
        if more > 0:
            shown.append(ngettext("%(count)d more", "%(count)d more", more) % {"count": more})
        shown.extend(str(_("group %(name)s")) % {"name": entry.group.name} for entry in row.groups_in_order)
        return ", ".join(shown) or str(_("nobody (shield)"))

    @admin.display(description=_("what"))
    def what(self, row: Any) -> str:
        """The methods."""
        methods = row.allowed_methods if isinstance(row.allowed_methods, list) else []
        return str(_("any method")) if "*" in methods else ", ".join(map(str, methods)) or "-"

    @admin.display(description=_("Allowed origins"))
    def shown_allowed_origins(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines(documents.policy_document(row)["allowed_origins"])

    @admin.display(description=_("Origin groups"))
    def shown_origin_groups(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines(entry.group.name for entry in row.groups_in_order)

    @admin.display(description=_("Allowed methods"))
    def shown_allowed_methods(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return self.what(row)

    @admin.display(description=_("Allowed request headers"))
    def shown_allowed_headers(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines(row.allowed_headers)

    @admin.display(description=_("Exposed response headers"))
    def shown_exposed_headers(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines(row.exposed_headers)

    @admin.action(description=_("Make live"), permissions=["change"])
    def make_live(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Lets requests obey the selected policies."""
        self._set_mode(request, queryset, Policy.Mode.LIVE)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Lets requests pass by the selected policies."""
        self._set_mode(request, queryset, Policy.Mode.OFF)

    @admin.action(description=_("Duplicate"), permissions=["add"])
    def duplicate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Copies the selected policies under free names, switched off."""
        with services.writing():
            copies = [self._copy(row) for row in queryset]
        names = ", ".join(copies)
        self.message_user(
            request, _("Copied, and switched off: %(names)s.") % {"names": names}, messages.SUCCESS
        )

    def _set_mode(self, request: HttpRequest, queryset: QuerySet[Any], mode: str) -> None:
        changed = 0
        with services.writing():
            for row in queryset:
                if row.mode == mode:
                    continue
                try:
                    services.update_policy(row, {"mode": mode}, partial=True)
                except InvalidPolicyError as error:
                    self.message_user(request, f"{row.name}: {error}", messages.ERROR)
                    continue
                self.log_change(request, row, [{"changed": {"fields": [str(_("mode"))]}}])
                changed += 1
        text = ngettext("%(count)d policy is now %(mode)s.", "%(count)d policies are now %(mode)s.", changed)
        self.message_user(
            request, text % {"count": changed, "mode": Policy.Mode(mode).label}, messages.SUCCESS
        )

    def _copy(self, row: Any) -> str:
        taken = set(Policy.objects.values_list("name", flat=True))
        names = (f"{row.name[: MAX_NAME - 10]}-copy{number or ''}" for number in range(len(taken) + 1))
        name = next(name for name in names if name not in taken)
        services.create_policy(
            {**documents.policy_document(row), "name": name, "mode": Policy.Mode.OFF.value}
        )
        return name


def _shown(name: str) -> str:
    return f"shown_{name}" if name in _LISTS else name
