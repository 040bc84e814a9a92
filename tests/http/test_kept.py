"""Is a kept decision the one that the engine would have made for that very request?"""

from __future__ import annotations

from typing import Final

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.site import Kind
from cors_policies.answers import answer_to
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import Snapshot, compile_snapshot
from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.store import current_snapshot, store
from cors_policies.testing import override_cors_policies
from tests.helpers import cors_headers, policy, vary

APP: Final = "https://app.example"
OWN: Final = "https://own.example"
POLICIES: Final = [
    policy("api", "/api/**", allow_credentials=True, allowed_methods=["GET", "OPTIONS"]),
    policy("strict", "/api/strict", reject_denied=True),
    policy("open", "/open/**", allowed_origins=["*"], allowed_methods=["GET"]),
]
HOSTS: Final = [
    policy("host", "/api/**", host="own.example", allowed_origins=[OWN, "https://own.test"]),
    policy("only-host", "/hosted", host="own.example"),
]
PATHS: Final = ["/api/a", "/api/b", "/api/strict", "/open/a", "/hosted", "/elsewhere"]
TOLD: Final = {
    "origin": ["", APP, OWN, "https://evil.example", "null"],
    "host": ["", "own.example", "OWN.example:443", "app.example", "refused.example"],
    "x-forwarded-host": ["own.example", "evil.example"],
    "access-control-request-method": ["GET", "PUT"],
    "access-control-request-headers": ["content-type", "x-other"],
}


def _compiled(*more: dict[str, object]) -> Snapshot:
    return compile_snapshot(parse_policy_set({"policies": [*POLICIES, *more]}).policies, {})


def _kinds() -> st.SearchStrategy[Kind]:
    """Requests that have much in common."""
    sent = st.fixed_dictionaries({}, optional={name: st.sampled_from(texts) for name, texts in TOLD.items()})
    return st.builds(
        Kind,
        name=st.just("any"),
        method=st.sampled_from(["GET", "get", "PUT", "OPTIONS"]),
        sent=sent,
        paths=st.sampled_from(PATHS).map(lambda path: (path,)),
    )


def _answer(snapshot: Snapshot, kind: Kind) -> tuple[int, bytes, dict[str, str], list[str]]:
    """All that the middleware answers while that snapshot is in force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "snapshot", snapshot)
        patch.setattr(store, "due", float("inf"))
        response = CorsPolicyMiddleware(lambda _request: HttpResponse("view"))(WSGIRequest(kind.environ()))
    assert isinstance(response, HttpResponse)
    return response.status_code, response.content, cors_headers(response), vary(response)


class TestKeptDecisions:
    """Whatever was decided before, a request is answered as if it were the first."""

    @pytest.mark.parametrize("more", [[], HOSTS], ids=["no-hosts", "hosts"])
    @pytest.mark.parametrize("forwarded", [False, True])
    @example(
        kinds=[Kind("any", sent={"host": "own.example"}, paths=[path]) for path in ("/elsewhere", "/hosted")]
    )
    @given(kinds=st.lists(_kinds(), min_size=2, max_size=12))
    def test_are_those_of_a_first_request(
        self, more: list[dict[str, object]], forwarded: bool, kinds: list[Kind]
    ) -> None:
        snapshot = _compiled(*more)

        with override_settings(
            ALLOWED_HOSTS=["own.example", "app.example", "evil.example"], USE_X_FORWARDED_HOST=forwarded
        ):
            for kind in kinds:
                assert _answer(snapshot, kind) == _answer(_compiled(*more), kind), kind

    @pytest.mark.parametrize("more", [[], HOSTS], ids=["no-hosts", "hosts"])
    @pytest.mark.parametrize("sent", [{}, {"origin": APP}, {"origin": "https://evil.example"}])
    def test_are_found_again(self, more: list[dict[str, object]], sent: dict[str, str]) -> None:
        snapshot = _compiled(*more)
        kind = Kind("any", sent={"host": "own.example", **sent}, paths=["/api/a"])

        with override_settings(ALLOWED_HOSTS=["own.example"]):
            first, second = (answer_to(snapshot, WSGIRequest(kind.environ())) for _ in range(2))

        assert first is second

    @pytest.mark.parametrize(
        ("method", "sent", "path"),
        [
            pytest.param("GET", {"origin": OWN}, "/api/strict", id="own-origin"),
            pytest.param("OPTIONS", {"origin": APP}, "/api/a", id="options"),
            pytest.param("GET", {"origin": APP, "host": ""}, "/api/a", id="no-host"),
            pytest.param("", {"origin": APP}, "/api/a", id="no-method"),
            pytest.param("GET", {"origin": "https://" + "a" * 800}, "/api/a", id="long"),
        ],
    )
    def test_are_none_where_more_was_looked_at(self, method: str, sent: dict[str, str], path: str) -> None:
        snapshot = _compiled()
        kind = Kind("any", method, {"host": "own.example", **sent}, [path])

        answer_to(snapshot, WSGIRequest(kind.environ()))

        assert not snapshot.kept

    def test_are_never_many(self) -> None:
        snapshot = _compiled()

        for number in range(5_000):
            snapshot.keep(number, "answer")

        assert 0 < len(snapshot.kept) <= 2048

    def test_are_forgotten_when_settings_make_another_host_of_it(self) -> None:
        kind = Kind("any", sent={"host": "own.example", "origin": "https://own.test"}, paths=["/api/a"])
        with override_cors_policies(*HOSTS):
            outcomes = []
            for hosts in (["own.example"], ["other.example"], ["own.example"]):
                with override_settings(ALLOWED_HOSTS=hosts):
                    outcomes.append(answer_to(current_snapshot(), WSGIRequest(kind.environ()))[2])

        assert outcomes == ["allowed", "ungoverned", "allowed"]
