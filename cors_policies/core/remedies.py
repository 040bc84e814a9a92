"""Which change of which policy would let the script have this response?

Before you edit:

* A remedy is proposed, never made: somebody reviews it in a form, whose own checks may still refuse it.
* It holds everything that the policy lacks for this request, so that one change is enough, and no more.
* To add an origin to a policy gives that origin all that the policy allows. So one more policy is proposed,
  for what was asked alone. It has the host and path pattern of those that are there: with a narrower path it
  would shield that path from them.
* What no policy can allow has no remedy: the sentences of :mod:`cors_policies.core.explanations` say what to
  change in the script.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from cors_policies.core import engine
from cors_policies.core import vocabulary as http
from cors_policies.core.browser_request import BrowserRequest
from cors_policies.core.explanations import CREDENTIALS_NOT_ALLOWED, Course
from cors_policies.core.origins import NULL_ORIGIN, parse_serialized_origin
from cors_policies.core.path_group import CompiledPolicy, Site

_MAX_REMEDIES: Final = 5
_OF_THE_GOVERNING: Final = (engine.METHOD_NOT_ALLOWED, engine.HEADER_NOT_ALLOWED, CREDENTIALS_NOT_ALLOWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to add to a policy; ``policy`` is ``None`` for a new one.

    ``site`` is where the new one belongs, ``None`` where nothing speaks for the path yet.
    """

    policy: str | None
    site: Site | None = None
    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    credentials: bool = False


def find_remedies(course: Course) -> tuple[Remedy, ...]:
    """One for each policy that could be changed, in the order in which they are tried; then a new policy."""
    return tuple(_remedies(course)) if _can_be_allowed(course.request) else ()


def _can_be_allowed(request: BrowserRequest) -> bool:
    """Whether some policy can name everything that the request has."""
    method, origin = request.sent_method, request.origin or ""
    if origin == NULL_ORIGIN:
        is_origin = not request.includes_credentials
    else:
        is_origin = parse_serialized_origin(origin) is not None
    is_misspelt = method.upper() == "PATCH" != method
    return is_origin and not is_misspelt and http.ANY not in {method, *request.unsafe_names}


def _remedies(course: Course) -> Iterator[Remedy]:
    request, governing, group = course.request, course.decision.policy, course.decision.group
    if course.reason == engine.UNGOVERNED:
        yield _remedy(None, request, request.origin)
    elif course.reason == engine.ORIGIN_NOT_ALLOWED and group is not None:
        for policy in group.policies[:_MAX_REMEDIES]:
            yield _remedy(policy, request, request.origin)
        if group.policies:
            yield replace(_remedy(None, request, request.origin), site=Site(group.host, group.path))
    elif course.reason in _OF_THE_GOVERNING and governing is not None:
        yield _remedy(governing, request)


def _remedy(policy: CompiledPolicy | None, request: BrowserRequest, origin: str | None = None) -> Remedy:
    method, names = request.sent_method, request.unsafe_names
    return Remedy(
        policy=policy.name if policy else None,
        origins=(origin,) if origin else (),
        methods=() if policy and policy.allows_method(method) else (method,),
        headers=tuple(name for name in names if policy is None or not policy.allows_headers((name,))),
        credentials=request.includes_credentials and not (policy and _allows_credentials(policy)),
    )


def _allows_credentials(policy: CompiledPolicy) -> bool:
    return http.ACCESS_CONTROL_ALLOW_CREDENTIALS in dict(policy.actual_headers)
