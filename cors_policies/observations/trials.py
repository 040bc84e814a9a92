"""What would the trial policies change, by what real requests have shown?

Before you edit: there may be as many rows as ``OBSERVE_MAX_ROWS`` allows. They are summed up by the database,
and read only as far as they are shown.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from cors_policies.conf import get_settings
from cors_policies.core.comparing.trials import KINDS, kind_of
from cors_policies.core.path_group import Site
from cors_policies.models import TrialObservation
from cors_policies.observations.rows import oldest_kept

_PAIR = ("live_reason", "reason")


@dataclass(frozen=True, slots=True)
class Difference:
    """Requests of one origin that are answered otherwise than the trial would have it.

    ``origin`` and ``method`` are both empty for all that were folded. Times are RFC 3339 timestamps.
    """

    origin: str
    method: str
    live_reason: str
    live_policy: str
    reason: str
    policy: str
    count: int
    last_seen: str


@dataclass(slots=True)
class Differences:
    """All of one kind on the paths of one path group: how many, how often, and the most frequent ones."""

    rows: int = 0
    requests: int = 0
    shown: list[Difference] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        """How many are not shown."""
        return self.rows - len(self.shown)


SiteReport = dict[str, Differences]
"""The differences by kind; see :data:`cors_policies.core.comparing.trials.KINDS`."""


def requests_by_site() -> dict[Site, int]:
    """How many requests on the paths of each path group would have been answered otherwise. One query.

    What was folded beyond path groups is that of the site with an empty path.
    """
    sums = _rows().order_by().values_list("host", "path").annotate(total=Sum("count"))
    return {Site(host, path): total for host, path, total in sums}


def report_of(sites: Collection[Site], limit: int) -> dict[Site, SiteReport]:
    """What differs at each of these sites, ``limit`` of each kind in full, the most frequent first.

    Two queries.
    """
    reports = {site: {kind: Differences() for kind in KINDS} for site in sites}
    rows = _rows().filter(_is_at(sites)).order_by()
    sums = rows.values_list("host", "path", *_PAIR).annotate(rows=Count("pk"), total=Sum("count"))
    for host, path, live_reason, reason, number, total in sums:
        found = reports[Site(host, path)][kind_of(live_reason, reason)]
        found.rows += number
        found.requests += total
    for site, difference in _most_frequent(rows, limit):
        found = reports[site][kind_of(difference.live_reason, difference.reason)]
        if len(found.shown) < limit:
            found.shown.append(difference)
    return reports


def _most_frequent(rows: QuerySet[Any], limit: int) -> list[tuple[Site, Difference]]:
    """The most frequent of each pair of reasons, so that the most frequent of each kind are among them."""
    place = Window(
        RowNumber(),
        partition_by=[F("host"), F("path"), *map(F, _PAIR)],
        order_by=[F("count").desc(), F("digest").asc()],
    )
    first = rows.annotate(place=place).filter(place__lte=limit).order_by("-count", "digest")
    found = first.values_list("host", "path", *(column.name for column in fields(Difference)))
    return [(Site(host, path), Difference(*values)) for host, path, *values in found]


def _rows() -> QuerySet[Any]:
    """The rows that have not become too old."""
    rows = TrialObservation.objects.using(get_settings().DATABASE_ALIAS)
    return rows.filter(last_seen__gte=oldest_kept(int(time.time())))


def _is_at(sites: Collection[Site]) -> Q:
    condition = Q(pk__in=())
    for site in sites:
        condition |= Q(host=site.host, path=site.path)
    return condition
