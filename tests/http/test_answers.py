"""Does the same request get the same answer from the engine, the sync client and the async client?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client
from pytest_django import Settings

from cors_policies import services
from cors_policies.core.engine import Decision, StatedFacts, decide
from cors_policies.store import current_snapshot
from tests.helpers import cors_headers, policy, vary

pytestmark = pytest.mark.django_db

APP = "https://app.example"
PREFLIGHT_VARY = ["origin", "access-control-request-method", "access-control-request-headers"]
POLICIES = [
    policy(
        "api",
        "/api/**",
        allowed_methods=["GET", "PUT"],
        allowed_headers=["content-type", "x-token"],
        exposed_headers=["x-total"],
        allow_credentials=True,
        max_age=60,
    ),
    policy("shield", "/api/secret/**", allowed_origins=[], reject_denied=True),
    policy("open", "/open/**", allowed_origins=["*"], exposed_headers=["x-total"]),
    policy("host", "/**", host="api.example.com", allowed_origins=["https://host.example"]),
]


@dataclass(frozen=True)
class Case:
    """A request, and everything that CORS says in its answer."""

    id: str
    method: str
    path: str
    sent: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    vary: list[str] = field(default_factory=list)
    reason: str = "allowed"
    host: str = "testserver"


def _preflight(method: str, headers: str | None = None, origin: str = APP) -> dict[str, str]:
    sent = {"origin": origin, "access-control-request-method": method}
    return sent if headers is None else {**sent, "access-control-request-headers": headers}


# fmt: off
CASES = [
    Case("no-origin", "GET", "/api/plain", vary=["origin"], reason="not-cors"),
    Case("empty-origin", "GET", "/api/plain", {"origin": ""}, vary=["origin"], reason="not-cors"),
    Case(
        "actual-allowed",
        "GET",
        "/api/plain",
        {"origin": APP},
        headers={
            "access-control-allow-origin": APP,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": "x-total",
        },
        vary=["origin"],
    ),
    Case(
        "actual-other-origin",
        "GET",
        "/api/plain",
        {"origin": "https://evil.example"},
        vary=["origin"],
        reason="origin-not-allowed",
    ),
    Case(
        "actual-other-method",
        "POST",
        "/api/plain",
        {"origin": APP},
        vary=["origin"],
        reason="method-not-allowed",
    ),
    Case("own-origin", "POST", "/api/plain", {"origin": "http://testserver"}, vary=["origin"],
         reason="same-origin"),
    Case("head-by-get", "HEAD", "/api/plain", {"origin": APP}, headers={
        "access-control-allow-origin": APP,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-total",
    }, vary=["origin"]),
    Case(
        "preflight-allowed",
        "OPTIONS",
        "/api/plain",
        _preflight("PUT", "x-token"),
        status=200,
        headers={
            "access-control-allow-origin": APP,
            "access-control-allow-methods": "GET, PUT",
            "access-control-allow-headers": "content-type, x-token",
            "access-control-allow-credentials": "true",
            "access-control-max-age": "60",
        },
        vary=PREFLIGHT_VARY,
    ),
    Case("preflight-origin", "OPTIONS", "/api/plain", _preflight("PUT", origin="https://evil.example"),
         200, vary=PREFLIGHT_VARY, reason="origin-not-allowed"),
    Case("preflight-method", "OPTIONS", "/api/plain", _preflight("DELETE"), 200, vary=PREFLIGHT_VARY,
         reason="method-not-allowed"),
    Case("preflight-empty-method", "OPTIONS", "/api/plain", _preflight(""), 200, vary=PREFLIGHT_VARY,
         reason="method-not-allowed"),
    Case("preflight-header", "OPTIONS", "/api/plain", _preflight("PUT", "x-other"), 200,
         vary=PREFLIGHT_VARY, reason="header-not-allowed"),
    Case("preflight-bad-headers", "OPTIONS", "/api/plain", _preflight("PUT", "x other"), 200,
         vary=PREFLIGHT_VARY, reason="bad-request-headers"),
    Case("rejected", "GET", "/api/secret/plain", {"origin": APP}, 403, vary=["origin"],
         reason="origin-not-allowed"),
    Case("open-no-origin", "GET", "/open/plain", headers={
        "access-control-allow-origin": "*", "access-control-expose-headers": "x-total",
    }, reason="not-cors"),
    Case("open-other-method", "DELETE", "/open/plain", vary=["origin"], reason="not-cors"),
    Case("open-actual", "GET", "/open/plain", {"origin": "https://any.example"}, headers={
        "access-control-allow-origin": "*", "access-control-expose-headers": "x-total",
    }),
    Case("open-preflight", "OPTIONS", "/open/plain", _preflight("POST", "content-type", "null"), 200,
         headers={
        "access-control-allow-origin": "null",
        "access-control-allow-methods": "GET, HEAD, POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "600",
    }, vary=PREFLIGHT_VARY),
    Case("ungoverned", "GET", "/elsewhere/plain", {"origin": APP}, reason="ungoverned"),
    Case("host-policy", "GET", "/elsewhere/plain", {"origin": "https://host.example"}, headers={
        "access-control-allow-origin": "https://host.example",
    }, vary=["origin"], host="api.example.com"),
]
# fmt: on


@pytest.fixture
def _policies(settings: Settings) -> None:
    settings.USE_X_FORWARDED_HOST = True  # the async client sends a Host of its own
    services.apply_document({"policies": POLICIES}, replace=True)


def _sent(case: Case) -> dict[str, str]:
    return {**case.sent, "x-forwarded-host": case.host}


def _sync(case: Case) -> HttpResponseBase:
    return Client().generic(case.method, case.path, headers=_sent(case))


def _asynchronous(case: Case) -> HttpResponseBase:
    client = AsyncClient()

    async def send() -> HttpResponseBase:
        return await client.generic(case.method, case.path, headers=_sent(case))

    return async_to_sync(send)()


def _decided(case: Case) -> Decision:
    facts = StatedFacts(
        method=case.method,
        path=case.path,
        origin=case.sent.get("origin"),
        requested_method=case.sent.get("access-control-request-method"),
        requested_headers=case.sent.get("access-control-request-headers"),
        scheme="http",
        host=case.host,
    )
    return decide(current_snapshot(), facts)


@pytest.mark.usefixtures("_policies")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
class TestOneTable:
    """Every answer goes through one engine."""

    @pytest.mark.parametrize("send", [_sync, _asynchronous], ids=["sync", "async"])
    def test_client_gets_exactly_these_headers(self, case: Case, send: Any) -> None:
        response = send(case)

        assert cors_headers(response) == case.headers
        assert [name for name in vary(response) if name not in {"cookie", "accept-language"}] == case.vary
        if case.status is not None:
            assert response.status_code == case.status

    def test_engine_decides_the_same(self, case: Case) -> None:
        decision = _decided(case)

        assert {name.lower(): value for name, value in decision.headers} == case.headers
        assert [name.lower() for name in decision.vary] == case.vary
        assert (decision.reason, decision.status) == (case.reason, case.status)
