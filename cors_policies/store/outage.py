"""When is a fault worth a line in the log? Once when it begins, and once when it is over."""

from __future__ import annotations

import logging

logger = logging.getLogger("cors_policies")


class Outage:
    """Whether something is away. ``what`` opens the line that says so: "The cache"; it cannot be ``done``."""

    def __init__(self, what: str, done: str = "read") -> None:
        self._what = what
        self._done = done
        self.error = ""
        """What was raised last, or ``""`` while all is well."""

    def begin(self, error: BaseException, meanwhile: str) -> None:
        """Notes a failure, and what is done ``meanwhile``; logged if it is the first."""
        text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
        if not self.error:
            logger.warning("%s could not be %s; %s: %s", self._what, self._done, meanwhile, text)
        self.error = text

    def end(self) -> None:
        """Notes a success; logged if a failure came before it."""
        if self.error:
            logger.warning("%s can be %s again.", self._what, self._done)
        self.error = ""
