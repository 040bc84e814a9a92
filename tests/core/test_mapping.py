"""Does the map hold every policy once, where selection would look for it, with whom it lets in?"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.path_group import Site
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.policy_map.mapping import (
    BROKEN,
    EXPIRED,
    SHIELD,
    Access,
    BrokenPolicy,
    Entry,
    chart,
    found_names,
    hosts_in_order,
    narrowed,
)
from cors_policies.core.segments import SegmentKey
from tests.core.building import compiled
from tests.core.path_strategies import pattern_texts, request_paths

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
HOSTS = ("", "api.example.com", "a.api.example.com", "*.example.com", "*.api.example.com", "*.org")
GROUPS = {
    "partners": OriginGroup(name="partners", origins=("https://one.partner.example",)),
    "public": OriginGroup(name="public", origins=("*",)),
    "empty": OriginGroup(name="empty"),
}


def made(name: str = "app", path: str = "/api/**", **keys: Any) -> Policy:
    """A policy that lets one origin in, unless something else is said."""
    return Policy(name=name, path=path, **{"allowed_origins": ("https://app.example",), **keys})


def charted(*policies: Policy, broken: tuple[BrokenPolicy, ...] = ()) -> list[Entry]:
    """The entries of the map."""
    return chart(policies, GROUPS, broken, now=NOW)


def one(**keys: Any) -> Entry:
    """The entry of one policy."""
    (entry,) = charted(made(**keys))
    return entry


class TestHosts:
    """Exact hosts come first, then wildcards, the longest first, and every host last."""

    def test_are_in_the_order_of_selection(self) -> None:
        assert hosts_in_order(HOSTS) == [
            "a.api.example.com",
            "api.example.com",
            "*.api.example.com",
            "*.example.com",
            "*.org",
            "",
        ]

    @given(st.permutations(HOSTS))
    def test_order_does_not_depend_on_that_of_the_rows(self, hosts: list[str]) -> None:
        assert hosts_in_order(hosts) == hosts_in_order(HOSTS)


class TestOrder:
    """Policies stand where a request would look for them: host, path, priority, name."""

    def test_of_a_path_group_is_that_of_the_trials(self) -> None:
        entries = charted(made("b"), made("a"), made("late", priority=200), made("early", priority=1))

        assert [entry.name for entry in entries] == ["early", "a", "b", "late"]

    def test_host_comes_before_path_and_path_before_priority(self) -> None:
        entries = charted(
            made("any", "/a/b", priority=0),
            made("wide", "/**", host="api.example.com", priority=0),
            made("narrow", "/a", host="api.example.com", priority=9),
        )

        assert [entry.name for entry in entries] == ["narrow", "wide", "any"]

    @given(
        st.lists(st.tuples(st.sampled_from(HOSTS), pattern_texts(), st.integers(0, 3)), max_size=30),
        st.integers(0, 3),
    )
    def test_is_the_precedence_of_paths_and_no_policy_is_lost_or_doubled(
        self, places: list[tuple[str, str, int]], broken_count: int
    ) -> None:
        policies = [
            made(f"p{number}", path, host=host, priority=priority)
            for number, (host, path, priority) in enumerate(places)
        ]
        broken = tuple(
            BrokenPolicy(f"b{number}", (), Site("", "/a") if number else None)
            for number in range(broken_count)
        )

        entries = charted(*policies, broken=broken)

        names = [*(policy.name for policy in policies), *(row.name for row in broken)]
        assert sorted(entry.name for entry in entries) == sorted(names)
        placed = [entry for entry in entries if entry.site]
        assert entries[: len(placed)] == placed
        for before, after in pairwise(placed):
            assert before.site is not None
            assert after.site is not None
            if before.site.host == after.site.host:
                assert key(before.site.path) <= key(after.site.path)

    @given(
        st.lists(st.tuples(st.sampled_from(HOSTS), pattern_texts()), max_size=20, unique=True),
        request_paths(),
    )
    def test_first_pattern_that_matches_is_the_one_that_governs(
        self, places: list[tuple[str, str]], path: str
    ) -> None:
        documents = [
            {"name": f"p{number}", "host": host, "path": pattern, "allowed_origins": ["https://app.example"]}
            for number, (host, pattern) in enumerate(places)
        ]
        entries = charted(
            *(made(f"p{number}", pattern, host=host) for number, (host, pattern) in enumerate(places))
        )

        group = compiled(*documents).find_group(path, "x.api.example.com")

        hosts = {"*.api.example.com", "*.example.com", ""}
        matching = [
            entry.site
            for entry in entries
            if entry.site and entry.site.host in hosts and parse_path_pattern(entry.site.path).matches(path)
        ]
        assert (group and (group.host, group.path)) == (matching[0] if matching else None)


def key(path: str) -> tuple[SegmentKey, ...]:
    """The key that orders path patterns."""
    return parse_path_pattern(path).sort_key


class TestAccess:
    """It says whom a policy lets in: every origin, so many of its own, those of groups, nobody."""

    @pytest.mark.parametrize(
        ("keys", "access"),
        [
            pytest.param({}, Access(origins=1), id="own-origin"),
            pytest.param({"allowed_origins": ("null", "https://a.b")}, Access(origins=2), id="null-counts"),
            pytest.param({"allowed_origins": ("*",)}, Access(any_origin=True), id="wildcard"),
            pytest.param({"origin_groups": ("public",)}, Access(any_origin=True), id="wildcard-in-a-group"),
            pytest.param(
                {"origin_groups": ("partners",)}, Access(origins=1, groups=("partners",)), id="both"
            ),
            pytest.param(
                {"allowed_origins": (), "origin_groups": ("partners", "empty")},
                Access(groups=("partners",)),
                id="empty-group-lets-in-nobody",
            ),
        ],
    )
    def test_is(self, keys: dict[str, Any], access: Access) -> None:
        entry = one(**keys)

        assert entry.access == access
        assert SHIELD not in entry.marks

    @pytest.mark.parametrize("groups", [(), ("empty",)])
    def test_is_nobodys_where_there_is_no_origin(self, groups: tuple[str, ...]) -> None:
        entry = one(allowed_origins=(), origin_groups=groups)

        assert entry.access.is_nobody
        assert entry.marks == (SHIELD,)


class TestMarks:
    """What is not obeyed is marked, and is not in force."""

    @pytest.mark.parametrize(
        ("keys", "marks", "is_in_force"),
        [
            pytest.param({}, (), True, id="live"),
            pytest.param({"mode": "off"}, ("off",), False, id="off"),
            pytest.param({"mode": "trial"}, ("trial",), False, id="trial"),
            pytest.param({"expires_at": NOW}, (EXPIRED,), False, id="expires-now"),
            pytest.param({"expires_at": NOW + timedelta(seconds=1)}, (), True, id="expires-later"),
            pytest.param({"mode": "off", "expires_at": NOW}, ("off", EXPIRED), False, id="both"),
        ],
    )
    def test_are(self, keys: dict[str, Any], marks: tuple[str, ...], is_in_force: bool) -> None:
        entry = one(**keys)

        assert (entry.marks, entry.is_in_force) == (marks, is_in_force)

    @pytest.mark.parametrize(
        ("row", "marks", "is_in_force"),
        [
            pytest.param(BrokenPolicy("b", (), Site("", "/a")), (BROKEN,), True, id="shields-its-place"),
            pytest.param(BrokenPolicy("b", (), Site("", "/a"), NOW), (BROKEN, EXPIRED), False, id="expired"),
            pytest.param(BrokenPolicy("b", ()), (BROKEN,), False, id="without-a-place"),
        ],
    )
    def test_of_what_is_broken_are(
        self, row: BrokenPolicy, marks: tuple[str, ...], is_in_force: bool
    ) -> None:
        (entry,) = charted(broken=(row,))

        assert (entry.marks, entry.is_in_force, entry.is_broken) == (marks, is_in_force, True)
        assert entry.access.is_nobody


class TestNarrowing:
    """A part of the map is one host, one path, or what starts with some segments."""

    ENTRIES = charted(
        made("exact", "/api/orders", host="api.example.com"),
        made("orders", "/api/orders"),
        made("below", "/api/orders/*/files"),
        made("apis", "/apis/**"),
        made("all", "/**"),
        broken=(BrokenPolicy("homeless", ()),),
    )

    @pytest.mark.parametrize(
        ("part", "names"),
        [
            ({}, {"exact", "orders", "below", "apis", "all", "homeless"}),
            ({"host": ""}, {"orders", "below", "apis", "all"}),
            ({"host": "api.example.com"}, {"exact"}),
            ({"host": "elsewhere"}, set()),
            ({"prefix": "/api"}, {"exact", "orders", "below"}),
            ({"prefix": "/api/"}, {"exact", "orders", "below"}),
            ({"prefix": "/api/orders/*"}, {"below"}),
            ({"prefix": "/ap"}, set()),
            ({"prefix": "/"}, {"exact", "orders", "below", "apis", "all", "homeless"}),
            ({"prefix": "nonsense"}, {"exact", "orders", "below", "apis", "all", "homeless"}),
            ({"path": "/**"}, {"all"}),
            ({"path": "/api/orders", "host": ""}, {"orders"}),
        ],
    )
    def test_keeps(self, part: dict[str, str], names: set[str]) -> None:
        assert {entry.name for entry in narrowed(self.ENTRIES, **part)} == names


class TestSearch:
    """A policy is found where each word is in its name, place or origins, those of its groups too."""

    POLICIES = (
        made("app", host="api.example.com"),
        made("other", "/files/**", allowed_origins=("https://Other.example",), origin_groups=("partners",)),
    )
    BROKEN = (BrokenPolicy("ruin", (), Site("", "/files/old")), BrokenPolicy("lost", ()))

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("app", {"app"}),
            ("APP", {"app"}),
            ("api.example", {"app"}),
            ("/files", {"other", "ruin"}),
            ("other.example", {"other"}),
            ("one.partner", {"other"}),
            ("partners files", {"other"}),
            ("lost", {"lost"}),
            ("", {"app", "other", "ruin", "lost"}),
            ("app files", set()),
            ("nowhere", set()),
        ],
    )
    def test_finds(self, text: str, names: set[str]) -> None:
        assert found_names(text, self.POLICIES, GROUPS, self.BROKEN) == names

    def test_group_that_is_gone_holds_nothing(self) -> None:
        assert found_names("gone", [made(origin_groups=("gone",))], {}) == set()
