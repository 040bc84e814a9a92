"""Tests of decisions: what does the policy set answer to this request, and why?"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cors_policies.core.engine import (
    REASONS,
    Decision,
    StatedFacts,
    decide,
    is_own_origin,
    parse_requested_headers,
)
from cors_policies.core.path_group import Site
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import Snapshot, compile_snapshot
from tests import strategies
from tests.core import oracle
from tests.core.building import Answer, answer, compiled, decided, preflight

A = "https://a.test"
B = "https://b.test"
VARY_ORIGIN = {"Origin"}
VARY_PREFLIGHT = {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}
VARY_PRIVATE_NETWORK = VARY_PREFLIGHT | {"Access-Control-Request-Private-Network"}
DENIED_PREFLIGHT: tuple[int, dict[str, str], set[str]] = (200, {}, VARY_PREFLIGHT)


class TestPreflightAllowed:
    """200, the view is not called, and the policy's answer, in which there is no ``*``, ever."""

    def test_default_policy(self) -> None:
        assert preflight(compiled({"allowed_origins": [A]}), "POST", origin=A) == Answer(
            "allowed",
            200,
            {
                "Access-Control-Allow-Origin": A,
                "Access-Control-Allow-Methods": "GET, HEAD, POST",
                "Access-Control-Allow-Headers": "content-type",
                "Access-Control-Max-Age": "600",
            },
            VARY_PREFLIGHT,
        )

    def test_everything_allowed_to_everybody(self) -> None:
        snapshot = compiled(
            {
                "allowed_origins": ["*"],
                "allowed_methods": ["*"],
                "allowed_headers": ["*"],
                "exposed_headers": ["*"],
            }
        )

        assert preflight(snapshot, "PUT", origin=A, requested_headers="x-b,X-A") == Answer(
            "allowed",
            200,
            {
                "Access-Control-Allow-Origin": A,
                "Access-Control-Allow-Methods": "PUT",
                "Access-Control-Allow-Headers": "x-b, x-a",
                "Access-Control-Max-Age": "600",
            },
            VARY_PREFLIGHT,
        )

    def test_everything_with_credentials(self) -> None:
        snapshot = compiled(
            {
                "allowed_origins": ["https://*.example.com"],
                "allow_credentials": True,
                "allowed_methods": ["PUT", "PURGE"],
                "allowed_headers": ["x-b", "x-a"],
                "exposed_headers": ["x-c"],
                "max_age": 0,
                "allow_private_network": True,
            }
        )

        assert preflight(
            snapshot,
            "PURGE",
            origin="https://x.example.com",
            requested_headers="x-a",
            wants_private_network=True,
        ) == Answer(
            "allowed",
            200,
            {
                "Access-Control-Allow-Origin": "https://x.example.com",
                "Access-Control-Allow-Methods": "PUT, PURGE",
                "Access-Control-Allow-Headers": "x-b, x-a",
                "Access-Control-Max-Age": "0",
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Allow-Private-Network": "true",
            },
            VARY_PRIVATE_NETWORK,
        )

    def test_what_is_empty_or_null_is_absent(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allowed_headers": [], "max_age": None})

        assert preflight(snapshot, "GET", origin=A).headers == {
            "Access-Control-Allow-Origin": A,
            "Access-Control-Allow-Methods": "GET, HEAD, POST",
        }

    @pytest.mark.parametrize("requested", [None, "", " , "])
    def test_any_header_and_none_requested_is_absent(self, requested: str | None) -> None:
        snapshot = compiled(
            {"allowed_origins": [A], "allowed_headers": ["*", "authorization"], "max_age": None}
        )

        assert preflight(snapshot, "GET", origin=A, requested_headers=requested).headers == {
            "Access-Control-Allow-Origin": A,
            "Access-Control-Allow-Methods": "GET, HEAD, POST",
        }

    def test_the_opaque_origin(self) -> None:
        assert preflight(compiled({"allowed_origins": ["null"]}), origin="null").headers == {
            "Access-Control-Allow-Origin": "null",
            "Access-Control-Allow-Methods": "GET, HEAD, POST",
            "Access-Control-Allow-Headers": "content-type",
            "Access-Control-Max-Age": "600",
        }

    def test_requested_names_are_echoed_once_and_in_lower_case(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allowed_headers": ["*"]})

        headers = preflight(snapshot, origin=A, requested_headers=" X-B ,,x-a,\tx-b").headers

        assert headers["Access-Control-Allow-Headers"] == "x-b, x-a"


class TestPreflightDenied:
    """200 and no ``Access-Control-*`` header at all, whatever the reason."""

    OPEN = compiled({"allowed_origins": [A], "reject_denied": True})
    ANY = compiled({"allowed_origins": ["*"], "allowed_methods": ["*"], "allowed_headers": ["*"]})

    @pytest.mark.parametrize(
        "origin", [B, "null", "https://a.test/", "HTTPS://a.test", "https://a.test,https://a.test"]
    )
    def test_origin(self, origin: str) -> None:
        assert preflight(self.OPEN, origin=origin) == ("origin-not-allowed", *DENIED_PREFLIGHT)

    @pytest.mark.parametrize(
        "method", ["PUT", "get", "Post", "*", "", " ", "GET ", "G T", "GET,HEAD", "\u00e9"]
    )
    def test_method(self, method: str) -> None:
        assert preflight(self.OPEN, method, origin=A) == ("method-not-allowed", *DENIED_PREFLIGHT)

    @pytest.mark.parametrize(
        "method", ["*", "", " ", "GET ", "G T", "GET,HEAD", "\u00e9", "\x00", "PO\u017fT"]
    )
    def test_any_method_allows_tokens_only_and_never_a_literal_star(self, method: str) -> None:
        assert preflight(self.ANY, method, origin=A) == ("method-not-allowed", *DENIED_PREFLIGHT)

    @pytest.mark.parametrize("method", ["patch", "PURGE", "x*", "GET"])
    def test_any_method_allows_every_other_token(self, method: str) -> None:
        assert preflight(self.ANY, method, origin=A).headers["Access-Control-Allow-Methods"] == method

    def test_get_lets_head_through(self) -> None:
        snapshot = compiled(
            {"allowed_origins": [A], "allowed_methods": ["GET"], "allowed_headers": [], "max_age": None}
        )

        assert preflight(snapshot, "HEAD", origin=A).headers == {
            "Access-Control-Allow-Origin": A,
            "Access-Control-Allow-Methods": "GET",
        }

    def test_head_does_not_let_get_through(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allowed_methods": ["HEAD"]})

        assert preflight(snapshot, "GET", origin=A).reason == "method-not-allowed"

    @pytest.mark.parametrize("names", ["x-a", "content-type,x-a", "authorization", "*"])
    def test_header(self, names: str) -> None:
        assert preflight(self.OPEN, origin=A, requested_headers=names) == (
            "header-not-allowed",
            *DENIED_PREFLIGHT,
        )

    @pytest.mark.parametrize("names", ["authorization", "x-a,Authorization", "*", "x-a,*"])
    def test_any_header_never_covers_authorization_nor_a_literal_star(self, names: str) -> None:
        assert preflight(self.ANY, origin=A, requested_headers=names) == (
            "header-not-allowed",
            *DENIED_PREFLIGHT,
        )

    def test_authorization_beside_any_header_is_allowed(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allowed_headers": ["*", "authorization"]})

        headers = preflight(snapshot, origin=A, requested_headers="authorization,x-a").headers

        assert headers["Access-Control-Allow-Headers"] == "authorization, x-a"

    @pytest.mark.parametrize(
        "names",
        [
            pytest.param("x a", id="space-in-a-name"),
            pytest.param("x-a;x-b", id="semicolon"),
            pytest.param("x-a:", id="colon"),
            pytest.param("\u00e9", id="latin-1"),
            pytest.param("x-\u212a", id="kelvin-sign"),
            pytest.param("x-a\n", id="newline"),
            pytest.param("x-a\x00", id="nul"),
            pytest.param('"x-a"', id="quoted"),
            pytest.param(",".join(f"x-{number}" for number in range(65)), id="65-names"),
            pytest.param("x" * 4097, id="4097-bytes"),
            pytest.param("," * 4097, id="4097-commas"),
        ],
    )
    def test_bad_request_headers(self, names: str) -> None:
        assert preflight(self.ANY, origin=A, requested_headers=names) == (
            "bad-request-headers",
            *DENIED_PREFLIGHT,
        )
        assert preflight(self.OPEN, origin=A, requested_headers=names).reason == "bad-request-headers"

    @pytest.mark.parametrize(
        "names",
        [
            pytest.param(",".join(f"x-{number}" for number in range(64)), id="64-names"),
            pytest.param("x" * 4096, id="4096-bytes"),
            pytest.param("," * 4096, id="4096-commas"),
        ],
    )
    def test_request_headers_at_the_limits(self, names: str) -> None:
        assert preflight(self.ANY, origin=A, requested_headers=names).reason == "allowed"

    def test_the_method_is_checked_before_the_names(self) -> None:
        assert preflight(self.OPEN, "PUT", origin=A, requested_headers="x a").reason == "method-not-allowed"

    def test_the_origin_is_checked_before_the_method(self) -> None:
        assert preflight(self.OPEN, "PUT", origin=B, requested_headers="x a").reason == "origin-not-allowed"

    def test_no_later_policy_is_tried_when_the_governing_one_denies(self) -> None:
        snapshot = compiled({"allowed_origins": [A]}, {"allowed_origins": ["*"], "allowed_methods": ["*"]})

        assert preflight(snapshot, "PUT", origin=A).reason == "method-not-allowed"
        assert preflight(snapshot, "PUT", origin=B).reason == "allowed"

    def test_own_origin_is_no_excuse(self) -> None:
        facts = {"origin": B, "host": "b.test", "scheme": "https"}

        assert preflight(self.OPEN, **facts) == ("origin-not-allowed", *DENIED_PREFLIGHT)


class TestPrivateNetwork:
    """The header is sent where it is allowed and asked for; ``Vary`` names it where it is allowed."""

    @pytest.mark.parametrize(
        ("allowed", "asked", "sent", "vary"),
        [
            (True, True, True, VARY_PRIVATE_NETWORK),
            (True, False, False, VARY_PRIVATE_NETWORK),
            (False, True, False, VARY_PREFLIGHT),
            (False, False, False, VARY_PREFLIGHT),
        ],
    )
    def test_allowed_and_asked_for(self, allowed: bool, asked: bool, sent: bool, vary: set[str]) -> None:
        snapshot = compiled({"allowed_origins": [A], "allow_private_network": allowed})

        given_answer = preflight(snapshot, origin=A, wants_private_network=asked)

        assert (given_answer.headers.get("Access-Control-Allow-Private-Network") == "true") is sent
        assert given_answer.vary == vary

    def test_a_denied_preflight_varies_too_but_says_nothing(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allow_private_network": True})

        assert preflight(snapshot, "PUT", origin=A, wants_private_network=True) == (
            "method-not-allowed",
            200,
            {},
            VARY_PRIVATE_NETWORK,
        )
        assert preflight(snapshot, origin=B, wants_private_network=True).vary == VARY_PREFLIGHT

    def test_an_actual_request_is_told_nothing(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allow_private_network": True})

        assert answer(snapshot, origin=A, wants_private_network=True) == (
            "allowed",
            None,
            {"Access-Control-Allow-Origin": A},
            VARY_ORIGIN,
        )


class TestActualAllowed:
    """The view's response, plus the origin, or ``*`` where every origin gets the same."""

    def test_origin_alone(self) -> None:
        assert answer(compiled({"allowed_origins": [A]}), origin=A) == (
            "allowed",
            None,
            {"Access-Control-Allow-Origin": A},
            VARY_ORIGIN,
        )

    def test_credentials_and_exposed_headers(self) -> None:
        snapshot = compiled(
            {"allowed_origins": [A, B], "allow_credentials": True, "exposed_headers": ["x-b", "X-A"]}
        )

        assert answer(snapshot, method="POST", origin=B) == (
            "allowed",
            None,
            {
                "Access-Control-Allow-Origin": B,
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": "x-b, x-a",
            },
            VARY_ORIGIN,
        )

    @pytest.mark.parametrize("origin", [A, "null", "foo"])
    def test_sole_open_policy(self, origin: str) -> None:
        snapshot = compiled({"allowed_origins": ["*"], "exposed_headers": ["*"]})

        assert answer(snapshot, origin=origin) == (
            "allowed",
            None,
            {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*"},
            set(),
        )

    def test_open_policy_that_is_not_alone(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"]}, {"allowed_origins": [A]})

        assert answer(snapshot, origin=B) == (
            "allowed",
            None,
            {"Access-Control-Allow-Origin": B},
            VARY_ORIGIN,
        )

    def test_open_policy_through_a_group(self) -> None:
        snapshot = compiled({"origin_groups": ["all"]}, groups={"all": ["*"]})

        assert answer(snapshot, origin=B) == ("allowed", None, {"Access-Control-Allow-Origin": "*"}, set())

    def test_head_by_get(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allowed_methods": ["GET"]})

        assert answer(snapshot, method="HEAD", origin=A).reason == "allowed"

    def test_options_without_a_requested_method_is_an_actual_request(self) -> None:
        snapshot = compiled({"allowed_origins": [A], "allowed_methods": ["OPTIONS"]})

        assert answer(snapshot, method="OPTIONS", origin=A, requested_headers="x a") == (
            "allowed",
            None,
            {"Access-Control-Allow-Origin": A},
            VARY_ORIGIN,
        )

    @pytest.mark.parametrize("method", ["GET", "POST", "options", "Options"])
    def test_a_requested_method_makes_a_preflight_of_options_only(self, method: str) -> None:
        snapshot = compiled({"allowed_origins": [A], "allowed_methods": ["*"]})

        assert answer(snapshot, method=method, origin=A, requested_method="PUT") == (
            "allowed",
            None,
            {"Access-Control-Allow-Origin": A},
            VARY_ORIGIN,
        )

    def test_own_origin_that_is_allowed_is_allowed(self) -> None:
        assert answer(compiled({"allowed_origins": [A]}), origin=A, host="a.test").reason == "allowed"


class TestActualDenied:
    """The view's response without any header of ours; with ``reject_denied`` 403, and no view is called."""

    @pytest.mark.parametrize(("rejects", "status"), [(False, None), (True, 403)])
    def test_origin(self, rejects: bool, status: int | None) -> None:
        snapshot = compiled({"allowed_origins": [A], "reject_denied": rejects})

        assert answer(snapshot, origin=B) == ("origin-not-allowed", status, {}, VARY_ORIGIN)

    @pytest.mark.parametrize(("rejects", "status"), [(False, None), (True, 403)])
    def test_method(self, rejects: bool, status: int | None) -> None:
        snapshot = compiled({"allowed_origins": [A], "reject_denied": rejects})

        assert answer(snapshot, method="PUT", origin=A) == ("method-not-allowed", status, {}, VARY_ORIGIN)

    def test_method_of_an_open_policy(self) -> None:
        assert answer(compiled({"allowed_origins": ["*"]}), method="PUT", origin=A) == (
            "method-not-allowed",
            None,
            {},
            VARY_ORIGIN,
        )

    def test_no_origin_matches_and_any_policy_of_the_path_group_rejects(self) -> None:
        snapshot = compiled({"allowed_origins": [A]}, {"reject_denied": True})

        assert answer(snapshot, origin=B) == ("origin-not-allowed", 403, {}, VARY_ORIGIN)

    def test_the_governing_policy_alone_decides_on_a_method(self) -> None:
        snapshot = compiled({"allowed_origins": [A]}, {"allowed_origins": [B], "reject_denied": True})

        assert answer(snapshot, method="PUT", origin=A).status is None
        assert answer(snapshot, method="PUT", origin=B).status == 403

    def test_a_policy_of_another_path_does_not_reject(self) -> None:
        snapshot = compiled({"path": "/api"}, {"reject_denied": True})

        assert answer(snapshot, path="/api", origin=B).status is None

    def test_a_shield(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"]}, {"path": "/internal/**"})

        assert answer(snapshot, path="/internal/x", origin=A) == ("origin-not-allowed", None, {}, VARY_ORIGIN)

    def test_a_shield_of_a_broken_policy(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"]}, shields=[Site("", "/api")])

        assert answer(snapshot, path="/api", origin=A) == ("origin-not-allowed", None, {}, VARY_ORIGIN)
        assert preflight(snapshot, path="/api", origin=A) == ("origin-not-allowed", *DENIED_PREFLIGHT)
        assert answer(snapshot, path="/api") == ("not-cors", None, {}, VARY_ORIGIN)

    @pytest.mark.parametrize(
        "origin",
        [
            pytest.param("https://a.test ", id="white-space"),
            pytest.param("https://a.test\n", id="control-character"),
            pytest.param("https://a.test,https://b.test", id="comma"),
            pytest.param("https://\u00e9.test", id="not-ascii"),
            pytest.param("https://" + "a" * 505, id="over-512"),
        ],
    )
    def test_what_is_no_origin_matches_nothing_at_all(self, origin: str) -> None:
        assert answer(compiled({"allowed_origins": ["*"]}), origin=origin) == (
            "origin-not-allowed",
            None,
            {},
            VARY_ORIGIN,
        )

    @pytest.mark.parametrize("method", ["get", "*", "", "G T", "put"])
    def test_methods_are_compared_case_sensitively(self, method: str) -> None:
        assert (
            answer(compiled({"allowed_origins": [A]}), method=method, origin=A).reason == "method-not-allowed"
        )


class TestNoOrigin:
    """The view's response; ``*`` where the sole policy allows every origin and the method."""

    @pytest.mark.parametrize("origin", [None, ""])
    def test_governed(self, origin: str | None) -> None:
        snapshot = compiled({"allowed_origins": [A], "exposed_headers": ["x-a"], "reject_denied": True})

        assert answer(snapshot, origin=origin) == ("not-cors", None, {}, VARY_ORIGIN)
        assert answer(snapshot, method="PUT", origin=origin) == ("not-cors", None, {}, VARY_ORIGIN)

    @pytest.mark.parametrize("origin", [None, ""])
    def test_sole_open_policy(self, origin: str | None) -> None:
        snapshot = compiled({"allowed_origins": ["*"], "exposed_headers": ["x-a"]})

        assert answer(snapshot, origin=origin) == (
            "not-cors",
            None,
            {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "x-a"},
            set(),
        )

    def test_sole_open_policy_without_the_method(self) -> None:
        assert answer(compiled({"allowed_origins": ["*"]}), method="PUT") == (
            "not-cors",
            None,
            {},
            VARY_ORIGIN,
        )

    def test_open_policy_that_is_not_alone(self) -> None:
        assert answer(compiled({"allowed_origins": ["*"]}, {})) == ("not-cors", None, {}, VARY_ORIGIN)

    def test_options_with_a_requested_method_is_no_preflight(self) -> None:
        assert preflight(compiled({"allowed_origins": [A]}), origin=None) == (
            "not-cors",
            None,
            {},
            VARY_ORIGIN,
        )


class TestSameOrigin:
    """A denied actual request from its own origin is answered like one without ``Origin``, never rejected."""

    SNAPSHOT = compiled({"allowed_origins": [A], "reject_denied": True})

    @pytest.mark.parametrize(
        ("scheme", "host", "origin"),
        [
            pytest.param("https", "b.test", "https://b.test", id="default-port"),
            pytest.param("https", "b.test:443", "https://b.test", id="default-port-written"),
            pytest.param("http", "b.test:80", "http://b.test", id="default-port-of-http"),
            pytest.param("http", "b.test:443", "http://b.test:443", id="port-of-another-scheme"),
            pytest.param("https", "B.Test", "https://b.test", id="case"),
            pytest.param("http", "b.test:8080", "http://b.test:8080", id="port"),
            pytest.param("http", "[::1]", "http://[::1]", id="ipv6"),
            pytest.param("http", "[::1]:8080", "http://[::1]:8080", id="ipv6-port"),
            pytest.param("https", "[2001:DB8::1]:443", "https://[2001:db8::1]", id="ipv6-case"),
            pytest.param("http", "127.0.0.1:8000", "http://127.0.0.1:8000", id="ipv4"),
        ],
    )
    def test_accepts(self, scheme: str, host: str, origin: str) -> None:
        given_answer = answer(self.SNAPSHOT, method="POST", origin=origin, scheme=scheme, host=host)

        assert given_answer == ("same-origin", None, {}, VARY_ORIGIN)

    @pytest.mark.parametrize(
        ("scheme", "host", "origin"),
        [
            pytest.param("http", "b.test", "https://b.test", id="another-scheme"),
            pytest.param("https", "b.test:8443", "https://b.test", id="another-port"),
            pytest.param("https", "b.test", "https://b.test:8443", id="another-port-in-origin"),
            pytest.param("https", "b.test:80", "https://b.test", id="default-port-of-another-scheme"),
            pytest.param("https", "c.test", "https://b.test", id="another-host"),
            pytest.param("https", "a.b.test", "https://b.test", id="subdomain"),
            pytest.param("https", "b.test", "https://b.test:443", id="no-serialized-origin-port"),
            pytest.param("https", "b.test", "https://B.test", id="no-serialized-origin-case"),
            pytest.param("https", "b.test", "https://b.test/", id="no-serialized-origin-slash"),
            pytest.param("https", "b.test.", "https://b.test.", id="no-serialized-origin-dot"),
            pytest.param("https", "b.test.", "https://b.test", id="dot-of-the-host"),
            pytest.param("https", "null", "null", id="null"),
            pytest.param("https", "", "https://b.test", id="host-that-django-refuses"),
            pytest.param("https", "", "null", id="null-and-no-host"),
            pytest.param("", "", "://", id="nothing"),
        ],
    )
    def test_rejects(self, scheme: str, host: str, origin: str) -> None:
        given_answer = answer(self.SNAPSHOT, method="POST", origin=origin, scheme=scheme, host=host)

        assert given_answer == ("origin-not-allowed", 403, {}, VARY_ORIGIN)
        assert not is_own_origin(
            StatedFacts(method="POST", path="/", origin=origin, scheme=scheme, host=host), origin
        )

    def test_a_denied_method_is_excused_too(self) -> None:
        facts = {"method": "PUT", "origin": A, "host": "a.test"}

        assert answer(self.SNAPSHOT, **facts) == ("same-origin", None, {}, VARY_ORIGIN)

    def test_shared_caches_keep_one_answer(self) -> None:
        snapshot = compiled(
            {"allowed_origins": ["*"], "allowed_methods": ["GET"], "exposed_headers": ["x-a"]}
        )

        assert answer(snapshot, method="PUT", origin=B, host="b.test") == (
            "same-origin",
            None,
            {},
            VARY_ORIGIN,
        )


class TestUngoverned:
    """No pattern matches: the middleware changes nothing."""

    @pytest.mark.parametrize(
        "facts", [{"origin": A}, {}, {"origin": A, "method": "OPTIONS", "requested_method": "GET"}]
    )
    def test_nothing_is_said(self, facts: dict[str, Any]) -> None:
        snapshot = compiled({"path": "/api", "allowed_origins": ["*"], "reject_denied": True})

        assert answer(snapshot, path="/other", **facts) == ("ungoverned", None, {}, set())
        assert not decided(snapshot, path="/other", **facts).is_governed


class TestHost:
    """The host is looked up in lower case, without its port; what cannot be trusted is every host."""

    SNAPSHOT = compiled(
        {"host": "api.test"}, {"host": "*.api.test", "allowed_origins": [A]}, {"allowed_origins": ["*"]}
    )

    @pytest.mark.parametrize("host", ["api.test", "API.test:8080", "api.test.", "api.test.:80"])
    def test_a_shield_is_not_slipped_past(self, host: str) -> None:
        assert answer(self.SNAPSHOT, origin=A, host=host).reason == "origin-not-allowed"

    @pytest.mark.parametrize(("host", "origin"), [("x.api.test:80", A), ("other.test", "*"), ("", "*")])
    def test_others_have_their_own(self, host: str, origin: str) -> None:
        assert answer(self.SNAPSHOT, origin=A, host=host).headers == {"Access-Control-Allow-Origin": origin}


class Recorder:
    """Facts that note what they are asked for."""

    def __init__(self, **facts: Any) -> None:
        self._facts = StatedFacts(**{"method": "GET", "path": "/", **facts})
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._facts, name)


class TestFacts:
    """What a decision does not need is never asked for; the host is dear, since it can be refused."""

    @pytest.mark.parametrize(
        ("snapshot", "facts", "asks"),
        [
            pytest.param(compiled({"allowed_origins": [A]}), {"origin": A}, False, id="allowed"),
            pytest.param(compiled({"allowed_origins": [A]}), {}, False, id="no-origin"),
            pytest.param(compiled({"path": "/x"}), {"origin": B}, False, id="ungoverned"),
            pytest.param(
                compiled({}),
                {"origin": B, "method": "OPTIONS", "requested_method": "PUT"},
                False,
                id="denied-preflight",
            ),
            pytest.param(compiled({}), {"origin": B}, False, id="denied-where-no-host-is-known"),
            pytest.param(
                compiled({}), {"origin": B, "host": B.partition("//")[2]}, True, id="denied-but-perhaps-own"
            ),
            pytest.param(compiled({"host": "a.test"}), {}, True, id="some-policy-names-a-host"),
        ],
    )
    def test_the_host_is_asked_for_where_it_matters(
        self, snapshot: Snapshot, facts: dict[str, Any], asks: bool
    ) -> None:
        recorder = Recorder(**facts)

        decide(snapshot, recorder)

        assert ("host" in recorder.asked) is asks

    def test_facts_that_nobody_stated_are_those_of_a_plain_request(self) -> None:
        facts = StatedFacts(method="GET", path="/")

        assert (facts.origin, facts.requested_method, facts.requested_headers) == (None, None, None)
        assert (facts.wants_private_network, facts.scheme, facts.host) == (False, "https", "")

    def test_an_actual_request_is_not_asked_for_the_headers_of_a_preflight(self) -> None:
        recorder = Recorder(origin=A)

        decide(compiled({"allowed_origins": [A]}), recorder)

        assert {"requested_method", "requested_headers", "wants_private_network"}.isdisjoint(recorder.asked)


class TestDecision:
    """A decision names the policy that governs, and says whether the script is let in."""

    SNAPSHOT = compiled({"allowed_origins": [A], "name": "ours"})

    @pytest.mark.parametrize(
        ("facts", "reason", "policy"),
        [
            ({"origin": A}, "allowed", "ours"),
            ({"origin": A, "method": "OPTIONS", "requested_method": "GET"}, "allowed", "ours"),
            ({"origin": A, "method": "PUT"}, "method-not-allowed", "ours"),
            ({"origin": A, "method": "OPTIONS", "requested_method": "PUT"}, "method-not-allowed", "ours"),
            ({"origin": B}, "origin-not-allowed", None),
            ({"origin": B, "method": "OPTIONS", "requested_method": "GET"}, "origin-not-allowed", None),
            ({}, "not-cors", None),
            ({"origin": B, "host": "b.test"}, "same-origin", None),
        ],
    )
    def test_names_the_policy(self, facts: dict[str, Any], reason: str, policy: str | None) -> None:
        decision = decided(self.SNAPSHOT, **facts)

        assert (decision.reason, getattr(decision.policy, "name", None)) == (reason, policy)
        assert decision.is_governed
        assert decision.is_denied is reason.endswith("-not-allowed")

    def test_ungoverned_is_not_denied(self) -> None:
        assert not decided(compiled(), origin=A).is_denied

    def test_every_reason_has_its_own_code(self) -> None:
        assert len(set(REASONS)) == len(REASONS) == 8


class TestRequestedHeaders:
    """A list: compared without case, optional white space and empty elements tolerated."""

    @pytest.mark.parametrize(
        ("value", "names"),
        [
            (None, ()),
            ("", ()),
            (" ", ()),
            (",, ,\t,", ()),
            ("x-a", ("x-a",)),
            ("X-B,x-a", ("x-b", "x-a")),
            (" x-a\t , ,X-A,x-b,", ("x-a", "x-b")),
            (",".join(["x-a"] * 64), ("x-a",)),
        ],
    )
    def test_accepts(self, value: str | None, names: tuple[str, ...]) -> None:
        assert parse_requested_headers(value) == names

    @pytest.mark.parametrize(
        "value", ["x a", "x-a\u00a0", "x-a\r", "\u3000", ",".join(["x-a"] * 65), " " * 4097]
    )
    def test_rejects(self, value: str) -> None:
        assert parse_requested_headers(value) is None


def _as_answer(decision: Decision) -> oracle.Answer:
    name = None if decision.policy is None else decision.policy.name
    return oracle.Answer(
        decision.reason, name, decision.status, dict(decision.headers), frozenset(decision.vary)
    )


def _has_star(decision: Decision) -> bool:
    elements = [element for _, value in decision.headers for element in value.split(",")]
    return "*" in [element.strip() for element in elements]


class TestEmbedding:
    """``Cross-Origin-Resource-Policy`` is on every response of the path, and on no preflight's answer."""

    SAME_SITE: ClassVar = {"Cross-Origin-Resource-Policy": "same-site"}
    SNAPSHOT = compiled(
        {"allowed_origins": [B], "resource_policy": "cross-origin", "priority": 200},
        {"allowed_origins": [A], "resource_policy": "same-site", "reject_denied": True},
        {"allowed_origins": ["null"], "priority": 1},
    )

    @pytest.mark.parametrize(
        ("facts", "status", "more"),
        [
            pytest.param({}, None, {}, id="no-origin"),
            pytest.param({"origin": A}, None, {"Access-Control-Allow-Origin": A}, id="of-its-own-policy"),
            pytest.param({"origin": B}, None, {"Access-Control-Allow-Origin": B}, id="of-another-policy"),
            pytest.param({"origin": "https://c.test"}, 403, {}, id="origin-not-allowed"),
            pytest.param({"origin": A, "method": "PUT"}, 403, {}, id="method-not-allowed"),
            pytest.param({"origin": "https://c.test", "host": "c.test"}, None, {}, id="same-origin"),
        ],
    )
    def test_is_sent(self, facts: dict[str, Any], status: int | None, more: dict[str, str]) -> None:
        found = answer(self.SNAPSHOT, **facts)

        assert (found.status, found.headers, found.vary) == (status, self.SAME_SITE | more, VARY_ORIGIN)

    @pytest.mark.parametrize("origin", [A, B, "https://c.test"])
    def test_is_not_on_answers_to_preflights(self, origin: str) -> None:
        assert not self.SAME_SITE.keys() & preflight(self.SNAPSHOT, origin=origin).headers.keys()

    def test_goes_with_the_star(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"], "resource_policy": "same-site"})
        expected = self.SAME_SITE | {"Access-Control-Allow-Origin": "*"}

        assert answer(snapshot).headers == answer(snapshot, origin=A).headers == expected

    def test_shield_has_it_too(self) -> None:
        assert answer(compiled({"resource_policy": "same-site"}), origin=A).headers == self.SAME_SITE

    def test_policies_that_are_not_in_force_say_nothing(self) -> None:
        off = {"mode": "off", "resource_policy": "same-site"}

        assert answer(compiled({"allowed_origins": [A]}, off, {**off, "mode": "trial"})).headers == {}


class TestTiming:
    """``Timing-Allow-Origin`` says what ``Access-Control-Allow-Origin`` says, and is sent nowhere else."""

    SNAPSHOT = compiled({"allowed_origins": [A], "timing_allow_origin": True}, {"allowed_origins": [B]})

    def test_names_the_origin(self) -> None:
        assert answer(self.SNAPSHOT, origin=A).headers == {
            "Access-Control-Allow-Origin": A,
            "Timing-Allow-Origin": A,
        }

    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param({"origin": B}, id="another-policy-governs"),
            pytest.param({"origin": A, "method": "PUT"}, id="method-not-allowed"),
            pytest.param({"origin": "https://c.test"}, id="origin-not-allowed"),
            pytest.param({}, id="no-origin"),
            pytest.param({"origin": A, "method": "OPTIONS", "requested_method": "GET"}, id="preflight"),
        ],
    )
    def test_is_not_sent(self, facts: dict[str, Any]) -> None:
        assert "Timing-Allow-Origin" not in answer(self.SNAPSHOT, **facts).headers

    def test_is_a_star_where_everybody_may_read(self) -> None:
        snapshot = compiled({"allowed_origins": ["*"], "timing_allow_origin": True})
        expected = {"Access-Control-Allow-Origin": "*", "Timing-Allow-Origin": "*"}

        assert answer(snapshot).headers == answer(snapshot, origin=A).headers == expected
        assert answer(snapshot, method="PUT", origin=A).headers == {}


class TestProperties:
    """Whatever the set and the request: the decision is that of the plain reading, and it is never raised."""

    @settings(max_examples=200)
    @given(strategies.policy_set_documents(), st.lists(strategies.stated_facts(), min_size=1, max_size=6))
    def test_agrees_with_the_plain_reading(
        self, document: dict[str, Any], requests: list[StatedFacts]
    ) -> None:
        policy_set = parse_policy_set(document)
        groups = {group.name: group for group in policy_set.origin_groups}
        snapshot = compile_snapshot(policy_set.policies, groups)
        policies = [policy.to_document() for policy in policy_set.policies]
        members = {name: group.to_document() for name, group in groups.items()}

        for request in requests:
            stated = asdict(request)
            for origin in (request.origin, *strategies.MEETING_ORIGINS):
                stated["origin"] = origin
                expected = oracle.decide(policies, members, oracle.Request(**stated))
                assert _as_answer(decide(snapshot, StatedFacts(**stated))) == expected, stated

    @given(strategies.policy_set_documents(), st.lists(strategies.stated_facts(), min_size=1, max_size=6))
    def test_no_preflight_answer_holds_a_star(
        self, document: dict[str, Any], requests: list[StatedFacts]
    ) -> None:
        groups = {group["name"]: group["origins"] for group in document["origin_groups"]}
        snapshot = compiled(*document["policies"], groups=groups)

        for request in requests:
            for origin in strategies.MEETING_ORIGINS:
                for method in ("*", "GET"):
                    facts = replace(request, method="OPTIONS", origin=origin, requested_method=method)
                    assert not _has_star(decide(snapshot, facts)), facts

    @given(
        st.text(max_size=20),
        st.text(max_size=20),
        st.text(max_size=20),
        st.text(max_size=20),
        st.text(max_size=20),
    )
    def test_never_raises(self, method: str, path: str, origin: str, names: str, host: str) -> None:
        snapshot = compiled(
            {"allowed_origins": ["*"], "allowed_methods": ["*"], "allowed_headers": ["*"]}, {"host": "*.test"}
        )

        for sent in (method, "OPTIONS"):
            facts = StatedFacts(
                method=sent,
                path="/" + path,
                origin=origin,
                requested_method=method,
                requested_headers=names,
                host=host,
            )
            assert decide(snapshot, facts).reason in REASONS
