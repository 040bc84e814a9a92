"""Do the tallies of many processes become rows, without one lost and without too many?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, transaction
from pytest_django import DjangoAssertNumQueries

from cors_policies.models import Observation
from cors_policies.models.observations import lock_observations
from cors_policies.models.versions import read_token
from cors_policies.observations import rows as rows_module
from cors_policies.observations.rows import COUNTED_DAYS, KEEP_DAYS, digest_of, store_tallies
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Key, Tallies, Tally
from cors_policies.store.connection import bounded_transaction, own_connection
from tests.db.test_tallies import NOW, key, rest, tallies

TODAY = NOW // SECONDS_OF_A_DAY


def store(added: Tallies, room: int = 100, now: int = NOW) -> None:
    """Adds to the rows as a process does."""
    with transaction.atomic():
        store_tallies("default", added, room, now)


def stored() -> dict[Key, int]:
    """The count of each row."""
    rows = Observation.objects.values_list(*Key._fields[:6], "count")
    return {Key(*values[:-1]): values[-1] for values in rows}


@pytest.mark.django_db
class TestRows:
    """Equal keys share a row, whoever counted; rows say how often, since when and until when."""

    def test_new_and_known_rows_add_up(self) -> None:
        store({key(): Tally(2, NOW, NOW + 5, {TODAY: 2})})
        store({key(): Tally(3, NOW + 7, NOW + 9, {TODAY: 3}), key("x"): Tally(1, NOW, NOW, {TODAY: 1})})

        row = Observation.objects.get(origin=key().origin)
        assert (row.count, row.first_seen, row.last_seen, row.days) == (
            5,
            "2027-01-15T08:00:00Z",
            "2027-01-15T08:00:09Z",
            {str(TODAY): 5},
        )
        assert stored() == {key(): 5, key("x"): 1}

    def test_strangers_texts_are_stored_harmless(self) -> None:
        hostile = key("\x00\ud800😀" + "a" * 600)._replace(method="M" * 99)
        store(tallies({hostile: 1, hostile._replace(origin=hostile.origin[:513]): 1}))

        row = Observation.objects.get()
        assert row.origin.startswith("\\x00\\ud800\\U0001f600aaa")
        assert (len(row.origin), len(row.method), row.count) == (512, 32, 2)

    def test_rows_are_no_part_of_the_set(self) -> None:
        before = read_token("default")
        store(tallies({key(): 1}))

        assert read_token("default") == before

    def test_queries_do_not_grow(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        store(tallies({key(f"https://o{number}.example"): 1 for number in range(50)}))
        with django_assert_num_queries(7):
            store(tallies({key(f"https://o{number}.example"): 1 for number in range(90)}))

    def test_text_says_who_and_why(self) -> None:
        store(tallies({key(): 1, rest(): 1}))

        assert sorted(map(str, Observation.objects.all())) == [
            "... /api/**: origin-not-allowed",
            "https://evil.example /api/**: origin-not-allowed",
        ]


@pytest.mark.django_db
class TestBound:
    """There are never more rows than were asked for; what does not fit is folded, and counts add up."""

    @pytest.mark.parametrize("room", [1, 2, 5, 10, 49, 50, 51])
    def test_flood_is_folded(self, room: int) -> None:
        for part in range(5):
            store(tallies({key(f"https://o{part}-{number}.example"): 1 for number in range(10)}), room)
            assert len(stored()) <= room

        found = stored()
        assert sum(found.values()) == 50
        assert (rest() in found) == (room < 50)

    def test_frequent_ones_outlive_the_flood(self) -> None:
        store(tallies({key("https://often.example"): 5}), 4)
        store(tallies({key(f"https://o{number}.example"): 1 for number in range(10)}), 4)

        assert stored()[key("https://often.example")] == 5

    def test_flood_replaces_few_rows_and_spares_those_that_are_known(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rows_module, "MAX_REPLACED", 3)
        known = {key(f"https://known{number}.example"): 1 for number in range(20)}
        store(tallies(known), 20)
        flood = {key(f"https://flood{number}.example"): 1 for number in range(50)}
        store(tallies({**flood, **dict.fromkeys(known, 1)}), 20)

        found = stored()
        assert len([one for one in found if one in flood]) <= 3
        assert len([one for one in known if found.get(one) == 2]) >= 15
        assert sum(found.values()) == 90

    def test_smaller_bound_is_obeyed_from_the_next_time_on(self) -> None:
        store(tallies({key(f"https://o{number}.example"): 1 for number in range(9)}))
        store(tallies({key("https://o1.example"): 1}), 3)

        assert stored() == {key("https://o1.example"): 2, key("https://o8.example"): 1, rest(): 7}


@pytest.mark.django_db
class TestAge:
    """A row that nothing was added to for a month goes; counts of single days are kept for two weeks."""

    def test_old_rows_go(self) -> None:
        store(tallies({key("old"): 1, key("kept"): 1}))
        store({key("kept"): Tally(1, NOW + 9, NOW + 9, {TODAY: 1})})

        store(tallies({key("new"): 1}), now=NOW + 5 + KEEP_DAYS * SECONDS_OF_A_DAY)

        assert set(stored()) == {key("kept"), key("new")}

    def test_old_days_go(self) -> None:
        old = TODAY - COUNTED_DAYS
        store({key(): Tally(3, NOW, NOW, {old: 1, old + 1: 1, TODAY: 1})})

        assert Observation.objects.get().days == {str(old + 1): 1, str(TODAY): 1}
        assert stored() == {key(): 3}


@pytest.mark.django_db(transaction=True)
class TestManyProcesses:
    """Nothing is lost where many write at once, and nothing is stored of what fails."""

    def test_counts_of_all_add_up(self) -> None:
        def process(number: int) -> None:
            for turn in range(5):
                names = [f"https://o{number}-{turn}.example", "https://a.example", "https://z.example"]
                with own_connection("default", writes=True), bounded_transaction("default"):
                    store_tallies("default", tallies(dict.fromkeys(map(key, names), 1)), 8, NOW)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(process, range(4)))

        found = stored()
        assert sum(found.values()) == 60
        assert len(found) <= 8
        assert found[key("https://a.example")] == found[key("https://z.example")] == 20

    def test_failure_stores_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store(tallies({key(f"https://o{number}.example"): 1 for number in range(5)}))
        before = stored()

        def fail(*_args: object, **_kwargs: object) -> None:
            raise OperationalError("away")

        with monkeypatch.context() as patch:
            patch.setattr(rows_module, "write_observations", fail)
            with pytest.raises(OperationalError):
                store(tallies({key("new"): 1}), 3)

        assert stored() == before

    def test_row_that_is_locked_is_never_shown(self) -> None:
        with transaction.atomic():
            lock_observations("default")
            lock_observations("default")

        assert not Observation.objects.exists()
        assert Observation._base_manager.count() == 1


class TestDigest:
    """Keys that differ have digests that differ."""

    def test_parts_do_not_run_together(self) -> None:
        assert digest_of(Key("a", "b", "", "", "")) != digest_of(Key("", "ab", "", "", ""))
        assert len(digest_of(key())) == 64
