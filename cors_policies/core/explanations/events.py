"""How is what happened to a request told to the person who edits the policies?

Before you edit:

* The order of the sentences is the order of events: the script, the browser, the server, the browser again;
  then, where the script got nothing, what to change.
* Nothing is judged here. Every fact comes from the engine's decisions or from the request.
* Sentences name policies, never the pattern that matched: a group of ten thousand origins explains itself by
  its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cors_policies.core import engine
from cors_policies.core import vocabulary as http
from cors_policies.core.browser_request import BrowserRequest
from cors_policies.core.explanations.advice import SHOWN_POLICIES, advise
from cors_policies.core.explanations.course import CREDENTIALS_NOT_ALLOWED, Course
from cors_policies.core.path_group import PathGroup
from cors_policies.core.texts import say, say_count, say_list

_UNCHECKED: Final = (engine.NOT_CORS, engine.SAME_ORIGIN)


def explain(course: Course) -> tuple[str, ...]:
    """Plain sentences, in the order of events."""
    parts = (
        _script(course.request),
        _departure(course),
        _selection(course),
        _exchange(course),
        advise(course),
    )
    return tuple(sentence for part in parts for sentence in part)


def _script(request: BrowserRequest) -> Iterator[str]:
    if request.sent_method != request.method:
        yield say(
            "fetch() writes the method {method} as {sent}.", method=request.method, sent=request.sent_method
        )
    dropped = request.dropped_names
    if dropped:
        yield say_count(
            "fetch() drops {names}: no script can set it.",
            "fetch() drops {names}: no script can set them.",
            len(dropped),
            names=say_list(dropped),
        )


def _departure(course: Course) -> Iterator[str]:
    request, method = course.request, course.request.sent_method
    if course.reason == engine.NOT_CORS:
        yield say("There is no origin, so this is no CORS request: no browser checks the response.")
    elif course.reason == engine.SAME_ORIGIN:
        yield say(
            "{origin} is the server's own origin: the browser sends {method} and checks nothing.",
            origin=request.origin,
            method=method,
        )
    elif course.preflight is None:
        yield say("The browser sends {method} at once: no preflight is needed.", method=method)
    else:
        causes = say_list(tuple(_causes(request)))
        yield say("The browser asks first with a preflight, because of {causes}.", causes=causes)


def _causes(request: BrowserRequest) -> Iterator[str]:
    if request.sent_method not in http.SAFELISTED_METHODS:
        yield say("the method {method}", method=request.sent_method)
    if request.unsafe_names:
        names = request.unsafe_names
        yield say_count(
            "the request header {names}", "the request headers {names}", len(names), names=say_list(names)
        )


def _selection(course: Course) -> Iterator[str]:
    group, request = course.decision.group, course.request
    if group is None:
        yield say("No policy governs {path}: the server adds no CORS header.", path=request.path_info)
        if not request.host:
            yield say("No host was named, so only policies for every host were looked at.")
        return
    yield say(
        "{path} belongs to the path group of {group}, which holds {policies}.",
        path=request.path_info,
        group=_place(group),
        policies=_policies(group),
    )
    if course.reason in _UNCHECKED:
        return
    if course.policy_name:
        yield say(
            "The first that allows {origin} is {policy}: it alone governs the request.",
            origin=request.origin,
            policy=course.policy,
        )
    else:
        yield say(
            "No policy of this group allows {origin}: for this origin the group is a shield.",
            origin=request.origin,
        )
        yield say("Policies with a broader path or host are never consulted.")


def _place(group: PathGroup) -> str:
    return say("{path} on {host}", path=group.path, host=group.host) if group.host else group.path


def _policies(group: PathGroup) -> str:
    names = [f'"{policy.name}"' for policy in group.policies[:SHOWN_POLICIES]]
    if not names:
        return say("no policy that works")
    if len(group.policies) == 1:
        return say("policy {name}", name=names[0])
    more = len(group.policies) - len(names)
    shown = say_list([*names, say("{count} more", count=more)] if more else names)
    return say("the policies {names}, tried in this order", names=shown)


def _exchange(course: Course) -> Iterator[str]:
    if course.reason in _UNCHECKED:
        yield say("The response goes to whoever asked for it, whatever its CORS headers.")
        return
    if course.preflight is not None and course.is_sent:
        yield say(
            "The server answers the preflight with {status} and lets the request through.",
            status=course.preflight.status,
        )
    yield from _refusal(course)
    yield from _failure(course) if course.reason != engine.ALLOWED else _success(course)


def _success(course: Course) -> Iterator[str]:
    yield say(
        "The browser sends {method} and hands the response to the script, which {reads}.",
        method=course.request.sent_method,
        reads=_readable(course),
    )


def _failure(course: Course) -> Iterator[str]:
    if course.reason == engine.UNGOVERNED:
        yield say(
            "The script gets an error, unless the view or a proxy answers with CORS headers of its own."
        )
    elif not course.is_sent:
        yield say(
            "The server answers the preflight with {status} and {lack}.",
            status=course.decision.status,
            lack=_lack(course),
        )
        yield say(
            "The preflight fails: the browser never sends {method}, and the script gets an error.",
            method=course.request.sent_method,
        )
    elif course.decision.status is not None:
        yield say(
            "The server answers {status} without calling the view, and the script gets an error.",
            status=course.decision.status,
        )
    else:
        yield say("The view is called, and its response gets {lack}.", lack=_lack(course))
        yield say("The browser keeps the response from the script, which gets an error.")


def _refusal(course: Course) -> Iterator[str]:
    if course.reason == engine.METHOD_NOT_ALLOWED:
        yield say(
            "The method {method} is not allowed by {policy}.",
            method=course.request.sent_method,
            policy=course.policy,
        )
    elif course.reason == engine.HEADER_NOT_ALLOWED:
        names = course.refused_names
        yield say_count(
            "The request header {names} cannot be sent: not allowed by {policy}.",
            "The request headers {names} cannot be sent: not allowed by {policy}.",
            len(names),
            names=say_list(names),
            policy=course.policy,
        )
    elif course.reason == engine.BAD_REQUEST_HEADERS:
        yield say("The preflight names more request headers than the server reads.")
    elif course.reason == CREDENTIALS_NOT_ALLOWED:
        yield say(
            "The request includes credentials, which are not allowed by {policy}.", policy=course.policy
        )


def _lack(course: Course) -> str:
    if course.reason == CREDENTIALS_NOT_ALLOWED:
        return say("no {header}", header=http.ACCESS_CONTROL_ALLOW_CREDENTIALS)
    return say("no CORS header")


def _readable(course: Course) -> str:
    names = dict(course.decision.headers).get(http.ACCESS_CONTROL_EXPOSE_HEADERS)
    if names == http.ANY:
        return say("may read every response header")
    if names is None:
        return say("may read the CORS-safelisted response headers only")
    return say("may also read the response headers {names}", names=names)
