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
        return f'policy "{self.policy_name}"'

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
        yield f"fetch() writes the method {request.method} as {request.sent_method}."
    dropped = request.dropped_names
    if dropped:
        yield f"fetch() drops {_joined(dropped)}: no script can set {_pronoun(dropped)}."


def _departure(course: Course) -> Iterator[str]:
    request, method = course.request, course.request.sent_method
    if course.reason == engine.NOT_CORS:
        yield "There is no origin, so this is no CORS request: no browser checks the response."
    elif course.reason == engine.SAME_ORIGIN:
        yield f"{request.origin} is the server's own origin: the browser sends {method} and checks nothing."
    elif course.preflight is None:
        yield f"The browser sends {method} at once: no preflight is needed."
    else:
        yield f"The browser asks first with a preflight, because of {' and '.join(_causes(request))}."


def _causes(request: BrowserRequest) -> Iterator[str]:
    if request.sent_method not in http.SAFELISTED_METHODS:
        yield f"the method {request.sent_method}"
    if request.unsafe_names:
        yield f"the {_request_headers(request.unsafe_names)}"


def _selection(course: Course) -> Iterator[str]:
    group, request = course.decision.group, course.request
    if group is None:
        yield f"No policy governs {request.path_info}: the server adds no CORS header."
        if not request.host:
            yield "No host was named, so only policies for every host were looked at."
        return
    yield f"{request.path_info} belongs to the path group of {_place(group)}, which holds {_policies(group)}."
    if course.reason in _UNCHECKED:
        return
    if course.policy_name:
        yield f"The first that allows {request.origin} is {course.policy}: it alone governs the request."
    else:
        yield f"No policy of this group allows {request.origin}: for this origin the group is a shield."
        yield "Policies with a broader path or host are never consulted."


def _place(group: PathGroup) -> str:
    return f"{group.path} on {group.host}" if group.host else group.path


def _policies(group: PathGroup) -> str:
    names = [f'"{policy.name}"' for policy in group.policies[:_SHOWN_POLICIES]]
    if not names:
        return "no policy that works"
    if len(group.policies) == 1:
        return f"policy {names[0]}"
    more = len(group.policies) - len(names)
    shown = _joined([*names, f"{more} more"] if more else names)
    return f"the policies {shown}, tried in this order"


def _exchange(course: Course) -> Iterator[str]:
    method, decision = course.request.sent_method, course.decision
    if course.reason in _UNCHECKED:
        yield "The response goes to whoever asked for it, whatever its CORS headers."
        return
    if course.preflight is not None and course.is_sent:
        yield f"The server answers the preflight with {course.preflight.status} and lets the request through."
    yield from _refusal(course)
    if course.reason == engine.ALLOWED:
        yield f"The browser sends {method} and hands the response to the script, which {_readable(course)}."
    elif course.reason == engine.UNGOVERNED:
        yield "The script gets an error, unless the view or a proxy answers with CORS headers of its own."
    elif not course.is_sent:
        yield f"The server answers the preflight with {decision.status} and {_lack(course)}."
        yield f"The preflight fails: the browser never sends {method}, and the script gets an error."
    elif decision.status is not None:
        yield f"The server answers {decision.status} without calling the view, and the script gets an error."
    else:
        yield f"The view is called, and its response gets {_lack(course)}."
        yield "The browser keeps the response from the script, which gets an error."


def _refusal(course: Course) -> Iterator[str]:
    if course.reason == engine.METHOD_NOT_ALLOWED:
        yield f"The method {course.request.sent_method} is not allowed by {course.policy}."
    elif course.reason == engine.HEADER_NOT_ALLOWED:
        yield f"The {_request_headers(course.refused_names)} cannot be sent: not allowed by {course.policy}."
    elif course.reason == engine.BAD_REQUEST_HEADERS:
        yield "The preflight names more request headers than the server reads."
    elif course.reason == CREDENTIALS_NOT_ALLOWED:
        yield f"The request includes credentials, which are not allowed by {course.policy}."


def _lack(course: Course) -> str:
    if course.reason == CREDENTIALS_NOT_ALLOWED:
        return f"no {http.ACCESS_CONTROL_ALLOW_CREDENTIALS}"
    return "no CORS header"


def _readable(course: Course) -> str:
    names = dict(course.decision.headers).get(http.ACCESS_CONTROL_EXPOSE_HEADERS)
    if names == http.ANY:
        return "may read every response header"
    if names is None:
        return "may read the CORS-safelisted response headers only"
    return f"may also read the response headers {names}"


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
        limits = f"{engine.MAX_REQUEST_HEADERS} names and {engine.MAX_REQUEST_HEADERS_BYTES} bytes"
        yield f"Send fewer request headers: at most {limits} are read."
    elif course.reason == CREDENTIALS_NOT_ALLOWED:
        yield _credentials_remedy(request.origin or "", policy)


def _path_remedy(path: str, origin: str) -> str:
    if _is_never_sent(origin):
        return _respelling(origin)
    return f"Write a policy whose path covers {path} and that allows {origin}."


def _origin_remedy(group: PathGroup | None, origin: str) -> str:
    if _is_never_sent(origin):
        return _respelling(origin)
    if group is None or not group.policies:
        return (
            "What is stored for this path is broken: manage.py check --database default says why. Repair it."
        )
    names = " or ".join(f'"{policy.name}"' for policy in group.policies[:_SHOWN_POLICIES])
    return f"Add {origin} to allowed_origins of policy {names}, or to one of its origin groups."


def _is_never_sent(origin: str) -> bool:
    return origin != NULL_ORIGIN and parse_serialized_origin(origin) is None


def _respelling(origin: str) -> str:
    return f"No browser sends {origin} as an origin. Ask again with {_as_browsers_write(origin)}."


def _as_browsers_write(origin: str) -> str:
    try:
        pattern = parse_origin_pattern(origin)
    except PatternError:
        return "one such as https://app.example"
    return pattern.text if pattern.is_exact else "one that this pattern covers"


def _method_remedy(method: str, policy: str) -> str:
    if method.upper() == "PATCH" != method:
        return f"Browsers send {method} as it is written, and methods have a case. Write PATCH in the script."
    return f"Add {method} to allowed_methods of {policy}."


def _header_remedy(names: Sequence[str], policy: str) -> Iterator[str]:
    yield f"Add {_joined(names)} to allowed_headers of {policy}, or do not send {_pronoun(names)}."
    if http.NON_WILDCARD_REQUEST_HEADER in names:
        yield f"A * in allowed_headers never covers {http.NON_WILDCARD_REQUEST_HEADER}."


def _credentials_remedy(origin: str, policy: str) -> str:
    if origin == NULL_ORIGIN:
        return (
            "No policy can allow credentials to null, which any sandboxed frame can send. Omit credentials."
        )
    return f"Set allow_credentials of {policy} (its origins listed, without *), or omit credentials."


def _request_headers(names: Sequence[str]) -> str:
    return f"request header{'' if len(names) == 1 else 's'} {_joined(names)}"


def _joined(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _pronoun(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
