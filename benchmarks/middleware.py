"""What does the middleware add to a request, beside one that does nothing and beside django-cors-headers?

``python -m benchmarks.middleware [--quick]`` prints the table of docs/performance.md.

Before you edit:

* Variants run in turn, A B A B, in batches of about a millisecond, with the garbage collector off; a figure is the
  median of the differences between neighbours, and its spread a bootstrap interval of that median. The machine's noise
  is in both neighbours.
* Sizes are compared within the same run, too.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import django
from django.conf import settings

from benchmarks import site
from benchmarks.site import KINDS, ORIGIN, Kind, preflight

OURS = "cors_policies.middleware.CorsPolicyMiddleware"
THEIRS = "corsheaders.middleware.CorsMiddleware"
NOOP = "benchmarks.site.NoopMiddleware"
Send = Callable[[Kind], None]


def configure() -> None:
    """Django, with a database that nobody asks: snapshots are installed by hand."""
    settings.configure(
        SECRET_KEY="for-measuring-only",  # noqa: S106 - nothing is signed
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="benchmarks.site",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "cors_policies", "corsheaders"],
        LOGGING_CONFIG=None,
        SILENCED_SYSTEM_CHECKS=["cors_policies.W001"],
    )
    django.setup()


def install(policies: Sequence[dict[str, Any]]) -> None:
    """Makes the process obey these policies, and never look for others."""
    from cors_policies.core.policy_set import parse_policy_set  # noqa: PLC0415 - Django is set up by now
    from cors_policies.core.snapshot import compile_snapshot  # noqa: PLC0415
    from cors_policies.store import store  # noqa: PLC0415

    wanted = parse_policy_set({"policies": [*policies]})
    store._snapshot = compile_snapshot(wanted.policies, {})  # noqa: SLF001 - in place of the database
    store._due = float("inf")  # noqa: SLF001 - the same


def policy(
    name: str = "api", path: str = "/api/**", origins: Sequence[str] = (ORIGIN,), **keys: Any
) -> dict[str, Any]:
    """A policy document with the lists that the requests need."""
    lists = {"allowed_methods": ["GET", "PUT"], "allowed_headers": ["content-type", "x-token"]}
    return {"name": name, "path": path, "allowed_origins": [*origins], **lists, **keys}


def configure_theirs(origins: Sequence[str]) -> None:
    """The same rules for django-cors-headers, which reads the settings at every request."""
    settings.CORS_ALLOWED_ORIGINS = [*origins]
    settings.CORS_ALLOW_METHODS = ["GET", "PUT"]
    settings.CORS_ALLOW_HEADERS = ["content-type", "x-token"]
    settings.CORS_PREFLIGHT_MAX_AGE = 600


def seconds(send: Send, kind: Kind, count: int) -> float:
    """The time of some requests."""
    started = time.perf_counter()
    for _ in range(count):
        send(kind)
    return time.perf_counter() - started


def overheads(variants: Sequence[Send], kind: Kind, pairs: int) -> list[list[float]]:
    """Microseconds a request that each variant takes more than the first, neighbour by neighbour."""
    count = max(1, round(0.001 / seconds(variants[0], kind, 50) * 50))
    found: list[list[float]] = [[] for _ in variants[1:]]
    gc.collect()
    gc.disable()
    try:
        for _ in range(pairs):
            base = seconds(variants[0], kind, count)
            for row, send in zip(found, variants[1:], strict=True):
                row.append((seconds(send, kind, count) - base) / count * 1e6)
    finally:
        gc.enable()
    return found


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The bounds between which the median lies, by a bootstrap, nineteen times out of twenty."""
    chosen = random.Random(1)  # noqa: S311 - the same in every run
    medians = sorted(statistics.median(chosen.choices(values, k=len(values))) for _ in range(200))
    return medians[4], medians[-5]


def measured(values: Sequence[float]) -> str:
    """A median with its spread."""
    low, high = interval(values)
    return f"{statistics.median(values):.1f} ({low:.1f} to {high:.1f})"


def beside_theirs(pairs: int) -> None:
    """Overheads at 1 and at 1,000 origins, and the ratio."""
    print(
        "\n| kind of request | origins | ours, us | django-cors-headers, us | ours / theirs |\n|---|---|---|---|---|"
    )
    senders = [site.wsgi_sender(NOOP), site.wsgi_sender(OURS), site.wsgi_sender(THEIRS)]
    for size in (1, 1000):
        origins = [ORIGIN, *(f"https://o{number}.example.com" for number in range(size - 1))]
        install([policy(origins=origins)])
        configure_theirs(origins)
        for kind in KINDS:
            ours, theirs = overheads(senders, kind, pairs if size == 1 else max(pairs // 10, 15))
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(
                f"| {kind.name} | {size:,} | {measured(ours)} | {measured(theirs)} | {ratio:.3f} |",
                flush=True,
            )


def set_shapes() -> dict[str, list[dict[str, Any]]]:
    """Policy sets by what they are made of; each lets the same origin into the same path."""
    crowd = [policy(f"p{number}", f"/p{number}/v1/**") for number in range(100_000)]
    many = [f"https://o{number}.example.com" for number in range(100_000)]
    stars = [f"https://*.s{number}.example" for number in range(1000)]
    expressions = [f"~https://e{number}[0-9]+\\.example" for number in range(100)]
    return {
        "1 policy": [policy()],
        "100 policies": [policy(), *crowd[:99]],
        "10,000 policies": [policy(), *crowd[:9_999]],
        "100,000 policies": [policy(), *crowd[:99_999]],
        "1,000 origins": [policy(origins=[ORIGIN, *many[:999]])],
        "100,000 origins": [policy(origins=[ORIGIN, *many[:99_999]])],
        "1,000 wildcard subdomains": [policy(origins=[ORIGIN, *stars])],
        "100 expressions": [policy(origins=[ORIGIN, *expressions])],
        "`**` in the middle": [policy(path="/api/**/orders/*")],
        "hosts in use": [policy(), policy("host", host="api.example.com")],
    }


def by_size(pairs: int, shapes: dict[str, list[dict[str, Any]]]) -> None:
    """Overheads of the middleware alone, by what the set is made of."""
    print("\n| the set | " + " | ".join(kind.name for kind in KINDS) + " |\n|---|" + "---|" * len(KINDS))
    senders = [site.wsgi_sender(NOOP), site.wsgi_sender(OURS)]
    for name, policies in shapes.items():
        install(policies)
        rows = [statistics.median(overheads(senders, kind, pairs)[0]) for kind in KINDS]
        print(f"| {name} | " + " | ".join(f"{row:.1f}" for row in rows) + " |", flush=True)


def hostile_kinds() -> list[Kind]:
    """Requests that try to cost much."""
    deep = "/api/" + "a/" * 2000
    return [
        Kind("an 8 KB Origin", sent={"origin": "https://" + "a" * 8000}),
        Kind("8 KB of requested names", "OPTIONS", sent=preflight(ORIGIN, "x-a," * 2000)),
        Kind("a path of 2,000 segments", path=deep, sent={"origin": ORIGIN}),
        Kind("a path among 10,000 star patterns", path="/" + "a/" * 13 + "z", sent={"origin": ORIGIN}),
    ]


def hostile(pairs: int) -> None:
    """Overheads of hostile requests, beside a usual one, in one set of 10,000 star patterns."""
    segments = [[("a", "*")[number >> place & 1] for place in range(13)] for number in range(8192)]
    stars = [policy(f"s{at}", "/" + "/".join(parts) + f"/x{at}") for at, parts in enumerate(segments)]
    stars += [policy(f"t{number}", f"/*/t/*/b{number}") for number in range(1807)]
    install([policy(), *stars])
    senders = [site.wsgi_sender(NOOP), site.wsgi_sender(OURS)]
    usual = statistics.median(overheads(senders, KINDS[1], pairs)[0])
    print(f"\n| hostile request | us | beside a usual one ({usual:.1f}) |\n|---|---|---|")
    for kind in hostile_kinds():
        (values,) = overheads(senders, kind, pairs)
        print(f"| {kind.name} | {measured(values)} | {statistics.median(values) / usual:.1f} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints every table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.middleware")
    parser.add_argument("--quick", action="store_true", help="fewer pairs, and no set above 10,000 policies")
    quick = parser.parse_args(arguments).quick
    configure()
    pairs = 60 if quick else 300
    versions = {"Python": sys.version.split()[0], "Django": django.__version__}
    print(json.dumps(versions))
    beside_theirs(pairs)
    shapes = set_shapes()
    by_size(pairs // 2, {name: shapes[name] for name in shapes if not (quick and "100,000" in name)})
    hostile(pairs // 2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
