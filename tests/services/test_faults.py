"""Does cross-origin traffic notice that the database or the cache dies, freezes, or comes back?

Before you edit: how fast answers stay is measured by ``benchmarks/faults.py``. Here a bound holds that no
busy machine breaks, and that a request which waited for a frozen server would.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from tests.helpers import policy
from tests.servers import Site, wait_until
from tests.services.clusters import Cluster, MariaDB, PostgreSQL, Redis
from tests.services.sites import SERVERS, Answer, Traffic, Writer, site_on, writing

pytestmark = [pytest.mark.services, pytest.mark.timing]

LONGEST = 1.5
"""Seconds that no request may take. A look at a frozen server takes two or more."""
FAULT = {"stopped": 1.5, "frozen": 2.5}
WARM_UP = 1.0
"""Seconds of traffic until every worker has had its first request, which may wait."""
RECOVERY = 3.0
CLOCKS = 0.05
"""Seconds: of a fault, within which a change is obeyed after it, that two clocks may be apart."""


@contextmanager
def _away(cluster: Cluster, fault: str) -> Iterator[None]:
    (cluster.stop if fault == "stopped" else cluster.freeze)()
    try:
        yield
    finally:
        (cluster.start if fault == "stopped" else cluster.thaw)()


def _warm_up(traffic: Traffic) -> None:
    """Waits until every worker has its set: a first request that meets the fault may wait for it."""
    time.sleep(WARM_UP)
    wait_until(lambda: _all_allow(traffic.since(time.monotonic() - 0.5)))


def _check(site: Site, writer: Writer, cluster: Cluster, fault: str, *, can_write: bool = False) -> None:
    """All requests are decided by the last good set, at once; a change is obeyed soon after the fault."""
    writer.apply(policy())
    wait_until(lambda: all(site.allows() for _ in range(20)))
    with writing(site) as another:  # has no connection yet that could be cut
        traffic = Traffic(site).start()
        try:
            _warm_up(traffic)
            warm = time.monotonic()
            with _away(cluster, fault):
                if can_write:
                    time.sleep(FAULT[fault] / 2)
                    asked = time.monotonic()
                    committed = writer.apply(policy(mode="off"))
                time.sleep(FAULT[fault])
            if not can_write:
                asked = time.monotonic()
                committed = another.apply(policy(mode="off"))
            traffic.enough_since(committed + RECOVERY)
        finally:
            traffic.stop()
    answers = traffic.since(warm)
    assert len(answers) > 100
    assert {answer.status for answer in answers} == {"404"}
    assert max(answer.answered - answer.sent for answer in answers) < LONGEST
    assert {answer.allows for answer in answers if answer.answered < asked} == {True}
    assert {answer.allows for answer in traffic.since(committed + RECOVERY)} == {False}


@pytest.mark.parametrize("fault", ["stopped", "frozen"])
class TestDatabase:
    """The last good set stays in force, without waiting."""

    @pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
    def test_postgresql(self, postgresql: PostgreSQL, server: str, fault: str) -> None:
        site = site_on(postgresql.settings(), interval=0.2)
        with site.serving(SERVERS[server]), writing(site) as writer:
            _check(site, writer, postgresql, fault)

    def test_mariadb(self, mariadb: MariaDB, fault: str) -> None:
        site = site_on(mariadb.settings(), interval=0.2)
        with site.serving(SERVERS["gunicorn"]), writing(site) as writer:
            _check(site, writer, mariadb, fault)

    def test_new_processes_take_the_set_from_the_cache(
        self, postgresql: PostgreSQL, redis: Redis, fault: str
    ) -> None:
        site = site_on(postgresql.settings(), redis.settings(), 0.2)
        with writing(site) as writer:
            writer.apply(policy())
        with site.serving(SERVERS["gunicorn"]):
            wait_until(site.allows)
        with _away(postgresql, fault), site.serving(SERVERS["gunicorn"]):
            wait_until(site.allows)
            assert all(site.allows() for _ in range(20))

    def test_new_processes_without_a_cache_answer_without_headers(
        self, postgresql: PostgreSQL, fault: str
    ) -> None:
        site = site_on(postgresql.settings(), interval=0.2)
        with writing(site) as writer:
            writer.apply(policy())
        with site.serving(SERVERS["gunicorn"]):
            with _away(postgresql, fault):
                assert site.headers("/api/x")[":status"] == "404"
                assert not site.allows()
            wait_until(site.allows)


def _all_allow(answers: Sequence[Answer]) -> bool:
    return len(answers) > 20 and all(answer.allows for answer in answers)


class TestExpiry:
    """A policy ends on time in every process, without a write, while nothing can be read."""

    @pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
    def test_frozen_database_keeps_nothing_in_force(self, postgresql: PostgreSQL, server: str) -> None:
        site = site_on(postgresql.settings(), interval=0.2)
        with site.serving(SERVERS[server]), writing(site) as writer:
            end = datetime.now(timezone.utc) + timedelta(seconds=6)
            writer.apply(policy(expires_at=end.isoformat()))
            traffic = Traffic(site).start()
            # One request after another meets one worker; those of the traffic meet all.
            wait_until(lambda: _all_allow(traffic.since(time.monotonic() - 0.5)))
            began = time.monotonic()
            with _away(postgresql, "frozen"):
                ended = time.monotonic() + (end - datetime.now(timezone.utc)).total_seconds()
                time.sleep(max(0.0, ended - time.monotonic()) + 1)
            traffic.stop()
        before = [answer.allows for answer in traffic.since(began) if answer.answered < ended - CLOCKS]
        after = [answer.allows for answer in traffic.since(ended + CLOCKS)]
        assert len(before) > 20
        assert len(after) > 20
        assert (set(before), set(after)) == ({True}, {False})
        assert max(answer.answered - answer.sent for answer in traffic.since(began)) < LONGEST


class TestCache:
    """Without the cache the database is asked, and requests wait for neither."""

    @pytest.mark.parametrize(
        ("server", "fault"), [("gunicorn", "stopped"), ("gunicorn", "frozen"), ("uvicorn", "frozen")]
    )
    def test_redis(self, postgresql: PostgreSQL, redis: Redis, server: str, fault: str) -> None:
        site = site_on(postgresql.settings(), redis.settings(), 0.2)
        with site.serving(SERVERS[server]), writing(site) as writer:
            _check(site, writer, redis, fault, can_write=True)

    def test_redis_flushed(self, postgresql: PostgreSQL, redis: Redis) -> None:
        site = site_on(postgresql.settings(), redis.settings(), 0.2)
        with site.serving(SERVERS["gunicorn"]):
            with writing(site) as writer:
                writer.apply(policy())
            wait_until(lambda: all(site.allows() for _ in range(20)))
            traffic = Traffic(site).start()
            _warm_up(traffic)
            warm = time.monotonic()
            redis.client().flushall()
            time.sleep(FAULT["frozen"])
            traffic.stop()
        answers = traffic.since(warm)
        assert len(answers) > 100
        assert {(answer.status, answer.allows) for answer in answers} == {("404", True)}
        assert max(answer.answered - answer.sent for answer in answers) < LONGEST
