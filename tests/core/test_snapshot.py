"""Tests of snapshots: which path group governs a path, and which of its policies an origin?"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.engine import StatedFacts, decide
from cors_policies.core.path_group import PathGroup, Site
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import EMPTY_SNAPSHOT, Shield, Snapshot, compile_snapshot
from cors_policies.core.timestamps import timestamp_text
from tests import strategies
from tests.core.building import compiled

A = "https://a.test"
B = "https://b.test"
GROUPS = {"partners": [A, "https://*.b.test"], "everybody": ["*"], "nobody": []}


def governing(snapshot: Snapshot, origin: str, path: str = "/", host: str = "") -> str | None:
    """The name of the policy that governs the request, if any."""
    group = snapshot.find_group(path, host)
    policy = None if group is None else group.find_policy(origin)
    return None if policy is None else policy.name


def at(seconds: float) -> datetime:
    """An instant."""
    return datetime(2030, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)


def text_of(seconds: float) -> str:
    """The same as text."""
    return timestamp_text(at(seconds))


def group_of(snapshot: Snapshot, path: str = "/", host: str = "") -> list[str] | None:
    """The names of the path group's policies, in the order in which they are tried."""
    group = snapshot.find_group(path, host)
    return None if group is None else [policy.name for policy in group.policies]


class TestHosts:
    """The exact host, then the wildcards, the longest first, then every host; the first with a path."""

    HOSTS = ("", "*.test", "*.b.test", "a.b.test")

    @pytest.mark.parametrize(
        ("host", "name"),
        [
            pytest.param("a.b.test", "a.b.test", id="exact"),
            pytest.param("c.b.test", "*.b.test", id="longest-wildcard"),
            pytest.param("x.a.b.test", "*.b.test", id="several-labels"),
            pytest.param("b.test", "*.test", id="bare-domain-of-the-longest"),
            pytest.param("c.test", "*.test", id="shorter-wildcard"),
            pytest.param("test", "", id="bare-domain"),
            pytest.param("xb.testx", "", id="other-host"),
            pytest.param(".b.test", "*.test", id="empty-label-is-none"),
            pytest.param("", "", id="no-host"),
        ],
    )
    def test_the_first_host_that_matches_is_taken(self, host: str, name: str) -> None:
        snapshot = compiled(*({"host": each} for each in self.HOSTS))

        assert group_of(snapshot, host=host) == [f"p{self.HOSTS.index(name)}"]

    @pytest.mark.parametrize(
        ("path", "name"),
        [("/exact", "exact"), ("/longest", "longest"), ("/shorter", "shorter"), ("/any", "any")],
    )
    def test_a_host_without_a_matching_path_falls_through(self, path: str, name: str) -> None:
        snapshot = compiled(
            {"name": "exact", "host": "a.b.test", "path": "/exact"},
            {"name": "longest", "host": "*.b.test", "path": "/longest"},
            {"name": "shorter", "host": "*.test", "path": "/shorter"},
            {"name": "any", "path": "/any"},
        )

        assert group_of(snapshot, path, "a.b.test") == [name]

    def test_a_broad_path_of_the_exact_host_stands_before_a_narrow_path_of_every_host(self) -> None:
        snapshot = compiled({"host": "a.test", "path": "/**"}, {"path": "/api/orders"})

        assert group_of(snapshot, "/api/orders", "a.test") == ["p0"]
        assert group_of(snapshot, "/api/orders", "b.test") == ["p1"]

    def test_no_host_and_no_policy_for_every_host_is_ungoverned(self) -> None:
        snapshot = compiled({"host": "a.test"}, {"host": "*.b.test"})

        assert group_of(snapshot, host="c.test") is None
        assert group_of(snapshot, host="") is None

    def test_addresses_are_exact_hosts(self) -> None:
        snapshot = compiled({"host": "[::1]"}, {"host": "127.0.0.1"})

        assert group_of(snapshot, host="[::1]") == ["p0"]
        assert group_of(snapshot, host="127.0.0.1") == ["p1"]

    @pytest.mark.parametrize(
        ("policies", "uses_hosts"),
        [
            ([], False),
            ([{}], False),
            ([{"host": "a.test"}], True),
            ([{"host": "*.a.test"}], True),
            ([{}, {"host": "a.test", "mode": "off"}], False),
        ],
    )
    def test_uses_hosts_where_a_live_policy_names_one(
        self, policies: list[dict[str, Any]], uses_hosts: bool
    ) -> None:
        assert compiled(*policies).uses_hosts is uses_hosts


class TestPaths:
    """The most specific pattern governs, alone; no pattern: ungoverned."""

    def test_the_most_specific_pattern_governs_alone(self) -> None:
        snapshot = compiled(
            {"path": "/**", "allowed_origins": ["*"]},
            {"path": "/api/**", "allowed_origins": [A]},
            {"path": "/api/internal"},
        )

        assert governing(snapshot, B, "/other") == "p0"
        assert governing(snapshot, A, "/api/orders") == "p1"
        assert governing(snapshot, B, "/api/orders") is None
        assert group_of(snapshot, "/api/internal/") == ["p2"]
        assert governing(snapshot, A, "/api/internal") is None

    def test_no_pattern_is_ungoverned(self) -> None:
        assert group_of(compiled({"path": "/api"}), "/other") is None
        assert group_of(compiled(), "/") is None

    def test_same_host_and_path_form_one_path_group(self) -> None:
        snapshot = compiled({"path": "/api/"}, {"path": "/api"}, {"path": "/api", "host": "a.test"})

        assert group_of(snapshot, "/api", "b.test") == ["p0", "p1"]
        assert group_of(snapshot, "/api", "a.test") == ["p2"]


class TestOrder:
    """In a path group policies are tried by priority, then by name."""

    def test_smaller_priority_first_then_name(self) -> None:
        snapshot = compiled(
            {"name": "d", "priority": 0},
            {"name": "b"},
            {"name": "a", "priority": 101},
            {"name": "c"},
            {"name": "B"},
        )

        assert group_of(snapshot) == ["d", "B", "b", "c", "a"]

    def test_the_first_policy_whose_origins_match_governs(self) -> None:
        snapshot = compiled(
            {"name": "wide", "priority": 2, "allowed_origins": ["*"]},
            {"name": "narrow", "priority": 1, "allowed_origins": [A]},
        )

        assert governing(snapshot, A) == "narrow"
        assert governing(snapshot, B) == "wide"

    def test_a_wide_policy_that_comes_first_hides_the_narrow_one(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"]}, {"allowed_origins": [A]})

        assert governing(snapshot, A) == "p0"


class TestOriginGroups:
    """Each group adds its origins; its index is shared by all policies that use it."""

    def test_a_policy_has_its_own_origins_and_its_groups(self) -> None:
        snapshot = compiled({"allowed_origins": ["null"], "origin_groups": ["partners"]}, groups=GROUPS)

        assert [governing(snapshot, origin) for origin in ("null", A, "https://x.b.test", B)] == [
            "p0"
        ] * 3 + [None]

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({"allowed_origins": [A]}, {"origin_groups": ["partners"]}),
            ({"origin_groups": ["partners"]}, {"allowed_origins": [A]}),
            ({"origin_groups": ["partners"]}, {"origin_groups": ["everybody"]}),
            ({"origin_groups": ["nobody", "everybody"]}, {"origin_groups": ["partners"]}),
            ({"origin_groups": ["partners"]}, {"allowed_origins": ["*"]}),
        ],
    )
    def test_the_first_policy_governs_whether_through_a_group_or_not(
        self, first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        assert governing(compiled(first, second, groups=GROUPS), A) == "p0"

    def test_a_later_policy_governs_what_the_first_one_lacks(self) -> None:
        snapshot = compiled({"origin_groups": ["nobody"]}, {"origin_groups": ["partners"]}, groups=GROUPS)

        assert governing(snapshot, A) == "p1"

    def test_an_empty_group_lets_nobody_in(self) -> None:
        assert governing(compiled({"origin_groups": ["nobody"]}, groups=GROUPS), A) is None


class TestLivePolicies:
    """An ``off`` policy is as if absent."""

    def test_off_is_no_shield(self) -> None:
        snapshot = compiled({"allowed_origins": [A]}, {"path": "/api", "mode": "off"})

        assert governing(snapshot, A, "/api") == "p0"
        assert snapshot.policy_count == 1

    def test_off_does_not_keep_another_from_being_alone(self) -> None:
        group = compiled({"allowed_origins": ["*"]}, {"mode": "off", "allowed_origins": [A]}).find_group("/")

        assert group is not None
        assert group.open_policy is group.policies[0]

    def test_an_empty_set_governs_nothing(self) -> None:
        assert EMPTY_SNAPSHOT.find_group("/") is None
        assert (EMPTY_SNAPSHOT.policy_count, EMPTY_SNAPSHOT.uses_hosts) == (0, False)

    def test_a_snapshot_knows_its_version(self) -> None:
        assert compile_snapshot((), {}, version="token").version == "token"


class TestShields:
    """The path of a broken policy is still governed, never opened to a broader policy."""

    def test_a_shield_governs_its_path_and_lets_nobody_in(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"]}, shields=[Site("", "/api/**")])

        assert governing(snapshot, A, "/other") == "p0"
        assert group_of(snapshot, "/api/orders") == []
        assert governing(snapshot, A, "/api/orders") is None

    def test_a_shield_has_a_host(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"]}, shields=[Site("a.test", "/**")])

        assert snapshot.uses_hosts
        assert governing(snapshot, A, host="a.test") is None
        assert governing(snapshot, A, host="b.test") == "p0"

    def test_the_sound_policies_of_its_path_group_go_on(self) -> None:
        snapshot = compiled(
            {"path": "/api", "allowed_origins": [A]}, shields=[Site("", "/api"), Site("", "/api")]
        )

        assert group_of(snapshot, "/api") == ["p0"]
        assert governing(snapshot, A, "/api") == "p0"

    def test_no_policy_is_alone_beside_a_broken_one(self) -> None:
        group = compiled({"path": "/api", "allowed_origins": ["*"]}, shields=[Site("", "/api")]).find_group(
            "/api"
        )

        assert group is not None
        assert group.open_policy is None
        assert not group.policies[0].sends_any_origin


class TestExpiry:
    """From its end on it is as if a policy were absent, at the instant and not before it."""

    def test_a_policy_is_in_force_up_to_its_end(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "expires_at": text_of(10)})

        assert snapshot.expires_at == at(10)
        assert snapshot.at(at(9.999999)) is snapshot
        assert governing(snapshot, A) == "p0"
        assert snapshot.at(at(10)).find_group("/") is None
        assert snapshot.at(at(10)).expires_at is None

    def test_the_snapshot_that_it_was_in_stays_as_it_is(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "expires_at": text_of(10)})
        snapshot.at(at(10))

        assert governing(snapshot, A) == "p0"
        assert (snapshot.expires_at, snapshot.policy_count) == (at(10), 1)

    def test_a_broader_policy_governs_the_path_then(self) -> None:
        snapshot = compiled(
            {"path": "/**", "allowed_origins": [B]},
            {"path": "/api/**", "allowed_origins": [A], "expires_at": text_of(10)},
        )
        assert (governing(snapshot, A, "/api/x"), governing(snapshot, B, "/api/x")) == ("p1", None)

        later = snapshot.at(at(10))

        assert (governing(later, A, "/api/x"), governing(later, B, "/api/x")) == (None, "p0")

    def test_the_others_of_its_path_group_go_on(self) -> None:
        snapshot = compiled(
            {"priority": 1, "allowed_origins": [A], "expires_at": text_of(10)},
            {"priority": 2, "allowed_origins": ["*"]},
        )
        assert governing(snapshot, A) == "p0"

        later = snapshot.at(at(10))

        assert (governing(later, A), group_of(later)) == ("p1", ["p1"])
        assert later.find_group("/") is not None
        assert later.find_group("/").open_policy is not None  # type: ignore[union-attr] # it is alone now

    def test_an_end_of_one_host_leaves_the_others(self) -> None:
        snapshot = compiled({"host": "a.test", "expires_at": text_of(10)}, {"host": "*.test"}, {})
        later = snapshot.at(at(10))

        assert group_of(later, host="a.test") == ["p1"]
        assert group_of(later, host="") == ["p2"]
        assert later.uses_hosts

    def test_no_host_is_asked_for_when_the_last_policy_with_one_has_expired(self) -> None:
        snapshot = compiled({"host": "a.test", "expires_at": text_of(10)}, {})

        assert snapshot.uses_hosts
        assert not snapshot.at(at(10)).uses_hosts

    def test_ends_are_seen_in_their_order_or_all_at_once(self) -> None:
        snapshot = compiled(
            *({"path": f"/{end}", "expires_at": text_of(end)} for end in (30, 10, 20)), {"path": "/forever"}
        )
        counts, ends = [], []
        for seconds in (0, 10, 15, 20, 30):
            later = snapshot.at(at(seconds))
            counts.append(later.policy_count)
            ends.append(later.expires_at)
            snapshot = later if seconds < 20 else snapshot

        assert counts == [4, 3, 3, 2, 1]
        assert ends == [at(10), at(20), at(20), at(30), None]

    def test_policies_of_one_path_group_end_one_after_the_other(self) -> None:
        snapshot = compiled({"expires_at": text_of(20)}, {"expires_at": text_of(10)}, {})
        first = snapshot.at(at(10))
        second = first.at(at(20))

        assert [group_of(found) for found in (snapshot, first, second)] == [
            ["p0", "p1", "p2"],
            ["p0", "p2"],
            ["p2"],
        ]
        assert (first.expires_at, second.expires_at) == (at(20), None)

    def test_what_is_off_has_no_end(self) -> None:
        assert compiled({"mode": "off", "expires_at": text_of(10)}).expires_at is None

    def test_what_has_expired_when_the_set_is_compiled_is_left_out(self) -> None:
        policies = [{"path": "/a", "expires_at": text_of(10)}, {"path": "/b", "expires_at": text_of(20)}]
        snapshot = compiled(*policies, now=at(10))

        assert (group_of(snapshot, "/a"), group_of(snapshot, "/b")) == (None, ["p1"])
        assert (snapshot.since, snapshot.expires_at) == (at(10), at(20))

    def test_since_when_it_is_the_set_can_be_told(self) -> None:
        snapshot = compiled({"path": "/a", "expires_at": text_of(10)}, {"path": "/b"})

        assert snapshot.since is None
        assert snapshot.at(at(15)).since == at(10)

    def test_a_shield_expires_too(self) -> None:
        shields = [Shield(Site("", "/api/**"), at(10))]
        snapshot = compiled({"allowed_origins": [A]}, shields=shields)
        assert governing(snapshot, A, "/api/x") is None

        assert governing(snapshot.at(at(10)), A, "/api/x") == "p0"
        assert group_of(compiled(shields=shields, now=at(10)), "/api/x") is None

    def test_a_shield_goes_on_when_a_policy_beside_it_expires(self) -> None:
        snapshot = compiled({"path": "/api", "expires_at": text_of(10)}, shields=[Site("", "/api")])

        assert group_of(snapshot.at(at(10)), "/api") == []

    def test_version_stays_the_same(self) -> None:
        (policy,) = parse_policy_set(
            {"policies": [{"name": "a", "path": "/", "expires_at": text_of(1)}]}
        ).policies

        assert compile_snapshot([policy], {}, version="token").at(at(1)).version == "token"

    @given(
        strategies.policy_set_documents(),
        st.lists(st.integers(0, 5), min_size=1, max_size=4).map(sorted),
        st.lists(strategies.stated_facts(), min_size=1, max_size=5),
    )
    def test_the_answers_are_those_of_a_set_without_the_expired_policies(
        self, document: dict[str, Any], times: list[int], requests: list[StatedFacts]
    ) -> None:
        for place, policy in enumerate(document["policies"]):
            policy["expires_at"] = text_of(place) if place % 3 else None
        policy_set = parse_policy_set(document)
        groups = {group.name: group for group in policy_set.origin_groups}
        snapshot = compile_snapshot(policy_set.policies, groups)
        for seconds in times:
            snapshot = snapshot.at(at(seconds))
            left = [
                policy
                for policy in policy_set.policies
                if policy.expires_at is None or policy.expires_at > at(seconds)
            ]
            without = compile_snapshot(left, groups)
            for facts in requests:
                before, after = decide(without, facts), decide(snapshot, facts)
                assert (before.reason, before.status) == (after.reason, after.status)
                assert (before.headers, before.vary) == (after.headers, after.vary)
                assert getattr(before.policy, "name", None) == getattr(after.policy, "name", None)
            assert (without.policy_count, without.uses_hosts) == (snapshot.policy_count, snapshot.uses_hosts)
            assert without.expires_at == snapshot.expires_at


class TestOpenPolicies:
    """``*`` is for a policy that allows every origin, has no credentials and is alone in its path group."""

    @pytest.mark.parametrize(
        "policies",
        [
            pytest.param([{"allowed_origins": ["*"]}], id="own-origins"),
            pytest.param([{"allowed_origins": ["*", A]}], id="beside-others"),
            pytest.param([{"origin_groups": ["everybody"]}], id="through-a-group"),
            pytest.param(
                [{"allowed_origins": [A], "origin_groups": ["partners", "everybody"]}], id="through-the-last"
            ),
            pytest.param([{"allowed_origins": ["*"]}, {"path": "/api"}], id="another-path"),
            pytest.param([{"allowed_origins": ["*"]}, {"host": "a.test"}], id="another-host"),
        ],
    )
    def test_open(self, policies: list[dict[str, Any]]) -> None:
        group = _group(policies)

        assert group.open_policy is group.policies[0]
        assert group.policies[0].sends_any_origin

    @pytest.mark.parametrize(
        "policies",
        [
            pytest.param([{}], id="no-origins"),
            pytest.param([{"allowed_origins": [A, "null", "~.*"]}], id="an-expression-is-not-every-origin"),
            pytest.param([{"allowed_origins": ["*"]}, {"allowed_origins": [A]}], id="not-alone"),
            pytest.param([{"allowed_origins": ["*"]}, {}], id="beside-a-policy-for-nobody"),
            pytest.param([{"allowed_origins": [A], "allow_credentials": True}], id="credentials"),
            pytest.param([{"origin_groups": ["partners"]}], id="a-group-of-some"),
        ],
    )
    def test_not_open(self, policies: list[dict[str, Any]]) -> None:
        assert _group(policies).open_policy is None
        assert not any(policy.sends_any_origin for policy in _group(policies).policies)


def _group(policies: list[dict[str, Any]]) -> PathGroup:
    group = compiled(*policies, groups={"everybody": ["https://a.test", "*"], "partners": [A]}).find_group(
        "/"
    )
    assert group is not None
    return group


class TestProperties:
    """Row order does not matter."""

    @given(
        strategies.policy_set_documents(),
        st.data(),
        st.lists(strategies.stated_facts(), min_size=1, max_size=5),
    )
    def test_row_order_does_not_matter(
        self, document: dict[str, Any], data: st.DataObject, requests: list[StatedFacts]
    ) -> None:
        policy_set = parse_policy_set(document)
        groups = {group.name: group for group in policy_set.origin_groups}
        shuffled = data.draw(st.permutations(policy_set.policies))
        one, other = compile_snapshot(policy_set.policies, groups), compile_snapshot(shuffled, groups)

        for facts in requests:
            before, after = decide(one, facts), decide(other, facts)
            for attribute in ("reason", "status", "headers", "vary"):
                assert getattr(before, attribute) == getattr(after, attribute)
            assert getattr(before.policy, "name", None) == getattr(after.policy, "name", None)


class TestKeptAnswers:
    """Look-ups are kept, but strangers choose the paths: never too many, and no long ones."""

    def test_many_paths_keep_little(self) -> None:
        snapshot = compiled({"path": "/a/**"})

        for number in range(10_000):
            assert snapshot.find_group(f"/a/{number}") is not None
            assert snapshot.find_group(f"/b/{number}") is None

        assert len(snapshot.found) <= 2048

    def test_long_paths_are_not_kept(self) -> None:
        snapshot = compiled({"path": "/a/**"})

        assert snapshot.find_group("/a/" + "x" * 8000) is not None
        assert snapshot.found == {}

    def test_kept_answer_is_the_first_one(self) -> None:
        snapshot = compiled({"path": "/a/**"})

        assert snapshot.find_group("/a/b") is snapshot.find_group("/a/b") is not None


class TestAllGroups:
    """All path groups that speak for a path can be told, in the order of precedence."""

    @given(
        strategies.policy_set_documents(),
        st.sampled_from(strategies.REQUEST_PATHS),
        st.sampled_from(["", "a.test", "b.a.test", "c.b.a.test", "test"]),
    )
    def test_the_first_one_governs(self, document: dict[str, Any], path: str, host: str) -> None:
        policy_set = parse_policy_set(document)
        groups = {group.name: group for group in policy_set.origin_groups}
        snapshot = compile_snapshot(policy_set.policies, groups)

        found = snapshot.find_all_groups(path, host)

        governing = snapshot.find_group(path, host)
        assert found[:1] == ([] if governing is None else [governing])

    @pytest.mark.parametrize(
        ("host", "found"),
        [
            pytest.param("a.b.test", ["a.b.test/a", "*.b.test/*", "*.test/a", "/a", "/**"], id="all"),
            pytest.param("c.test", ["*.test/a", "/a", "/**"], id="one-wildcard"),
            pytest.param("", ["/a", "/**"], id="no-host"),
        ],
    )
    def test_order(self, host: str, found: list[str]) -> None:
        places = [
            ("", "/**"),
            ("*.test", "/a"),
            ("", "/a"),
            ("a.b.test", "/a"),
            ("*.b.test", "/*"),
            ("", "/b"),
        ]
        snapshot = compiled(*({"host": host, "path": path} for host, path in places))

        assert [group.host + group.path for group in snapshot.find_all_groups("/a", host)] == found

    def test_what_is_off_or_expired_is_not_told(self) -> None:
        snapshot = compiled(
            {"path": "/"},
            {"path": "/**", "mode": "off"},
            {"path": "/", "host": "a.test", "expires_at": text_of(1)},
        )

        assert len(snapshot.find_all_groups("/", "a.test")) == 2
        assert [group.host for group in snapshot.at(at(2)).find_all_groups("/", "a.test")] == [""]

    def test_shields_are_told(self) -> None:
        snapshot = compiled({"path": "/**"}, shields=[Site("", "/")])

        assert [group.path for group in snapshot.find_all_groups("/")] == ["/", "/**"]
