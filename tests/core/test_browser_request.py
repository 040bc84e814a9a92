"""What a script writes, what the browser makes of it, and what fetch() refuses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.browser_request import BrowserRequest, parse_browser_request, parse_headers
from cors_policies.core.problems import InvalidPolicyError, Problem

MINIMAL: dict[str, Any] = {"method": "GET", "path": "/api", "origin": "https://app.example"}


def problems(document: object) -> list[tuple[str, str]]:
    """The codes and places of everything that is wrong with a document."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse_browser_request(document)
    return [(problem.code, problem.attr) for problem in caught.value.problems]


def read(document: object) -> BrowserRequest | tuple[Problem, ...]:
    """The request, or why there is none."""
    try:
        return parse_browser_request(document)
    except InvalidPolicyError as error:
        return error.problems


class TestDocument:
    """A request is a JSON object; method and path are required, all problems are reported at once."""

    def test_a_minimal_document_has_the_defaults(self) -> None:
        assert parse_browser_request(MINIMAL) == BrowserRequest(
            method="GET",
            path="/api",
            origin="https://app.example",
            host="",
            scheme="https",
            headers=(),
            credentials="omit",
        )

    def test_every_key_is_read(self) -> None:
        document = {
            "method": "put",
            "path": "/api?x=1",
            "origin": "null",
            "host": "api.example:8000",
            "scheme": "http",
            "headers": {"X-A": "1", "Accept": ""},
            "credentials": "include",
        }

        assert parse_browser_request(document) == BrowserRequest(
            method="put",
            path="/api?x=1",
            origin="null",
            host="api.example:8000",
            scheme="http",
            headers=(("X-A", "1"), ("Accept", "")),
            credentials="include",
        )

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param({"method": "GET", "path": "/"}, id="absent"),
            pytest.param({"method": "GET", "path": "/", "origin": None}, id="null"),
            pytest.param({"method": "GET", "path": "/", "origin": ""}, id="empty"),
        ],
    )
    def test_a_document_may_have_no_origin(self, document: dict[str, Any]) -> None:
        assert not parse_browser_request(document).origin

    @pytest.mark.parametrize("document", [None, [], "GET", 1, True])
    def test_what_is_no_object_is_refused_whole(self, document: object) -> None:
        assert problems(document) == [("invalid", "")]

    def test_keys_of_somebody_else_are_left_alone(self) -> None:
        request = parse_browser_request(MINIMAL | {"more": 1}, ("more",))

        assert request == parse_browser_request(MINIMAL)
        assert problems(MINIMAL | {"more": 1}) == [("unknown-key", "more")]

    def test_method_and_path_are_required(self) -> None:
        assert problems({}) == [("required", "method"), ("required", "path")]

    def test_every_problem_is_reported_at_once(self) -> None:
        document = {
            "method": "trace",
            "path": "api",
            "origin": 1,
            "host": "a b",
            "scheme": "ftp",
            "headers": {"x a": "1", "x-b": 2, "x-c": "\n\u20ac"},
            "credentials": "yes",
            "cookies": True,
        }

        assert problems(document) == [
            ("unknown-key", "cookies"),
            ("forbidden-method", "method"),
            ("invalid-path", "path"),
            ("invalid", "origin"),
            ("invalid-host", "host"),
            ("invalid", "scheme"),
            ("invalid-header", "headers.x a"),
            ("invalid", "headers.x-b"),
            ("invalid-header", "headers.x-c"),
            ("invalid", "credentials"),
        ]

    @given(
        st.dictionaries(
            st.sampled_from([*BrowserRequest.__slots__, "x"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
                ),
                max_leaves=3,
            ),
        )
    )
    def test_any_document_is_read_or_refused_with_a_remedy(self, document: dict[str, object]) -> None:
        result = read(document)

        if isinstance(result, BrowserRequest):
            assert result.path == document["path"]
        else:
            assert result
            assert all(problem.message.endswith(".") for problem in result)


class TestMethod:
    """A method is a token that fetch() does not forbid; six names are sent in upper case."""

    @pytest.mark.parametrize(
        ("method", "sent"),
        [
            ("get", "GET"),
            ("Head", "HEAD"),
            ("pOST", "POST"),
            ("put", "PUT"),
            ("delete", "DELETE"),
            ("options", "OPTIONS"),
            ("patch", "patch"),
            ("PATCH", "PATCH"),
            ("chicken", "chicken"),
        ],
    )
    def test_normalizes_as_fetch_does(self, method: str, sent: str) -> None:
        request = parse_browser_request(MINIMAL | {"method": method})

        assert request.method == method
        assert request.sent_method == sent

    @pytest.mark.parametrize("method", ["CONNECT", "trace", "Track"])
    def test_refuses_forbidden_methods(self, method: str) -> None:
        assert problems(MINIMAL | {"method": method}) == [("forbidden-method", "method")]

    @pytest.mark.parametrize(
        "method", ["", " ", "GET ", "G ET", "GET\n", "(", "G\u00c9T", "\x00", "\ud800", "\u017f"]
    )
    def test_refuses_what_is_no_token(self, method: str) -> None:
        assert problems(MINIMAL | {"method": method}) == [("invalid-method", "method")]

    @pytest.mark.parametrize("method", [None, 1, True, ["GET"], {}])
    def test_refuses_other_types(self, method: object) -> None:
        assert problems(MINIMAL | {"method": method}) == [("invalid", "method")]


class TestPath:
    """A path starts with a slash; query and fragment are ignored, percent-encoding is undone."""

    @pytest.mark.parametrize(
        ("path", "path_info"),
        [
            pytest.param("/", "/", id="root"),
            pytest.param("/a/", "/a/", id="trailing-slash"),
            pytest.param("/a?b=/c", "/a", id="query"),
            pytest.param("/a?", "/a", id="empty-query"),
            pytest.param("/a#b?c", "/a", id="fragment"),
            pytest.param("/a?b\u2028c", "/a", id="query-with-a-line-separator"),
            pytest.param("/caf%C3%A9", "/caf\u00e9", id="percent-encoded"),
            pytest.param("/caf\u00e9", "/caf\u00e9", id="not-encoded"),
            pytest.param("/a%3Fb", "/a?b", id="encoded-question-mark"),
            pytest.param("/a%2Fb", "/a/b", id="encoded-slash"),
            pytest.param("/100%", "/100%", id="no-encoding"),
            pytest.param("/a..b/...", "/a..b/...", id="dots-inside-segments"),
            pytest.param("/a?/../b", "/a", id="dot-segment-in-the-query"),
            pytest.param("/a\\b?\\c", "/a/b", id="backslash"),
            pytest.param("/a%5Cb", "/a\\b", id="encoded-backslash"),
        ],
    )
    def test_is_what_the_server_sees(self, path: str, path_info: str) -> None:
        assert parse_browser_request(MINIMAL | {"path": path}).path_info == path_info

    def test_a_query_may_hold_anything(self) -> None:
        assert BrowserRequest(path="/a?b\nc#d").path_info == "/a"

    @pytest.mark.parametrize(
        "path",
        [
            pytest.param("", id="empty"),
            pytest.param("api", id="relative"),
            pytest.param(" /api", id="space-before"),
            pytest.param("https://api.example/api", id="url"),
            pytest.param("?a", id="query-alone"),
            pytest.param("*", id="asterisk"),
            pytest.param("/a/../b", id="two-dots"),
            pytest.param("/a/.", id="one-dot"),
            pytest.param("/a/%2E%2e/b", id="encoded-dots"),
            pytest.param("/a\\..\\b", id="dots-between-backslashes"),
            pytest.param("\\a", id="leading-backslash"),
            pytest.param("/a\nb", id="line-break"),
            pytest.param("/a\x00", id="nul"),
            pytest.param("/\ud800", id="lone-surrogate"),
        ],
    )
    def test_refuses_what_no_browser_sends(self, path: str) -> None:
        assert problems(MINIMAL | {"path": path}) == [("invalid-path", "path")]

    def test_refuses_other_types(self) -> None:
        assert problems(MINIMAL | {"path": 1}) == [("invalid", "path")]


class TestOrigin:
    """An origin is taken as it is written: it is the policies that judge it."""

    @pytest.mark.parametrize(
        "origin", ["null", "https://App.example/", "*", "x", "https://b\u00fccher.example"]
    )
    def test_keeps_any_text(self, origin: str) -> None:
        assert parse_browser_request(MINIMAL | {"origin": origin}).origin == origin

    @pytest.mark.parametrize("origin", [1, False, ["https://app.example"], "a\x00", "\ud800"])
    def test_refuses_other_types_and_what_cannot_be_stored(self, origin: object) -> None:
        assert problems(MINIMAL | {"origin": origin}) == [("invalid", "origin")]


class TestHost:
    """A host is written as the browser writes it, with its port."""

    @pytest.mark.parametrize(
        ("host", "written"),
        [
            pytest.param("", "", id="none"),
            pytest.param("API.example", "api.example", id="lower-case"),
            pytest.param("Api.example.:80", "api.example.:80", id="trailing-dot"),
            pytest.param("api.example:443", "api.example:443", id="port"),
            pytest.param("api.example:08000", "api.example:8000", id="leading-zero"),
            pytest.param("api.example:", "api.example", id="empty-port"),
            pytest.param("b\u00fccher.example", "xn--bcher-kva.example", id="a-labels"),
            pytest.param("127.0.0.1:8000", "127.0.0.1:8000", id="ipv4"),
            pytest.param("[0:0::1]:8000", "[::1]:8000", id="ipv6"),
            pytest.param("[::1]", "[::1]", id="ipv6-without-port"),
        ],
    )
    def test_accepts(self, host: str, written: str) -> None:
        assert parse_browser_request(MINIMAL | {"host": host}).host == written

    @pytest.mark.parametrize(
        "host",
        [
            "a b",
            "api.example/x",
            ".",
            "a..",
            "https://api.example",
            "user@api.example",
            "api.example:http",
            "api.example:0",
            "api.example:65536",
            "api.example:1:2",
            ":8000",
            "::1",
            "[::1",
            "256.0.0.1",
            "*.example",
            "\x00",
            "\ud800",
        ],
    )
    def test_refuses_what_is_no_host(self, host: str) -> None:
        assert problems(MINIMAL | {"host": host}) == [("invalid-host", "host")]

    @pytest.mark.parametrize("host", [None, 1, ["a"]])
    def test_refuses_other_types(self, host: object) -> None:
        assert problems(MINIMAL | {"host": host}) == [("invalid", "host")]


class TestChoices:
    """Scheme and credentials mode are one of the standard's words, in its spelling."""

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("scheme", "http"),
            ("scheme", "https"),
            ("credentials", "omit"),
            ("credentials", "same-origin"),
            ("credentials", "include"),
        ],
    )
    def test_accepts(self, key: str, value: str) -> None:
        assert getattr(parse_browser_request(MINIMAL | {key: value}), key) == value

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("scheme", "HTTPS"),
            ("scheme", ""),
            ("scheme", "ws"),
            ("scheme", None),
            ("credentials", "Include"),
            ("credentials", ""),
            ("credentials", True),
            ("credentials", None),
        ],
    )
    def test_refuses(self, key: str, value: object) -> None:
        assert problems(MINIMAL | {key: value}) == [("invalid", key)]

    @pytest.mark.parametrize(
        ("mode", "included"), [("omit", False), ("same-origin", False), ("include", True)]
    )
    def test_only_include_sends_credentials_across_origins(self, mode: str, included: bool) -> None:
        assert parse_browser_request(MINIMAL | {"credentials": mode}).includes_credentials is included


class TestHeaders:
    """Header names are tokens and values are bytes; what is forbidden is dropped, and no problem."""

    def test_forbidden_ones_are_dropped_and_named_once_each(self) -> None:
        request = BrowserRequest(
            path="/",
            headers=(
                ("Cookie", "a"),
                ("X-A", " 1\t"),
                ("Cookie", "b"),
                ("X-HTTP-Method", "TRACE"),
                ("X-Http", "TRACE"),
            ),
        )

        assert request.sent_headers == (("X-A", "1"), ("X-Http", "TRACE"))
        assert request.dropped_names == ("Cookie", "X-HTTP-Method")
        assert request.unsafe_names == ("x-a", "x-http")

    def test_values_are_normalised_before_they_are_judged(self) -> None:
        request = BrowserRequest(path="/", headers=(("X-HTTP-Method", "\nTRACE\r\n"),))

        assert request.sent_headers == ()
        assert request.dropped_names == ("X-HTTP-Method",)

    def test_dropped_headers_ask_for_no_preflight(self) -> None:
        request = BrowserRequest(path="/", headers=(("Cookie", "a"), ("Sec-A", "b"), ("Accept", "*/*")))

        assert not request.needs_preflight

    def test_white_space_at_the_ends_of_a_value_does_not_count(self) -> None:
        request = BrowserRequest(path="/", headers=(("Content-Type", "\r\n text/plain \n"),))

        assert not request.needs_preflight

    @pytest.mark.parametrize("name", ["X-A", "!#$%&'*+-.^_`|~", "cookie"])
    def test_accepts_tokens(self, name: str) -> None:
        assert parse_browser_request(MINIMAL | {"headers": {name: "1"}}).headers == ((name, "1"),)

    @pytest.mark.parametrize("name", ["", "x a", "x-a:", "x\n", "\u00e9"])
    def test_refuses_names_that_are_no_tokens(self, name: str) -> None:
        assert problems(MINIMAL | {"headers": {name: "1"}}) == [("invalid-header", f"headers.{name}")]

    def test_a_refused_name_is_shown_in_text_that_can_be_sent(self) -> None:
        assert problems(MINIMAL | {"headers": {"\ud800": "1"}}) == [("invalid-header", "headers.\\ud800")]

    @pytest.mark.parametrize("value", ["", " a ", "a\n", "\xff", "a\tb"])
    def test_accepts_values_of_bytes(self, value: str) -> None:
        assert parse_browser_request(MINIMAL | {"headers": {"x-a": value}}).headers == (("x-a", value),)

    @pytest.mark.parametrize("value", ["a\nb", "a\rb", "\x00", "\u20ac", "\ud800"])
    def test_refuses_values_that_fetch_refuses(self, value: str) -> None:
        assert problems(MINIMAL | {"headers": {"x-a": value}}) == [("invalid-header", "headers.x-a")]

    def test_a_refused_value_is_a_problem_even_where_the_name_is_dropped(self) -> None:
        assert problems(MINIMAL | {"headers": {"cookie": "\x00"}}) == [("invalid-header", "headers.cookie")]

    @pytest.mark.parametrize("value", [None, 1, True, ["a"], {}])
    def test_refuses_values_of_other_types(self, value: object) -> None:
        assert problems(MINIMAL | {"headers": {"x-a": value}}) == [("invalid", "headers.x-a")]

    @pytest.mark.parametrize("headers", [None, [], [["x-a", "1"]], "x-a: 1", 1])
    def test_refuses_what_is_no_object(self, headers: object) -> None:
        assert problems(MINIMAL | {"headers": headers}) == [("invalid", "headers")]

    def test_refuses_keys_that_are_no_text(self) -> None:
        assert problems(MINIMAL | {"headers": {1: "a"}}) == [("invalid-header", "headers.1")]


class TestHeaderLines:
    """A header is what stands before and after the first colon."""

    @pytest.mark.parametrize(
        ("lines", "headers"),
        [
            ([], {}),
            (["X-A: 1", "x-a: 2"], {"X-A": "1", "x-a": "2"}),
            (["X-A: 1", "X-A:2"], {"X-A": "1, 2"}),
            (["X-A: a:b"], {"X-A": "a:b"}),
            (["X-A:"], {"X-A": ""}),
            (["nonsense"], {"nonsense": ""}),
        ],
    )
    def test_lines(self, lines: list[str], headers: dict[str, str]) -> None:
        assert parse_headers(lines) == headers
