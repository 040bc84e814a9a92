"""Which path groups are exported, and in which order?"""

from __future__ import annotations

import pytest
from hypothesis import given

from cors_policies.core.exporting.groups import (
    InexpressibleError,
    Reason,
    choose_group,
    collect_groups,
    expiry_reasons,
    groups_before,
)
from cors_policies.core.hosts import host_without_port
from cors_policies.core.path_group import Site
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import compile_snapshot
from tests.core.exporting import NOW, groups_of, refusals
from tests.strategies import REQUEST_HOSTS, REQUEST_PATHS, Document, policy_set_documents

EXACT, BELOW = "api.example.com", "*.example.com"


def _site_matches(site: Site, host: str, path: str) -> bool:
    wanted = site.host.removeprefix("*")
    fits = host.endswith(wanted) and len(host) > len(wanted) if wanted != site.host else host == wanted
    return (not site.host or fits) and parse_path_pattern(site.path).matches(path)


class TestOrder:
    """The first group that matches a request is the one that governs it."""

    def test_hosts_before_paths(self) -> None:
        sites = [
            ("", "/**"), (BELOW, "/**"), ("*.b.example.com", "/a/**"), (EXACT, "/**"), ("", "/a"),
            (EXACT, "/a*"), (EXACT, "/a"),
        ]  # fmt: skip

        found = [group.site for group in groups_of(*({"host": host, "path": path} for host, path in sites))]

        assert found == [
            (EXACT, "/a"), (EXACT, "/a*"), (EXACT, "/**"), ("*.b.example.com", "/a/**"), (BELOW, "/**"),
            ("", "/a"), ("", "/**"),
        ]  # fmt: skip

    @given(document=policy_set_documents())
    def test_is_the_middlewares(self, document: Document) -> None:
        policy_set = parse_policy_set(document)
        by_name = {group.name: group for group in policy_set.origin_groups}
        snapshot = compile_snapshot(policy_set.policies, by_name, now=NOW)
        groups = collect_groups(policy_set.policies, by_name, NOW)

        for host in map(host_without_port, REQUEST_HOSTS):
            for path in REQUEST_PATHS:
                first = next((group for group in groups if _site_matches(group.site, host, path)), None)
                governing = snapshot.find_group(path, host)
                assert (first and tuple(first.site)) == (governing and (governing.host, governing.path))
                if first and governing:
                    assert [one.policy.name for one in first.policies] == [
                        one.name for one in governing.policies
                    ]
                    assert first.reject_denied == governing.reject_denied


class TestPolicies:
    """Exported is what is live, with the origins of its groups."""

    def test_leaves_out_what_is_off_or_has_expired(self) -> None:
        groups = groups_of(
            {"mode": "off"}, {"expires_at": "2030-01-01T00:00:00Z"}, {"expires_at": "2030-01-01T00:00:01Z"}
        )

        assert [one.policy.name for group in groups for one in group.policies] == ["p2"]

    def test_origins_know_their_field(self) -> None:
        (group,) = groups_of(
            {"allowed_origins": ["https://a.test", "null"], "origin_groups": ["one"]},
            groups={"one": ["https://b.test"]},
        )

        found = [(field, pattern.text) for field, pattern in group.policies[0].origins]

        assert found == [
            ("allowed_origins.0", "https://a.test"),
            ("allowed_origins.1", "null"),
            ("origin_groups.0", "https://b.test"),
        ]

    def test_origins_are_one_where_everybody_is_allowed(self) -> None:
        (group,) = groups_of(
            {"allowed_origins": ["~https://a", "null"], "origin_groups": ["one"]}, groups={"one": ["*"]}
        )

        assert [(field, pattern.text) for field, pattern in group.policies[0].origins] == [
            ("origin_groups.0", "*")
        ]

    @pytest.mark.parametrize(
        ("listed", "passing"),
        [
            (["GET"], ("GET", "HEAD")),
            (["HEAD", "GET"], ("HEAD", "GET")),
            (["PUT"], ("PUT",)),
            (["*"], ("*",)),
        ],
    )
    def test_get_lets_head_through(self, listed: list[str], passing: tuple[str, ...]) -> None:
        assert groups_of({"allowed_methods": listed})[0].policies[0].methods == passing

    @pytest.mark.parametrize(
        ("policies", "sends"),
        [
            pytest.param([{"allowed_origins": ["*"]}], True, id="alone"),
            pytest.param([{"origin_groups": ["all"]}], True, id="through-a-group"),
            pytest.param([{"allowed_origins": ["*"]}, {}], False, id="not-alone"),
            pytest.param([{"allowed_origins": ["https://a.test"]}], False, id="not-everybody"),
        ],
    )
    def test_sends_any_origin_where_it_is_alone(self, policies: list[Document], sends: bool) -> None:
        assert groups_of(*policies, groups={"all": ["*"]})[0].policies[0].sends_any_origin is sends


class TestChoice:
    """One group is chosen by its host and path pattern; where there is one only, it need not be named."""

    def test_by_path_in_any_spelling(self) -> None:
        groups = groups_of({"path": "/a"}, {"path": "/a/**"}, {"path": "/a", "host": EXACT})

        assert choose_group(groups, "/a/").site == ("", "/a")
        assert choose_group(groups, "/a", "API.example.com").site == (EXACT, "/a")

    def test_of_the_only_one(self) -> None:
        assert choose_group(groups_of({"path": "/a"}), None).site == ("", "/a")

    @pytest.mark.parametrize(
        ("path", "host", "says"),
        [
            pytest.param(None, "", "--path", id="several"),
            pytest.param("/b", "", "/a on every host; /a/** on every host", id="other-path"),
            pytest.param("/a", EXACT, f"the host {EXACT}", id="other-host"),
            pytest.param("/a/x", "", "/a/x", id="path-of-a-request"),
            pytest.param("a", "", "--path: A path starts with a slash.", id="no-path"),
            pytest.param("/a", "a b", "--host: ", id="no-host"),
        ],
    )
    def test_is_refused(self, path: str | None, host: str, says: str) -> None:
        groups = groups_of({"path": "/a"}, {"path": "/a/**"})

        with pytest.raises(InexpressibleError) as caught:
            choose_group(groups, path, host)

        assert says in str(caught.value)
        assert refusals(lambda: choose_group(groups, path, host)) == [("", "")]

    def test_is_refused_where_there_is_nothing(self) -> None:
        assert refusals(lambda: choose_group([], None)) == [("", "")]

    def test_before_it_are_those_that_govern_a_part_of_its_paths(self) -> None:
        paths = ["/a/secret", "/a/*/x", "/b", "/**", "/a/**", "/**/x"]
        groups = groups_of(*({"path": path} for path in paths), {"path": "/**", "host": EXACT})

        found = groups_before(groups, choose_group(groups, "/a/**"))

        assert [tuple(group.site) for group in found] == [(EXACT, "/**"), ("", "/a/secret"), ("", "/a/*/x")]


class TestReason:
    """A reason names policy and field."""

    def test_as_a_line(self) -> None:
        assert str(Reason("app", "path", "Write another.")) == "policy app: path: Write another."
        assert str(Reason("", "", "Write one.")) == "Write one."

    def test_a_policy_that_expires_is_refused(self) -> None:
        kept, ending = groups_of({}, {"expires_at": "2031-01-01T00:00:00Z"})[0].policies

        assert expiry_reasons(kept, "nginx") == []
        assert [(reason.policy, reason.field) for reason in expiry_reasons(ending, "nginx")] == [
            ("p1", "expires_at")
        ]
