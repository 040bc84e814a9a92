"""Do the adopted lists let through what a browser let through after reading the old ones?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.adoption.names import (
    WITHOUT_LEAVE,
    adopt_methods,
    adopt_request_headers,
    adopt_response_headers,
)
from cors_policies.core.fetch_rules import passes_header_check, passes_method_check
from cors_policies.core.validation import check_policy

METHODS = st.sampled_from(
    ["GET", "get", "PUT", "put", "PATCH", "patch", "TRACE", "Custom", "*", "PUT, DELETE", "", "a b"]
)
NAMES = st.sampled_from(["x-a", "X-B", "cookie", "*", "authorization", "x-a, x-c", "", "x a", "\u00e9"])


class TestMethods:
    """No method passes that a browser did not let through; GET, HEAD and POST have to be listed."""

    @given(entries=st.lists(METHODS, max_size=4), method=METHODS, credentials=st.booleans())
    def test_no_other_passes(self, entries: list[str], method: str, credentials: bool) -> None:
        methods, reasons = adopt_methods(entries, credentials=credentials)
        old = {"Access-Control-Allow-Methods": ", ".join(entries)}

        assert (methods is None) == (not passes_method_check(old, "GET", credentials=credentials))
        if methods is None or ({"*"} & {method, *methods}):
            return
        policy, _ = check_policy({"name": "a", "path": "/", "allowed_methods": methods}, {})
        assert policy is not None
        if method in policy.allowed_methods:
            assert passes_method_check(old, method, credentials=credentials)
        elif passes_method_check(old, method, credentials=credentials) and method not in WITHOUT_LEAVE:
            assert reasons or method == ""

    @pytest.mark.parametrize(
        ("entries", "expected"),
        [
            (["GET", "POST", "PUT"], ["GET", "POST", "PUT"]),
            (["get", "post"], ["GET", "POST"]),
            (["GET, POST", "", "PUT"], ["GET", "POST", "PUT"]),
            (["*"], ["*"]),
        ],
    )
    def test_carried_over(self, entries: list[str], expected: list[str]) -> None:
        assert adopt_methods(entries, credentials=False) == (expected, [])

    @pytest.mark.parametrize(
        ("entries", "expected", "said"),
        [
            (
                ["GET", "POST", "put"],
                ["GET", "POST"],
                "put is left out: methods are compared with case. Add PUT.",
            ),
            (["GET", "POST", "patch"], ["GET", "POST"], "Add PATCH."),
            (["GET", "POST", "TRACE"], ["GET", "POST"], "TRACE can be sent by no script: left out."),
            (["*"], ["GET", "HEAD", "POST"], "taken as GET, HEAD, POST."),
            (["PUT"], ["PUT"], "lacks GET, HEAD, POST: let in all the same before, denied now."),
            (["GET"], ["GET"], "lacks POST:"),
            (["GET", "P T"], None, '"P T" is no name'),
        ],
    )
    def test_changed_with_a_reason(self, entries: list[str], expected: list[str] | None, said: str) -> None:
        methods, (reason,) = adopt_methods(entries, credentials=True)

        assert (methods, said in reason) == (expected, True)


class TestHeaders:
    """No header name passes that a browser did not let through."""

    @given(
        entries=st.lists(NAMES, max_size=4),
        name=st.sampled_from(["x-a", "x-b", "x-c", "authorization", "x-d"]),
        credentials=st.booleans(),
    )
    def test_pass_as_before(self, entries: list[str], name: str, credentials: bool) -> None:
        names, reasons = adopt_request_headers(entries, credentials=credentials)
        old = {"Access-Control-Allow-Headers": ", ".join(entries)}
        before = passes_header_check(old, [name], credentials=credentials)

        if names is None:
            assert (before, bool(reasons)) == (False, True)
        else:
            policy, _ = check_policy({"name": "a", "path": "/", "allowed_headers": names}, {})
            assert policy is not None
            wildcard = "*" in policy.allowed_headers and name != "authorization"
            assert (name in policy.allowed_headers or wildcard) == before

    def test_that_no_script_can_set_are_left_out(self) -> None:
        names, (reason,) = adopt_request_headers(["Origin", "X-A", "sec-x", "DNT"], credentials=False)

        assert (names, reason) == (["X-A"], "Origin, sec-x, DNT can be set by no script: left out.")

    def test_that_no_script_can_read_are_left_out(self) -> None:
        names, (reason,) = adopt_response_headers(["Set-Cookie", "X-A"], credentials=False)

        assert (names, reason) == (["X-A"], "Set-Cookie can be read by no script: left out.")

    @pytest.mark.parametrize("adopt", [adopt_request_headers, adopt_response_headers])
    def test_any_is_kept_without_credentials_only(self, adopt: type) -> None:
        assert adopt(["*"], credentials=False) == (["*"], [])
        assert adopt(["*", "x-a"], credentials=True)[0] == ["x-a"]

    @pytest.mark.parametrize("adopt", [adopt_request_headers, adopt_response_headers, adopt_methods])
    def test_no_list_is_none(self, adopt: type) -> None:
        assert adopt(None, credentials=False) == (None, [])
