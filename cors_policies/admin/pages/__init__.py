"""Which pages has the admin of policies beside Django's own?

Before you edit: a page is one module here, one line in ``PAGES``, and a template of its name in
``templates/cors_policies/pages/``. Its view takes the request and the admin of policies.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

from cors_policies.admin.pages import policy_map

View = Callable[..., HttpResponseBase]


class Page(NamedTuple):
    """A page: ``admin:cors_policies_NAME`` is ``address`` below the list of policies.

    ``permission`` is what it needs of the permissions for policies: ``view``, ``change`` and so on.
    """

    name: str
    address: str
    view: View
    permission: str


PAGES: Final = (Page("policy_map", "map/", policy_map.show, "view"),)


def page_urls(model_admin: Any) -> list[URLPattern]:
    """The addresses of all pages, for the admin of policies."""
    return [
        path(
            page.address,
            model_admin.admin_site.admin_view(_permitted(page, model_admin)),
            name=f"cors_policies_{page.name}",
        )
        for page in PAGES
    ]


def _permitted(page: Page, model_admin: Any) -> View:
    @wraps(page.view)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not getattr(model_admin, f"has_{page.permission}_permission")(request):
            raise PermissionDenied
        return page.view(request, model_admin, *args, **kwargs)

    return view
