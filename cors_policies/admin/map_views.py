"""Which of the project's views stand where on the map, and which does nothing govern?

Before you edit:

* The snapshot says what governs a view's example path. Nothing is said of a view without one, but that.
* A thousand hosts times a thousand views is too much for a page: few hosts are asked about, those on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from cors_policies.admin.base import more_text
from cors_policies.admin.map_window import Window
from cors_policies.core.path_group import Site
from cors_policies.core.paths import split_path
from cors_policies.core.policy_map.mapping import prefix_segments
from cors_policies.core.policy_map.placing import place, sample_hosts
from cors_policies.core.snapshot import Snapshot
from cors_policies.urls_seen import Address, addresses

MAX_HOSTS: Final = 20
MAX_BESIDE: Final = 5
"""So many views are shown beside the pattern that governs them."""
MAX_LISTED: Final = 150
"""So many views stand on a page of the list."""
_MAX_TEXT: Final = 120
_MAX_ELSEWHERE: Final = 3
_FEW: Final = 10


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A view: its route, the path that was asked about, what answers, and what can be done."""

    route: str
    example: str
    view: str
    elsewhere: Sequence[str] = ()
    add_link: str = ""


@dataclass(frozen=True, slots=True)
class ViewGroup:
    """Views whose routes start alike."""

    start: str
    rows: Sequence[ViewRow]

    @property
    def is_open(self) -> bool:
        """Whether they are few."""
        return len(self.rows) <= _FEW


class Views:
    """The project's views, placed on some hosts."""

    def __init__(
        self, snapshot: Snapshot, window: Window, shown: Sequence[str], known: Collection[str]
    ) -> None:
        self._window = window
        found, self.is_cut = addresses()
        self.count = len(found)
        self.left_out = 0 if window.host is not None else max(len(shown) - MAX_HOSTS, 0)
        """How many hosts of the page nothing is said about."""
        hosts = sample_hosts(shown[:MAX_HOSTS], known)
        if window.host is not None:
            hosts = {window.host: sample_hosts([window.host], known)[window.host]}
        self._base = window.host or ""
        self._governed: dict[Site, list[Address]] = defaultdict(list)
        self._ungoverned: list[tuple[Address, dict[str, Site | None]]] = []
        self._unplaced = [address for address in found if not address.example and self._is_asked(address)]
        for address in found:
            if address.example:
                self._place(address, place(snapshot, address.example, hosts))

    def beside(self, site: Site) -> tuple[list[ViewRow], int]:
        """The first of the views that a site governs, and how many more there are.

        Where one pattern has the page for itself, so have its views.
        """
        found = self._governed.get(site, [])
        limit = MAX_LISTED if self._window.path else MAX_BESIDE
        return [_row(address) for address in found[:limit]], max(len(found) - limit, 0)

    @property
    def pages(self) -> int:
        """How many pages the list of views has that nothing governs."""
        return max(-(-len(self._ungoverned) // MAX_LISTED), 1)

    @property
    def number(self) -> int:
        """The page of the list, from 1 on."""
        return min(self._window.views, self.pages)

    @property
    def unplaced(self) -> list[ViewRow]:
        """Views without an example path."""
        return [_row(address) for address in self._unplaced[:MAX_LISTED]]

    @property
    def unplaced_more(self) -> str:
        """How many more of them there are."""
        others = len(self._unplaced) - MAX_LISTED
        return more_text(others) if others > 0 else ""

    def ungoverned(self, form_address: str) -> list[ViewGroup]:
        """A page of the views that nothing governs, by the first segment of their routes.

        Each leads to the form of a new policy, unless its address is empty.
        """
        start = (self.number - 1) * MAX_LISTED
        shown = self._ungoverned[start : start + MAX_LISTED]
        return [
            ViewGroup(_cut(first), [self._ungoverned_row(*item, form_address) for item in group])
            for first, group in groupby(shown, key=lambda item: _first_segment(item[0].route))
        ]

    def _place(self, address: Address, places: dict[str, Site | None]) -> None:
        for site in dict.fromkeys(places.values()):
            if site is not None:
                self._governed[site].append(address)
        if places[self._base] is None and self._is_asked(address):
            self._ungoverned.append((address, places))

    def _is_asked(self, address: Address) -> bool:
        """Whether the list is narrowed to such a view: by words, or by where its example stands."""
        window = self._window
        text = f"{address.route}\n{address.name}\n{address.view}".casefold()
        start = prefix_segments(window.path or window.prefix)
        return (
            all(word in text for word in window.q.casefold().split())
            and not window.path
            and split_path(address.example or "/")[: len(start)] == start
        )

    def _ungoverned_row(self, address: Address, places: dict[str, Site | None], form_address: str) -> ViewRow:
        link = f"{form_address}?{_filled_in(address, self._base)}" if form_address and address.pattern else ""
        return _row(address, _elsewhere(places), link)


def _row(address: Address, elsewhere: Sequence[str] = (), add_link: str = "") -> ViewRow:
    name = address.name or address.view
    return ViewRow(_cut(address.route), _cut(address.example), _cut(name), elsewhere, add_link)


def _elsewhere(places: dict[str, Site | None]) -> list[str]:
    """On which hosts something governs it, and what."""
    return [*_on_hosts(places)][:_MAX_ELSEWHERE]


def _on_hosts(places: dict[str, Site | None]) -> Iterator[str]:
    for host, site in places.items():
        if site is not None:
            yield _("on %(host)s: %(path)s") % {"host": _cut(host), "path": _cut(site.path)}


def _filled_in(address: Address, host: str) -> str:
    """The query of a form for a new policy that governs the view."""
    return urlencode({"path": address.pattern, **({"host": host} if host else {})})


def _first_segment(route: str) -> str:
    return "/" + route.removeprefix("/").partition("/")[0]


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
