"""Is what a write would mean found without writing, and in a bounded number of queries?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from cors_policies import documents, services
from cors_policies.core.comparing.impact import Effect, Impact, Opened, Seen, Traffic
from cors_policies.core.path_group import Site
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.models import Origin, OriginGroup, Policy, Revision
from cors_policies.models.versions import read_token
from cors_policies.observations import recent_traffic
from tests.factories import OriginGroupFactory, PolicyFactory, observe
from tests.helpers import policy

pytestmark = pytest.mark.django_db

APP = "https://app.example"
PARTNER = "https://partner.example"


def seen(path: str = "/api/**", origin: str = APP, count: int = 1) -> Seen:
    """What was seen and allowed."""
    return Seen("", path, origin, "GET", "allowed", count)


def foresee(write: Callable[[], object], *rows: Seen) -> Impact:
    """What the write would mean for these."""
    return services.foresee(write, Traffic(rows, is_known=True))


def change(name: str = "public-api", **keys: Any) -> Callable[[], object]:
    """A change of a stored policy."""
    return lambda: services.update_policy(Policy.objects.get(name=name), keys, partial=True)


class TestForesee:
    """The real write is done and taken back: nothing is stored, and what it raises is raised."""

    @pytest.fixture(autouse=True)
    def _stored(self) -> None:
        OriginGroupFactory.create(name="partners")
        services.create_policy(policy(origin_groups=["partners"]))

    @pytest.mark.parametrize(
        ("write", "row"),
        [
            pytest.param(change(allowed_origins=[]), seen(), id="origin-taken-out"),
            pytest.param(change(mode="off"), seen(), id="switched-off"),
            pytest.param(change(path="/other"), seen(), id="moved"),
            pytest.param(change(expires_at="2020-01-01T00:00:00Z"), seen(), id="expired"),
            pytest.param(lambda: Policy.objects.all().delete(), seen(), id="deleted"),
            pytest.param(
                lambda: OriginGroup.objects.all().delete(), seen(origin=PARTNER), id="group-deleted"
            ),
            pytest.param(
                lambda: services.update_group(OriginGroup.objects.get(), {"origins": []}, partial=True),
                seen(origin=PARTNER),
                id="taken-out-of-the-group",
            ),
            pytest.param(
                lambda: services.update_origin(
                    Origin.objects.get(pattern=APP), {"pattern": "https://new.example"}
                ),
                seen(),
                id="renamed-everywhere",
            ),
            pytest.param(lambda: services.create_policy(policy("shield", "/api/x")), None, id="part-of-it"),
        ],
    )
    def test_cut_off(self, write: Callable[[], object], row: Seen | None) -> None:
        before = documents.policy_set_document("default"), read_token("default"), Revision.objects.count()

        found = foresee(write, row or seen(origin=PARTNER))

        assert [(one.seen.origin, one.is_partly) for one in found.cut_off] == [
            (row.origin, False) if row else (PARTNER, True)
        ]
        assert before == (
            documents.policy_set_document("default"),
            read_token("default"),
            Revision.objects.count(),
        )

    @pytest.mark.parametrize(
        "write",
        [
            pytest.param(change(max_age=5), id="another-key"),
            pytest.param(lambda: None, id="nothing"),
            pytest.param(lambda: services.create_policy(policy("other", "/other")), id="elsewhere"),
        ],
    )
    def test_nobody_is_cut_off(self, write: Callable[[], object]) -> None:
        found = foresee(write, seen(), seen(origin=PARTNER))

        assert (found.cut_off, found.opened) == ((), ())

    @pytest.mark.parametrize("rows", [(), (seen(),)])
    def test_opened_credentials(self, rows: tuple[Seen, ...]) -> None:
        found = foresee(change(allow_credentials=True), *rows)

        assert found.opened == (Opened("public-api", Site("", "/api/**"), (APP, PARTNER)),)

    @pytest.mark.parametrize("rows", [(), (seen(),)])
    def test_opened_through_a_group(self, rows: tuple[Seen, ...]) -> None:
        change(allow_credentials=True)()

        found = foresee(
            lambda: services.update_group(
                OriginGroup.objects.get(), {"origins": [PARTNER, "https://b.example"]}
            ),
            *rows,
        )

        assert found.opened == (Opened("public-api", Site("", "/api/**"), ("https://b.example",)),)

    @pytest.mark.parametrize("rows", [(), (seen(),)])
    @pytest.mark.parametrize(
        "write",
        [
            pytest.param(lambda: Policy.objects.get(name="shield").delete(), id="deleted"),
            pytest.param(change("shield", mode="off"), id="switched-off"),
            pytest.param(change("shield", mode="trial"), id="on-trial"),
            pytest.param(change("shield", path="/other"), id="moved"),
            pytest.param(change("shield", expires_at="2020-01-01T00:00:00Z"), id="expired"),
        ],
    )
    def test_path_is_left_to_a_broader_policy(
        self, write: Callable[[], object], rows: tuple[Seen, ...]
    ) -> None:
        change(allow_credentials=True)()
        services.create_policy(policy("shield", "/api/cors/**", allowed_origins=[]))

        found = foresee(write, *rows)

        assert found.opened == (Opened("public-api", Site("", "/api/cors/**"), (APP, PARTNER)),)

    def test_path_is_left_by_a_broken_row(self, run_sql: Callable[..., None]) -> None:
        change(allow_credentials=True)()
        services.create_policy(policy("broken", "/api/cors/**", allowed_origins=[]))
        run_sql("UPDATE cors_policies_policy SET trust_for_csrf = TRUE WHERE name = 'broken'")

        found = foresee(lambda: Policy.objects.get(name="broken").delete())

        assert found.opened == (Opened("public-api", Site("", "/api/cors/**"), (APP, PARTNER)),)

    def test_other_policy_of_the_place_had_opened_it(self) -> None:
        services.create_policy(policy("twin", allow_credentials=True, priority=200))

        assert foresee(change(allow_credentials=True, origin_groups=[])).opened == ()

    def test_refusal_is_raised(self) -> None:
        with pytest.raises(InvalidPolicyError):
            foresee(change(path="nonsense"))

    @pytest.mark.parametrize("path", ["/api/x", "/a//b"])
    def test_broken_rows_are_no_obstacle(self, run_sql: Callable[..., None], path: str) -> None:
        services.create_policy(policy("broken", "/api/x"))
        run_sql("UPDATE cors_policies_policy SET path = %s, host = 'a b' WHERE name = 'broken'", path)

        assert len(foresee(change(allowed_origins=[]), seen()).cut_off) == 1

    def test_queries_do_not_grow_with_the_set(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(
                connection,
            ) as found:
                foresee(change(allowed_origins=[]), seen())
            return len(found)

        before = queries()
        for _ in range(20):
            PolicyFactory.create(allow_credentials=True)

        assert queries() == before


class TestForeseen:
    """A dry run's report is judged like the write."""

    def test_as_the_write_itself(self) -> None:
        services.create_policy(policy())
        body = {"policies": [policy(allowed_origins=[PARTNER], allow_credentials=True), policy("b", "/b")]}
        report = services.apply_document(body, replace=True, dry_run=True)

        found = services.foreseen(report, Traffic((seen(),), is_known=True))

        assert found.cut_off == (Effect(seen(), "origin-not-allowed"),)
        assert [one.origins for one in found.opened] == [(PARTNER,)]
        assert found == foresee(lambda: services.apply_document(body, replace=True), seen())


class TestRecentTraffic:
    """The last seven days are added up, and what is not known is told."""

    def test_days_and_reasons(self) -> None:
        observe(days=(1, 2, 0, 0, 0, 0, 4, 8), reason="allowed")
        observe(days=(5,), reason="allowed", policy="renamed")
        observe("https://evil.example")
        observe("https://old.example", days=(0,) * 7 + (1,))
        observe("", days=(6,), reason="allowed", method="")

        found = recent_traffic()

        assert found.seen == (
            seen(count=12),
            Seen("", "/api/**", "https://evil.example", "GET", "origin-not-allowed", 1),
        )
        assert (found.is_known, found.unnamed) == (False, 6)
        assert recent_traffic({"allowed"}).seen == (seen(count=12),)

    @pytest.mark.parametrize(("observed", "known"), [("all", True), ("denied", False), ("off", False)])
    def test_known_only_where_all_is_counted(self, settings: Settings, observed: str, known: bool) -> None:
        settings.CORS_POLICIES = {"OBSERVE": observed}

        assert recent_traffic().is_known is known
