"""When is a fault worth a line in the log? Once when it begins, and once when it is over."""

from __future__ import annotations

import logging

logger = logging.getLogger("cors_policies")


class Outage:
    """Whether something is away. ``what`` opens the line that says so: "The cache"."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.error = ""
        """What was raised last, or ``""`` while all is well."""

    def begin(self, error: BaseException, meanwhile: str) -> None:
        """Notes a failure, and what is done ``meanwhile``; logged if it is the first."""
        text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
        if not self.error:
            logger.warning("%s could not be read; %s: %s", self._what, meanwhile, text)
        self.error = text

    def end(self) -> None:
        """Notes a success; logged if a failure came before it."""
        if self.error:
            logger.warning("%s can be read again.", self._what)
        self.error = ""
