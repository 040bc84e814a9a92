"""What is answered to a request that is like one before it?

Before you edit:

* An answer is kept with the snapshot that it was decided by, for requests that are alike in all that went
  into it: the key. Without it, allowed and denied requests take three times as long in a whole handler; most
  of that is not work, but code that has left the processor's caches meanwhile.
* The key holds what was sent, not what Django makes of it: the validated host costs more than all the rest.
  What settings make of it is forgotten when they change (:data:`HOST_SETTINGS`).
* Without an ``Origin`` nobody is judged. Path group and method are enough then, unless a policy names a host.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest

from cors_policies.core.engine import PREFLIGHT_STATUS, Decision, decide, is_repeatable
from cors_policies.core.path_group import PathGroup
from cors_policies.core.snapshot import UNKNOWN, Snapshot
from cors_policies.facts import RequestFacts
from cors_policies.headers import Prepared, prepared

HOST_SETTINGS: Final = frozenset({"ALLOWED_HOSTS", "DEBUG", "USE_X_FORWARDED_HOST"})
"""Settings by which Django makes a host of what was sent."""
_MAX_KEY: Final = 700
"""Characters of a key, together. With as many answers as are kept, some two megabytes."""
_Place = PathGroup | str | None
"""The path's group; the path itself where that does not tell the group, since some policy names a host."""
_Key = tuple[_Place, str | None] | tuple[_Place, str | None, str | None, str | None, str | None]
"""Place and method, as it was sent; where they matter ``Origin``, ``Host`` and ``X-Forwarded-Host`` too."""


Note = tuple[Decision, str, str, Decision | None]
"""What was decided, about which origin and method, and what was applied in its place: of a trial only."""
Answer = tuple[int | None, Prepared | None, str, Note]
"""Status and headers (``None``: the request is ungoverned), reason, and what an observer notes of it.

What the middleware needs stands beside the decision, so that it has one object less to fetch. No named tuple:
that costs two calls to make.
"""


def answer_to(snapshot: Snapshot, request: HttpRequest) -> Answer:
    """The answer by that snapshot, which has often been given before to a request like this one."""
    meta, path = request.META, request.path_info
    origin, method = meta.get("HTTP_ORIGIN"), meta.get("REQUEST_METHOD")
    if snapshot.uses_hosts:
        place: _Place = path
    else:
        place = snapshot.found.get(path, UNKNOWN)
        if place is UNKNOWN:
            place = snapshot.find_group(path)
    key: _Key
    if origin or snapshot.uses_hosts:
        key = (place, method, origin, meta.get("HTTP_HOST"), meta.get("HTTP_X_FORWARDED_HOST"))
    else:
        key = (place, method)
    return snapshot.kept.get(key) or _decided(snapshot, request, key)


def _decided(snapshot: Snapshot, request: HttpRequest, key: _Key) -> Answer:
    facts = RequestFacts(request)
    decision = decide(snapshot, facts)
    headers = None if decision.group is None else prepared(decision.headers, decision.vary)
    is_preflight = decision.status == PREFLIGHT_STATUS
    method = request.META["HTTP_ACCESS_CONTROL_REQUEST_METHOD"] if is_preflight else key[1]
    answer = decision.status, headers, decision.reason, (decision, facts.origin or "", method or "", None)
    # Length first: to look for a host in eight kilobytes takes longer than all the rest.
    if not is_preflight and _is_telling(key, facts.path) and is_repeatable(decision, facts):
        snapshot.keep(key, answer)
    return answer


def _is_telling(key: _Key, path: str) -> bool:
    """Whether nothing is looked at in the place of an absent one, and all is short enough to keep."""
    if len(key) == 2:  # noqa: PLR2004 - place and method alone
        return 0 < len(key[1] or "") <= _MAX_KEY
    _, method, origin, host, forwarded = key
    return bool(method and host) and len(f"{path}{method}{origin}{host}{forwarded}") <= _MAX_KEY
