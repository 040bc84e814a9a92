"""Tests of the vocabulary: the names that the Fetch standard gives a meaning."""

from __future__ import annotations

import pytest

from cors_policies.core import vocabulary as http

KELVIN = "\u212a"
LONG_S = "\u017f"
LIGATURE_ST = "\ufb06"


class TestTokens:
    """Methods and header names are tokens: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2."""

    @pytest.mark.parametrize("text", ["GET", "x-request-id", "*", "!#$%&'*+-.^_`|~", "0", "X" * 5000])
    def test_accepts(self, text: str) -> None:
        assert http.is_token(text)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param("X Y", id="space"),
            pytest.param(" X", id="leading-space"),
            pytest.param("X\n", id="trailing-newline"),
            pytest.param("X\t", id="tab"),
            pytest.param("X\x00", id="nul"),
            pytest.param("X\x7f", id="delete"),
            pytest.param("a,b", id="comma"),
            pytest.param("a:b", id="colon"),
            pytest.param("a/b", id="slash"),
            pytest.param("a;b", id="semicolon"),
            pytest.param("a=b", id="equals"),
            pytest.param("a@b", id="at"),
            pytest.param("(a)", id="parentheses"),
            pytest.param("[a]", id="brackets"),
            pytest.param("{a}", id="braces"),
            pytest.param("<a>", id="angle-brackets"),
            pytest.param('"a"', id="quotes"),
            pytest.param("a\\b", id="backslash"),
            pytest.param("a?b", id="question-mark"),
            pytest.param("\u00e9", id="latin-1"),
            pytest.param(KELVIN, id="kelvin-sign"),
            pytest.param(LONG_S, id="long-s"),
            pytest.param("\uff27\uff25\uff34", id="fullwidth"),
            pytest.param("\ud800", id="lone-surrogate"),
        ],
    )
    def test_rejects(self, text: str) -> None:
        assert not http.is_token(text)


class TestNormalizeMethod:
    """Only the standard's six names are upper-cased: https://fetch.spec.whatwg.org/#concept-method-normalize."""

    @pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"])
    def test_upper_cases_the_six_names(self, method: str) -> None:
        assert http.normalize_method(method.lower()) == method
        assert http.normalize_method(method.capitalize()) == method
        assert http.normalize_method(method) == method

    @pytest.mark.parametrize("method", ["patch", "Patch", "purge", "connect", "trace", "link", "*", ""])
    def test_leaves_every_other_name_as_it_is(self, method: str) -> None:
        assert http.normalize_method(method) == method

    @pytest.mark.parametrize("method", [f"po{LONG_S}t", f"po{LIGATURE_ST}", "\uff47\uff45\uff54"])
    def test_leaves_letters_that_python_would_fold_into_ascii(self, method: str) -> None:
        assert http.normalize_method(method) == method


class TestForbiddenMethods:
    """CONNECT, TRACE and TRACK are forbidden in any case: https://fetch.spec.whatwg.org/#forbidden-method."""

    @pytest.mark.parametrize("method", ["CONNECT", "TRACE", "TRACK", "connect", "Trace", "tRaCk"])
    def test_accepts(self, method: str) -> None:
        assert http.is_forbidden_method(method)

    @pytest.mark.parametrize("method", ["GET", "PATCH", "TRACES", "", "*", f"trac{KELVIN}", f"TRAC{KELVIN}"])
    def test_rejects(self, method: str) -> None:
        assert not http.is_forbidden_method(method)


class TestForbiddenRequestHeaders:
    """No script can set these names: https://fetch.spec.whatwg.org/#forbidden-request-header."""

    @pytest.mark.parametrize(
        "name",
        [
            "accept-charset",
            "accept-encoding",
            "access-control-request-headers",
            "access-control-request-method",
            "access-control-request-private-network",
            "connection",
            "content-length",
            "cookie",
            "cookie2",
            "date",
            "dnt",
            "expect",
            "host",
            "keep-alive",
            "origin",
            "referer",
            "set-cookie",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "via",
            "proxy-",
            "proxy-authorization",
            "sec-",
            "sec-fetch-mode",
        ],
    )
    def test_accepts(self, name: str) -> None:
        assert http.is_forbidden_request_header(name)

    @pytest.mark.parametrize(
        "name",
        [
            "accept",
            "authorization",
            "content-type",
            "user-agent",
            "set-cookie2",
            "proxy",
            "sec",
            "x-sec-a",
            "*",
        ],
    )
    def test_rejects(self, name: str) -> None:
        assert not http.is_forbidden_request_header(name)


class TestSets:
    """The sets are the standard's, no name more and no name less."""

    def test_safelisted_methods(self) -> None:
        assert {"GET", "HEAD", "POST"} == http.SAFELISTED_METHODS

    def test_safelisted_response_headers(self) -> None:
        assert {
            "cache-control",
            "content-language",
            "content-length",
            "content-type",
            "expires",
            "last-modified",
            "pragma",
        } == http.SAFELISTED_RESPONSE_HEADERS

    def test_forbidden_response_headers(self) -> None:
        assert {"set-cookie", "set-cookie2"} == http.FORBIDDEN_RESPONSE_HEADERS

    def test_cors_response_headers_are_those_that_the_answers_use(self) -> None:
        spelled_out = {
            http.ACCESS_CONTROL_ALLOW_CREDENTIALS,
            http.ACCESS_CONTROL_ALLOW_HEADERS,
            http.ACCESS_CONTROL_ALLOW_METHODS,
            http.ACCESS_CONTROL_ALLOW_ORIGIN,
            http.ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK,
            http.ACCESS_CONTROL_EXPOSE_HEADERS,
            http.ACCESS_CONTROL_MAX_AGE,
        }

        assert {name.lower() for name in spelled_out} == http.CORS_RESPONSE_HEADERS

    def test_cors_request_headers_are_those_that_a_request_is_asked_for(self) -> None:
        spelled_out = {
            http.ORIGIN,
            http.ACCESS_CONTROL_REQUEST_HEADERS,
            http.ACCESS_CONTROL_REQUEST_METHOD,
            http.ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK,
        }

        assert {name.lower() for name in spelled_out} == http.CORS_REQUEST_HEADERS
