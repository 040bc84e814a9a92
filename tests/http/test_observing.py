"""Which requests are counted, by what, and what does that cost the others?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from pytest_django import DjangoAssertNumQueries, Settings

from cors_policies import observations, services
from cors_policies.models import Observation
from tests.helpers import policy, preflight
from tests.servers import Site, free_port, wait_until

APP = "https://app.example"
EVIL = "https://evil.example"
SHOWN_WITHIN = 10.0
"""Seconds after the request."""

Send = Callable[[str, str, dict[str, str]], Any]


def sync(method: str, path: str, headers: dict[str, str]) -> Any:
    """The response under WSGI."""
    return Client().generic(method, path, headers=headers)


def native(method: str, path: str, headers: dict[str, str]) -> Any:
    """The response under ASGI."""

    async def ask() -> Any:
        return await AsyncClient().generic(method, path, headers=headers)

    return async_to_sync(ask)()


def observed() -> list[tuple[str, str, str, str, int]]:
    """What the rows say."""
    observations.flush()
    columns = ("origin", "method", "reason", "policy", "count")
    return sorted(Observation.objects.values_list(*columns))


@pytest.fixture(params=[sync, native], ids=["wsgi", "asgi"])
def send(request: pytest.FixtureRequest) -> Send:
    """Sends a request."""
    services.create_policy(policy(host="testserver"))
    sending: Send = request.param
    return sending


@pytest.mark.django_db
class TestWhatIsCounted:
    """Denied cross-origin decisions; with ``all`` the allowed ones too; with ``off`` nothing."""

    DENIED = (
        ("GET", {"origin": EVIL}, (EVIL, "GET", "origin-not-allowed", "")),
        ("PUT", {"origin": APP}, (APP, "PUT", "method-not-allowed", "public-api")),
        ("OPTIONS", dict(preflight(EVIL, "PUT")), (EVIL, "PUT", "origin-not-allowed", "")),
        ("OPTIONS", dict(preflight(APP, "PUT")), (APP, "PUT", "method-not-allowed", "public-api")),
        ("OPTIONS", dict(preflight(APP, "GET", "x-a")), (APP, "GET", "header-not-allowed", "public-api")),
        ("OPTIONS", dict(preflight(APP, "GET", "a b")), (APP, "GET", "bad-request-headers", "public-api")),
    )
    ALLOWED = (
        ("GET", {"origin": APP}, (APP, "GET", "allowed", "public-api")),
        ("OPTIONS", dict(preflight(APP, "POST")), (APP, "POST", "allowed", "public-api")),
    )
    OTHERS: ClassVar[tuple[tuple[str, dict[str, str]], ...]] = (
        ("GET", {}),
        ("POST", {"origin": "http://testserver"}),
    )

    @pytest.mark.parametrize(("method", "headers", "row"), [*DENIED, *ALLOWED])
    @pytest.mark.parametrize("setting", ["off", "denied", "all"])
    def test_by_the_setting(
        self,
        send: Send,
        settings: Settings,
        setting: str,
        method: str,
        headers: dict[str, str],
        row: tuple[str, str, str, str],
    ) -> None:
        settings.CORS_POLICIES = {"OBSERVE": setting}
        send(method, "/api/plain", headers)

        is_counted = setting == "all" or (setting == "denied" and row[2] != "allowed")
        assert observed() == [(*row, 1)] * is_counted

    @pytest.mark.parametrize(("method", "headers"), OTHERS)
    def test_what_is_not_cross_origin_is_not(
        self, send: Send, settings: Settings, method: str, headers: dict[str, str]
    ) -> None:
        settings.CORS_POLICIES = {"OBSERVE": "all"}
        send(method, "/api/plain", headers)
        send("GET", "/elsewhere/plain", {"origin": EVIL})

        assert observed() == []

    def test_denied_is_the_default_and_alike_ones_share_a_row(self, send: Send) -> None:
        for _ in range(3):
            send("GET", "/api/plain", {"origin": EVIL})
            send("GET", "/api/redirected", {"origin": EVIL})
        send("GET", "/api/plain", {"origin": APP})

        assert observed() == [(EVIL, "GET", "origin-not-allowed", "", 6)]
        row = Observation.objects.get()
        assert (row.host, row.path) == ("testserver", "/api/**")

    def test_rejected_request_is_counted(self, send: Send) -> None:
        services.create_policy(policy("rejecting", "/api/plain", host="testserver", reject_denied=True))

        assert send("GET", "/api/plain", {"origin": EVIL}).status_code == 403
        assert observed() == [(EVIL, "GET", "origin-not-allowed", "", 1)]


@pytest.mark.django_db
class TestHostileOrigins:
    """A stranger's text is stored harmless, and changes no answer."""

    @pytest.mark.parametrize(
        ("origin", "shown"),
        [
            pytest.param("https://a\x00b", "https://a\\x00b", id="nul"),
            pytest.param("https://\ud800", "https://\\ud800", id="surrogate"),
            pytest.param("https://😀.example", "https://\\U0001f600.example", id="emoji"),
            pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="html"),
            pytest.param("a" * 8192, "a" * 509 + "...", id="8-kilobytes"),
        ],
    )
    def test_is_stored_harmless(self, client: Client, origin: str, shown: str) -> None:
        services.create_policy(policy())

        assert client.get("/api/plain", headers={"origin": origin}).status_code == 200
        assert observed() == [(shown, "GET", "origin-not-allowed", "", 1)]

    def test_query_string_and_body_are_not_recorded(self, client: Client) -> None:
        services.create_policy(policy())
        client.post("/api/plain?secret=1", {"secret": "2"}, headers={"origin": EVIL})
        observations.flush()

        (row,) = Observation.objects.values()
        assert "secret" not in str(row)

    def test_odd_requested_method_is_cut(self, client: Client) -> None:
        services.create_policy(policy())
        client.options("/api/plain", headers=preflight(APP, "P" * 99))
        client.options("/api/plain", headers=preflight(APP, ""))

        assert observed() == [
            (APP, "", "method-not-allowed", "public-api", 1),
            (APP, "P" * 29 + "...", "method-not-allowed", "public-api", 1),
        ]


@pytest.mark.django_db
class TestCost:
    """A request adds no query, counted or not."""

    @pytest.mark.parametrize("setting", ["off", "denied", "all"])
    def test_no_query(
        self, settings: Settings, setting: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        settings.CORS_POLICIES = {"OBSERVE": setting}
        services.create_policy(policy())
        sync("GET", "/api/plain", {"origin": APP})

        with django_assert_num_queries(0):
            sync("GET", "/api/plain", {"origin": APP})
            sync("GET", "/api/plain", {"origin": EVIL})


@pytest.mark.slow
class TestServer:
    """Counts of all processes of a server arrive within seconds, and at its end where it lets them."""

    @pytest.fixture
    def remote(self, tmp_path: Path) -> Site:
        """The demo site with a policy, and a database of its own."""
        site = Site(tmp_path / "site.sqlite3", free_port())
        site.begin()
        site.apply(policy())
        return site

    SERVERS = (
        pytest.param(
            ["-m", "gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:{port}", "project.wsgi"],
            id="gunicorn-preload",
        ),
        pytest.param(
            ["-m", "uvicorn", "--port", "{port}", "--lifespan", "off", "project.asgi:application"],
            id="uvicorn",
        ),
    )

    @pytest.mark.parametrize("server", SERVERS)
    def test_counts_arrive(self, remote: Site, server: list[str]) -> None:
        with remote.serving(server):
            wait_until(remote.allows)
            for _ in range(20):
                remote.headers(origin=EVIL)
            wait_until(lambda: _stored(remote) == 20, SHOWN_WITHIN)

    def test_end_of_a_worker_stores_the_rest(self, remote: Site) -> None:
        with remote.serving(self.SERVERS[0].values[0]):  # type: ignore[arg-type]
            wait_until(remote.allows)
            for _ in range(20):
                remote.headers(origin=EVIL)

        assert _stored(remote) == 20


def _stored(site: Site) -> int:
    connection = sqlite3.connect(site.database, timeout=20)
    try:
        query = "SELECT coalesce(sum(count), 0) FROM cors_policies_observation"
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()
