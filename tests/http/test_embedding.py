"""Do the headers of embedding get onto a response as the policy says, and past what a view says?"""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.testing import override_cors_policies
from tests.helpers import policy

APP = "https://app.example"
RESOURCE, TIMING = "Cross-Origin-Resource-Policy", "Timing-Allow-Origin"
OWN = {RESOURCE: "same-origin", TIMING: "https://own.example"}
"""What the view says."""


def sent(*policies: dict[str, Any], method: str = "GET", **headers: str) -> tuple[str | None, str | None]:
    """Both headers of an answer that the view has given its own to."""
    run = CorsPolicyMiddleware(lambda _: HttpResponse(headers=OWN))
    with override_cors_policies(*policies):
        response: Any = run(RequestFactory().generic(method, "/api/x", headers=headers))
    return response.get(RESOURCE), response.get(TIMING)


class TestViewsOwn:
    """A view's own header is replaced where the policies send theirs, and stays where they do not."""

    @pytest.mark.parametrize(
        ("keys", "origin", "expected"),
        [
            pytest.param({}, APP, ("same-origin", "https://own.example"), id="no-policy-has-any"),
            pytest.param({"resource_policy": "same-site"}, APP, ("same-site", OWN[TIMING]), id="resource"),
            pytest.param({"timing_allow_origin": True}, APP, ("same-origin", APP), id="timing"),
            pytest.param(
                {"resource_policy": "same-site", "timing_allow_origin": True},
                "https://other.example",
                ("same-site", OWN[TIMING]),
                id="denied",
            ),
        ],
    )
    def test_actual(self, keys: dict[str, Any], origin: str, expected: tuple[str, str]) -> None:
        assert sent(policy(**keys), origin=origin) == expected

    def test_without_origin(self) -> None:
        assert sent(policy(resource_policy="cross-origin")) == ("cross-origin", OWN[TIMING])

    def test_rejected(self) -> None:
        rejecting = policy(resource_policy="cross-origin", timing_allow_origin=True, reject_denied=True)

        assert sent(rejecting, origin="https://other.example") == ("cross-origin", None)

    def test_preflight(self) -> None:
        asked = {"origin": APP, "access-control-request-method": "GET"}
        both = policy(resource_policy="cross-origin", timing_allow_origin=True)

        assert sent(both, method="OPTIONS", **asked) == (None, None)

    def test_ungoverned(self) -> None:
        elsewhere = policy(path="/elsewhere", resource_policy="cross-origin", timing_allow_origin=True)

        assert sent(elsewhere, origin=APP) == ("same-origin", "https://own.example")
