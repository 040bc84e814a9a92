"""Who looks for changes while requests go on?

One thread a process, started by need. It looks at once when it is asked, and by itself every ``interval``
seconds, so that a worker that was idle answers its first request by a fresh set.

Before you edit:

* Threads do not survive a fork; the store makes a new refresher in the child.
* The thread must never die: whatever a look raises is the look's to handle, and it handles all.
* A look may hang on a server that is frozen. Then the thread is abandoned and another takes its place.
* Who waits, waits for a look that began after it asked: one under way may have read before the change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

ABANDON_AFTER: Final = 15.0
"""Seconds after which a look counts as stuck."""
MAX_BACK_OFF: Final = 2.0
"""Seconds between looks that fail, unless the interval is longer."""


class Refresher:
    """Calls ``look`` in a thread of its own, never twice at a time. A look says whether it succeeded."""

    def __init__(
        self,
        look: Callable[[], bool],
        *,
        name: str = "cors_policies refresher",
        max_back_off: float | None = None,
    ) -> None:
        self._look = look
        self._name = name
        self._max_back_off = max_back_off
        self._condition = threading.Condition()
        self._asked = 0
        self._begun = 0
        self._answered = 0
        self._thread: threading.Thread | None = None
        self._looking_since: float | None = None
        self._interval: float | None = None
        self._failures = 0

    @property
    def is_stuck(self) -> bool:
        """Whether the look under way has taken too long to be waited for."""
        since = self._looking_since
        return since is not None and time.monotonic() - since > ABANDON_AFTER

    def ask(self, interval: float | None) -> int:
        """Asks for a look at once, and for one every ``interval`` seconds; ``None``: only when asked.

        Gives the ticket to wait with.
        """
        with self._condition:
            self._interval = interval
            self._asked += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._condition.notify_all()
            return self._asked

    def wait(self, ticket: int, timeout: float) -> bool:
        """Waits for the end of a look that began after the ticket was given.

        False where that takes longer than ``timeout`` seconds.
        """
        with self._condition:
            return self._condition.wait_for(lambda: self._answered >= ticket, timeout)

    def retire(self) -> None:
        """Lets the thread end after its present look."""
        with self._condition:
            self._thread = None
            self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(self._is_wanted, self._delay)
                if self._is_retired:
                    return
                begun = self._begun = self._asked
            self._looking_since = time.monotonic()
            self._failures = 0 if self._look() else self._failures + 1
            self._looking_since = None
            with self._condition:
                self._answered = begun
                self._condition.notify_all()

    def _is_wanted(self) -> bool:
        return self._asked > self._begun or self._is_retired

    @property
    def _is_retired(self) -> bool:
        return self._thread is not threading.current_thread()

    @property
    def _delay(self) -> float | None:
        if self._interval is None:
            return None
        backed_off: float = self._interval * 2 ** min(self._failures, 10)
        return max(self._interval, min(self._max_back_off or MAX_BACK_OFF, backed_off))
