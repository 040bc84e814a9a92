"""Do counts add up in bounded room, whatever comes?"""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.observations.recorder import Recorder
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Key, Tallies, Tally, fold, harmless, merge

NOW = 1_800_000_000
REASONS = ["allowed", "origin-not-allowed", "method-not-allowed", "header-not-allowed", "bad-request-headers"]
KEYS = st.builds(
    Key,
    host=st.sampled_from(["", "api.example"]),
    path=st.sampled_from([f"/p{number}/**" for number in range(5)]),
    origin=st.sampled_from([f"https://o{number}.example" for number in range(9)]),
    method=st.sampled_from(["GET", "PUT"]),
    reason=st.sampled_from(REASONS),
    policy=st.sampled_from(["", "one"]),
    live_reason=st.sampled_from(["", "allowed"]),
    live_policy=st.just(""),
)
DECISIONS = st.lists(st.tuples(KEYS, st.integers(NOW, NOW + 3 * SECONDS_OF_A_DAY)), max_size=80)


def key(origin: str = "https://evil.example", path: str = "/api/**", reason: str = REASONS[1]) -> Key:
    """A key of which a test names only what it is about."""
    return Key("", path, origin, "GET", reason)


def rest(path: str = "/api/**", reason: str = REASONS[1]) -> Key:
    """The key of what was folded."""
    return Key("", path, "", "", reason)


def tallies(counts: dict[Key, int]) -> Tallies:
    """Tallies of decisions that were all made in one second."""
    return {key: Tally(count, NOW, NOW, {NOW // SECONDS_OF_A_DAY: count}) for key, count in counts.items()}


def counts(found: Tallies) -> dict[Key, int]:
    """How often each key was counted."""
    return {key: tally.count for key, tally in found.items()}


class TestHarmless:
    """A stranger's text becomes printable ASCII, cut to a bound."""

    @pytest.mark.parametrize("text", ["", "https://app.example:8080", "null", "a" * 512, "<b>&\"'", "a\\b"])
    def test_harmless_text_stays(self, text: str) -> None:
        assert harmless(text, 512) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            pytest.param("a\x00b", "a\\x00b", id="nul"),
            pytest.param("a\r\nb", "a\\r\\nb", id="line-break"),
            pytest.param("\ud800", "\\ud800", id="surrogate"),
            pytest.param("😀", "\\U0001f600", id="emoji"),
            pytest.param("é", "\\xe9", id="latin-1"),
            pytest.param("\u202e", "\\u202e", id="right-to-left"),
            pytest.param("\x7f", "\\x7f", id="delete"),
            pytest.param("a" * 513, "a" * 509 + "...", id="long"),
            pytest.param("😀" * 512, ("\\U0001f600" * 52)[:509] + "...", id="long-when-escaped"),
        ],
    )
    def test_other_text_is_escaped_and_cut(self, text: str, shown: str) -> None:
        assert harmless(text, 512) == shown

    @given(st.text(st.characters(categories=["L", "Cc", "Cs", "Cf", "So"]), max_size=40))
    def test_what_was_made_harmless_stays(self, text: str) -> None:
        shown = harmless(text, 32)

        assert harmless(shown, 32) == shown
        assert shown.isascii()
        assert shown.isprintable()
        assert len(shown) <= 32


class TestFold:
    """The rare are folded into a rest, first of the path group and reason; no count is lost."""

    @given(DECISIONS, st.integers(1, 12))
    def test_counts_add_up_in_any_room(self, decisions: list[tuple[Key, int]], room: int) -> None:
        found: Tallies = {}
        for one, moment in decisions:
            found.setdefault(one, Tally()).add(moment)

        fold(found, room)

        assert len(found) <= room
        assert sum(tally.count for tally in found.values()) == len(decisions)
        by_day = sum((Counter(tally.days) for tally in found.values()), Counter[int]())
        assert by_day == Counter(moment // SECONDS_OF_A_DAY for _key, moment in decisions)
        if decisions:
            assert min(tally.first for tally in found.values()) >= min(moment for _key, moment in decisions)

    @given(DECISIONS, st.integers(2 * len(REASONS), 14))
    def test_counts_of_a_reason_add_up_where_there_is_room_for_each(
        self, decisions: list[tuple[Key, int]], room: int
    ) -> None:
        found: Tallies = {}
        for one, moment in decisions:
            found.setdefault(one, Tally()).add(moment)

        fold(found, room)

        assert {one.reason for one in found} == {one.reason for one, _moment in decisions}

    def test_what_fits_stays(self) -> None:
        found = tallies({key(f"https://o{number}.example"): 1 for number in range(4)})

        fold(found, 4)

        assert rest() not in found

    def test_rare_ones_go_to_the_rest_of_their_path_group_and_reason(self) -> None:
        common = {key("https://a.example"): 9, key("https://b.example"): 8}
        found = tallies({**common, key("https://c.example"): 2, key("https://d.example"): 1, key("x"): 1})

        fold(found, 4)

        assert counts(found) == {**common, key("https://c.example"): 2, rest(): 2}

    def test_older_one_of_two_goes_first(self) -> None:
        found = {key(name): Tally(1, NOW, NOW + age, {}) for name, age in [("a", 3), ("b", 1), ("c", 2)]}

        fold(found, 2)

        assert set(found) == {key("a"), rest()}

    def test_common_ones_are_spared_where_rests_alone_would_fill_the_room(self) -> None:
        common = key("https://often.example", "/p0/**")
        found = tallies({common: 50, **{key("https://rare.example", f"/p{n}/**"): 1 for n in range(40)}})

        fold(found, 10)

        assert len(found) == 10
        assert found[common].count == 50
        assert Key("", "", "", "", REASONS[1]) in found

    def test_room_for_one_holds_everything(self) -> None:
        found = tallies({key(reason=reason, path=f"/{reason}"): 2 for reason in REASONS})

        fold(found, 1)

        assert counts(found) == {Key("", "", "", "", ""): 10}


class TestMerge:
    """Merging adds counts and days, and widens the time."""

    def test_adds(self) -> None:
        found = {key(): Tally(2, 10, 20, {1: 1, 2: 1})}
        others = {key(): Tally(3, 5, 15, {1: 3}), key("other"): Tally(1, 7, 7, {1: 1})}

        merge(found, others)
        found[key("other")].add(NOW)

        assert found[key()] == Tally(5, 5, 20, {1: 4, 2: 1})
        assert others[key("other")] == Tally(1, 7, 7, {1: 1})


class TestRecorder:
    """The memory of a process is bounded, and what comes often is not hidden by a flood."""

    def test_flood_is_folded(self) -> None:
        recorder = Recorder(limit=100)
        for number in range(5_000):
            recorder.add(key(f"https://flood{number}.example"), NOW)
            if number % 10 == 0:
                recorder.add(key("https://often.example"), NOW)

        taken = recorder.take()

        assert len(taken) <= 100
        assert sum(counts(taken).values()) == 5_500
        assert taken[key("https://often.example")].count == 500

    def test_taken_once(self) -> None:
        recorder = Recorder()
        recorder.add(key(), NOW)

        assert counts(recorder.take()) == {key(): 1}
        assert recorder.take() == {}

    def test_given_back_is_counted_beside_what_came_meanwhile(self) -> None:
        recorder = Recorder(limit=4)
        recorder.add(key(), NOW)
        taken = recorder.take()
        for number in range(4):
            recorder.add(key(f"https://o{number}.example"), NOW)

        recorder.give_back(taken)

        found = recorder.take()
        assert sum(counts(found).values()) == 5
        assert len(found) <= 4

    def test_threads_lose_nothing(self) -> None:
        recorder, barrier = Recorder(), threading.Barrier(4)
        taken: list[Tallies] = []

        def count() -> None:
            barrier.wait()
            for _ in range(2_000):
                recorder.add(key(), NOW)
            taken.append(recorder.take())

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum(sum(counts(found).values()) for found in taken) == 8_000
