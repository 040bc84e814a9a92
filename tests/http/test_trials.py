"""Is what a trial would change recorded for every kind of request, and is nothing of it ever applied?"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from benchmarks.site import ALLOWED, DENIED, KINDS, Kind
from cors_policies import observations, services
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import Snapshot, compile_snapshot
from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.models import Observation, Policy, TrialObservation
from cors_policies.store import store
from cors_policies.testing import override_cors_policies
from tests.core.steps import count_calls
from tests.helpers import cors_headers, policy, preflight, vary
from tests.http.test_observing import Send, native, sync

APP = "https://app.example"
NEW = "https://new.example"
EVIL = "https://evil.example"
COLUMNS = ("path", "origin", "method", "live_reason", "live_policy", "reason", "policy", "count")


def recorded() -> list[tuple[Any, ...]]:
    """What the rows of trials say."""
    observations.flush()
    return sorted(TrialObservation.objects.values_list(*COLUMNS))


def trial(name: str = "next", path: str = "/api/**", **keys: Any) -> dict[str, Any]:
    """A policy on trial."""
    return policy(name, path, **{"mode": "trial", **keys})


@pytest.fixture(params=[sync, native], ids=["wsgi", "asgi"])
def send(request: pytest.FixtureRequest) -> Send:
    """Sends a request."""
    sending: Send = request.param
    return sending


@pytest.mark.django_db
class TestWhatIsRecorded:
    """The requests on which the live set and the trial differ, with what each of them says."""

    TRIAL = trial(priority=1, allowed_origins=[APP, NEW], allowed_methods=["GET"], max_age=600)
    DIFFERENT = (
        pytest.param(
            "GET", {"origin": NEW}, ("GET", "origin-not-allowed", "", "allowed", "next"), id="allowed"
        ),
        pytest.param(
            "POST",
            {"origin": APP},
            ("POST", "allowed", "public-api", "method-not-allowed", "next"),
            id="denied",
        ),
        pytest.param(
            "OPTIONS",
            dict(preflight(APP, "POST")),
            ("POST", "allowed", "public-api", "method-not-allowed", "next"),
            id="preflight-denied",
        ),
        pytest.param(
            "OPTIONS",
            dict(preflight(NEW, "GET")),
            ("GET", "origin-not-allowed", "", "allowed", "next"),
            id="preflight-allowed",
        ),
        pytest.param(
            "OPTIONS",
            dict(preflight(APP, "GET")),
            ("GET", "allowed", "public-api", "allowed", "next"),
            id="preflight-other-methods",
        ),
    )
    ALIKE = (
        pytest.param("GET", {"origin": APP}, id="allowed-by-both"),
        pytest.param("GET", {"origin": EVIL}, id="denied-by-both"),
        pytest.param("GET", {}, id="no-origin"),
        pytest.param("POST", {"origin": "http://testserver"}, id="own-origin"),
        pytest.param("OPTIONS", dict(preflight(EVIL, "PUT")), id="preflight-denied-by-both"),
    )

    @pytest.mark.parametrize(("method", "headers", "row"), DIFFERENT)
    def test_different_request_is(
        self, send: Send, method: str, headers: dict[str, str], row: tuple[str, ...]
    ) -> None:
        services.apply_document({"policies": [policy(), self.TRIAL]})
        for _ in range(2):
            send(method, "/api/plain", headers)

        origin = headers["origin"]
        assert recorded() == [("/api/**", origin, *row, 2)]

    @pytest.mark.parametrize(("method", "headers"), ALIKE)
    def test_request_that_is_answered_alike_is_not(
        self, send: Send, method: str, headers: dict[str, str]
    ) -> None:
        services.apply_document({"policies": [policy(), self.TRIAL]})
        send(method, "/api/plain", headers)
        send("GET", "/elsewhere/plain", {"origin": APP})

        assert recorded() == []

    def test_path_that_only_the_trial_governs(self, send: Send) -> None:
        services.create_policy(trial())
        send("GET", "/api/plain", {"origin": APP})
        send("GET", "/api/plain", {"origin": EVIL})
        send("GET", "/api/plain", {})

        assert recorded() == [
            ("/api/**", APP, "GET", "ungoverned", "", "allowed", "next", 1),
            ("/api/**", EVIL, "GET", "ungoverned", "", "origin-not-allowed", "", 1),
        ]

    def test_several_trial_policies_are_one_trial(self, send: Send) -> None:
        services.apply_document(
            {"policies": [policy(), trial(), trial("shield", "/api/plain", allowed_origins=[])]}
        )
        send("GET", "/api/plain", {"origin": APP})

        assert recorded() == [
            ("/api/plain", APP, "GET", "allowed", "public-api", "origin-not-allowed", "", 1)
        ]

    @pytest.mark.parametrize(("setting", "times"), [("off", 0), ("denied", 1), ("all", 1)])
    def test_setting(self, send: Send, settings: Settings, setting: str, times: int) -> None:
        settings.CORS_POLICIES = {"OBSERVE": setting}
        services.create_policy(trial())
        send("GET", "/api/plain", {"origin": APP})

        assert len(recorded()) == times

    @pytest.mark.parametrize("mode", ["live", "off"])
    def test_without_a_trial_policy_nothing_is(self, send: Send, mode: str) -> None:
        services.apply_document({"policies": [policy(), trial(mode=mode, priority=1, allowed_origins=[NEW])]})
        send("GET", "/api/plain", {"origin": NEW})

        assert recorded() == []

    def test_observations_are_as_without_a_trial(self, send: Send) -> None:
        services.apply_document({"policies": [policy(), trial(allowed_origins=[NEW])]})
        send("GET", "/api/plain", {"origin": NEW})
        observations.flush()

        rows = Observation.objects.values_list("origin", "reason", "policy", "count")
        assert list(rows) == [(NEW, "origin-not-allowed", "", 1)]


@pytest.mark.django_db
class TestNothingIsApplied:
    """The client gets what it would get without any trial policy."""

    TRIALS = (
        trial(priority=1, allowed_origins=["*"]),
        trial("shield", "/api/plain", allowed_origins=[], reject_denied=True),
        trial("broad", "/**", allowed_origins=[EVIL], allow_credentials=True),
    )

    @pytest.mark.parametrize("origin", [APP, EVIL, None])
    @pytest.mark.parametrize("path", ["/api/plain", "/elsewhere/plain"])
    @pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
    def test_answer(self, send: Send, origin: str | None, path: str, method: str) -> None:
        headers = (
            {}
            if origin is None
            else dict(preflight(origin, "GET"))
            if method == "OPTIONS"
            else {"origin": origin}
        )
        services.create_policy(policy())
        before = send(method, path, headers)
        services.apply_document({"policies": list(self.TRIALS)})
        after = send(method, path, headers)

        assert (after.status_code, cors_headers(after), vary(after)) == (
            before.status_code,
            cors_headers(before),
            vary(before),
        )

    def test_csrf_trust_is_not(self, settings: Settings) -> None:
        settings.MIDDLEWARE = [
            "cors_policies.middleware.CorsPolicyMiddleware",
            "cors_policies.csrf.CorsPolicyCsrfMiddleware",
        ]
        services.create_policy(trial(allow_credentials=True, trust_for_csrf=True))
        client = Client(enforce_csrf_checks=True)

        assert client.post("/api/plain", headers={"origin": APP}).status_code == 403


@pytest.mark.django_db
class TestChanges:
    """A change to or from trial is obeyed from the next request on."""

    def test_mode(self, send: Send) -> None:
        row = services.create_policy(policy())
        answers = []
        for mode in ("trial", "live", "off", "trial", "live"):
            services.update_policy(row, {"mode": mode}, partial=True)
            answers.append((bool(cors_headers(send("GET", "/api/plain", {"origin": APP}))), len(recorded())))
            TrialObservation.objects.all().delete()

        assert answers == [(False, 1), (True, 0), (False, 0), (False, 1), (True, 0)]

    def test_broken_trial_policy_leaves_the_path_open(self, send: Send) -> None:
        services.apply_document({"policies": [policy(), trial("broken", "/api/plain")]})
        Policy.objects.filter(name="broken").update(allowed_methods=["CONNECT"])

        assert cors_headers(send("GET", "/api/plain", {"origin": APP})) == {
            "access-control-allow-origin": APP
        }
        assert recorded() == [
            ("/api/plain", APP, "GET", "allowed", "public-api", "origin-not-allowed", "", 1)
        ]

    def test_overriding_set_may_have_a_trial(self, send: Send) -> None:
        with override_cors_policies(policy(), trial("other", priority=1, allowed_origins=[NEW])):
            send("GET", "/api/plain", {"origin": NEW})

        assert recorded() == [("/api/**", NEW, "GET", "origin-not-allowed", "", "allowed", "other", 1)]


class TestCost:
    """Without a trial policy a request pays nothing; with one it makes no query, and few calls more."""

    MORE = 20
    """Calls of a request that is decided twice and answered alike."""

    @staticmethod
    def calls(kind: Kind, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> int:
        """The calls of one warm request."""
        monkeypatch.setattr(store, "snapshot", snapshot)
        monkeypatch.setattr(store, "due", float("inf"))
        middleware = CorsPolicyMiddleware(lambda _request: HttpResponse())
        for _ in range(2):
            middleware(WSGIRequest(kind.environ()))
        request = WSGIRequest(kind.environ())
        return count_calls(lambda: middleware(request))

    @staticmethod
    def compiled(*policies: dict[str, Any]) -> Snapshot:
        """The set compiled."""
        return compile_snapshot(parse_policy_set({"policies": policies}).policies, {})

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_none_where_nothing_is_on_trial(self, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
        without = self.calls(kind, self.compiled(policy()), monkeypatch)
        beside = self.calls(kind, self.compiled(policy(), trial(mode="off")), monkeypatch)

        assert beside == without

    @pytest.mark.parametrize("kind", [ALLOWED, DENIED], ids=lambda kind: kind.name)
    def test_is_bounded_where_something_is(self, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
        without = self.calls(kind, self.compiled(policy()), monkeypatch)
        beside = self.calls(kind, self.compiled(policy(), trial(path="/elsewhere")), monkeypatch)

        assert without < beside <= without + self.MORE

    @pytest.mark.django_db
    def test_no_query(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        services.apply_document({"policies": [policy(), trial(allowed_origins=[NEW])]})
        sync("GET", "/api/plain", {"origin": NEW})

        with django_assert_num_queries(0):
            sync("GET", "/api/plain", {"origin": NEW})
            sync("OPTIONS", "/api/plain", dict(preflight(NEW, "GET")))
