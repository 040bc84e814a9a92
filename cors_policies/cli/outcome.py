"""How does a subcommand end: done, denied or refused?

Before you edit: the exit statuses are public. 0: done, or the browser would let the script read the response;
1: refused, or it would not; 2: usage, which is argparse's to say, or nothing that ``lint`` could read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import Error as DatabaseError

from cors_policies.cli.showing import printable, problem_lines
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.translating import told, told_count

DONE: Final = 0
DENIED: Final = 1
REFUSED: Final = 1
UNREADABLE: Final = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """The text for standard output, the exit status, and lines for standard error."""

    text: str
    status: int = DONE
    remarks: tuple[str, ...] = ()


class RefusedError(Exception):
    """Nothing was done. ``str()`` says why, and goes to standard error."""

    status = REFUSED


class UnreadableError(RefusedError):
    """There is nothing to judge: a file or the database cannot be read."""

    status = UNREADABLE


@contextmanager
def refusing(heading: str) -> Iterator[None]:
    """Raises :class:`RefusedError` in place of problems and of the database's errors.

    Each problem stands on a line below the heading.
    """
    try:
        yield
    except InvalidPolicyError as error:
        count = len(error.problems)
        first = told_count(
            "{heading} {count} problem:", "{heading} {count} problems:", count, heading=heading
        )
        raise RefusedError("\n".join((first, *problem_lines(error.problems)))) from error
    except DatabaseError as error:
        reason = printable(" ".join(str(error).split())) or type(error).__name__
        message = told(
            "The database cannot be used: {reason}. Is it there, and has `migrate` been run?", reason=reason
        )
        raise RefusedError(message) from error
