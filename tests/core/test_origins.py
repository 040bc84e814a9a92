"""Tests of origin patterns: is this text one that we accept, and does it match that origin?"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cors_policies.core.origins import (
    Origin,
    OriginKind,
    OriginPattern,
    is_plausible_origin,
    label_matches,
    parse_origin_pattern,
    parse_serialized_origin,
)
from cors_policies.core.problems import PatternError
from tests import strategies
from tests.core import oracle
from tests.core.assertions import says_what_to_do

HOST_OF_253 = ".".join(["a" * 49] * 5) + ".abc"
SCHEME_OF_400 = "a" * 400


class TestNormalising:
    """A pattern is normalised before it is stored; the stored form denotes the same origins."""

    @pytest.mark.parametrize(
        ("text", "canonical"),
        [
            pytest.param("https://example.com", "https://example.com", id="as-it-is"),
            pytest.param("  https://example.com\t", "https://example.com", id="surrounding-space"),
            pytest.param("https://example.com/", "https://example.com", id="trailing-slash"),
            pytest.param(" https://example.com/ ", "https://example.com", id="trailing-slash-and-space"),
            pytest.param("HTTPS://Example.COM", "https://example.com", id="case"),
            pytest.param("https://example.com:443", "https://example.com", id="default-port-of-https"),
            pytest.param("http://example.com:80", "http://example.com", id="default-port-of-http"),
            pytest.param("ws://example.com:80", "ws://example.com", id="default-port-of-ws"),
            pytest.param("wss://example.com:443", "wss://example.com", id="default-port-of-wss"),
            pytest.param("ftp://example.com:21", "ftp://example.com", id="default-port-of-ftp"),
            pytest.param("http://example.com:443", "http://example.com:443", id="port-of-another-scheme"),
            pytest.param("app://example.com:80", "app://example.com:80", id="no-default-port"),
            pytest.param("https://example.com:08443", "https://example.com:8443", id="leading-zero-in-port"),
            pytest.param(
                "https://example.com:" + "0" * 40 + "443", "https://example.com", id="many-leading-zeros"
            ),
            pytest.param("https://example.com:65535", "https://example.com:65535", id="greatest-port"),
            pytest.param("https://example.com:1", "https://example.com:1", id="smallest-port"),
            pytest.param(
                "https://b\u00fccher.example", "https://xn--bcher-kva.example", id="internationalised"
            ),
            pytest.param("https://my_app.example.com", "https://my_app.example.com", id="underscore"),
            pytest.param("https://r3---sn.example.com", "https://r3---sn.example.com", id="three-hyphens"),
            pytest.param("https://xn--bcher-kva.example", "https://xn--bcher-kva.example", id="a-label"),
            pytest.param("https://\u212a.example", "https://k.example", id="kelvin-sign"),
            pytest.param("https://\u017f.example", "https://s.example", id="long-s"),
            pytest.param("https://a\u200b.example", "https://a.example", id="zero-width-space-is-ignored"),
            pytest.param("https://\U0001fae8.example", "https://xn--929h.example", id="recent-emoji"),
            pytest.param("http://[::1]:8080", "http://[::1]:8080", id="ipv6"),
            pytest.param("http://[0:0::0001]/", "http://[::1]", id="ipv6-compressed"),
            pytest.param("http://[::FFFF:127.0.0.1]:80", "http://[::ffff:7f00:1]", id="ipv6-never-dotted"),
            pytest.param("http://127.0.0.1:8000", "http://127.0.0.1:8000", id="ipv4"),
            pytest.param("https://*.Example.com:443/", "https://*.example.com", id="subdomains"),
            pytest.param(
                "https://*.b\u00fccher.example", "https://*.xn--bcher-kva.example", id="subdomains-idna"
            ),
            pytest.param("https://Preview-*.example.com", "https://preview-*.example.com", id="label-prefix"),
            pytest.param("https://*-TEAM.example.com", "https://*-team.example.com", id="label-suffix"),
            pytest.param("https://a*b.example.com:8443", "https://a*b.example.com:8443", id="label-inside"),
            pytest.param("https://_a-*.example.com", "https://_a-*.example.com", id="label-underscore"),
            pytest.param("https://dev-*", "https://dev-*", id="label-without-a-domain"),
            pytest.param("https://\uff41-*.example.com", "https://a-*.example.com", id="label-fullwidth"),
            pytest.param("http://localhost:*", "http://localhost:*", id="any-port"),
            pytest.param("https://*.example.com:*", "https://*.example.com:*", id="any-port-of-subdomains"),
            pytest.param("http://[::1]:*", "http://[::1]:*", id="any-port-of-ipv6"),
            pytest.param("chrome-extension://AbCd", "chrome-extension://abcd", id="extension"),
            pytest.param("capacitor://localhost", "capacitor://localhost", id="capacitor"),
            pytest.param("a+b-c.d1://x", "a+b-c.d1://x", id="odd-scheme"),
            pytest.param("moz-extension://*", "moz-extension://*", id="scheme"),
            pytest.param("MOZ-Extension://*/", "moz-extension://*", id="scheme-case-and-slash"),
            pytest.param(" * ", "*", id="any"),
            pytest.param(" null ", "null", id="null"),
            pytest.param(" ~https://A ", "~https://A", id="expression-keeps-its-case"),
            pytest.param(f"https://{HOST_OF_253}", f"https://{HOST_OF_253}", id="host-of-253"),
            pytest.param(
                f"https://*.{HOST_OF_253[2:]}", f"https://*.{HOST_OF_253[2:]}", id="253-with-a-star"
            ),
            pytest.param(
                f"{SCHEME_OF_400}://{'b' * 50}.{'c' * 58}",
                f"{SCHEME_OF_400}://{'b' * 50}.{'c' * 58}",
                id="512",
            ),
            pytest.param(
                f" {SCHEME_OF_400}://{'b' * 50}.{'c' * 58}/ ",
                f"{SCHEME_OF_400}://{'b' * 50}.{'c' * 58}",
                id="512-when-stored",
            ),
            pytest.param(f"https://a.test:{'0' * 600}443", "https://a.test", id="zeros-do-not-count"),
            pytest.param(
                f"https://a{chr(173) * 600}.test", "https://a.test", id="nor-what-is-mapped-to-nothing"
            ),
        ],
    )
    def test_accepts(self, text: str, canonical: str) -> None:
        pattern = parse_origin_pattern(text)

        assert pattern.text == canonical
        assert parse_origin_pattern(canonical) == pattern


class TestRefusals:
    """What is no pattern is refused, with a reason of its own and a sentence that says what to write."""

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            pytest.param("", "empty", id="empty"),
            pytest.param("  ", "empty", id="only-space"),
            pytest.param("https://example.com/app", "path", id="path"),
            pytest.param("https://example.com//", "path", id="two-slashes"),
            pytest.param("https://example.com\\", "path", id="backslash"),
            pytest.param("https://example.com?a=b", "query", id="query"),
            pytest.param("https://example.com?", "query", id="empty-query"),
            pytest.param("https://example.com#a", "fragment", id="fragment"),
            pytest.param("https://user@example.com", "userinfo", id="userinfo"),
            pytest.param("https://user:secret@example.com", "userinfo", id="userinfo-with-password"),
            pytest.param("https://@example.com", "userinfo", id="empty-userinfo"),
            pytest.param("example.com", "no-scheme", id="no-scheme"),
            pytest.param("//example.com", "no-scheme", id="only-slashes"),
            pytest.param("https:/example.com", "no-scheme", id="one-slash"),
            pytest.param("https:example.com", "no-scheme", id="no-slash"),
            pytest.param("localhost:3000", "no-scheme", id="host-and-port"),
            pytest.param("NULL", "no-scheme", id="null-in-upper-case"),
            pytest.param("**", "no-scheme", id="two-stars"),
            pytest.param("*.example.com", "no-scheme", id="wildcard-without-scheme"),
            pytest.param("://example.com", "invalid-scheme", id="empty-scheme"),
            pytest.param("*://example.com", "invalid-scheme", id="star-for-a-scheme"),
            pytest.param("http*://example.com", "invalid-scheme", id="star-in-a-scheme"),
            pytest.param("1a://example.com", "invalid-scheme", id="scheme-with-a-digit-first"),
            pytest.param("a_b://example.com", "invalid-scheme", id="scheme-with-an-underscore"),
            pytest.param("http\u017f://example.com", "invalid-scheme", id="scheme-with-a-long-s"),
            pytest.param(r"^https?://.*\.example\.com$", "invalid-scheme", id="expression-without-its-mark"),
            pytest.param("file://", "opaque-scheme", id="file"),
            pytest.param("FILE://localhost", "opaque-scheme", id="file-in-upper-case"),
            pytest.param("data://a", "opaque-scheme", id="data"),
            pytest.param("blob://a", "opaque-scheme", id="blob"),
            pytest.param("javascript://a", "opaque-scheme", id="javascript"),
            pytest.param("about://*", "opaque-scheme", id="about"),
            pytest.param("https://", "no-host", id="no-host"),
            pytest.param("https:///", "no-host", id="no-host-but-a-slash"),
            pytest.param("https://:8080", "no-host", id="port-only"),
            pytest.param("https://example.com:", "invalid-port", id="empty-port"),
            pytest.param("https://example.com:0", "invalid-port", id="port-0"),
            pytest.param("https://example.com:000", "invalid-port", id="port-000"),
            pytest.param("https://example.com:65536", "invalid-port", id="port-65536"),
            pytest.param("https://example.com:-1", "invalid-port", id="negative-port"),
            pytest.param("https://example.com:+1", "invalid-port", id="signed-port"),
            pytest.param("https://example.com:8_0", "invalid-port", id="port-with-an-underscore"),
            pytest.param("https://example.com:80*", "invalid-port", id="star-in-a-port"),
            pytest.param("https://example.com:http", "invalid-port", id="port-name"),
            pytest.param("https://example.com:\uff18\uff10", "invalid-port", id="fullwidth-port"),
            pytest.param("http://[::1]8080", "invalid-port", id="no-colon-after-an-address"),
            pytest.param("http://[::1]]", "invalid-port", id="two-brackets"),
            pytest.param("http://[::1]:", "invalid-port", id="ipv6-empty-port"),
            pytest.param("http://::1", "invalid-ipv6", id="ipv6-without-brackets"),
            pytest.param("http://[::1", "invalid-ipv6", id="ipv6-open-bracket"),
            pytest.param("http://[::1%25lo]", "invalid-ipv6", id="ipv6-with-a-zone"),
            pytest.param("http://[*]", "host-character", id="star-in-brackets"),
            pytest.param("https://*", "wildcard-host", id="every-https-host"),
            pytest.param("http://*", "wildcard-host", id="every-http-host"),
            pytest.param("ws://*", "wildcard-host", id="every-ws-host"),
            pytest.param("wss://*", "wildcard-host", id="every-wss-host"),
            pytest.param("ftp://*", "wildcard-host", id="every-ftp-host"),
            pytest.param("https://*:*", "wildcard-host", id="every-https-host-and-port"),
            pytest.param("moz-extension://*:80", "scheme-wildcard-port", id="scheme-with-a-port"),
            pytest.param("moz-extension://*:*", "scheme-wildcard-port", id="scheme-with-any-port"),
            pytest.param("https://example.*", "wildcard-place", id="star-last"),
            pytest.param("https://a.*.com", "wildcard-place", id="star-in-the-middle"),
            pytest.param("https://a.b*.com", "wildcard-place", id="star-in-the-second-label"),
            pytest.param("https://*.*.com", "wildcard-place", id="two-labels-with-a-star"),
            pytest.param("https://**.example.com", "wildcard-place", id="two-stars-in-a-label"),
            pytest.param("https://*a*.example.com", "wildcard-place", id="stars-around"),
            pytest.param("https://\uff0a*.example.com", "wildcard-place", id="fullwidth-star-beside-a-star"),
            pytest.param("https://*.\uff0a.com", "wildcard-place", id="fullwidth-star-below-a-star"),
            pytest.param("https://\uff0a.example.com", "host-character", id="fullwidth-star"),
            pytest.param(
                "https://b\u00fc*.example.com", "wildcard-label", id="star-in-an-internationalised-label"
            ),
            pytest.param("https://a-*.0.0.1", "numeric-host", id="star-before-ipv4"),
            pytest.param("https://*.0.0.1", "numeric-host", id="stars-before-ipv4"),
            pytest.param("https://*.127.0.0.1", "numeric-host", id="below-an-address"),
            pytest.param("https://*.1", "numeric-host", id="star-before-a-number"),
            pytest.param("https://127.1", "numeric-host", id="short-ipv4"),
            pytest.param("https://0x7f.0.0.1", "numeric-host", id="hexadecimal-ipv4"),
            pytest.param("https://256.0.0.1", "numeric-host", id="ipv4-out-of-range"),
            pytest.param("https://xn--a.example", "invalid-idna", id="invalid-a-label"),
            pytest.param("https://*.xn--a.example", "invalid-idna", id="invalid-a-label-below-a-star"),
            pytest.param("https://a\ud800.example", "invalid-idna", id="lone-surrogate"),
            pytest.param("https://a!b.example", "host-character", id="exclamation-mark"),
            pytest.param("https://ex%41mple.com", "host-character", id="percent"),
            pytest.param("https://a!*.example.com", "host-character", id="exclamation-mark-beside-a-star"),
            pytest.param("https://example.com.", "empty-label", id="trailing-dot"),
            pytest.param("https://example..com", "empty-label", id="two-dots"),
            pytest.param("https://.example.com", "empty-label", id="leading-dot"),
            pytest.param("https://*.", "empty-label", id="star-and-a-dot"),
            pytest.param("https://*..example.com", "empty-label", id="star-and-two-dots"),
            pytest.param("https://" + "a" * 64 + ".com", "label-too-long", id="label-of-64"),
            pytest.param("https://" + "a" * 63 + "*.com", "label-too-long", id="label-of-64-with-a-star"),
            pytest.param(f"https://x{HOST_OF_253}", "host-too-long", id="host-of-254"),
            pytest.param(f"https://*.{HOST_OF_253[2:]}x", "host-too-long", id="host-of-254-with-a-star"),
            pytest.param("https://exa mple.com", "white-space", id="space"),
            pytest.param("https://example.com /", "white-space", id="space-before-the-slash"),
            pytest.param("https://a.com https://b.com", "white-space", id="two-origins"),
            pytest.param("https://a.com\nhttps://b.com", "white-space", id="two-lines"),
            pytest.param("https://a\u2028b.com", "white-space", id="line-separator"),
            pytest.param("https://a\u3000b.com", "white-space", id="ideographic-space"),
            pytest.param("https://a\x00.com", "white-space", id="nul"),
            pytest.param("https://a\x7f.com", "white-space", id="delete"),
            pytest.param("https://a\x80.com", "white-space", id="c1-control"),
            pytest.param("~https://a b", "white-space", id="space-in-an-expression"),
            pytest.param("~", "empty-expression", id="no-expression"),
            pytest.param("~(", "invalid-expression", id="no-re2-expression"),
            pytest.param("~https://\u00e9", "expression-not-ascii", id="expression-not-ascii"),
            pytest.param(f"{SCHEME_OF_400}://{'b' * 50}.{'c' * 59}", "too-long", id="513"),
            pytest.param("~" + "a" * 512, "too-long", id="expression-of-513"),
            pytest.param(f"https://a.test:{'0' * 9000}443", "too-long", id="much-too-long-to-read"),
            pytest.param(
                f"{SCHEME_OF_400}://{('b' + chr(252) * 9 + '.') * 7}com", "too-long", id="513-when-stored"
            ),
        ],
    )
    def test_rejects(self, text: str, reason: str) -> None:
        with pytest.raises(PatternError) as caught:
            parse_origin_pattern(text)

        assert caught.value.reason == reason
        assert says_what_to_do(str(caught.value))

    def test_expression_without_its_mark_is_told_of_it(self) -> None:
        with pytest.raises(PatternError, match="starts with ~"):
            parse_origin_pattern(r"^https://.*\.example\.com$")


def _matching(pattern: str, *origins: str) -> list[object]:
    return [pytest.param(pattern, origin, id=f"{pattern} {origin}") for origin in origins]


class TestExact:
    """A serialized origin matches itself, exactly."""

    @pytest.mark.parametrize(
        ("pattern", "origin"),
        [
            *_matching("https://example.com", "https://example.com"),
            *_matching("http://localhost:3000", "http://localhost:3000"),
            *_matching("http://[::1]:8080", "http://[::1]:8080"),
            *_matching("capacitor://localhost", "capacitor://localhost"),
            *_matching("https://B\u00dcCHER.example:443/", "https://xn--bcher-kva.example"),
        ],
    )
    def test_accepts(self, pattern: str, origin: str) -> None:
        assert parse_origin_pattern(pattern).matches(origin)

    @pytest.mark.parametrize(
        "origin",
        [
            pytest.param("https://example.com/", id="trailing-slash"),
            pytest.param("https://example.com:443", id="default-port"),
            pytest.param("https://example.com:8443", id="another-port"),
            pytest.param("http://example.com", id="another-scheme"),
            pytest.param("https://Example.com", id="upper-case-host"),
            pytest.param("HTTPS://example.com", id="upper-case-scheme"),
            pytest.param("https://www.example.com", id="subdomain"),
            pytest.param("https://example.com.", id="trailing-dot"),
            pytest.param("https://example.com.evil.test", id="longer-host"),
            pytest.param("https://evilexample.com", id="host-with-the-same-end"),
            pytest.param("https://example.com ", id="trailing-space"),
            pytest.param("https://example.com\n", id="trailing-newline"),
            pytest.param("https://example.com,https://example.com", id="list"),
            pytest.param("example.com", id="host-only"),
            pytest.param("null", id="null"),
            pytest.param("", id="empty"),
        ],
    )
    def test_rejects(self, origin: str) -> None:
        assert not parse_origin_pattern("https://example.com").matches(origin)


class TestSubdomains:
    """``*.`` stands for one or more whole labels, never for the bare domain."""

    @pytest.mark.parametrize(
        ("pattern", "origin"),
        [
            *_matching("https://*.example.com", "https://a.example.com", "https://a.b.c.example.com"),
            *_matching("https://*.example.com", "https://_a-.-b_.example.com", "https://1.example.com"),
            *_matching("https://*.example.com", "https://xn--bcher-kva.example.com"),
            *_matching("https://*.example.com:8443", "https://a.example.com:8443"),
            *_matching("https://*.com", "https://example.com", "https://a.example.com"),
            *_matching("http://*.localhost", "http://app.localhost"),
        ],
    )
    def test_accepts(self, pattern: str, origin: str) -> None:
        assert parse_origin_pattern(pattern).matches(origin)

    @pytest.mark.parametrize(
        "origin",
        [
            pytest.param("https://example.com", id="bare-domain"),
            pytest.param("https://.example.com", id="empty-label"),
            pytest.param("https://a..example.com", id="empty-label-inside"),
            pytest.param("https://evilexample.com", id="suffix-without-a-dot"),
            pytest.param("https://a.example.com.evil.test", id="longer-host"),
            pytest.param("https://a.example.com:8443", id="port"),
            pytest.param("https://a.example.com:443", id="default-port"),
            pytest.param("http://a.example.com", id="another-scheme"),
            pytest.param("https://A.example.com", id="upper-case"),
            pytest.param("https://a.example.com/", id="trailing-slash"),
            pytest.param("https://*.example.com", id="the-pattern-itself"),
            pytest.param("https://evil.test/.example.com", id="path"),
            pytest.param("https://evil.test?.example.com", id="query"),
            pytest.param("https://evil.test#.example.com", id="fragment"),
            pytest.param("https://evil@a.example.com", id="userinfo"),
            pytest.param("https://a b.example.com", id="space"),
            pytest.param("https://a!.example.com", id="other-character"),
            pytest.param("https://b\u00fc.example.com", id="not-ascii"),
            pytest.param("null", id="null"),
            pytest.param("https://" + "a." * 260 + "example.com", id="over-512"),
        ],
    )
    def test_rejects(self, origin: str) -> None:
        assert not parse_origin_pattern("https://*.example.com").matches(origin)


class TestLabelWildcard:
    """A ``*`` inside the leftmost label stands for one or more of ``a-z 0-9 -`` and never crosses a dot."""

    @pytest.mark.parametrize(
        ("pattern", "origin"),
        [
            *_matching("https://preview-*.example.com", "https://preview-1.example.com"),
            *_matching("https://preview-*.example.com", "https://preview--.example.com"),
            *_matching(
                "https://*-team.example.com", "https://a-b-team.example.com", "https://--team.example.com"
            ),
            *_matching("https://a*a.example.com", "https://aaa.example.com", "https://abca.example.com"),
            *_matching("https://a*.example.com:*", "https://ab.example.com:1", "https://ab.example.com"),
            *_matching("https://dev-*", "https://dev-1"),
        ],
    )
    def test_accepts(self, pattern: str, origin: str) -> None:
        assert parse_origin_pattern(pattern).matches(origin)

    @pytest.mark.parametrize(
        ("pattern", "origin"),
        [
            *_matching("https://preview-*.example.com", "https://preview-.example.com"),
            *_matching("https://preview-*.example.com", "https://preview-a.b.example.com"),
            *_matching("https://preview-*.example.com", "https://a.preview-b.example.com"),
            *_matching("https://preview-*.example.com", "https://preview-a_b.example.com"),
            *_matching("https://preview-*.example.com", "https://preview-A.example.com"),
            *_matching("https://preview-*.example.com", "https://preview-*.example.com"),
            *_matching("https://preview-*.example.com", "https://xpreview-a.example.com"),
            *_matching("https://preview-*.example.com", "https://preview-a.example.com:8443"),
            *_matching("https://preview-*.example.com", "https://preview-a.example.com.evil.test"),
            *_matching("https://preview-*.example.com", "https://preview-a.evil.test"),
            *_matching("https://*-team.example.com", "https://-team.example.com", "https://team.example.com"),
            *_matching("https://a*a.example.com", "https://aa.example.com", "https://a.example.com"),
            *_matching("https://dev-*", "https://dev-1.example.com", "https://dev-", "https://[::1]"),
        ],
    )
    def test_rejects(self, pattern: str, origin: str) -> None:
        assert not parse_origin_pattern(pattern).matches(origin)

    @pytest.mark.parametrize(
        ("label", "prefix", "suffix"), [("ab", "a", ""), ("ab", "", "b"), ("a-b", "a", "b"), ("-", "", "")]
    )
    def test_label_matches(self, label: str, prefix: str, suffix: str) -> None:
        assert label_matches(label, prefix, suffix)

    @pytest.mark.parametrize(
        ("label", "prefix", "suffix"),
        [
            ("a", "a", ""),
            ("aa", "a", "a"),
            ("a", "aa", "aa"),
            ("a_b", "a", "b"),
            ("xab", "a", ""),
            ("abx", "", "b"),
        ],
    )
    def test_label_does_not_match(self, label: str, prefix: str, suffix: str) -> None:
        assert not label_matches(label, prefix, suffix)


class TestAnyPort:
    """``:*`` stands for any port, the implicit default too."""

    @pytest.mark.parametrize(
        ("pattern", "origin"),
        [
            *_matching(
                "http://localhost:*", "http://localhost", "http://localhost:1", "http://localhost:65535"
            ),
            *_matching("http://localhost:*", "http://localhost:443"),
            *_matching("https://*.example.com:*", "https://a.example.com", "https://a.example.com:8443"),
            *_matching("http://[::1]:*", "http://[::1]", "http://[::1]:8080"),
        ],
    )
    def test_accepts(self, pattern: str, origin: str) -> None:
        assert parse_origin_pattern(pattern).matches(origin)

    @pytest.mark.parametrize(
        "origin",
        [
            "http://localhost:",
            "http://localhost:80",
            "http://localhost:0",
            "http://localhost:08",
            "http://localhost:65536",
            "http://localhost:123456",
            "http://localhost:*",
            "http://localhost:a",
            "https://localhost",
            "http://localhost.evil.test",
            "http://localhost:80.evil.test",
            "http://localhost:80@evil.test",
        ],
    )
    def test_rejects(self, origin: str) -> None:
        assert not parse_origin_pattern("http://localhost:*").matches(origin)


class TestScheme:
    """``scheme://*`` stands for every origin of that scheme, any port."""

    @pytest.mark.parametrize(
        "origin", ["moz-extension://a", "moz-extension://0a-1b:80", "moz-extension://a.b:9"]
    )
    def test_accepts(self, origin: str) -> None:
        assert parse_origin_pattern("moz-extension://*").matches(origin)

    @pytest.mark.parametrize(
        "origin",
        [
            "moz-extension://",
            "moz-extension://*",
            "moz-extension://a/",
            "moz-extension://a:",
            "moz-extension:a",
            "moz-extensions://a",
            "chrome-extension://a",
            "https://a",
            "null",
            "",
        ],
    )
    def test_rejects(self, origin: str) -> None:
        assert not parse_origin_pattern("moz-extension://*").matches(origin)


class TestAnyAndNull:
    """``*`` is every origin, ``null`` too; ``null`` is the opaque origin and nothing else."""

    @pytest.mark.parametrize(
        "origin", ["https://a.test", "null", "NULL", "foo", "file://", "https://A.test/b?c#d", "~", "a" * 512]
    )
    def test_any_accepts(self, origin: str) -> None:
        assert parse_origin_pattern("*").matches(origin)
        assert is_plausible_origin(origin)

    @pytest.mark.parametrize(
        "origin",
        [
            pytest.param("", id="empty"),
            pytest.param("a" * 513, id="over-512"),
            pytest.param("https://a.test https://b.test", id="space"),
            pytest.param("https://a.test\t", id="tab"),
            pytest.param("https://a.test\n", id="newline"),
            pytest.param("https://a.test\r\nx: y", id="header-injection"),
            pytest.param("https://a.test,null", id="comma"),
            pytest.param("https://a.test\x00", id="nul"),
            pytest.param("https://a.test\x7f", id="delete"),
            pytest.param("https://b\u00fc.test", id="latin-1"),
            pytest.param("https://\u212a.test", id="kelvin-sign"),
        ],
    )
    def test_any_rejects(self, origin: str) -> None:
        assert not parse_origin_pattern("*").matches(origin)
        assert not is_plausible_origin(origin)

    def test_null_matches_itself(self) -> None:
        assert parse_origin_pattern("null").matches("null")

    @pytest.mark.parametrize("origin", ["NULL", "Null", "", " null", "null,null", "https://null", "null\n"])
    def test_null_rejects(self, origin: str) -> None:
        assert not parse_origin_pattern("null").matches(origin)


class TestExpression:
    """An expression is matched against the whole origin, always anchored, and never matches ``null``."""

    @pytest.mark.parametrize("origin", ["https://app1.example.com", "https://admin22.example.com"])
    def test_accepts(self, origin: str) -> None:
        assert parse_origin_pattern(r"~https://(app|admin)[0-9]+\.example\.com").matches(origin)

    @pytest.mark.parametrize(
        "origin",
        [
            "https://app.example.com",
            "https://app1.example.com.evil.test",
            "xhttps://app1.example.com",
            "https://app1.example.com:8443",
            "https://app1xexample.com",
            "https://app1.example.com\n",
        ],
    )
    def test_rejects(self, origin: str) -> None:
        assert not parse_origin_pattern(r"~https://(app|admin)[0-9]+\.example\.com").matches(origin)

    @pytest.mark.parametrize(
        "origin", ["null", "", "foo", "https://A.test", "https://a.test/", "https://a.test:443"]
    )
    def test_never_matches_what_is_no_serialized_origin(self, origin: str) -> None:
        assert not parse_origin_pattern("~.*").matches(origin)
        assert not parse_origin_pattern("~null|foo|.*").matches(origin)


class TestSerializedOrigins:
    """Browsers send serialized origins: https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin."""

    @pytest.mark.parametrize(
        ("text", "origin"),
        [
            ("https://a.test", Origin("https", "a.test", "")),
            ("http://a_b.-c-.test:8080", Origin("http", "a_b.-c-.test", "8080")),
            ("http://127.0.0.1:1", Origin("http", "127.0.0.1", "1")),
            ("http://[::ffff:7f00:1]:65535", Origin("http", "[::ffff:7f00:1]", "65535")),
            ("http://a:443", Origin("http", "a", "443")),
            ("app://a:80", Origin("app", "a", "80")),
            ("https://" + "a" * 504, Origin("https", "a" * 504, "")),
        ],
    )
    def test_accepts(self, text: str, origin: Origin) -> None:
        assert parse_serialized_origin(text) == origin

    @pytest.mark.parametrize(
        "text",
        [
            "null",
            "",
            "https://",
            "https://a.test/",
            "https://a.test:",
            "https://a.test:443",
            "http://a.test:80",
            "ftp://a.test:21",
            "https://a.test:0",
            "https://a.test:00",
            "https://a.test:0443",
            "https://a.test:65536",
            "https://A.test",
            "Https://a.test",
            "https://a.test.",
            "https://.a.test",
            "https://a..test",
            "https://1",
            "https://1.2.3",
            "https://1.2.3.256",
            "https://01.2.3.4",
            "https://0x1",
            "https://a.0x1",
            "https://[::0001]",
            "https://[::FFFF]",
            "https://[::1.2.3.4]",
            "https://[1::2::3]",
            "https://[]",
            "https://::1",
            "https://u@a.test",
            "file://a",
            "blob://a",
            "1a://b",
            "https://a*.test",
            "https://a%41.test",
            "https://\u0661.test",
            "https://a.test\n",
            "https://" + "a" * 505,
        ],
    )
    def test_rejects(self, text: str) -> None:
        assert parse_serialized_origin(text) is None


class TestQuestions:
    """A pattern knows what credentials and look-ups need to know of it."""

    @pytest.mark.parametrize(
        ("text", "kind", "is_exact", "has_wildcard_host", "is_loopback"),
        [
            ("https://a.test", OriginKind.EXACT, True, False, False),
            ("http://localhost", OriginKind.EXACT, True, False, True),
            ("http://localhost:*", OriginKind.EXACT, False, False, True),
            ("http://[::1]:8080", OriginKind.EXACT, True, False, True),
            ("http://127.9.9.9:8080", OriginKind.EXACT, True, False, True),
            ("http://*.localhost", OriginKind.SUBDOMAINS, False, True, True),
            ("http://a-*.localhost", OriginKind.LABEL, False, True, True),
            ("http://*.app.localhost:*", OriginKind.SUBDOMAINS, False, True, True),
            ("http://*.a.test", OriginKind.SUBDOMAINS, False, True, False),
            ("http://localhost-*", OriginKind.LABEL, False, True, False),
            ("app://*", OriginKind.SCHEME, False, False, False),
            ("~http://localhost", OriginKind.EXPRESSION, False, False, False),
            ("*", OriginKind.ANY, False, False, False),
            ("null", OriginKind.NULL, True, False, False),
        ],
    )
    def test_answers(
        self, text: str, kind: OriginKind, is_exact: bool, has_wildcard_host: bool, is_loopback: bool
    ) -> None:
        pattern = parse_origin_pattern(text)

        assert (pattern.kind, pattern.is_exact, pattern.has_wildcard_host, pattern.is_loopback) == (
            kind,
            is_exact,
            has_wildcard_host,
            is_loopback,
        )

    def test_what_has_no_parts_has_empty_ones(self) -> None:
        assert parse_origin_pattern("*") == OriginPattern("*", OriginKind.ANY, "", "", "", "", "")

    def test_parts_are_those_of_the_text(self) -> None:
        assert parse_origin_pattern("https://a-*-b.example.com:*") == OriginPattern(
            "https://a-*-b.example.com:*", OriginKind.LABEL, "https", "example.com", "*", "a-", "-b"
        )


class TestProperties:
    """Parse and print are inverse, parsing raises its one error or nothing, and the plain reading agrees."""

    @given(st.one_of(strategies.origin_patterns(), strategies.near_patterns(), st.text(max_size=30)))
    @example(f"{SCHEME_OF_400}://{('b' + chr(252) * 9 + '.') * 6}com")
    def test_normalising_is_idempotent(self, text: str) -> None:
        with contextlib.suppress(PatternError):
            pattern = parse_origin_pattern(text)
            assert parse_origin_pattern(pattern.text) == pattern
            assert len(pattern.text) <= 512
            assert pattern.text.isascii()

    @given(strategies.origin_patterns())
    def test_an_exact_pattern_matches_itself(self, text: str) -> None:
        pattern = parse_origin_pattern(text)

        if pattern.is_exact:
            assert pattern.matches(pattern.text)
            assert pattern.text == "null" or parse_serialized_origin(pattern.text) is not None

    @given(strategies.serialized_origins())
    def test_what_a_browser_sends_is_matched_by_its_normalised_text(self, text: str) -> None:
        pattern = parse_origin_pattern(text)

        assert pattern.matches(pattern.text)
        assert (pattern.text == text) == (parse_serialized_origin(text) is not None)

    @given(strategies.request_origins())
    def test_serialized_origins_are_those_of_the_plain_reading(self, text: str) -> None:
        assert (parse_serialized_origin(text) is not None) == (
            len(text) <= 512 and oracle.is_serialized_origin(text)
        )

    @given(strategies.origin_patterns(), st.lists(strategies.request_origins(), min_size=5, max_size=20))
    def test_matching_agrees_with_the_plain_reading(self, text: str, origins: list[str]) -> None:
        pattern = parse_origin_pattern(text)

        for origin in [*origins, *strategies.MEETING_ORIGINS]:
            assert pattern.matches(origin) == oracle.origin_matches(pattern.text, origin), origin
