"""How is a long list cut into pages?"""

from __future__ import annotations

from typing import Any, Final

from django.core.paginator import EmptyPage, Paginator
from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from cors_policies.api.errors import BadParameter
from cors_policies.translating import told

MAX_PAGE_SIZE: Final = 1000


class Pages(PageNumberPagination):
    """Pages by number. A page past the end is not found; a page size out of range is refused."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """The page as a QuerySet of its own, for the caller to read as it likes."""
        self.request = request
        paginator = Paginator(queryset, self.get_page_size(request))
        try:
            self.page = paginator.page(_number(request, "page", 1, None))
        except EmptyPage as error:
            raise NotFound(told("There is no such page.")) from error
        return self.page.object_list

    def get_page_size(self, request: Request) -> int:
        """The page size that was asked for, or the usual one."""
        return _number(request, "page_size", self.page_size, MAX_PAGE_SIZE)


def _number(request: Request, name: str, default: int, maximum: int | None) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= (maximum or 10**9)):  # noqa: PLR2004
        if maximum:
            raise BadParameter(name, told("Write a whole number from 1 to {limit}.", limit=maximum))
        raise BadParameter(name, told("Write a whole number from 1."))
    return int(text)
