"""Would a request be answered otherwise with the trial policies live, and is it let in or shut out by that?

Before you edit:

* What differs is what the client gets: the status, the headers, or the reason. Where both answers are
  the same and neither has judged an origin, the reason is none of the client's business: else every request
  without ``Origin`` to a path that is governed on trial only would be recorded.
* Which policy governs, and what an answer varies by, is no difference by itself.
"""

from __future__ import annotations

from typing import Final

from cors_policies.core.engine import ALLOWED, NOT_CORS, SAME_ORIGIN, UNGOVERNED, Decision

NEWLY_ALLOWED: Final = "newly-allowed"
NEWLY_DENIED: Final = "newly-denied"
OTHERWISE: Final = "otherwise"
KINDS: Final = (NEWLY_ALLOWED, NEWLY_DENIED, OTHERWISE)
"""What a trial may do to a request, the one to look at first before the others."""

_UNJUDGED: Final = frozenset({UNGOVERNED, NOT_CORS, SAME_ORIGIN})
_READABLE: Final = frozenset({ALLOWED, NOT_CORS, SAME_ORIGIN})
"""Reasons with which a client could read the answer already."""


def differ(live: Decision, trial: Decision) -> bool:
    """Whether the two decisions about one request are not the same to its client."""
    if live.status != trial.status or live.headers != trial.headers:
        return True
    return live.reason != trial.reason and not _UNJUDGED.issuperset((live.reason, trial.reason))


def kind_of(live_reason: str, trial_reason: str) -> str:
    """Which of :data:`KINDS` it is where the two decisions about a request differ."""
    if trial_reason == ALLOWED and live_reason not in _READABLE:
        return NEWLY_ALLOWED
    if Decision(trial_reason).is_denied and not Decision(live_reason).is_denied:
        return NEWLY_DENIED
    return OTHERWISE
