"""How is what happened to a request told to the person who edits the policies?

Before you edit:

* The order of the sentences is the order of events: the script, the browser, the server, the browser again;
  then, where the script got nothing, what to change.
* Nothing is judged here. Every fact comes from the engine's decisions or from the request.
* Sentences name policies, never the pattern that matched: a group of ten thousand origins explains itself by
  its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cors_policies.core import engine
from cors_policies.core import vocabulary as http
from cors_policies.core.browser_request import BrowserRequest
from cors_policies.core.engine import Decision
from cors_policies.core.origins import NULL_ORIGIN, parse_origin_pattern, parse_serialized_origin
from cors_policies.core.path_group import PathGroup
from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say, say_count, say_list

CREDENTIALS_NOT_ALLOWED: Final = "credentials-not-allowed"
"""The client's own reason: included credentials, and a policy that does not allow them."""

_UNCHECKED: Final = (engine.NOT_CORS, engine.SAME_ORIGIN)
_SHOWN_POLICIES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened. ``decision`` is the server's last word: about the actual request if that ``is_sent``."""

    request: BrowserRequest
    reason: str
    decision: Decision
    preflight: Decision | None = None
    is_sent: bool = True

    @property
    def policy_name(self) -> str | None:
        """The policy that governs the request."""
        return self.decision.policy.name if self.decision.policy else None

    @property
    def policy(self) -> str:
        """The policy that governs the request, as sentences name it."""
        return say('policy "{name}"', name=self.policy_name)

    @property
    def refused_names(self) -> tuple[str, ...]:
        """The request-header names that the governing policy does not allow."""
        names, policy = self.request.unsafe_names, self.decision.policy
        return tuple(name for name in names if policy is None or not policy.allows_headers((name,)))


def explain(course: Course) -> tuple[str, ...]:
    """Plain sentences, in the order of events."""
    parts = (
        _script(course.request),
        _departure(course),
        _selection(course),
        _exchange(course),
        _remedy(course),
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
    names = [f'"{policy.name}"' for policy in group.policies[:_SHOWN_POLICIES]]
    if not names:
        return say("no policy that works")
    if len(group.policies) == 1:
        return say("policy {name}", name=names[0])
    more = len(group.policies) - len(names)
    shown = say_list([*names, say("{count} more", count=more)] if more else names)
    return say("the policies {names}, tried in this order", names=shown)


def _exchange(course: Course) -> Iterator[str]:
    method, decision = course.request.sent_method, course.decision
    if course.reason in _UNCHECKED:
        yield say("The response goes to whoever asked for it, whatever its CORS headers.")
        return
    if course.preflight is not None and course.is_sent:
        yield say(
            "The server answers the preflight with {status} and lets the request through.",
            status=course.preflight.status,
        )
    yield from _refusal(course)
    if course.reason == engine.ALLOWED:
        yield say(
            "The browser sends {method} and hands the response to the script, which {reads}.",
            method=method,
            reads=_readable(course),
        )
    elif course.reason == engine.UNGOVERNED:
        yield say(
            "The script gets an error, unless the view or a proxy answers with CORS headers of its own."
        )
    elif not course.is_sent:
        yield say(
            "The server answers the preflight with {status} and {lack}.",
            status=decision.status,
            lack=_lack(course),
        )
        yield say(
            "The preflight fails: the browser never sends {method}, and the script gets an error.",
            method=method,
        )
    elif decision.status is not None:
        yield say(
            "The server answers {status} without calling the view, and the script gets an error.",
            status=decision.status,
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


def _remedy(course: Course) -> Iterator[str]:
    request, policy = course.request, course.policy
    if course.reason == engine.UNGOVERNED:
        yield _path_remedy(request.path_info, request.origin or "")
    elif course.reason == engine.ORIGIN_NOT_ALLOWED:
        yield _origin_remedy(course.decision.group, request.origin or "")
    elif course.reason == engine.METHOD_NOT_ALLOWED:
        yield _method_remedy(request.sent_method, policy)
    elif course.reason == engine.HEADER_NOT_ALLOWED:
        yield from _header_remedy(course.refused_names, policy)
    elif course.reason == engine.BAD_REQUEST_HEADERS:
        yield say(
            "Send fewer request headers: at most {names} names and {size} bytes are read.",
            names=engine.MAX_REQUEST_HEADERS,
            size=engine.MAX_REQUEST_HEADERS_BYTES,
        )
    elif course.reason == CREDENTIALS_NOT_ALLOWED:
        yield _credentials_remedy(request.origin or "", policy)


def _path_remedy(path: str, origin: str) -> str:
    if _is_never_sent(origin):
        return _respelling(origin)
    return say("Write a policy whose path covers {path} and that allows {origin}.", path=path, origin=origin)


def _origin_remedy(group: PathGroup | None, origin: str) -> str:
    if _is_never_sent(origin):
        return _respelling(origin)
    if group is None or not group.policies:
        return say(
            "What is stored for this path is broken: manage.py check --database default says why. Repair it."
        )
    return say(
        "Add {origin} to allowed_origins of policy {names}, or to one of its origin groups.",
        origin=origin,
        names=_any_of([f'"{policy.name}"' for policy in group.policies[:_SHOWN_POLICIES]]),
    )


def _any_of(names: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a or b or c``."""
    if len(names) == 1:
        return names[0]
    return say("{name} or {others}", name=names[0], others=_any_of(names[1:]))


def _is_never_sent(origin: str) -> bool:
    return origin != NULL_ORIGIN and parse_serialized_origin(origin) is None


def _respelling(origin: str) -> str:
    return say(
        "No browser sends {origin} as an origin. Ask again with {right}.",
        origin=origin,
        right=_as_browsers_write(origin),
    )


def _as_browsers_write(origin: str) -> str:
    try:
        pattern = parse_origin_pattern(origin)
    except PatternError:
        return say("one such as https://app.example")
    return pattern.text if pattern.is_exact else say("one that this pattern covers")


def _method_remedy(method: str, policy: str) -> str:
    if method.upper() == "PATCH" != method:
        return say(
            "Browsers send {method} as it is written, and methods have a case. Write PATCH in the script.",
            method=method,
        )
    return say("Add {method} to allowed_methods of {policy}.", method=method, policy=policy)


def _header_remedy(names: Sequence[str], policy: str) -> Iterator[str]:
    yield say_count(
        "Add {names} to allowed_headers of {policy}, or do not send it.",
        "Add {names} to allowed_headers of {policy}, or do not send them.",
        len(names),
        names=say_list(names),
        policy=policy,
    )
    if http.NON_WILDCARD_REQUEST_HEADER in names:
        yield say("A * in allowed_headers never covers {name}.", name=http.NON_WILDCARD_REQUEST_HEADER)


def _credentials_remedy(origin: str, policy: str) -> str:
    if origin == NULL_ORIGIN:
        return say(
            "No policy can allow credentials to null, which any sandboxed frame can send. Omit credentials."
        )
    return say(
        "Set allow_credentials of {policy} (its origins listed, without *), or omit credentials.",
        policy=policy,
    )
