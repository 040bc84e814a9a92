"""Does a policy stop being obeyed at its end, whatever has become of the database and of the clock?

Before you edit: the clock of most tests is set by hand, and asked at every request. Two tests wait for an end
by the real one.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.db import OperationalError, connection, connections, transaction
from django.test import AsyncClient, Client
from pytest_django import DjangoAssertNumQueries, Settings

from cors_policies import documents, services
from cors_policies.core.timestamps import timestamp_text
from cors_policies.models import Policy
from cors_policies.models.versions import read_token
from cors_policies.store import connection as store_connection
from cors_policies.store import current_snapshot, process, store
from tests.db.caches import FaultyCache
from tests.db.conftest import APP, Site
from tests.helpers import cors_headers, policy
from tests.servers import wait_until

RunSql = Callable[..., None]
OTHER = "https://other.example"
START = datetime(2030, 1, 31, 18, tzinfo=timezone.utc)
END = "2030-01-31T18:00:10Z"


class Clock:
    """The system's clock, as a test sets it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock at :data:`START`. What was in force before stays so afterwards."""
    made = Clock()
    monkeypatch.setattr(process, "_now", made)
    monkeypatch.setattr(process, "CLOCK_CHECK", 0.0)
    yield made
    store.mark_stale()


@pytest.fixture
def dead_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it makes every read of the set fail."""

    def fail(_using: str) -> None:
        raise OperationalError("away")

    def die() -> None:
        monkeypatch.setattr(documents.reading, "read_token", fail)
        monkeypatch.setattr(store_connection, "read_token", fail)

    return die


def soon(seconds: float) -> datetime:
    """An instant by the real clock."""
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


@pytest.mark.django_db(transaction=True)
class TestOnTime:
    """From its end on it is as if the policy were absent: no write, no earlier, no later."""

    def test_every_request_before_the_end_is_allowed_and_none_after_it(self, site: Site) -> None:
        end = soon(1.5)
        services.create_policy(policy(expires_at=timestamp_text(end)))
        assert site.allows()
        token = store.version
        answers: list[tuple[datetime, bool, datetime]] = []

        while not answers or answers[-1][0] < end + timedelta(seconds=0.3):
            sent = datetime.now(timezone.utc)
            answers.append((sent, site.allows(), datetime.now(timezone.utc)))

        assert {allows for _, allows, answered in answers if answered < end} == {True}
        assert {allows for sent, allows, _ in answers if sent >= end} == {False}
        assert store.version == token

    def test_hundreds_of_ends_within_a_second(self) -> None:
        start = soon(1.5)
        ends = [start + timedelta(milliseconds=3 * number) for number in range(200)]
        Policy.objects.bulk_create(
            Policy(name=f"p{number}", path=f"/p/{number}", expires_at=end) for number, end in enumerate(ends)
        )
        counts = {current_snapshot().policy_count}

        while (before := datetime.now(timezone.utc)) < ends[-1]:
            count = current_snapshot().policy_count
            after = datetime.now(timezone.utc)
            assert sum(end > after for end in ends) <= count <= sum(end > before for end in ends)
            counts.add(count)

        assert len(counts) > 5
        assert current_snapshot().policy_count == 0

    @pytest.mark.parametrize("interval", [0, 0.05, 3600])
    def test_whatever_the_interval(
        self, site: Site, clock: Clock, settings: Settings, interval: float
    ) -> None:
        settings.CORS_POLICIES = {"REFRESH_INTERVAL": interval}
        services.create_policy(policy(expires_at=END))
        clock.seconds = 9.999999
        assert site.allows()

        clock.seconds = 10

        assert not site.allows()

    def test_async_request_sees_it_too(self, clock: Clock) -> None:
        async def allows() -> bool:
            response = await AsyncClient().get("/api/x", headers={"origin": APP})
            return bool(cors_headers(response))

        services.create_policy(policy(expires_at=END))
        assert async_to_sync(allows)()

        clock.seconds = 10

        assert not async_to_sync(allows)()

    def test_dead_database_keeps_nothing_in_force(
        self, site: Site, clock: Clock, dead_database: Callable[[], None]
    ) -> None:
        services.create_policy(policy(expires_at=END))
        services.create_policy(policy("other", "/other"))
        assert site.allows()
        dead_database()

        clock.seconds = 10

        assert not site.allows()
        assert site.allows(path="/other")

    # Python 3.12 and later warn of forks beside threads, which is what this test is about.
    @pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
    def test_forked_child_obeys_no_set_of_its_parent_that_has_expired(
        self, clock: Clock, dead_database: Callable[[], None]
    ) -> None:
        services.create_policy(policy(expires_at=END))
        assert current_snapshot().policy_count == 1
        dead_database()
        clock.seconds = 10
        connections.close_all()

        child = os.fork()
        if not child:
            os._exit(current_snapshot().policy_count)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_set_of_the_shared_cache_expires(self, site: Site, clock: Clock, settings: Settings) -> None:
        settings.CACHES = {
            "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
            "shared": {"BACKEND": "tests.db.caches.FaultyCache", "LOCATION": "expiry"},
        }
        settings.CORS_POLICIES = {"CACHE_ALIAS": "shared"}
        FaultyCache.mend()
        caches["shared"].clear()
        services.create_policy(policy(expires_at=END))
        assert site.allows()
        store.start_anew()  # another process: it has the set from the cache
        assert site.allows()

        clock.seconds = 10

        assert not site.allows()
        store.start_anew()
        assert not site.allows()

    def test_many_threads_see_one_end(self, clock: Clock) -> None:
        services.apply_document(
            {"policies": [policy(f"p{number}", f"/p/{number}", expires_at=END) for number in range(50)]}
        )
        assert current_snapshot().policy_count == 50
        clock.seconds = 10

        with ThreadPoolExecutor(8) as threads:
            found = {threads.submit(current_snapshot) for _ in range(40)}
            counts = {future.result().policy_count for future in found}
            threads.map(lambda _: connections.close_all(), range(8))

        assert counts == {0}


@pytest.mark.django_db
class TestAsIfAbsent:
    """An expired policy governs nothing: neither its origins are let in, nor is its path shielded."""

    def test_broader_policy_governs_its_path(self, site: Site, clock: Clock) -> None:
        services.create_policy(policy("wide", "/**", allowed_origins=[OTHER]))
        services.create_policy(policy("narrow", "/api/**", expires_at=END))
        assert (site.allows(), site.allows(OTHER)) == (True, False)

        clock.seconds = 10

        assert (site.allows(), site.allows(OTHER)) == (False, True)

    def test_other_policy_of_its_path_group_is_alone(self, client: Client, clock: Clock) -> None:
        services.create_policy(policy("first", expires_at=END))
        services.create_policy(policy("second", allowed_origins=["*"]))
        assert client.get("/api/x", headers={"origin": OTHER}).headers["access-control-allow-origin"] == OTHER

        clock.seconds = 10

        response = client.get("/api/x", headers={"origin": OTHER})
        assert cors_headers(response) == {"access-control-allow-origin": "*"}

    def test_path_without_another_policy_is_ungoverned(self, client: Client, clock: Clock) -> None:
        services.create_policy(policy(expires_at=END))
        assert "Vary" in client.get("/api/x").headers

        clock.seconds = 10

        assert "Origin" not in client.get("/api/x", headers={"origin": APP}).headers.get("Vary", "")
        assert client.options("/api/x", headers={"access-control-request-method": "PUT"}).status_code == 404

    def test_policy_that_had_expired_when_it_was_stored_is_absent(self, site: Site, clock: Clock) -> None:
        clock.seconds = 11
        services.create_policy(policy(expires_at=END))

        assert not site.allows()

    def test_no_query_is_added_in_a_test_s_transaction(
        self, site: Site, clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        services.create_policy(policy(expires_at=END))
        assert site.allows()

        with django_assert_num_queries(0):
            assert site.allows()
            clock.seconds = 10
            assert not site.allows()

    def test_postponed_end_is_obeyed(self, site: Site, clock: Clock) -> None:
        services.create_policy(policy(expires_at=END))
        clock.seconds = 10
        assert not site.allows()

        Policy.objects.update(expires_at=START + timedelta(seconds=20))

        assert site.allows()
        assert Policy.objects.get().expires_at == "2030-01-31T18:00:20Z"


@pytest.mark.django_db(transaction=True)
class TestRefresher:
    """What looks in the background neither brings an expired policy back nor is kept from looking."""

    def test_look_that_finds_nothing_new_brings_nothing_back(
        self, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services.create_policy(policy(expires_at=END))
        assert site.allows()
        looked: list[bool] = []

        def read_late(self: store_connection.Database) -> str:
            """The end passes while the refresher waits for the database."""
            clock.seconds = 10
            looked.append(site.allows())
            return read_token(self.using)

        monkeypatch.setattr(store_connection.OwnDatabase, "read_token", read_late)
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(store._look_in_background).result()  # noqa: SLF001 - what the thread calls

        assert looked == [False]
        assert not site.allows()

    def test_set_that_was_loaded_across_an_end_comes_into_force_without_it(
        self, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check = documents.StoredDocuments.check

        def slow_check(self: documents.StoredDocuments) -> documents.StoredSet:
            stored = check(self)
            compiled = stored.compile(clock())
            clock.seconds = 10
            monkeypatch.setattr(documents.StoredSet, "compile", lambda *_: compiled)
            return stored

        services.create_policy(policy(expires_at=END))
        monkeypatch.setattr(documents.StoredDocuments, "check", slow_check)

        assert not site.allows()

    @pytest.mark.usefixtures("clock")
    def test_requests_that_ask_the_clock_put_no_look_off(self, site: Site, settings: Settings) -> None:
        """They ask more often than once in an interval, and a look would never be due."""
        settings.CORS_POLICIES = {"REFRESH_INTERVAL": 3600}
        services.create_policy(policy(expires_at=END))
        assert site.allows()
        due = store._next_look  # noqa: SLF001 - what a busy machine must not decide

        assert site.allows()

        assert store._next_look == due  # noqa: SLF001 - the same

    def test_clock_that_is_set_back_brings_back_what_has_not_expired_yet(
        self, site: Site, clock: Clock, settings: Settings
    ) -> None:
        settings.CORS_POLICIES = {"REFRESH_INTERVAL": 0.05}
        services.create_policy(policy(expires_at=END))
        clock.seconds = 10
        assert not site.allows()

        clock.seconds = 0

        wait_until(site.allows)

    def test_clock_that_goes_on_loads_nothing(self, site: Site, clock: Clock, settings: Settings) -> None:
        settings.CORS_POLICIES = {"REFRESH_INTERVAL": 0.05}
        services.create_policy(policy(expires_at=END))
        clock.seconds = 10
        site.allows()
        before = current_snapshot()

        time_until = time.monotonic() + 0.3
        wait_until(lambda: site.allows() or time.monotonic() > time_until)

        assert current_snapshot() is before

    def test_the_clock_is_asked_every_second_before_an_end(
        self, site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A clock that is set, or a machine that sleeps, moves the end; ``time.monotonic`` sees neither."""
        settings.CORS_POLICIES = {"REFRESH_INTERVAL": 3600}
        services.create_policy(policy(expires_at=timestamp_text(soon(3600))))
        assert site.allows()

        monkeypatch.setattr(process, "_now", lambda: soon(3601))

        # What is planned, and not how long a busy machine takes for it: the end is an hour away.
        assert store.due <= time.monotonic() + process.CLOCK_CHECK
        wait_until(lambda: not site.allows())
        monkeypatch.undo()
        store.mark_stale()


@pytest.mark.django_db
class TestBrokenEnd:
    """A row whose end is no timestamp is not obeyed, and its path stays governed."""

    @pytest.fixture(autouse=True)
    def _policies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "_reported", set())
        services.create_policy(policy("wide", "/**", allowed_origins=[OTHER]))
        services.create_policy(policy("narrow", "/api/**"))

    @pytest.mark.parametrize(
        "text", ["tomorrow", "", "2030-01-31", "2030-02-30T00:00:00Z", "2030-01-31 18:00:00", "7"]
    )
    def test_is_shielded_and_logged(
        self, site: Site, run_sql: RunSql, caplog: pytest.LogCaptureFixture, text: str
    ) -> None:
        run_sql("UPDATE cors_policies_policy SET expires_at = %s WHERE name = 'narrow'", text)
        store.mark_stale()

        assert not site.allows()
        assert not site.allows(OTHER)
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert 'policy "narrow": expires_at: invalid' in record.getMessage()

    def test_past_end_in_another_form_is_an_end(self, site: Site, run_sql: RunSql) -> None:
        run_sql(
            "UPDATE cors_policies_policy SET expires_at = %s WHERE name = 'narrow'",
            "2020-01-31 18:00:00.5+02:00",
        )
        store.mark_stale()

        assert site.allows(OTHER)

    def test_shield_of_a_policy_that_is_broken_elsewhere_ends_with_it(
        self, site: Site, run_sql: RunSql, clock: Clock
    ) -> None:
        run_sql(
            "UPDATE cors_policies_policy SET allowed_methods = '7', expires_at = %s WHERE name = 'narrow'",
            END,
        )
        store.mark_stale()
        assert not site.allows(OTHER)

        clock.seconds = 10

        assert site.allows(OTHER)


@pytest.mark.django_db
class TestRows:
    """Whatever way a timestamp is written by, the row holds its canonical text."""

    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            ("2030-01-31T20:00:00+02:00", "2030-01-31T18:00:00Z"),
            ("2030-01-31t18:00:00.5z", "2030-01-31T18:00:00.500000Z"),
            (datetime(2030, 1, 31, 18, tzinfo=timezone(timedelta(hours=2))), "2030-01-31T16:00:00Z"),
            (datetime(2030, 1, 31, 18), "2030-01-31T18:00:00Z"),  # noqa: DTZ001 - as ORM users write it
            (None, None),
            ("tomorrow", "tomorrow"),
        ],
    )
    def test_by_the_orm(self, written: Any, stored: str | None) -> None:
        Policy.objects.create(name="a", path="/a", expires_at=written)
        Policy.objects.create(name="b", path="/b")
        Policy.objects.filter(name="b").update(expires_at=written)

        assert {*Policy.objects.values_list("expires_at", flat=True)} == {stored}
        assert Policy.objects.filter(expires_at=written).count() == 2

    def test_full_clean_takes_a_datetime(self) -> None:
        row = Policy(name="a", path="/a", expires_at=START)

        row.full_clean()

        assert row.expires_at == "2030-01-31T18:00:00Z"

    def test_column_is_text_on_every_database(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, Policy._meta.db_table)

        (column,) = [column for column in columns if column.name == "expires_at"]
        kind = connection.introspection.get_field_type(column.type_code, column)
        assert kind == "CharField"
        assert column.null_ok
