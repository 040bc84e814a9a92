r"""Do the expressions for nginx match what our patterns match?

Before you edit: PCRE is not here, so that Python's ``re`` stands for it, which knows all of the syntax but
``\z`` and POSIX classes. A real nginx is asked by ``tests/services/test_nginx.py``.
"""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.engine import parse_requested_headers
from cors_policies.core.exporting import nginx_patterns
from cors_policies.core.origins import (
    OriginKind,
    is_plausible_origin,
    parse_origin_pattern,
    parse_serialized_origin,
)
from cors_policies.core.paths import parse_path_pattern
from tests.core.path_strategies import pattern_texts, request_paths
from tests.strategies import MEETING_PATTERNS, REQUEST_HOSTS, request_origins, requested_headers

HAS_ATOMS = sys.version_info >= (3, 11)


def search(expression: str, text: str, flags: int = 0) -> bool:
    """Whether PCRE would find it in the UTF-8 of the text."""
    expression = (
        expression.replace("\\z", "\\Z").replace("[[:blank:],]", "[ \\t,]").replace("[[:blank:]]", "[ \\t]")
    )
    if not HAS_ATOMS:  # the same, but slower, before Python 3.11
        expression = re.sub(r"([*+}])\+", r"\1", expression).replace("(?>", "(?:")
    return re.search(expression.encode(), text.encode("utf-8", "surrogatepass"), flags) is not None


class TestSerializedOrigins:
    """What browsers send is told from everything else."""

    @given(origin=request_origins())
    def test_agrees(self, origin: str) -> None:
        is_one = parse_serialized_origin(origin) is not None

        if "[" not in origin:  # an IPv6 address need not be in its canonical form
            assert search(nginx_patterns.serialized_origin(), origin) is is_one
        elif is_one:
            assert search(nginx_patterns.serialized_origin(), origin)

    @given(origin=request_origins())
    def test_any_origin_agrees(self, origin: str) -> None:
        assert search(nginx_patterns.PLAUSIBLE_ORIGIN, origin) is is_plausible_origin(origin)

    @pytest.mark.parametrize(
        "port", [0, 1, 9, 80, 443, 999, 9999, 10000, 59999, 65535, 65536, 65540, 66000, 70000]
    )
    def test_ports(self, port: int) -> None:
        origin = f"https://a.test:{port}"

        assert search(nginx_patterns.serialized_origin(), origin) is (
            parse_serialized_origin(origin) is not None
        )


class TestOrigins:
    """An expression matches the serialized origins that the pattern matches."""

    @given(
        text=st.sampled_from([text for text in MEETING_PATTERNS if text[0] != "~"]), origin=request_origins()
    )
    def test_agrees(self, text: str, origin: str) -> None:
        pattern = parse_origin_pattern(text)
        expression = nginx_patterns.origin_expression(pattern)

        if parse_serialized_origin(origin) is not None or origin == "null":
            assert search(expression or "", origin) is pattern.matches(origin)

    def test_any_origin_is_all_that_is_plausible(self) -> None:
        expression = nginx_patterns.origin_expression(parse_origin_pattern("*")) or ""

        assert search(expression, nginx_patterns.OTHER_ORIGIN)
        assert not search(expression, nginx_patterns.IMPLAUSIBLE)
        assert not search(expression, "")

    def test_expressions_have_none(self) -> None:
        pattern = parse_origin_pattern("~https://a")

        assert pattern.kind is OriginKind.EXPRESSION
        assert nginx_patterns.origin_expression(pattern) is None


class TestPaths:
    """An expression matches the paths that the pattern matches, whatever the host."""

    @given(pattern=pattern_texts(), path=request_paths())
    def test_agrees(self, pattern: str, path: str) -> None:
        parsed = parse_path_pattern(pattern)
        path = path.encode("utf-8", "replace").decode()

        assert search(nginx_patterns.site_expression("", parsed), path) is parsed.matches(path)
        assert search(nginx_patterns.site_expression("", parsed), f"a.test{path}") is parsed.matches(path)

    @pytest.mark.parametrize(
        ("pattern", "path", "matches"),
        [
            ("/a/**", "/a", True), ("/a/**", "/a/", True), ("/a/**", "/a//b\n", True),
            ("/a/**", "/ab", False),
            ("/a", "/a/", True), ("/a", "/a//", False), ("/a", "/a\n", False), ("/a", "/A", False),
            ("/*", "/", False), ("/*", "/a/b", False), ("/", "//", True), ("/", "/a", False),
            ("/**", "/", True),
            ("/**/b", "/b", True), ("/**/b", "/a/b/", True), ("/**/b", "/ab", False),
            ("/a/**/b", "/a/b", True),
            ("/x*a*ab", "/xab", False), ("/x*a*ab", "/xaab", True), ("/x.y", "/xzy", False),
            ("/caf\u00e9", "/caf\u00e9", True), ("/caf\u00e9", "/cafe", False),
        ],
    )  # fmt: skip
    def test_of_tables(self, pattern: str, path: str, matches: bool) -> None:
        parsed = parse_path_pattern(pattern)

        assert parsed.matches(path) is matches
        assert search(nginx_patterns.site_expression("", parsed), path) is matches

    def test_takes_the_leftmost_piece_and_never_another(self) -> None:
        """Without the atomic groups, a path of many letters would take longer than anybody waits."""
        assert nginx_patterns.path_expression(parse_path_pattern("/*a*b*c")) == (
            "/(?>[^/]*?a)(?>[^/]*?b)[^/]*c/?\\z"
        )

    @pytest.mark.parametrize("pattern", ["a.test", "*.a.test", "[::1]", "b.a.test"])
    def test_hosts(self, pattern: str) -> None:
        expression = nginx_patterns.site_expression(pattern, parse_path_pattern("/**"))
        below = pattern.removeprefix("*")

        for host in {host.lower().removesuffix(":8080").removesuffix(":443") for host in REQUEST_HOSTS}:
            wanted = host.endswith(below) and host != below if below != pattern else host == pattern
            assert search(expression, f"{host}/x") is wanted


class TestHeaderNames:
    """Lists of header names are read as the engine reads them."""

    @given(value=requested_headers())
    def test_agrees(self, value: str) -> None:
        names = parse_requested_headers(value)
        expression = nginx_patterns.header_list_expression(64, 4096)

        assert search(expression, value) is (names is not None)
        if names is not None:
            allowed = nginx_patterns.names_expression(["x-a", "content-type"])
            assert search(f"^{allowed}", value, re.IGNORECASE) is ({"x-a", "content-type"} >= set(names))
            others = nginx_patterns.other_names_expression(["*", "authorization"])
            assert search(f"^{others}", value, re.IGNORECASE) is {"*", "authorization"}.isdisjoint(names)

    @pytest.mark.parametrize(
        ("value", "is_list"),
        [
            ("", True), (" , ,", True), (",".join("a" * 64), True), (",".join("a" * 65), False),
            ("a" * 4096, True),
            ("a" * 4097, False), ("a b", False), ("a;", False), ("?", False), ("\u00e9", False),
        ],
    )  # fmt: skip
    def test_limits(self, value: str, is_list: bool) -> None:
        assert search(nginx_patterns.header_list_expression(64, 4096), value) is is_list
        assert (parse_requested_headers(value) is not None) is is_list

    def test_no_names_let_no_name_through(self) -> None:
        assert search(f"^{nginx_patterns.names_expression([])}", " ,")
        assert not search(f"^{nginx_patterns.names_expression([])}", "a")

    def test_what_is_no_list_is_never_let_through(self) -> None:
        for expression in (
            nginx_patterns.names_expression(["a"]),
            nginx_patterns.other_names_expression(["*"]),
        ):
            assert not search(f"^{expression}", nginx_patterns.IMPLAUSIBLE)


class TestLiterals:
    """Every character stands for itself, and the expression is ASCII without quotes."""

    @given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
    def test_match_themselves(self, text: str) -> None:
        expression = nginx_patterns.literal(text)

        assert search(f"^{expression}\\z", text)
        assert expression.isascii()
        assert not set(expression) & set("\"' ;{}$")
