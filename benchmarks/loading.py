"""What does it cost to load 10,000 policies with ten origins each, and what do requests notice of it?

    python -m benchmarks.loading

One process with a SQLite file: requests go through the WSGI application in the main thread, 5 ms apart, while the
refresher loads in its own. The exit status is 1 where a limit is not kept.
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import django

from benchmarks.verdicts import Figure, conclude

POLICIES = 10_000
ORIGINS = 10
LOADS = 5
EXPIRY_LIMIT = 20.0
"""Milliseconds."""


def fill() -> None:
    """Stores the set."""
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up by now

    from cors_policies.models import Origin, Policy, PolicyOrigin  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    policies = Policy.objects.bulk_create(
        Policy(name=f"p{number}", path=f"/api/{number}/**") for number in range(POLICIES)
    )
    origins = Origin.objects.bulk_create(
        Origin(pattern=f"https://app-{number}.customer.example") for number in range(POLICIES * ORIGINS)
    )
    PolicyOrigin.objects.bulk_create(
        PolicyOrigin(policy=policies[number // ORIGINS], origin=origin, position=number % ORIGINS)
        for number, origin in enumerate(origins)
    )


def request() -> float:
    """Seconds that one request to a view without a database takes, through the whole application."""
    from project.wsgi import application  # noqa: PLC0415 - Django is set up by now

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/nowhere", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(),
        "HTTP_ORIGIN": "https://app-1.customer.example",
    }  # fmt: skip
    started = time.perf_counter()
    b"".join(application(environ, lambda *_: bytes))
    return time.perf_counter() - started


def latencies(goes_on: Callable[[], bool]) -> list[float]:
    """Of requests that are sent for as long as it goes on."""
    found = []
    while goes_on():
        found.append(request())
        time.sleep(0.005)
    return sorted(found)


def load() -> tuple[float, float, list[float]]:
    """The seconds of one load in the background, CPU and all, and the latencies of the requests meanwhile."""
    from cors_policies.store import store  # noqa: PLC0415 - Django is set up by now

    seconds: list[float] = []

    def look() -> None:
        cpu, wall = time.thread_time(), time.perf_counter()
        store._is_loaded = False  # noqa: SLF001 - as if the version had moved
        store._look_in_background()  # noqa: SLF001 - it is what is measured
        seconds.extend((time.thread_time() - cpu, time.perf_counter() - wall))

    thread = threading.Thread(target=look)
    thread.start()
    found = latencies(thread.is_alive)
    return seconds[0], seconds[1], found


def memory() -> tuple[float, float]:
    """Bytes an origin that the snapshot keeps: as it is loaded, and when every path was asked for."""
    from cors_policies.documents import read_policy_set  # noqa: PLC0415 - Django is set up by now

    read_policy_set("default").compile(datetime.now(timezone.utc))
    tracemalloc.start()
    snapshot = read_policy_set("default").compile(datetime.now(timezone.utc))
    loaded = tracemalloc.get_traced_memory()[0]
    for number in range(POLICIES):
        snapshot.find_group(f"/api/{number}/x")
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return loaded / (POLICIES * ORIGINS), used / (POLICIES * ORIGINS)


def expiries() -> list[float]:
    """Seconds that it takes to make the set without a policy that has expired, for a request to wait for."""
    from cors_policies.documents import read_policy_set  # noqa: PLC0415 - Django is set up by now

    now = datetime.now(timezone.utc)
    stored = read_policy_set("default")
    policies = [
        replace(policy, expires_at=now + timedelta(seconds=number))
        for number, policy in enumerate(stored.policies, 1)
    ]
    snapshot, found = replace(stored, policies=policies).compile(now), []
    for number in range(1, 101):
        started = time.perf_counter()
        snapshot = snapshot.at(now + timedelta(seconds=number))
        found.append(time.perf_counter() - started)
    return found


def figures() -> Iterator[Figure]:
    """Those of all loads."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEMO_DATABASE"] = str(Path(folder) / "site.sqlite3")
        os.environ["DEMO_DEBUG"] = "0"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
        django.setup()
        fill()
        request()
        ends = time.monotonic() + 5
        before = latencies(lambda: time.monotonic() < ends)
        loads = [load() for _ in range(LOADS)]
        limit = 1000 * before[int(len(before) * 0.99)] + 20
        worst = [1000 * found[-1] for _, _, found in loads]
        cpu = statistics.median(cpu for cpu, _, _ in loads)
        loaded, used = memory()
        expiry = 1000 * statistics.median(expiries())
    wall = statistics.median(wall for _, wall, _ in loads)
    yield Figure(f"background CPU of a load ({wall:.2f} s with the requests' turns)", cpu, 1.5, " s")
    yield Figure("worst request during a load, median of the loads", statistics.median(worst), limit, " ms")
    yield Figure("worst request during any load", max(worst), limit, " ms")
    yield Figure("memory an origin, when loaded", loaded, 600, " bytes")
    yield Figure("memory an origin, when every path was asked for", used, 600, " bytes")
    yield Figure("an end of one policy of them", expiry, EXPIRY_LIMIT, " ms")


if __name__ == "__main__":
    conclude(figures())
