"""Does a request cost what it did when last measured, whatever the set's size and a stranger's wishes?

Before you edit:

* Calls are counted, which no noise can move. A bound is what was counted when it was written; raise one only
  for something that a request must do.
* Where no count tells the cost, since one built-in call does it all, times of one run are compared, the
  shortest of many, by a bound that only a cost of another order breaks. ``make bench`` holds the figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from pytest_django import Settings

from benchmarks import shapes
from benchmarks.site import ALLOWED, DENIED, DENIED_PREFLIGHT, KINDS, NO_ORIGIN, PREFLIGHT, Kind
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import compile_snapshot
from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.observations import observer
from cors_policies.store import store
from tests.core.steps import count_calls
from tests.helpers import policy

CALLS: Final = {
    NO_ORIGIN.name: 10,
    ALLOWED.name: 12,
    DENIED.name: 12,
    PREFLIGHT.name: 61,
    DENIED_PREFLIGHT.name: 42,
}
"""Of one request that is like one before it. Most of a preflight's are those of Django's response."""
NEW: Final = {"another path each": 28, "another origin each": 48}
"""Of one request that is like none before it."""
COUNTING: Final = 3
"""Of counting one denied request."""
TIMES: Final = 8
"""That a hostile request may take, at most, in those of a usual one."""

Set = list[dict[str, object]]


def _crowd(size: int) -> Set:
    return [*_origins(1), *(policy(f"p{number}", f"/p{number}/**") for number in range(size - 1))]


def _origins(size: int) -> Set:
    origins = shapes.many_origins(size)
    return [policy(allowed_origins=origins, allowed_methods=shapes.METHODS, allowed_headers=shapes.HEADERS)]


SIZES: Final[dict[str, Set]] = {
    "1": _origins(1),
    "3,000 policies": _crowd(3_000),
    "3,000 origins": _origins(3_000),
}


@pytest.fixture
def obey(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[[str], None]:
    """Makes the process obey one of the sets by its name, which it has just looked for, and count nothing."""
    settings.CORS_POLICIES = {"OBSERVE": "off"}

    def obey(name: str) -> None:
        policies = parse_policy_set({"policies": SIZES[name]}).policies
        monkeypatch.setattr(store, "snapshot", compile_snapshot(policies, {}))
        monkeypatch.setattr(store, "due", float("inf"))

    return obey


def _calls(kind: Kind) -> int:
    """The calls of one warm request, beside those of its view."""
    middleware = CorsPolicyMiddleware(lambda _request: HttpResponse())
    for _ in range(2):
        middleware(WSGIRequest(kind.environ()))
    counted = []
    for _ in range(3):  # the interpreter may have business of its own in between
        request = WSGIRequest(kind.environ())
        counted.append(count_calls(partial(middleware, request)) - count_calls(HttpResponse))
    return min(counted)


class TestCalls:
    """A request takes so many calls, and as many among thousands of policies or origins."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_stay_below_the_bound_at_every_size(self, kind: Kind, obey: Callable[[str], None]) -> None:
        counted = set()
        for name in SIZES:
            obey(name)
            counted.add(_calls(kind))

        assert len(counted) == 1
        assert max(counted) <= CALLS[kind.name]

    @pytest.mark.parametrize("kind", shapes.DIFFERENT, ids=lambda kind: kind.name)
    def test_of_a_request_like_no_other_stay_below_the_bound(
        self, kind: Kind, obey: Callable[[str], None]
    ) -> None:
        for name in SIZES:
            obey(name)

            assert _calls(kind) <= NEW[kind.name], name

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_counting_adds_to_denied_requests_only(
        self, kind: Kind, obey: Callable[[str], None], settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        obey("1")
        silent = _calls(kind)
        settings.CORS_POLICIES = {}
        monkeypatch.setattr(observer, "_next_watch", float("inf"))

        is_denied = kind.name in {DENIED.name, DENIED_PREFLIGHT.name}
        assert _calls(kind) <= silent + (COUNTING if is_denied else 0)


class TestHostileRequests:
    """Whatever a stranger sends, it costs not much more than a usual request."""

    @pytest.mark.parametrize(
        ("hostile", "usual"), shapes.hostile_kinds(), ids=[kind.name for kind, _ in shapes.hostile_kinds()]
    )
    def test_take_no_more_than_some_usual_ones(
        self, hostile: Kind, usual: Kind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "snapshot", shapes.compiled(shapes.STARS))
        monkeypatch.setattr(store, "due", float("inf"))
        middleware = CorsPolicyMiddleware(lambda _request: HttpResponse())

        taken, wanted = (min(_seconds(middleware, kind)) for kind in (hostile, usual))

        assert taken <= TIMES * wanted


def _seconds(middleware: CorsPolicyMiddleware, kind: Kind) -> Iterator[float]:
    """The times of some requests."""
    for _ in range(200):
        request = WSGIRequest(kind.environ())
        started = time.thread_time()
        middleware(request)
        yield time.thread_time() - started
