"""What do S3 and Cloud Storage answer, by the rules that they publish?

Before you edit: these are models of other people's services, written from their documentation and from
nothing of ours. A rule that is not documented is not modelled.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

Rule = dict[str, Any]
S3_METHODS = {"GET", "PUT", "POST", "DELETE", "HEAD"}
S3_KEYS = {"ID", "AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders", "MaxAgeSeconds"}


class BucketRequest(NamedTuple):
    """A CORS request; ``names`` are those of a preflight."""

    origin: str
    method: str
    names: tuple[str, ...] = ()


class BucketAnswer(NamedTuple):
    """What a browser learns: whether it may go on, and which names it may show."""

    allowed: bool
    credentials: bool = False
    exposed: frozenset[str] = frozenset()
    max_age: int | None = None


NOTHING = BucketAnswer(allowed=False)


def check_s3(document: Any) -> None:
    """The limits of the API reference."""
    assert set(document) == {"CORSRules"}
    rules = document["CORSRules"]
    assert 1 <= len(rules) <= 100
    for rule in rules:
        assert {"AllowedOrigins", "AllowedMethods"} <= set(rule) <= S3_KEYS
        assert len(rule["ID"]) <= 255
        assert set(rule["AllowedMethods"]) <= S3_METHODS
        assert all(text.count("*") <= 1 for text in rule["AllowedOrigins"] + rule.get("AllowedHeaders", []))
        assert not any("*" in text for text in rule.get("ExposeHeaders", []))
        assert isinstance(rule.get("MaxAgeSeconds", 0), int)
        assert all(value not in (None, []) for value in rule.values())


def s3_answer(document: Any, request: BucketRequest) -> BucketAnswer:
    """The first rule that matches origin, method and every requested name answers."""
    for rule in document["CORSRules"]:
        origin = next((text for text in rule["AllowedOrigins"] if _like(text, request.origin)), None)
        if (
            origin is not None
            and request.method in rule["AllowedMethods"]
            and all(_is_one(name, rule.get("AllowedHeaders", ())) for name in request.names)
        ):
            exposed = frozenset(rule.get("ExposeHeaders", ()))
            return BucketAnswer(True, origin != "*", exposed, rule.get("MaxAgeSeconds"))
    return NOTHING


def check_gcs(entries: Any) -> None:
    """What the reference says of an entry."""
    for entry in entries:
        assert {"origin", "method"} <= set(entry) <= {"origin", "method", "responseHeader", "maxAgeSeconds"}
        assert not any("*" in text for text in entry["origin"] if text != "*")
        assert not any("*" in text for text in entry.get("responseHeader", ()))
        assert all(value not in (None, []) for value in entry.values())


def gcs_answer(entries: Sequence[Rule], request: BucketRequest) -> BucketAnswer:
    """The first entry that has origin and method answers; a browser looks for its names in the one list."""
    for entry in entries:
        if _has(entry["origin"], request.origin) and _has(entry["method"], request.method):
            listed = frozenset(entry.get("responseHeader", ()))
            if listed.issuperset(request.names):
                return BucketAnswer(True, False, listed, entry.get("maxAgeSeconds"))
            return NOTHING
    return NOTHING


def _has(listed: Iterable[str], value: str) -> bool:
    return "*" in listed or value in listed


def _is_one(name: str, patterns: Iterable[str]) -> bool:
    return any(_like(pattern, name) for pattern in patterns)


def _like(pattern: str, text: str) -> bool:
    """A ``*`` stands for any characters."""
    escaped = re.sub(r"[\[?]", lambda found: f"[{found[0]}]", pattern)
    return fnmatch.fnmatchcase(text, escaped)
