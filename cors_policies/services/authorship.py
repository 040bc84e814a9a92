"""Who is writing, by which way in, and why?

Before you edit: whoever opens a way in says so around its writes. What nobody speaks for is a program's own
(``orm``), and has no actor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """The way in (:class:`~cors_policies.models.Revision.Via`), the user's name or ``""``, and a comment."""

    via: str = "orm"
    actor: str = ""
    comment: str = ""


_NOBODY: Final = Acting()
_acting: ContextVar[Acting] = ContextVar("cors_policies.acting", default=_NOBODY)


def who_is_acting() -> Acting:
    """Who is writing now."""
    return _acting.get()


@contextmanager
def acting(via: str, actor: str = "", comment: str = "") -> Iterator[None]:
    """Revisions made in this block say this of themselves."""
    token = _acting.set(Acting(via=via, actor=actor, comment=comment))
    try:
        yield
    finally:
        _acting.reset(token)
