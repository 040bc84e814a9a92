"""What does cross-origin traffic notice when the database or the cache dies or freezes?

    python -m benchmarks.faults

Four gunicorn workers on PostgreSQL, with and without Redis, asked without pause by three clients. A view that
needs no database is asked for 10 s before, 10 s during the fault, and until a change is obeyed afterwards. The exit
status is 1 where a limit is not kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.verdicts import Figure, conclude
from tests.helpers import policy
from tests.services.clusters import Cluster, PostgreSQL, Redis, running
from tests.services.sites import SERVERS, Answer, Traffic, percentile, site_on, writing

SECONDS = 10.0


def measure(database: PostgreSQL, cache: Redis | None, away: Cluster, fault: str) -> Iterator[Figure]:
    """The figures of one fault."""
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
    name = f"{type(away).__name__} {fault}"
    p99 = percentile(before, 0.99)
    yield Figure(
        f"{name}, failed of {len(during)} requests during the fault and {len(before)} before", failed, 0
    )
    yield Figure(f"{name}, wrong decisions", wrong, 0)
    yield Figure(f"{name}, p99 (worst {_ms(percentile(during, 1)):.0f} ms)", *_against(during, p99), " ms")
    obeyed = max(stale, default=committed) - max(returned, committed)
    yield Figure(f"{name}, change obeyed after the return", obeyed, 3, " s")


def _against(answers: list[Answer], p99_before: float) -> tuple[float, float]:
    return _ms(percentile(answers, 0.99)), _ms(p99_before) + 20


def _ms(seconds: float) -> float:
    return 1000 * seconds


def figures() -> Iterator[Figure]:
    """Those of each fault."""
    database, cache = PostgreSQL(), Redis()
    with running(database), running(cache):
        database.make_database("site")
        site_on(database.settings()).migrate()
        for fault in ("stopped", "frozen"):
            yield from measure(database, None, database, fault)
            yield from measure(database, cache, cache, fault)


if __name__ == "__main__":
    conclude(figures())
