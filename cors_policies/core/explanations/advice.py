"""Where a script got nothing: what should be changed, in the policies or in the script?

Before you edit: which policies could be changed, and how, is told as data by
:mod:`cors_policies.core.remedies`; these are sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cors_policies.core import engine
from cors_policies.core import vocabulary as http
from cors_policies.core.explanations.course import CREDENTIALS_NOT_ALLOWED, Course
from cors_policies.core.origins import NULL_ORIGIN, parse_origin_pattern, parse_serialized_origin
from cors_policies.core.path_group import PathGroup
from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say, say_count, say_list

SHOWN_POLICIES: Final = 10


def advise(course: Course) -> Iterator[str]:
    """The sentences, one at most but for request-header names; none where the script got its response."""
    request, policy = course.request, course.policy
    if course.reason == engine.UNGOVERNED:
        yield _for_path(request.path_info, request.origin or "")
    elif course.reason == engine.ORIGIN_NOT_ALLOWED:
        yield _for_origin(course.decision.group, request.origin or "")
    elif course.reason == engine.METHOD_NOT_ALLOWED:
        yield _for_method(request.sent_method, policy)
    elif course.reason == engine.HEADER_NOT_ALLOWED:
        yield from _for_headers(course.refused_names, policy)
    elif course.reason == engine.BAD_REQUEST_HEADERS:
        yield say(
            "Send fewer request headers: at most {names} names and {size} bytes are read.",
            names=engine.MAX_REQUEST_HEADERS,
            size=engine.MAX_REQUEST_HEADERS_BYTES,
        )
    elif course.reason == CREDENTIALS_NOT_ALLOWED:
        yield _for_credentials(request.origin or "", policy)


def _for_path(path: str, origin: str) -> str:
    if _is_never_sent(origin):
        return _respelling(origin)
    return say("Write a policy whose path covers {path} and that allows {origin}.", path=path, origin=origin)


def _for_origin(group: PathGroup | None, origin: str) -> str:
    if _is_never_sent(origin):
        return _respelling(origin)
    if group is None or not group.policies:
        return say(
            "What is stored for this path is broken: manage.py check --database default says why. Repair it."
        )
    return say(
        "Add {origin} to allowed_origins of policy {names}, or to one of its origin groups.",
        origin=origin,
        names=_any_of([f'"{policy.name}"' for policy in group.policies[:SHOWN_POLICIES]]),
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


def _for_method(method: str, policy: str) -> str:
    if method.upper() == "PATCH" != method:
        return say(
            "Browsers send {method} as it is written, and methods have a case. Write PATCH in the script.",
            method=method,
        )
    return say("Add {method} to allowed_methods of {policy}.", method=method, policy=policy)


def _for_headers(names: Sequence[str], policy: str) -> Iterator[str]:
    yield say_count(
        "Add {names} to allowed_headers of {policy}, or do not send it.",
        "Add {names} to allowed_headers of {policy}, or do not send them.",
        len(names),
        names=say_list(names),
        policy=policy,
    )
    if http.NON_WILDCARD_REQUEST_HEADER in names:
        yield say("A * in allowed_headers never covers {name}.", name=http.NON_WILDCARD_REQUEST_HEADER)


def _for_credentials(origin: str, policy: str) -> str:
    if origin == NULL_ORIGIN:
        return say(
            "No policy can allow credentials to null, which any sandboxed frame can send. Omit credentials."
        )
    return say(
        "Set allow_credentials of {policy} (its origins listed, without *), or omit credentials.",
        policy=policy,
    )
