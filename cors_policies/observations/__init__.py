"""Who was answered how, and how often?

Decisions are counted in the memory of each process, and stored from there in the background. A request only
counts.
"""

from __future__ import annotations

import atexit
import os

from cors_policies.observations.observing import Observer
from cors_policies.observations.recent import recent_traffic

observer = Observer()
os.register_at_fork(after_in_child=observer.start_anew)
atexit.register(observer.finish)


def flush() -> None:
    """Stores what this process has counted, so that it can be read."""
    observer.flush()


__all__ = ["flush", "observer", "recent_traffic"]
