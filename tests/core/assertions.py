"""What tests of the core ask of messages and answers."""

from __future__ import annotations

import re

_REMEDY = re.compile(
    r"\b(Write|Remove|List|Use|Put|Create|Give|Install|Shorten|Check|Correct|Serve)\b", re.IGNORECASE
)


def says_what_to_do(message: str) -> bool:
    """Whether a message is made of sentences, one of which tells the editor what to do."""
    return message[-1:] in {".", "!"} and _REMEDY.search(message) is not None
