"""How is the story of a call shown: what was sent, what came back, and which policies had a say?

Before you edit:

* The core has judged; here names become links and codes become words.
* Everything is bounded: a path may have thousands of policies, and a policy thousands of methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from cors_policies.admin.base import MAX_SHOWN, more_text
from cors_policies.admin.fields import shortened
from cors_policies.core import browser, engine
from cors_policies.core.browser import Answer, BrowserRequest, Evaluation, Remedy
from cors_policies.core.path_group import CompiledPolicy, PathGroup
from cors_policies.core.snapshot import Snapshot
from cors_policies.translating import translated

_MAX_VALUE: Final = 1000
_Lines = list[tuple[str, str]]
Addresses = Callable[[Iterable[str]], Mapping[str, str]]
"""The addresses of the policies of these names, of those that have a page."""


class Verdict(NamedTuple):
    """The end of the story."""

    outcome: str
    title: str
    text: str


class PolicyLine(NamedTuple):
    """A policy that speaks for the path. ``address`` is ``""`` where it has no page."""

    name: str
    address: str
    place: str
    decides: bool
    would_govern: bool


class PolicyLines(NamedTuple):
    """The first of them, and how many there are beside."""

    lines: list[PolicyLine]
    more: str


class RemedyLine(NamedTuple):
    """What to do, the policy that it is to be done with, and what else that opens."""

    text: str
    policy: str | None
    remedy: Remedy
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the page shows, step by step."""

    request: BrowserRequest
    evaluation: Evaluation
    preflight_sent: _Lines
    preflight_answer: _Lines
    without_preflight: str
    actual_sent: _Lines
    actual_answer: _Lines
    verdict: Verdict
    place: str
    group: PolicyLines
    shadowed: PolicyLines
    remedies: list[RemedyLine]

    @property
    def sentences(self) -> list[str]:
        """The explanation, in the reader's language."""
        return [translated(sentence) for sentence in self.evaluation.explanation]


def tell(snapshot: Snapshot, request: BrowserRequest, addresses: Addresses) -> Story:
    """The story of the call, if the snapshot is obeyed."""
    evaluation = browser.evaluate(snapshot, request)
    groups = browser.matching_groups(snapshot, request)
    tried = [*islice(_policies(groups[:1], evaluation, request), MAX_SHOWN)]
    shadowed = [*islice(_policies(groups[1:], evaluation, request), MAX_SHOWN)]
    known = addresses(line.name for line in (*tried, *shadowed))
    return Story(
        request=request,
        evaluation=evaluation,
        preflight_sent=_cut(browser.preflight_headers(request)) if evaluation.preflight else [],
        preflight_answer=_answer(evaluation.preflight),
        without_preflight=_why_no_preflight(evaluation, request),
        actual_sent=_cut(browser.actual_headers(request)),
        actual_answer=_answer(evaluation.actual),
        verdict=_verdict(evaluation),
        place=_place(groups[0]) if groups else "",
        group=_linked(tried, known, groups[:1]),
        shadowed=_linked(shadowed, known, groups[1:]),
        remedies=[_remedy_line(remedy, groups, request) for remedy in evaluation.remedies],
    )


def _policies(
    groups: Sequence[PathGroup], evaluation: Evaluation, request: BrowserRequest
) -> Iterable[PolicyLine]:
    for group in groups:
        governing = group.find_policy(request.origin or "")
        for policy in group.policies:
            decides = policy.name == evaluation.policy
            yield PolicyLine(policy.name, "", _place(group), decides, policy is governing and not decides)


def _linked(
    lines: Sequence[PolicyLine], known: Mapping[str, str], groups: Sequence[PathGroup]
) -> PolicyLines:
    more = sum(len(group.policies) for group in groups) - len(lines)
    linked = [line._replace(address=known.get(line.name, "")) for line in lines]
    return PolicyLines(linked, more_text(more) if more else "")


def _place(group: PathGroup) -> str:
    return f"{group.host}{group.path}"


def _answer(answer: Answer | None) -> _Lines:
    return _cut(answer.headers.items()) if answer else []


def _cut(headers: Iterable[tuple[str, str]]) -> _Lines:
    return [
        (name, value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}…") for name, value in headers
    ]


def _why_no_preflight(evaluation: Evaluation, request: BrowserRequest) -> str:
    if evaluation.preflight is not None:
        return ""
    if evaluation.reason == engine.NOT_CORS:
        return _("No preflight: there is no origin, so this is no CORS request.")
    if evaluation.reason == engine.SAME_ORIGIN:
        return _("No preflight: the page calls its own origin.")
    text = _("No preflight: %(method)s is a CORS-safelisted method, and no header name has to be asked for.")
    return text % {"method": request.sent_method}


def _verdict(evaluation: Evaluation) -> Verdict:
    outcome, actual = evaluation.outcome, evaluation.actual
    if outcome == browser.ALLOWED:
        return Verdict(outcome, _("Allowed"), _("The script gets the response."))
    if outcome == browser.UNGOVERNED:
        text = _("The script gets an error, unless the view or a proxy answers with CORS headers of its own.")
        return Verdict(outcome, _("Ungoverned"), text)
    if actual is None:
        text = _("The script gets an error (TypeError). The request was never sent.")
    elif actual.status is None:
        text = _("The script gets an error (TypeError). The view was called all the same.")
    else:
        text = _("The script gets an error (TypeError). The view was not called.")
    return Verdict(outcome, _("Denied"), text)


def _remedy_line(remedy: Remedy, groups: Sequence[PathGroup], request: BrowserRequest) -> RemedyLine:
    policies = {policy.name: policy for group in groups[:1] for policy in group.policies}
    changed = policies.get(remedy.policy or "")
    if changed is not None:
        note = _widened_note(remedy, changed)
    else:
        where = "".join(remedy.site) if remedy.site else request.path_info
        text = _("It opens %(method)s on %(where)s to this origin, and nothing else.")
        note = text % {"method": request.sent_method, "where": shortened(where)}
    return RemedyLine(_remedy_text(remedy), remedy.policy, remedy, note)


def _widened_note(remedy: Remedy, changed: CompiledPolicy) -> str:
    """What a change of the policy opens beside the call that was asked about."""
    notes = []
    if remedy.origins:
        methods = changed.allow_methods
        text = _("The origin may then do all that the policy allows: %(methods)s.")
        notes.append(text % {"methods": shortened(methods) if methods is not None else _("any method")})
    if remedy.methods or remedy.headers or remedy.credentials:
        notes.append(_("What you add holds for every origin of that policy."))
    return " ".join(notes)


def _remedy_text(remedy: Remedy) -> str:
    parts = ", ".join((*remedy.origins, *remedy.methods, *remedy.headers))
    if remedy.policy is None:
        parts = ", ".join((parts, _("credentials"))) if remedy.credentials else parts
        first, further = (
            _("Write a policy for this path, with %(parts)s"),
            _("Write one more policy, with %(parts)s"),
        )
        text = further if remedy.site else first
        return text % {"parts": parts}
    if not remedy.credentials:
        return _("Add %(parts)s") % {"parts": parts}
    return _("Add %(parts)s and allow credentials") % {"parts": parts} if parts else _("Allow credentials")
