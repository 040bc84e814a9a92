"""Do ``evaluate`` and ``browser_fetch`` say the same: the model alone, and the model over real responses?"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cors_policies.core.browser import Evaluation, evaluate, parse_browser_request
from cors_policies.store import current_snapshot
from cors_policies.testing import CorsBlocked, browser_fetch, override_cors_policies
from tests.helpers import cors_headers
from tests.strategies import HEADER_NAMES, MEETING_ORIGINS, METHODS, policy_set_documents

APP = "https://app.example"
POLICIES = (
    {
        "name": "plain",
        "path": "/plain",
        "allowed_origins": [APP],
        "allowed_methods": ["GET", "PUT"],
        "allowed_headers": ["x-a"],
    },
    {"name": "signed-in", "path": "/signed-in", "allowed_origins": [APP], "allow_credentials": True},
    {"name": "open", "path": "/open", "allowed_origins": ["*"], "exposed_headers": ["*"]},
    {"name": "strict", "path": "/strict", "allowed_origins": [APP], "reject_denied": True},
    {"name": "shield", "path": "/open/shield"},
    {"name": "one-host", "path": "/plain", "host": "api.example", "allowed_origins": ["null"]},
)
REQUESTS: list[tuple[str, dict[str, Any], str]] = [
    ("/plain", {}, "allowed"),
    ("/plain?x=1", {"method": "put", "headers": {"X-A": "1"}}, "allowed"),
    ("/plain", {"method": "DELETE"}, "method-not-allowed"),
    ("/plain", {"method": "POST"}, "method-not-allowed"),
    ("/plain", {"headers": {"X-B": "1"}}, "header-not-allowed"),
    ("/plain", {"headers": {f"x-{number}": "" for number in range(65)}}, "bad-request-headers"),
    ("/plain", {"headers": {"Cookie": "1", "Sec-X": "1"}}, "allowed"),
    ("/plain", {"origin": "https://evil.example"}, "origin-not-allowed"),
    ("/plain", {"credentials": "include"}, "credentials-not-allowed"),
    ("/plain", {"method": "PUT", "credentials": "include"}, "credentials-not-allowed"),
    ("/plain", {"credentials": "same-origin"}, "allowed"),
    ("/plain", {"host": "api.example:8000"}, "origin-not-allowed"),
    ("/plain", {"host": "api.example", "origin": "null"}, "allowed"),
    ("/plain", {"host": "api.example", "origin": "https://api.example", "method": "PUT"}, "same-origin"),
    ("/plain", {"host": "api.example", "origin": "http://api.example"}, "origin-not-allowed"),
    ("/signed-in", {"credentials": "include"}, "allowed"),
    ("/open", {"origin": "null", "method": "HEAD"}, "allowed"),
    ("/open", {"credentials": "include"}, "credentials-not-allowed"),
    ("/open/shield", {}, "origin-not-allowed"),
    ("/strict", {"origin": "null"}, "origin-not-allowed"),
    ("/nowhere", {}, "ungoverned"),
    ("/nowhere", {"method": "PUT", "credentials": "include"}, "ungoverned"),
    ("/nowhere", {"origin": None}, "not-cors"),
    ("/strict", {"origin": None, "method": "DELETE"}, "not-cors"),
]


def ask(path: str, stated: dict[str, Any]) -> Evaluation:
    """What the model says."""
    return evaluate(current_snapshot(), parse_browser_request({"path": path, **stated}))


def call(path: str, stated: dict[str, Any]) -> tuple[str, dict[str, str] | None]:
    """The outcome of the real call, and the readable CORS headers, of which there are none."""
    given = {**stated}
    url = f"{given.pop('scheme')}://{given.pop('host')}{path}"
    try:
        response = browser_fetch(Client(), url, **given)
    except CorsBlocked as error:
        return error.reason, None
    return "allowed", cors_headers(response)


def agree(path: str, stated: dict[str, Any]) -> str:
    """The reason on which both agree."""
    evaluation = ask(path, stated)
    reason, headers = call(path, stated)
    if evaluation.outcome == "allowed":
        assert (reason, headers is not None) == ("allowed", True)
    else:
        assert (reason, headers) == (evaluation.reason, None)
    return evaluation.reason


class TestTable:
    """Each of these requests has the same outcome and reason by either way."""

    @pytest.mark.parametrize(("path", "stated", "reason"), REQUESTS)
    @override_cors_policies(*POLICIES)
    def test_same_reason(self, path: str, stated: dict[str, Any], reason: str) -> None:
        usual = {"method": "GET", "origin": APP, "host": "testserver", "scheme": "https"}

        assert agree(path, {**usual, **stated}) == reason


class TestAnyRequest:
    """Whatever the policies and the request: both agree."""

    # The view's fixtures are the same for every example.
    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        policy_set_documents(),
        st.sampled_from(("/a", "/a/", "/a/b", "/b", "/ab", "/aab/b", "/a//b", "/a?b", "/%61", "/")),
        st.fixed_dictionaries(
            {
                "method": st.sampled_from((*METHODS, "put", "patch")),
                "origin": st.none() | st.sampled_from(MEETING_ORIGINS),
                "host": st.sampled_from(
                    ("a.test", "A.Test:8080", "b.a.test:443", "c.b.a.test:80", "[::1]:8080")
                ),
                "scheme": st.sampled_from(("https", "http")),
                "headers": st.dictionaries(
                    st.sampled_from((*HEADER_NAMES, "Cookie", "X-HTTP-Method")),
                    st.sampled_from(("", "text/plain", "TRACE", "a" * 129)),
                ),
                "credentials": st.sampled_from(("omit", "same-origin", "include")),
            }
        ),
    )
    def test_same_reason(self, document: dict[str, Any], path: str, stated: dict[str, Any]) -> None:
        with override_cors_policies(*document["policies"], origin_groups=document["origin_groups"]):
            assert agree(path, stated)
