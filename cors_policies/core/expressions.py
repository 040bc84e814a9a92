r"""Expressions (``~https://app[0-9]+\.example\.com``): RE2, always anchored, in time linear in the origin.

Before you edit:

* Never Python's ``re`` here: an expression is an editor's and an origin is a stranger's, and together they
  can make a backtracking matcher run for seconds.
* ``google-re2`` is an extra. Without it every expression is refused with a message that says what to install;
  nothing else of the core needs it.
* Several expressions are matched by one ``re2.Set`` in chunks: a set that is too large fails to compile, or
  slows down.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

MAX_EXPRESSION_MEMORY = 1 << 20
MAX_EXPRESSION_INSTRUCTIONS = 2_000
"""Of RE2's program: linear in the origin is not enough, what is larger makes a new one cost milliseconds."""
MAX_SET_MEMORY = 1 << 25
MAX_SET_EXPRESSIONS = 100
MAX_SET_INSTRUCTIONS = 20_000


def load_re2() -> ModuleType | None:
    """The ``re2`` module, or ``None`` where the ``regex`` extra is not installed."""
    try:
        return importlib.import_module("re2")
    except ImportError:
        return None


class ExpressionSet:
    """Expressions compiled together: :meth:`matches` gives the places of all that match the whole text."""

    __slots__ = ("_chunks", "_places")

    def __init__(self, expressions: Sequence[str]) -> None:
        chunks = tuple(_in_chunks(expressions))
        self._places = tuple(places for places, _ in chunks)
        self._chunks = tuple(_compile_set([expressions[place] for place in places]) for places, _ in chunks)

    def matches(self, text: str) -> Iterator[int]:
        """The places, in no order, of the expressions that match the whole ``text``."""
        for places, chunk in zip(self._places, self._chunks, strict=True):
            for at in chunk.Match(text) or ():
                yield places[at]


@lru_cache(maxsize=4096)
def parse_expression(expression: str) -> Any:
    """The compiled expression. Raises :class:`PatternError` where RE2 refuses it or is not installed."""
    re2 = load_re2()
    if re2 is None:
        raise PatternError(
            "regex-extra-missing",
            say(
                'Expressions need RE2. Install it with "pip install '
                'django-cors-policies[regex]", or write a wildcard such as https://*.example.com.'
            ),
        )
    if not expression:
        raise PatternError(
            "empty-expression", say("There is no expression after the ~. Write one, or remove the line.")
        )
    if not expression.isascii():
        raise PatternError(
            "expression-not-ascii",
            say("An origin is ASCII. Write an internationalised host as its A-labels (xn--...)."),
        )
    return _compiled(re2, expression)


def _compiled(re2: ModuleType, expression: str) -> Any:
    try:
        compiled = re2.compile(expression, _options(re2, MAX_EXPRESSION_MEMORY))
    except re2.error as error:
        raise PatternError(
            "invalid-expression",
            say("RE2 refuses the expression: {reason}. Correct it.", reason=_reason(error)),
        ) from error
    if compiled.programsize > MAX_EXPRESSION_INSTRUCTIONS:
        raise PatternError(
            "expression-too-large",
            say("The expression is too large to be matched quickly. Write a shorter one, or wildcards."),
        )
    return compiled


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else say("it is invalid")
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _options(re2: ModuleType, memory: int) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    return options


def _in_chunks(expressions: Sequence[str]) -> Iterable[tuple[list[int], int]]:
    places: list[int] = []
    instructions = 0
    for place, expression in enumerate(expressions):
        size: int = parse_expression(expression).programsize
        full = len(places) == MAX_SET_EXPRESSIONS or instructions + size > MAX_SET_INSTRUCTIONS
        if places and full:
            yield places, instructions
            places, instructions = [], 0
        places.append(place)
        instructions += size
    if places:
        yield places, instructions


def _compile_set(expressions: Iterable[str]) -> Any:
    re2 = importlib.import_module("re2")  # it is there: parse_expression has compiled every one of them
    compiled = re2.Set.FullMatchSet(_options(re2, MAX_SET_MEMORY))
    for expression in expressions:
        compiled.Add(expression)
    compiled.Compile()
    return compiled
