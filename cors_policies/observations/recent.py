"""Which origins were seen in the last days, and how often on each?"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Final

from cors_policies.conf import OBSERVE_ALL, get_settings
from cors_policies.core.comparing import impact
from cors_policies.core.comparing.impact import Traffic
from cors_policies.core.engine import ALLOWED, REASONS
from cors_policies.models.observations import Observation
from cors_policies.observations.tallies import SECONDS_OF_A_DAY

_COLUMNS: Final = ("host", "path", "origin", "method", "reason")


def recent_traffic(reasons: Collection[str] = REASONS) -> Traffic:
    """What was answered for these reasons in the days that a change is judged by. One query.

    What was folded has no origin: of allowed requests it is told how many those are.
    """
    today = int(time.time()) // SECONDS_OF_A_DAY
    found: dict[tuple[str, str, str, str, str], int] = {}
    rows = Observation.objects.using(get_settings().DATABASE_ALIAS).filter(reason__in=[*reasons])
    for host, path, origin, method, reason, counts in rows.values_list(*_COLUMNS, "days"):
        key = host, path, origin, method, reason
        found[key] = found.get(key, 0) + sum(counts_of_days(counts, today, impact.DAYS))
    seen = [impact.Seen(*key, count) for key, count in sorted(found.items()) if count]
    return Traffic(
        tuple(one for one in seen if one.origin),
        is_known=get_settings().OBSERVE == OBSERVE_ALL,
        unnamed=sum(one.count for one in seen if not one.origin and one.reason == ALLOWED),
    )


def counts_of_days(counts: Mapping[str, int], last: int, days: int) -> tuple[int, ...]:
    """The counts of the last ``days`` days, 0 where there is none."""
    return tuple(counts.get(str(day), 0) for day in range(last - days + 1, last + 1))
