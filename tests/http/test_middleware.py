"""Does the middleware put the decision on whatever a view answers, and leave everything else alone?"""

from __future__ import annotations

from typing import ClassVar

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client
from pytest_django import Settings

from cors_policies import services
from cors_policies.middleware import CorsPolicyMiddleware
from tests.helpers import cors_headers, policy, preflight, vary

pytestmark = pytest.mark.django_db

APP = "https://app.example"
ALLOWED = {"access-control-allow-origin": APP}


def _get(client: Client, path: str, origin: str = APP) -> HttpResponseBase:
    return client.get(path, headers={"origin": origin})


class TestEveryKindOfResponse:
    """All of it holds for error responses, redirects, streaming and file responses, under WSGI and ASGI."""

    RESPONSES: ClassVar = [
        pytest.param("/api/plain", 200, id="plain"),
        pytest.param("/api/native", 200, id="async-view"),
        pytest.param("/api/missing", 404, id="404"),
        pytest.param("/api/refused", 403, id="403"),
        pytest.param("/api/broken", 500, id="view-raises"),
        pytest.param("/api/redirected", 302, id="redirect"),
        pytest.param("/api/streamed", 200, id="stream"),
        pytest.param("/api/filed", 200, id="file"),
    ]

    @pytest.mark.parametrize(("path", "status"), RESPONSES)
    def test_wsgi_response_carries_the_headers(self, path: str, status: int) -> None:
        services.create_policy(policy())

        response = _get(Client(raise_request_exception=False), path)

        assert (response.status_code, cors_headers(response), vary(response)[-1:]) == (
            status,
            ALLOWED,
            ["origin"],
        )
        response.close()

    @pytest.mark.parametrize(("path", "status"), RESPONSES)
    def test_asgi_response_carries_the_headers(self, path: str, status: int) -> None:
        services.create_policy(policy())
        client = AsyncClient(raise_request_exception=False)

        response = async_to_sync(client.get)(path, headers={"origin": APP})

        assert (response.status_code, cors_headers(response), vary(response)[-1:]) == (
            status,
            ALLOWED,
            ["origin"],
        )
        response.close()


class TestOnlyAuthority:
    """On a governed path the headers that a view set are replaced or removed; elsewhere they stay."""

    def test_allowed_response_carries_the_policy_s_headers_only(self, client: Client) -> None:
        services.create_policy(policy())

        response = _get(client, "/api/own-headers")

        assert cors_headers(response) == ALLOWED
        assert response.headers["X-Other"] == "kept"

    def test_denied_response_carries_none(self, client: Client) -> None:
        services.create_policy(policy())

        assert cors_headers(_get(client, "/api/own-headers", "https://evil.example")) == {}

    def test_response_without_origin_carries_none(self, client: Client) -> None:
        services.create_policy(policy())

        assert cors_headers(client.get("/api/own-headers")) == {}

    def test_ungoverned_response_keeps_the_view_s_headers(self, client: Client) -> None:
        services.create_policy(policy())

        response = _get(client, "/elsewhere/own-headers")

        assert len(cors_headers(response)) == 4
        assert "Vary" not in response.headers


class TestVary:
    """Added to what is there, never twice, never replacing it; ``Vary: *`` stays."""

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            pytest.param("Accept", "Accept, Origin", id="added"),
            pytest.param("accept, ORIGIN", "accept, ORIGIN", id="there-already"),
            pytest.param("*", "*", id="any"),
        ],
    )
    def test_origin_is_added_once(self, client: Client, given: str, expected: str) -> None:
        services.create_policy(policy())

        response = client.get("/api/varied", {"vary": given}, headers={"origin": APP})

        assert response.headers["Vary"] == expected

    def test_open_answer_does_not_vary(self, client: Client) -> None:
        services.create_policy(policy(allowed_origins=["*"]))

        response = client.get("/api/varied", {"vary": "Accept"}, headers={"origin": APP})

        assert response.headers["Vary"] == "Accept"


class TestViewIsNotCalled:
    """A preflight, and a request that is rejected, never reach the view."""

    @pytest.mark.parametrize("origin", [APP, "https://evil.example"])
    def test_preflight_is_answered_with_an_empty_body(
        self, client: Client, calls: list[str], origin: str
    ) -> None:
        services.create_policy(policy())

        response = client.options("/api/plain", headers=preflight(origin, "GET"))

        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["Content-Length"] == "0"
        assert calls == []

    def test_rejected_request_is_answered_403(self, client: Client, calls: list[str]) -> None:
        services.create_policy(policy(reject_denied=True))

        response = _get(client, "/api/plain", "https://evil.example")

        assert (response.status_code, cors_headers(response), vary(response)) == (403, {}, ["origin"])
        assert isinstance(response, HttpResponse)
        assert b"origin-not-allowed" in response.content
        assert calls == []

    def test_denied_request_reaches_the_view_otherwise(self, client: Client, calls: list[str]) -> None:
        services.create_policy(policy())

        assert _get(client, "/api/plain", "https://evil.example").status_code == 200
        assert calls == ["/api/plain"]

    def test_own_origin_is_never_rejected(self, client: Client, calls: list[str]) -> None:
        services.create_policy(policy(reject_denied=True))

        response = client.post("/api/plain", headers={"origin": "http://testserver"})

        assert (response.status_code, calls) == (200, ["/api/plain"])

    def test_ungoverned_preflight_reaches_the_view(self, client: Client, calls: list[str]) -> None:
        services.create_policy(policy())

        client.options("/elsewhere/plain", headers=preflight())

        assert calls == ["/elsewhere/plain"]


class TestMethodAsItWasSent:
    """Methods are compared case-sensitively, though Django upper-cases its own."""

    @pytest.mark.parametrize(("method", "headers"), [("PATCH", ALLOWED), ("patch", {})])
    def test_lower_case_is_another_method(self, method: str, headers: dict[str, str]) -> None:
        services.create_policy(policy(allowed_methods=["PATCH"]))
        client = Client(REQUEST_METHOD=method)

        response = client.generic(method, "/api/plain", headers={"origin": APP})

        assert cors_headers(response) == headers


class TestHost:
    """A host that Django refuses matches the policies of every host only, and is nobody's own."""

    def test_refused_host_is_governed_by_the_policy_of_every_host(self) -> None:
        services.create_policy(policy("all", "/**"))
        services.create_policy(policy("one", "/**", host="api.example.com", allowed_origins=["*"]))
        client = Client(headers={"host": "evil.example"}, raise_request_exception=False)

        assert cors_headers(_get(client, "/api/plain")) == ALLOWED

    @pytest.mark.parametrize("forwarded", [True, False])
    def test_own_origin_is_known_behind_a_proxy(
        self, settings: Settings, calls: list[str], forwarded: bool
    ) -> None:
        settings.USE_X_FORWARDED_HOST = forwarded
        services.create_policy(policy(reject_denied=True))
        client = Client(headers={"x-forwarded-host": "API.example.com"})

        response = client.post("/api/plain", headers={"origin": "http://api.example.com"})

        assert (response.status_code, bool(calls)) == ((200, True) if forwarded else (403, False))

    def test_refused_host_is_not_an_origin_s_own(self, calls: list[str]) -> None:
        services.create_policy(policy(reject_denied=True))
        client = Client(headers={"host": "evil.example"}, raise_request_exception=False)

        assert _get(client, "/api/plain", "http://evil.example").status_code == 403
        assert calls == []

    def test_host_is_not_asked_for_where_no_policy_needs_it(self) -> None:
        class Trap(HttpRequest):
            def get_host(self) -> str:
                raise AssertionError("the host was asked for")

        services.create_policy(policy())
        request = Trap()
        request.method, request.path_info, request.META["HTTP_ORIGIN"] = "GET", "/api/plain", APP

        response = CorsPolicyMiddleware(lambda _request: HttpResponse())(request)

        assert isinstance(response, HttpResponse)
        assert cors_headers(response) == ALLOWED


class TestPrivateNetwork:
    """``Access-Control-Allow-Private-Network: true`` where allowed and asked for."""

    @pytest.mark.parametrize(
        ("asked", "answered"), [("true", {"access-control-allow-private-network": "true"}), ("1", {})]
    )
    def test_answers_what_was_asked(self, client: Client, asked: str, answered: dict[str, str]) -> None:
        services.create_policy(policy(allow_private_network=True))
        sent = {**preflight(method="GET"), "access-control-request-private-network": asked}

        response = client.options("/api/plain", headers=sent)

        headers = cors_headers(response)
        assert {name: value for name, value in headers.items() if "network" in name} == answered
        assert vary(response)[-1] == "access-control-request-private-network"


class TestBothWorlds:
    """Native in both: no thread is asked for to get from one to the other."""

    def test_middleware_of_an_async_chain_is_a_coroutine_function(self) -> None:
        async def get_response(_request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        assert iscoroutinefunction(CorsPolicyMiddleware(get_response))

    def test_middleware_of_a_sync_chain_is_not(self) -> None:
        assert not iscoroutinefunction(CorsPolicyMiddleware(lambda _request: HttpResponse()))
