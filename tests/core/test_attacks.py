"""Tests of the attack test: which hostile origins does a pattern let in by mistake?"""

from __future__ import annotations

import pytest
from hypothesis import given

from cors_policies.core.linting.attacks import (
    HOSTING_SUFFIXES,
    Hole,
    Way,
    find_holes,
    find_samples,
    try_attacks,
)
from cors_policies.core.origins import OriginKind, parse_origin_pattern
from cors_policies.core.public_suffixes import is_public_suffix
from tests.strategies import origin_patterns


def holes_of(text: str) -> dict[Way, str]:
    """What gets in, by the way."""
    return {hole.way: hole.origin for hole in find_holes(parse_origin_pattern(text))}


class TestHostingSuffixes:
    """Each is a public suffix: whoever has a name below it is a stranger to the next."""

    @pytest.mark.parametrize("suffix", HOSTING_SUFFIXES)
    def test_is_one(self, suffix: str) -> None:
        assert is_public_suffix(suffix)


class TestHoles:
    """What an attacker would register or send is tried; what gets in is named."""

    @pytest.mark.parametrize(
        ("text", "holes"),
        [
            pytest.param("null", {Way.NULL: "null"}, id="null"),
            pytest.param("https://*.com", {Way.STRANGER: "https://evil.com"}, id="top-level-domain"),
            pytest.param("https://*.github.io", {Way.STRANGER: "https://evil.github.io"}, id="hosting"),
            pytest.param(
                "https://*.amazonaws.com", {Way.STRANGER: "https://evil.s3.amazonaws.com"}, id="hosting-below"
            ),
            pytest.param(
                "https://preview-*.vercel.app",
                {Way.STRANGER: "https://preview-evil-a.vercel.app"},
                id="label-of-hosting",
            ),
            pytest.param(
                "https://*.pages.dev:*", {Way.STRANGER: "https://evil.pages.dev"}, id="hosting-any-port"
            ),
            pytest.param(
                r"~https://[a-z]+\.vercel\.app",
                {Way.STRANGER: "https://evil.vercel.app"},
                id="expression-of-hosting",
            ),
            pytest.param(
                r"~https://app\d+\.vercel\.app",
                {Way.STRANGER: "https://app88.vercel.app"},
                id="numbers-of-hosting",
            ),
            pytest.param(
                r"~https://.*example\.com",
                {Way.PREFIX: "https://evilexample.com"},
                id="no-dot-before-the-domain",
            ),
            pytest.param(
                r"~https://example\.com.*",
                {Way.SUFFIX: "https://example.com.evil.net", Way.PORT: "https://example.com:8443"},
                id="open-end",
            ),
            pytest.param(
                r"~https://app.example\.com", {Way.DOT: "https://appxexample.com"}, id="unescaped-dot"
            ),
            pytest.param(
                r"~https://www\.example.com", {Way.DOT: "https://www.examplexcom"}, id="unescaped-last-dot"
            ),
            pytest.param(
                r"~[a-z]+://a\.example\.com", {Way.SCHEME: "http://a.example.com"}, id="open-scheme"
            ),
            pytest.param(
                r"~https?://a\.example\.com", {Way.PLAIN_HTTP: "http://a.example.com"}, id="optional-s"
            ),
            pytest.param(
                r"~http://intranet\.example", {Way.PLAIN_HTTP: "http://intranet.example"}, id="plain-http"
            ),
            pytest.param(
                r"~.*example\.com",
                {Way.PREFIX: "https://evilexample.com", Way.SCHEME: "http://example.com"},
                id="no-scheme",
            ),
            pytest.param(
                r"~https://.*",
                {Way.STRANGER: "https://evil.net", Way.PORT: "https://a:8443"},
                id="everything",
            ),
            pytest.param(
                r"~chrome-extension://[a-z]+", {Way.STRANGER: "chrome-extension://evil"}, id="extensions"
            ),
        ],
    )
    def test_are_found(self, text: str, holes: dict[Way, str]) -> None:
        assert holes_of(text) == holes

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("*", id="any"),
            pytest.param("app://*", id="scheme"),
            pytest.param("https://example.com", id="exact"),
            pytest.param("https://me.github.io", id="exact-name-of-hosting"),
            pytest.param("http://localhost:*", id="any-port"),
            pytest.param("https://*.example.com", id="own-domain"),
            pytest.param("https://*.me.github.io", id="own-name-of-hosting"),
            pytest.param("https://preview-*.example.com:8443", id="label-of-own-domain"),
            pytest.param("https://preview-*.amazonaws.com", id="label-beside-a-suffix"),
            pytest.param("https://a*", id="label-without-a-domain"),
            pytest.param(r"~https://(app|admin)[0-9]+\.example\.com", id="expression"),
            pytest.param(r"~https://([a-z-]+\.)?example\.com", id="dot-in-the-optional-part"),
            pytest.param(r"~https://([^.]+\.)*example\.co\.uk", id="second-level-domain"),
            pytest.param(r"~https://.+\.example\.com(:[0-9]+)?", id="port-that-is-written"),
            pytest.param(r"~https://a.b\.example\.com", id="dot-below-the-own-domain"),
            pytest.param(r"~https://my-app-(dev|prod)\.vercel\.app", id="names-of-hosting-one-by-one"),
            pytest.param(r"~https://a\.example\.com|https://b\.example\.org", id="branches"),
            pytest.param(r"~http://localhost:\d+", id="this-machine"),
            pytest.param(r"~http://[a-z]+\.localhost", id="below-this-machine"),
            pytest.param(r"~http://127\.0\.0\.1:[0-9]{4}", id="address"),
            pytest.param(r"~http://\[::1\]:[0-9]+", id="ipv6"),
            pytest.param(r"~https://10\.0\.0\.[0-9]", id="several-addresses"),
        ],
    )
    def test_are_not_made_up(self, text: str) -> None:
        assert holes_of(text) == {}

    def test_each_says_what_to_write(self) -> None:
        for way in Way:
            assert way.what[0].islower()
            assert way.remedy[0].isupper()
            assert way.remedy.endswith((".", "*."))


class TestEveryPattern:
    """Whatever the pattern: what is named gets in, and the short way out misses nothing."""

    @given(origin_patterns())
    def test_holes_are_matched(self, text: str) -> None:
        pattern = parse_origin_pattern(text)

        for hole in find_holes(pattern):
            assert pattern.matches(hole.origin), hole

    @given(origin_patterns())
    def test_samples_are_matched(self, text: str) -> None:
        pattern = parse_origin_pattern(text)
        samples = find_samples(pattern)

        assert all(pattern.matches(sample) for sample in samples)
        assert bool(samples) == (pattern.kind not in {OriginKind.ANY, OriginKind.NULL} and text != "~null")

    @pytest.mark.parametrize(
        "text",
        [
            "https://example.com",
            "https://*.example.com",
            "https://*.example.com:*",
            "https://*.example.co.uk:8443",
            "https://preview-*.example.com",
            "http://*.localhost:*",
            "https://*.me.github.io",
            "app://localhost",
        ],
    )
    def test_tried_with_everything_what_is_plain_holds(self, text: str) -> None:
        """The patterns that ``find_holes`` takes at their word."""
        pattern = parse_origin_pattern(text)
        samples = find_samples(pattern)

        assert samples
        assert try_attacks(pattern, samples) == ()

    def test_the_attacks_find_what_is_open(self) -> None:
        pattern = parse_origin_pattern("https://*.github.io")

        assert try_attacks(pattern, ["https://me.github.io"]) == (
            Hole(Way.STRANGER, "https://evil.github.io"),
        )
