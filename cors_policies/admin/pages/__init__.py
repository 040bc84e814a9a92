"""Which pages are there below the list of policies?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cors_policies.admin.pages import blocked


class Page(NamedTuple):
    """A page: its name in addresses, the address below the list, its view, who may see it, and its title.

    The view is called with the request and the policies' admin.
    """

    name: str
    address: str
    view: Callable[[HttpRequest, Any], HttpResponseBase]
    permission: str
    title: str | Promise


PAGES: Final = (Page("blocked", "blocked/", blocked.view, "view_policy", _("Blocked origins")),)
