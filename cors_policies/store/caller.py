"""How is something asked that may never answer?

A cache client has no time limit of its own unless the project sets one, and every backend calls it by another
name. So a thread asks, and whoever needs the answer waits for as long as it can afford.

Before you edit:

* In Python 3.10 the future's ``TimeoutError`` is not the one that everybody else catches.
* The thread is a daemon and not of a pool: those are waited for when the interpreter ends.
* A cache may stand in the database. Its connection is this thread's own, and nothing else closes it when it
  is too old or has failed: no request ends here.
* While an answer is overdue nobody else waits: the next call fails at once. A call that hangs for good is
  left to itself, and another thread takes over.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerYet
from typing import Any, Final, TypeVar

from django.db import close_old_connections

REPLACE_AFTER: Final = 60.0
"""Seconds after which a call counts as lost, with its thread."""

_T = TypeVar("_T")
_Task = tuple["Future[Any]", Callable[[], Any]]


class Caller:
    """Calls functions in a thread of its own, one after the other."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._tasks: queue.SimpleQueue[_Task | None] | None = None
        self._overdue: Future[Any] | None = None
        self._overdue_since = 0.0

    def call(self, function: Callable[[], _T], patience: float) -> _T:
        """What the function returns or raises; ``TimeoutError`` after these seconds."""
        tasks = self._ready()
        future: Future[_T] = Future()
        tasks.put((future, function))
        try:
            return future.result(patience)
        except NoAnswerYet:
            if future.done():
                raise  # what the function has raised
            if not future.cancel():
                self._overdue, self._overdue_since = future, time.monotonic()
            raise TimeoutError from None

    def _ready(self) -> queue.SimpleQueue[_Task | None]:
        with self._guard:
            overdue = self._overdue
            if overdue is not None and overdue.done():
                self._overdue = overdue = None
            if overdue is not None and time.monotonic() - self._overdue_since < REPLACE_AFTER:
                raise TimeoutError("an earlier call has not been answered yet")
            if overdue is not None and self._tasks is not None:
                self._tasks.put(None)
                self._tasks = self._overdue = None
            if self._tasks is None:
                self._tasks = queue.SimpleQueue()
                threading.Thread(
                    target=_work, args=(self._tasks,), name="cors_policies caller", daemon=True
                ).start()
            return self._tasks


def _work(tasks: queue.SimpleQueue[_Task | None]) -> None:
    while (task := tasks.get()) is not None:
        future, function = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            answer = function()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            future.set_exception(error)
        else:
            future.set_result(answer)
        finally:
            close_old_connections()
