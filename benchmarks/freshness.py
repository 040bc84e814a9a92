"""How long after a commit does the last of several processes still answer by the old set?

    python -m benchmarks.freshness

Four gunicorn workers on PostgreSQL; fifty changes at an interval of 1 s, and fifty at 0.1 s. The exit status is 1 where
an answer was stale for longer than the interval and 0.3 s.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from benchmarks.verdicts import Figure, conclude
from tests.helpers import policy
from tests.services.clusters import PostgreSQL, running
from tests.services.sites import SERVERS, Traffic, site_on, writing

CHANGES = 50


def measure(cluster: PostgreSQL, interval: float) -> list[float]:
    """Seconds from each commit to the last answer that was still the old one."""
    site = site_on(cluster.settings(), interval=interval)
    delays = []
    with site.serving(SERVERS["gunicorn"]), writing(site) as writer:
        traffic = Traffic(site, pause=0.002).start()
        writer.apply(policy())
        time.sleep(2 * interval + 2)
        for number in range(CHANGES):
            allowed = number % 2 == 1
            committed = writer.apply(policy(mode="live" if allowed else "off"))
            time.sleep(interval + 0.6)
            stale = [answer for answer in traffic.since(committed) if answer.allows != allowed]
            delays.append(max((answer.answered - committed for answer in stale), default=0.0))
        traffic.stop()
    return delays


def figures() -> Iterator[Figure]:
    """One for each interval."""
    cluster = PostgreSQL()
    with running(cluster):
        cluster.make_database("site")
        site_on(cluster.settings()).migrate()
        for interval in (1.0, 0.1):
            delays = measure(cluster, interval)
            median = f"{statistics.median(delays):.2f} s in the median"
            name = f"last stale answer of {len(delays)} changes at an interval of {interval} s ({median})"
            yield Figure(name, max(delays), interval + 0.3, " s")


if __name__ == "__main__":
    conclude(figures())
