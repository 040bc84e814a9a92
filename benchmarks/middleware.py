"""What does the middleware add to a request, beside one that does nothing and beside django-cors-headers?

    python -m benchmarks.middleware [--quick] [--write]

Prints the tables of docs/performance.md and a line for each figure that is to be reached; exits with 1 where one is
missed. ``--write`` puts the tables into the page; ``--quick`` takes fewer rounds, for a look.

Before you edit:

* Whatever is compared is measured in turn, in one run: variants beside each other, sizes too.
* An overhead is what is left when a no-op middleware in the same handler, with a view that does nothing, is taken off.
  The middleware answers preflights itself, so that its overhead is less than nothing there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

import django
from django.conf import settings

from benchmarks import shapes
from benchmarks.report import Report
from benchmarks.site import KINDS, NO_ORIGIN, Kind, Sender, asgi_sender, wsgi_sender
from benchmarks.timing import Batch, differences, figure_of

OURS: Final = "cors_policies.middleware.CorsPolicyMiddleware"
THEIRS: Final = "corsheaders.middleware.CorsMiddleware"
NOOP: Final = "benchmarks.site.NoopMiddleware"
ANSWERING: Final = "benchmarks.site.AnsweringMiddleware"
PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"

BOUNDS: Final = {
    "no Origin": 1.5,
    "actual, allowed": 3.0,
    "actual, denied": 2.0,
    "preflight, allowed": 3.5,
    "preflight, denied": 3.5,
}
"""Microseconds over a no-op middleware, at most."""
THEIR_SHARE: Final = {1: 1 / 10, 1_000: 1 / 300}
"""Of the overhead of django-cors-headers with so many origins, at most."""
GROWTH: Final = {"100,000 policies": 1.0, "100,000 origins": 0.7}
"""Microseconds more than with one policy and one origin, at most."""
HOSTILE: Final = 5.0
"""Times the overhead of a usual request, at most."""


def configure() -> None:
    """Django, with a database that nobody asks: snapshots are installed by hand."""
    settings.configure(
        SECRET_KEY="for-measuring-only",  # noqa: S106 - nothing is signed
        ALLOWED_HOSTS=["api.example.org"],
        ROOT_URLCONF="benchmarks.site",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "cors_policies", "corsheaders"],
        LOGGING_CONFIG=None,
    )
    django.setup()


def batch(sender: Sender, kind: Kind, shape: str = "1 policy") -> Batch:
    """Requests of a kind, sent while that policy set is in force."""

    def prepare(count: int) -> Callable[[], None]:
        shapes.install(shape)
        return sender(kind, count)

    return prepare


def beside_a_noop(report: Report, rounds: int) -> None:
    """Overheads under WSGI and ASGI."""
    rows = []
    for kind in KINDS:
        row = [kind.name]
        for interface, make in (("WSGI", wsgi_sender), ("ASGI", asgi_sender)):
            (values,) = differences([batch(make(NOOP), kind), batch(make(OURS), kind)], rounds)
            figure = figure_of(values)
            row.append(str(figure))
            report.judge(f"{kind.name}, {interface}: us over a no-op", figure.median, BOUNDS[kind.name])
        rows.append(row)
    report.table("Over a no-op middleware, us", ["request", "WSGI", "ASGI"], rows)


def beside_theirs(report: Report, rounds: int) -> None:
    """Overheads at 1 and at 1,000 origins, and the ratio."""
    rows = []
    noop, ours, theirs = wsgi_sender(NOOP), wsgi_sender(OURS), wsgi_sender(THEIRS)
    for size, share in THEIR_SHARE.items():
        shape = "1 policy" if size == 1 else "1,000 origins"
        shapes.configure_theirs(shapes.many_origins(size))
        for kind in KINDS:
            variants = [batch(noop, kind), batch(ours, kind, shape), batch(theirs, kind)]
            found = differences(variants, rounds if size == 1 else rounds // 4)
            mine, other = figure_of(found[0]), figure_of(found[1])
            ratio = mine.median / other.median
            rows.append([kind.name, f"{size:,}", str(mine), str(other), f"{ratio:.4f}"])
            if size == 1 or kind is not NO_ORIGIN:  # theirs looks at no origin there
                report.judge(f"{kind.name}, {size:,} origins: share of theirs", ratio, share)
    heads = ["request", "origins", "cors_policies, us", "django-cors-headers, us", "ratio"]
    report.table("Beside django-cors-headers, WSGI", heads, rows)


def by_shape(report: Report, rounds: int) -> None:
    """Overheads of the middleware alone, by what the set is made of."""
    kinds = (*KINDS, *shapes.DIFFERENT)
    names = [*shapes.SHAPES]
    columns = []
    noop, ours = wsgi_sender(NOOP), wsgi_sender(OURS)
    for kind in kinds:
        found = differences([batch(noop, kind), *(batch(ours, kind, name) for name in names)], rounds)
        columns.append([f"{median(values):.2f}" for values in found])
        # Another origin each is denied in the one set and allowed in the other.
        for name, bound in GROWTH.items() if not kind.origins else ():
            more = [large - small for small, large in zip(found[0], found[names.index(name)], strict=True)]
            report.judge(f"{kind.name}: us more with {name}", median(more), bound)
    rows = [[name, *cells] for name, *cells in zip(names, *columns, strict=True)]
    report.table(
        "By what the set is made of: over a no-op, us", ["set", *(kind.name for kind in kinds)], rows
    )


def hostile(report: Report, rounds: int) -> None:
    """Overheads of hostile requests beside usual ones, in one set of 10,000 star patterns."""
    rows = []
    noop, answering, ours = wsgi_sender(NOOP), wsgi_sender(ANSWERING), wsgi_sender(OURS)
    for kind, usual in shapes.hostile_kinds():
        base = answering if kind.is_preflight else noop
        variants = [batch(base, usual), batch(ours, usual, shapes.STARS)]
        variants += [batch(base, kind), batch(ours, kind, shapes.STARS)]
        mine, bare, taken = differences(variants, rounds)
        used = figure_of(mine)
        figure = figure_of([whole - without for whole, without in zip(taken, bare, strict=True)])
        times = figure.median / used.median
        rows.append([kind.name, str(figure), usual.name, str(used), f"{times:.1f}"])
        report.judge(f"{kind.name}: times a usual request", times, HOSTILE)
    heads = ["hostile request", "us", "usual request", "us", "times"]
    report.table("Hostile requests among 10,000 star patterns, WSGI", heads, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints every table and every verdict."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.middleware")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args(arguments)
    configure()
    rounds = 60 if options.quick else 600
    report = Report([f"django-cors-headers {version('django-cors-headers')}"])
    beside_a_noop(report, rounds)
    beside_theirs(report, rounds)
    by_shape(report, rounds // 2)
    hostile(report, rounds // 2)
    report.print_verdicts()
    if options.write:
        report.write(PAGE)
    return 0 if report.is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
