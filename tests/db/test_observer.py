"""Does what was counted reach the database by itself, whatever happens to the process meanwhile?"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.core import mail
from django.db import OperationalError, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from cors_policies.answers import Note
from cors_policies.core.engine import StatedFacts, decide
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import compile_snapshot
from cors_policies.models import Observation
from cors_policies.observations import observing
from cors_policies.observations.observing import Observer
from cors_policies.observations.rows import store_tallies
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Tallies
from cors_policies.store.connection import own_connection
from tests.helpers import policy
from tests.servers import wait_until

EVIL = "https://evil.example"


def total() -> int:
    """How many decisions are stored."""
    return sum(Observation.objects.values_list("count", flat=True))


SNAPSHOT = compile_snapshot(parse_policy_set({"policies": [policy()]}).policies, {})


def denied(origin: str = EVIL) -> tuple[Note, float]:
    """A denied request, and that it is made now."""
    decision = decide(SNAPSHOT, StatedFacts(method="GET", path="/api/x", origin=origin))
    return (decision, origin, "GET", None), time.monotonic()


@pytest.fixture
def observer() -> Iterator[Observer]:
    """That of a process that has just started."""
    made = Observer()
    made.configure()
    yield made
    if made._flusher is not None:  # noqa: SLF001 - no thread may outlive its test
        made._flusher.retire()  # noqa: SLF001
    for thread in threading.enumerate():
        if thread.name == "cors_policies observer":
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside of Django's test environment, and in less time."""
    monkeypatch.setattr(observing, "is_test_environment", lambda: False)
    monkeypatch.setattr(observing, "INTERVAL", 0.05)


@dataclass
class Outage:
    """Whether the database is away, and how often that was found out."""

    lasts: bool = True
    failures: int = 0

    def __call__(self, store: Callable[..., None], *arguments: object) -> None:
        if self.lasts:
            self.failures += 1
            raise OperationalError("away")
        store(*arguments)


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    """Nothing can be stored, until the test ends that."""
    made = Outage()
    monkeypatch.setattr(observing, "store_tallies", lambda *arguments: made(store_tallies, *arguments))
    return made


class TestSettings:
    """``OBSERVE`` says which decisions are counted; the observer reads it where settings are read."""

    @pytest.mark.parametrize(
        ("setting", "is_allowed", "is_denied"),
        [("off", False, False), ("denied", False, True), ("all", True, True), ("nonsense", False, True)],
    )
    def test_names_reasons(
        self, observer: Observer, settings: Settings, setting: str, is_allowed: bool, is_denied: bool
    ) -> None:
        settings.CORS_POLICIES = {"OBSERVE": setting}
        observer.configure()

        assert ("allowed" in observer.reasons, "bad-request-headers" in observer.reasons) == (
            is_allowed,
            is_denied,
        )
        assert observer.reasons.isdisjoint({"ungoverned", "not-cors", "same-origin"})


@pytest.mark.django_db
class TestInTests:
    """Nothing runs in the background; rows are written when they are asked for, in the test's transaction."""

    def test_counting_starts_no_thread_and_makes_no_query(
        self, observer: Observer, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        before = threading.active_count()

        with django_assert_num_queries(0):
            observer.count(*denied())
            observer.finish()

        assert threading.active_count() == before

    def test_flush_stores_in_the_transaction(self, observer: Observer) -> None:
        observer.count(*denied())
        with transaction.atomic():
            observer.flush()
            assert total() == 1
            transaction.set_rollback(True)

        assert total() == 0

    def test_each_is_counted_on_its_day(self, observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
        """As outside of Django's test environment, where the clock is looked at once a second."""
        monkeypatch.setattr(observing, "is_test_environment", lambda: False)
        monkeypatch.setattr(observing, "present_test", lambda: None)
        monkeypatch.setattr(observing, "_is_inline", lambda: True)
        today = int(time.time()) // SECONDS_OF_A_DAY
        note, _ = denied()
        for now, day in ((10.0, today - 1), (10.5, today - 1), (12.0, today)):
            with monkeypatch.context() as patch:
                patch.setattr(time, "time", lambda day=day: day * SECONDS_OF_A_DAY)
                observer.count(note, now)

        observer.flush()

        assert Observation.objects.get().days == {str(today - 1): 2, str(today): 1}

    def test_nothing_counted_makes_no_query(
        self, observer: Observer, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            observer.flush()

    @pytest.mark.parametrize("counts_again", [True, False])
    def test_other_test_sees_nothing_of_it(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch, counts_again: bool
    ) -> None:
        observer.count(*denied())
        monkeypatch.setattr(mail, "outbox", [])  # Django makes a new one for every test
        if counts_again:
            observer.count(*denied("https://other.example"))
        observer.flush()

        assert [row.origin for row in Observation.objects.all()] == ["https://other.example"] * counts_again

    def test_failure_breaks_neither_transaction_nor_count(
        self, observer: Observer, outage: Outage, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            observer.count(*denied())
            observer.flush()
        assert (total(), outage.failures) == (0, 3)

        outage.lasts = False
        observer.flush()

        assert total() == 3
        messages = [record.getMessage() for record in caplog.records if record.name == "cors_policies"]
        assert len(messages) == 2
        assert messages[0].startswith("Observations could not be stored; they are kept in memory")
        assert messages[1] == "Observations can be stored again."


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("production")
class TestBackground:
    """One thread stores what was counted, by a connection of its own, and goes on after failures."""

    def test_counts_arrive_by_themselves(self, observer: Observer) -> None:
        for number in range(10):
            observer.count(*denied())
            observer.count(*denied(f"https://o{number}.example"))

        wait_until(lambda: total() == 20)

        observer.count(*denied())
        wait_until(lambda: total() == 21)
        assert Observation.objects.get(origin=EVIL).count == 11

    def test_reader_waits_for_the_last_ones(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(observing, "INTERVAL", 60.0)
        observer.count(*denied())
        observer.flush()
        observer.count(*denied())
        observer.flush()

        assert total() == 2

    def test_open_transaction_waits_for_nobody(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(observing, "READER_PATIENCE", 60.0)
        monkeypatch.setattr(observing, "store_tallies", lambda *_arguments: time.sleep(0.3))
        observer.count(*denied())

        started = time.monotonic()
        with transaction.atomic():
            observer.flush()

        assert time.monotonic() - started < 30

    def test_end_of_the_process_stores_the_rest(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(observing, "INTERVAL", 60.0)
        monkeypatch.setattr(observing, "EXIT_PATIENCE", 20.0)
        observer.count(*denied())
        observer.flush()
        observer.count(*denied())

        observer.finish()

        assert total() == 2

    def test_failures_keep_the_counts(self, observer: Observer, outage: Outage) -> None:
        observer.count(*denied())
        wait_until(lambda: outage.failures >= 3)
        observer.count(*denied())
        outage.lasts = False

        wait_until(lambda: total() == 2)

    def test_failure_after_the_commit_counts_nothing_twice(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failures = []

        @contextmanager
        def connection_that_fails_to_close(using: str, *, writes: bool) -> Iterator[None]:
            with own_connection(using, writes=writes):
                yield
            failures.append("close")
            raise OperationalError("gone")

        monkeypatch.setattr(observing, "own_connection", connection_that_fails_to_close)
        observer.count(*denied())
        wait_until(lambda: len(failures) == 1)
        observer.flush()

        assert total() == 1

    def test_thread_that_hangs_is_replaced(self, observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cors_policies.store.refresher.ABANDON_AFTER", 0.05)
        monkeypatch.setattr(observing, "_WATCH", 0.0)
        may_end, has_begun, store = threading.Event(), threading.Event(), observing._store_apart  # noqa: SLF001

        def hang(found: Tallies) -> None:
            if not has_begun.is_set():
                has_begun.set()
                assert may_end.wait(30)
            store(found)

        monkeypatch.setattr(observing, "_store_apart", hang)
        observer.count(*denied())
        assert has_begun.wait(30)

        def others_arrive() -> bool:
            observer.count(*denied("https://other.example"))
            return total() > 0

        wait_until(others_arrive)
        assert not Observation.objects.filter(origin=EVIL).exists()
        may_end.set()

        wait_until(lambda: Observation.objects.filter(origin=EVIL).exists())

    def test_no_thread_to_be_had_is_no_error(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            observer.count(*denied())
            observer.flush()
            assert total() == 0

        observer.flush()
        assert total() == 1

    def test_notes_that_are_too_many_become_tallies_at_once(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(observing, "MAX_NOTES", 10)
        for number in range(25):
            observer.count(*denied(f"https://o{number % 3}.example"))

            assert len(observer._notes) <= 10  # noqa: SLF001 - nothing else would show it

        observer.flush()
        assert total() == 25
        assert Observation.objects.count() == 3

    # Python 3.12 and later warn of forks beside threads, which is what this test is about.
    @pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
    def test_forked_child_counts_only_its_own(
        self, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(observing, "INTERVAL", 60.0)
        observer.flush()  # the thread is there, and will not store by itself
        observer.count(*denied())
        child = os.fork()
        if not child:
            observer.start_anew()
            is_empty = observer._flusher is None and not observer._notes  # noqa: SLF001
            os._exit(0 if is_empty else 1)
        assert os.waitpid(child, 0)[1] == 0

        observer.flush()
        assert total() == 1
