"""Which origins were seen in the last days, and how often on each?"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from cors_policies.conf import OBSERVE_ALL, get_settings
from cors_policies.core.comparing import impact
from cors_policies.core.comparing.impact import Traffic
from cors_policies.core.engine import ALLOWED, REASONS
from cors_policies.models.observations import Observation
from cors_policies.observations.rows import COUNTED_DAYS
from cors_policies.observations.tallies import SECONDS_OF_A_DAY

_COLUMNS: Final = ("host", "path", "origin", "reason", "policy")


@dataclass(frozen=True, slots=True)
class Seen:
    """An origin on the paths of one path group, answered for one reason, by whatever method."""

    host: str
    path: str
    origin: str
    reason: str
    policy: str
    days: tuple[int, ...]
    """How often on each of the last days, in UTC; today is the last one."""

    @property
    def count(self) -> int:
        """How often in all of these days."""
        return sum(self.days)


def seen_origins(days: int = 7, today: int | None = None) -> list[Seen]:
    """Who was seen in the last ``days`` days, 14 at most, the most frequent first. One query.

    ``today`` is the number of the day since 1970. What was folded has no origin.
    """
    last = int(time.time()) // SECONDS_OF_A_DAY if today is None else today
    found: dict[tuple[str, str, str, str, str], tuple[int, ...]] = {}
    rows = Observation.objects.using(get_settings().DATABASE_ALIAS)
    for host, path, origin, reason, policy, counts in rows.values_list(*_COLUMNS, "days"):
        key = host, path, origin, reason, policy
        more = counts_of_days(counts, last, min(days, COUNTED_DAYS))
        found[key] = tuple(map(sum, zip(found.get(key, (0,) * len(more)), more, strict=True)))
    seen = [Seen(*key, counts) for key, counts in sorted(found.items()) if any(counts)]
    return sorted(seen, key=lambda one: one.count, reverse=True)


def recent_traffic(reasons: Collection[str] = REASONS, today: int | None = None) -> Traffic:
    """What was answered for these reasons in the days that a change is judged by. One query.

    What was folded has no origin: of allowed requests it is told how many those are.
    """
    last = int(time.time()) // SECONDS_OF_A_DAY if today is None else today
    found: dict[tuple[str, str, str, str, str], int] = {}
    rows = Observation.objects.using(get_settings().DATABASE_ALIAS).filter(reason__in=[*reasons])
    names = ("host", "path", "origin", "method", "reason")
    for host, path, origin, method, reason, counts in rows.values_list(*names, "days"):
        key = host, path, origin, method, reason
        found[key] = found.get(key, 0) + sum(counts_of_days(counts, last, impact.DAYS))
    seen = [impact.Seen(*key, count) for key, count in sorted(found.items()) if count]
    return Traffic(
        tuple(one for one in seen if one.origin),
        is_known=get_settings().OBSERVE == OBSERVE_ALL,
        unnamed=sum(one.count for one in seen if not one.origin and one.reason == ALLOWED),
    )


def counts_of_days(counts: Mapping[str, int], last: int, days: int) -> tuple[int, ...]:
    """The counts of the last ``days`` days, 0 where there is none."""
    return tuple(counts.get(str(day), 0) for day in range(last - days + 1, last + 1))
