"""How does a request meet the policy set?

The middleware turns the request into facts, asks the engine, and puts the decision on the response. It
decides nothing.

Before you edit:

* It runs before and after everything else, for every request: no query, no settings, no header mapping
  (``request.headers`` costs more than all of this together).
* What is to be counted is counted in memory; every other request pays one look at a set of reasons for it.
* A request is decided once, by one snapshot, before the view runs; what the view changes is obeyed by the
  next request.
* What is on trial decides once more, after the live set, and only to be counted: nothing of that decision
  gets into the response. Where nothing is on trial, that costs one look at an attribute.
* The snapshot goes along with the request, so that the CSRF check (:mod:`cors_policies.csrf`) asks the same.
* On a governed path the policy is the only authority: what a view set of ``Access-Control-*`` is removed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cors_policies.core.comparing.trials import differ
from cors_policies.core.engine import PREFLIGHT_STATUS, REJECTED_STATUS, Decision, decide
from cors_policies.core.snapshot import Snapshot
from cors_policies.facts import RequestFacts, Traits
from cors_policies.headers import put_headers
from cors_policies.observations import observer
from cors_policies.store import store

_ASKED: Final = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class CorsPolicyMiddleware:
    """Answers preflights and puts the headers of the governing policy on responses, sync and async."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response: Callable[[HttpRequest], Any] = get_response
        self._is_async = iscoroutinefunction(get_response)
        observer.configure()
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The response to the request, with what the decision says on it."""
        if self._is_async:
            return self.__acall__(request)
        decision = _decide(store.current(), request)
        response = self.get_response(request) if decision.status is None else _answer(decision)
        if decision.group is not None:
            put_headers(response.headers, decision.headers, decision.vary)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """As ``__call__``."""
        decision = _decide(await store.acurrent(), request)
        response = await self.get_response(request) if decision.status is None else _answer(decision)
        if decision.group is not None:
            put_headers(response.headers, decision.headers, decision.vary)
        return response


def _decide(snapshot: Snapshot, request: HttpRequest) -> Decision:
    """The engine's decision, which it has often made before for requests like this one."""
    request.cors_snapshot = snapshot  # type: ignore[attr-defined]
    get = request.META.get
    origin, method = get("HTTP_ORIGIN"), get("REQUEST_METHOD")
    host = origin and (get("HTTP_HOST") or get("SERVER_NAME"))
    traits: Traits | None = (origin, method, host, get("HTTP_X_FORWARDED_HOST")) if origin else method
    decision = snapshot.recall(request.path_info, traits) or decide(snapshot, RequestFacts(request, traits))
    if decision.reason in observer.reasons:
        _count(decision, request)
    if snapshot.trial is not None and observer.counts_trials:
        _try(snapshot.trial, decision, request, traits)
    return decision


def _try(trial: Snapshot, live: Decision, request: HttpRequest, traits: Traits | None) -> None:
    """Counts the request where the set that is on trial would answer it otherwise."""
    decision = trial.recall(request.path_info, traits) or decide(trial, RequestFacts(request, traits))
    if differ(live, decision):
        _count(decision, request, live)


def _count(decision: Decision, request: HttpRequest, live: Decision | None = None) -> None:
    get = request.META.get
    name = _ASKED if decision.status == PREFLIGHT_STATUS else "REQUEST_METHOD"
    observer.count(decision, get("HTTP_ORIGIN", ""), get(name, ""), live)


def _answer(decision: Decision) -> HttpResponse:
    """The whole response where the view is not to be called."""
    if decision.status == REJECTED_STATUS:
        text = f"This cross-origin request is denied: {decision.reason}.\n"
        return HttpResponse(text, status=REJECTED_STATUS, content_type="text/plain; charset=utf-8")
    return HttpResponse(status=decision.status, headers={"Content-Length": "0"})
