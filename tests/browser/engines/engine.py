"""What can a test ask of a browser, whichever engine it has?

Before you edit: what goes in and comes out of a page is JSON, as text. The protocols serialise values in ways
of their own, and each would need its own translation.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

STARTS_WITHIN = 60.0
"""Seconds until a browser must be there: machines of CI are slow."""
RUNS_WITHIN = 60.0
"""Seconds after which a script of a page is given up."""

_CALL = "async (sent) => JSON.stringify((await ({source})(...JSON.parse(sent))) ?? null)"


class ScriptError(Exception):
    """A script of the test threw, or its promise was rejected."""


class Engine(ABC):
    """A running browser with one page, and with a profile of its own."""

    name: str

    @abstractmethod
    def open(self, url: str) -> None:
        """Goes to the page, and waits until it has loaded."""

    def run(self, source: str, *arguments: Any) -> Any:
        """What the JavaScript function gives in the page, awaited; arguments and result are JSON.

        Raises :class:`ScriptError` with what it threw.
        """
        return json.loads(self.call(_CALL.format(source=source), json.dumps(arguments)))

    @abstractmethod
    def call(self, source: str, text: str) -> str:
        """The same for an asynchronous function from text to text."""
