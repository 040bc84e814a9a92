"""Does a request cost what it did when it was last measured? Counted in calls, which no noise can move."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import compile_snapshot
from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.observations import observer
from cors_policies.store import store
from tests.core.steps import count_calls
from tests.helpers import policy, preflight

APP = "https://app.example"
NOT_COUNTED = 30
"""For a denied request where nothing is observed."""
SENT: list[tuple[str, str, dict[str, str], int]] = [
    ("no-origin", "GET", {}, 18),
    ("allowed", "GET", {"origin": APP}, 24),
    ("denied", "GET", {"origin": "https://evil.example"}, 41),
    ("preflight", "OPTIONS", dict(preflight(method="GET", headers="content-type")), 70),
]


@pytest.fixture(params=[1, 300], ids=["one-policy", "300-policies"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many policies this process obeys, which it has just looked for."""
    size: int = request.param
    policies = [policy(f"p{number}", f"/p{number}/**") for number in range(size - 1)]
    wanted = parse_policy_set({"policies": [policy(), *policies]})
    monkeypatch.setattr(store, "_snapshot", compile_snapshot(wanted.policies, {}))
    monkeypatch.setattr(store, "_due", float("inf"))
    monkeypatch.setattr(observer, "_next_watch", float("inf"))
    return size


def _calls(method: str, sent: dict[str, str]) -> int:
    """The calls of one warm request, beside those of its view."""
    middleware = CorsPolicyMiddleware(lambda _request: HttpResponse())
    build = partial(RequestFactory().generic, method, "/api/x", headers=sent)
    middleware(build())
    view: Callable[[], Any] = HttpResponse
    request = build()
    return count_calls(partial(middleware, request)) - count_calls(view)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(("method", "sent", "bound"), [row[1:] for row in SENT], ids=[row[0] for row in SENT])
def test_calls_stay_below_the_bound(method: str, sent: dict[str, str], bound: int) -> None:
    assert _calls(method, sent) <= bound


@pytest.mark.usefixtures("size")
def test_decision_that_is_not_counted_pays_nothing_for_it(settings: Settings) -> None:
    settings.CORS_POLICIES = {"OBSERVE": "off"}

    assert _calls("GET", {"origin": "https://evil.example"}) <= NOT_COUNTED
