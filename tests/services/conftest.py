"""The servers of these tests: one of each kind a run, started by the first test that needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.servers import do_without
from tests.services.clusters import DATABASE, Cluster, MariaDB, Nginx, PostgreSQL, Redis, running
from tests.services.sites import site_on

_Kind = TypeVar("_Kind", bound=Cluster)


def _started(kind: type[_Kind]) -> Iterator[_Kind]:
    require(kind)
    cluster = kind()
    with running(cluster):
        yield cluster


def require(kind: type[Cluster]) -> None:
    """Skips the test where there is no such server; in CI it fails."""
    if not kind.is_installed():
        do_without(kind.program)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server, with the site's tables in a database."""
    for cluster in _started(PostgreSQL):
        site_on(cluster.make_database(DATABASE)).migrate()
        yield cluster


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB server, with the site's tables in a database."""
    for cluster in _started(MariaDB):
        site_on(cluster.make_database(DATABASE)).migrate()
        yield cluster


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis server."""
    yield from _started(Redis)


@pytest.fixture
def redis(redis_server: Redis) -> Redis:
    """The same, empty."""
    redis_server.client().flushall()
    return redis_server


@pytest.fixture
def nginx() -> Iterator[Nginx]:
    """An nginx of the test's own, not running yet."""
    require(Nginx)
    cluster = Nginx()
    try:
        yield cluster
    finally:
        cluster.remove()
