"""Does the CSRF check trust the origins of policies that say so, and nobody else?"""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from cors_policies import services
from cors_policies.core import policy as core
from cors_policies.core.snapshot import EMPTY_SNAPSHOT, compile_snapshot
from cors_policies.csrf import CorsPolicyCsrfMiddleware, is_trusted
from cors_policies.models import Policy
from tests.core.building import compiled
from tests.helpers import cors_headers, policy, preflight
from tests.strategies import MEETING_ORIGINS, request_origins

pytestmark = pytest.mark.django_db

APP = "https://app.example"
CSRF = "cors_policies.csrf.CorsPolicyCsrfMiddleware"
DJANGO_CSRF = "django.middleware.csrf.CsrfViewMiddleware"
TOKEN = "a" * 32
FRONT_END: dict[str, Any] = {
    "allow_credentials": True,
    "trust_for_csrf": True,
    "allowed_methods": ["GET", "POST", "PUT"],
}


@pytest.fixture(autouse=True)
def _ours(settings: Settings) -> None:
    settings.MIDDLEWARE = [CSRF if name == DJANGO_CSRF else name for name in settings.MIDDLEWARE]


@pytest.fixture(params=["sync", "async"])
def sending(request: pytest.FixtureRequest) -> Any:
    """Sends an unsafe request with the right token, and gives the status."""

    def send(origin: str, address: str = "/api/plain", method: str = "POST", **sent: Any) -> int:
        is_async = request.param == "async"
        client: Any = (AsyncClient if is_async else Client)(enforce_csrf_checks=True)
        client.cookies["csrftoken"] = TOKEN
        headers = {"origin": origin, "x-csrftoken": TOKEN, **sent.pop("headers", {})}
        send_it = getattr(client, method.lower())
        call = async_to_sync(send_it) if is_async else send_it
        status: int = call(address, headers=headers, secure=True, **sent).status_code
        return status

    return send


class TestTrusted:
    """An unsafe request passes whose origin is governed, for path and method, by a policy that is trusted."""

    @pytest.mark.parametrize(
        ("origins", "origin"),
        [
            ([APP], APP),
            (["https://*.example.com"], "https://a.b.example.com"),
            (["https://dev-*.example.com"], "https://dev-7.example.com"),
            (["https://app.example:*"], "https://app.example:8443"),
            (["http://localhost:3000"], "http://localhost:3000"),
            (["app://desk"], "app://desk"),
        ],
    )
    def test_passes(self, sending: Any, origins: list[str], origin: str) -> None:
        services.create_policy(policy(allowed_origins=origins, **FRONT_END))

        assert sending(origin) == 200

    def test_through_a_group_passes(self, sending: Any) -> None:
        services.create_group({"name": "group", "origins": [APP]})
        services.create_policy(policy(allowed_origins=[], origin_groups=["group"], **FRONT_END))

        assert sending(APP) == 200

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_by_every_allowed_method_passes(self, sending: Any, method: str) -> None:
        services.create_policy(policy(**FRONT_END))

        assert sending(APP, method=method) == 200

    def test_native_view_passes(self, sending: Any) -> None:
        services.create_policy(policy(**FRONT_END))

        assert sending(APP, "/api/native") == 200

    def test_on_the_policy_s_host_passes(self, sending: Any, settings: Settings) -> None:
        settings.USE_X_FORWARDED_HOST = True
        services.create_policy(policy(host="api.example.com", **FRONT_END))

        assert sending(APP, headers={"x-forwarded-host": "api.example.com"}) == 200

    def test_without_the_policies_middleware_passes(self, sending: Any, settings: Settings) -> None:
        services.create_policy(policy(**FRONT_END))
        settings.MIDDLEWARE = [CSRF]

        assert sending(APP) == 200

    def test_token_in_the_session_passes(self, settings: Settings) -> None:
        services.create_policy(policy(**FRONT_END))
        settings.CSRF_USE_SESSIONS = True
        client = Client(enforce_csrf_checks=True)
        session = client.session
        session["_csrftoken"] = TOKEN
        session.save()
        headers = {"origin": APP, "x-csrftoken": TOKEN}

        assert client.post("/api/plain", headers=headers, secure=True).status_code == 200
        client.cookies.clear()
        assert client.post("/api/plain", headers=headers, secure=True).status_code == 403


class TestNotTrusted:
    """Every other origin is refused, whatever the token."""

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://app.example",
            "null",
            "",
            "*",
            "https://app.example/",
            "https://app.example:443",
            "HTTPS://APP.EXAMPLE",
            "https://app.example.",
            "https://app.example,https://app.example",
            "https://sub.app.example",
        ],
    )
    def test_other_origin(self, sending: Any, origin: str) -> None:
        services.create_policy(policy(**FRONT_END))
        services.create_policy(policy("open", allowed_origins=["*", "null"], priority=200))

        assert sending(origin) == 403

    @pytest.mark.parametrize(
        "keys",
        [
            pytest.param({"trust_for_csrf": False}, id="without-the-flag"),
            pytest.param({"allowed_methods": ["GET", "PUT"]}, id="method"),
            pytest.param({"path": "/elsewhere/**"}, id="path"),
            pytest.param({"mode": "off"}, id="off"),
            pytest.param({"expires_at": "2001-01-01T00:00:00Z"}, id="expired"),
            pytest.param({"host": "api.example.com"}, id="host"),
        ],
    )
    def test_policy_that_does_not_say_so(self, sending: Any, keys: dict[str, Any]) -> None:
        services.create_policy(policy(**{**FRONT_END, **keys}))

        assert sending(APP) == 403

    def test_narrower_policy_shields(self, sending: Any) -> None:
        services.create_policy(policy(**FRONT_END))
        services.create_policy(policy("narrow", "/api/plain", allow_credentials=True))

        assert sending(APP) == 403
        assert sending(APP, "/api/native") == 200

    def test_earlier_policy_governs(self, sending: Any) -> None:
        services.create_policy(policy(**FRONT_END))
        services.create_policy(policy("first", priority=1, allow_credentials=True))

        assert sending(APP) == 403

    def test_revoked_policy(self, sending: Any) -> None:
        services.create_policy(policy(**FRONT_END))
        assert sending(APP) == 200

        services.update_policy(Policy.objects.get(), {"trust_for_csrf": False}, partial=True)

        assert sending(APP) == 403

    def test_django_s_own_middleware(self, sending: Any, settings: Settings) -> None:
        services.create_policy(policy(**FRONT_END))
        settings.MIDDLEWARE = [DJANGO_CSRF if name == CSRF else name for name in settings.MIDDLEWARE]

        assert sending(APP) == 403


class TestToken:
    """The token is still required."""

    @pytest.mark.parametrize("token", ["", "b" * 32, "a"])
    def test_missing_or_wrong_is_refused(self, sending: Any, token: str) -> None:
        services.create_policy(policy(**FRONT_END))

        assert sending(APP, headers={"x-csrftoken": token}) == 403

    def test_without_the_cookie_is_refused(self) -> None:
        services.create_policy(policy(**FRONT_END))
        headers = {"origin": APP, "x-csrftoken": TOKEN}

        response = Client(enforce_csrf_checks=True).post("/api/plain", headers=headers, secure=True)

        assert response.status_code == 403
        assert cors_headers(response)["access-control-allow-origin"] == APP


class TestRequest:
    """Trust is for the request as it is obeyed, by the set that it was decided by."""

    @staticmethod
    def request(**attributes: Any) -> HttpRequest:
        request = RequestFactory().post("/api/x", headers={"origin": APP})
        for name, value in attributes.items():
            setattr(request, name, value)
        return request

    def test_snapshot_of_the_request_is_asked(self) -> None:
        services.create_policy(policy(**FRONT_END))

        assert is_trusted(self.request())
        assert not is_trusted(self.request(cors_snapshot=EMPTY_SNAPSHOT))

    @pytest.mark.parametrize(("obeyed", "expected"), [("PUT", True), ("DELETE", False), (None, False)])
    def test_rewritten_method_must_be_allowed_too(self, obeyed: str | None, expected: bool) -> None:
        snapshot = compiled(policy(**FRONT_END))

        assert is_trusted(self.request(cors_snapshot=snapshot, method=obeyed)) is expected

    def test_rewritten_path_is_the_one_that_counts(self) -> None:
        snapshot = compiled(policy(**FRONT_END))

        assert not is_trusted(self.request(cors_snapshot=snapshot, path_info="/elsewhere"))

    @pytest.mark.parametrize("origin", ["null", "not-an-origin", "https://A.example"])
    def test_no_policy_makes_trusted_what_is_no_origin(self, origin: str) -> None:
        """Validation refuses such a policy; the check does not lean on that."""
        unchecked = core.Policy(
            name="p", path="/**", allowed_origins=("*",), allow_credentials=True, trust_for_csrf=True
        )
        request = self.request(cors_snapshot=compile_snapshot([unchecked], {}))
        assert is_trusted(request)

        request.META["HTTP_ORIGIN"] = origin

        assert not is_trusted(request)

    def test_no_policy_without_credentials_is_trusted(self) -> None:
        unchecked = core.Policy(name="p", path="/**", allowed_origins=(APP,), trust_for_csrf=True)

        assert not is_trusted(self.request(cors_snapshot=compile_snapshot([unchecked], {})))

    @pytest.mark.parametrize("host", ["evil.test", "api.example.com"])
    def test_refused_host_is_no_error(self, settings: Settings, host: str) -> None:
        settings.ALLOWED_HOSTS = ["other.example.com"]
        snapshot = compiled(policy(host="api.example.com", **FRONT_END))

        assert not is_trusted(
            self.request(cors_snapshot=snapshot, META={"HTTP_HOST": host, "HTTP_ORIGIN": APP})
        )


class TestDifference:
    """Nothing else changes: answers are those of Django's middleware, byte for byte."""

    SNAPSHOT = compiled(
        policy("a", "/a/**", allowed_origins=["https://*.a.test", "https://a.test"], **FRONT_END),
        policy("b", "/b", allowed_origins=["*"]),
        policy("c", "/a/b", allowed_origins=["https://b.a.test"], allow_credentials=True),
    )
    ORIGINS: ClassVar = st.one_of(st.none(), st.sampled_from(MEETING_ORIGINS), request_origins())
    REFERERS: ClassVar = st.sampled_from(
        (None, "", "https://testserver/", "https://b.a.test/x", "https://a.test")
    )

    @given(
        method=st.sampled_from(("POST", "PUT", "DELETE", "GET", "OPTIONS", "post")),
        address=st.sampled_from(("/a/x", "/a/b", "/b", "/elsewhere")),
        origin=ORIGINS,
        referer=REFERERS,
        token=st.sampled_from((None, TOKEN, "b" * 32)),
        secure=st.booleans(),
        is_exempt=st.booleans(),
    )
    def test_is_the_origin_alone(self, origin: str | None, is_exempt: bool, **sent: Any) -> None:
        ours = self.checked(CorsPolicyCsrfMiddleware, origin, is_exempt, **sent)
        request = self.request(origin, **sent)
        trusted = [str(origin)] if is_trusted(request) else []
        with override_settings(CSRF_TRUSTED_ORIGINS=trusted):
            assert ours == self.checked(CsrfViewMiddleware, origin, is_exempt, **sent)
        if trusted:
            assert sent["address"] == "/a/x"
            assert trusted[0].endswith(("//a.test", ".a.test"))
            assert sent["method"] in {"POST", "PUT", "GET"}

    @given(
        origin=st.sampled_from(("https://a.test", "https://b.a.test")),
        token=st.sampled_from((TOKEN, "b" * 32)),
        secure=st.booleans(),
    )
    def test_is_made_for_the_trusted(self, origin: str, token: str, secure: bool) -> None:
        sent = {"method": "POST", "address": "/a/x", "token": token, "secure": secure, "referer": None}

        assert (self.checked(CorsPolicyCsrfMiddleware, origin, False, **sent) is None) is (token == TOKEN)
        assert self.checked(CsrfViewMiddleware, origin, False, **sent) is not None

    def request(self, origin: str | None, **sent: Any) -> HttpRequest:
        given = {"origin": origin, "referer": sent["referer"], "x-csrftoken": sent["token"]}
        headers = {name: value for name, value in given.items() if value is not None}
        factory = RequestFactory(headers=headers)
        factory.cookies["csrftoken"] = TOKEN
        request = factory.generic(sent["method"], sent["address"], secure=sent["secure"])
        request.cors_snapshot = self.SNAPSHOT  # type: ignore[attr-defined]
        return request

    def checked(
        self, kind: type[CsrfViewMiddleware], origin: str | None, is_exempt: bool, **sent: Any
    ) -> tuple[int, bytes, dict[str, str]] | None:
        """The whole refusal, or ``None``."""

        def view(_request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        view.csrf_exempt = is_exempt  # type: ignore[attr-defined]
        request, middleware = self.request(origin, **sent), kind(view)
        middleware.process_request(request)
        response = middleware.process_view(request, view, (), {})
        return None if response is None else (response.status_code, response.content, dict(response.headers))


class TestExempt:
    """Exempt views are exempt."""

    def test_any_origin_reaches_it(self, sending: Any) -> None:
        assert sending("https://evil.example", "/api/exempt") == 200


PAGE = (Path(__file__).parents[2] / "docs" / "csrf.md").read_text("utf-8")
CODE = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
FRONT = "https://app.example.com"


def module(code: str) -> ModuleType:
    """What a block of the page defines."""
    found = ModuleType("page")
    exec(code, found.__dict__)  # noqa: S102 - the page is ours
    return found


class TestPage:
    """What docs/csrf.md sets up works as it says."""

    @pytest.fixture(autouse=True)
    def _site(self, settings: Settings) -> None:
        for code in (CODE[0], CODE[2]):
            for name, value in vars(module(code)).items():
                if name.isupper():
                    setattr(settings, name, value)
        routes = ModuleType("routes")
        views = [path("api/token", module(CODE[1]).token), path("api/orders", self._orders)]
        routes.urlpatterns = [*views, path("api/rest", self._rest())]  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = routes
        services.create_policy(json.loads(re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)[0]))

    @staticmethod
    def _orders(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("stored")

    @staticmethod
    def _rest() -> Any:
        from rest_framework.decorators import api_view, authentication_classes  # noqa: PLC0415
        from rest_framework.response import Response  # noqa: PLC0415

        authenticated = authentication_classes([module(CODE[3]).PolicySessionAuthentication])
        return api_view(["POST"])(authenticated(lambda request: Response(request.user.username)))

    @staticmethod
    def sent(origin: str, token: str) -> dict[str, Any]:
        return {"headers": {"origin": origin, "x-csrftoken": token}, "secure": True}

    def test_front_end_fetches_the_token_asks_and_posts(self) -> None:
        client = Client(enforce_csrf_checks=True)
        answer = client.get("/api/token", headers={"origin": FRONT}, secure=True)
        asked = client.options(
            "/api/orders", headers=preflight(FRONT, "POST", "content-type,x-csrftoken"), secure=True
        )
        posted = client.post("/api/orders", **self.sent(FRONT, answer.json()["token"]))

        shared = {"access-control-allow-origin": FRONT, "access-control-allow-credentials": "true"}
        assert cors_headers(answer) == cors_headers(posted) == shared
        assert cors_headers(asked)["access-control-allow-headers"] == "content-type, x-csrftoken"
        assert posted.content == b"stored"
        cookie = client.cookies["csrftoken"]
        assert (cookie["samesite"], cookie["secure"]) == ("None", True)

    def test_another_page_does_not(self) -> None:
        client = Client(enforce_csrf_checks=True)
        token = client.get("/api/token", secure=True).json()["token"]

        assert client.post("/api/orders", **self.sent(APP, token)).status_code == 403
        assert client.post("/api/orders", **self.sent(FRONT, "")).status_code == 403

    @pytest.mark.parametrize(("origin", "status"), [(FRONT, 200), (APP, 403)])
    def test_rest_framework(self, origin: str, status: int) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(User.objects.create_user("ada"))
        token = client.get("/api/token", secure=True).json()["token"]

        assert client.post("/api/rest", **self.sent(origin, token)).status_code == status
