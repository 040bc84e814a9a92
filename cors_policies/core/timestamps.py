"""Which instant does a timestamp denote?

https://www.rfc-editor.org/rfc/rfc3339#section-5.6

Before you edit: the canonical text is in UTC, with ``Z``, and has six digits of a second or none. Equal texts
denote equal instants.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,30}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_MINUTES_OF_AN_HOUR: Final = 60


def parse_timestamp(text: str) -> datetime:
    """The instant, in UTC; digits of a second beyond the sixth are dropped.

    Raises :class:`PatternError` for what is no timestamp, or no time of any day.
    """
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        raise PatternError(
            "invalid-timestamp",
            say("Write a date and time with its offset from UTC, as in 2030-01-31T18:00:00Z, or null."),
        )
    *parts, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = map(int, parts)
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    try:
        offset = timezone(_offset(sign, int(hours or 0), int(minutes or 0)))
        moment = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=offset)
        return moment.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise PatternError(
            "invalid-timestamp", say('There is no such time as "{text}". Correct it.', text=text.strip())
        ) from error


def timestamp_text(moment: datetime) -> str:
    """The canonical text of an aware ``moment``."""
    return f"{moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat()}Z"


def _offset(sign: str | None, hours: int, minutes: int) -> timedelta:
    if minutes >= _MINUTES_OF_AN_HOUR:
        raise ValueError(minutes)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if sign == "-" else offset
