"""Tests of offences: which origins are refused beside ``allow_credentials``, and why?"""

from __future__ import annotations

import pytest

from cors_policies.core.credentials import (
    CSRF,
    REMEDIES,
    TOLERATED_BY,
    Offence,
    find_offences,
    offences_against,
)
from cors_policies.core.origins import parse_origin_pattern
from cors_policies.core.policy import Policy
from tests.core.assertions import says_what_to_do


def codes(*patterns: str) -> list[str]:
    """The codes of all offences beside credentials, in order."""
    return codes_for(Policy(name="api", path="/", allow_credentials=True), *patterns)


def codes_for(policy: Policy, *patterns: str) -> list[str]:
    """The codes of all offences that the policy's flags make some, in order."""
    found = find_offences(map(parse_origin_pattern, patterns))
    return [offence.code for offence in offences_against(policy, found)]


class TestAnyOrigin:
    """Refused beside credentials: ``*``, ``scheme://*``, and expressions that match ``https://x.invalid``."""

    @pytest.mark.parametrize("pattern", ["*", "moz-extension://*", "app://*"])
    def test_offends(self, pattern: str) -> None:
        assert codes(pattern) == ["credentials-any-origin"]

    @pytest.mark.parametrize(
        "pattern", ["~.*", "~https://.*", r"~https://[a-z]\.invalid", r"~https?://\w+\.\w+"]
    )
    def test_expression_offends(self, pattern: str) -> None:
        assert codes(pattern) == ["credentials-any-origin", "credentials-regex"]

    @pytest.mark.parametrize(
        "pattern", [r"~https://.*\.example\.com", "~http://.*", "~https://x", "~x.invalid"]
    )
    def test_expression_does_not_offend(self, pattern: str) -> None:
        assert codes(pattern) == ["credentials-regex"]


class TestNull:
    """Credentials with ``null`` are refused."""

    def test_offends(self) -> None:
        assert codes("null") == ["credentials-null-origin"]

    def test_a_host_of_that_name_does_not_offend(self) -> None:
        assert codes("https://null", "null://a") == []


class TestInsecureOrigin:
    """Refused: an origin that is not https, not loopback and not of a custom application scheme."""

    @pytest.mark.parametrize(
        "pattern",
        [
            "http://example.com",
            "http://10.0.0.1:8080",
            "http://[::2]",
            "http://localhost.example.com",
            "http://127.example.com",
            "http://*.example.com",
            "http://dev-*.example.com",
            "http://example.com:*",
            "ws://example.com",
            "wss://example.com",
            "ftp://example.com",
        ],
    )
    def test_offends(self, pattern: str) -> None:
        assert codes(pattern) == ["insecure-origin"]

    @pytest.mark.parametrize(
        "pattern",
        [
            "https://example.com",
            "https://10.0.0.1",
            "http://localhost",
            "http://localhost:*",
            "http://app.localhost:3000",
            "http://*.localhost",
            "http://dev-*.localhost",
            "http://*.app.localhost:*",
            "http://127.0.0.1:8000",
            "http://127.1.2.3",
            "http://[::1]:8000",
            "ws://localhost",
            "capacitor://localhost",
            "chrome-extension://abcd",
            "app://example.com",
        ],
    )
    def test_does_not_offend(self, pattern: str) -> None:
        assert codes(pattern) == []


class TestPublicSuffix:
    """Refused: a wildcard directly under a public suffix."""

    @pytest.mark.parametrize(
        "pattern",
        [
            pytest.param("https://*.com", id="top-level-domain"),
            pytest.param("https://*.co.uk:*", id="second-level"),
            pytest.param("https://*.github.io", id="private-section"),
            pytest.param("https://a-*.vercel.app", id="label"),
            pytest.param("https://*.kawasaki.jp", id="wildcard-rule-below"),
            pytest.param("https://*.foo.kawasaki.jp", id="wildcard-rule"),
            pytest.param("https://*.internal", id="unlisted-top-level-domain"),
            pytest.param("https://*.xn--p1ai", id="internationalised"),
            pytest.param("https://*.\u0440\u0444", id="internationalised-as-written"),
            pytest.param("https://dev-*", id="label-without-a-domain"),
            pytest.param("app://*.com", id="custom-scheme"),
        ],
    )
    def test_offends(self, pattern: str) -> None:
        assert codes(pattern) == ["public-suffix"]

    @pytest.mark.parametrize(
        "pattern",
        [
            pytest.param("https://*.example.com", id="registrable-domain"),
            pytest.param("https://*.example.co.uk", id="registrable-second-level"),
            pytest.param("https://*.me.github.io", id="below-the-private-section"),
            pytest.param("https://*.city.kawasaki.jp", id="exception-rule"),
            pytest.param("https://*.www.ck", id="exception-rule-of-a-whole-domain"),
            pytest.param("https://*.example.internal", id="below-an-unlisted-domain"),
            pytest.param("https://*.localhost", id="this-machine"),
            pytest.param("https://a-*.localhost", id="label-on-this-machine"),
            pytest.param("https://com", id="no-wildcard"),
            pytest.param("https://github.io:*", id="any-port-is-no-wildcard-of-hosts"),
        ],
    )
    def test_does_not_offend(self, pattern: str) -> None:
        assert codes(pattern) == []


class TestTrustForCsrf:
    """Refused beside ``trust_for_csrf``: a ``~`` expression, and a wildcard of any scheme but ``https``."""

    TRUSTING = Policy(
        name="api",
        path="/",
        allow_credentials=True,
        trust_for_csrf=True,
        tolerate_insecure_origins=True,
        tolerate_public_suffixes=True,
        tolerate_credentialed_regex=True,
    )

    @pytest.mark.parametrize(
        "pattern",
        [
            r"~https://a\.example",
            "http://*.example.com",
            "http://dev-*.example.com",
            "http://localhost:*",
            "app://*.example.com",
        ],
    )
    def test_offends(self, pattern: str) -> None:
        assert codes_for(self.TRUSTING, pattern) == [CSRF]

    @pytest.mark.parametrize("pattern", ["*", "app://*"])
    def test_what_credentials_refuse_offends_too(self, pattern: str) -> None:
        assert codes_for(self.TRUSTING, pattern) == ["credentials-any-origin", CSRF]

    @pytest.mark.parametrize(
        "pattern",
        [
            "https://a.example",
            "https://*.example.com",
            "https://a-*.example.com:*",
            "http://a.example",
            "app://x",
        ],
    )
    def test_does_not_offend(self, pattern: str) -> None:
        assert codes_for(self.TRUSTING, pattern) == []

    def test_without_the_flag_nothing_offends(self) -> None:
        assert codes_for(Policy(name="api", path="/"), "~.*", "http://*.example.com", "*") == []


class TestOffences:
    """Every reason is given, in the order of the patterns, in a sentence that says what to do."""

    def test_an_insecure_wildcard_below_a_suffix_offends_twice(self) -> None:
        assert codes("http://*.com") == ["insecure-origin", "public-suffix"]

    def test_offences_follow_the_patterns(self) -> None:
        patterns = [parse_origin_pattern(text) for text in ("null", "https://a.test", "http://a.test", "*")]

        assert find_offences(patterns) == (
            Offence("credentials-null-origin", "null"),
            Offence("insecure-origin", "http://a.test"),
            Offence("credentials-any-origin", "*"),
            Offence(CSRF, "*"),
        )

    @pytest.mark.parametrize(
        "code",
        [
            "credentials-any-origin",
            "credentials-null-origin",
            "credentials-regex",
            "insecure-origin",
            "public-suffix",
            "csrf-needs-credentials",
        ],
    )
    def test_message_names_the_pattern_and_what_to_do(self, code: str) -> None:
        message = Offence(code, "https://*.com").message

        assert message.startswith('"https://*.com" ')
        assert says_what_to_do(message)

    @pytest.mark.parametrize("code", TOLERATED_BY)
    def test_message_names_the_flag_that_tolerates_it(self, code: str) -> None:
        assert TOLERATED_BY[code] in REMEDIES[code]
