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
from cors_policies.core.engine import decide
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import Snapshot, compile_snapshot
from cors_policies.facts import RequestFacts
from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.store import store
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
        patch.setattr(store, "_snapshot", snapshot)
        patch.setattr(store, "_due", float("inf"))
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

    def test_are_found_again(self) -> None:
        snapshot = _compiled()
        request = WSGIRequest(
            Kind("any", sent={"origin": APP, "host": "own.example"}, paths=["/api/a"]).environ()
        )
        traits = (APP, "GET", "own.example", None)

        decision = decide(snapshot, RequestFacts(request, traits))

        assert snapshot.recall("/api/a", traits) is decision
        assert snapshot.recall("/api/another", traits) is decision
        assert snapshot.recall("/open/a", traits) is None

    @pytest.mark.parametrize(
        "traits",
        [
            pytest.param(("https://own.example", "GET", "own.example", None), id="own-origin"),
            pytest.param((APP, "OPTIONS", "own.example", None), id="options"),
            pytest.param((APP, "GET", None, None), id="no-host"),
            pytest.param((APP, None, "own.example", None), id="no-method"),
            pytest.param((APP, "GET", "a" * 500, None), id="long"),
        ],
    )
    def test_are_none_where_more_was_looked_at(
        self, traits: tuple[str, str | None, str | None, str | None]
    ) -> None:
        snapshot = _compiled()
        origin, method, host, _ = traits
        told = {"origin": origin, "host": host or ""}
        request = WSGIRequest(Kind("any", method or "GET", told, ["/api/strict"]).environ())

        decide(snapshot, RequestFacts(request, traits))

        assert snapshot.recall("/api/strict", traits) is None

    def test_are_never_many(self) -> None:
        snapshot = _compiled()

        for number in range(5_000):
            snapshot.keep(None, number, "decision")

        assert len(snapshot._kept) <= 2048  # noqa: SLF001 - what a stranger could make it hold
