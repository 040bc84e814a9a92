"""What a browser would do with a call of fetch(), told from the policy set alone."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cors_policies.core import browser
from cors_policies.core.browser import (
    BrowserRequest,
    Evaluation,
    actual_headers,
    evaluate,
    is_cross_origin,
    matching_groups,
    preflight_headers,
)
from cors_policies.core.engine import REASONS, Decision, StatedFacts, decide
from cors_policies.core.path_group import Site
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import EMPTY_SNAPSHOT, Shield, Snapshot, compile_snapshot
from tests.strategies import (
    HEADER_NAMES,
    MEETING_ORIGINS,
    METHODS,
    REQUEST_HOSTS,
    REQUEST_PATHS,
    policy_set_documents,
    request_origins,
)

APP = "https://app.example"
VARY_PREFLIGHT = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
POLICIES = (
    Policy(
        name="plain",
        path="/plain",
        allowed_origins=(APP,),
        allowed_methods=("GET", "PUT"),
        allowed_headers=("content-type", "x-a"),
        exposed_headers=("x-total",),
    ),
    Policy(name="signed-in", path="/signed-in", allowed_origins=(APP,), allow_credentials=True, max_age=None),
    Policy(name="open", path="/open", allowed_origins=("*",), exposed_headers=("*",)),
    Policy(
        name="wide",
        path="/wide",
        allowed_origins=(APP, "null"),
        allowed_methods=("*",),
        allowed_headers=("*",),
        max_age=0,
    ),
    Policy(
        name="strict", path="/strict", allowed_origins=(APP,), allowed_methods=("GET",), reject_denied=True
    ),
    Policy(name="second", path="/shared/**", allowed_origins=(APP,)),
    Policy(name="first", path="/shared/**", allowed_origins=("https://b.example",), priority=1),
    Policy(name="third", path="/shared/**", allowed_origins=("*",), priority=200),
    Policy(name="shield", path="/shared/private/**"),
    Policy(name="switched-off", path="/off", mode="off", allowed_origins=("*",)),
    Policy(name="one-host", path="/plain", host="api.example", allowed_origins=("https://b.example",)),
)
SNAPSHOT = compile_snapshot(POLICIES, {}, shields=[Shield(Site("", "/broken"))])


def ask(path: str, origin: str | None = APP, **more: Any) -> Evaluation:
    """The evaluation of one request against the policies above."""
    headers = more.pop("headers", {})
    return evaluate(
        SNAPSHOT, BrowserRequest(path=path, origin=origin, headers=tuple(headers.items()), **more)
    )


def answers(evaluation: Evaluation) -> dict[str, Any]:
    """The document without its sentences."""
    document = evaluation.to_document()
    del document["explanation"]
    return document


class TestWholeDocuments:
    """The document has every key, and headers are the CORS ones and Vary, all of them."""

    def test_a_request_that_needs_no_preflight(self) -> None:
        assert answers(ask("/plain")) == {
            "outcome": "allowed",
            "reason": "allowed",
            "policy": "plain",
            "path_group": ["plain"],
            "preflight": None,
            "actual": {
                "status": None,
                "headers": {
                    "Access-Control-Allow-Origin": APP,
                    "Access-Control-Expose-Headers": "x-total",
                    "Vary": "Origin",
                },
            },
        }

    def test_headers_of_embedding_are_shown_where_they_are_sent(self) -> None:
        keys: dict[str, Any] = {"resource_policy": "cross-origin", "timing_allow_origin": True}
        snapshot = compile_snapshot([Policy(name="p", path="/**", allowed_origins=(APP,), **keys)], {})

        allowed = evaluate(snapshot, BrowserRequest(path="/", origin=APP)).actual
        denied = evaluate(snapshot, BrowserRequest(path="/", origin="https://b.example")).actual

        embedding = {"Cross-Origin-Resource-Policy": "cross-origin", "Vary": "Origin"}
        timing = {"Access-Control-Allow-Origin": APP, "Timing-Allow-Origin": APP}
        assert allowed is not None
        assert denied is not None
        assert (allowed.headers, denied.headers) == ({**embedding, **timing}, embedding)

    def test_a_request_that_needs_a_preflight(self) -> None:
        assert answers(ask("/plain", method="PUT", headers={"X-A": "1"})) == {
            "outcome": "allowed",
            "reason": "allowed",
            "policy": "plain",
            "path_group": ["plain"],
            "preflight": {
                "status": 200,
                "headers": {
                    "Access-Control-Allow-Origin": APP,
                    "Access-Control-Allow-Methods": "GET, PUT",
                    "Access-Control-Allow-Headers": "content-type, x-a",
                    "Access-Control-Max-Age": "600",
                    "Vary": VARY_PREFLIGHT,
                },
            },
            "actual": {
                "status": None,
                "headers": {
                    "Access-Control-Allow-Origin": APP,
                    "Access-Control-Expose-Headers": "x-total",
                    "Vary": "Origin",
                },
            },
        }

    def test_a_request_with_credentials(self) -> None:
        headers = {"content-type": "application/json"}

        assert answers(ask("/signed-in", method="POST", headers=headers, credentials="include")) == {
            "outcome": "allowed",
            "reason": "allowed",
            "policy": "signed-in",
            "path_group": ["signed-in"],
            "preflight": {
                "status": 200,
                "headers": {
                    "Access-Control-Allow-Origin": APP,
                    "Access-Control-Allow-Methods": "GET, HEAD, POST",
                    "Access-Control-Allow-Headers": "content-type",
                    "Access-Control-Allow-Credentials": "true",
                    "Vary": VARY_PREFLIGHT,
                },
            },
            "actual": {
                "status": None,
                "headers": {
                    "Access-Control-Allow-Origin": APP,
                    "Access-Control-Allow-Credentials": "true",
                    "Vary": "Origin",
                },
            },
        }

    def test_a_path_that_everybody_may_read(self) -> None:
        assert answers(ask("/open", "https://anybody.example")) == {
            "outcome": "allowed",
            "reason": "allowed",
            "policy": "open",
            "path_group": ["open"],
            "preflight": None,
            "actual": {
                "status": None,
                "headers": {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*"},
            },
        }

    def test_a_denied_preflight(self) -> None:
        assert answers(ask("/plain", method="DELETE")) == {
            "outcome": "denied",
            "reason": "method-not-allowed",
            "policy": "plain",
            "path_group": ["plain"],
            "preflight": {"status": 200, "headers": {"Vary": VARY_PREFLIGHT}},
            "actual": None,
        }

    def test_the_explanation_is_a_list_of_sentences(self) -> None:
        explanation = ask("/plain").to_document()["explanation"]

        assert isinstance(explanation, list)
        assert explanation == list(ask("/plain").explanation)

    def test_a_document_shares_nothing_with_the_evaluation(self) -> None:
        evaluation = ask("/plain")

        evaluation.to_document()["actual"]["headers"].clear()

        assert evaluation.to_document()["actual"]["headers"]["Vary"] == "Origin"


class TestPreflight:
    """preflight is null where the browser sends none."""

    @pytest.mark.parametrize(
        "request_",
        [
            pytest.param({"method": "GET"}, id="get"),
            pytest.param({"method": "head"}, id="head-in-lower-case"),
            pytest.param({"method": "Post", "headers": {"content-type": "text/plain"}}, id="form-post"),
            pytest.param({"headers": {"accept": "*/*", "range": "bytes=0-9"}}, id="safelisted-headers"),
            pytest.param({"headers": {"Cookie": "a=b", "Sec-Fetch-Mode": "x"}}, id="forbidden-headers-only"),
            pytest.param({"headers": {"X-HTTP-Method-Override": "TRACE"}}, id="forbidden-override"),
            pytest.param({"credentials": "include"}, id="credentials"),
        ],
    )
    def test_is_not_sent(self, request_: dict[str, Any]) -> None:
        assert ask("/wide", **request_).preflight is None

    @pytest.mark.parametrize(
        ("request_", "asked_for"),
        [
            pytest.param({"method": "delete"}, (None, "DELETE"), id="method"),
            pytest.param({"method": "patch"}, (None, "patch"), id="method-that-is-not-upper-cased"),
            pytest.param({"method": "OPTIONS"}, (None, "OPTIONS"), id="options"),
            pytest.param(
                {"headers": {"content-type": "application/json"}}, ("content-type", "GET"), id="header-value"
            ),
            pytest.param(
                {
                    "method": "POST",
                    "headers": {"X-B": "", "X-A": "", "x-b": "", "Host": "x", "Accept": "*/*"},
                },
                ("x-a, x-b", "POST"),
                id="header-names-sorted-and-lower-case",
            ),
            pytest.param({"headers": {"X-HTTP-Method": "PUT"}}, ("x-http-method", "GET"), id="override"),
        ],
    )
    def test_asks_for_what_the_script_wants(
        self, request_: dict[str, Any], asked_for: tuple[str | None, str]
    ) -> None:
        preflight = ask("/wide", **request_).preflight

        assert preflight is not None
        answer = dict(preflight.headers)
        assert answer.pop("Access-Control-Allow-Headers", None) == asked_for[0]
        assert answer == {
            "Access-Control-Allow-Origin": APP,
            "Access-Control-Allow-Methods": asked_for[1],
            "Access-Control-Max-Age": "0",
            "Vary": VARY_PREFLIGHT,
        }


class TestPreflightHeaders:
    """Access-Control-Request-Headers is what browsers send: names joined by a comma without a space."""

    def test_names_that_just_fit_are_read(self) -> None:
        names = [f"x-{number:02}-".ljust(63, "a") for number in range(64)]
        assert len(",".join(names)) == 4095

        assert ask("/wide", headers=dict.fromkeys(names, "")).reason == "allowed"

    def test_longer_names_are_not(self) -> None:
        names = [f"x-{number:02}-".ljust(64, "a") for number in range(64)]
        assert len(",".join(names)) == 4159

        assert ask("/wide", headers=dict.fromkeys(names, "")).reason == "bad-request-headers"


class TestClientChecks:
    """The browser believes the headers of a preflight's answer, not the server's judgement."""

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            pytest.param(
                {"Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "x-a"},
                "allowed",
                id="complete",
            ),
            pytest.param({"Access-Control-Allow-Headers": "x-a"}, "method-not-allowed", id="no-method"),
            pytest.param({"Access-Control-Allow-Methods": "PUT"}, "header-not-allowed", id="no-header-name"),
            pytest.param(
                {"Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "x-a"},
                "method-not-allowed",
                id="literal-star-for-methods",
            ),
            pytest.param(
                {"Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "*"},
                "header-not-allowed",
                id="literal-star-for-header-names",
            ),
            pytest.param(
                {
                    "Access-Control-Allow-Methods": "PUT",
                    "Access-Control-Allow-Headers": "x-a",
                    "Access-Control-Allow-Credentials": "TRUE",
                },
                "credentials-not-allowed",
                id="credentials-in-capitals",
            ),
        ],
    )
    def test_an_incomplete_answer_fails(
        self, answer: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        headers = {"Access-Control-Allow-Origin": APP, "Access-Control-Allow-Credentials": "true"} | answer
        decision = Decision("allowed", 200, tuple(headers.items()), group=SNAPSHOT.find_group("/plain"))
        monkeypatch.setattr(browser, "decide", lambda *_: decision)

        assert ask("/plain", method="PUT", headers={"x-a": ""}, credentials="include").reason == reason


class TestDenied:
    """actual is null where the preflight failed; a denial has the reason of the engine."""

    @pytest.mark.parametrize(
        ("path", "request_", "reason", "policy"),
        [
            pytest.param(
                "/plain",
                {"origin": "https://x.example", "method": "PUT"},
                "origin-not-allowed",
                None,
                id="origin",
            ),
            pytest.param("/plain", {"method": "DELETE"}, "method-not-allowed", "plain", id="method"),
            pytest.param(
                "/plain",
                {"method": "put", "headers": {"x-b": ""}},
                "header-not-allowed",
                "plain",
                id="header",
            ),
            pytest.param("/wide", {"method": "*"}, "method-not-allowed", "wide", id="literal-star"),
            pytest.param(
                "/wide", {"headers": {"*": ""}}, "header-not-allowed", "wide", id="header-of-that-name"
            ),
            pytest.param(
                "/wide", {"headers": {"Authorization": "x"}}, "header-not-allowed", "wide", id="authorization"
            ),
            pytest.param(
                "/wide",
                {"headers": {f"x-{number}": "" for number in range(65)}},
                "bad-request-headers",
                "wide",
                id="too-many-headers",
            ),
            pytest.param(
                "/plain",
                {"method": "DELETE", "credentials": "include"},
                "method-not-allowed",
                "plain",
                id="method-before-credentials",
            ),
        ],
    )
    def test_preflight_fails(
        self, path: str, request_: dict[str, Any], reason: str, policy: str | None
    ) -> None:
        evaluation = ask(path, **request_)

        assert (evaluation.outcome, evaluation.reason, evaluation.policy) == ("denied", reason, policy)
        assert evaluation.preflight is not None
        assert evaluation.preflight.to_document() == {"status": 200, "headers": {"Vary": VARY_PREFLIGHT}}
        assert evaluation.actual is None

    @pytest.mark.parametrize(
        ("path", "request_", "reason", "policy", "status"),
        [
            pytest.param(
                "/plain", {"origin": "https://x.example"}, "origin-not-allowed", None, None, id="origin"
            ),
            pytest.param("/plain", {"origin": "null"}, "origin-not-allowed", None, None, id="null"),
            pytest.param("/plain", {"method": "POST"}, "method-not-allowed", "plain", None, id="method"),
            pytest.param(
                "/strict", {"origin": "null"}, "origin-not-allowed", None, 403, id="origin-rejected"
            ),
            pytest.param(
                "/strict", {"method": "POST"}, "method-not-allowed", "strict", 403, id="method-rejected"
            ),
        ],
    )
    def test_actual_request_is_answered_without_cors_headers(
        self, path: str, request_: dict[str, Any], reason: str, policy: str | None, status: int | None
    ) -> None:
        assert answers(ask(path, **request_)) == {
            "outcome": "denied",
            "reason": reason,
            "policy": policy,
            "path_group": [path[1:]],
            "preflight": None,
            "actual": {"status": status, "headers": {"Vary": "Origin"}},
        }


class TestCredentials:
    """Included credentials against a policy without allow_credentials: denied, credentials-not-allowed."""

    @pytest.mark.parametrize("path", ["/plain", "/open", "/wide"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_the_response_is_kept_from_the_script(self, path: str, method: str) -> None:
        evaluation = ask(path, method=method, credentials="include")

        assert (evaluation.outcome, evaluation.reason) == ("denied", "credentials-not-allowed")
        assert evaluation.policy == path[1:]
        assert evaluation.actual == ask(path, method=method).actual

    def test_the_preflight_fails_although_the_server_allows_it(self) -> None:
        evaluation = ask("/plain", method="PUT", credentials="include")

        assert (evaluation.outcome, evaluation.reason) == ("denied", "credentials-not-allowed")
        assert evaluation.preflight == ask("/plain", method="PUT").preflight
        assert evaluation.actual is None

    @pytest.mark.parametrize("credentials", ["omit", "same-origin"])
    def test_other_modes_send_none_to_another_origin(self, credentials: str) -> None:
        assert ask("/plain", method="PUT", credentials=credentials).reason == "allowed"

    def test_a_policy_with_credentials_allows_them(self) -> None:
        assert ask("/signed-in", credentials="include").reason == "allowed"

    def test_an_ungoverned_path_is_ungoverned_with_credentials_too(self) -> None:
        assert ask("/nowhere", credentials="include").reason == "ungoverned"


class TestSameOrigin:
    """Same origin: no preflight, allowed, same-origin."""

    @pytest.mark.parametrize(
        ("host", "scheme", "origin"),
        [
            pytest.param("app.example", "https", APP, id="same"),
            pytest.param("app.example:443", "https", APP, id="default-port"),
            pytest.param("APP.example", "https", APP, id="another-case"),
            pytest.param("app.example:8000", "http", "http://app.example:8000", id="port"),
            pytest.param("[::1]:8000", "http", "http://[::1]:8000", id="ipv6"),
        ],
    )
    def test_is_allowed_without_a_preflight(self, host: str, scheme: str, origin: str) -> None:
        evaluation = ask(
            "/shared/private", origin, host=host, scheme=scheme, method="PUT", headers={"x-z": ""}
        )

        assert answers(evaluation) == {
            "outcome": "allowed",
            "reason": "same-origin",
            "policy": None,
            "path_group": ["shield"],
            "preflight": None,
            "actual": {"status": None, "headers": {"Vary": "Origin"}},
        }

    @pytest.mark.parametrize(
        ("host", "scheme", "origin"),
        [
            pytest.param("", "https", APP, id="no-host"),
            pytest.param("app.example", "http", APP, id="another-scheme"),
            pytest.param("app.example:8443", "https", APP, id="another-port"),
            pytest.param("api.app.example", "https", APP, id="subdomain"),
            pytest.param("app.example.", "https", APP, id="trailing-dot"),
            pytest.param("app.example", "https", "https://APP.example", id="no-serialized-origin"),
            pytest.param("null", "https", "null", id="null"),
        ],
    )
    def test_is_cross_origin_otherwise(self, host: str, scheme: str, origin: str) -> None:
        evaluation = ask("/shared/private", origin, host=host, scheme=scheme)

        assert (evaluation.outcome, evaluation.reason) == ("denied", "origin-not-allowed")

    def test_is_never_rejected(self) -> None:
        evaluation = ask("/strict", "https://api.example", host="api.example", method="POST")

        assert evaluation.reason == "same-origin"
        assert evaluation.actual is not None
        assert evaluation.actual.status is None

    def test_is_allowed_with_credentials(self) -> None:
        assert ask("/plain", host="app.example", credentials="include").outcome == "allowed"

    def test_is_allowed_where_no_policy_governs(self) -> None:
        assert answers(ask("/nowhere", host="app.example", method="PUT")) == {
            "outcome": "allowed",
            "reason": "same-origin",
            "policy": None,
            "path_group": [],
            "preflight": None,
            "actual": {"status": None, "headers": {}},
        }

    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            pytest.param("GET", {"Vary": "Origin"}, id="get-names-no-origin"),
            pytest.param("HEAD", {"Vary": "Origin"}, id="head-names-no-origin"),
            pytest.param(
                "POST",
                {"Access-Control-Allow-Origin": APP, "Vary": "Origin"},
                id="post-names-its-origin",
            ),
        ],
    )
    def test_answer_is_that_to_the_headers_that_a_browser_sends(
        self, method: str, headers: dict[str, str]
    ) -> None:
        evaluation = ask("/shared/x", host="app.example", method=method)

        assert evaluation.reason == "same-origin"
        assert evaluation.actual is not None
        assert evaluation.actual.headers == headers


class TestCrossOrigin:
    """A browser checks the answer where the page has an origin that is not the server's own."""

    @pytest.mark.parametrize(
        ("origin", "host", "expected"),
        [
            (APP, "api.example", True),
            (APP, "", True),
            ("null", "null", True),
            (APP, "app.example", False),
            (APP, "app.example:443", False),
            ("", "api.example", False),
            (None, "api.example", False),
        ],
    )
    def test_is_cross_origin(self, origin: str | None, host: str, expected: bool) -> None:
        assert is_cross_origin(BrowserRequest(path="/", origin=origin, host=host)) is expected


class TestNoOrigin:
    """No origin: allowed, not-cors."""

    @pytest.mark.parametrize("origin", ["", None])
    @pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
    def test_is_allowed_without_a_preflight(self, origin: str | None, method: str) -> None:
        assert answers(ask("/plain", origin, method=method, headers={"x-z": ""}, credentials="include")) == {
            "outcome": "allowed",
            "reason": "not-cors",
            "policy": None,
            "path_group": ["plain"],
            "preflight": None,
            "actual": {"status": None, "headers": {"Vary": "Origin"}},
        }

    def test_gets_the_answer_that_everybody_gets(self) -> None:
        evaluation = ask("/open", None)

        assert evaluation.reason == "not-cors"
        assert evaluation.actual is not None
        assert evaluation.actual.headers == {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "*",
        }

    def test_is_allowed_where_no_policy_governs(self) -> None:
        assert answers(ask("/nowhere", None)) == {
            "outcome": "allowed",
            "reason": "not-cors",
            "policy": None,
            "path_group": [],
            "preflight": None,
            "actual": {"status": None, "headers": {}},
        }


class TestUngoverned:
    """Ungoverned: policy null, path_group empty, a needed preflight shown with status null and no headers."""

    def test_without_a_preflight(self) -> None:
        assert answers(ask("/nowhere")) == {
            "outcome": "ungoverned",
            "reason": "ungoverned",
            "policy": None,
            "path_group": [],
            "preflight": None,
            "actual": {"status": None, "headers": {}},
        }

    def test_with_a_preflight_that_fails_for_want_of_headers(self) -> None:
        assert answers(ask("/nowhere", method="PUT")) == {
            "outcome": "ungoverned",
            "reason": "ungoverned",
            "policy": None,
            "path_group": [],
            "preflight": {"status": None, "headers": {}},
            "actual": None,
        }

    def test_a_policy_that_is_switched_off_governs_nothing(self) -> None:
        assert ask("/off").outcome == "ungoverned"

    def test_an_empty_set_governs_nothing(self) -> None:
        assert evaluate(EMPTY_SNAPSHOT, BrowserRequest(path="/", origin=APP)).outcome == "ungoverned"


class TestSelection:
    """path_group names the policies in the order tried; policy is the one that governs."""

    @pytest.mark.parametrize(
        ("origin", "policy"), [("https://b.example", "first"), (APP, "second"), ("null", "third")]
    )
    def test_the_first_policy_that_lists_the_origin_governs(self, origin: str, policy: str) -> None:
        evaluation = ask("/shared/x", origin)

        assert evaluation.path_group == ("first", "second", "third")
        assert evaluation.policy == policy

    def test_a_shield_hides_the_broader_path(self) -> None:
        evaluation = ask("/shared/private/x")

        assert evaluation.path_group == ("shield",)
        assert (evaluation.reason, evaluation.policy) == ("origin-not-allowed", None)

    def test_a_broken_policy_shields_its_path_with_an_empty_group(self) -> None:
        evaluation = ask("/broken")

        assert evaluation.path_group == ()
        assert (evaluation.outcome, evaluation.reason) == ("denied", "origin-not-allowed")

    @pytest.mark.parametrize("host", ["api.example", "api.example:8000", "API.EXAMPLE", "api.example."])
    def test_a_policy_of_the_host_comes_before_those_of_every_host(self, host: str) -> None:
        assert ask("/plain", host=host).path_group == ("one-host",)

    @pytest.mark.parametrize("host", ["", "www.api.example", "example"])
    def test_without_its_host_only_policies_for_every_host_apply(self, host: str) -> None:
        assert ask("/plain", host=host).path_group == ("plain",)

    @pytest.mark.parametrize("path", ["/plain?x=1", "/plain#x", "/plain/", "/%70lain?/strict"])
    def test_query_and_fragment_are_ignored_and_encoding_is_undone(self, path: str) -> None:
        assert ask(path).policy == "plain"

    def test_origins_of_groups_count(self) -> None:
        policy = Policy(name="grouped", path="/", origin_groups=("partners",))
        groups = {"partners": OriginGroup(name="partners", origins=(APP,))}

        evaluation = evaluate(compile_snapshot([policy], groups), BrowserRequest(path="/", origin=APP))

        assert evaluation.policy == "grouped"


def snapshots() -> st.SearchStrategy[Snapshot]:
    """Compiled sets of a few policies that share paths, hosts and groups."""

    def compiled(document: dict[str, Any]) -> Snapshot:
        parsed = parse_policy_set(document)
        return compile_snapshot(parsed.policies, {group.name: group for group in parsed.origin_groups})

    return policy_set_documents().map(compiled)


def requests() -> st.SearchStrategy[BrowserRequest]:
    """Requests that often meet the policies of a snapshot; about half of them need a preflight."""
    names = st.sampled_from((*HEADER_NAMES, "Accept", "Range", "Cookie", "X-HTTP-Method"))
    values = st.sampled_from(("", "text/plain", "application/json", "bytes=0-", "TRACE", "a" * 129))
    return st.builds(
        BrowserRequest,
        path=st.sampled_from((*REQUEST_PATHS, "/a?b", "/%61")),
        method=st.sampled_from((*METHODS, "put", "patch", "*")),
        origin=st.one_of(st.none(), st.sampled_from(MEETING_ORIGINS), request_origins()),
        host=st.sampled_from(REQUEST_HOSTS),
        scheme=st.sampled_from(("https", "http")),
        headers=st.lists(st.tuples(names, values), max_size=3).map(tuple),
        credentials=st.sampled_from(("omit", "same-origin", "include")),
    )


def engine_reason(snapshot: Snapshot, request: BrowserRequest) -> str:
    """What the engine says to the preflight, if there is one, and then to the actual request."""
    actual = StatedFacts(
        method=request.sent_method,
        path=request.path_info,
        origin=request.origin,
        host=request.host,
        scheme=request.scheme,
    )
    preflight = replace(
        actual,
        method="OPTIONS",
        requested_method=request.sent_method,
        requested_headers=",".join(request.unsafe_names),
    )
    asked = [preflight, actual] if request.needs_preflight else [actual]
    reasons = [decide(snapshot, facts).reason for facts in asked]
    return next((reason for reason in reasons if reason != "allowed"), "allowed")


class TestAnyRequest:
    """Whatever the policies and the request: an answer that agrees with the engine and with itself."""

    @given(
        st.builds(
            BrowserRequest,
            path=st.text(max_size=8),
            method=st.text(max_size=8),
            origin=st.none() | st.text(max_size=8),
            host=st.text(max_size=8),
            scheme=st.text(max_size=8),
            headers=st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=3).map(tuple),
            credentials=st.text(max_size=8),
        )
    )
    def test_even_a_request_that_was_never_checked_gets_an_answer(self, request_: BrowserRequest) -> None:
        assert evaluate(SNAPSHOT, request_).reason in {*REASONS, "credentials-not-allowed"}

    @given(snapshots(), requests())
    def test_outcome_and_reason_agree(self, snapshot: Snapshot, request_: BrowserRequest) -> None:
        evaluation = evaluate(snapshot, request_)

        assert (evaluation.outcome == "allowed") == (
            evaluation.reason in {"allowed", "not-cors", "same-origin"}
        )
        assert (evaluation.outcome == "ungoverned") == (evaluation.reason == "ungoverned")
        assert evaluation.outcome in {"allowed", "denied", "ungoverned"}

    @given(snapshots(), requests())
    def test_an_allowed_request_is_sent_and_an_answer_is_always_shown(
        self, snapshot: Snapshot, request_: BrowserRequest
    ) -> None:
        evaluation = evaluate(snapshot, request_)

        assert evaluation.preflight or evaluation.actual
        assert evaluation.actual or evaluation.outcome != "allowed"
        assert evaluation.policy is None or evaluation.policy in evaluation.path_group

    @given(snapshots(), requests())
    def test_a_browser_agrees_with_the_engine_but_for_credentials(
        self, snapshot: Snapshot, request_: BrowserRequest
    ) -> None:
        reason = evaluate(snapshot, request_).reason
        assume(reason not in {"same-origin", "not-cors"})

        expected = engine_reason(snapshot, request_)

        if request_.includes_credentials and expected == "allowed":
            assert reason in {"allowed", "credentials-not-allowed"}
        else:
            assert reason == expected

    @given(snapshots(), requests())
    def test_explanations_are_sentences(self, snapshot: Snapshot, request_: BrowserRequest) -> None:
        explanation = evaluate(snapshot, request_).explanation

        assert len(explanation) == len(set(explanation))
        assert all(sentence.endswith(".") for sentence in explanation)


class TestMessages:
    """What a browser sends is told as it is sent."""

    REQUEST = BrowserRequest(
        path="/plain", method="put", origin=APP, headers=(("X-B", " 1 "), ("Cookie", "a=b"), ("X-A", "2"))
    )

    def test_preflight(self) -> None:
        assert preflight_headers(self.REQUEST) == (
            ("Origin", APP),
            ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "x-a,x-b"),
        )

    def test_preflight_without_header_names(self) -> None:
        assert preflight_headers(replace(self.REQUEST, headers=())) == (
            ("Origin", APP),
            ("Access-Control-Request-Method", "PUT"),
        )

    @pytest.mark.parametrize(
        ("keys", "origin"),
        [
            pytest.param({}, [("Origin", APP)], id="cross-origin"),
            pytest.param({"method": "GET"}, [("Origin", APP)], id="cross-origin-get"),
            pytest.param({"host": "app.example"}, [("Origin", APP)], id="own-origin"),
            pytest.param({"host": "app.example", "method": "GET"}, [], id="own-origin-get"),
            pytest.param({"origin": None}, [], id="no-origin"),
        ],
    )
    def test_actual(self, keys: dict[str, Any], origin: list[tuple[str, str]]) -> None:
        request = replace(self.REQUEST, **keys)

        assert actual_headers(request) == (*origin, ("X-B", "1"), ("X-A", "2"))


class TestMatchingGroups:
    """All path groups of a path are told, the governing one first."""

    @pytest.mark.parametrize(
        ("path", "host", "found"),
        [
            pytest.param("/shared/private/x", "", ["/shared/private/**", "/shared/**"], id="shield-first"),
            pytest.param("/plain", "API.example:8000", ["api.example/plain", "/plain"], id="host-first"),
            pytest.param("/plain?q", "other.example", ["/plain"], id="other-host"),
            pytest.param("/off", "", [], id="switched-off"),
        ],
    )
    def test_order(self, path: str, host: str, found: list[str]) -> None:
        groups = matching_groups(SNAPSHOT, BrowserRequest(path=path, host=host))

        assert [group.host + group.path for group in groups] == found
