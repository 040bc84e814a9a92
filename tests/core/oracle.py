"""What does the written meaning of a policy say, read as plainly as it can be?

A second, slow implementation of selection, of origin patterns and of the answers, for properties to compare
core with. It works on JSON documents and knows nothing of the core's modules.

Before you edit:

* No import from ``cors_policies``: what both sides share, neither of them proves.
* Each function is one paragraph of the description. Where that is plain, so is the code; speed is no aim.
* Expressions are tried with Python's ``re``, so the strategies keep to those that mean the same to RE2.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import Any

Document = Mapping[str, Any]

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


@dataclass(frozen=True)
class Request:
    """A request as it reaches the site."""

    method: str
    path: str
    origin: str | None = None
    requested_method: str | None = None
    requested_headers: str | None = None
    wants_private_network: bool = False
    scheme: str = "https"
    host: str = ""


@dataclass(frozen=True)
class Answer:
    """What the client gets, and why."""

    reason: str
    policy: str | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    vary: frozenset[str] = frozenset()


# ------------------------------------------------------------------ origins


def is_serialized_origin(text: str) -> bool:
    """Whether a browser could send the text for a page that is not opaque."""
    match = re.fullmatch(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:]+\]|[a-z0-9_.-]+)(?::([1-9][0-9]*))?", text)
    if match is None or match[1] in {"file", "data", "blob", "javascript", "about"}:
        return False
    if match[3] is not None and (int(match[3]) > 65535 or int(match[3]) == DEFAULT_PORTS.get(match[1])):
        return False
    return _is_serialized_address(match[2]) if match[2].startswith("[") else _is_serialized_name(match[2])


def _is_serialized_address(host: str) -> bool:
    try:
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]" == host
    except ValueError:
        return False


def _is_serialized_name(host: str) -> bool:
    labels = host.split(".")
    if "" in labels:
        return False
    if re.fullmatch("[0-9]+|0x[0-9a-f]*", labels[-1]) is None:
        return True
    return (
        len(labels) == 4
        and all(label.isdigit() and str(int(label)) == label for label in labels)
        and all(int(label) <= 255 for label in labels)
    )


def origin_matches(pattern: str, origin: str) -> bool:
    """Whether a pattern in its stored form matches the ``Origin`` of a request."""
    if re.fullmatch(r"[\x21-\x7e]{1,512}", origin) is None or "," in origin:
        return False
    if pattern == "*":
        return True
    if pattern == "null" or origin == "null":
        return pattern == origin
    if not is_serialized_origin(origin):
        return False
    expression = pattern[1:] if pattern.startswith("~") else _as_expression(pattern)
    return re.fullmatch(expression, origin) is not None


def _as_expression(pattern: str) -> str:
    scheme, _, rest = pattern.partition("://")
    if rest == "*":
        return re.escape(scheme) + "://.*"
    host, port = re.fullmatch(r"(\[.*\]|[^:]*)(:.*)?", rest).groups("")  # type: ignore[union-attr]
    if host.startswith("*."):
        name = r"[a-z0-9_-]+(\.[a-z0-9_-]+)*" + re.escape(host[1:])
    else:
        name = "[a-z0-9-]+".join(map(re.escape, host.split("*")))
    return re.escape(scheme) + "://" + name + ("(:[0-9]+)?" if port == ":*" else port)


# -------------------------------------------------------------------- paths


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path pattern matches Django's decoded path."""
    return path.startswith("/") and _segments_match(_segments(pattern), _segments(path))


def _segments(path: str) -> list[str]:
    rest = path[1:].removesuffix("/")
    return rest.split("/") if rest else []


def _segments_match(pattern: Sequence[str], path: Sequence[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_segments_match(pattern[1:], path[taken:]) for taken in range(len(path) + 1))
    return bool(path) and _segment_matches(pattern[0], path[0]) and _segments_match(pattern[1:], path[1:])


def _segment_matches(pattern: str, text: str) -> bool:
    if pattern == "*":
        return text != ""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def compare_paths(one: str, other: str) -> int:
    """Negative where ``one`` is the more specific of two patterns that both match."""
    for left, right in zip([*_segments(one), None], [*_segments(other), None], strict=False):
        if left != right:
            return -1 if _segment_order(left) < _segment_order(right) else 1
    return 0


def _segment_order(segment: str | None) -> tuple[int, int, str]:
    if segment is None:
        return (3, 0, "")
    if segment in {"*", "**"}:
        return (2 if segment == "*" else 4, 0, "")
    return (1 if "*" in segment else 0, -len(segment.replace("*", "")), segment)


# ---------------------------------------------------------------- selection


def path_group(policies: Iterable[Document], request: Request) -> list[Document]:
    """The policies that govern the path, in the order in which they are tried."""
    live = [policy for policy in policies if policy["mode"] == "live"]
    host = re.sub(r":[0-9]*$", "", request.host.lower())
    for pattern in sorted({policy["host"] for policy in live}, key=lambda text: _host_order(text, host)):
        if _host_matches(pattern, host):
            here = [policy for policy in live if policy["host"] == pattern]
            paths = {policy["path"] for policy in here if path_matches(policy["path"], request.path)}
            if paths:
                best = min(paths, key=cmp_to_key(compare_paths))
                group = [policy for policy in here if policy["path"] == best]
                return sorted(group, key=lambda policy: (policy["priority"], policy["name"]))
    return []


def _host_matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern in ("", host)


def _host_order(pattern: str, host: str) -> tuple[bool, int]:
    return (pattern != host, -len(pattern))


def origins_of(policy: Document, groups: Mapping[str, Document]) -> list[str]:
    """All origin patterns of a policy, those of its groups too."""
    shared = [origin for name in policy["origin_groups"] for origin in groups[name]["origins"]]
    return [*policy["allowed_origins"], *shared]


# ------------------------------------------------------------------ answers


def decide(policies: Iterable[Document], groups: Mapping[str, Document], request: Request) -> Answer:
    """The answer to a request."""
    group = path_group(policies, request)
    if not group:
        return Answer("ungoverned")
    origin = request.origin or None
    if origin is None:
        return _answer_without_origin("not-cors", group, groups, request)
    governing = [
        policy for policy in group if any(origin_matches(text, origin) for text in origins_of(policy, groups))
    ]
    policy = governing[0] if governing else None
    if request.method == "OPTIONS" and request.requested_method is not None:
        return _answer_preflight(policy, request)
    return _answer_actual(policy, group, groups, request)


def _answer_without_origin(
    reason: str, group: Sequence[Document], groups: Mapping[str, Document], request: Request
) -> Answer:
    sole = group[0]
    if _is_open(sole, group, groups) and _allows_method(sole, request.method):
        headers = {"Access-Control-Allow-Origin": "*", **_exposed(sole), **_timing(sole, "*")}
        return Answer(reason, headers=headers | _embedding(group))
    return Answer(reason, headers=_embedding(group), vary=frozenset({"Origin"}))


def _is_open(policy: Document, group: Sequence[Document], groups: Mapping[str, Document]) -> bool:
    return len(group) == 1 and not policy["allow_credentials"] and "*" in origins_of(policy, groups)


def _answer_actual(
    policy: Document | None, group: Sequence[Document], groups: Mapping[str, Document], request: Request
) -> Answer:
    if policy is not None and _allows_method(policy, request.method):
        is_open = _is_open(policy, group, groups)
        reader = "*" if is_open else str(request.origin)
        headers = {
            "Access-Control-Allow-Origin": reader,
            **_exposed(policy),
            **_timing(policy, reader),
            **_embedding(group),
        }
        if policy["allow_credentials"]:
            headers["Access-Control-Allow-Credentials"] = "true"
        return Answer("allowed", policy["name"], None, headers, frozenset(() if is_open else {"Origin"}))
    if _is_same_origin(request):
        return _answer_without_origin("same-origin", group, groups, request)
    rejecting = [policy] if policy is not None else group
    return Answer(
        "origin-not-allowed" if policy is None else "method-not-allowed",
        policy["name"] if policy is not None else None,
        403 if any(each["reject_denied"] for each in rejecting) else None,
        _embedding(group),
        vary=frozenset({"Origin"}),
    )


def _answer_preflight(policy: Document | None, request: Request) -> Answer:
    vary = {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}
    if policy is None:
        return Answer("origin-not-allowed", None, 200, vary=frozenset(vary))
    if policy["allow_private_network"]:
        vary.add("Access-Control-Request-Private-Network")
    reason = _preflight_reason(policy, request)
    headers = _preflight_headers(policy, request) if reason == "allowed" else {}
    return Answer(reason, policy["name"], 200, headers, frozenset(vary))


def _preflight_reason(policy: Document, request: Request) -> str:
    if not _allows_method(policy, request.requested_method or ""):
        return "method-not-allowed"
    names = _requested_names(request)
    is_token = all(re.fullmatch(TOKEN, name) for name in names)
    if not is_token or len(names) > 64 or len(request.requested_headers or "") > 4096:
        return "bad-request-headers"
    if not all(_allows_header(policy, name) for name in names):
        return "header-not-allowed"
    return "allowed"


def _requested_names(request: Request) -> list[str]:
    names = [name.strip(" \t") for name in (request.requested_headers or "").split(",")]
    return [name.lower() for name in names if name]


def _allows_header(policy: Document, name: str) -> bool:
    allowed = policy["allowed_headers"]
    if "*" in allowed and name not in {"authorization", "*"}:
        return True
    return name != "*" and name in allowed


def _allows_method(policy: Document, method: str) -> bool:
    allowed = policy["allowed_methods"]
    if "*" in allowed:
        return method != "*" and re.fullmatch(TOKEN, method) is not None
    return method in allowed or (method == "HEAD" and "GET" in allowed)


def _preflight_headers(policy: Document, request: Request) -> dict[str, str]:
    any_method, any_header = "*" in policy["allowed_methods"], "*" in policy["allowed_headers"]
    names = dict.fromkeys(_requested_names(request)) if any_header else policy["allowed_headers"]
    headers = {
        "Access-Control-Allow-Origin": str(request.origin),
        "Access-Control-Allow-Methods": str(request.requested_method)
        if any_method
        else ", ".join(policy["allowed_methods"]),
    }
    if names:
        headers["Access-Control-Allow-Headers"] = ", ".join(names)
    if policy["max_age"] is not None:
        headers["Access-Control-Max-Age"] = str(policy["max_age"])
    if policy["allow_credentials"]:
        headers["Access-Control-Allow-Credentials"] = "true"
    if policy["allow_private_network"] and request.wants_private_network:
        headers["Access-Control-Allow-Private-Network"] = "true"
    return headers


def _exposed(policy: Document) -> dict[str, str]:
    names = policy["exposed_headers"]
    return {"Access-Control-Expose-Headers": ", ".join(names)} if names else {}


def _timing(policy: Document, reader: str) -> dict[str, str]:
    return {"Timing-Allow-Origin": reader} if policy.get("timing_allow_origin") else {}


def _embedding(group: Sequence[Document]) -> dict[str, str]:
    """What the first policy that says anything of embedding says, whoever governs."""
    said = [policy["resource_policy"] for policy in group if policy.get("resource_policy")]
    return {"Cross-Origin-Resource-Policy": said[0]} if said else {}


def _is_same_origin(request: Request) -> bool:
    origin = request.origin or ""
    if not is_serialized_origin(origin) or not request.host:
        return False
    return _tuple_origin(origin) == _tuple_origin(f"{request.scheme}://{request.host.lower()}")


def _tuple_origin(text: str) -> tuple[str, str, int | None]:
    scheme, host, port = re.fullmatch(r"([^:]+)://(\[.*\]|[^:]*)(?::([0-9]+))?", text).groups()  # type: ignore[union-attr]
    return scheme, host, int(port) if port else DEFAULT_PORTS.get(scheme)
