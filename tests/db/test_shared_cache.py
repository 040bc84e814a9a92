"""Do processes that share a cache spare the database, and never believe what they must not?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import caches
from django.core.signing import Signer
from django.db import OperationalError
from pytest_django import Settings

from cors_policies import services
from cors_policies.core.policy import GROUP_KEYS, POLICY_KEYS
from cors_policies.documents import StoredDocuments
from cors_policies.models import Policy
from cors_policies.store import shared_cache, store
from cors_policies.store.connection import Database
from cors_policies.store.looking import look
from cors_policies.store.shared_cache import SharedCache
from tests.db.caches import FaultyCache
from tests.db.conftest import Site
from tests.helpers import policy
from tests.servers import wait_until


class Tables(Database):
    """The stored set of a test: a token, and one policy that bears its name."""

    def __init__(self) -> None:
        super().__init__("default")
        self.token = "one"
        self.is_away = False
        self.reads: list[str] = []
        self.meanwhile: Callable[[], object] = bool

    def read_token(self) -> str:
        self._answer("token")
        token = self.token
        self.meanwhile()
        return token

    def read_documents(self) -> StoredDocuments:
        self._answer("set")
        return StoredDocuments(self.token, [policy(self.token)], [{"name": "g", "origins": []}])

    def _answer(self, name: str) -> None:
        self.reads.append(name)
        if self.is_away:
            raise OperationalError("away")


class Process:
    """One of several processes: what it knows, and what it makes of a look."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.cache = SharedCache("shared", 1.0)
        self.known: str | None = None

    def look(self, *, own: bool = False) -> str | None:
        """The token that it obeys after a look; what it obeys is of that token."""
        documents = look(self.tables, self.cache, self.known, is_own_change=own)
        if documents is not None:
            assert [found["name"] for found in documents.policies] == [documents.version]
            self.known = documents.version
        return self.known


@pytest.fixture(autouse=True)
def _cache(settings: Settings) -> Iterator[None]:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        "shared": {"BACKEND": "tests.db.caches.FaultyCache", "LOCATION": "shared"},
    }
    FaultyCache.mend()
    caches["shared"].clear()
    yield
    FaultyCache.mend()


@pytest.fixture
def tables() -> Tables:
    return Tables()


class TestSparing:
    """The database is asked only for what is missing in the cache."""

    def test_first_process_publishes_and_the_second_never_asks_the_database(self, tables: Tables) -> None:
        assert Process(tables).look() == "one"
        tables.reads.clear()

        assert Process(tables).look() == "one"
        assert tables.reads == []

    def test_look_in_the_steady_state_is_one_call(self, tables: Tables) -> None:
        process = Process(tables)
        process.look()
        FaultyCache.calls.clear()
        tables.reads.clear()

        process.look()

        assert (FaultyCache.calls, tables.reads) == (["get"], [])

    def test_one_of_many_loads_a_new_set(self, tables: Tables) -> None:
        processes = [Process(tables) for _ in range(6)]
        for process in processes:
            process.look()
        tables.token = "two"
        caches["shared"].delete(shared_cache.LEASE)
        tables.reads.clear()

        with ThreadPoolExecutor(6) as threads:
            found = list(threads.map(lambda process: process.look(), processes))

        assert found == ["two"] * 6
        assert tables.reads.count("set") == 1

    def test_who_waits_for_a_loader_that_died_loads_after_all(
        self, tables: Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_cache, "LOADER_PATIENCE", 0.1)
        process = Process(tables)
        assert process.cache.claim("one")

        assert process.look() == "one"

    def test_failed_load_lets_the_others_try(self, tables: Tables) -> None:
        process = Process(tables)
        process.cache.begin_lease("one")
        tables.is_away = True
        with pytest.raises(OperationalError):
            process.look()
        tables.is_away = False

        started = time.monotonic()
        assert Process(tables).look() == "one"
        assert time.monotonic() - started < shared_cache.LOADER_PATIENCE

    def test_the_set_that_was_followed_is_dropped(self, tables: Tables) -> None:
        process = Process(tables)
        process.look()
        tables.token = "two"
        process.look(own=True)

        assert process.cache.stored_set("one") is None
        assert process.cache.stored_set("two") is not None


class TestFreshness:
    """A change is believed from the database, and a lease is no older than its check."""

    def test_change_of_another_process_ends_the_lease(self, tables: Tables) -> None:
        writer, reader = Process(tables), Process(tables)
        reader.look()
        tables.token = "two"
        assert reader.look() == "one"

        writer.cache.end_lease()

        assert reader.look() == "two"

    def test_lease_ends_by_itself(self, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
        reader = Process(tables)
        reader.look()
        tables.token = "two"

        assert wait_until(lambda: reader.look() == "two") < shared_cache.MIN_LEASE + 1

    def test_own_change_never_believes_the_cache(self, tables: Tables) -> None:
        process = Process(tables)
        process.look()
        tables.token = "two"

        assert process.look(own=True) == "two"

    def test_commit_between_the_reading_and_the_lease_is_noticed(self, tables: Tables) -> None:
        """Whoever committed has ended a lease that was not there yet."""
        process = Process(tables)

        def commit() -> None:
            tables.meanwhile = bool
            tables.token = "two"

        tables.meanwhile = commit

        assert process.look() == "two"
        assert process.cache.leased_token() == "two"

    def test_flushed_cache_costs_one_query(self, tables: Tables) -> None:
        process = Process(tables)
        process.look()
        caches["shared"].clear()
        tables.reads.clear()

        assert process.look() == "one"
        assert "set" not in tables.reads


class TestDatabaseAway:
    """A new process takes the last published set where there is no database to ask."""

    def test_new_process_obeys_what_was_published_last(self, tables: Tables) -> None:
        Process(tables).look()
        caches["shared"].delete(shared_cache.LEASE)
        tables.is_away = True

        assert Process(tables).look() == "one"

    def test_process_that_has_a_set_keeps_it(self, tables: Tables) -> None:
        process = Process(tables)
        process.look()
        caches["shared"].delete(shared_cache.LEASE)
        tables.is_away = True

        with pytest.raises(OperationalError):
            process.look()

    def test_new_process_without_anything_fails(self, tables: Tables) -> None:
        tables.is_away = True

        with pytest.raises(OperationalError):
            Process(tables).look()


class TestFaults:
    """A fault of the cache is an answer that is missing."""

    def test_cache_that_raises_is_passed_by(self, tables: Tables, caplog: pytest.LogCaptureFixture) -> None:
        process = Process(tables)
        FaultyCache.error = ConnectionError("refused")
        assert process.look() == "one"
        tables.token = "two"
        assert process.look() == "two"
        FaultyCache.error = None
        assert process.look() == "two"

        assert [record.getMessage() for record in caplog.records] == [
            "The cache could not be read; the database is asked instead: ConnectionError: refused",
            "The cache can be read again.",
        ]

    def test_cache_that_does_not_answer_is_waited_for_once(
        self, tables: Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_cache, "PATIENCE", 0.2)
        process = Process(tables)
        FaultyCache.may_answer.clear()

        started = time.monotonic()
        for token in ("one", "two", "three"):
            tables.token = token
            assert process.look() == token
        assert time.monotonic() - started < 0.6

        FaultyCache.may_answer.set()
        wait_until(lambda: process.look() == "three" and not process.cache.outage.error)

    def test_cache_that_comes_back_with_an_old_lease_is_believed_for_seconds(self, tables: Tables) -> None:
        process = Process(tables)
        process.look()
        FaultyCache.error = ConnectionError()
        tables.token = "two"
        process.cache.end_lease()  # is lost
        FaultyCache.error = None

        assert wait_until(lambda: process.look() == "two") < shared_cache.MIN_LEASE + 1


class TestTrust:
    """What others can write to the cache is refused unless it is ours, whole, and of that token."""

    @pytest.mark.parametrize(
        "lease",
        [
            pytest.param("two", id="not-signed"),
            pytest.param("two:bm90LW91cnM", id="signed-wrongly"),
            pytest.param(Signer(salt="another").sign("two"), id="signed-for-something-else"),
            pytest.param(b"\xff\x00", id="bytes"),
            pytest.param({"token": "two"}, id="another-type"),
            pytest.param(7, id="number"),
        ],
    )
    def test_lease_that_is_not_ours(self, tables: Tables, lease: Any) -> None:
        caches["shared"].set(shared_cache.LEASE, lease)
        process = Process(tables)

        assert process.look() == "one"
        assert process.cache.leased_token() == "one"

    def test_old_lease_that_is_written_back(self, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ours, and of a set that was in force once: a revoked origin must not come back with it."""
        Process(tables).look()
        kept = {key: caches["shared"].get(key) for key in (shared_cache.LEASE, shared_cache.set_key("one"))}
        tables.token = "two"
        later = time.time() + 64
        monkeypatch.setattr(time, "time", lambda: later)
        caches["shared"].clear()
        caches["shared"].set_many(kept, None)
        process = Process(tables)

        assert process.look() == "two"
        assert process.cache.leased_token() == "two"

    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda _: "garbage", id="garbage"),
            pytest.param(lambda _: None, id="none"),
            pytest.param(lambda _: b"\x80\x04", id="bytes"),
            pytest.param(lambda _: {"policies": []}, id="another-type"),
            pytest.param(lambda text: text[:-40], id="cut-short"),
            pytest.param(lambda text: text.replace("\n", "\nA"), id="changed"),
            pytest.param(lambda text: "x" + text, id="another-signature"),
            pytest.param(lambda text: text.partition("\n")[2], id="without-a-signature"),
        ],
    )
    def test_set_that_is_not_ours(self, tables: Tables, spoil: Callable[[str], Any]) -> None:
        Process(tables).look()
        key = shared_cache.set_key("one")
        caches["shared"].set(key, spoil(caches["shared"].get(key)))

        assert Process(tables).look() == "one"
        assert tables.reads.count("set") == 2

    def test_set_of_another_token_is_refused(self, tables: Tables) -> None:
        """An older set of ours, put where a newer one belongs."""
        Process(tables).look()
        old = caches["shared"].get(shared_cache.set_key("one"))
        caches["shared"].set(shared_cache.set_key("two"), old)

        assert Process(tables).cache.stored_set("two") is None

    def test_row_that_json_cannot_hold_is_not_published(self, tables: Tables) -> None:
        process = Process(tables)

        process.cache.publish(StoredDocuments("one", [{"name": b"raw"}], []))

        assert process.cache.stored_set("one") is None

    def test_only_text_is_stored(self, tables: Tables) -> None:
        """No backend needs a pickle for it."""
        Process(tables).look()

        stored = [caches["shared"].get(key) for key in (shared_cache.LEASE, shared_cache.set_key("one"))]
        assert [type(value) for value in stored] == [str, str]

    def test_key_holds_the_form_of_the_documents(self) -> None:
        """Releases with other keys never meet."""
        keys = (2, POLICY_KEYS, GROUP_KEYS)

        assert shared_cache.PREFIX.endswith(f":{shared_cache.format_of(*keys)}")
        assert shared_cache.format_of(2, (*POLICY_KEYS, "new"), ()) not in shared_cache.PREFIX

    def test_what_was_read_is_what_was_published(self, tables: Tables) -> None:
        process = Process(tables)
        documents = StoredDocuments(
            "one", [policy("a", description="caf\u00e9 \u2028 \U0001f600\n"), policy("b")], [{"name": "g"}]
        )
        process.cache.publish(documents)

        assert process.cache.stored_set("one") == documents
        assert json.loads(json.dumps(documents.policies)) == documents.policies


@pytest.mark.django_db(transaction=True)
class TestStore:
    """The setting CACHE_ALIAS puts the store of this process on the shared cache."""

    @pytest.fixture(autouse=True)
    def _set_up(self, settings: Settings) -> Iterator[None]:
        settings.CORS_POLICIES = {"CACHE_ALIAS": "shared"}
        store.start_anew()
        yield
        store.start_anew()

    def test_changes_of_this_process_are_obeyed_from_the_next_request_on(self, site: Site) -> None:
        assert not site.allows()
        services.create_policy(policy())
        assert site.allows()
        Policy.objects.update(mode="off")
        assert not site.allows()

    def test_warm_requests_call_neither_cache_nor_database(
        self, site: Site, django_assert_num_queries: Any
    ) -> None:
        services.create_policy(policy())
        site.allows()
        FaultyCache.calls.clear()

        with django_assert_num_queries(0):
            for _ in range(1000):
                assert site.allows()

        # A look, where a second has passed, is not a request's.
        assert len(FaultyCache.calls) <= 30

    def test_commit_ends_the_lease_of_everybody(self, site: Site) -> None:
        services.create_policy(policy())
        other = SharedCache("shared", 1.0)
        # A lease is for a second, which may be over before a busy machine comes to look.
        wait_until(lambda: site.allows() and other.leased_token() == store.version)

        Policy.objects.update(mode="off")

        assert other.leased_token() is None

    def test_cache_that_does_not_answer_delays_a_write_once_and_fails_none(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_cache, "PATIENCE", 0.1)
        services.create_policy(policy())
        assert site.allows()
        FaultyCache.may_answer.clear()

        Policy.objects.update(mode="off")

        assert not site.allows()
