"""What would a browser do with this call of ``fetch()``, and would the script get the response?

Before you edit:

* Whether a policy allows something is the engine's judgement alone, asked once about the preflight and once
  about the actual request. What is added here is the client's side: when a browser asks first, and what it
  concludes from the answers (docs/fetch-support.md).
* The server cannot see whether credentials are included: ``credentials-not-allowed`` is a reason here only.
* A request without an origin, or to the page's own, is allowed, governed or not: no browser checks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cors_policies.core import engine, fetch_rules
from cors_policies.core import vocabulary as http
from cors_policies.core.browser_request import BrowserRequest, parse_browser_request
from cors_policies.core.engine import Decision, StatedFacts, decide, is_own_origin
from cors_policies.core.explanations import CREDENTIALS_NOT_ALLOWED, Course, explain
from cors_policies.core.hosts import host_without_port
from cors_policies.core.path_group import SEPARATOR, Headers, PathGroup
from cors_policies.core.policy import Document
from cors_policies.core.remedies import Remedy, find_remedies
from cors_policies.core.snapshot import Snapshot

__all__ = [
    "CREDENTIALS_NOT_ALLOWED",
    "Answer",
    "BrowserRequest",
    "Evaluation",
    "Remedy",
    "actual_headers",
    "evaluate",
    "is_cross_origin",
    "matching_groups",
    "parse_browser_request",
    "preflight_headers",
]

ALLOWED: Final = "allowed"
DENIED: Final = "denied"
UNGOVERNED: Final = "ungoverned"

_OUTCOMES: Final = {
    engine.ALLOWED: ALLOWED,
    engine.NOT_CORS: ALLOWED,
    engine.SAME_ORIGIN: ALLOWED,
    engine.UNGOVERNED: UNGOVERNED,
}
_WITHOUT_ORIGIN_HEADER: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policies put on one answer: the CORS headers, ``Vary``, and what a policy says of embedding.

    ``status`` is ``None`` where the view decides it.
    """

    status: int | None
    headers: Mapping[str, str]

    def to_document(self) -> Document:
        """The JSON document of this answer."""
        return {"status": self.status, "headers": dict(self.headers)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a browser would do.

    ``preflight`` is ``None`` where it sends none, ``actual`` where the preflight failed. ``path_group`` names
    the policies in the order in which they are tried. ``remedies`` are for people: no document holds them.
    """

    outcome: str
    reason: str
    policy: str | None
    path_group: tuple[str, ...]
    preflight: Answer | None
    actual: Answer | None
    explanation: tuple[str, ...]
    remedies: tuple[Remedy, ...] = ()

    def to_document(self) -> Document:
        """The JSON document of this evaluation, every key of its public form included."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "policy": self.policy,
            "path_group": list(self.path_group),
            "preflight": self.preflight.to_document() if self.preflight else None,
            "actual": self.actual.to_document() if self.actual else None,
            "explanation": list(self.explanation),
        }


def evaluate(snapshot: Snapshot, request: BrowserRequest) -> Evaluation:
    """What a browser would do with the request on a site that obeys the snapshot. Never raises."""
    course = _follow(snapshot, request)
    group = course.decision.group
    return Evaluation(
        outcome=_OUTCOMES.get(course.reason, DENIED),
        reason=course.reason,
        policy=course.policy_name,
        path_group=tuple(policy.name for policy in group.policies) if group else (),
        preflight=_answer(course.preflight) if course.preflight else None,
        actual=_answer(course.decision) if course.is_sent else None,
        explanation=explain(course),
        remedies=find_remedies(course),
    )


def matching_groups(snapshot: Snapshot, request: BrowserRequest) -> list[PathGroup]:
    """Every path group that speaks for the request's path and host: the first governs, and shadows the rest.

    It looks at the whole set: for people who ask, and not for requests.
    """
    return snapshot.find_all_groups(request.path_info, host_without_port(request.host))


def preflight_headers(request: BrowserRequest) -> Headers:
    """The CORS headers of the preflight that a browser sends, where it sends one."""
    facts = _preflight_facts(_facts(request), request)
    lines = (
        (http.ORIGIN, facts.origin),
        (http.ACCESS_CONTROL_REQUEST_METHOD, facts.requested_method),
        (http.ACCESS_CONTROL_REQUEST_HEADERS, facts.requested_headers),
    )
    return tuple((name, value) for name, value in lines if value)


def actual_headers(request: BrowserRequest) -> Headers:
    """The origin and the script's own headers, as a browser sends them with the actual request."""
    facts = _facts(request)
    origin = facts.origin if is_cross_origin(request) else _same_origin_facts(facts).origin
    return (*(((http.ORIGIN, origin),) if origin else ()), *request.sent_headers)


def is_cross_origin(request: BrowserRequest) -> bool:
    """Whether a browser checks the answer: the page has an origin, and it is not the server's own."""
    return bool(request.origin) and not is_own_origin(_facts(request), request.origin or "")


def _answer(decision: Decision) -> Answer:
    headers = dict(decision.headers)
    if decision.vary:
        headers["Vary"] = SEPARATOR.join(decision.vary)
    return Answer(decision.status, headers)


def _follow(snapshot: Snapshot, request: BrowserRequest) -> Course:
    """The steps of the standard's main fetch that concern CORS (https://fetch.spec.whatwg.org/#main-fetch)."""
    facts = _facts(request)
    if not request.origin:
        return Course(request=request, reason=engine.NOT_CORS, decision=decide(snapshot, facts))
    if not is_cross_origin(request):
        decision = decide(snapshot, _same_origin_facts(facts))
        return Course(request=request, reason=engine.SAME_ORIGIN, decision=decision)
    preflight = decide(snapshot, _preflight_facts(facts, request)) if request.needs_preflight else None
    if preflight is not None:
        reason = _judge_preflight(preflight, request)
        if reason != engine.ALLOWED:
            return Course(
                request=request, reason=reason, decision=preflight, preflight=preflight, is_sent=False
            )
    actual = decide(snapshot, facts)
    return Course(
        request=request, reason=_judge_actual(actual, request), decision=actual, preflight=preflight
    )


def _facts(request: BrowserRequest) -> StatedFacts:
    """The actual request, as the server sees it."""
    return StatedFacts(
        method=request.sent_method,
        path=request.path_info,
        origin=request.origin,
        scheme=request.scheme,
        host=request.host,
    )


def _same_origin_facts(facts: StatedFacts) -> StatedFacts:
    """Browsers name their own origin only beside methods that may change something.

    https://fetch.spec.whatwg.org/#append-a-request-origin-header
    """
    return replace(facts, origin=None) if facts.method in _WITHOUT_ORIGIN_HEADER else facts


def _preflight_facts(facts: StatedFacts, request: BrowserRequest) -> StatedFacts:
    """The CORS-preflight request, as the server sees it (https://fetch.spec.whatwg.org/#cors-preflight-fetch)."""
    return replace(
        facts,
        method="OPTIONS",
        requested_method=request.sent_method,
        requested_headers=",".join(request.unsafe_names) or None,
    )


def _judge_preflight(decision: Decision, request: BrowserRequest) -> str:
    """The reason why the preflight fails, or ``allowed``."""
    if decision.reason != engine.ALLOWED:
        return decision.reason
    answer, credentials = dict(decision.headers), request.includes_credentials
    method, names = request.sent_method, request.unsafe_names
    checks = (
        (CREDENTIALS_NOT_ALLOWED, _passes_cors_check(answer, request)),
        (engine.METHOD_NOT_ALLOWED, fetch_rules.passes_method_check(answer, method, credentials=credentials)),
        (engine.HEADER_NOT_ALLOWED, fetch_rules.passes_header_check(answer, names, credentials=credentials)),
    )
    return next((reason for reason, passed in checks if not passed), engine.ALLOWED)


def _judge_actual(decision: Decision, request: BrowserRequest) -> str:
    """The reason why the script does not get the response, or ``allowed``."""
    if decision.reason != engine.ALLOWED or _passes_cors_check(dict(decision.headers), request):
        return decision.reason
    return CREDENTIALS_NOT_ALLOWED


def _passes_cors_check(answer: Mapping[str, str], request: BrowserRequest) -> bool:
    origin, credentials = request.origin or "", request.includes_credentials
    return fetch_rules.passes_cors_check(answer, origin, credentials=credentials)
