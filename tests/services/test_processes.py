"""Is a change obeyed by every process of a server within the interval, whatever it is stored in?"""

from __future__ import annotations

import pytest

from tests.helpers import policy
from tests.servers import Site, wait_until
from tests.services.clusters import DATABASE, MariaDB, PostgreSQL, Redis
from tests.services.sites import SERVERS, Traffic, Writer, site_on, writing

pytestmark = [pytest.mark.services, pytest.mark.timing]

INTERVAL = 0.2
SLACK = 1.0
"""Seconds for a load, on a machine that is busy with everything else."""


def _check_freshness(site: Site, writer: Writer, changes: int = 3) -> None:
    """Nobody answers by the old set once the interval and a load have passed, and nobody goes back to it."""
    wait_until(lambda: site.headers("/api/x")[":status"] == "404")
    traffic = Traffic(site).start()
    try:
        for number in range(changes):
            allowed = number % 2 == 0
            committed = writer.apply(policy(mode="live" if allowed else "off"))
            fresh = traffic.enough_since(committed + INTERVAL + SLACK)
            assert {(answer.status, answer.allows) for answer in fresh} == {("404", allowed)}
    finally:
        traffic.stop()


class TestPostgreSQL:
    """With PostgreSQL, by every kind of server."""

    @pytest.mark.parametrize("server", list(SERVERS))
    def test_change_is_obeyed_by_all(self, postgresql: PostgreSQL, server: str) -> None:
        site = site_on(postgresql.settings(), interval=INTERVAL)
        with site.serving(SERVERS[server]), writing(site) as writer:
            _check_freshness(site, writer)

    @pytest.mark.parametrize("server", ["gunicorn-preload", "uvicorn"])
    def test_change_is_obeyed_by_all_that_share_a_cache(
        self, postgresql: PostgreSQL, redis: Redis, server: str
    ) -> None:
        site = site_on(postgresql.settings(), redis.settings(), INTERVAL)
        with site.serving(SERVERS[server]), writing(site) as writer:
            _check_freshness(site, writer)

    def test_restored_backup_is_obeyed(self, postgresql: PostgreSQL) -> None:
        """The version goes back, and is noticed."""
        site = site_on(postgresql.settings(), interval=INTERVAL)
        with writing(site) as writer:
            writer.apply(policy())
            backup = postgresql.back_up(DATABASE)
            writer.apply()
        with site.serving(SERVERS["gunicorn"]):
            assert not any(site.allows() for _ in range(20))

            postgresql.restore(DATABASE, backup)

            wait_until(lambda: all(site.allows() for _ in range(20)))


class TestMariaDB:
    """With MariaDB."""

    def test_change_is_obeyed_by_all(self, mariadb: MariaDB) -> None:
        site = site_on(mariadb.settings(), interval=INTERVAL)
        with site.serving(SERVERS["gunicorn"]), writing(site) as writer:
            _check_freshness(site, writer)

    @pytest.mark.parametrize("isolation_level", ["read uncommitted", "repeatable read", "serializable"])
    def test_isolation_level_of_the_project_makes_no_difference(
        self, mariadb: MariaDB, isolation_level: str
    ) -> None:
        database = {**mariadb.settings(), "OPTIONS": {"isolation_level": isolation_level}}
        site = site_on(database, interval=INTERVAL)
        with site.serving(SERVERS["gunicorn-threads"]), writing(site) as writer:
            _check_freshness(site, writer, changes=2)
