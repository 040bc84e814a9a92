"""Which pages does the admin have beside Django's own?

Before you edit: a page is a module here, a template of its name, and a line in ``PAGES``. It only shows; what
is judged or stored is for the core and the services.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from cors_policies.admin.pages import tryit

if TYPE_CHECKING:
    from cors_policies.admin.base import DocumentAdmin


@dataclass(frozen=True, slots=True)
class Page:
    """A page below the list of policies.

    ``name`` is that of its address (``admin:cors_policies_policy_NAME``), ``view`` is called with the admin
    and the request, and ``permission`` (``view``, ``change`` and so on) is what opens it. Other methods than
    ``methods`` are answered 405.
    """

    name: str
    address: str
    view: Callable[..., HttpResponseBase]
    permission: str = "view"
    methods: tuple[str, ...] = ("GET", "HEAD", "POST")


PAGES: Final = (Page("tryit", "try/", tryit.try_it),)


def page_urls(admin: DocumentAdmin) -> Iterator[URLPattern]:
    """The addresses of the pages, for Django's own to follow."""
    for page in PAGES:
        view = admin.admin_site.admin_view(_opened(page, admin))
        yield path(page.address, view, name=f"cors_policies_policy_{page.name}")


def _opened(page: Page, admin: DocumentAdmin) -> Callable[..., HttpResponseBase]:
    @require_http_methods(page.methods)
    @wraps(page.view)
    def view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        if not getattr(admin, f"has_{page.permission}_permission")(request):
            raise PermissionDenied
        return page.view(admin, request, **arguments)

    return view
