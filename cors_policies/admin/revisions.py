"""The pages of revisions: what was changed, when, by whom and how.

Before you edit: a revision never changes. Nobody adds, edits or deletes one here, whatever the permissions.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Count, F, Prefetch, Q, QuerySet, Window
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cors_policies import services
from cors_policies.admin.base import BaseAdmin, more_text, searchable
from cors_policies.admin.filters import ActorFilter, KindFilter, NameFilter, RowFilter
from cors_policies.admin.restoring import restore_view
from cors_policies.admin.shown_changes import SIGNS, ChangesPage, kind_label
from cors_policies.models import Revision, RevisionChange

_SHOWN_CHANGES: Final = 3


@admin.register(Revision)
class RevisionAdmin(BaseAdmin):
    """The history of the policy set."""

    list_display = ("number", "created_at", "by", "what", "comment")
    list_filter = ("via", ActorFilter, KindFilter, "created_at", NameFilter, RowFilter)
    search_fields = ("comment",)
    search_help_text = _("Name of a policy or group, comment, or who")
    ordering = ("-number",)
    actions = None
    fields = ("created_at", "actor", "via", "comment")
    change_form_template = "cors_policies/pages/revision.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {
            "all": ("cors_policies/admin.css", "cors_policies/history.css")
        }

    def get_urls(self) -> list[Any]:
        """Django's, and the page that restores."""
        restore = self.admin_site.admin_view(self.restore_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_restore"
        return [path("<path:object_id>/restore/", restore, name=name), *super().get_urls()]

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What restoring would change, and the restore."""
        return restore_view(self, request, object_id)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may view policies reads their history, too."""
        return super().has_view_permission(request, obj) or services.may_read_revisions(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: services make revisions."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody; ``prune-revisions`` deletes old ones."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Revisions with the first of their changes, and how many there are. One query more."""
        changes = RevisionChange.objects.defer("before", "after").order_by("-kind", "name", "pk")
        total = Window(Count("pk"), partition_by=[F("revision_id")])
        first = Prefetch("changes", changes.annotate(total=total)[:_SHOWN_CHANGES], to_attr="first_changes")
        return super().get_queryset(request).prefetch_related(first)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The revisions in which each word is found, in a name that they changed, too."""
        for word in searchable(search_term).split():
            named = RevisionChange.objects.using(queryset.db).filter(name__icontains=word)
            found = Q(comment__icontains=word) | Q(actor__icontains=word)
            queryset = queryset.filter(found | Q(pk__in=named.values("revision")))
        return queryset, False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The page of one revision, with its changes and its neighbours."""
        revision = kwargs["obj"]
        rows = self.get_queryset(request).prefetch_related(None)
        context |= {
            "title": _("Revision %(number)d") % {"number": revision.number},
            "subtitle": None,
            "changes": ChangesPage(revision.changes.all(), request.GET.get(PAGE_VAR)),
            "earlier": rows.filter(number__lt=revision.number).first(),
            "later": rows.filter(number__gt=revision.number).last(),
            "may_restore": services.may_replace_policies(request.user),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("who and how"))
    def by(self, revision: Any) -> SafeString:
        """The user, where there was one, and the way in."""
        who = format_html('<span class="cors-line">{}</span>', revision.actor) if revision.actor else ""
        return format_html('{}<span class="cors-quiet">{}</span>', who, revision.get_via_display())

    @admin.display(description=_("what"))
    def what(self, revision: Any) -> SafeString:
        """The first names that it changed, and how many more."""
        shown = [
            (SIGNS[change.action], kind_label(change.kind), change.name, change.get_action_display())
            for change in revision.first_changes
        ]
        more = revision.first_changes[0].total - len(shown) if shown else 0
        lines = format_html_join("", '<span class="cors-line"><b>{}</b> {} {}: {}</span>', shown)
        return format_html('{}<span class="cors-more">{}</span>', lines, more_text(more)) if more else lines

    def address(self, page: str, number: int) -> str:
        """Where a page of a revision is."""
        view = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(view, args=[quote(number)], current_app=self.admin_site.name)
