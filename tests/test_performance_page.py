"""Is what docs/performance.md says of the figures what the benchmark holds them to?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import middleware
from benchmarks.report import BEGIN, END, Report, replaced
from benchmarks.timing import figure_of

PAGE = (Path(__file__).parents[1] / "docs" / "performance.md").read_text("utf-8")


class TestBounds:
    """The page's table of figures has the benchmark's bounds, in the same order."""

    def test_are_the_benchmark_s(self) -> None:
        cells = re.findall(r"^\| .+ \| ([\d./]+)(?: us)? \|$", PAGE.split("## Running it")[0], re.MULTILINE)
        shown = [
            float(above) / float(below or 1) for above, _, below in (cell.partition("/") for cell in cells)
        ]

        bounds = dict.fromkeys(middleware.BOUNDS.values())  # both preflights have the same
        assert shown == [
            *bounds,
            *middleware.THEIR_SHARE.values(),
            *middleware.GROWTH.values(),
            middleware.HOSTILE,
        ]


class TestMeasuredPart:
    """What a run has measured stands between the markers, and nothing else is touched."""

    def test_is_replaced_between_the_markers(self) -> None:
        assert replaced(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"

    def test_is_the_same_when_replaced_twice(self) -> None:
        assert replaced(replaced(PAGE, "new"), "new") == replaced(PAGE, "new")

    @pytest.mark.parametrize("page", ["", BEGIN, END, f"{END} {BEGIN}"])
    def test_needs_both_markers(self, page: str) -> None:
        with pytest.raises(ValueError, match="needs both markers"):
            replaced(page, "new")


class TestReport:
    """A run is good when every figure is within its bound, and the page says which are not."""

    @pytest.mark.parametrize(("found", "is_reached"), [(-1.0, True), (2.0, True), (2.01, False)])
    def test_is_reached_within_the_bound(self, tmp_path: Path, found: float, is_reached: bool) -> None:
        page = tmp_path / "page.md"
        page.write_text(f"{BEGIN}\n{END}\n", "utf-8")
        report = Report([])
        report.judge("first", 1.0, 2.0)
        report.judge("second", found, 2.0)
        report.table("Title", ["a", "b"], [["1", "2"]])

        report.write(page)

        assert report.is_reached is is_reached
        assert ("second" in page.read_text("utf-8")) is not is_reached
        assert "| a | b |\n|---|---|\n| 1 | 2 |" in page.read_text("utf-8")


class TestFigures:
    """A figure is the median, within its spread."""

    def test_is_the_median_with_bounds_around_it(self) -> None:
        figure = figure_of([1.0, 2.0, 3.0, 4.0, 100.0] * 20)

        assert 2.0 <= figure.low <= figure.median == 3.0 <= figure.high <= 4.0
