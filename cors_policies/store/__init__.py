"""Which policy set does this process obey right now?

A process holds one immutable snapshot. The request path reads it and compares the time with that of the next
look; everything else happens elsewhere.
"""

from __future__ import annotations

import os

from cors_policies.core.snapshot import Snapshot
from cors_policies.store.pacing import collecting_nothing, giving_way
from cors_policies.store.process import Store

store = Store()
os.register_at_fork(after_in_child=store.start_anew)
for adjustment in (giving_way, collecting_nothing):
    os.register_at_fork(after_in_child=adjustment.end_in_child)


def current_snapshot() -> Snapshot:
    """The compiled, immutable policy set that this process obeys.

    Loads it where the process has not done so.
    """
    return store.current()


__all__ = ["current_snapshot", "store"]
