"""How does a request meet the policy set?

The middleware asks what the snapshot answers to the request, and puts that on the response. It decides
nothing.

Before you edit:

* It runs before and after everything else, for every request: no query, no settings, no header mapping
  (``request.headers`` costs more than all of this together).
* The store is asked only where it is due, and the two attributes that tell are read here: a call less is a
  quarter of a microsecond less, which is a tenth of what a request pays. So the sync way and the async way
  say the same twice: a function for both costs half a microsecond.
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
from time import monotonic
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cors_policies.answers import Note, answer_to
from cors_policies.core.comparing.trials import differ
from cors_policies.core.engine import REJECTED_STATUS, Decision
from cors_policies.core.snapshot import Snapshot
from cors_policies.headers import put_headers
from cors_policies.observations import observer
from cors_policies.store import store

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
        now = monotonic()
        snapshot = store.snapshot if now < store.due else store.current()
        request.cors_snapshot = snapshot  # type: ignore[attr-defined]
        status, headers, reason, note = answer_to(snapshot, request)
        if reason in observer.reasons:
            observer.count(note, now)
        if snapshot.trial is not None:
            _try(snapshot.trial, request, note, now)
        response = self.get_response(request) if status is None else _response(note[0])
        if headers is not None:
            put_headers(response.headers, headers)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """As ``__call__``."""
        now = monotonic()
        snapshot = store.snapshot if now < store.due else await store.acurrent()
        request.cors_snapshot = snapshot  # type: ignore[attr-defined]
        status, headers, reason, note = answer_to(snapshot, request)
        if reason in observer.reasons:
            observer.count(note, now)
        if snapshot.trial is not None:
            _try(snapshot.trial, request, note, now)
        response = await self.get_response(request) if status is None else _response(note[0])
        if headers is not None:
            put_headers(response.headers, headers)
        return response


def _try(trial: Snapshot, request: HttpRequest, note: Note, now: float) -> None:
    """Counts what the trial would have decided, if that is something else."""
    if observer.counts_trials:
        *_, tried = answer_to(trial, request)
        if differ(note[0], tried[0]):
            observer.count((*tried[:3], note[0]), now)


def _response(decision: Decision) -> HttpResponse:
    """The whole response where the view is not to be called."""
    if decision.status == REJECTED_STATUS:
        text = f"This cross-origin request is denied: {decision.reason}.\n"
        return HttpResponse(text, status=REJECTED_STATUS, content_type="text/plain; charset=utf-8")
    return HttpResponse(status=decision.status, headers={"Content-Length": "0"})
