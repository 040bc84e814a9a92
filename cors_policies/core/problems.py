"""What is wrong with a value that somebody wrote, said as data.

Before you edit:

* ``code`` and ``field`` are a public interface: forms, the API and pipelines rely on them. ``message`` is for
  people and may be reworded, as long as it says what to write instead.
* A *problem* is about an ill-formed or refused policy. A request that is not let through is *denied*, which
  is no problem at all: see :mod:`cors_policies.core.engine`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cors_policies.core.texts import encodable


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a document is refused.

    ``code`` is stable; ``field`` is the key of the document, with its place in a larger document before it
    (``policies.1.path``); ``index`` is the place in a list as it was submitted, or ``None``; ``value`` is the
    offending value; ``message`` is a sentence that says what to write instead.
    """

    code: str
    field: str
    index: int | None
    value: object
    message: str

    def __post_init__(self) -> None:
        # Texts that are sent and printed quote what somebody wrote, and half a character cannot be encoded.
        object.__setattr__(self, "field", encodable(self.field))
        object.__setattr__(self, "message", encodable(self.message))

    @property
    def attr(self) -> str:
        """The field and index as one dotted path: ``allowed_origins.2``."""
        if self.index is None:
            return self.field
        return f"{self.field}.{self.index}"

    def under(self, place: str) -> Problem:
        """The same problem, seen from a document that holds this one at ``place``."""
        return replace(self, field=f"{place}.{self.field}" if self.field else place)

    def __str__(self) -> str:
        return f"{self.attr}: {self.code}: {self.message}"


class PatternError(ValueError):
    """A text that is no pattern. ``reason`` is a slug for each refusal; ``str()`` says what to write."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class InvalidPolicyError(ValueError):
    """A document that is refused whole. ``problems`` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
