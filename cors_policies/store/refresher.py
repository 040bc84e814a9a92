"""Who looks for changes while requests go on?

One thread a process, started by need. It looks at once when it is asked, and by itself every ``interval``
seconds, so that a worker that was idle answers its first request by a fresh set.

Before you edit:

* Threads do not survive a fork; the store makes a new refresher in the child.
* The thread must never die: whatever a look raises is the look's to handle, and it handles all.
* A look may hang on a server that is frozen. Then the thread is abandoned and another takes its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

ABANDON_AFTER: Final = 15.0
"""Seconds after which a look counts as stuck."""


class Refresher:
    """Calls ``look`` in a thread of its own, never twice at a time."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._wake = threading.Event()
        self._looked = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._looking_since: float | None = None
        self._interval: float | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether the look under way has taken too long to be waited for."""
        since = self._looking_since
        return since is not None and time.monotonic() - since > ABANDON_AFTER

    def ask(self, interval: float | None) -> None:
        """Asks for a look at once, and for one every ``interval`` seconds; ``None``: only when asked."""
        self._interval = interval
        self._looked.clear()
        self._wake.set()
        if self._thread is None:
            self._start()

    def wait(self, timeout: float) -> bool:
        """Waits until a look that was asked for is over.

        False where that takes longer than ``timeout`` seconds.
        """
        return self._looked.wait(timeout)

    def retire(self) -> None:
        """Lets the thread end after its present look."""
        self._thread = None
        self._wake.set()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cors_policies refresher", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._interval)
            if self._thread is not threading.current_thread():
                return
            self._wake.clear()
            self._looking_since = time.monotonic()
            self._look()
            self._looking_since = None
            self._looked.set()
