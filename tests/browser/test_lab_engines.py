"""Do other engines than Chromium say to each row of the lab what it expects?

Before you edit:

* The page itself says what its rows are; a new row is asked about without a change here.
* What an engine does otherwise stands in ``ENGINE_GAPS``, and in docs/lab.md. It is asserted, too: a gap that
  closes fails here, and its line goes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.browser.demos import running_demo
from tests.browser.engines.engine import STARTS_WITHIN, Engine
from tests.browser.engines.firefox import firefox
from tests.browser.engines.webkitgtk import webkitgtk
from tests.browser.test_lab import REQUESTS
from tests.servers import ROOT

pytestmark = pytest.mark.browser

NAMES = {"webkitgtk": "WebKitGTK", "firefox": "Firefox"}
STARTERS = {"webkitgtk": webkitgtk, "firefox": firefox}


class Gap(NamedTuple):
    """What an engine makes of a row in place of what is meant: the verdict, the decision, and why."""

    verdict: str
    decision: str
    why: str


NO_ORIGIN = "it sends no `Origin` for fonts of `@font-face`, and takes them whatever the answer says"
ENGINE_GAPS = {
    ("webkitgtk", "font", "allowed"): Gap("allowed", "not-cors", NO_ORIGIN),
    ("webkitgtk", "font", "refused"): Gap("allowed", "not-cors", NO_ORIGIN),
}
"""By engine, row and variant."""
NEEDS_TURNS = {("firefox", "preflight-cache", "allowed")}
"""What is run again until it is as expected: Firefox keeps no answer to its first preflights."""

# The page's script has not run when its load is over: it waits for its configuration.
_VARIANTS = """async () => {
    while (!window.lab) await new Promise((done) => setTimeout(done, 30));
    return window.lab.rows.flatMap(({id, variants}) => Object.keys(variants).map((variant) => [id, variant]));
}"""
_RUN = "(row, variant) => window.lab.run(row, variant)"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the lab's page."""
    with running_demo(tmp_path_factory.mktemp("engines")) as demo:
        yield demo.page


@pytest.fixture(scope="module", params=NAMES)
def engine(request: pytest.FixtureRequest, lab: str) -> Iterator[Engine]:
    """Each engine in turn, with the lab's page open."""
    with STARTERS[request.param]() as started:
        started.open(lab)
        started.run(_VARIANTS)
        yield started


def _outcome(engine: Engine, row: str, variant: str) -> dict[str, Any]:
    """What the page says; where turns are needed, of the last one."""
    ends = time.monotonic() + (STARTS_WITHIN if (engine.name, row, variant) in NEEDS_TURNS else 0)
    outcome: dict[str, Any] = engine.run(_RUN, row, variant)
    while outcome["verdict"] != variant and time.monotonic() < ends:
        outcome = engine.run(_RUN, row, variant)
    return outcome


def _is_as_meant(outcome: dict[str, Any], row: str, variant: str) -> bool:
    """Whether the verdict is, and the requests are those that Chromium sends, too."""
    sent = [
        tuple(line[key] for key in ("kind", "method", "status", "reason")) for line in outcome["requests"]
    ]
    return (outcome["verdict"], sent) == (variant, REQUESTS[row][variant == "refused"])


class TestRows:
    """Each row comes out as in Chromium, by the same requests, but for the gaps that are known."""

    def test_every_variant_comes_out_as_meant(self, engine: Engine) -> None:
        found = {
            (row, variant): _outcome(engine, row, variant)
            for row, variant in engine.run(_VARIANTS)
            if (engine.name, row, variant) not in ENGINE_GAPS
        }

        others = {key: outcome for key, outcome in found.items() if not _is_as_meant(outcome, *key)}
        assert others == {}
        gaps = sum(name == engine.name for name, _, _ in ENGINE_GAPS)
        assert len(found) == 2 * len(REQUESTS) - gaps

    def test_every_gap_is_still_there(self, engine: Engine) -> None:
        gaps = {key: gap[:2] for key, gap in ENGINE_GAPS.items() if key[0] == engine.name}

        found = {key: _outcome(engine, *key[1:]) for key in gaps}

        assert gaps == {
            key: (outcome["verdict"], outcome["requests"][0]["reason"]) for key, outcome in found.items()
        }


class TestThePage:
    """docs/lab.md names the same gaps."""

    def test_lists_every_gap(self) -> None:
        text = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
        listed = re.findall(
            r"^\| (\w+) \| `([\w-]+)` \| (\w+) \| (\w+), `([\w-]+)` \| (.+) \|$", text, re.MULTILINE
        )

        assert listed == [
            (NAMES[engine], row, variant, *gap) for (engine, row, variant), gap in ENGINE_GAPS.items()
        ]
