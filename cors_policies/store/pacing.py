"""How does the load of a large set keep out of the way of the requests that run meanwhile?

Before you edit:

* Threads take turns at the interpreter. Whoever waits for it waits for the *switch interval*, 5 ms unless
  told, at each of a request's many turns; while a set is loaded it is a tenth of that.
* A full collection of the garbage collector walks through everything with all threads standing still, which
  is 50 ms in a small Django process, and building a large set would set one off. So there is none meanwhile,
  and what was built is declared old at the end, without a walk.
* Young objects are collected while rows are fetched, since that may take long, or for ever. Not so while they
  are compiled, where nearly everything that is new remains.
* All of this is set for the whole interpreter, and undone by the last that needs it; in a forked child, where
  nobody does any more, at once.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

SWITCH_INTERVAL: Final = 0.0005
"""Seconds."""
_NEVER: Final = 1 << 30
_OWN: Final = gc.get_freeze_count()
"""What the interpreter has frozen itself: hundreds of objects in Python 3.12, none in others."""


class Adjustment:
    """A change of the interpreter for as long as anybody needs it. ``change`` gives what undoes it."""

    def __init__(self, change: Callable[[], Callable[[], None]]) -> None:
        self._change = change
        self._undo: Callable[[], None] | None = None
        self._users = 0
        self._guard = threading.Lock()

    @contextmanager
    def needed(self) -> Iterator[None]:
        """The change holds until the end of the block."""
        with self._guard:
            self._users += 1
            self._undo = self._undo or self._change()
        try:
            yield
        finally:
            with self._guard:
                self._users -= 1
                if self._users == 0:
                    self._end()

    def end_in_child(self) -> None:
        """For a process that was forked while another thread needed the change."""
        self._end()
        self._users = 0
        self._guard = threading.Lock()

    def _end(self) -> None:
        if self._undo is not None:
            self._undo()
        self._undo = None


def _give_way() -> Callable[[], None]:
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(min(interval, SWITCH_INTERVAL))
    gc.set_threshold(*thresholds[:2], _NEVER)

    def undo() -> None:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)

    return undo


def _collect_nothing() -> Callable[[], None]:
    collects = gc.isenabled()
    gc.disable()

    def undo() -> None:
        if gc.get_freeze_count() <= _OWN:  # else the project has frozen what it wants to stay so
            gc.freeze()
            gc.unfreeze()
        if collects:
            gc.enable()

    return undo


giving_way = Adjustment(_give_way)
"""For all of a load."""
collecting_nothing = Adjustment(_collect_nothing)
"""For the part of it that computes only."""
