"""Do the adopted origin patterns let in what the list and the expressions let in, and nothing else?"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.adoption.origins import adopt_expressions, adopt_origins
from cors_policies.core.origins import parse_origin_pattern, parse_serialized_origin
from tests.strategies import DOMAINS, PORTS, SCHEMES

ENTRIES = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from((*SCHEMES, "HTTPS", "file")),
    st.sampled_from(
        (*DOMAINS, "*.a.test", "A.test", "a.test.", "user@a.test", "b\u00fccher.test", "[::1]", "")
    ),
    st.sampled_from((*PORTS, ":0")),
    st.sampled_from(("", "/", "/x", "?q")),
)


def lets_in(patterns: list[str], origin: str) -> bool:
    """Whether one of the patterns matches."""
    return any(parse_origin_pattern(text).matches(origin) for text in patterns)


class TestList:
    """An entry lets in the same serialized origins as before, compared by scheme and what follows it."""

    @given(entry=ENTRIES, other=ENTRIES)
    def test_lets_in_the_same(self, entry: str, other: str) -> None:
        patterns, reasons = adopt_origins([entry])
        origins = {entry, other, entry.removesuffix("/"), entry.lower(), *patterns}

        for origin in origins:
            if parse_serialized_origin(origin) is not None:
                before = urlsplit(entry)[:2] == urlsplit(origin)[:2]
                assert lets_in(patterns, origin) == before
        assert len(patterns) + len(reasons) == 1

    @pytest.mark.parametrize(
        ("entry", "expected"),
        [
            ("https://a.example", "https://a.example"),
            ("https://a.example/", "https://a.example"),
            ("https://a.example/page?q#f", "https://a.example"),
            ("HTTPS://a.example", "https://a.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("null", "null"),
        ],
    )
    def test_carries_over(self, entry: str, expected: str) -> None:
        assert adopt_origins([entry]) == ([expected], [])

    @pytest.mark.parametrize(
        ("entry", "reason"),
        [
            ("https://A.example", "If the pattern https://a.example was meant, add that to the policy."),
            ("https://a.example:443", "If the pattern https://a.example was meant"),
            ("https://*.a.example", "If the pattern https://*.a.example was meant"),
            ("https://b\u00fccher.example", "If the pattern https://xn--bcher-kva.example was meant"),
            ("https://a.example.", "let nobody in: left out. The host has an empty label"),
            ("https://me@a.example", "let nobody in: left out. An origin has no part for a user name"),
            ("*", "has no scheme or no host: left out."),
            ("a.example", "has no scheme or no host: left out."),
            ("", "has no scheme or no host: left out."),
            ("file://", "is sent for local files"),
            ("http://[::1", "is no URL: left out."),
            (f"https://{'a' * 64}.example", "cannot be stored: left out."),
        ],
    )
    def test_leaves_out_and_says_why(self, entry: str, reason: str) -> None:
        found, (said,) = adopt_origins([entry])

        assert (found, said.startswith(f'"{entry}" '), reason in said) == ([], True, True), said


class TestExpressions:
    """An expression lets in no more than before; what it let in by its open end is shown."""

    @pytest.mark.parametrize(
        ("regex", "expected"),
        [
            (r"^https://\w+\.example\.com$", r"~^https://\w+\.example\.com$"),
            (r"https://(a|b)\.example\Z", r"~https://(a|b)\.example\z"),
            (re.compile(r"^HTTPS://A\.example$", re.IGNORECASE), r"~(?i)^HTTPS://A\.example$"),
            ("^https://.*", "~^https://.*"),
        ],
    )
    def test_closed_one_is_carried_over(self, regex: Any, expected: str) -> None:
        assert adopt_expressions([regex]) == ([expected], [])

    @pytest.mark.parametrize(
        ("regex", "example"),
        [
            (r"^https://app\.example\.com", "https://app.example.com.evil.net"),
            (r"^https://\w+\.example\.com", "https://x.example.com.evil.net"),
            (r"^https?://", "http://evil.net"),
            (r"^https://a\.com$|^https://b\.com", "https://b.com.evil.net"),
            (r"^https://a\.com(:\d+)?", "https://a.com.evil.net"),
            (r"^http://localhost:", "http://localhost:8"),
        ],
    )
    def test_open_one_is_anchored_and_the_hole_is_shown(self, regex: str, example: str) -> None:
        patterns, (reason,) = adopt_expressions([regex])

        assert f'is open at the end: "{example}" was let in by it.' in reason
        assert (bool(re.match(regex, example)), lets_in(patterns, example)) == (True, False)

    def test_dot_for_any_character_is_shown(self) -> None:
        patterns, (reason,) = adopt_expressions(["^https://app.example.com$"])

        assert '"https://appxexample.com" was let in by it, and still is. Write \\. there.' in reason
        assert lets_in(patterns, "https://appxexample.com")

    def test_null_is_not_let_in_and_said(self) -> None:
        patterns, (reason,) = adopt_expressions([".*"])

        assert not lets_in(patterns, "null")
        assert "let null in too" in reason

    @pytest.mark.parametrize(
        "regex", ["(", "^https://(?!evil)", "https://\u00e9", "^https://a b", "(a{999}){999}", ""]
    )
    def test_untranslatable_one_is_left_out(self, regex: str) -> None:
        patterns, (reason,) = adopt_expressions([regex])

        assert (patterns, reason.startswith(f'"{regex}" is left out. ')) == ([], True)

    @given(
        host=st.sampled_from([r"a\.test", r"\w+\.test", "a.test", "[ab]+", "(a|b)", "", ".*"]),
        end=st.sampled_from(["", "$", r"\Z", "(:[0-9]+)?", ".*$"]),
        origin=st.builds(
            "https://{}{}".format,
            st.sampled_from([*DOMAINS, "axtest", "a.test.evil.net"]),
            st.sampled_from(PORTS),
        ),
    )
    def test_is_never_wider(self, host: str, end: str, origin: str) -> None:
        regex = f"^https://{host}{end}"
        patterns, reasons = adopt_expressions([regex])

        before = re.match(regex, origin) is not None
        if lets_in(patterns, origin) != before and parse_serialized_origin(origin):
            assert before
            assert any("open at the end" in reason for reason in reasons)
