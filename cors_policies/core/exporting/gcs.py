"""Which ``cors`` configuration of Google Cloud Storage does what the policies of a path say?

The document is what ``gcloud storage buckets update --cors-file`` takes.

Before you edit:

* The rules are those of the reference (Set bucket CORS, the ``cors`` property of a bucket) and of the guide
  (Cross-origin resource sharing): the first entry that holds the origin and the method answers; ``*`` stands
  for every origin or every method, and is part of nothing; an empty list of entries is one.
* ``responseHeader`` is one list, for the names of request headers and of response headers.
* Cloud Storage never sends ``Access-Control-Allow-Credentials``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cors_policies.core import vocabulary as http
from cors_policies.core.exporting.bucket_rules import (
    BucketExport,
    allows_more_methods,
    check_bucket,
    has_any_origin,
    raise_any,
)
from cors_policies.core.exporting.groups import ExportedGroup, ExportedPolicy, Reason
from cors_policies.core.origins import OriginKind
from cors_policies.core.texts import say

SERVICE: Final = "Cloud Storage"
_REPORTED: Final = {OriginKind.ANY, OriginKind.NULL, OriginKind.EXPRESSION}
"""Kinds that are fine, or that every bucket refuses."""
_HEADER_FIELDS: Final = ("allowed_headers", "exposed_headers")


def export_gcs(groups: Sequence[ExportedGroup], chosen: ExportedGroup) -> BucketExport:
    """The configuration of a bucket for the chosen path group.

    Raises :class:`InexpressibleError` with everything that Cloud Storage cannot do.
    """
    reasons = check_bucket(SERVICE, groups, chosen, allows_more_methods)
    reasons += [reason for exported in chosen.policies for reason in _policy_reasons(exported)]
    raise_any(reasons)
    letting_in = [exported for exported in chosen.policies if exported.origins and exported.methods]
    remarks = tuple(remark for exported in letting_in for remark in _remarks(exported))
    return BucketExport([_entry(exported) for exported in letting_in], remarks)


def _entry(exported: ExportedPolicy) -> dict[str, Any]:
    policy = exported.policy
    origins = dict.fromkeys(pattern.text for _, pattern in exported.origins)
    entry: dict[str, Any] = {
        "origin": [http.ANY] if has_any_origin(exported) else list(origins),
        "method": list(exported.methods),
        "responseHeader": list(dict.fromkeys(policy.allowed_headers + policy.exposed_headers)),
        "maxAgeSeconds": policy.max_age,
    }
    return {key: value for key, value in entry.items() if value not in (None, [])}


def _policy_reasons(exported: ExportedPolicy) -> Iterator[Reason]:
    policy = exported.policy
    if policy.allow_credentials:
        message = say("Cloud Storage never allows credentials. Remove allow_credentials.")
        yield exported.reason("allow_credentials", message)
    for field, pattern in exported.origins:
        if not pattern.is_exact and pattern.kind not in _REPORTED:
            message = say(
                "{pattern}: Cloud Storage takes whole origins and * only. Write them one by one.",
                pattern=pattern.text,
            )
            yield exported.reason(field, message)
    for field, names in zip(_HEADER_FIELDS, (policy.allowed_headers, policy.exposed_headers), strict=True):
        if http.ANY in names:
            message = say("Cloud Storage documents no * for header names. Write the names.")
            yield exported.reason(field, message)


def _remarks(exported: ExportedPolicy) -> Iterator[Reason]:
    policy = exported.policy
    sent, shown = set(policy.allowed_headers), set(policy.exposed_headers)
    if more := sorted(shown - sent):
        message = say(
            "Cloud Storage has one list for both ways: scripts may also send {more}.", more=", ".join(more)
        )
        yield exported.reason("exposed_headers", message)
    if more := sorted(sent - shown - http.SAFELISTED_RESPONSE_HEADERS):
        message = say(
            "Cloud Storage has one list for both ways: scripts may also read {more}.", more=", ".join(more)
        )
        yield exported.reason("allowed_headers", message)
    if policy.max_age is None:
        message = say("without it, Cloud Storage decides how long browsers keep the answer to a preflight.")
        yield exported.reason("max_age", message)
