"""What can follow that an expression of Python has matched, and which short texts are of its kind?

Before you edit: samples are candidates. Whoever wants a text that the expression matches has to try them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Final

from cors_policies.core.adoption.python_regex import (
    ANY_CHARACTER,
    END,
    Branch,
    Charset,
    Edge,
    Group,
    Literal,
    Piece,
    Repeat,
    Run,
    compile_regex,
)

_MAX_SAMPLES: Final = 32
_MAX_SAMPLE: Final = 512
_CANDIDATES: Final = "xabcdefghijklmnopqrstuvwyz0123456789-.:/_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ANY_CANDIDATES: Final = ".x"


def is_closed(branch: Branch) -> bool:
    """Whether nothing can follow what the expression has matched."""
    return all(any(_closes(piece) for piece in run) for run in branch)


def takes_the_rest(branch: Branch) -> bool:
    """Whether whatever may follow is matched by the expression itself, as ``.*`` at its end does."""
    return all(any(_closes(piece) for piece in run) or (bool(run) and _is_rest(run[-1])) for run in branch)


def has_bare_dot(branch: Branch) -> bool:
    """Whether a ``.`` stands alone, for any one character: most often a dot was meant."""
    return any(
        piece == ANY_CHARACTER or (isinstance(piece, Group) and has_bare_dot(piece.branch))
        for run in branch
        for piece in run
    )


def samples(branch: Branch) -> list[str]:
    """Some short texts of the kind that the expression matches; the caller has to try them."""
    found = (sample for run in branch for sample in islice(_run_samples(run), _MAX_SAMPLES))
    return [*islice(dict.fromkeys(found), _MAX_SAMPLES)]


def _closes(piece: Piece) -> bool:
    match piece:
        case Edge(text):
            return text in END
        case Group(_, branch):
            return is_closed(branch)
        case Repeat(inner, low):
            return low > 0 and _closes(inner)
    return False


def _is_rest(piece: Piece) -> bool:
    if isinstance(piece, Group):
        return takes_the_rest(piece.branch)
    return isinstance(piece, Repeat) and piece.piece == ANY_CHARACTER and piece.high is None


def _run_samples(run: Run) -> Iterable[str]:
    return map("".join, product(*([*islice(_samples(piece), 8)] for piece in run)))


def _samples(piece: Piece) -> Iterator[str]:
    match piece:
        case Literal(char):
            yield char
        case Charset(text):
            candidates = _ANY_CANDIDATES if piece == ANY_CHARACTER else _CANDIDATES
            yield from filter(compile_regex(text).fullmatch, candidates)
        case Edge():
            yield ""
        case Group(_, branch):
            yield from samples(branch)
        case _:
            yield from _repeated(piece)


def _repeated(piece: Repeat) -> Iterator[str]:
    if piece.low == 0:
        yield ""
    if piece.high != 0:
        times = max(piece.low, 1)
        yield from (sample * times for sample in _samples(piece.piece) if len(sample) * times <= _MAX_SAMPLE)
