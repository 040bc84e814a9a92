"""Does the client's half of the CORS protocol follow the Fetch standard, clause by clause?"""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.fetch_rules import (
    find_readable_names,
    find_unsafe_names,
    is_forbidden_header,
    is_header_value,
    is_ok_status,
    is_safelisted_header,
    needs_preflight,
    normalize_header_value,
    passes_cors_check,
    passes_header_check,
    passes_method_check,
)
from cors_policies.core.vocabulary import SAFELISTED_RESPONSE_HEADERS

ORIGIN = "https://app.example"
UNSAFE_CHARACTERS = '"():<>?@[\\]{}\x7f' + "".join(map(chr, range(0x20))).replace("\t", "")
BYTES = "".join(map(chr, range(256)))
LANGUAGE_BYTES = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ *,-.;="


class TestSafelistedValues:
    """A CORS-safelisted request-header is one of five names with a harmless value of at most 128 bytes."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param("accept", "text/html;q=0.9, */*", id="accept"),
            pytest.param("Accept", "*/*", id="name-in-any-case"),
            pytest.param("accept", "", id="accept-empty"),
            pytest.param("accept", "a\tb", id="accept-tab"),
            pytest.param("accept", "\x80\xff", id="accept-high-bytes"),
            pytest.param("accept", "a" * 128, id="accept-128-bytes"),
            pytest.param("accept-language", "de-CH, en;q=0.5, *", id="accept-language"),
            pytest.param("content-language", "en.US=1", id="content-language"),
            pytest.param("content-language", "", id="content-language-empty"),
            pytest.param("content-type", "text/plain", id="text-plain"),
            pytest.param("content-type", "Text/PLAIN;charset=utf-8", id="essence-in-any-case"),
            pytest.param("content-type", "text/plain ; charset=utf-8", id="space-before-parameters"),
            pytest.param("content-type", "text/plain;", id="empty-parameters"),
            pytest.param("content-type", "text/plain; \xe9", id="odd-parameters"),
            pytest.param("content-type", "multipart/form-data; boundary=x", id="multipart"),
            pytest.param("content-type", "application/x-www-form-urlencoded", id="urlencoded"),
            pytest.param("range", "bytes=0-", id="range-without-end"),
            pytest.param("range", "bytes=0-0", id="range-of-one-byte"),
            pytest.param("range", "bytes=007-10", id="range-with-leading-zeros"),
        ],
    )
    def test_safelisted(self, name: str, value: str) -> None:
        assert is_safelisted_header(name, value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param("accept", "a" * 129, id="accept-129-bytes"),
            pytest.param("content-type", "text/plain;" + "a" * 118, id="content-type-129-bytes"),
            pytest.param("range", "bytes=0-" + "9" * 121, id="range-129-bytes"),
            pytest.param("accept-language", "de_CH", id="language-underscore"),
            pytest.param("accept-language", "a\tb", id="language-tab"),
            pytest.param("accept-language", "en/US", id="language-slash"),
            pytest.param("content-language", "\xe9", id="language-high-byte"),
            pytest.param("content-type", "", id="no-type"),
            pytest.param("content-type", "application/json", id="json"),
            pytest.param("content-type", "text/plainer", id="longer-subtype"),
            pytest.param("content-type", "text/ plain", id="space-in-essence"),
            pytest.param("content-type", "text /plain", id="space-before-slash"),
            pytest.param("content-type", "text/plain, application/json", id="two-types"),
            pytest.param("content-type", "text/plain\x0b", id="vertical-tab"),
            pytest.param("content-type", 'text/plain; a="b"', id="quotes"),
            pytest.param("content-type", "text/html;text/plain", id="safelisted-as-parameter"),
            pytest.param("range", "bytes=-500", id="range-without-start"),
            pytest.param("range", "bytes=5-4", id="range-backwards"),
            pytest.param("range", "bytes=0-1,3-4", id="two-ranges"),
            pytest.param("range", "bytes= 0-1", id="range-with-space"),
            pytest.param("range", "Bytes=0-1", id="range-unit-in-capitals"),
            pytest.param("range", "bytes=\u0661-\u0662", id="range-of-other-digits"),
            pytest.param("range", "0-1", id="range-without-unit"),
            pytest.param("range", "", id="range-empty"),
            pytest.param("x-a", "", id="another-name"),
            pytest.param("authorization", "x", id="authorization"),
            pytest.param("dpr", "2", id="client-hint"),
        ],
    )
    def test_unsafe(self, name: str, value: str) -> None:
        assert not is_safelisted_header(name, value)

    @pytest.mark.parametrize("name", ["accept", "content-type"])
    def test_cors_unsafe_bytes_are_those_of_the_standard(self, name: str) -> None:
        start = "text/plain;"

        unsafe = {char for char in BYTES if not is_safelisted_header(name, start + char)}

        assert unsafe == set(UNSAFE_CHARACTERS)

    @pytest.mark.parametrize("name", ["accept-language", "content-language"])
    def test_language_bytes_are_those_of_the_standard(self, name: str) -> None:
        safe = {char for char in BYTES if is_safelisted_header(name, char)}

        assert safe == set(LANGUAGE_BYTES)


class TestUnsafeNames:
    """A preflight asks for the unsafe names, lower-case, sorted, once each."""

    def test_sorts_lowers_and_keeps_one_of_each(self) -> None:
        headers = [("X-B", "1"), ("x-a", "1"), ("x-b", "2"), ("Accept", "*/*")]

        assert find_unsafe_names(headers) == ("x-a", "x-b")

    def test_judges_headers_of_one_name_one_by_one(self) -> None:
        headers = [("Content-Type", "application/json"), ("content-type", "text/plain")]

        assert find_unsafe_names(headers) == ("content-type",)

    @pytest.mark.parametrize(
        ("last", "names"),
        [
            pytest.param(128, (), id="1024-bytes"),
            pytest.param(127, (), id="1023-bytes"),
        ],
    )
    def test_up_to_1024_bytes_of_safelisted_values_are_safe(self, last: int, names: tuple[str, ...]) -> None:
        headers = [("accept", "a" * 128)] * 7 + [("accept-language", "a" * last)]

        assert find_unsafe_names(headers) == names

    def test_above_1024_bytes_every_safelisted_name_is_unsafe(self) -> None:
        headers = [("Accept", "a" * 128)] * 8 + [("Accept-Language", "a"), ("X-A", "1")]

        assert find_unsafe_names(headers) == ("accept", "accept-language", "x-a")

    def test_unsafe_values_do_not_count_towards_the_1024_bytes(self) -> None:
        headers = [("accept", "a" * 128)] * 8 + [("x-a", "a" * 500)]

        assert find_unsafe_names(headers) == ("x-a",)

    @given(st.lists(st.tuples(st.sampled_from(["accept", "X-A", "Range", "b"]), st.text(max_size=140))))
    def test_the_order_of_headers_does_not_matter(self, headers: list[tuple[str, str]]) -> None:
        names = find_unsafe_names(headers)

        assert names == find_unsafe_names(reversed(headers))
        assert list(names) == sorted({name.lower() for name in names})


class TestNeedsPreflight:
    """A cross-origin request asks first unless its method and all its headers are CORS-safelisted."""

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    def test_safelisted_methods_go_at_once(self, method: str) -> None:
        assert not needs_preflight(method, ())

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "patch", "CHICKEN", "get"])
    def test_other_methods_ask_first(self, method: str) -> None:
        assert needs_preflight(method, ())

    def test_an_unsafe_name_asks_first(self) -> None:
        assert needs_preflight("GET", ("x-a",))


class TestForbiddenHeaders:
    """fetch() drops forbidden request-headers, in any case, and forbidden methods in override headers."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param("Cookie", "a=b", id="cookie"),
            pytest.param("ORIGIN", "https://x.example", id="origin"),
            pytest.param("host", "x", id="host"),
            pytest.param("Access-Control-Request-Method", "PUT", id="access-control-request-method"),
            pytest.param("Sec-Anything", "", id="sec-prefix"),
            pytest.param("proxy-authorization", "", id="proxy-prefix"),
            pytest.param("X-HTTP-Method-Override", "TRACE", id="override"),
            pytest.param("x-http-method", "track", id="override-in-any-case"),
            pytest.param("x-method-override", "GET, connect", id="override-in-a-list"),
            pytest.param("x-method-override", "GET,\tTRACE ,PUT", id="override-between-tabs"),
            pytest.param("x-method-override", '"a,b",TRACE', id="override-after-quotes"),
            pytest.param("x-method-override", ",,TRACE", id="override-after-empty-elements"),
        ],
    )
    def test_dropped(self, name: str, value: str) -> None:
        assert is_forbidden_header(name, value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param("x-a", "TRACE", id="another-name"),
            pytest.param("Section", "", id="no-dash-after-sec"),
            pytest.param("cookie3", "", id="longer-name"),
            pytest.param("user-agent", "x", id="user-agent"),
            pytest.param("authorization", "x", id="authorization"),
            pytest.param("x-http-method-override", "PUT", id="override-allowed"),
            pytest.param("x-http-method-override", "", id="override-empty"),
            pytest.param("x-http-method-override", "TRACER", id="override-longer"),
            pytest.param("x-http-method-override", "TRACE PUT", id="override-of-two-words"),
            pytest.param("x-http-method-override", '"TRACE"', id="override-in-quotes"),
            pytest.param("x-http-method-override", '"a,TRACE,b"', id="override-inside-quotes"),
            pytest.param("x-http-method-override", '"a\\",TRACE', id="override-after-escaped-quote"),
            pytest.param("x-http-method-override", '"a,TRACE', id="override-in-open-quotes"),
            pytest.param("x-http-method-override", '"a\\', id="open-quotes-end-in-a-backslash"),
        ],
    )
    def test_kept(self, name: str, value: str) -> None:
        assert not is_forbidden_header(name, value)

    def test_hostile_lists_are_read_in_linear_time(self) -> None:
        assert not is_forbidden_header("x-http-method", '"\\' * 100_000)
        assert not is_forbidden_header("x-http-method", '"a" ' * 100_000)


class TestHeaderValues:
    """A header value loses white space at its ends, and holds bytes without NUL and line breaks."""

    @pytest.mark.parametrize("value", ["", "a b", "\t", "\xff", "\x0b\x0c", "\x01", "\x7f"])
    def test_accepted(self, value: str) -> None:
        assert is_header_value(value)

    @pytest.mark.parametrize("value", ["\x00", "a\nb", "a\rb", "a\n", "\u0100", "\u20ac", "\ud800"])
    def test_rejected(self, value: str) -> None:
        assert not is_header_value(value)

    def test_http_white_space_is_dropped_at_both_ends(self) -> None:
        assert normalize_header_value("\r\n\t a \t b \n") == "a \t b"

    def test_other_white_space_stays(self) -> None:
        assert normalize_header_value("\x0ba\xa0") == "\x0ba\xa0"


class TestCorsCheck:
    """An answer is shared with the origin that it names, or with all where no credentials are included."""

    @pytest.mark.parametrize(
        ("answer", "credentials"),
        [
            pytest.param({"Access-Control-Allow-Origin": ORIGIN}, False, id="origin"),
            pytest.param({"Access-Control-Allow-Origin": "*"}, False, id="any"),
            pytest.param(
                {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"},
                False,
                id="any-with-needless-credentials",
            ),
            pytest.param(
                {"Access-Control-Allow-Origin": ORIGIN, "Access-Control-Allow-Credentials": "true"},
                True,
                id="credentials",
            ),
        ],
    )
    def test_shared(self, answer: dict[str, str], credentials: bool) -> None:
        assert passes_cors_check(answer, ORIGIN, credentials=credentials)

    @pytest.mark.parametrize(
        ("answer", "credentials"),
        [
            pytest.param({}, False, id="no-header"),
            pytest.param({"Access-Control-Allow-Origin": ORIGIN + "/"}, False, id="trailing-slash"),
            pytest.param({"Access-Control-Allow-Origin": "https://App.example"}, False, id="another-case"),
            pytest.param({"Access-Control-Allow-Origin": "null"}, False, id="null"),
            pytest.param({"Access-Control-Allow-Origin": f"{ORIGIN}, *"}, False, id="a-list"),
            pytest.param({"Access-Control-Allow-Origin": ORIGIN}, True, id="credentials-not-confirmed"),
            pytest.param(
                {"Access-Control-Allow-Origin": ORIGIN, "Access-Control-Allow-Credentials": "True"},
                True,
                id="credentials-in-capitals",
            ),
            pytest.param(
                {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"},
                True,
                id="any-with-credentials",
            ),
        ],
    )
    def test_kept_back(self, answer: dict[str, str], credentials: bool) -> None:
        assert not passes_cors_check(answer, ORIGIN, credentials=credentials)

    def test_null_is_shared_with_null(self) -> None:
        assert passes_cors_check({"Access-Control-Allow-Origin": "null"}, "null", credentials=False)


class TestMethodCheck:
    """A preflight lets through the methods it names, safelisted ones, and all for ``*`` but credentials."""

    @pytest.mark.parametrize(
        ("value", "method", "credentials"),
        [
            pytest.param("GET, PUT", "PUT", False, id="named"),
            pytest.param(" GET\t,,PUT ,", "PUT", True, id="named-among-white-space"),
            pytest.param("", "POST", True, id="safelisted"),
            pytest.param("PUT", "HEAD", False, id="safelisted-but-not-named"),
            pytest.param("*", "PUT", False, id="wildcard"),
            pytest.param("*", "*", True, id="literal-star"),
        ],
    )
    def test_passes(self, value: str, method: str, credentials: bool) -> None:
        answer = {"Access-Control-Allow-Methods": value}

        assert passes_method_check(answer, method, credentials=credentials)

    @pytest.mark.parametrize(
        ("value", "method", "credentials"),
        [
            pytest.param("GET, PUT", "DELETE", False, id="not-named"),
            pytest.param("PATCH", "patch", False, id="another-case"),
            pytest.param("*", "PUT", True, id="wildcard-with-credentials"),
            pytest.param("GET PUT", "PUT", False, id="no-list"),
            pytest.param("GET, P(T", "GET", False, id="malformed-list"),
        ],
    )
    def test_fails(self, value: str, method: str, credentials: bool) -> None:
        answer = {"Access-Control-Allow-Methods": value}

        assert not passes_method_check(answer, method, credentials=credentials)

    def test_without_the_header_only_safelisted_methods_pass(self) -> None:
        assert passes_method_check({}, "GET", credentials=False)
        assert not passes_method_check({}, "PUT", credentials=False)


class TestHeaderCheck:
    """A preflight lets through the names that it lists; ``*`` never covers authorization, nor credentials."""

    @pytest.mark.parametrize(
        ("value", "names", "credentials"),
        [
            pytest.param("", (), True, id="nothing-asked"),
            pytest.param("x-a, x-b", ("x-a", "x-b"), True, id="named"),
            pytest.param("X-A", ("x-a",), False, id="another-case"),
            pytest.param("*", ("x-a", "content-type"), False, id="wildcard"),
            pytest.param(
                "*, Authorization", ("authorization", "x-a"), False, id="wildcard-and-authorization"
            ),
            pytest.param("*", ("*",), True, id="literal-star"),
        ],
    )
    def test_passes(self, value: str, names: tuple[str, ...], credentials: bool) -> None:
        answer = {"Access-Control-Allow-Headers": value}

        assert passes_header_check(answer, names, credentials=credentials)

    @pytest.mark.parametrize(
        ("value", "names", "credentials"),
        [
            pytest.param("x-a", ("x-a", "x-b"), False, id="one-not-named"),
            pytest.param("x-ab", ("x-a",), False, id="longer-name"),
            pytest.param("*", ("authorization",), False, id="authorization"),
            pytest.param("*", ("x-a",), True, id="wildcard-with-credentials"),
            pytest.param("x-a x-b", ("x-a",), False, id="no-list"),
            pytest.param("x-a, (", ("x-a",), False, id="malformed-list"),
        ],
    )
    def test_fails(self, value: str, names: tuple[str, ...], credentials: bool) -> None:
        answer = {"Access-Control-Allow-Headers": value}

        assert not passes_header_check(answer, names, credentials=credentials)

    def test_a_malformed_list_fails_even_where_no_name_is_asked_for(self) -> None:
        assert not passes_header_check({"Access-Control-Allow-Headers": "a b"}, (), credentials=False)


class TestReadableNames:
    """A script may read CORS-safelisted and exposed response headers, and never a forbidden one."""

    ANSWER: ClassVar = {"Content-Type": "text/plain", "X-Total": "1", "X-Page": "2", "Set-Cookie": "a=b"}

    @pytest.mark.parametrize(
        ("exposed", "credentials", "more"),
        [
            pytest.param("", False, set(), id="none"),
            pytest.param("X-Total, x-missing", False, {"x-total", "x-missing"}, id="listed"),
            pytest.param("x-total,,\tx-page ", True, {"x-total", "x-page"}, id="empty-elements"),
            pytest.param("Set-Cookie, set-cookie2, x-a", False, {"x-a"}, id="forbidden"),
            pytest.param("*", False, {"x-total", "x-page", "access-control-expose-headers"}, id="wildcard"),
            pytest.param("*, x-a", True, {"*", "x-a"}, id="wildcard-is-a-name-beside-credentials"),
            pytest.param("x-total, x page", False, set(), id="no-list"),
        ],
    )
    def test_names(self, exposed: str, credentials: bool, more: set[str]) -> None:
        answer = {**self.ANSWER, "Access-Control-Expose-Headers": exposed}

        assert find_readable_names(answer, credentials=credentials) == SAFELISTED_RESPONSE_HEADERS | more

    def test_without_the_header_only_the_safelisted_ones(self) -> None:
        assert find_readable_names(self.ANSWER, credentials=False) == SAFELISTED_RESPONSE_HEADERS


class TestOkStatus:
    """A preflight is answered by a status from 200 to 299."""

    @pytest.mark.parametrize("status", [200, 204, 299])
    def test_ok(self, status: int) -> None:
        assert is_ok_status(status)

    @pytest.mark.parametrize("status", [100, 199, 300, 304, 404, 500])
    def test_not_ok(self, status: int) -> None:
        assert not is_ok_status(status)
