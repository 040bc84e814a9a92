"""The page that lists policies, and what can be done with them there."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cors_policies import documents, services
from cors_policies.admin import columns, confirming
from cors_policies.admin.asking import known_query
from cors_policies.admin.base import DocumentAdmin, lines, searchable, writing
from cors_policies.admin.fields import shortened
from cors_policies.admin.filters import GroupFilter, HostFilter
from cors_policies.admin.pages import PAGES, links_to_pages, served
from cors_policies.admin.pages.tryit import NotSavedError, try_changes
from cors_policies.admin.policy_form import SECTIONS, PolicyForm
from cors_policies.admin.prefill import CALL, EDIT, read_prefill
from cors_policies.core.comparing.impact import Impact
from cors_policies.core.policy import MAX_NAME
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.models import Policy, RevisionChange
from cors_policies.translating import translated


@admin.register(Policy)
class PolicyAdmin(DocumentAdmin):
    """Policies: where, who, what, at a glance."""

    form = PolicyForm
    kind = RevisionChange.Kind.POLICY.value
    object_history_template = "cors_policies/pages/history.html"
    sections = SECTIONS
    list_display = ("name", "mode_mark", "where", "who", "what", "credentials", "changed", "try_it")
    list_filter = ("mode", "allow_credentials", HostFilter, GroupFilter)
    search_fields = ("name",)
    search_help_text = _("Name, description, host, path or origin")
    actions = ("make_live", "put_on_trial", "switch_off", "duplicate")

    def get_urls(self) -> list[URLPattern]:
        """The pages about policies, before Django's own: every other address there is a policy's."""
        pages = [
            path(page.address, self.admin_site.admin_view(partial(served, page, self)), name=page.name)
            for page in PAGES
        ]
        return [*pages, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Django's, with links to the pages about policies."""
        unknown = confirming.unknown() if self.has_change_permission(request) else ""
        links = {"cors_pages": links_to_pages(self, request), "cors_unknown": unknown}
        return super().changelist_view(request, {**links, **(extra_context or {})})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT002 - Django's signature
        """The form, with what the request fills in where it is not sent."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.prefill = None if request.method == "POST" else read_prefill(request)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """The form; tried instead of saved where that was asked for, and opened again with what it held."""
        if EDIT in request.POST:
            request.method = "GET"
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except NotSavedError as tried:
            return try_changes(self, request, tried)

    def render_change_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page of the form; says so where something in it was filled in."""
        filled_in = [] if request.method == "POST" else read_prefill(request).proposals
        if filled_in:
            text = _("Filled in for your review, and not saved yet: %(entries)s") % {
                "entries": ", ".join(map(shortened, filled_in))
            }
            self.message_user(request, text, messages.WARNING)
        return super().render_change_form(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Stores the form, unless it was sent to be tried."""
        if form.is_tried:
            raise NotSavedError(form)
        super().save_model(request, obj, form, change)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> Any:
        """To the list, with a link to the call that the form was opened for."""
        self._offer_the_call(request)
        return super().response_post_save_add(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> Any:
        """The same after a change."""
        self._offer_the_call(request)
        return super().response_post_save_change(request, obj)

    def _offer_the_call(self, request: HttpRequest) -> None:
        call = known_query(request.GET.get(CALL, ""))
        if call is not None:
            address = reverse("admin:cors_policies_tryit", current_app=self.admin_site.name)
            text = _("Try the call again: it shows whether it is allowed now.")
            link = format_html('<a href="{}?{}">{}</a>', address, call.urlencode(), text)
            self.message_user(request, link, messages.INFO)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Policies with what the columns show, however many origins they have."""
        return columns.with_columns(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The policies in which each word is found; a row for each of them, once."""
        return columns.search(queryset, searchable(search_term)), False

    @admin.display(description=_("where"), ordering="path")
    def where(self, row: Any) -> SafeString:
        """Host and path."""
        return columns.where(row)

    @admin.display(description=_("Who"))
    def who(self, row: Any) -> SafeString:
        """The first origins, how many more, and the groups."""
        return columns.who(row)

    @admin.display(description=_("what"))
    def what(self, row: Any) -> str:
        """The methods."""
        return columns.what(row)

    @admin.display(description=_("credentials"), ordering="allow_credentials")
    def credentials(self, row: Any) -> SafeString | str:
        """A key, where they are allowed."""
        return columns.credentials(row)

    @admin.display(description=_("mode"), ordering="mode")
    def mode_mark(self, row: Any) -> SafeString:
        """The mode."""
        return columns.mode(row)

    @admin.display(description=_("changed"), ordering="updated_at")
    def changed(self, row: Any) -> SafeString:
        """How long ago."""
        return columns.changed(row)

    @admin.display(description=_("try it"))
    def try_it(self, row: Any) -> SafeString:
        """A link to the page that says what a browser would do."""
        address = reverse("admin:cors_policies_tryit", current_app=self.admin_site.name)
        return format_html('<a href="{}?policy={}">{}</a>', address, row.pk, _("Try it"))

    @admin.display(description=_("Allowed origins"))
    def shown_allowed_origins(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines(documents.policy_document(row)["allowed_origins"])

    @admin.display(description=_("Origin groups"))
    def shown_origin_groups(self, row: Any) -> SafeString | str:
        """For who may only look."""
        return lines([entry.group.name for entry in row.groups_in_order])

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
    def make_live(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Lets requests obey the selected policies."""
        return self._set_mode(request, queryset, Policy.Mode.LIVE)

    def foresee_promotion(self, queryset: QuerySet[Any]) -> Impact:
        """What making them live would mean."""
        return confirming.foreseen(services.plan_modes(queryset, Policy.Mode.LIVE.value))

    @admin.action(description=_("Put on trial"), permissions=["change"])
    def put_on_trial(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Lets the selected policies be decided by and recorded, and not obeyed."""
        return self._set_mode(request, queryset, Policy.Mode.TRIAL)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Lets requests pass by the selected policies."""
        return self._set_mode(request, queryset, Policy.Mode.OFF)

    @admin.action(description=_("Duplicate, switched off"), permissions=["add"])
    def duplicate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Copies the selected policies under free names, switched off."""
        with writing(request):
            rows = [*queryset]
            copies = [copy for copy in (self._copied(request, row) for row in rows) if copy is not None]
        if copies:
            text = _("Copied, and switched off: %(names)s.") % {"names": ", ".join(copies)}
            self.message_user(request, text, messages.SUCCESS)

    def _copied(self, request: HttpRequest, row: Any) -> str | None:
        document = documents.policy_document(row) | {"mode": Policy.Mode.OFF.value}
        try:
            copy = services.create_policy(document | {"name": _free_name(row)})
        except InvalidPolicyError as error:
            self._refuse(request, row, error)
            return None
        self.log_addition(request, copy, [{"added": {}}])
        return str(copy)

    def _set_mode(
        self, request: HttpRequest, queryset: QuerySet[Any], mode: Policy.Mode
    ) -> TemplateResponse | None:
        """Does it; or gives the page that asks once more, where that cuts off or opens credentials."""
        with writing(request):
            rows = [*queryset]
            others = [row for row in rows if row.mode != mode]
            impact = confirming.foreseen(services.plan_modes(queryset, mode.value))
            if not confirming.is_confirmed(request, impact):
                return confirming.question(request, self._page(request), impact)
            changed = sum(self._has_set_mode(request, row, mode) for row in others)
        self._tell(request, mode, changed, len(rows) - len(others))
        return None

    def _page(self, request: HttpRequest) -> dict[str, Any]:
        site = self.admin_site.each_context(request)
        return {**site, "opts": self.opts, "title": _("Are you sure?"), "media": self.media}

    def _tell(self, request: HttpRequest, mode: Policy.Mode, changed: int, same: int) -> None:
        if changed:
            text = ngettext(
                "%(count)d policy is now %(mode)s.", "%(count)d policies are now %(mode)s.", changed
            )
            self.message_user(request, text % {"count": changed, "mode": mode.label}, messages.SUCCESS)
        if same:
            text = ngettext("%(count)d was %(mode)s before.", "%(count)d were %(mode)s before.", same)
            self.message_user(request, text % {"count": same, "mode": mode.label}, messages.INFO)

    def _has_set_mode(self, request: HttpRequest, row: Any, mode: Policy.Mode) -> bool:
        before = row.get_mode_display()
        try:
            services.update_policy(row, {"mode": mode.value}, partial=True)
        except InvalidPolicyError as error:
            self._refuse(request, row, error)
            return False
        self.log_change(request, row, f"{_('Mode')}: “{before}” → “{mode.label}”")
        return True

    def _refuse(self, request: HttpRequest, row: Any, error: InvalidPolicyError) -> None:
        reasons = " ".join(translated(problem.message) for problem in error.problems)
        text = _('"%(name)s" is left as it is, since a rule refuses it: %(reasons)s')
        self.message_user(request, text % {"name": row.name, "reasons": reasons}, messages.ERROR)


def _free_name(row: Any) -> str:
    """A name for a copy, which no policy has."""
    stem = row.name[: MAX_NAME - 10]
    names = Policy.objects.using(row._state.db).filter(name__startswith=f"{stem}-copy")
    taken = set(names.values_list("name", flat=True))
    free = (f"{stem}-copy{f'-{number}' if number > 1 else ''}" for number in range(1, len(taken) + 2))
    return next(name for name in free if name not in taken)
