"""Which ``CORSRules`` of Amazon S3 do what the policies of a path say?

The document is what ``aws s3api put-bucket-cors --cors-configuration`` takes.

Before you edit:

* The rules and limits are those of the API reference (PutBucketCors, CORSRule) and of the user guide
  (Elements of a CORS configuration): 100 rules, 64 KB, five methods, one ``*`` in an origin or a
  request-header name, none in a response-header name.
* A ``*`` of S3 stands for any characters, dots too. In place of ``*.`` that makes no difference to origins
  that browsers send; inside a label it would let in hosts of strangers.
* S3 sends ``Access-Control-Allow-Credentials: true`` with every origin that it names. That is remarked on.
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
from cors_policies.core.origins import OriginKind, OriginPattern
from cors_policies.core.texts import say

SERVICE: Final = "S3"
METHODS: Final = ("GET", "HEAD", "PUT", "POST", "DELETE")
MAX_RULES: Final = 100
MAX_BYTES: Final = 64 * 1024

_STAR: Final = "*"
_MARKUP: Final = len("<AllowedOrigin></AllowedOrigin>")
_Rule = dict[str, Any]


def export_s3(groups: Sequence[ExportedGroup], chosen: ExportedGroup) -> BucketExport:
    """The configuration of a bucket for the chosen path group.

    Raises :class:`InexpressibleError` with everything that S3 cannot do.
    """
    reasons = check_bucket(SERVICE, groups, chosen, _lets_more)
    reasons += [reason for exported in chosen.policies for reason in _policy_reasons(exported)]
    raise_any(reasons)
    rules = [_rule(exported) for exported in chosen.policies if exported.origins and exported.methods]
    raise_any(_limit_reasons(rules))
    remarks = tuple(remark for exported in chosen.policies for remark in _remarks(exported))
    return BucketExport({"CORSRules": rules}, remarks)


def _rule(exported: ExportedPolicy) -> _Rule:
    policy = exported.policy
    any_header = http.ANY in policy.allowed_headers
    rule: _Rule = {
        "ID": policy.name,
        "AllowedOrigins": _origins(exported),
        "AllowedMethods": list(METHODS if http.ANY in exported.methods else exported.methods),
        "AllowedHeaders": [_STAR] if any_header else list(policy.allowed_headers),
        "ExposeHeaders": list(policy.exposed_headers),
        "MaxAgeSeconds": policy.max_age,
    }
    return {key: value for key, value in rule.items() if value not in (None, [])}


def _origins(exported: ExportedPolicy) -> list[str]:
    if has_any_origin(exported):
        return [_STAR]
    texts = [text for _, pattern in exported.origins for text in _texts(pattern)]
    return list(dict.fromkeys(texts))


def _texts(pattern: OriginPattern) -> tuple[str, ...]:
    """S3's ``:*`` wants a port to be there."""
    if pattern.port == _STAR:
        return (pattern.text.removesuffix(":*"), pattern.text)
    return (pattern.text,)


def _lets_more(one: ExportedPolicy, other: ExportedPolicy) -> bool:
    if allows_more_methods(one, other):
        return True
    mine, theirs = set(one.policy.allowed_headers), set(other.policy.allowed_headers)
    return http.ANY not in theirs and not mine <= theirs


def _policy_reasons(exported: ExportedPolicy) -> Iterator[Reason]:
    for field, pattern in exported.origins:
        message = _origin_problem(pattern)
        if message:
            yield exported.reason(field, say("{pattern}: {fault}", pattern=pattern.text, fault=message))
    for method in exported.methods:
        if method not in {*METHODS, http.ANY}:
            message = say(
                "S3 knows {methods} only. Remove {method}.", methods=", ".join(METHODS), method=method
            )
            yield exported.reason("allowed_methods", message)
    yield from _header_reasons(exported)


def _origin_problem(pattern: OriginPattern) -> str:
    if pattern.text.count(_STAR) > 1:
        return say("S3 takes one * in an origin. Write the ports that are used.")
    if pattern.kind is OriginKind.LABEL:
        return say(
            "a * of S3 stands for dots too, and would match other hosts. Write the origins one by one."
        )
    return ""


def _header_reasons(exported: ExportedPolicy) -> Iterator[Reason]:
    headers = exported.policy.allowed_headers
    if http.ANY in headers and http.NON_WILDCARD_REQUEST_HEADER not in headers:
        message = say(
            "a * of S3 covers authorization, too. List authorization beside it, or write the names."
        )
        yield exported.reason("allowed_headers", message)
    if any(_STAR in name and name != http.ANY for name in headers):
        message = say("S3 takes a * inside a name for a wildcard. Remove such names.")
        yield exported.reason("allowed_headers", message)
    if any(_STAR in name for name in exported.policy.exposed_headers):
        yield exported.reason("exposed_headers", say("S3 takes no * here. Write the names."))


def _limit_reasons(rules: list[_Rule]) -> Iterator[Reason]:
    if not rules:
        message = say(
            "Nobody is let in, and S3 takes no configuration without a rule. Use delete-bucket-cors instead."
        )
        yield Reason("", "", message)
    if len(rules) > MAX_RULES:
        yield Reason(
            "",
            "",
            say(
                "S3 takes {limit} rules, and these are {count}. Use fewer policies.",
                limit=MAX_RULES,
                count=len(rules),
            ),
        )
    if sum(map(_size, rules)) > MAX_BYTES:
        yield Reason(
            "", "", say("S3 takes {limit} KB. Use wildcards, or fewer origins.", limit=MAX_BYTES // 1024)
        )


def _size(rule: _Rule) -> int:
    """At most so many bytes as XML, which is what S3 counts."""
    values = [value for entry in rule.values() for value in (entry if isinstance(entry, list) else [entry])]
    return 2 * _MARKUP + sum(_MARKUP + len(str(value)) for value in values)


def _remarks(exported: ExportedPolicy) -> Iterator[Reason]:
    if exported.origins and not has_any_origin(exported) and not exported.policy.allow_credentials:
        message = say(
            "S3 sends Access-Control-Allow-Credentials: true to each of these origins all the same."
        )
        yield exported.reason("allow_credentials", message)
    if http.ANY in exported.methods:
        message = say("S3 knows {methods} only: these are allowed.", methods=", ".join(METHODS))
        yield exported.reason("allowed_methods", message)
