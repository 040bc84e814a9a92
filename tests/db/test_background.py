"""Do the threads of the store live, end, and leave the interpreter as they found it?"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from cors_policies.store import refresher as refresher_module
from cors_policies.store.caller import Caller
from cors_policies.store.outage import Outage
from cors_policies.store.pacing import SWITCH_INTERVAL, Adjustment, collecting_nothing, giving_way
from cors_policies.store.refresher import Refresher
from tests.servers import wait_until

LONG = 30.0


class Looks:
    """Looks that a test lets go on; each says what it is told to."""

    def __init__(self, *, succeed: bool = True) -> None:
        self.begun: list[float] = []
        self.succeed = succeed
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self) -> bool:
        self.begun.append(time.monotonic())
        assert self.may_end.wait(LONG)
        return self.succeed


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def refresher(looks: Looks) -> Iterator[Refresher]:
    made = Refresher(looks)
    yield made
    looks.may_end.set()
    made.retire()


class TestRefresher:
    """One thread a process, started by need; never two looks at a time."""

    def test_waits_for_a_look_that_began_after_the_ticket(self, refresher: Refresher, looks: Looks) -> None:
        looks.may_end.clear()
        refresher.ask(None)
        wait_until(lambda: len(looks.begun) == 1)
        ticket = refresher.ask(None)

        assert not refresher.wait(ticket, 0.05)
        looks.may_end.set()

        assert refresher.wait(ticket, LONG)
        assert len(looks.begun) == 2

    def test_one_look_answers_all_who_asked_before_it(self, refresher: Refresher, looks: Looks) -> None:
        looks.may_end.clear()
        refresher.ask(None)
        wait_until(lambda: len(looks.begun) == 1)
        tickets = [refresher.ask(None) for _ in range(5)]
        looks.may_end.set()

        assert all(refresher.wait(ticket, LONG) for ticket in tickets)
        assert len(looks.begun) == 2

    def test_looks_only_when_asked_without_an_interval(self, refresher: Refresher, looks: Looks) -> None:
        assert refresher.wait(refresher.ask(None), LONG)
        assert not refresher.wait(2, 0.1)
        assert len(looks.begun) == 1

    def test_looks_by_itself_every_interval(self, refresher: Refresher, looks: Looks) -> None:
        refresher.ask(0.01)

        wait_until(lambda: len(looks.begun) >= 5)

    def test_failures_make_the_pauses_longer_and_a_success_ends_that(
        self, refresher: Refresher, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(refresher_module, "MAX_BACK_OFF", 0.16)
        looks.succeed = False
        refresher.ask(0.01)
        wait_until(lambda: len(looks.begun) >= 7)
        pauses = [after - before for before, after in zip(looks.begun, looks.begun[1:], strict=False)]
        assert pauses[5] > 4 * pauses[0]

        looks.succeed = True
        count = len(looks.begun)
        wait_until(lambda: len(looks.begun) >= count + 5)
        assert looks.begun[-1] - looks.begun[-4] < 0.45

    def test_retired_thread_ends(self, refresher: Refresher, looks: Looks) -> None:
        before = set(threading.enumerate())
        refresher.wait(refresher.ask(LONG), LONG)
        (thread,) = set(threading.enumerate()) - before

        refresher.retire()

        thread.join(LONG)
        assert not thread.is_alive()

    def test_look_that_hangs_is_stuck(
        self, refresher: Refresher, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(refresher_module, "ABANDON_AFTER", 0.05)
        looks.may_end.clear()
        assert not refresher.is_stuck
        refresher.ask(None)

        wait_until(lambda: refresher.is_stuck)


class TestCaller:
    """Whoever needs an answer waits for as long as it can afford."""

    def test_gives_what_the_function_returns_or_raises(self) -> None:
        caller = Caller()

        assert caller.call(lambda: 7, LONG) == 7
        with pytest.raises(ZeroDivisionError):
            caller.call(lambda: 1 // 0, LONG)
        assert caller.call(lambda: 8, LONG) == 8

    def test_calls_in_one_thread_of_its_own(self) -> None:
        caller = Caller()
        threads = {caller.call(threading.get_ident, LONG) for _ in range(3)}

        assert len(threads) == 1
        assert threads != {threading.get_ident()}

    @pytest.mark.django_db
    def test_keeps_no_connection_beyond_its_age(self) -> None:
        """As a request would: a cache that stands in the database must survive that one's restart."""
        caller = Caller()

        def connect() -> bool:
            connection.ensure_connection()
            return connection.connection is not None

        assert caller.call(connect, LONG)
        assert wait_until(lambda: caller.call(lambda: connection.connection is None, LONG)) < LONG

    def test_while_an_answer_is_overdue_nobody_else_waits(self) -> None:
        caller, may_end = Caller(), threading.Event()
        with pytest.raises(TimeoutError):
            caller.call(lambda: may_end.wait(LONG), 0.05)

        started = time.monotonic()
        with pytest.raises(TimeoutError, match="earlier call"):
            caller.call(lambda: 1, LONG)
        assert time.monotonic() - started < LONG / 2

        may_end.set()
        wait_until(lambda: _answers(caller))

    def test_call_that_hangs_for_good_is_left_to_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cors_policies.store.caller.REPLACE_AFTER", 0.05)
        caller, may_end = Caller(), threading.Event()
        with pytest.raises(TimeoutError):
            caller.call(lambda: may_end.wait(LONG), 0.01)

        wait_until(lambda: _answers(caller))
        may_end.set()

    def test_call_that_was_given_up_before_it_began_is_never_made(self) -> None:
        caller, has_begun, may_end, made = Caller(), threading.Event(), threading.Event(), [0]

        def hang() -> bool:
            has_begun.set()
            return may_end.wait(LONG)

        with ThreadPoolExecutor(1) as elsewhere:
            first = elsewhere.submit(caller.call, hang, LONG)
            assert has_begun.wait(LONG)
            with pytest.raises(TimeoutError):
                caller.call(lambda: made.append(1), 0.05)
            may_end.set()

            assert first.result(LONG)
        assert caller.call(lambda: made, LONG) == [0]


def _answers(caller: Caller) -> bool:
    try:
        return caller.call(lambda: True, LONG)
    except TimeoutError:
        return False


class TestOutage:
    """A warning is logged once per outage and once on recovery."""

    def test_logged_once_each(self, caplog: pytest.LogCaptureFixture) -> None:
        outage = Outage("The cache")
        outage.end()
        outage.begin(ValueError("one"), "nothing is lost")
        outage.begin(TimeoutError(), "nothing is lost")
        assert outage.error == "TimeoutError"
        outage.end()
        outage.end()

        assert [record.getMessage() for record in caplog.records] == [
            "The cache could not be read; nothing is lost: ValueError: one",
            "The cache can be read again.",
        ]
        assert outage.error == ""


class TestPacing:
    """What a load changes in the interpreter is undone by the last that needs it."""

    @pytest.fixture(autouse=True)
    def _as_before(self) -> Iterator[None]:
        before = _interpreter()
        yield
        assert _interpreter() == before

    def test_load_gives_way_and_collects_nothing(self) -> None:
        before = _interpreter()
        with giving_way.needed(), collecting_nothing.needed():
            interval, thresholds, collects = _interpreter()

            assert interval == pytest.approx(SWITCH_INTERVAL)
            assert not collects
            assert thresholds[:2] == before[1][:2]
            assert thresholds[2] > before[1][2]

    def test_error_undoes_it_too(self) -> None:
        with pytest.raises(ValueError, match="broken"), collecting_nothing.needed():
            raise ValueError("broken")

        assert gc.isenabled()

    def test_project_that_has_disabled_the_collector_keeps_it_so(self) -> None:
        gc.disable()
        try:
            with collecting_nothing.needed():
                pass
            assert not gc.isenabled()
        finally:
            gc.enable()

    def test_what_the_project_has_frozen_stays_frozen(self) -> None:
        gc.freeze()
        try:
            frozen = gc.get_freeze_count()
            with collecting_nothing.needed():
                kept: list[object] = [[] for _ in range(10)]
            assert gc.get_freeze_count() <= frozen
            assert gc.get_freeze_count() > 0
            assert any(obj is kept for obj in gc.get_objects())
        finally:
            gc.unfreeze()

    def test_what_was_built_is_old_at_once(self) -> None:
        with collecting_nothing.needed():
            built: list[object] = [[]]

        assert any(obj is built for obj in gc.get_objects(generation=2))

    def test_the_last_of_two_that_overlap_undoes_it(self) -> None:
        changes: list[str] = []
        adjustment = Adjustment(lambda: _noted(changes))
        first, second = adjustment.needed(), adjustment.needed()

        for block in (first, second):
            block.__enter__()
        first.__exit__(None, None, None)
        assert changes == ["made"]
        second.__exit__(None, None, None)

        assert changes == ["made", "undone"]

    # Python 3.12 and later warn of forks beside threads, which is what this test is about.
    @pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
    def test_forked_child_undoes_it(self) -> None:
        with giving_way.needed(), collecting_nothing.needed():
            child = os.fork()
            if not child:
                is_undone = gc.isenabled() and sys.getswitchinterval() > 2 * SWITCH_INTERVAL
                os._exit(0 if is_undone else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert not gc.isenabled()


def _noted(changes: list[str]) -> Callable[[], None]:
    changes.append("made")
    return lambda: changes.append("undone")


def _interpreter() -> tuple[float, tuple[int, int, int], bool]:
    return sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()
