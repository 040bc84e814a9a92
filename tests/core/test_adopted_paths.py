"""Do the adopted path patterns speak for the paths that the regular expression matches?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.adoption.paths import MAX_PATHS, adopt_paths
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.problems import PatternError

TAILS = ("", "/", "x", "/x", "//", "x/", "/x/y", ".json", "/api/")


def covers(patterns: list[str], path: str) -> bool:
    """Whether one of the patterns speaks for the path."""
    return any(parse_path_pattern(text).matches(path) for text in patterns)


class TestExact:
    """What comes out exactly has no remark, and speaks for the same paths."""

    @pytest.mark.parametrize(
        ("regex", "expected"),
        [
            ("^.*$", ["/**"]),
            ("", ["/**"]),
            ("^/", ["/**"]),
            ("^/.*$", ["/**"]),
            ("^/api", ["/api*/**"]),
            (r"\A/api.*", ["/api*/**"]),
            ("/api(/.*)?$", ["/api/**"]),
            ("^/api/?$", ["/api"]),
            ("^/api/[^/]+", ["/api/*/**"]),
            ("^/(?:a|b)/?", ["/a*/**", "/b*/**"]),
            ("^/v[12]", ["/v1*/**", "/v2*/**"]),
            (re.compile("^ /api  # note", re.VERBOSE), ["/api*/**"]),
        ],
    )
    def test_is(self, regex: str | re.Pattern[str], expected: list[str]) -> None:
        patterns, reasons = adopt_paths(regex)

        assert (patterns, reasons) == (expected, [])
        for stem in ("/", "/api", "/a", "/b", "/v1", "/v12", "/v3", "/other", "/api/x", "/ap"):
            for path in (f"{stem}{tail}" for tail in TAILS):
                assert covers(patterns, path) == (re.match(regex, path) is not None), path


class TestAlmost:
    """What differs by a slash is adopted, and every path of that kind is named."""

    @pytest.mark.parametrize(
        ("regex", "expected", "remark"),
        [
            ("^/api/.*$", ["/api/**"], "wider. Governed now, and not before: /api."),
            ("^/api/", ["/api/**"], "wider. Governed now, and not before: /api."),
            ("^/(a|b)/.*$", ["/a/**", "/b/**"], "wider. Governed now, and not before: /a, /b."),
            ("^/api$", ["/api"], "wider. Governed now, and not before: /api/."),
            (r"^/v1\.0/$", ["/v1.0"], "wider. Governed now, and not before: /v1.0."),
            ("^/api/.+$", ["/api/*/**"], "narrower. Governed before, and not now: /api//"),
        ],
    )
    def test_says_so(self, regex: str, expected: list[str], remark: str) -> None:
        patterns, (reason,) = adopt_paths(regex)

        assert patterns == expected
        assert remark in reason

    @given(
        stem=st.sampled_from(["/api", "/api/", "/(a|b)", "/a(/b)?", "/[ab]", "/a/[^/]+/", "/a/[^/]+"]),
        tail=st.sampled_from(["", "$", "/", "/$", ".*", "/.*$", ".+", "/?", "/?$", "(/.*)?$"]),
        path=st.text("/apib", max_size=8).map(lambda text: f"/{text}"),
    )
    def test_is_never_wider_but_by_what_is_said(self, stem: str, tail: str, path: str) -> None:
        regex = f"^{stem}{tail}"
        try:
            patterns, reasons = adopt_paths(regex)
        except PatternError:
            return

        if covers(patterns, path) and not re.match(regex, path):
            other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
            assert re.match(regex, other), "only a slash at the end may be the difference"
            assert any("wider" in reason for reason in reasons)


class TestRefused:
    """What no pattern is exactly as wide as is refused, with what to write."""

    @pytest.mark.parametrize(
        ("regex", "what"),
        [
            (r"^/v\d+/", "No path pattern is exactly as wide as \\d+."),
            ("^/v[0-9]+/", "as [0-9]+."),
            (r"^/\d/", "\\d stands for too many characters."),
            ("^/[a-z]/", "[a-z] stands for too many characters."),
            ("^/[^a]/", "[^a] stands for too many characters."),
            ("^/a.b/", ". stands for too many characters."),
            (r"^.*\.json$", "It goes on after a part that takes the rest"),
            ("^/a$b", "It goes on after"),
            ("^/a^b", "It goes on after"),
            ("^/v[^/]+/", "[^/]+ can only stand for a whole segment."),
            ("^api/", "A path starts with a slash."),
            ("^$", "A path starts with a slash."),
            ("^/a//b", "A path pattern has no empty segments."),
            (r"^/a\*", "It has a literal *"),
            (r"^/a\b", "No path pattern is exactly as wide as \\b."),
            ("^/(?i:a)", "No path pattern is exactly as wide as (?i:a)."),
            ("(?i)^/a", "It ignores case"),
            ("^/[0-9][0-9]", f"more than {MAX_PATHS} paths"),
            ("^/(?!admin)", "which RE2 does not have. What shall be left out gets a policy without origins."),
            ("^/(", "Python refuses the regular expression"),
        ],
    )
    def test_is_refused(self, regex: str, what: str) -> None:
        with pytest.raises(PatternError) as caught:
            adopt_paths(regex)

        assert what in str(caught.value)
