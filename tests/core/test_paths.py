"""Tests of path patterns: is this text one, which paths does it match, which of two patterns comes first?"""

from __future__ import annotations

import contextlib
from itertools import pairwise, product

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cors_policies.core.paths import PathPattern, intersects, parse_path_pattern
from cors_policies.core.problems import PatternError
from tests.core import oracle
from tests.core.assertions import says_what_to_do
from tests.core.path_strategies import any_text, pattern_texts, request_paths


def matches(pattern: str, path: str) -> bool:
    return parse_path_pattern(pattern).matches(path)


class TestNormalising:
    """One trailing ``/`` is insignificant in the pattern, and dropped when it is stored."""

    @pytest.mark.parametrize(
        ("text", "canonical"),
        [
            pytest.param("/", "/", id="root"),
            pytest.param("/api", "/api", id="one-segment"),
            pytest.param("/api/", "/api", id="trailing-slash"),
            pytest.param("/api/orders/", "/api/orders", id="trailing-slash-after-two"),
            pytest.param("/API/Orders", "/API/Orders", id="case-is-kept"),
            pytest.param("/*", "/*", id="star"),
            pytest.param("/**", "/**", id="double-star"),
            pytest.param("/**/", "/**", id="double-star-and-slash"),
            pytest.param("/**/a", "/**/a", id="double-star-first"),
            pytest.param("/a/**/b/*", "/a/**/b/*", id="double-star-inside"),
            pytest.param("/*.woff2", "/*.woff2", id="star-before-text"),
            pytest.param("/*a*b*", "/*a*b*", id="several-stars-in-a-segment"),
            pytest.param("/*/*/*", "/*/*/*", id="several-star-segments"),
            pytest.param("/my files/a b", "/my files/a b", id="space-inside"),
            pytest.param("/a ", "/a ", id="space-at-the-end"),
            pytest.param("/caf\u00e9", "/caf\u00e9", id="not-ascii"),
            pytest.param("/cafe\u0301", "/cafe\u0301", id="not-composed"),
            pytest.param("/100%", "/100%", id="percent-sign"),
            pytest.param("/100%/a", "/100%/a", id="percent-sign-before-a-slash"),
            pytest.param("/50%a", "/50%a", id="percent-and-one-digit"),
            pytest.param("/50%ag", "/50%ag", id="percent-and-a-letter-that-is-no-digit"),
            pytest.param("/...", "/...", id="three-dots"),
            pytest.param("/.well-known/a", "/.well-known/a", id="leading-dot"),
            pytest.param("/a./b..", "/a./b..", id="trailing-dots"),
            pytest.param("/a;v=1,2&x=y:z@w!$'()+~", "/a;v=1,2&x=y:z@w!$'()+~", id="punctuation"),
            pytest.param("/\\", "/\\", id="backslash"),
            pytest.param("/" + "/".join(["a"] * 32), "/" + "/".join(["a"] * 32), id="32-segments"),
            pytest.param("/" + "/".join(["a"] * 32) + "/", "/" + "/".join(["a"] * 32), id="32-and-a-slash"),
            pytest.param("/" + "a" * 499, "/" + "a" * 499, id="500-characters"),
            pytest.param("/" + "a" * 499 + "/", "/" + "a" * 499, id="500-characters-and-a-slash"),
        ],
    )
    def test_stores(self, text: str, canonical: str) -> None:
        assert parse_path_pattern(text).text == canonical

    def test_segments_are_what_stands_between_slashes(self) -> None:
        assert parse_path_pattern("/api/*/**/v*1/").segments == ("api", "*", "**", "v*1")

    def test_root_has_no_segments(self) -> None:
        assert parse_path_pattern("/").segments == ()

    @given(any_text() | pattern_texts())
    def test_parsing_the_stored_text_again_changes_nothing(self, text: str) -> None:
        with contextlib.suppress(PatternError):
            pattern = parse_path_pattern(text)

            assert parse_path_pattern(pattern.text) == pattern
            assert "/" + "/".join(pattern.segments) == pattern.text

    def test_equal_texts_make_equal_patterns(self) -> None:
        assert {parse_path_pattern("/api"), parse_path_pattern("/api/")} == {parse_path_pattern("/api")}


REFUSED = [
    pytest.param("", "no-leading-slash", id="empty"),
    pytest.param("api", "no-leading-slash", id="no-slash"),
    pytest.param("*", "no-leading-slash", id="star"),
    pytest.param("**", "no-leading-slash", id="double-star"),
    pytest.param(" /api", "no-leading-slash", id="space-first"),
    pytest.param("https://example.com/api", "no-leading-slash", id="address"),
    pytest.param("//", "empty-segment", id="two-slashes"),
    pytest.param("///", "empty-segment", id="three-slashes"),
    pytest.param("//example.com/api", "empty-segment", id="address-without-a-scheme"),
    pytest.param("/a//b", "empty-segment", id="empty-segment-inside"),
    pytest.param("/a//", "empty-segment", id="two-trailing-slashes"),
    pytest.param("/.", "dot-segment", id="dot"),
    pytest.param("/..", "dot-segment", id="two-dots"),
    pytest.param("/a/./b", "dot-segment", id="dot-inside"),
    pytest.param("/a/../b", "dot-segment", id="two-dots-inside"),
    pytest.param("/a/../", "dot-segment", id="two-dots-and-a-slash"),
    pytest.param("/a?b=c", "query", id="query"),
    pytest.param("/a?", "query", id="empty-query"),
    pytest.param("/a#b", "fragment", id="fragment"),
    pytest.param("/a#", "fragment", id="empty-fragment"),
    pytest.param("/a%20b", "percent-encoded", id="encoded-space"),
    pytest.param("/%C3%A9", "percent-encoded", id="encoded-upper-case"),
    pytest.param("/%c3%a9", "percent-encoded", id="encoded-lower-case"),
    pytest.param("/a%%20", "percent-encoded", id="encoded-after-a-percent-sign"),
    pytest.param("/a\tb", "control-character", id="tab"),
    pytest.param("/a\n", "control-character", id="line-feed-at-the-end"),
    pytest.param("/a\x00", "control-character", id="nul"),
    pytest.param("/a\x7f", "control-character", id="delete"),
    pytest.param("/a\x85", "control-character", id="next-line"),
    pytest.param("/\ud800", "lone-surrogate", id="high-surrogate"),
    pytest.param("/\udfff", "lone-surrogate", id="low-surrogate"),
    pytest.param("/" + "/".join(["a"] * 33), "too-many-segments", id="33-segments"),
    pytest.param("/" + "a" * 500, "too-long", id="501-characters"),
    pytest.param("/" + "a/" * 5000, "too-long", id="ten-thousand-characters"),
    pytest.param("/a**", "double-star-inside-segment", id="double-star-after-text"),
    pytest.param("/**a/b", "double-star-inside-segment", id="double-star-before-text"),
    pytest.param("/a**b", "double-star-inside-segment", id="double-star-inside-text"),
    pytest.param("/***", "double-star-inside-segment", id="three-stars"),
    pytest.param("/**/****", "double-star-inside-segment", id="four-stars"),
    pytest.param("/**/**", "two-double-stars", id="two-double-stars"),
    pytest.param("/**/a/**", "two-double-stars", id="two-double-stars-apart"),
]


class TestRefusals:
    """What is no path pattern is refused, with a reason of its own and with what to write instead."""

    @pytest.mark.parametrize(("text", "reason"), REFUSED)
    def test_refuses(self, text: str, reason: str) -> None:
        with pytest.raises(PatternError) as caught:
            parse_path_pattern(text)

        assert caught.value.reason == reason
        assert says_what_to_do(str(caught.value))

    @given(any_text())
    @example("/\udcff")
    def test_raises_its_one_error_or_nothing(self, text: str) -> None:
        with contextlib.suppress(PatternError):
            parse_path_pattern(text)


class TestMatchingLiterals:
    """A segment without ``*`` is itself, compared case-sensitively."""

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            pytest.param("/", "/", id="root"),
            pytest.param("/", "//", id="root-and-a-slash"),
            pytest.param("/api", "/api", id="the-same"),
            pytest.param("/api", "/api/", id="trailing-slash-in-the-path"),
            pytest.param("/api/", "/api", id="trailing-slash-in-the-pattern"),
            pytest.param("/a b", "/a b", id="space"),
            pytest.param("/caf\u00e9", "/caf\u00e9", id="not-ascii"),
        ],
    )
    def test_matches(self, pattern: str, path: str) -> None:
        assert matches(pattern, path)

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            pytest.param("/", "/a", id="longer-than-root"),
            pytest.param("/", "///", id="empty-segments"),
            pytest.param("/", "", id="empty-path"),
            pytest.param("/api", "/", id="root"),
            pytest.param("/api", "/API", id="case"),
            pytest.param("/api", "api", id="no-leading-slash"),
            pytest.param("/api", "//api", id="two-leading-slashes"),
            pytest.param("/api", "/api//", id="two-trailing-slashes"),
            pytest.param("/api", "/apis", id="longer-segment"),
            pytest.param("/api", "/ap", id="shorter-segment"),
            pytest.param("/api", "/api/orders", id="below"),
            pytest.param("/api/orders", "/api", id="above"),
            pytest.param("/a/b", "/a//b", id="empty-segment-between"),
            pytest.param("/caf\u00e9", "/cafe\u0301", id="other-code-points"),
        ],
    )
    def test_rejects(self, pattern: str, path: str) -> None:
        assert not matches(pattern, path)


class TestMatchingStars:
    """``*`` alone is exactly one segment, not empty; inside one it is any run of characters but ``/``."""

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            pytest.param("/*", "/a", id="one-segment"),
            pytest.param("/*", "/a/", id="one-segment-and-a-slash"),
            pytest.param("/*", "/*", id="a-star-itself"),
            pytest.param("/*/b", "/a/b", id="first"),
            pytest.param("/*.woff2", "/font.woff2", id="before-text"),
            pytest.param("/*.woff2", "/.woff2", id="empty-run-before-text"),
            pytest.param("/v*", "/v", id="empty-run-after-text"),
            pytest.param("/v*", "/v1.2", id="after-text"),
            pytest.param("/a*b", "/ab", id="empty-run-between"),
            pytest.param("/a*b", "/aabb", id="between"),
            pytest.param("/*a*", "/bab", id="around"),
            pytest.param("/a*a", "/aa", id="both-ends-alike"),
            pytest.param("/*a*b*", "/ab", id="several-empty-runs"),
            pytest.param("/*ab*ab*", "/abab", id="pieces-next-to-each-other"),
            pytest.param("/*a*a*a*b", "/aaab", id="repeated-pieces"),
            pytest.param("/a*", "/a\n", id="a-line-end-is-a-character"),
        ],
    )
    def test_matches(self, pattern: str, path: str) -> None:
        assert matches(pattern, path)

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            pytest.param("/*", "/", id="no-segment"),
            pytest.param("/*", "//", id="two-slashes"),
            pytest.param("/*", "///", id="empty-segments"),
            pytest.param("/*", "/a/b", id="two-segments"),
            pytest.param("/*", "*", id="target-of-a-server-wide-options"),
            pytest.param("/*/b", "//b", id="empty-segment"),
            pytest.param("/a/*/b", "/a//b", id="empty-segment-inside"),
            pytest.param("/*.woff2", "/font.woff", id="other-end"),
            pytest.param("/*.woff2", "/fonts/a.woff2", id="never-a-slash"),
            pytest.param("/v*", "/w1", id="other-start"),
            pytest.param("/a*a", "/a", id="overlapping-ends"),
            pytest.param("/ab*ba", "/aba", id="longer-overlapping-ends"),
            pytest.param("/*aba*aba*", "/ababa", id="pieces-that-would-overlap"),
            pytest.param("/*a*b*c", "/bac", id="pieces-in-another-order"),
            pytest.param("/*a*b*", "/ba", id="inner-pieces-only-in-another-order"),
            pytest.param("/a*b*b", "/ab", id="inner-piece-inside-the-end"),
            pytest.param("/a*a*b", "/ab", id="inner-piece-inside-the-start"),
        ],
    )
    def test_rejects(self, pattern: str, path: str) -> None:
        assert not matches(pattern, path)


class TestMatchingDoubleStars:
    """``**`` is zero or more segments, of whatever kind."""

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            pytest.param("/**", "/", id="root"),
            pytest.param("/**", "//", id="two-slashes"),
            pytest.param("/**", "/////", id="many-slashes"),
            pytest.param("/**", "/a/b/c", id="several-segments"),
            pytest.param("/api/**", "/api", id="zero-segments"),
            pytest.param("/api/**", "/api/", id="zero-segments-and-a-slash"),
            pytest.param("/api/**", "/api//", id="an-empty-segment"),
            pytest.param("/api/**", "/api/a/b", id="all-below"),
            pytest.param("/**/a", "/a", id="nothing-before"),
            pytest.param("/**/a", "/b//a/", id="something-before"),
            pytest.param("/**/a", "/a/a", id="itself-before"),
            pytest.param("/a/**/b", "/a/b", id="nothing-between"),
            pytest.param("/a/**/b", "/a/x//y/b", id="something-between"),
            pytest.param("/*/**/*", "/a/b", id="beside-stars"),
            pytest.param("/**/*.js", "/static/app/main.js", id="before-a-mixed-segment"),
            pytest.param("/a/**", "/a" + "/b" * 2000, id="two-thousand-segments"),
        ],
    )
    def test_matches(self, pattern: str, path: str) -> None:
        assert matches(pattern, path)

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            pytest.param("/**", "", id="empty-path"),
            pytest.param("/**", "*", id="target-of-a-server-wide-options"),
            pytest.param("/api/**", "/apis", id="longer-segment"),
            pytest.param("/api/**", "/", id="above"),
            pytest.param("/api/**", "//api", id="empty-segment-first"),
            pytest.param("/a/**/a", "/a", id="ends-that-would-overlap"),
            pytest.param("/a/b/**/b/c", "/a/b/c", id="longer-ends-that-would-overlap"),
            pytest.param("/*/**/*", "/a", id="too-few-segments"),
            pytest.param("/**/a", "/a/b", id="something-after"),
            pytest.param("/**/*", "/a//", id="no-empty-segment-at-the-end"),
        ],
    )
    def test_rejects(self, pattern: str, path: str) -> None:
        assert not matches(pattern, path)


class TestMatchingProperties:
    """A pattern matches what its description says, whatever the path."""

    @given(pattern_texts(), request_paths())
    def test_agrees_with_the_description(self, pattern: str, path: str) -> None:
        assert matches(pattern, path) == oracle.path_matches(pattern, path)

    @given(pattern_texts(), request_paths())
    def test_a_trailing_slash_is_insignificant(self, pattern: str, path: str) -> None:
        assume(not path.endswith("/"))

        assert matches(pattern, path) == matches(pattern, path + "/")

    @given(pattern_texts(), request_paths() | st.text())
    def test_what_starts_with_no_slash_matches_nothing(self, pattern: str, path: str) -> None:
        assert not matches(pattern, path.lstrip("/"))


class TestSpecificity:
    """Segment by segment from the left: literal, mixed, ``*``, the end of a pattern, ``**``; never a tie."""

    @pytest.mark.parametrize(
        "ordered",
        [
            pytest.param(["/a", "/a*", "/*", "/", "/**"], id="kinds-of-segments"),
            pytest.param(["/a/b", "/a/*", "/a", "/a/**"], id="kinds-of-second-segments"),
            pytest.param(["/a/**", "/a*/b", "/*/b", "/**/b"], id="the-first-difference-decides"),
            pytest.param(["/a/**", "/*/a/b/c/d"], id="however-long-the-rest-is"),
            pytest.param(["/abc*", "/ab*", "/a*"], id="more-literal-characters-first"),
            pytest.param(["/*abc", "/a*b", "/a*"], id="wherever-they-are"),
            pytest.param(["/a*b*c", "/ab*", "/a*"], id="stars-do-not-count"),
            pytest.param(["/*a", "/a*", "/b*"], id="then-by-code-point"),
            pytest.param(["/A*", "/a*", "/\u00e9*", "/\U0001f600*"], id="code-points-not-letters"),
            pytest.param(["/**/aa", "/**/b", "/**/*"], id="after-a-double-star"),
            pytest.param(["/**/aa/b", "/**/b/a", "/**/b/*"], id="literals-that-differ"),
            pytest.param(["/**/a/b", "/**/b"], id="from-the-left-after-a-double-star-too"),
            pytest.param(["/**/a/b", "/**/a", "/**/*", "/**"], id="end-after-a-double-star"),
        ],
    )
    def test_orders(self, ordered: list[str]) -> None:
        keys = [parse_path_pattern(text).sort_key for text in ordered]

        assert all(before < after for before, after in pairwise(keys))

    @given(pattern_texts(), pattern_texts())
    def test_different_patterns_never_tie(self, one: str, other: str) -> None:
        assume(one != other)

        assert parse_path_pattern(one).sort_key != parse_path_pattern(other).sort_key

    @given(pattern_texts(), pattern_texts())
    def test_agrees_with_the_description(self, one: str, other: str) -> None:
        comes_first = parse_path_pattern(one).sort_key < parse_path_pattern(other).sort_key

        assert comes_first == (oracle.compare_paths(one, other) < 0)


class TestIntersecting:
    """Two patterns intersect where some path is matched by both."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("/", "/**"),
            ("/a", "/a/"),
            ("/a", "/a/**"),
            ("/a/**", "/**/b"),
            ("/a/**/b", "/a/b"),
            ("/a/**/b", "/**"),
            ("/a*", "/*b"),
            ("/a*/**", "/ab*/c"),
            ("/**/a*b", "/**/*bb"),
            ("/*/b", "/a/**"),
            ("/**/x.json", "/api/*.json"),
        ],
    )
    def test_have_a_path_in_common(self, one: str, other: str) -> None:
        assert intersects(parse_path_pattern(one), parse_path_pattern(other))
        assert intersects(parse_path_pattern(other), parse_path_pattern(one))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("/a", "/b"),
            ("/a", "/A"),
            ("/", "/*"),
            ("/a", "/a/*"),
            ("/a/**", "/b/**"),
            ("/a/**", "/b"),
            ("/**/a", "/**/b"),
            ("/a/**/b", "/a"),
            ("/a/**/b", "/b/a/b"),
            ("/a*", "/b*"),
            ("/*a", "/*b"),
            ("/**/*.json", "/api/*.xml"),
        ],
    )
    def test_have_none(self, one: str, other: str) -> None:
        assert not intersects(parse_path_pattern(one), parse_path_pattern(other))
        assert not intersects(parse_path_pattern(other), parse_path_pattern(one))

    def test_agrees_with_every_path_of_a_small_world(self) -> None:
        paths = ["/" + "/".join(texts) for size in range(5) for texts in product(SMALL_TEXTS, repeat=size)]
        patterns = [parse_path_pattern(text) for text in small_patterns()]
        matched = [
            sum(1 << place for place, path in enumerate(paths) if pattern.matches(path))
            for pattern in patterns
        ]
        wrong = [
            (one.text, other.text)
            for (one, its), (other, others) in product(zip(patterns, matched, strict=True), repeat=2)
            if intersects(one, other) != bool(its & others)
        ]

        assert wrong == []

    @given(pattern_texts(), pattern_texts(), request_paths())
    def test_a_path_that_both_match_is_proof(self, one: str, other: str, path: str) -> None:
        first, second = parse_path_pattern(one), parse_path_pattern(other)

        assert intersects(first, second) or not (first.matches(path) and second.matches(path))


SMALL_TEXTS = ("", "a", "b", "ab", "ba")


def small_patterns() -> list[str]:
    """Up to two segments, with and without a ``**`` anywhere."""
    found = set()
    for size in range(3):
        for segments in product(("a", "b", "*", "a*", "*b", "b*a"), repeat=size):
            found.add("/" + "/".join(segments))
            for gap in range(size + 1):
                found.add("/" + "/".join((*segments[:gap], "**", *segments[gap:])))
    return sorted(found)


def test_patterns_cannot_be_changed() -> None:
    pattern = parse_path_pattern("/api")

    with pytest.raises(AttributeError):
        pattern.text = "/other"  # type: ignore[misc]

    assert pattern == PathPattern("/api", ("api",))


class TestExample:
    """Each pattern matches the path that is its example."""

    @pytest.mark.parametrize(
        ("pattern", "example"),
        [
            ("/", "/"),
            ("/**", "/1"),
            ("/api/orders", "/api/orders"),
            ("/api/*/files/**", "/api/1/files/1"),
            ("/fonts/*.woff2", "/fonts/1.woff2"),
            ("/**/a*b*", "/1/a1b1"),
        ],
    )
    def test_matches(self, pattern: str, example: str) -> None:
        parsed = parse_path_pattern(pattern)

        assert parsed.example == example
        assert parsed.matches(parsed.example)
