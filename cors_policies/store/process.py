"""When does a process load the policy set, and what does it obey until then?

Before you edit:

* Requests never read the set themselves. The refresher does, by a connection of its own that is bounded in
  time, and the request goes on with the snapshot that there is.
* Two things are waited for, :data:`LONGEST_WAIT` at most: a process's first load, and the load after a change
  that this process has committed itself, so that it is obeyed from the next request on. Both are counted by
  ``_changes``; a request that finds it ahead of ``_settled`` waits.
* Inside an open transaction (a test's) nothing runs in the background, and only what that transaction has
  changed is loaded: into a snapshot of its own, which goes when the transaction is rolled back. No query is
  added otherwise.
* Failure keeps the last good snapshot, is logged once, and is tried again. A request is never the one to
  fail.
* A policy expires without a write, and on time even when nothing can be read: a snapshot knows its end, and
  makes the next one by itself. The end is an instant of the system's clock, which may be set, and goes on
  while a machine sleeps. The due time is none of it; so before an end the clock is asked every
  :data:`CLOCK_CHECK`.
* ``due``, ``_changes`` and ``_settled`` are written under ``_guard`` only: a change that a request
  overlooked would be a revocation that is lost.
* While the set is overridden (a test's) ``due`` stays 0, and what is loaded meanwhile waits for the end.
* Loads take turns by ``_loading``, so that an older set is never installed over a newer one. The lock is
  replaced when its holder is stuck; what that one brings at last is dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Final

from asgiref.sync import sync_to_async
from django.db import connections, transaction

from cors_policies.conf import get_settings
from cors_policies.core.snapshot import EMPTY_SNAPSHOT, Snapshot
from cors_policies.documents import BrokenRow, StoredDocuments, StoredSet, read_documents
from cors_policies.models.versions import PendingChange, pending_change
from cors_policies.store.connection import Database, is_private, is_test_environment, own_connection
from cors_policies.store.looking import look
from cors_policies.store.outage import Outage
from cors_policies.store.overriding import Override
from cors_policies.store.pacing import collecting_nothing, giving_way
from cors_policies.store.refresher import ABANDON_AFTER, Refresher
from cors_policies.store.shared_cache import SharedCache

CLOCK_CHECK: Final = 1.0
"""Seconds after which the system's clock is asked again whether a policy has expired."""
CLOCK_DRIFT: Final = 0.001
"""Seconds that the clocks may part in that time; so long before an end the system's is asked every time."""
LONGEST_WAIT: Final = 5.0
"""Seconds that requests wait for a first load, or for a change of their own process."""

logger = logging.getLogger("cors_policies")


class Store:
    """The snapshot of this process, and what keeps it fresh."""

    def __init__(self) -> None:
        self.snapshot = EMPTY_SNAPSHOT
        """What is obeyed until :attr:`due`, by ``time.monotonic``. The middleware reads both itself."""
        self._overrides: tuple[Override, ...] = ()
        self.start_anew()

    def start_anew(self) -> None:
        """What a process starts with.

        A forked child, too. The snapshot, if there is one, serves where the first look takes too long.
        """
        self.due = 0.0
        self._next_look = 0.0
        self._is_loaded = False
        self.load_seconds = 0.0
        """How long the last load took."""
        self._changes = 1
        self._settled = 0
        self._seen = 1
        self._awaited: tuple[int, Callable[[], bool]] = (0, bool)
        self._pending: set[PendingChange] = set()
        self._outage = Outage("The policy set")
        self._reported: set[str] = set()
        self._caches: dict[tuple[str, float], SharedCache] = {}
        self._guard = threading.Lock()
        self._loading = threading.Lock()
        self._refresher = Refresher(self._look_in_background)

    def current(self) -> Snapshot:
        """The snapshot to decide a request by. In the steady state this is a comparison, and no query."""
        if time.monotonic() < self.due:
            return self.snapshot
        return self._overriding() or self._attend()

    async def acurrent(self) -> Snapshot:
        """As :meth:`current`; in the steady state without a thread."""
        if time.monotonic() < self.due:
            return self.snapshot
        return self._overriding() or await sync_to_async(self._attend)()

    @contextmanager
    def overridden(self, stored: StoredSet) -> Iterator[None]:
        """Until the end of the block every thread obeys this set, whatever is stored. The last one counts."""
        override = Override(stored)
        with self._guard:
            self._overrides = (*self._overrides, override)
            self.due = 0.0
        try:
            yield
        finally:
            with self._guard:
                self._overrides = tuple(other for other in self._overrides if other is not override)

    def forget_answers(self) -> None:
        """What was kept by settings that have changed since (a test's) is decided anew."""
        for snapshot in (self.snapshot, *(override.current() for override in self._overrides)):
            snapshot.forget()

    def mark_pending(self, change: PendingChange) -> None:
        """A row has changed in a transaction that is still open."""
        with self._guard:
            self._pending.add(change)
            self.due = 0.0

    def mark_stale(self) -> None:
        """A change has been committed by this process. Tells the others, where they share a cache."""
        with self._guard:
            self._changes += 1
            self.due = 0.0
        cache = self.shared_cache()
        if cache is not None:
            cache.end_lease()

    def load(self) -> None:
        """Loads in line, by the calling thread's connection. Failure keeps what there is."""
        changes, lock = self._changes, self._loading
        if lock.acquire(timeout=LONGEST_WAIT):
            try:
                self._install(lock, lambda: read_documents(get_settings().DATABASE_ALIAS))
            finally:
                lock.release()
        else:
            self._abandon()
        self._settle(changes)

    @property
    def version(self) -> str | None:
        """The token of the set that this process obeys; ``None`` where it has none yet."""
        return self.snapshot.version if self._is_loaded else None

    @property
    def _is_of_now(self) -> bool:
        """Whether nothing is missing that has expired by a clock which has been set back since."""
        since = self.snapshot.since
        return since is None or since <= _now()

    @property
    def last_error(self) -> str:
        """Why the set could not be read when that was tried last; ``""`` where it could."""
        return self._outage.error

    def shared_cache(self) -> SharedCache | None:
        """The cache that the project shares between processes, if there is one."""
        settings = get_settings()
        if settings.CACHE_ALIAS is None:
            return None
        key = settings.CACHE_ALIAS, settings.REFRESH_INTERVAL
        return self._caches.get(key) or self._caches.setdefault(key, SharedCache(*key))

    def _overriding(self) -> Snapshot | None:
        overrides = self._overrides
        return overrides[-1].current() if overrides else None

    def _attend(self) -> Snapshot:
        """What :meth:`current` does when it is time to look, or something has changed here."""
        snapshot = None
        if connections[get_settings().DATABASE_ALIAS].in_atomic_block:
            snapshot = self._see_transaction()
        else:
            self._refresh()
        with self._guard:
            self._pending = {change for change in self._pending if change.is_open}
            is_settled = self._settled == self._changes and not self._pending and not self._overrides
            self._put_in_force(self.snapshot)
            self.due = min(self._next_look, self._expiry()) if is_settled else 0.0
            return snapshot or self.snapshot

    def _see_transaction(self) -> Snapshot | None:
        """What the calling thread's open transaction has made of the set; ``None`` where it has not."""
        change = pending_change(get_settings().DATABASE_ALIAS)
        if change is None:
            if self._settled != self._changes:
                self.load()
            self._next_look = time.monotonic() + get_settings().REFRESH_INTERVAL
            return None
        if not isinstance(change.snapshot, Snapshot):
            change.snapshot = self._read_transaction()
        return change.snapshot.at(_now())

    def _read_transaction(self) -> Snapshot:
        using = get_settings().DATABASE_ALIAS
        try:
            # An error must not break the transaction that the caller is in.
            with transaction.atomic(using=using):
                documents = read_documents(using)
            return self._compile(documents)
        except Exception as error:  # noqa: BLE001 - as for every other load
            self._note_failure(error)
            return self.snapshot

    def _refresh(self) -> None:
        settings = get_settings()
        now = time.monotonic()
        inline = is_private(connections[settings.DATABASE_ALIAS])
        if inline and self._settled != self._changes:
            self.load()
        elif settings.REFRESH_INTERVAL == 0:
            self._look_inline()
        elif self._settled != self._changes:
            self._await_look()
        elif now < self._next_look:
            return
        elif not inline:
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

    def _await_look(self) -> None:
        """Waits until a look that began after the change has ended. All who wait meanwhile share it."""
        with self._guard:
            changes = self._changes
            if self._awaited[0] != changes:
                self._awaited = changes, self._ask_for_look()
            wait = self._awaited[1]
        wait()
        self._settle(changes)

    def _settle(self, changes: int) -> None:
        with self._guard:
            self._settled = max(self._settled, changes)

    def _ask_for_look(self) -> Callable[[], bool]:
        """Asks for a look at once. Gives what waits for its end."""
        if self._refresher.is_stuck:
            self._abandon()
        refresher, deadline = self._refresher, time.monotonic() + LONGEST_WAIT
        ticket = refresher.ask(None if is_test_environment() else get_settings().REFRESH_INTERVAL)
        return lambda: refresher.wait(ticket, deadline - time.monotonic())

    def _abandon(self) -> None:
        """Leaves a load that hangs to itself, and what it will bring with it."""
        self._refresher.retire()
        self._refresher = Refresher(self._look_in_background)
        self._loading = threading.Lock()

    def _look_in_background(self) -> bool:
        lock = self._loading
        with lock:
            try:
                with own_connection(get_settings().DATABASE_ALIAS) as database:
                    return self._look(lock, database)
            except Exception as error:  # noqa: BLE001 - the thread must live, whatever opening and closing raises
                self._note_failure(error)
                return False

    def _look_inline(self) -> None:
        changes, lock = self._changes, self._loading
        with lock:
            self._look(lock, Database(get_settings().DATABASE_ALIAS))
        self._settle(changes)

    def _look(self, lock: threading.Lock, database: Database) -> bool:
        """Loads where the token has moved; ``lock`` is held by the caller. Whether the set could be read."""
        changes = self._changes
        known = self.version if self._is_of_now else None
        is_own_change = changes != self._seen
        cache = self.shared_cache()
        succeeded = self._install(lock, lambda: look(database, cache, known, is_own_change=is_own_change))
        if succeeded:
            self._seen = changes
        return succeeded

    def _install(self, lock: threading.Lock, read: Callable[[], StoredDocuments | None]) -> bool:
        started = time.monotonic()
        try:
            with giving_way.needed():
                documents = read()
                snapshot = None if documents is None else self._compile(documents)
        except Exception as error:  # noqa: BLE001 - whatever a database raises, requests go on
            self._note_failure(error)
            return False
        if lock is self._loading:
            if snapshot is not None:
                self.load_seconds = time.monotonic() - started
                with self._guard:
                    self._put_in_force(snapshot)
            self._is_loaded = True
            self._outage.end()
        return True

    def _compile(self, documents: StoredDocuments) -> Snapshot:
        with collecting_nothing.needed():
            stored = documents.check()
            snapshot = stored.compile(_now())
        self._report(stored.broken)
        return snapshot

    def _put_in_force(self, snapshot: Snapshot) -> None:
        """Makes it what requests obey, without what has expired; ``_guard`` is held by the caller."""
        self.snapshot = snapshot.at(_now())
        self.due = min(self.due, self._expiry())

    def _expiry(self) -> float:
        """When to ask whether a policy has expired, by ``time.monotonic``."""
        end = self.snapshot.expires_at
        if end is None:
            return float("inf")
        return time.monotonic() + min((end - _now()).total_seconds() - CLOCK_DRIFT, CLOCK_CHECK)

    def _report(self, broken: Iterable[BrokenRow]) -> None:
        """Logs every broken row once, and again only after it was mended in between."""
        texts = (f'{row.kind} "{row.name}": {"; ".join(map(str, row.problems))}' for row in broken)
        found = {" ".join(text.split()) for text in texts}  # a row may hold anything, also lines of its own
        for text in sorted(found - self._reported):
            logger.error("Not obeyed, since it is invalid as it is stored: %s", text)
        self._reported = found

    def _note_failure(self, error: Exception) -> None:
        meanwhile = (
            "the last good set stays in force" if self._is_loaded else "no path is governed until it can be"
        )
        self._outage.begin(error, meanwhile)


def _now() -> datetime:
    return datetime.now(timezone.utc)
