"""When does a process load the policy set, and what does it obey until then?

Before you edit:

* *Stale* is what this process has changed itself: the next request loads in line, so that a change is obeyed
  from the next request on. *Due* is what others may have changed: the refresher looks, and the request goes
  on meanwhile.
* Only a process's first load is waited for, and that not for ever (:data:`FIRST_LOAD_TIMEOUT`).
* Inside an open transaction (a test's) nothing runs in the background, and only what that transaction has
  changed is loaded: into a snapshot of its own, which goes when the transaction is rolled back. No query is
  added otherwise.
* Failure keeps the last good snapshot, is logged once, and is tried again. A request is never the one to
  fail.
* ``_due`` is written under ``_guard`` only: a mark that a request overwrote would be a revocation that is
  lost.
* Loads take turns by ``_loading``, so that an older set is never installed over a newer one. The lock is
  replaced when its holder is stuck; what that one brings at last is dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Final

from asgiref.sync import sync_to_async
from django.db import connections, transaction

from cors_policies.conf import get_settings
from cors_policies.core.snapshot import EMPTY_SNAPSHOT, Snapshot
from cors_policies.documents import BrokenRow, read_policy_set
from cors_policies.models.versions import PendingChange, pending_change, read_token
from cors_policies.store.connection import is_private, is_test_environment, own_connection
from cors_policies.store.refresher import ABANDON_AFTER, Refresher

FIRST_LOAD_TIMEOUT: Final = 5.0
"""Seconds that a process's first request waits for the set; after that it goes on ungoverned."""
_LOCK_TIMEOUT: Final = 5.0

logger = logging.getLogger("cors_policies")


class Store:
    """The snapshot of this process, and what keeps it fresh."""

    def __init__(self) -> None:
        self._snapshot = EMPTY_SNAPSHOT
        self.start_anew()

    def start_anew(self) -> None:
        """What a process starts with.

        A forked child, too. The snapshot, if there is one, serves until the first look.
        """
        self._due = 0.0
        self._next_look = 0.0
        self._is_loaded = False
        self._is_stale = False
        self._has_waited = False
        self._pending: set[PendingChange] = set()
        self._is_failing = False
        self._reported: set[str] = set()
        self._guard = threading.Lock()
        self._loading = threading.Lock()
        self._refresher = Refresher(self._look_in_background)

    def current(self) -> Snapshot:
        """The snapshot to decide a request by. In the steady state this is a comparison, and no query."""
        if time.monotonic() < self._due:
            return self._snapshot
        return self._attend()

    async def acurrent(self) -> Snapshot:
        """As :meth:`current`; in the steady state without a thread."""
        if time.monotonic() < self._due:
            return self._snapshot
        return await sync_to_async(self._attend)()

    def mark_pending(self, change: PendingChange) -> None:
        """A row has changed in a transaction that is still open."""
        with self._guard:
            self._pending.add(change)
            self._due = 0.0

    def mark_stale(self) -> None:
        """A change has been committed by this process."""
        with self._guard:
            self._is_stale = True
            self._due = 0.0

    def load(self) -> None:
        """Loads in line, by the calling thread's connection. Failure keeps what there is."""
        self._is_stale = False
        lock = self._loading
        if lock.acquire(timeout=_LOCK_TIMEOUT):
            try:
                self._install(lock, only_if_moved=False)
            finally:
                lock.release()
        else:
            self._abandon()

    def _attend(self) -> Snapshot:
        """What :meth:`current` does when it is time to look, or something has changed here."""
        if connections[get_settings().DATABASE_ALIAS].in_atomic_block:
            snapshot = self._see_transaction()
        else:
            self._refresh()
            snapshot = self._snapshot
        with self._guard:
            self._pending = {change for change in self._pending if change.is_open}
            self._due = 0.0 if self._is_stale or self._pending else self._next_look
        return snapshot

    def _see_transaction(self) -> Snapshot:
        change = pending_change(get_settings().DATABASE_ALIAS)
        if change is None:
            if self._is_stale or not self._is_loaded:
                self.load()
            self._next_look = time.monotonic() + get_settings().REFRESH_INTERVAL
            return self._snapshot
        if not isinstance(change.snapshot, Snapshot):
            change.snapshot = self._read_transaction()
        return change.snapshot

    def _read_transaction(self) -> Snapshot:
        try:
            return self._read(get_settings().DATABASE_ALIAS)
        except Exception as error:  # noqa: BLE001 - as for every other load
            self._note_failure(error)
            return self._snapshot

    def _refresh(self) -> None:
        settings = get_settings()
        now = time.monotonic()
        inline = is_private(connections[settings.DATABASE_ALIAS])
        if self._is_stale or (inline and not self._is_loaded):
            self.load()
        elif settings.REFRESH_INTERVAL == 0:
            self._look_inline()
        elif now >= self._next_look and not inline:
            self._ask_for_look()
        self._next_look = now + self._patience(inline=inline)

    def _patience(self, *, inline: bool) -> float:
        """Seconds until a request must attend again.

        A refresher that polls by itself only needs to be watched.
        """
        interval = get_settings().REFRESH_INTERVAL
        if interval == 0:
            return 0.0
        if inline:
            return float("inf")
        return interval if is_test_environment() else max(interval, ABANDON_AFTER)

    def _ask_for_look(self) -> None:
        if self._refresher.is_stuck:
            self._abandon()
        self._refresher.ask(None if is_test_environment() else get_settings().REFRESH_INTERVAL)
        if not (self._is_loaded or self._has_waited):
            self._refresher.wait(FIRST_LOAD_TIMEOUT)
            self._has_waited = True

    def _abandon(self) -> None:
        """Leaves a load that hangs to itself, and what it will bring with it."""
        self._refresher.retire()
        self._refresher = Refresher(self._look_in_background)
        self._loading = threading.Lock()

    def _look_in_background(self) -> None:
        lock = self._loading
        with lock:
            try:
                with own_connection(get_settings().DATABASE_ALIAS):
                    self._look(lock)
            except Exception as error:  # noqa: BLE001 - the thread must live, whatever opening and closing raises
                self._note_failure(error)

    def _look_inline(self) -> None:
        lock = self._loading
        with lock:
            self._look(lock)

    def _look(self, lock: threading.Lock) -> None:
        """Loads where the stored token is another than the snapshot's; ``lock`` is held by the caller."""
        self._install(lock, only_if_moved=True)

    def _install(self, lock: threading.Lock, *, only_if_moved: bool) -> None:
        using = get_settings().DATABASE_ALIAS
        snapshot = self._snapshot
        try:
            if not (only_if_moved and self._is_loaded and read_token(using) == snapshot.version):
                snapshot = self._read(using)
        except Exception as error:  # noqa: BLE001 - whatever a database raises, requests go on
            self._note_failure(error)
            return
        if lock is self._loading:
            self._snapshot = snapshot
            self._is_loaded = True
            self._note_success()

    def _read(self, using: str) -> Snapshot:
        if connections[using].in_atomic_block:
            # An error must not break the transaction that the caller is in.
            with transaction.atomic(using=using):
                stored = read_policy_set(using)
        else:
            stored = read_policy_set(using)
        self._report(stored.broken)
        return stored.compile()

    def _report(self, broken: Iterable[BrokenRow]) -> None:
        """Logs every broken row once, and again only after it was mended in between."""
        found = {f'{row.kind} "{row.name}": {"; ".join(map(str, row.problems))}' for row in broken}
        for text in sorted(found - self._reported):
            logger.error("Not obeyed, since it is invalid as it is stored: %s", text)
        self._reported = found

    def _note_failure(self, error: Exception) -> None:
        if not self._is_failing:
            kept = (
                "the last good set stays in force"
                if self._is_loaded
                else "no path is governed until it can be"
            )
            logger.warning("The policy set could not be read; %s: %s: %s", kept, type(error).__name__, error)
        self._is_failing = True

    def _note_success(self) -> None:
        if self._is_failing:
            logger.warning("The policy set can be read again.")
        self._is_failing = False
