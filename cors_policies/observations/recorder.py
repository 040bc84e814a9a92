"""Which decisions has this process counted, and not stored yet?

Before you edit: requests wait for the lock. Whoever holds it looks up and adds, and folds once in
:data:`LIMIT` / 2 new keys; nothing else.
"""

from __future__ import annotations

import threading
from typing import Final

from cors_policies.observations.tallies import Key, Tallies, Tally, fold, merge

LIMIT: Final = 2000
"""Tallies that are kept at most; half as many after they were folded."""


class Recorder:
    """Tallies in the memory of a process, bounded in number."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._guard = threading.Lock()
        self._tallies: Tallies = {}

    def add(self, key: Key, now: int, count: int = 1) -> None:
        """Counts so many decisions that were made at that second."""
        with self._guard:
            tally = self._tallies.get(key)
            if tally is None:
                if len(self._tallies) >= self._limit:
                    fold(self._tallies, self._limit // 2)
                tally = self._tallies.setdefault(key, Tally())
            tally.add(now, count)

    def take(self) -> Tallies:
        """All that was counted since the last time, for the caller to store or to give back."""
        with self._guard:
            taken, self._tallies = self._tallies, {}
            return taken

    def give_back(self, tallies: Tallies) -> None:
        """Counts again what could not be stored, beside what was counted meanwhile."""
        with self._guard:
            merge(self._tallies, tallies)
            fold(self._tallies, self._limit // 2)
