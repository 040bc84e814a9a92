"""How much longer does one way take than another, on a machine that is never quiet?

Before you edit:

* Variants run in turn, A B C A B C, in batches of about a millisecond, with the garbage collector off. A figure is the
  median of the differences between neighbours, so that what disturbs both is in neither; its spread is a bootstrap
  interval of that median.
* Counted is the processor's time of this thread: what other processes take meanwhile is not in it.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

Batch = Callable[[int], Callable[[], None]]
"""Makes ready to do the thing so many times, and gives what does it: only that is timed."""

SECONDS_A_BATCH = 0.001
_RESAMPLES = 200


class Figure(NamedTuple):
    """A median in microseconds, and the bounds in which it lies nineteen times out of twenty."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def figure_of(values: Sequence[float]) -> Figure:
    """The median of the values with its spread."""
    chosen = random.Random(1)  # noqa: S311 - the same in every run
    medians = sorted(statistics.median(chosen.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return Figure(statistics.median(values), medians[_RESAMPLES // 40], medians[-1 - _RESAMPLES // 40])


def differences(variants: Sequence[Batch], rounds: int) -> list[list[float]]:
    """For each variant but the first, microseconds that it takes more than the first, round by round."""
    counts = [_count(batch) for batch in variants]
    found: list[list[float]] = [[] for _ in variants[1:]]
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            times = [_seconds(batch, count) / count for batch, count in zip(variants, counts, strict=True)]
            for row, taken in zip(found, times[1:], strict=True):
                row.append((taken - times[0]) * 1e6)
    finally:
        gc.enable()
    return found


def _count(batch: Batch) -> int:
    """How many make a batch; what is done first only is done by then."""
    batch(3)()
    return max(1, round(SECONDS_A_BATCH / (_seconds(batch, 10) / 10)))


def _seconds(batch: Batch, count: int) -> float:
    run = batch(count)
    started = time.thread_time()
    run()
    return time.thread_time() - started
