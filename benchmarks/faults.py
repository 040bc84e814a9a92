"""What does cross-origin traffic notice when the database or the cache dies or freezes?

    python -m benchmarks.faults

Four gunicorn workers on PostgreSQL, with and without Redis, asked without pause by three clients. A view that
needs no database is asked for 10 s before, 10 s during the fault, and until a change is obeyed afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.helpers import policy
from tests.services.clusters import Cluster, PostgreSQL, Redis, running
from tests.services.sites import SERVERS, Traffic, percentile, site_on, writing

SECONDS = 10.0


def measure(database: PostgreSQL, cache: Redis | None, away: Cluster, fault: str) -> str:
    """One line of figures."""
    site = site_on(database.settings(), cache.settings() if cache else None)
    with site.serving(SERVERS["gunicorn"]):
        with writing(site) as writer:
            writer.apply(policy())
        traffic = Traffic(site).start()
        time.sleep(3)
        began = time.monotonic()
        time.sleep(SECONDS)
        lost = time.monotonic()
        (away.stop if fault == "stopped" else away.freeze)()
        time.sleep(SECONDS)
        (away.start if fault == "stopped" else away.thaw)()
        returned = time.monotonic()
        with writing(site) as writer:
            committed = writer.apply(policy(mode="off"))
        time.sleep(6)
        traffic.stop()
    before, during = traffic.since(began, lost), traffic.since(lost, returned)
    stale = [answer.answered for answer in traffic.since(committed) if answer.allows]
    wrong = sum(not answer.allows for answer in traffic.since(began) if answer.answered < committed)
    failed = sum(answer.status != "404" for answer in traffic.since(began))
    return (
        f"{type(away).__name__} {fault}: {len(during)} requests, {failed} failed, {wrong} wrong; "
        f"p99 {1000 * percentile(before, 0.99):.1f} ms before, {1000 * percentile(during, 0.99):.1f} ms during, "
        f"worst {1000 * percentile(before, 1):.0f} and {1000 * percentile(during, 1):.0f} ms; "
        f"change obeyed {max(stale, default=committed) - max(returned, committed):.2f} s after the return"
    )


def figures() -> Iterator[str]:
    """A line for each fault."""
    database, cache = PostgreSQL(), Redis()
    with running(database), running(cache):
        database.make_database("site")
        site_on(database.settings()).migrate()
        for fault in ("stopped", "frozen"):
            yield measure(database, None, database, fault)
            yield measure(database, cache, cache, fault)


def main() -> None:
    """Prints the figures."""
    for line in figures():
        print(line, flush=True)


if __name__ == "__main__":
    main()
