"""Which pages about policies are there, beside Django's own, and who may open them?

Before you edit: an address stands below that of the list of policies, and is nobody's key: those are numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cors_policies.admin.pages import blocked, policy_map, trial, tryit


class Page(NamedTuple):
    """A page: the name of its URL, its address below the policies' list, its view and who may open it.

    The view is called with the admin of policies and the request.
    """

    name: str
    address: str
    view: Callable[..., HttpResponseBase]
    permission: str = "view"
    title: str | Promise = ""
    """What the list of policies calls the link to it; a page without one has no link there."""


PAGES: Final[tuple[Page, ...]] = (
    Page("cors_policies_blocked", "blocked/", blocked.show, "view", _("Blocked origins")),
    Page("cors_policies_policy_map", "map/", policy_map.show, "view", _("Policy map")),
    Page("cors_policies_trial", "trial/", trial.report, "view", _("Trial report")),
    Page("cors_policies_tryit", "try/", tryit.try_it, "view", _("Try it")),
)


def served(page: Page, model_admin: Any, request: HttpRequest, **arguments: Any) -> HttpResponseBase:
    """The page, for who may open it."""
    if not _may_open(page, model_admin, request):
        raise PermissionDenied
    return page.view(model_admin, request, **arguments)


def links_to_pages(model_admin: Any, request: HttpRequest) -> list[tuple[str, str | Promise]]:
    """Address and title of each page that the user may open."""
    site = model_admin.admin_site.name
    return [
        (reverse(f"admin:{page.name}", current_app=site), page.title)
        for page in PAGES
        if page.title and _may_open(page, model_admin, request)
    ]


def _may_open(page: Page, model_admin: Any, request: HttpRequest) -> bool:
    return bool(getattr(model_admin, f"has_{page.permission}_permission")(request))
