"""Tests of host patterns: for which of the site's own hosts does a policy hold?"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.hosts import host_without_port, parse_host_pattern, split_host_port
from cors_policies.core.problems import PatternError
from tests import strategies
from tests.core.assertions import says_what_to_do


class TestParse:
    """Host patterns are normalised like an origin's host."""

    @pytest.mark.parametrize(
        ("text", "canonical"),
        [
            pytest.param("api.example.com", "api.example.com", id="as-it-is"),
            pytest.param(" API.Example.com\n", "api.example.com", id="case-and-space"),
            pytest.param("b\u00fccher.example", "xn--bcher-kva.example", id="internationalised"),
            pytest.param("my_app.test", "my_app.test", id="underscore"),
            pytest.param("localhost", "localhost", id="single-label"),
            pytest.param("127.0.0.1", "127.0.0.1", id="ipv4"),
            pytest.param("[0::1]", "[::1]", id="ipv6"),
            pytest.param("*.Example.com", "*.example.com", id="wildcard"),
            pytest.param("*.b\u00fccher.example", "*.xn--bcher-kva.example", id="wildcard-internationalised"),
            pytest.param("*.com", "*.com", id="wildcard-below-a-top-level-domain"),
            pytest.param("a" + "\u00ad" * 511, "a", id="512-before-mapping"),
            pytest.param(
                "*." + ".".join(["a" * 49] * 5) + ".a", "*." + ".".join(["a" * 49] * 5) + ".a", id="253"
            ),
        ],
    )
    def test_accepts(self, text: str, canonical: str) -> None:
        pattern = parse_host_pattern(text)

        assert pattern.text == canonical
        assert parse_host_pattern(canonical) == pattern

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            pytest.param("", "no-host", id="empty"),
            pytest.param("https://api.example.com", "not-a-host", id="origin"),
            pytest.param("api.example.com/", "not-a-host", id="slash"),
            pytest.param("api.example.com/v1", "not-a-host", id="path"),
            pytest.param("api.example.com:443", "port", id="port"),
            pytest.param("[::1]:8080", "port", id="ipv6-port"),
            pytest.param("::1", "port", id="ipv6-without-brackets"),
            pytest.param("[::1", "port", id="ipv6-open-bracket"),
            pytest.param("[::g]", "invalid-ipv6", id="no-ipv6"),
            pytest.param("*", "wildcard-place", id="star-alone"),
            pytest.param("**.example.com", "wildcard-place", id="two-stars"),
            pytest.param("*.*.example.com", "wildcard-place", id="two-labels-with-a-star"),
            pytest.param("api-*.example.com", "wildcard-place", id="star-inside-a-label"),
            pytest.param("api.*.com", "wildcard-place", id="star-in-the-middle"),
            pytest.param("\uff0a.example.com", "host-character", id="fullwidth-star"),
            pytest.param("*.", "no-host", id="star-and-a-dot"),
            pytest.param("*..example.com", "empty-label", id="star-and-two-dots"),
            pytest.param("api.example.com.", "empty-label", id="trailing-dot"),
            pytest.param("*.127.0.0.1", "numeric-host", id="below-an-address"),
            pytest.param("*.0.0.1", "numeric-host", id="star-in-an-address"),
            pytest.param("127.1", "numeric-host", id="short-ipv4"),
            pytest.param("xn--a.test", "invalid-idna", id="invalid-a-label"),
            pytest.param("a\ud800", "invalid-idna", id="lone-surrogate"),
            pytest.param("a\x00b", "host-character", id="nul"),
            pytest.param("a b", "host-character", id="space"),
            pytest.param("user@a.test", "host-character", id="userinfo"),
            pytest.param("a.test?b", "host-character", id="query"),
            pytest.param("a" * 64 + ".test", "label-too-long", id="label-of-64"),
            pytest.param(".".join(["a" * 49] * 5) + ".abcd", "host-too-long", id="254"),
            pytest.param("*." + ".".join(["a" * 49] * 5) + ".ab", "host-too-long", id="254-with-a-star"),
            pytest.param("a" + "\u00ad" * 512, "host-too-long", id="513-before-mapping"),
            pytest.param("\u00fc" * 100_000, "host-too-long", id="much-too-long-to-map"),
        ],
    )
    def test_rejects(self, text: str, reason: str) -> None:
        with pytest.raises(PatternError) as caught:
            parse_host_pattern(text)

        assert caught.value.reason == reason
        assert says_what_to_do(str(caught.value))

    @pytest.mark.parametrize(
        ("text", "remedy"),
        [
            pytest.param("*", "Write nothing for every host", id="every-host"),
            pytest.param("::1", r"in brackets, as in \[::1\]", id="ipv6-without-brackets"),
            pytest.param("localhost:8000", "without its port", id="port"),
        ],
    )
    def test_says_what_would_be_accepted(self, text: str, remedy: str) -> None:
        with pytest.raises(PatternError, match=remedy):
            parse_host_pattern(text)

    @given(st.one_of(strategies.near_patterns(), st.text(max_size=30), st.sampled_from(strategies.HOSTS)))
    def test_normalising_is_idempotent(self, text: str) -> None:
        with contextlib.suppress(PatternError):
            pattern = parse_host_pattern(text)
            assert parse_host_pattern(pattern.text) == pattern
            assert len(pattern.text) <= 253


class TestMatches:
    """``api.example.com`` is itself; ``*.example.com`` is one or more labels before ``.example.com``."""

    @pytest.mark.parametrize(
        ("pattern", "host"),
        [
            ("api.example.com", "api.example.com"),
            ("[::1]", "[::1]"),
            ("*.example.com", "a.example.com"),
            ("*.example.com", "a.b.example.com"),
        ],
    )
    def test_accepts(self, pattern: str, host: str) -> None:
        assert parse_host_pattern(pattern).matches(host)

    @pytest.mark.parametrize(
        ("pattern", "host"),
        [
            ("api.example.com", "www.example.com"),
            ("api.example.com", "API.example.com"),
            ("api.example.com", "a.api.example.com"),
            ("api.example.com", "api.example.com:443"),
            ("*.example.com", "example.com"),
            ("*.example.com", ".example.com"),
            ("*.example.com", "xexample.com"),
            ("*.example.com", "xxexample.com"),
            ("*.example.com", "a.example.com.evil.test"),
            ("*.example.com", ""),
        ],
    )
    def test_rejects(self, pattern: str, host: str) -> None:
        assert not parse_host_pattern(pattern).matches(host)


class TestRequestHosts:
    """A request's host is lower-cased and compared without its port."""

    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("api.example.com", ("api.example.com", "")),
            ("API.Example.com:8080", ("api.example.com", "8080")),
            ("[::1]", ("[::1]", "")),
            ("[2001:DB8::1]:8080", ("[2001:db8::1]", "8080")),
            ("api.example.com.:443", ("api.example.com.", "443")),
            ("", ("", "")),
        ],
    )
    def test_split_host_port(self, text: str, parts: tuple[str, str]) -> None:
        assert split_host_port(text) == parts

    @pytest.mark.parametrize(
        ("text", "host"),
        [
            pytest.param("API.Example.com:8080", "api.example.com", id="port"),
            pytest.param("api.example.com.", "api.example.com", id="trailing-dot"),
            pytest.param("api.example.com.:443", "api.example.com", id="trailing-dot-and-port"),
            pytest.param("api.example.com..", "api.example.com.", id="one-dot-only"),
            pytest.param("[::1]:80", "[::1]", id="ipv6"),
            pytest.param("", "", id="none"),
        ],
    )
    def test_host_without_port(self, text: str, host: str) -> None:
        assert host_without_port(text) == host
