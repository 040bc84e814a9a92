"""What do the pages of policies, groups and origins have in common?

Before you edit: every write goes through the services, in one transaction and once. Django would save the row
first and its lists later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from cors_policies import services

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's classes take no type arguments at run time
    _ModelAdmin = admin.ModelAdmin

MAX_SHOWN = 50


class DocumentAdmin(_ModelAdmin):
    """An admin whose form stores a document."""

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("cors_policies/admin.css",)}

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        """The row as it was: ``save_model`` stores the form."""
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Stores the form, lists included."""
        form.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Nothing: the lists are stored."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Deletes one, under the writers' lock."""
        with services.writing():
            obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Deletes some, in one transaction."""
        with services.writing():
            queryset.delete()

    def affected(self, obj: Any) -> Iterable[Model]:
        """What changes besides, when the row is deleted."""
        return ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The rows and what they are taken out of; not every place in every list."""
        rows = list(objs[: MAX_SHOWN + 1])
        shown = [[link(row), [link(other) for other in self.affected(row)]] for row in rows[:MAX_SHOWN]]
        tree = [item for row, others in shown for item in ([row, others] if others else [row])]
        count = objs.count() if isinstance(objs, QuerySet) else len(objs)
        if len(rows) > MAX_SHOWN:
            tree.append("…")
        allowed = self.has_delete_permission(request)
        needed = set() if allowed else {self.model._meta.verbose_name}
        return tree, {self.model._meta.verbose_name_plural: count}, needed, []


def link(row: Model) -> SafeString:
    """The row's name as a link to its page."""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row)


def links(rows: Iterable[Model]) -> SafeString | str:
    """The rows' names as links."""
    return format_html_join(", ", "{}", ((link(row),) for row in rows)) or "-"


def lines(texts: Iterable[str]) -> SafeString | str:
    """Texts, one a line."""
    return format_html_join("", "<div>{}</div>", ((text,) for text in texts)) or "-"
