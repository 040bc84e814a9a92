"""Are trials loaded, do they end on time, and do their counts fit beside the others?"""

from __future__ import annotations

import time

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from cors_policies import documents, observations, services
from cors_policies.core.comparing.trials import NEWLY_ALLOWED, NEWLY_DENIED, OTHERWISE
from cors_policies.core.engine import Decision, StatedFacts, decide
from cors_policies.core.path_group import Site
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import compile_snapshot
from cors_policies.models import Observation, Policy, Revision, TrialObservation
from cors_policies.observations import observer
from cors_policies.observations.rows import KEEP_DAYS, store_tallies
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Key, Tally, fold
from cors_policies.observations.trials import report_of, requests_by_site
from cors_policies.store import current_snapshot
from tests.db.test_expiry import END, Clock, clock
from tests.db.test_tallies import NOW
from tests.helpers import policy

__all__ = ["clock"]

EVIL = "https://evil.example"
SITE = Site("", "/api/**")


def key(
    origin: str = EVIL, live: str = "allowed", reason: str = "origin-not-allowed", path: str = "/api/**"
) -> Key:
    """The key of a trial's decision."""
    return Key("", path, origin, "GET", reason, "", live, "public-api")


def store(counts: dict[Key, int], room: int = 100, now: int = NOW) -> None:
    """Adds to the rows of trials as a process does."""
    tallies = {one: Tally(count, now, now, {now // SECONDS_OF_A_DAY: count}) for one, count in counts.items()}
    with transaction.atomic():
        store_tallies("default", tallies, room, now, TrialObservation)


def stored() -> dict[tuple[str, ...], int]:
    """The count of each row of a trial."""
    rows = TrialObservation.objects.values_list("path", "origin", "live_reason", "reason", "count")
    return {tuple(values[:-1]): values[-1] for values in rows}


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is :data:`NOW`."""
    monkeypatch.setattr("time.time", lambda: float(NOW))


@pytest.mark.django_db
class TestMode:
    """``trial`` is a mode like the others, whichever way a policy takes."""

    def test_set_goes_out_and_in_again_unchanged(self) -> None:
        services.create_policy(policy(mode="trial"))
        before = documents.policy_set_document("default")

        report = services.apply_document(before, replace=True)

        assert (before["policies"][0]["mode"], report.changes) == ("trial", ())

    def test_revision_brings_it_back(self) -> None:
        row = services.create_policy(policy(mode="trial"))
        first = Revision.objects.get()
        services.update_policy(row, {"mode": "live"}, partial=True)
        services.restore(first)

        assert Policy.objects.get().mode == "trial"

    @pytest.mark.parametrize("mode", ["tried", ""])
    def test_database_refuses_any_other(self, mode: str) -> None:
        services.create_policy(policy())

        with pytest.raises(IntegrityError), transaction.atomic():
            Policy.objects.update(mode=mode)

    def test_model_accepts_it(self) -> None:
        Policy(name="a", path="/a", mode="trial").full_clean()


@pytest.mark.django_db(transaction=True)
class TestExpiry:
    """A policy on trial ends on time, without a write."""

    def test_end(self, clock: Clock) -> None:
        services.create_policy(policy(mode="trial", expires_at=END))
        before = current_snapshot().trial
        clock.seconds = 10

        assert before is not None
        assert current_snapshot().trial is None

    def test_clock_that_is_set_back_brings_it_back(self, clock: Clock, settings: Settings) -> None:
        settings.CORS_POLICIES = {"REFRESH_INTERVAL": 0}
        services.create_policy(policy(mode="trial", expires_at=END))
        clock.seconds = 10
        assert current_snapshot().trial is None

        clock.seconds = 0

        assert current_snapshot().trial is not None


@pytest.mark.django_db
class TestRows:
    """Counts of trials have rows and room of their own, and fold as the others do."""

    def test_equal_keys_share_a_row(self) -> None:
        store({key(): 2})
        store({key(): 3, key(live="ungoverned"): 1})

        assert stored() == {
            ("/api/**", EVIL, "allowed", "origin-not-allowed"): 5,
            ("/api/**", EVIL, "ungoverned", "origin-not-allowed"): 1,
        }

    def test_rare_ones_are_folded_by_path_group_and_both_reasons(self) -> None:
        store({key(f"https://o{number}.example"): 1 for number in range(50)} | {key(): 9}, room=4)

        found = stored()
        assert len(found) <= 4
        assert sum(found.values()) == 59
        assert found["/api/**", EVIL, "allowed", "origin-not-allowed"] == 9
        assert ("/api/**", "", "allowed", "origin-not-allowed") in found

    def test_no_room_at_all_keeps_the_sum(self) -> None:
        store({key(): 2, key(live="ungoverned"): 3}, room=1)
        store({key(path="/other"): 4}, room=1)

        assert stored() == {("", "", "", ""): 9}

    def test_neither_kind_takes_room_from_the_other(self, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE_MAX_ROWS": 3}
        observer.configure()
        for number in range(3):
            count(f"https://o{number}.example")
        observations.flush()

        assert (Observation.objects.count(), TrialObservation.objects.count()) == (3, 3)

    def test_reasons_stay_apart_where_memory_is_short(self) -> None:
        found = {key(f"https://o{number}.example"): Tally(1, NOW, NOW, {}) for number in range(50)}
        fold(found, 3)

        assert {one.live_reason for one in found} == {"allowed"}

    def test_old_row_goes(self) -> None:
        store({key(): 1})
        store({key("https://o.example"): 1}, now=NOW + (KEEP_DAYS + 1) * SECONDS_OF_A_DAY)

        assert [origin for _, origin, *_ in stored()] == ["https://o.example"]

    def test_text_says_what_differs(self) -> None:
        store({key(): 1})

        assert str(TrialObservation.objects.get()) == f"{EVIL} /api/**: origin-not-allowed, not allowed"

    def test_ungoverned_decision_has_nothing_to_count_by(self) -> None:
        ungoverned = Decision("ungoverned")
        observer.count((ungoverned, EVIL, "GET", ungoverned), time.monotonic())
        observations.flush()

        assert stored() == {}


def count(origin: str) -> None:
    """A denied request that a trial would allow, counted as both."""
    facts = StatedFacts(method="GET", path="/api/x", origin=origin)
    sets = [policy()], [policy(allowed_origins=["*"])]
    live, trial = (
        decide(compile_snapshot(parse_policy_set({"policies": found}).policies, {}), facts) for found in sets
    )
    observer.count((live, origin, "GET", None), time.monotonic())
    observer.count((trial, origin, "GET", live), time.monotonic())


@pytest.mark.django_db
@pytest.mark.usefixtures("at_noon")
class TestReport:
    """All is counted, the most frequent ones are shown, each under its kind."""

    def test_kinds_sums_and_the_most_frequent(self) -> None:
        allowed = {
            key(f"https://a{number}.example", "ungoverned", "allowed"): number for number in range(1, 6)
        }
        store(allowed | {key(): 7, key(live="method-not-allowed"): 8, key(path="/other"): 9})

        found = report_of([SITE], 3)[SITE]

        shown = {kind: (each.rows, each.requests, each.hidden) for kind, each in found.items()}
        assert shown == {NEWLY_ALLOWED: (5, 15, 2), NEWLY_DENIED: (1, 7, 0), OTHERWISE: (1, 8, 0)}
        assert [each.count for each in found[NEWLY_ALLOWED].shown] == [5, 4, 3]
        assert found[NEWLY_DENIED].shown[0].live_policy == "public-api"

    def test_most_frequent_of_a_kind_come_first_whatever_their_reasons(self) -> None:
        lives = ("ungoverned", "origin-not-allowed", "method-not-allowed")
        store({key(f"https://a{n}.example", lives[n % 3], "allowed"): n for n in range(1, 10)})

        found = report_of([SITE], 4)[SITE][NEWLY_ALLOWED]

        assert [each.count for each in found.shown] == [9, 8, 7, 6]

    def test_sites_are_summed_up(self) -> None:
        store({key(): 7, key(live="ungoverned"): 1, key(path="/other"): 2})

        assert requests_by_site() == {SITE: 8, Site("", "/other"): 2}

    def test_nothing_recorded(self) -> None:
        found = report_of([SITE], 3)[SITE]

        assert ({each.rows for each in found.values()}, requests_by_site()) == ({0}, {})

    def test_no_site(self) -> None:
        store({key(): 1})

        assert report_of([], 3) == {}

    def test_old_rows_are_not_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store({key(): 1})
        monkeypatch.setattr("time.time", lambda: float(NOW + (KEEP_DAYS + 1) * SECONDS_OF_A_DAY))

        assert requests_by_site() == {}

    def test_queries_do_not_grow(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        store({key(f"https://o{n}.example", path=f"/p{n % 20}"): n for n in range(1, 90)})
        with django_assert_num_queries(3):
            report_of([Site("", f"/p{n}") for n in range(20)], 2)
            requests_by_site()
