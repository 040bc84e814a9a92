"""Is a request recorded where trial policies would change what its client gets, and only there?"""

from __future__ import annotations

from typing import Any

import pytest

from cors_policies.core.comparing.trials import KINDS, NEWLY_ALLOWED, NEWLY_DENIED, OTHERWISE, differ, kind_of
from cors_policies.core.engine import REASONS, Decision, StatedFacts, decide
from tests.core.building import compiled

A = "https://a.test"
B = "https://b.test"
OWN = "https://own.test"
API = {"path": "/api/**", "allowed_origins": [A]}


def differs(*policies: dict[str, Any], **facts: Any) -> bool:
    """Whether the trial of these policies would answer the request otherwise."""
    snapshot = compiled(*policies)
    assert snapshot.trial is not None
    stated = StatedFacts(**{"method": "GET", "path": "/api/x", "origin": A, "host": "own.test", **facts})
    return differ(decide(snapshot, stated), decide(snapshot.trial, stated))


def preflight(origin: str = A, method: str = "GET", **facts: Any) -> dict[str, Any]:
    """The facts of a preflight."""
    return {"method": "OPTIONS", "origin": origin, "requested_method": method, **facts}


class TestDiffer:
    """What differs is the status, a header or the reason."""

    @pytest.mark.parametrize(
        ("trial", "facts"),
        [
            pytest.param({"allowed_origins": [B]}, {"origin": B}, id="newly-allowed"),
            pytest.param({"priority": 1, "allowed_methods": ["PUT"]}, {}, id="newly-denied"),
            pytest.param({"path": "/api/x", "allowed_origins": []}, {}, id="shield"),
            pytest.param({"path": "/other", "allowed_origins": [B]}, {"path": "/other"}, id="governed-first"),
            pytest.param({"priority": 1, "allow_credentials": True}, {}, id="credentials"),
            pytest.param({"priority": 1, "exposed_headers": ["x-a"]}, {}, id="exposed-header"),
            pytest.param(
                {"allowed_origins": [B], "reject_denied": True}, {"origin": "https://c.test"}, id="403"
            ),
            pytest.param({"priority": 1, "max_age": 5}, preflight(), id="max-age"),
            pytest.param(
                {"priority": 1, "allowed_methods": ["GET", "PUT"]}, preflight(method="PUT"), id="PUT"
            ),
            pytest.param({"priority": 1, "allowed_methods": ["GET"]}, preflight(method="POST"), id="no-POST"),
            pytest.param(
                {"path": "/other"}, preflight(B, path="/other"), id="preflight-that-the-view-answers"
            ),
            pytest.param(
                {"path": "/open", "allowed_origins": ["*"]},
                {"path": "/open", "origin": None},
                id="star-for-all",
            ),
            pytest.param({"host": "own.test", "allowed_origins": [B]}, {}, id="host"),
            pytest.param({"resource_policy": "same-site"}, {"origin": None}, id="embedding"),
            pytest.param({"priority": 1, "timing_allow_origin": True}, {}, id="timing"),
        ],
    )
    def test_where_the_client_gets_something_else(self, trial: dict[str, Any], facts: dict[str, Any]) -> None:
        assert differs(API, {**API, "mode": "trial", **trial}, **facts)

    @pytest.mark.parametrize(
        ("trial", "facts"),
        [
            pytest.param({}, {}, id="the-same-again"),
            pytest.param({"priority": 1}, {}, id="other-policy-same-answer"),
            pytest.param({"priority": 1, "max_age": 5}, {}, id="max-age-of-an-actual-request"),
            pytest.param({"allowed_origins": [B]}, {}, id="other-origin"),
            pytest.param({"path": "/other"}, {}, id="other-path"),
            pytest.param({"host": "elsewhere.test", "allowed_origins": []}, {}, id="other-host"),
            pytest.param({"path": "/other"}, {"path": "/other", "origin": None}, id="no-origin"),
            pytest.param({"path": "/other"}, {"path": "/other", "origin": OWN}, id="own-origin"),
            pytest.param(
                {"path": "/api/x", "allowed_origins": []}, {"origin": OWN}, id="own-origin-governed"
            ),
            pytest.param({"priority": 1, "mode": "off"}, {}, id="off"),
        ],
    )
    def test_not_where_it_gets_the_same(self, trial: dict[str, Any], facts: dict[str, Any]) -> None:
        elsewhere = {"path": "/elsewhere", "mode": "trial"}

        assert not differs(API, elsewhere, {**API, "mode": "trial", **trial}, **facts)

    def test_vary_alone_is_none(self) -> None:
        assert not differ(Decision("not-cors", vary=()), Decision("not-cors"))


class TestKind:
    """It lets in, it shuts out, or it answers otherwise."""

    @pytest.mark.parametrize(
        ("live", "trial", "kind"),
        [
            ("origin-not-allowed", "allowed", NEWLY_ALLOWED),
            ("method-not-allowed", "allowed", NEWLY_ALLOWED),
            ("header-not-allowed", "allowed", NEWLY_ALLOWED),
            ("bad-request-headers", "allowed", NEWLY_ALLOWED),
            ("ungoverned", "allowed", NEWLY_ALLOWED),
            ("allowed", "origin-not-allowed", NEWLY_DENIED),
            ("allowed", "bad-request-headers", NEWLY_DENIED),
            ("ungoverned", "method-not-allowed", NEWLY_DENIED),
            ("allowed", "allowed", OTHERWISE),
            ("origin-not-allowed", "method-not-allowed", OTHERWISE),
            ("origin-not-allowed", "origin-not-allowed", OTHERWISE),
            ("same-origin", "allowed", OTHERWISE),
            ("ungoverned", "not-cors", OTHERWISE),
            ("allowed", "same-origin", OTHERWISE),
        ],
    )
    def test_is(self, live: str, trial: str, kind: str) -> None:
        assert kind_of(live, trial) == kind

    @pytest.mark.parametrize("live", REASONS)
    @pytest.mark.parametrize("trial", REASONS)
    def test_each_pair_has_one(self, live: str, trial: str) -> None:
        assert kind_of(live, trial) in KINDS

    @pytest.mark.parametrize("reason", REASONS)
    def test_what_stays_is_neither_let_in_nor_shut_out(self, reason: str) -> None:
        assert kind_of(reason, reason) == OTHERWISE
