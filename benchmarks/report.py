"""Which tables does a run give, which figures does it miss, and how do they get into docs/performance.md?

Before you edit: the page holds what was measured, and by what. All between its two markers comes from one run.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, NamedTuple

import django

BEGIN: Final = "<!-- measured: from here on written by make bench -->"
END: Final = "<!-- measured: as far as here -->"


class Verdict(NamedTuple):
    """A figure, and what it may be at most."""

    name: str
    found: float
    bound: float

    @property
    def is_reached(self) -> bool:
        """Whether it is within its bound."""
        return self.found <= self.bound

    def __str__(self) -> str:
        return (
            f"{'ok    ' if self.is_reached else 'MISSED'} {self.found:9.4f} <= {self.bound:7.4f}  {self.name}"
        )


class Report:
    """The tables and verdicts of one run."""

    def __init__(self, versions: Iterable[str]) -> None:
        self._lines: list[str] = [_machine(versions)]
        self._verdicts: list[Verdict] = []
        print(self._lines[0], flush=True)

    def table(self, title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Adds a table, and prints it."""
        lines = [f"### {title}", "", _row(heads), "|---" * len(heads) + "|", *map(_row, rows)]
        print("", *lines, sep="\n", flush=True)
        self._lines += ["", *lines]

    def judge(self, name: str, found: float, bound: float) -> None:
        """Adds a figure."""
        self._verdicts.append(Verdict(name, found, bound))

    @property
    def is_reached(self) -> bool:
        """Whether every figure is within its bound."""
        return all(verdict.is_reached for verdict in self._verdicts)

    def print_verdicts(self) -> None:
        """A line for each figure."""
        print("", *self._verdicts, sep="\n")

    def write(self, page: Path) -> None:
        """Puts the tables, and which figures were missed, between the markers of the page."""
        page.write_text(
            replaced(page.read_text("utf-8"), "\n".join([*self._lines, "", self._summary()])), "utf-8"
        )

    def _summary(self) -> str:
        missed = [
            f"{v.name}: {v.found:.4f}, at most {v.bound:.4f}" for v in self._verdicts if not v.is_reached
        ]
        if not missed:
            return f"All {len(self._verdicts)} figures are within their bounds."
        return "\n".join(
            [f"Of {len(self._verdicts)} figures {len(missed)} are missed:", "", *(f"- {m}" for m in missed)]
        )


def replaced(text: str, measured: str) -> str:
    """The page with this between its markers."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"The page needs both markers, each on a line: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _machine(versions: Iterable[str]) -> str:
    named = [f"Python {platform.python_version()}", f"Django {django.get_version()}", *versions]
    day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    return f"Measured on {day}: {', '.join(named)}; {_processor()}, {os.cpu_count()} processors, {platform.system()}."


def _processor() -> str:
    """The processor's name where the system tells it, else its architecture."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.machine()
