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
* A policy expires without a write, and on time even when nothing can be read: while a policy in force has an
  end, the set is kept, and what is in force after the next end is compiled some seconds ahead.
* ``_due``, ``_changes`` and ``_settled`` are written under ``_guard`` only: a change that a request
  overlooked would be a revocation that is lost.
* While the set is overridden (a test's) ``_due`` stays 0, and what is loaded meanwhile waits for the end.
* Loads take turns by ``_loading``, so that an older set is never installed over a newer one. The lock is
  replaced when its holder is stuck; what that one brings at last is dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
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

EXPIRY_LEAD: Final = 10.0
"""Seconds before a policy expires, or two intervals, in which the set without it is compiled."""
LONGEST_WAIT: Final = 5.0
"""Seconds that requests wait for a first load, or for a change of their own process."""

logger = logging.getLogger("cors_policies")


class Store:
    """The snapshot of this process, and what keeps it fresh."""

    def __init__(self) -> None:
        self._snapshot = EMPTY_SNAPSHOT
        self._stored: StoredSet | None = None
        self._overrides: tuple[Override, ...] = ()
        self.start_anew()

    def start_anew(self) -> None:
        """What a process starts with.

        A forked child, too. The snapshot, if there is one, serves where the first look takes too long.
        """
        self._due = 0.0
        self._next_look = 0.0
        self._following: tuple[Snapshot, Snapshot] | None = None
        self._expiring = threading.Lock()
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
        if time.monotonic() < self._due:
            return self._snapshot
        return self._overriding() or self._attend()

    async def acurrent(self) -> Snapshot:
        """As :meth:`current`; in the steady state without a thread."""
        if time.monotonic() < self._due:
            return self._snapshot
        return self._overriding() or await sync_to_async(self._attend)()

    @contextmanager
    def overridden(self, stored: StoredSet) -> Iterator[None]:
        """Until the end of the block every thread obeys this set, whatever is stored. The last one counts."""
        override = Override(stored)
        with self._guard:
            self._overrides = (*self._overrides, override)
            self._due = 0.0
        try:
            yield
        finally:
            with self._guard:
                self._overrides = tuple(other for other in self._overrides if other is not override)

    def mark_pending(self, change: PendingChange) -> None:
        """A row has changed in a transaction that is still open."""
        with self._guard:
            self._pending.add(change)
            self._due = 0.0

    def mark_stale(self) -> None:
        """A change has been committed by this process. Tells the others, where they share a cache."""
        with self._guard:
            self._changes += 1
            self._due = 0.0
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
        return self._snapshot.version if self._is_loaded else None

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
        if connections[get_settings().DATABASE_ALIAS].in_atomic_block:
            snapshot = self._see_transaction()
        else:
            self._refresh()
            self._see_expiry()
            snapshot = self._snapshot
        with self._guard:
            self._pending = {change for change in self._pending if change.is_open}
            is_settled = self._settled == self._changes and not self._pending and not self._overrides
            self._due = min(self._next_look, self._expiry()) if is_settled else 0.0
        return snapshot

    def _see_transaction(self) -> Snapshot:
        change = pending_change(get_settings().DATABASE_ALIAS)
        if change is None:
            if self._settled != self._changes:
                self.load()
            self._next_look = time.monotonic() + get_settings().REFRESH_INTERVAL
            self._see_expiry()
            return self._snapshot
        if not isinstance(change.snapshot, Snapshot) or _has_expired(change.snapshot):
            change.snapshot = self._read_transaction()
        return change.snapshot

    def _read_transaction(self) -> Snapshot:
        using = get_settings().DATABASE_ALIAS
        try:
            # An error must not break the transaction that the caller is in.
            with transaction.atomic(using=using):
                documents = read_documents(using)
            return self._compile(documents)[0]
        except Exception as error:  # noqa: BLE001 - as for every other load
            self._note_failure(error)
            return self._snapshot

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
        known = self.version
        is_own_change = changes != self._seen
        cache = self.shared_cache()
        succeeded = self._install(lock, lambda: look(database, cache, known, is_own_change=is_own_change))
        if succeeded:
            self._seen = changes
        return succeeded

    def _install(self, lock: threading.Lock, read: Callable[[], StoredDocuments | None]) -> bool:
        snapshot, stored, started = self._snapshot, self._stored, time.monotonic()
        try:
            with giving_way.needed():
                documents = read()
                if documents is not None:
                    snapshot, stored = self._compile(documents)
                self._prepare_expiry(snapshot, stored)
        except Exception as error:  # noqa: BLE001 - whatever a database raises, requests go on
            self._note_failure(error)
            return False
        if lock is self._loading:
            if documents is not None:
                self.load_seconds = time.monotonic() - started
            with self._guard:
                self._snapshot = snapshot
                self._stored = stored if snapshot.expires_at else None
                self._due = min(self._due, self._expiry())
            self._is_loaded = True
            self._outage.end()
        return True

    def _compile(self, documents: StoredDocuments) -> tuple[Snapshot, StoredSet]:
        with collecting_nothing.needed():
            stored = documents.check()
            snapshot = stored.compile(_now())
        self._report(stored.broken)
        return snapshot, stored

    def _expiry(self) -> float:
        """When the snapshot ends to be right, by ``time.monotonic``."""
        end = self._snapshot.expires_at
        return time.monotonic() + (end - _now()).total_seconds() if end else float("inf")

    def _prepare_expiry(self, snapshot: Snapshot, stored: StoredSet | None) -> None:
        """Compiles what will be in force when a policy has expired, shortly before it does."""
        lead = timedelta(seconds=max(EXPIRY_LEAD, 2 * get_settings().REFRESH_INTERVAL))
        end = snapshot.expires_at
        if end is None or stored is None or end - _now() > lead:
            self._following = None
        elif self._following is None or self._following[0] is not snapshot:
            self._following = snapshot, stored.compile(end)

    def _see_expiry(self) -> None:
        """Obeys what is left where a policy has expired."""
        while _has_expired(self._snapshot):
            with self._expiring:
                snapshot, stored, following = self._snapshot, self._stored, self._following
                if stored is None or not _has_expired(snapshot):
                    return  # another request has seen it
                prepared = following[1] if following and following[0] is snapshot else stored.compile(_now())
                with self._guard:
                    if self._snapshot is snapshot:
                        self._snapshot = prepared
                        self._stored = stored if prepared.expires_at else None

    def _report(self, broken: Iterable[BrokenRow]) -> None:
        """Logs every broken row once, and again only after it was mended in between."""
        found = {f'{row.kind} "{row.name}": {"; ".join(map(str, row.problems))}' for row in broken}
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


def _has_expired(snapshot: Snapshot) -> bool:
    return snapshot.expires_at is not None and snapshot.expires_at <= _now()
