"""What do origins, hosts, policies and requests look like, for tests that try many?

Before you edit:

* The alphabets are small and unkind on purpose: a property proves something only where patterns and requests
  meet, and they meet rarely among random letters.
* ``policy_documents`` are valid, in whatever combination; what is refused has its tables in ``tests/core``.
"""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from cors_policies.core.engine import StatedFacts

Document = dict[str, Any]

LABELS = ("a", "b", "aa", "a-b", "x-a", "a_b", "app-1", "xn--bcher-kva")
DOMAINS = ("a.test", "b.test", "example.com", "b.example.com", "a.b.example.com", "localhost")
ADDRESSES = ("127.0.0.1", "10.0.0.1", "[::1]", "[2001:db8::1]")
SCHEMES = ("http", "https", "wss", "moz-extension", "app")
PORTS = ("", ":80", ":443", ":8080", ":65535")
EXPRESSIONS = (
    r"~https://[a-z]+\.example\.com",
    r"~https://(a|b)\.test(:[0-9]+)?",
    r"~[a-z-]+://a\.test",
    r"~https://a",
    r"~.*",
    r"~null",
)

HOSTS = ("", "", "", "", "", "", "a.test", "*.test", "*.a.test", "b.a.test", "[::1]")
REQUEST_HOSTS = (
    "",
    "a.test",
    "a.test",
    "A.Test:8080",
    "b.a.test:443",
    "b.a.test",
    "c.b.a.test:80",
    "test",
    "xa.test",
    "[::1]:8080",
)
PATHS = (
    "/**",
    "/**",
    "/**",
    "/a",
    "/a/**",
    "/a/b",
    "/a/*",
    "/*",
    "/a/**",
    "/**/b",
    "/a*",
    "/*b/**",
    "/*/b",
    "/",
    "/a/**/b",
)
REQUEST_PATHS = (
    "/a",
    "/a/",
    "/a/b",
    "/a/b/",
    "/b",
    "/ab",
    "/aab/b",
    "/a//b",
    "/a/a/b",
    "/c/d",
    "/",
    "//",
    "*",
    "",
)
MEETING_PATTERNS = (
    "*",
    "null",
    "https://a.test",
    "https://b.a.test",
    "https://b.a.test:8080",
    "https://*.a.test",
    "https://*.test:*",
    "https://a*.a.test",
    "https://*b.a.test:8080",
    "http://a.test:*",
    "http://[::1]:8080",
    "app://*",
    r"~https://(a|b)\.test(:[0-9]+)?",
    r"~[a-z]+://a\.test",
)
MEETING_ORIGINS = (
    "https://a.test",
    "https://b.a.test",
    "https://b.a.test:8080",
    "https://aab.a.test",
    "https://c.b.a.test:8080",
    "http://a.test",
    "http://a.test:8080",
    "http://[::1]:8080",
    "app://a.test",
    "null",
)

TRUSTED_PATTERNS = (
    "https://a.test",
    "https://b.a.test:8080",
    "https://*.a.test",
    "https://*.test:*",
    "https://a*.a.test",
    "http://[::1]:8080",
)
"""What the CSRF check may trust, too."""
ENDS = ("2030-01-31T18:00:00Z", "2030-01-31T20:00:00.5+02:00")
"""When a policy expires: later than any set of these tests is compiled for."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "PURGE")
HEADER_NAMES = ("content-type", "x-a", "x-b", "authorization")


# ------------------------------------------------------------------ origins


def hosts() -> st.SearchStrategy[str]:
    """Canonical hosts."""
    names = st.builds("{}.{}".format, st.sampled_from(LABELS), st.sampled_from(DOMAINS))
    return st.one_of(st.sampled_from(DOMAINS), st.sampled_from(ADDRESSES), names)


def serialized_origins() -> st.SearchStrategy[str]:
    """What browsers send, and now and then its neighbour: a default port, which they leave out."""
    return st.builds("{}://{}{}".format, st.sampled_from(SCHEMES), hosts(), st.sampled_from(PORTS))


def request_origins() -> st.SearchStrategy[str]:
    """What a client may put into ``Origin``."""
    unruly = st.sampled_from(
        (
            "null",
            "NULL",
            "*",
            "",
            "https://A.test",
            "https://a.test/",
            "https://a.test.",
            "https://.a.test",
            "https://a..test",
            "https://a.test:",
            "https://a.test:080",
            "https://a.test:65536",
            "https://a.test,https://b.test",
            " https://a.test",
            "https://a.test\n",
            "https://\u00e9.test",
            "https://1.2.3",
            "https://[::0001]",
            "https://u@a.test",
            "file://a.test",
            "moz-extension://*",
            "https://a.test" + "a" * 512,
        )
    )
    visible = st.text(string.ascii_lowercase + string.digits + "-._:/[]*~", max_size=20)
    return st.one_of(serialized_origins(), serialized_origins(), unruly, visible)


def origin_patterns() -> st.SearchStrategy[str]:
    """Every form of a pattern, some of them not yet normalised."""
    wildcards = st.sampled_from(("*.", "*.", "a*.", "*-a.", "a-*.", "a*b.", "*b."))
    ports = st.sampled_from((*PORTS, ":*"))
    scheme = st.sampled_from(SCHEMES)
    return st.one_of(
        st.builds("{}://{}{}".format, scheme, hosts(), ports),
        st.builds("{}://{}{}{}".format, scheme, wildcards, st.sampled_from(DOMAINS), ports),
        st.sampled_from(("*", "null", "moz-extension://*", "app://*", "https://a*", " HTTPS://A.Test/ ")),
        st.sampled_from(EXPRESSIONS),
    )


def near_patterns() -> st.SearchStrategy[str]:
    """Texts of the letters that patterns are made of; most of them are none."""
    letters = (
        string.ascii_letters
        + string.digits
        + " *~/.:-_@?#%[]\\\u00e9\u00df\u0130\u212a\u017f\u3002\uff0e\u200d\ud800\x00\n"
    )
    pieces = st.sampled_from(
        ("https://", "http://[", "xn--", "*.", ".com", "://", "null", "~", ":443", "a" * 63)
    )
    return st.lists(st.one_of(pieces, st.text(letters, max_size=5)), max_size=6).map("".join)


# ----------------------------------------------------------------- policies


def _lists(*entries: str, min_size: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(entries), min_size=min_size, max_size=4)


_OPTIONAL_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "mode": st.sampled_from(("live", "live", "live", "off")),
    "host": st.sampled_from(HOSTS),
    "priority": st.sampled_from((100, 1, 200)),
    "allowed_methods": st.one_of(st.just(["*"]), _lists(*METHODS, "get", "*")),
    "allowed_headers": st.one_of(st.just(["*", "authorization"]), _lists(*HEADER_NAMES, "X-B", "*")),
    "max_age": st.sampled_from((None, 0, 600)),
    "expires_at": st.sampled_from((None, *ENDS)),
    "allow_private_network": st.booleans(),
    "reject_denied": st.booleans(),
    "resource_policy": st.sampled_from((None, "same-origin", "same-site", "cross-origin")),
    "timing_allow_origin": st.booleans(),
}
_WITHOUT_CREDENTIALS: dict[str, st.SearchStrategy[Any]] = {
    "allowed_origins": st.one_of(
        st.just(["*"]), _lists(*MEETING_PATTERNS, min_size=1), _lists(*MEETING_PATTERNS)
    ),
    "origin_groups": _lists("one", "two"),
    "exposed_headers": _lists("x-a", "X-B", "content-length", "*"),
}
_WITH_CREDENTIALS: dict[str, st.SearchStrategy[Any]] = {
    "allow_credentials": st.just(True),
    "allowed_origins": _lists(*sorted(set(MEETING_PATTERNS) - {"*", "null", "app://*"}), min_size=1),
    "exposed_headers": _lists("x-a", "X-B"),
    "tolerate_insecure_origins": st.just(True),
    "tolerate_public_suffixes": st.just(True),
    "tolerate_credentialed_regex": st.just(True),
}
_TRUSTING = _WITH_CREDENTIALS | {
    "allowed_origins": _lists(*TRUSTED_PATTERNS, min_size=1),
    "trust_for_csrf": st.just(True),
}


def policy_documents() -> st.SearchStrategy[Document]:
    """Valid policies without their names, which may name the groups ``one`` and ``two``."""
    path: dict[str, st.SearchStrategy[Any]] = {"path": st.sampled_from(PATHS)}
    return st.one_of(
        st.fixed_dictionaries(path | _WITHOUT_CREDENTIALS, optional=_OPTIONAL_KEYS),
        st.fixed_dictionaries(path | _WITH_CREDENTIALS, optional=_OPTIONAL_KEYS),
        st.fixed_dictionaries(path | _TRUSTING, optional=_OPTIONAL_KEYS),
    )


def group_documents() -> st.SearchStrategy[list[Document]]:
    """The origin groups ``one`` and ``two``."""
    origins = _lists(*MEETING_PATTERNS)
    return st.builds(
        lambda one, two: [{"name": "one", "origins": one}, {"name": "two", "origins": two}], origins, origins
    )


@st.composite
def policy_set_documents(draw: st.DrawFn, max_size: int = 5) -> Document:
    """A valid policy set document. Hosts and paths are few, so that policies share path groups."""
    policies = draw(st.lists(policy_documents(), min_size=1, max_size=max_size))
    numbers = draw(st.permutations(range(len(policies))))
    named = [{"name": f"p{number}", **document} for number, document in zip(numbers, policies, strict=True)]
    return {"origin_groups": draw(group_documents()), "policies": named}


# ----------------------------------------------------------------- requests


def requested_headers() -> st.SearchStrategy[str]:
    """Values of ``Access-Control-Request-Headers``."""
    names = st.sampled_from((*HEADER_NAMES, "X-A", "Content-Type", " x-b\t", "", "*", "x a", "\u00e9"))
    return st.lists(names, max_size=4).map(",".join)


def stated_facts() -> st.SearchStrategy[StatedFacts]:
    """Requests, preflights among them, some of them malformed."""
    methods = st.sampled_from((*METHODS, "patch", "*", "", "NO TOKEN"))
    origin = st.one_of(st.sampled_from(MEETING_ORIGINS), st.sampled_from(MEETING_ORIGINS), request_origins())
    preflights = st.builds(
        _facts,
        method=st.just("OPTIONS"),
        origin=origin,
        requested_method=st.one_of(st.sampled_from(METHODS), methods),
        requested_headers=st.one_of(st.none(), requested_headers()),
        wants_private_network=st.booleans(),
        target=_TARGETS,
    )
    others = st.builds(
        _facts,
        method=st.one_of(st.sampled_from(METHODS), methods),
        origin=st.one_of(st.none(), origin, origin),
        requested_method=st.sampled_from((None, None, "GET")),
        target=_TARGETS,
    )
    return st.one_of(preflights, preflights, others)


_TARGETS = st.tuples(
    st.sampled_from(REQUEST_PATHS), st.sampled_from(("http", "https")), st.sampled_from(REQUEST_HOSTS)
)


def _facts(target: tuple[str, str, str], **stated: Any) -> StatedFacts:
    path, scheme, host = target
    return StatedFacts(path=path, scheme=scheme, host=host, **stated)
