"""Which policy sets are measured, and by which requests beside the usual ones?

Before you edit:

* Every set lets the same origin into the same path, so that its size and make are all that differs.
* The middleware keeps what it has decided. So a set is asked by requests that are alike, and by some of which no two
  have the same path or the same origin: those find nothing kept.
* A hostile request is one that nobody sends twice, either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from django.conf import settings

from benchmarks.site import ALLOWED, ORIGIN, PREFLIGHT, Kind, preflight

Policies = Sequence[dict[str, Any]]
METHODS: Final = ["GET", "PUT"]
HEADERS: Final = ["content-type", "x-token"]
MANY: Final = 100_000
_DIFFERENT: Final = 20_000
_SEGMENTS: Final = 13


@cache
def compiled(name: str) -> Any:
    """The snapshot of a set of :data:`SHAPES`, made once."""
    from cors_policies.core.policy_set import parse_policy_set  # noqa: PLC0415 - Django is set up by now
    from cors_policies.core.snapshot import compile_snapshot  # noqa: PLC0415 - the same

    return compile_snapshot(parse_policy_set({"policies": [*SHAPES[name]()]}).policies, {})


def install(name: str) -> None:
    """Makes the process obey that set, and never look for another."""
    from cors_policies.store import store  # noqa: PLC0415 - Django is set up by now

    store.snapshot = compiled(name)
    store.due = float("inf")


def configure_theirs(origins: Sequence[str]) -> None:
    """The same rules for django-cors-headers, which reads the settings at every request."""
    settings.CORS_ALLOWED_ORIGINS = [*origins]
    settings.CORS_ALLOW_METHODS = METHODS
    settings.CORS_ALLOW_HEADERS = HEADERS
    settings.CORS_PREFLIGHT_MAX_AGE = 600


def many_origins(number: int) -> list[str]:
    """The origin that is asked for last, after so many others less one."""
    return [*(f"https://o{place}.example.com" for place in range(number - 1)), ORIGIN]


def _policy(
    name: str = "api", path: str = "/api/**", origins: Sequence[str] = (ORIGIN,), **keys: Any
) -> dict[str, Any]:
    lists = {"allowed_methods": METHODS, "allowed_headers": HEADERS}
    return {"name": name, "path": path, "allowed_origins": [*origins], **lists, **keys}


def _policies(number: int) -> Callable[[], Policies]:
    return lambda: [_policy(), *(_policy(f"p{place}", f"/p{place}/v1/**") for place in range(number - 1))]


def _one(*origins: str, **keys: Any) -> Callable[[], Policies]:
    return lambda: [_policy(origins=[*origins, ORIGIN], **keys)]


def _origins(number: int) -> Callable[[], Policies]:
    return lambda: [_policy(origins=many_origins(number))]


def _star_patterns() -> Policies:
    """Ten thousand, most of which a path can be read by in two ways at every segment."""
    parts = [[("a", "*")[number >> place & 1] for place in range(_SEGMENTS)] for number in range(8192)]
    stars = [_policy(f"s{place}", "/" + "/".join(part) + f"/x{place}") for place, part in enumerate(parts)]
    return [_policy(), *stars, *(_policy(f"t{place}", f"/*/t/*/b{place}") for place in range(1807))]


SHAPES: Final[dict[str, Callable[[], Policies]]] = {
    "1 policy": _policies(1),
    "100 policies": _policies(100),
    "10,000 policies": _policies(10_000),
    "100,000 policies": _policies(MANY),
    "1,000 origins": _origins(1_000),
    "100,000 origins": _origins(MANY),
    "1,000 wildcard subdomains": _one(*(f"https://*.s{place}.example" for place in range(1_000))),
    "100 expressions": _one(*(rf"~https://e{place}[0-9]+\.example" for place in range(100))),
    "`**` in the middle": _one(path="/api/**/orders/*"),
    "hosts in use": lambda: [_policy(), _policy("host", host="www.example.org")],
    "10,000 star patterns": _star_patterns,
}
DIFFERENT: Final = (
    Kind(
        "another path each",
        sent={"origin": ORIGIN},
        paths=[f"/api/v{place}/orders/{place}" for place in range(_DIFFERENT)],
    ),
    Kind("another origin each", origins=many_origins(_DIFFERENT)),
)
STARS: Final = "10,000 star patterns"


def hostile_kinds() -> list[tuple[Kind, Kind]]:
    """Requests that try to cost much, each with the usual one of its kind."""
    deep = [f"/api/{'a/' * 2000}{place}" for place in range(500)]
    stars = ["/a" * _SEGMENTS + f"/z{place}" for place in range(_DIFFERENT)]
    long = [f"https://{'a' * 8000}{place}.example" for place in range(500)]
    return [
        (Kind("an `Origin` of 8 KB", origins=long), ALLOWED),
        (Kind("a path of 2,000 segments", sent={"origin": ORIGIN}, paths=deep), ALLOWED),
        (Kind("a path that 8,192 patterns nearly match", sent={"origin": ORIGIN}, paths=stars), ALLOWED),
        (_asking("8 KB of requested names", "x-a," * 2000), PREFLIGHT),
        (_asking("4 KB of them, all but empty", "," * 4000 + "x-token"), PREFLIGHT),
        (_asking("4 KB of them, of one letter", "a," * 2000), PREFLIGHT),
        (_asking("64 of 60 letters", ",".join(f"{'x' * 56}{place:04}" for place in range(64))), PREFLIGHT),
    ]


def _asking(name: str, headers: str) -> Kind:
    return Kind(name, "OPTIONS", sent=preflight(ORIGIN, headers))
