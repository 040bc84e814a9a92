"""Is a change obeyed from the next request on, and does a request cost nothing otherwise?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from cors_policies import services
from cors_policies.models import (
    Origin,
    OriginGroup,
    OriginGroupOrigin,
    Policy,
    PolicyOrigin,
    PolicyOriginGroup,
)
from cors_policies.store import current_snapshot
from tests.db.conftest import APP, Site
from tests.helpers import cors_headers, policy

OTHER = "https://other.example"


def _rename(pattern: str) -> None:
    Origin.objects.filter(pattern=APP).update(pattern=pattern)


WRITES: list[object] = [
    pytest.param(lambda: Policy.objects.get().delete(), id="delete"),
    pytest.param(lambda: Policy.objects.all().delete(), id="queryset-delete"),
    pytest.param(lambda: Policy.objects.update(mode="off"), id="queryset-update"),
    pytest.param(lambda: Policy.objects.bulk_update([_switched_off()], ["mode"]), id="bulk-update"),
    pytest.param(lambda: _switched_off().save(), id="save"),
    pytest.param(lambda: Policy.objects.get().allowed_origins.clear(), id="m2m-clear"),  # noqa: PLW0108
    pytest.param(lambda: Policy.objects.get().allowed_origins.set([]), id="m2m-set"),
    pytest.param(lambda: Policy.objects.get().allowed_origins.remove(Origin.objects.get(pattern=APP)),
                 id="m2m-remove"),
    pytest.param(lambda: Origin.objects.get(pattern=APP).policies.clear(), id="m2m-clear-back"),  # noqa: PLW0108
    pytest.param(lambda: Origin.objects.get(pattern=APP).delete(), id="cascade-from-origin"),
    pytest.param(lambda: PolicyOrigin.objects.all().delete(), id="through-row"),
    pytest.param(lambda: _rename(OTHER), id="origin-update"),
    pytest.param(lambda: Policy.objects.update_or_create(name="public-api", defaults={"mode": "off"}),
                 id="update-or-create"),
    pytest.param(lambda: services.delete_policy(Policy.objects.get()), id="service"),
]  # fmt: skip


def _switched_off() -> Policy:
    row = Policy.objects.get()
    row.mode = "off"
    return row


class TestNextRequest:
    """A change is obeyed by the process that made it from its next request on, by every way into the ORM."""

    @pytest.mark.django_db
    @pytest.mark.parametrize("write", WRITES)
    def test_revocation_inside_a_test_s_transaction(self, site: Site, write: Callable[[], object]) -> None:
        services.create_policy(policy())
        assert site.allows()

        write()

        assert not site.allows()

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("write", WRITES)
    def test_revocation_that_is_committed(self, site: Site, write: Callable[[], object]) -> None:
        services.create_policy(policy())
        assert site.allows()

        write()

        assert not site.allows()

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("way", ["create", "bulk-create", "m2m-add", "group"])
    def test_grant_that_is_committed(self, site: Site, way: str) -> None:
        services.create_policy(policy(allowed_origins=[]))
        assert not site.allows()

        _grant(way)

        assert site.allows()

    @pytest.mark.django_db(transaction=True)
    def test_async_request_obeys_it_too(self) -> None:
        async def allows() -> bool:
            response = await AsyncClient().get("/api/x", headers={"origin": APP})
            return bool(cors_headers(response))

        assert not async_to_sync(allows)()
        services.create_policy(policy())

        assert async_to_sync(allows)()

    @pytest.mark.django_db(transaction=True)
    def test_fixture_is_obeyed(self, site: Site, tmp_path: object) -> None:
        services.create_policy(policy())
        fixture = f"{tmp_path}/set.json"
        call_command("dumpdata", "cors_policies", output=fixture, verbosity=0)
        Policy.objects.all().delete()
        assert not site.allows()

        call_command("loaddata", fixture, verbosity=0)

        assert site.allows()

    @pytest.mark.django_db(transaction=True)
    def test_flushed_database_is_noticed(self, site: Site) -> None:
        services.create_policy(policy())
        assert site.allows()

        call_command("flush", interactive=False, verbosity=0)

        assert not site.allows()


def _grant(way: str) -> None:
    row, origin = Policy.objects.get(), Origin.objects.get_or_create(pattern=APP)[0]
    if way == "create":
        PolicyOrigin.objects.create(policy=row, origin=origin)
    elif way == "bulk-create":
        PolicyOrigin.objects.bulk_create([PolicyOrigin(policy=row, origin=origin)])
    elif way == "m2m-add":
        row.allowed_origins.add(origin)
    else:
        group = OriginGroup.objects.create(name="group")
        PolicyOriginGroup.objects.create(policy=row, group=group)
        OriginGroupOrigin.objects.create(group=group, origin=origin)


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    """A rolled-back transaction changes nothing anywhere."""

    def test_rolled_back_change_is_not_obeyed(self, site: Site) -> None:
        services.create_policy(policy())
        before = current_snapshot()

        with transaction.atomic():
            Policy.objects.all().delete()
            assert not site.allows()
            transaction.set_rollback(True)

        assert site.allows()
        assert current_snapshot() is before

    def test_rolled_back_savepoint_is_not_obeyed(self, site: Site) -> None:
        with transaction.atomic():
            services.create_policy(policy())
            assert site.allows()
            with transaction.atomic():
                Policy.objects.all().delete()
                assert not site.allows()
                transaction.set_rollback(True)
            assert site.allows()
        assert site.allows()

    def test_change_after_a_rolled_back_savepoint_is_obeyed(self, site: Site) -> None:
        with transaction.atomic():
            with transaction.atomic():
                services.create_policy(policy())
                transaction.set_rollback(True)
            services.create_policy(policy(allowed_origins=[OTHER]))
            assert (site.allows(), site.allows(OTHER)) == (False, True)
        assert (site.allows(), site.allows(OTHER)) == (False, True)

    def test_open_transaction_is_seen_by_no_other_thread(self, site: Site) -> None:
        assert not site.allows()
        with transaction.atomic(), ThreadPoolExecutor(1) as elsewhere:
            services.create_policy(policy())

            assert site.allows()
            assert not elsewhere.submit(site.allows).result()
            elsewhere.submit(connections.close_all).result()
        assert site.allows()


class TestSteadyState:
    """In the steady state a request costs no query."""

    @pytest.mark.django_db
    def test_warm_requests_ask_nothing(
        self, site: Site, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        services.create_policy(policy())
        site.allows()

        with django_assert_num_queries(0):
            for _ in range(50):
                assert site.allows()

    @pytest.mark.django_db
    def test_first_request_of_a_test_that_changes_nothing_asks_nothing(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        current_snapshot()  # what an earlier test has committed is loaded by now

        with django_assert_num_queries(0):
            client.get("/api/x", headers={"origin": APP})

    @pytest.mark.django_db
    def test_request_after_other_writes_asks_nothing(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        current_snapshot()
        get_user_model().objects.create(username="somebody")

        with django_assert_num_queries(0):
            client.get("/api/x", headers={"origin": APP})

    @pytest.mark.django_db
    @pytest.mark.parametrize("count", [1, 40])
    def test_load_asks_as_often_for_many_policies(self, client: Client, count: int) -> None:
        for number in range(count):
            services.create_policy(policy(f"p{number}", f"/api/{number}"))

        with CaptureQueriesContext(connection) as queries:
            client.get("/api/x")

        assert len(queries) == 8
