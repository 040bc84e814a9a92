"""Does the site go on when the policy set cannot be read, or holds what nobody could have written by hand?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, transaction
from django.test import Client

from cors_policies import documents, services
from cors_policies.models import Policy
from cors_policies.store import connection, store
from tests.db.conftest import APP, Site
from tests.helpers import policy

RunSql = Callable[..., None]


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Makes every read of the set fail; called, it ends that."""

    def fail(using: str) -> None:
        raise OperationalError(f"{using} is away")

    with monkeypatch.context() as patch:
        patch.setattr(documents.reading, "read_token", fail)
        patch.setattr(connection, "read_token", fail)
        yield patch.undo


@pytest.mark.django_db(transaction=True)
class TestOutage:
    """Requests go on being decided by the last good set; an outage is logged once, and its end."""

    @pytest.fixture(autouse=True)
    def _loaded(self, site: Site) -> None:
        services.create_policy(policy())
        assert site.allows()

    def test_last_good_set_stays_in_force(
        self, site: Site, outage: Callable[[], None], caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            Policy.objects.update(mode="off")
            assert site.allows()
        outage()
        Policy.objects.update(mode="off")
        assert not site.allows()

        messages = [record.getMessage() for record in caplog.records if record.name == "cors_policies"]
        assert len(messages) == 2
        assert "the last good set stays in force: OperationalError: default is away" in messages[0]
        assert "can be read again" in messages[1]

    def test_transaction_of_a_test_sees_the_last_good_set(
        self, site: Site, outage: Callable[[], None]
    ) -> None:

        with transaction.atomic():
            Policy.objects.update(mode="off")
            assert site.allows()
        outage()
        store.mark_stale()
        assert not site.allows()


@pytest.mark.django_db(transaction=True)
class TestNeverLoaded:
    """No set could ever be loaded: every path is ungoverned, the site works, and loading is tried again."""

    def test_site_works_and_is_governed_once_the_set_can_be_read(
        self, client: Client, site: Site, outage: Callable[[], None], caplog: pytest.LogCaptureFixture
    ) -> None:
        services.create_policy(policy())
        store.start_anew()
        store.load()

        assert not site.allows()
        assert client.get("/nowhere").status_code == 404
        assert "no path is governed until it can be" in caplog.text

        outage()
        store.mark_stale()
        assert site.allows()


@pytest.mark.django_db
class TestBrokenRows:
    """A row that is invalid all the same is left out and logged once; its path stays governed."""

    @pytest.fixture(autouse=True)
    def _policies(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.ERROR, "cors_policies")
        services.create_policy(policy("wide", "/**", allowed_origins=["*"]))
        services.create_policy(policy("narrow", "/api/**"))
        services.create_policy(policy("other", "/other/**"))

    def test_path_of_a_broken_policy_is_shielded(self, site: Site, run_sql: RunSql) -> None:
        run_sql(
            "UPDATE cors_policies_policy SET allowed_methods = %s WHERE name = %s",
            '["NOT A METHOD"]',
            "narrow",
        )
        store.mark_stale()

        assert not site.allows()
        assert not site.allows("https://any.example", "/api/deeper")
        assert site.allows(path="/other/x")
        assert site.allows("https://any.example", "/elsewhere")

    def test_broken_origin_shields_the_policies_that_use_it(self, site: Site, run_sql: RunSql) -> None:
        run_sql("UPDATE cors_policies_origin SET pattern = %s WHERE pattern = %s", "no origin", APP)
        store.mark_stale()

        assert not site.allows()
        assert not site.allows(path="/other/x")
        assert site.allows(path="/elsewhere")

    def test_broken_origin_of_a_group_shields_its_policies(self, site: Site, run_sql: RunSql) -> None:
        services.create_group({"name": "group", "origins": ["https://group.example"]})
        services.create_policy(policy("grouped", "/grouped", origin_groups=["group"]))
        run_sql(
            "UPDATE cors_policies_origin SET pattern = %s WHERE pattern = %s", "x", "https://group.example"
        )
        store.mark_stale()

        assert not site.allows(path="/grouped")
        assert site.allows()

    def test_unsafe_combination_is_shielded(self, site: Site, run_sql: RunSql) -> None:
        run_sql("UPDATE cors_policies_policy SET allow_credentials = %s WHERE name = %s", True, "wide")
        store.mark_stale()

        assert not site.allows(path="/elsewhere")

    def test_broken_policy_that_is_off_governs_nothing(self, site: Site, run_sql: RunSql) -> None:
        run_sql("UPDATE cors_policies_policy SET allowed_methods = '7', mode = 'off' WHERE name = 'narrow'")
        store.mark_stale()

        assert site.allows("https://any.example", "/api/x")

    def test_unreadable_path_governs_nothing_and_breaks_nothing(self, site: Site, run_sql: RunSql) -> None:
        run_sql("UPDATE cors_policies_policy SET path = '/a//b' WHERE name = 'narrow'")
        store.mark_stale()

        assert site.allows(path="/other/x")

    def test_sole_policy_beside_a_shield_is_not_alone(self, client: Client, run_sql: RunSql) -> None:
        services.create_policy(policy("second", "/**"))
        run_sql("UPDATE cors_policies_policy SET allowed_methods = '7' WHERE name = 'second'")
        store.mark_stale()

        response = client.get("/elsewhere", headers={"origin": APP})

        assert response.headers["Access-Control-Allow-Origin"] == APP
        assert "Origin" in response.headers["Vary"]

    def test_it_is_logged_once(self, site: Site, run_sql: RunSql, caplog: pytest.LogCaptureFixture) -> None:
        run_sql("UPDATE cors_policies_policy SET allowed_methods = '[7]' WHERE name = 'narrow'")
        for _ in range(3):
            store.mark_stale()
            site.allows()

        (record,) = [record for record in caplog.records if record.name == "cors_policies"]
        assert 'policy "narrow": allowed_methods.0: invalid' in record.getMessage()
