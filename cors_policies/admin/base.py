"""What do the pages of policies, groups and origins have in common?

Before you edit:

* Every write goes through the services, once, and whole. Django would save the row first and its lists later.
* A form that is sent holds off other writers from its first read on, so that what it was checked against is
  what it is stored upon.
* Deleting asks with what is affected, not with a row for each place in each list; and with who is cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cors_policies import services
from cors_policies.admin import confirming
from cors_policies.admin.forms import NO_KEYS, DocumentForm
from cors_policies.admin.row_history import RowHistory
from cors_policies.conf import get_settings
from cors_policies.core.reading import is_storable
from cors_policies.models import Revision

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's classes take no type arguments at run time
    _ModelAdmin = admin.ModelAdmin

MAX_SHOWN: Final = 50
MAX_LINES: Final = 1000
MAX_SEARCH: Final = 1000
MAX_SEARCH_WORDS: Final = 32
_MAX_DIGITS: Final = 18


class BaseAdmin(_ModelAdmin):
    """An admin of rows that stand where the policy set does."""

    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows, from the database that holds the policy set."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.using(get_settings().DATABASE_ALIAS)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Django's; what no database can look for is treated as an unknown filter: the whole list."""
        sent = (value for _name, values in request.GET.lists() for value in values)
        if not all(map(is_storable, sent)):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)


class Deletion(list[Any]):
    """The rows that go, as Django lists them; and what that means for those who call and who edit."""

    sentences: Sequence[str] = ()
    unknown = ""


class DocumentAdmin(BaseAdmin):
    """An admin whose form stores a document.

    ``sections`` are its fieldsets; who may only look sees ``shown_x`` in place of a field ``x``, where there
    is such a method.
    """

    sections: ClassVar[Sequence[Any]] = ()
    kind: ClassVar[str] = ""
    """The kind of what it edits in revisions; empty for what has none of its own."""

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("cors_policies/admin.css",)}
        js: ClassVar[tuple[str, ...]] = ("cors_policies/admin.js",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The rows in which each word is found."""
        return super().get_search_results(request, queryset, searchable(search_term))

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Django's; where a row was chosen that there cannot be, none is touched."""
        if all(map(is_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            return super().response_action(request, queryset, *args, **kwargs)
        message = _("Nothing was changed: one of the chosen rows does not exist. Choose them again.")
        self.message_user(request, message, messages.WARNING)
        return None

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The form's fields; for who may only look, the lists as they are."""
        if obj is None:
            return self._sections(lambda name: None if name in self.readonly_fields else name)
        if self.has_change_permission(request, obj):
            return self.sections
        return self._sections(self._shown)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Django's; a form that is sent is checked and stored under the writers' lock."""
        comment = request.POST.get("comment", "").strip()
        with writing(request, comment) if request.method == "POST" else nullcontext():
            return super().changeform_view(request, object_id, form_url, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Django's; of what revisions hold, the revisions that have changed it, by whatever way in."""
        key = unquote(object_id)
        context = dict(extra_context or {})
        if self.kind and is_key(key):
            history = RowHistory(self.kind, int(key), cast("type[DocumentForm]", self.form).key_labels())
            page = history.page(request.GET.get(PAGE_VAR))
            context |= {
                "revisions": page,
                "revision_range": page.paginator.get_elided_page_range(page.number),
                "events": history.events(page),
                "may_read": self.admin_site.is_registered(Revision)
                and services.may_read_revisions(request.user),
                "row": f"{self.kind}-{key}",
            }
        return super().history_view(request, object_id, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Django's, with what is not known before a save. A question is not called an error."""
        context["cors_unknown"] = confirming.unknown()
        if [*context["adminform"].form.errors] == [confirming.FIELD]:
            context["errors"] = None  # nothing is to be corrected: it is a question
        return super().render_change_form(request, context, *args, **kwargs)

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        """The row as it was: ``save_model`` stores the form."""
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Stores the form, lists included."""
        form.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Nothing: the lists are stored."""

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        add: bool = False,  # noqa: FBT002 - Django's signature
    ) -> Any:
        """For the history: what has changed, and from what to what."""
        if add:
            return super().construct_change_message(request, form, formsets, add)
        return " · ".join(form.changes())

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """A line of history, where anything has changed."""
        return super().log_change(request, obj, message) if message else None

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Deletes one, under the writers' lock."""
        with writing(request):
            obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Deletes some, in one transaction."""
        with writing(request):
            queryset.delete()

    def affected(self, rows: QuerySet[Any]) -> Iterable[QuerySet[Any]]:
        """The rows that lose one of these when they are deleted."""
        return ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The rows; what they are taken out of, and what that means."""
        chosen, name = self._chosen(objs), self.opts.verbose_name
        rows = list(chosen[: MAX_SHOWN + 1])
        tree = Deletion(format_html("{}: {}", capfirst(name), self.link(row)) for row in rows[:MAX_SHOWN])
        count = chosen.count() if len(rows) > MAX_SHOWN else len(rows)
        if count > MAX_SHOWN:
            tree.append(more_text(count - MAX_SHOWN))
        needed = set() if self.has_delete_permission(request) else {name}
        if "post" not in request.POST:
            tree.sentences = [*filter(None, map(self._loser, self.affected(chosen)))]
            if not needed:
                tree.sentences += confirming.sentences(confirming.foreseen(services.plan_deletion(chosen)))
                tree.unknown = confirming.unknown()
        return tree, {self.opts.verbose_name_plural: count}, needed, []

    def link(self, row: Model) -> SafeString:
        """The row's name as a link to its page, where the admin site has one."""
        if not self.admin_site.is_registered(type(row)):
            return format_html("{}", row)
        view = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        address = reverse(view, args=[quote(row.pk)], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', address, row)

    def links(self, rows: QuerySet[Any], none: str | None = None) -> SafeString | str:
        """The names of the first rows as links, and how many more there are."""
        found = list(rows[: MAX_SHOWN + 1])
        shown: list[SafeString | str] = [self.link(row) for row in found[:MAX_SHOWN]]
        if len(found) > MAX_SHOWN:
            shown.append(more_text(rows.count() - MAX_SHOWN))
        joined = format_html_join(", ", "{}", ((name,) for name in shown))
        return joined or (_("none") if none is None else none)

    def _chosen(self, objs: Any) -> QuerySet[Any]:
        """The rows of a list, as a query without the columns of the page."""
        keys = objs.values("pk") if isinstance(objs, QuerySet) else [row.pk for row in objs]
        rows: QuerySet[Any] = self.model._default_manager.using(get_settings().DATABASE_ALIAS)
        return rows.filter(pk__in=keys)

    def _loser(self, rows: QuerySet[Any]) -> SafeString | None:
        names = self.links(rows, none="")
        text = _("Taken out of %(kind)s:") % {"kind": rows.model._meta.verbose_name_plural}
        return format_html("{} {}", text, names) if names else None

    def _sections(self, replaced: Callable[[str], str | None]) -> list[Any]:
        return [
            (title, {**options, "fields": [*filter(None, map(replaced, options["fields"]))]})
            for title, options in self.sections
        ]

    def _shown(self, name: str) -> str | None:
        if name in NO_KEYS:
            return None
        return f"shown_{name}" if hasattr(self, f"shown_{name}") else name


@contextmanager
def writing(request: HttpRequest, comment: str = "") -> Iterator[None]:
    """The writers' lock, for what the user of the request does in the admin."""
    with services.acting("admin", request.user.get_username(), comment), services.writing():
        yield


def searchable(text: str) -> str:
    """As much of what is searched for as any database takes: each word is a condition."""
    return " ".join(text[:MAX_SEARCH].split()[:MAX_SEARCH_WORDS])


def is_key(text: str) -> bool:
    """Whether a row may have this key, as every database writes it."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def number_of(entries: QuerySet[Any], owner: str) -> Coalesce:
    """How many of the entries belong to each row of a query, counted apart from everything else."""
    counted = entries.filter(**{owner: OuterRef("pk")}).order_by().values(owner)
    return Coalesce(Subquery(counted.annotate(total=Count("pk")).values("total")), 0)


def more_text(count: int) -> str:
    """How many are not shown."""
    return ngettext("and %(count)d more", "and %(count)d more", count) % {"count": count}


def lines(texts: object) -> SafeString | str:
    """Texts of a list, one a line; the first of them, where there are very many."""
    found = texts if isinstance(texts, list | tuple) else [texts]
    more = [more_text(len(found) - MAX_LINES)] if len(found) > MAX_LINES else []
    shown = [*found[:MAX_LINES], *more]
    entries = format_html_join("", "<li>{}</li>", ((text,) for text in shown))
    return format_html('<ul class="cors-list">{}</ul>', entries) if shown else "-"
