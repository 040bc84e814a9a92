"""Do real server processes obey what another process has changed, whatever state the database is in?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import policy
from tests.servers import Site, free_port, wait_until

pytestmark = pytest.mark.slow

INTERVAL = 1.0
SLACK = 4.0
"""Seconds for a process to start and for one load on a busy machine."""

SERVERS = [
    pytest.param(["manage.py", "runserver", "--noreload", "127.0.0.1:{port}"], id="runserver"),
    pytest.param(
        ["-m", "gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:{port}", "project.wsgi"],
        id="gunicorn-preload",
    ),
    pytest.param(
        ["-m", "uvicorn", "--port", "{port}", "--lifespan", "off", "project.asgi:application"], id="uvicorn"
    ),
]


@pytest.fixture
def remote(tmp_path: Path) -> Site:
    """The demo site with an empty database of its own."""
    return Site(tmp_path / "site.sqlite3", free_port())


class TestOtherProcess:
    """A committed change is obeyed by every other process within the interval and the time of one load."""

    @pytest.mark.parametrize("server", SERVERS)
    def test_grant_and_revocation_reach_a_running_server(self, remote: Site, server: list[str]) -> None:
        remote.begin()
        with remote.serving(server):
            assert not remote.allows()

            remote.apply(policy())
            assert wait_until(remote.allows) < INTERVAL + SLACK

            remote.apply()
            assert wait_until(lambda: not remote.allows()) < INTERVAL + SLACK

    @pytest.mark.parametrize("server", SERVERS)
    def test_database_that_is_migrated_later_is_noticed(self, remote: Site, server: list[str]) -> None:
        with remote.serving(server):
            assert remote.headers("/nowhere")[":status"] == "404"
            assert not remote.allows()

            remote.migrate()
            remote.apply(policy())

            wait_until(remote.allows)

    @pytest.mark.parametrize("server", SERVERS[1:])  # runserver asks for the migrations itself, and ends
    def test_database_that_is_away_is_no_error(self, remote: Site, server: list[str]) -> None:
        remote.database = remote.database.parent / "missing" / "site.sqlite3"
        with remote.serving(server):
            assert remote.headers("/nowhere")[":status"] == "404"
            assert not remote.allows()

            remote.database.parent.mkdir()
            remote.migrate()
            remote.apply(policy())

            wait_until(remote.allows)
