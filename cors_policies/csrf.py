"""Whose requests does the CSRF check trust, beside those of ``CSRF_TRUSTED_ORIGINS``?

Django's middleware, with one answer more: the origin of an unsafe request passes where a live policy lets the
request through and has ``trust_for_csrf``. Everything else is Django's: the token, the ``Referer``, exempt
views.

Before you edit:

* Trust is for the request as it is obeyed. Where something behind the policies' middleware has rewritten the
  method, the policy must allow both.
* ``null``, and what is no serialized origin, is nobody's: no policy can make it trusted.
* The hook, ``_origin_verified``, is Django's own, the same from 5.2 to 6.1. It is only called for unsafe
  requests with an ``Origin``. Under a release that renames it this class would trust nobody.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

from cors_policies.core.engine import ALLOWED, decide
from cors_policies.core.origins import parse_serialized_origin
from cors_policies.core.snapshot import Snapshot
from cors_policies.facts import RequestFacts
from cors_policies.store import store


class CorsPolicyCsrfMiddleware(CsrfViewMiddleware):
    """In place of Django's: trusts the origins of policies with ``trust_for_csrf``, too."""

    def _origin_verified(self, request: HttpRequest) -> bool:
        verified: bool = super()._origin_verified(request)  # type: ignore[misc] # not in Django's stubs
        return verified or is_trusted(request)


def is_trusted(request: HttpRequest) -> bool:
    """Whether a live policy with ``trust_for_csrf`` governs the request's origin, and allows its method."""
    facts = RequestFacts(request)
    if facts.origin is None or parse_serialized_origin(facts.origin) is None:
        return False
    decision = decide(_snapshot(request), facts)
    policy = decision.policy
    if decision.reason != ALLOWED or policy is None or not policy.trust_for_csrf:
        return False
    obeyed = request.method or ""
    return obeyed == facts.method.upper() or policy.allows_method(obeyed)


def _snapshot(request: HttpRequest) -> Snapshot:
    """The one that the policies' middleware has decided by; where it is not installed, the current one."""
    found = getattr(request, "cors_snapshot", None)
    return found if isinstance(found, Snapshot) else store.current()
