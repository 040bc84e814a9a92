"""What do django-cors-headers and this middleware answer to one request, and which differences are meant?

Before you edit:

* A difference is one name: a header, ``vary``, or ``called`` (whether the view was). It is meant where one of
  :data:`INTENDED` names it for such a request, as narrowly as can be said. docs/migrating.md has each of them
  with its reason, under the same slug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from cors_policies.core.adoption.names import WITHOUT_LEAVE
from cors_policies.core.adoption.settings import DEFAULTS
from cors_policies.core.browser_request import parse_browser_request
from cors_policies.core.fetch_rules import passes_cors_check, passes_header_check, passes_method_check
from cors_policies.core.origins import parse_serialized_origin
from tests.helpers import cors_headers, vary
from tests.http.urls import own_headers, plain

APP: Final = "https://app.example"
ALLOW: Final = "access-control-allow-"
EXPOSE: Final = "access-control-expose-headers"
MAX_AGE: Final = "access-control-max-age"
SITES: Final[dict[str, dict[str, Any]]] = {
    "one-origin": {"CORS_ALLOWED_ORIGINS": [APP]},
    "everything": {
        "CORS_ALLOWED_ORIGINS": [APP],
        "CORS_ALLOW_CREDENTIALS": True,
        "CORS_ALLOW_HEADERS": ["Content-Type", "X-Token", "Cookie"],
        "CORS_ALLOW_METHODS": ["GET", "PUT", "put", "TRACE"],
        "CORS_ALLOW_PRIVATE_NETWORK": True,
        "CORS_EXPOSE_HEADERS": ["X-Total", "Content-Type"],
        "CORS_PREFLIGHT_MAX_AGE": 100_000,
        "CORS_URLS_REGEX": r"^/(api|open)/.*$",
    },
    "open": {"CORS_ALLOW_ALL_ORIGINS": True, "CORS_EXPOSE_HEADERS": ["x-total"]},
    "any-names": {
        "CORS_ALLOW_ALL_ORIGINS": True,
        "CORS_ALLOW_HEADERS": ["*"],
        "CORS_ALLOW_METHODS": ["*"],
        "CORS_EXPOSE_HEADERS": ["*"],
    },
    "literal-any": {
        "CORS_ALLOWED_ORIGINS": [APP],
        "CORS_ALLOW_CREDENTIALS": True,
        "CORS_ALLOW_HEADERS": ["*", "x-token"],
        "CORS_ALLOW_METHODS": ["*"],
        "CORS_EXPOSE_HEADERS": ["*"],
    },
    "unreadable": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_ALLOW_HEADERS": ["x token"]},
    "no-names": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_ALLOW_HEADERS": [], "CORS_PREFLIGHT_MAX_AGE": 0},
    "expressions": {
        "CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://\w+\.example", "null"],
        "CORS_URLS_REGEX": "^/api/",
    },
    "odd-origins": {"CORS_ALLOWED_ORIGINS": ["null", "https://*.example", "https://Other.example"]},
    "beginning": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_URLS_REGEX": "^/api"},
}
ORIGINS: Final = (
    None,
    "",
    APP,
    "null",
    "http://app.example",
    "https://evil.example.net",
    f"{APP}.evil.net",
    f"{APP}/page",
    "https://*.example",
    "https://Other.example",
    "https://a.example,https://b.example",
)
PATHS: Final = ("/", "/api", "/api/plain", "/apiary", "/api/own-headers", "/open/plain", "/api/a%0Ab")
METHODS: Final = ("GET", "POST", "PUT", "OPTIONS")
PREFLIGHTS: Final = (
    ("GET", "x-token"),
    ("PUT", None),
    ("PUT", "content-type"),
    ("DELETE", ""),
    ("PATCH", "x-other"),
    ("PUT", "x token"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The ``Origin``, empty where there is none."""
        return self.headers.get("origin", "")

    @property
    def requested_method(self) -> str | None:
        """What a preflight asks for."""
        return self.headers.get("access-control-request-method")

    @property
    def is_preflight(self) -> bool:
        """Whether it is one to this middleware."""
        return self.method == "OPTIONS" and bool(self.origin) and self.requested_method is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a client can see of CORS in an answer, and whether the view was called for it."""

    headers: Mapping[str, str]
    vary: frozenset[str]
    called: bool

    def get(self, name: str) -> object:
        """A header, ``vary`` or ``called``."""
        return {"vary": self.vary, "called": self.called}.get(name, self.headers.get(name))


@dataclass(frozen=True, slots=True)
class Pair:
    """One request, and the answers of both."""

    site: str
    sent: Sent
    old: Answer
    new: Answer
    settings: Mapping[str, Any]

    @property
    def differences(self) -> Iterator[str]:
        """The names of what differs."""
        for name in sorted({*self.old.headers, *self.new.headers, "vary", "called"}):
            if self.old.get(name) != self.new.get(name):
                yield name


def requests() -> Iterator[Sent]:
    """Every request of the table."""
    for origin, path in product(ORIGINS, PATHS):
        headers = {} if origin is None else {"origin": origin}
        for method in METHODS:
            yield Sent(method, path, {**headers, "access-control-request-private-network": "true"})
        for requested, names in PREFLIGHTS:
            asked = {**headers, "access-control-request-method": requested}
            yield Sent(
                "OPTIONS",
                path,
                asked if names is None else {**asked, "access-control-request-headers": names},
            )
        yield Sent(
            "OPTIONS",
            path,
            {
                **headers,
                "access-control-request-method": "GET",
                "access-control-request-private-network": "true",
            },
        )


Middleware = Callable[[HttpRequest], Any]


def ask(middleware: Callable[[Middleware], Middleware], sent: Sent) -> Answer:
    """The answer of a site with that middleware and nothing else."""
    calls: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponseBase:
        calls.append(request)
        return own_headers(request) if request.path_info.endswith("own-headers") else plain(request)

    request = RequestFactory().generic(sent.method, sent.path, headers=dict(sent.headers))
    response = middleware(view)(request)
    return Answer(cors_headers(response), frozenset(vary(response)), bool(calls))


def reads(send: Callable[[Sent], Answer], call: Mapping[str, Any]) -> bool:
    """Whether a browser would hand the response to the script that makes this call."""
    request = parse_browser_request(call)
    origin, credentials = call["origin"], call["credentials"] == "include"
    if request.needs_preflight:
        asked = {"origin": origin, "access-control-request-method": request.sent_method}
        if request.unsafe_names:
            asked["access-control-request-headers"] = ",".join(request.unsafe_names)
        answer = _browser_headers(send(Sent("OPTIONS", call["path"], asked)))
        if not (
            passes_cors_check(answer, origin, credentials=credentials)
            and passes_method_check(answer, request.sent_method, credentials=credentials)
            and passes_header_check(answer, request.unsafe_names, credentials=credentials)
        ):
            return False
    answer = _browser_headers(send(Sent(request.sent_method, call["path"], {"origin": origin})))
    return passes_cors_check(answer, origin, credentials=credentials)


def _browser_headers(answer: Answer) -> dict[str, str]:
    return {
        "-".join(part.capitalize() for part in name.split("-")): value
        for name, value in answer.headers.items()
    }


@dataclass(frozen=True, slots=True)
class Intended:
    """Differences that are meant: the beginnings of their names, and for which requests."""

    slug: str
    names: tuple[str, ...]
    holds: Callable[[Pair], bool]

    def explains(self, pair: Pair, name: str) -> bool:
        """Whether the difference is one of these."""
        return name.startswith(self.names) and self.holds(pair)


def _is_unserialized(pair: Pair) -> bool:
    origin = pair.sent.origin
    return origin not in {"", "null"} and parse_serialized_origin(origin) is None and not pair.new.headers


def _is_denied_method(pair: Pair) -> bool:
    allowed = {"GET", "HEAD", *pair.settings.get("CORS_ALLOW_METHODS", DEFAULTS["CORS_ALLOW_METHODS"])}
    is_actual = not pair.sent.is_preflight and pair.sent.origin != ""
    return is_actual and pair.sent.method not in allowed and not pair.new.headers


def _fails_anyway(pair: Pair) -> bool:
    """Whether a browser makes nothing of the preflight's answer that was sent before."""
    answer, method = _browser_headers(pair.old), pair.sent.requested_method or ""
    unsafe = [name for name in pair.sent.headers.get("access-control-request-headers", "").split(",") if name]
    passes = passes_method_check(answer, method, credentials=True)
    passes = passes and passes_header_check(answer, unsafe, credentials=True)
    return pair.sent.is_preflight and not pair.new.headers and not passes


def _loses_idle_names(pair: Pair) -> bool:
    idle = {"cookie", "content-type", "put", "trace", "x-total", "x-token", "get"}
    return pair.site == "everything" and all(
        _names(pair.new, name) <= _names(pair.old, name) and _names(pair.old, name) <= idle for name in LISTS
    )


def _spells_out(pair: Pair) -> bool:
    asked = {pair.sent.requested_method, pair.sent.headers.get("access-control-request-headers") or None}
    lists = [pair.new.get(name) for name in (f"{ALLOW}methods", f"{ALLOW}headers")]
    return pair.sent.is_preflight and pair.old.get(f"{ALLOW}methods") == "*" and {*lists} <= {*asked, None}


def _names(answer: Answer, name: str) -> set[str]:
    return {part.lower() for part in answer.headers.get(name, "").split(", ") if part}


def _is_actual_options(pair: Pair) -> bool:
    return pair.sent.method == "OPTIONS" and not pair.sent.is_preflight


ORIGIN: Final = f"{ALLOW}origin"
LISTS: Final = (f"{ALLOW}headers", f"{ALLOW}methods", EXPOSE)
WIDER: Final = frozenset({"slash-at-the-end", "line-break-in-a-path"})
"""What lets a browser read more than before."""
NARROWER: Final = frozenset(
    {"methods-are-checked", "anchored-expressions", "null-and-expressions", "any-name-beside-credentials"}
)
"""What lets a browser read less."""
INTENDED: Final = (
    Intended(
        "slash-at-the-end",
        ("",),
        lambda pair: pair.sent.path == "/api" and pair.site in {"everything", "expressions"},
    ),
    Intended("line-break-in-a-path", ("",), lambda pair: "%0A" in pair.sent.path),
    Intended("methods-are-checked", ("access-control",), _is_denied_method),
    Intended(
        "anchored-expressions",
        ("access-control",),
        lambda pair: pair.site == "expressions" and pair.sent.origin.endswith(".net"),
    ),
    Intended(
        "null-and-expressions",
        ("access-control",),
        lambda pair: pair.site == "expressions" and pair.sent.origin == "null",
    ),
    Intended("any-name-beside-credentials", LISTS, lambda pair: pair.site == "literal-any"),
    Intended(
        "any-name-beside-credentials",
        ("access-control",),
        lambda pair: pair.site == "literal-any" and not pair.new.headers and pair.sent.origin == APP,
    ),
    Intended("no-serialized-origin", ("access-control",), _is_unserialized),
    Intended(
        "headers-of-the-view",
        ("access-control",),
        lambda pair: pair.new.called and pair.sent.path.endswith("own-headers"),
    ),
    Intended("denied-preflight", ("access-control",), _fails_anyway),
    Intended(
        "preflight-without-origin",
        ("called",),
        lambda pair: not pair.sent.origin and pair.sent.requested_method is not None and pair.new.called,
    ),
    Intended(
        "options-that-asks-nothing", (f"{ALLOW}headers", f"{ALLOW}methods", MAX_AGE), _is_actual_options
    ),
    Intended(
        "origin-named-in-preflights",
        (ORIGIN,),
        lambda pair: (
            pair.sent.is_preflight and (pair.old.get(ORIGIN), pair.new.get(ORIGIN)) == ("*", pair.sent.origin)
        ),
    ),
    Intended(
        "nothing-exposed-by-preflights",
        (EXPOSE,),
        lambda pair: pair.sent.is_preflight and pair.new.get(EXPOSE) is None,
    ),
    Intended("any-name-spelled-out", (f"{ALLOW}headers", f"{ALLOW}methods"), _spells_out),
    Intended(
        "any-origin-without-origin",
        (ORIGIN, EXPOSE),
        lambda pair: not pair.sent.origin and pair.new.get(ORIGIN) == "*",
    ),
    Intended(
        "vary-beside-any-origin",
        ("vary",),
        lambda pair: pair.new.get(ORIGIN) == "*" and pair.new.vary == pair.old.vary - {"origin"},
    ),
    Intended(
        "vary-of-preflights", ("vary",), lambda pair: pair.sent.is_preflight and pair.new.vary > pair.old.vary
    ),
    Intended(
        "private-network-in-preflights",
        (f"{ALLOW}private-network",),
        lambda pair: not pair.sent.is_preflight and pair.new.get(f"{ALLOW}private-network") is None,
    ),
    Intended("idle-names", LISTS, _loses_idle_names),
    Intended(
        "empty-list",
        (f"{ALLOW}headers",),
        lambda pair: (pair.old.get(f"{ALLOW}headers"), pair.new.get(f"{ALLOW}headers")) == ("", None),
    ),
    Intended(
        "unreadable-list",
        ("access-control",),
        lambda pair: (
            pair.site == "unreadable" and (pair.sent.is_preflight or pair.sent.method not in WITHOUT_LEAVE)
        ),
    ),
    Intended(
        "longest-max-age",
        (MAX_AGE,),
        lambda pair: (pair.old.get(MAX_AGE), pair.new.get(MAX_AGE)) == ("100000", "86400"),
    ),
)
