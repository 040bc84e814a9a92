"""When is a decision counted, and when does what was counted reach the database?

Before you edit:

* A request that is not to be counted costs one look at ``reasons``. One that is leaves a note in memory; it
  never waits for the database, and nothing here fails it. Notes become tallies when those are stored. Where
  something is on trial, what that would change leaves a note as well, whatever the reason.
* One thread a process stores the tallies, by a connection of its own that is bounded in time. What could not
  be stored is kept, in the same room, and tried again.
* Threads and tallies do not survive a fork: the parent stores its own.
* In Django's test environment nothing runs in the background, and what one test has counted no other sees. A
  request adds no query there either: rows are written when they are asked for, in the test's transaction.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from django.db import connections, transaction

from cors_policies.answers import Note
from cors_policies.conf import OBSERVE_ALL, OBSERVE_DENIED, OBSERVE_OFF, get_settings
from cors_policies.core.engine import (
    ALLOWED,
    BAD_REQUEST_HEADERS,
    HEADER_NOT_ALLOWED,
    METHOD_NOT_ALLOWED,
    ORIGIN_NOT_ALLOWED,
    Decision,
)
from cors_policies.core.path_group import CompiledPolicy
from cors_policies.models import Observation, TrialObservation
from cors_policies.observations.recorder import Recorder
from cors_policies.observations.rows import store_tallies
from cors_policies.observations.tallies import MAX_METHOD, MAX_ORIGIN, Key, Tallies
from cors_policies.store.connection import (
    bounded_transaction,
    is_private,
    is_test_environment,
    own_connection,
    present_test,
)
from cors_policies.store.outage import Outage
from cors_policies.store.refresher import Refresher

INTERVAL: Final = 5.0
MAX_BACK_OFF: Final = 30.0
"""Seconds between two times that tallies are stored; while that fails."""
MAX_NOTES: Final = 1024
"""Notes that wait to become tallies; the request that leaves one more makes tallies of them."""
READER_PATIENCE: Final = 2.0
EXIT_PATIENCE: Final = 1.0
"""Seconds that a reader of the rows, and the end of the process, wait for the last tallies to be stored."""

_DENIED: Final = frozenset({ORIGIN_NOT_ALLOWED, METHOD_NOT_ALLOWED, HEADER_NOT_ALLOWED, BAD_REQUEST_HEADERS})
_COUNTED: Final = {OBSERVE_OFF: frozenset[str](), OBSERVE_DENIED: _DENIED, OBSERVE_ALL: _DENIED | {ALLOWED}}
_WATCH: Final = 1.0
"""Seconds from one look at the clock and the thread to the next, while requests are counted."""


class Observer:
    """Counts the decisions of this process, and stores the counts."""

    def __init__(self) -> None:
        self.reasons: frozenset[str] = frozenset()
        """Reasons of the decisions that are to be counted."""
        self.counts_trials = False
        """Whether what a trial would change is to be counted."""
        self.start_anew()

    def start_anew(self) -> None:
        """What a process starts with. A forked child, too."""
        self._recorder = Recorder()
        self._notes: deque[Note | int] = deque()
        """What was counted, each after the second since 1970 that it was counted in, or soon after."""
        self._second = 0
        self._outage = Outage("Observations", "stored")
        self._flusher: Refresher | None = None
        self._guard = threading.Lock()
        self._next_watch = 0.0
        self._test: object = None

    def configure(self) -> None:
        """Reads the settings, for requests not to."""
        self.reasons = _COUNTED[get_settings().OBSERVE]
        self.counts_trials = get_settings().OBSERVE != OBSERVE_OFF

    def count(self, note: Note, now: float) -> None:
        """Counts a decision whose reason is one of ``reasons``, or which a trial would have made.

        ``now`` is the time by ``time.monotonic``. Notes that are alike are one object mostly: that takes a
        microsecond less than to make each anew, with its time.
        """
        if now >= self._next_watch:
            self._watch(now)
        notes = self._notes
        notes.append(note)
        if len(notes) > MAX_NOTES:
            self._tally(self._recorder)

    def flush(self) -> None:
        """Stores what was counted, for the caller to read. Waits for seconds at most, and never raises."""
        if _is_inline():
            self._forget_other_tests()
            self._store(own=False)
        else:
            # An open transaction may have no sight of what another one commits.
            is_seen = not connections[get_settings().DATABASE_ALIAS].in_atomic_block
            self._flush_in_background(READER_PATIENCE if is_seen else 0)

    def finish(self) -> None:
        """At the end of the process: stores what was counted, if that is quick."""
        if self._flusher is not None:
            self._flush_in_background(EXIT_PATIENCE)

    def _watch(self, now: float) -> None:
        """Notes the time, and sees to it that a thread is there which does not hang.

        In tests: that none counts for another.
        """
        is_test = is_test_environment()
        if is_test:
            self._forget_other_tests()
        # Before another thread may count without a look at the clock: the last look may be hours old.
        self._notes.append(int(time.time()))
        if is_test:
            return
        self._next_watch = now + _WATCH
        if not _is_inline() and (self._flusher is None or self._flusher.is_stuck):
            self._flush_in_background(0)

    def _flush_in_background(self, patience: float) -> None:
        try:
            with self._guard:
                flusher = self._flusher = self._usable_flusher()
                ticket = flusher.ask(INTERVAL)
        except RuntimeError:
            # No thread is to be had: the machine has no more of them, or the process ends.
            self._flusher = None
        else:
            flusher.wait(ticket, patience)

    def _usable_flusher(self) -> Refresher:
        """The thread that stores; another one where it hangs. What that one has taken is its own."""
        if self._flusher is not None and not self._flusher.is_stuck:
            return self._flusher
        if self._flusher is not None:
            self._flusher.retire()
        return Refresher(
            lambda: self._store(own=True), name="cors_policies observer", max_back_off=MAX_BACK_OFF
        )

    def _forget_other_tests(self) -> None:
        test = present_test()
        if test is not self._test:
            self._notes.clear()
            self._recorder.take()
            self._test = test

    def _tally(self, recorder: Recorder) -> None:
        """Makes tallies of the notes that there are."""
        for (note, second), count in Counter(self._taken_notes()).items():
            if note[0].group is not None:
                recorder.add(_key(*note), second, count)

    def _taken_notes(self) -> Iterator[tuple[Note, int]]:
        take = self._notes.popleft
        with suppress(IndexError):  # another thread has taken the rest
            for _ in range(len(self._notes)):
                note = take()
                if isinstance(note, int):
                    self._second = note
                else:
                    yield note, self._second

    def _store(self, *, own: bool) -> bool:
        """Stores what was counted, by an ``own`` connection or the calling thread's. Whether it could be."""
        recorder = self._recorder
        self._tally(recorder)
        tallies = recorder.take()
        if not tallies:
            return True
        try:
            (_store_apart if own else _store_here)(tallies)
        except Exception as error:  # noqa: BLE001 - the thread must live, whatever a database raises
            recorder.give_back(tallies)
            self._outage.begin(error, "they are kept in memory, and it is tried again")
            return False
        self._outage.end()
        return True


def _key(decision: Decision, origin: str, method: str, live: Decision | None) -> Key:
    group = decision.group
    site = ("", "") if group is None else (group.host, group.path)
    # One character more than is kept, so that what was cut can be told.
    origin, method = origin[: MAX_ORIGIN + 1], method[: MAX_METHOD + 1]
    key = Key(*site, origin, method, decision.reason, _name(decision.policy))
    return key if live is None else key._replace(live_reason=live.reason, live_policy=_name(live.policy))


def _name(policy: CompiledPolicy | None) -> str:
    return "" if policy is None else policy.name


def _is_inline() -> bool:
    """Whether only the calling thread sees what it writes, or nobody but tests is there to see it."""
    return is_test_environment() or is_private(connections[get_settings().DATABASE_ALIAS])


def _store_apart(tallies: Tallies) -> None:
    using = get_settings().DATABASE_ALIAS
    with own_connection(using, writes=True):
        with bounded_transaction(using):
            _store_in_transaction(using, tallies)
        # Whatever closing the connection raises: they are stored, and must not be given back.
        tallies.clear()


def _store_here(tallies: Tallies) -> None:
    using = get_settings().DATABASE_ALIAS
    with transaction.atomic(using=using):
        _store_in_transaction(using, tallies)


def _store_in_transaction(using: str, tallies: Tallies) -> None:
    room, now = get_settings().OBSERVE_MAX_ROWS, int(time.time())
    for model in (Observation, TrialObservation):
        of_trial = model is TrialObservation
        found = {key: tally for key, tally in tallies.items() if bool(key.live_reason) is of_trial}
        if found:
            store_tallies(using, found, room, now, model)
