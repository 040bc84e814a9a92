"""Do the engines that browsers are made of say to each row of the lab what it expects?

Before you edit:

* The page itself says what its rows are; a new row is asked about without a change here.
* What an engine does otherwise stands in ``ENGINE_GAPS``, and in docs/lab.md. It is asserted, too: a gap that
  closes fails here, and its line goes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.browser.engines.chromium import chromium_page
from tests.browser.engines.engine import STARTS_WITHIN, Engine
from tests.browser.engines.firefox import firefox
from tests.browser.engines.webkitgtk import webkitgtk
from tests.servers import DEADLINE, ROOT, Site, free_port, wait_until

pytestmark = pytest.mark.browser

NAMES = {"chromium": "Chromium", "webkitgtk": "WebKitGTK", "firefox": "Firefox"}


class Gap(NamedTuple):
    """What an engine says in place of what is expected, and why."""

    verdict: str
    reason: str


ENGINE_GAPS = {
    ("webkitgtk", "font", "refused"): Gap(
        "allowed", "it sends no `Origin` for fonts of `@font-face`, and takes them whatever the answer says"
    ),
}
"""By engine, row and variant."""
NEEDS_TURNS = {("firefox", "preflight-cache", "allowed")}
"""What is run again until it is as expected: Firefox keeps no answer to its first preflights."""

_READY = """async () => {
    while (!window.lab) await new Promise((done) => setTimeout(done, 30));
    return window.lab.rows.flatMap(({id, variants}) => Object.keys(variants).map((variant) => [id, variant]));
}"""
_RUN = "(row, variant) => window.lab.run(row, variant)"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the lab's page."""
    with _demo(tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="module", params=NAMES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each engine in turn."""
    if request.param == "chromium":
        with chromium_page(request.getfixturevalue("chromium")) as page:
            yield page
    else:
        with {"webkitgtk": webkitgtk, "firefox": firefox}[request.param]() as started:
            yield started


@contextmanager
def _demo(folder: Path) -> Iterator[str]:
    api, front = free_port(), free_port()
    site = Site(folder / "demo.sqlite3", api)
    command = [sys.executable, "-m", "project.demo", "--api-port", str(api), "--page-port", str(front)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **site.env}, cwd=ROOT, stdout=output, stderr=output
        )
        try:
            wait_until(lambda: process.poll() is not None or _answers(site), STARTS_WITHIN)
            assert process.poll() is None, (folder / "output").read_text()
            yield f"http://localhost:{front}/"
        finally:
            process.terminate()
            process.wait(DEADLINE)


def _answers(site: Site) -> bool:
    try:
        return site.headers("/lab/log")[":status"] == "200"
    except OSError:
        return False


def _outcome(engine: Engine, row: str, variant: str, expected: str) -> dict[str, Any]:
    """What the page says; where turns are needed, of the last one."""
    ends = time.monotonic() + (STARTS_WITHIN if (engine.name, row, variant) in NEEDS_TURNS else 0)
    outcome: dict[str, Any] = engine.run(_RUN, row, variant)
    while outcome["verdict"] != expected and time.monotonic() < ends:
        outcome = engine.run(_RUN, row, variant)
    return outcome


class TestRows:
    """Each row is allowed and refused as it should be, but for the gaps that are known."""

    def test_every_variant_is_as_expected(self, engine: Engine, lab: str) -> None:
        engine.open(lab)
        others = {}

        for row, variant in engine.run(_READY):
            gap = ENGINE_GAPS.get((engine.name, row, variant))
            expected = gap.verdict if gap else variant
            outcome = _outcome(engine, row, variant, expected)
            if outcome["verdict"] != expected:
                others[row, variant] = outcome

        assert others == {}

    def test_gaps_are_of_rows_that_are_there(self, engine: Engine, lab: str) -> None:
        engine.open(lab)
        rows = {(engine.name, row, variant) for row, variant in engine.run(_READY)}

        assert len(rows) > 40
        assert {key for key in {*ENGINE_GAPS, *NEEDS_TURNS} if key[0] == engine.name} <= rows


class TestThePage:
    """docs/lab.md names the same gaps."""

    def test_lists_every_gap(self) -> None:
        text = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
        listed = re.findall(r"^\| (\w+) \| `([\w-]+)` \| (\w+) \| (\w+) \| (.+) \|$", text, re.MULTILINE)

        assert listed == [
            (NAMES[engine], row, variant, gap.verdict, gap.reason)
            for (engine, row, variant), gap in ENGINE_GAPS.items()
        ]
