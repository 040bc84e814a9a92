"""Is a measured figure within its limit?"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, and the most that it may be."""

    name: str
    value: float
    limit: float
    unit: str = ""

    @property
    def is_within(self) -> bool:
        """Whether the limit is kept."""
        return self.value <= self.limit

    def __str__(self) -> str:
        verdict = "ok" if self.is_within else "TOO MUCH"
        return f"{verdict:<9}{self.name}: {self.value:.4g}{self.unit}, limit {self.limit:.4g}{self.unit}"


def conclude(figures: Iterable[Figure]) -> None:
    """Prints each as it is measured. Ends the program with status 1 where a limit is not kept."""
    kept = True
    for figure in figures:
        print(figure, flush=True)
        kept = kept and figure.is_within
    sys.exit(0 if kept else 1)
