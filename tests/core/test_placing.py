"""Is an example path placed where requests for it would be governed, host by host?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.hosts import HostPattern, parse_host_pattern
from cors_policies.core.path_group import Site
from cors_policies.core.policy_map.mapping import hosts_in_order
from cors_policies.core.policy_map.placing import place, sample_hosts
from tests.core.building import compiled

HOSTS = (
    "example.example.com",
    "example1.example.com",
    "api.example.com",
    "*.example.com",
    "*.example.example.com",
    "*.com",
)


class TestSampleHosts:
    """A sample host is one whose policies are looked for at that pattern first."""

    @given(st.sets(st.sampled_from(HOSTS)))
    def test_first_pattern_that_matches_is_its_own(self, patterns: set[str]) -> None:
        samples = sample_hosts(patterns, patterns)

        assert samples.pop("") == ""
        assert samples.keys() == patterns
        for pattern, host in samples.items():
            matching = [text for text in hosts_in_order(patterns) if HostPattern(text).matches(host)]
            assert matching[0] == pattern
            assert parse_host_pattern(host).text == host

    def test_only_what_is_wanted_is_sampled(self) -> None:
        assert sample_hosts(["*.example.com"], set(HOSTS)) == {
            "": "",
            "*.example.com": "example2.example.com",
        }


class TestPlacing:
    """The most specific pattern governs; a host's own come before those for every host."""

    SNAPSHOT = compiled(
        {"path": "/api/**"},
        {"path": "/api/orders/*"},
        {"path": "/api/**", "host": "api.example.com"},
        {"path": "/files", "host": "*.example.com"},
        {"path": "/off", "mode": "off"},
    )
    SAMPLES = sample_hosts(["api.example.com", "*.example.com"], {"api.example.com", "*.example.com"})

    @pytest.mark.parametrize(
        ("path", "any_host", "api", "below"),
        [
            ("/api/orders/1/", "/api/orders/*", ("api.example.com", "/api/**"), "/api/orders/*"),
            ("/api/x", "/api/**", ("api.example.com", "/api/**"), "/api/**"),
            ("/files/", None, ("*.example.com", "/files"), ("*.example.com", "/files")),
            ("/off", None, None, None),
            ("/elsewhere", None, None, None),
        ],
    )
    def test_is(self, path: str, any_host: object, api: object, below: object) -> None:
        expected = {"": any_host, "api.example.com": api, "*.example.com": below}

        assert place(self.SNAPSHOT, path, self.SAMPLES) == {
            host: Site("", site) if isinstance(site, str) else site for host, site in expected.items()
        }

    def test_shield_of_a_broken_policy_governs(self) -> None:
        snapshot = compiled({"path": "/**"}, shields=[Site("", "/api")])

        assert place(snapshot, "/api", {"": ""}) == {"": Site("", "/api")}
