r"""Which texts does an expression match, to begin with?

``https://(app|admin)[0-9]+\.example\.com`` gives ``https://app8.example.com`` and
``https://admin8.example.com``: enough to ask what else gets in.

Before you edit:

* This is no judge. It reads the usual parts of RE2's syntax and guesses; whoever asks must try each sample
  with the expression itself. What cannot be read gives no samples, never an error.
* What a class or an escape stands for is asked of RE2, with a few characters that origins are made of.
"""

from __future__ import annotations

import re
from typing import Final

from cors_policies.core.expressions import parse_expression
from cors_policies.core.problems import PatternError

MAX_SAMPLES: Final = 6
MAX_SAMPLE: Final = 300
_MAX_DEPTH: Final = 30
_CHARACTERS: Final = "a8-.:/_[]bcdefghijklmnopqrstuvwxyz012345679+"

_ESCAPE = re.compile(r"\\(?:[pP]\{[^}]*\}|[pP].|x\{[^}]*\}|x[0-9A-Fa-f]{2}|.)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:[a-z^]+:\]|[^\]\\])*\]")
_OPENING = re.compile(r"\((?:\?(?:P?<\w+>|[imsU-]*:))?")
_FLAGS = re.compile(r"\(\?[imsU-]+\)")
_REPEAT = re.compile(r"(?:([*+?])|\{([0-9]+)(?:,[0-9]*)?\})\??")
_NOTHING: Final = frozenset({"^", "$", r"\A", r"\b", r"\B", r"\z"})
_SIGNS: Final = "()|*+?"


def sample_texts(expression: str, dot: str = ".") -> tuple[str, ...]:
    """Texts that the expression is likely to match, in lower case, at most :data:`MAX_SAMPLES`.

    ``dot`` is what a dot without a quantifier gives: most often its author forgot to escape it.
    """
    try:
        found = _Sampler(expression, dot).read_all()
    except _UnreadableError:
        return ()
    return tuple(dict.fromkeys(text.lower() for text in found))


class _UnreadableError(Exception):
    """A part of the expression that is not understood here."""


class _Sampler:
    """Reads the expression once, from left to right."""

    def __init__(self, expression: str, dot: str) -> None:
        self._text = expression
        self._dot = dot
        self._at = 0
        self._depth = 0

    def read_all(self) -> list[str]:
        found = self._read_branches()
        if self._at < len(self._text):
            raise _UnreadableError
        return found

    def _read_branches(self) -> list[str]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _UnreadableError
        found = self._read_branch()
        while self._takes("|"):
            found += self._read_branch()
        self._depth -= 1
        return found[:MAX_SAMPLES]

    def _read_branch(self) -> list[str]:
        found = [""]
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            found = _joined(found, self._repeated(self._read_atom()))
        return found

    def _read_atom(self) -> list[str]:
        if self._matched(_FLAGS):
            return [""]
        if self._matched(_OPENING):
            found = self._read_branches()
            if not self._takes(")"):
                raise _UnreadableError
            return found
        atom = self._matched(_ESCAPE) or self._matched(_CLASS) or self._next()
        if atom == "." and not _REPEAT.match(self._text, self._at):
            return [self._dot]
        return [""] if atom in _NOTHING else [_character(atom)]

    def _repeated(self, once: list[str]) -> list[str]:
        """Optional parts are left out in one sample, and stand in another."""
        match = _REPEAT.match(self._text, self._at)
        if match is None:
            return once
        self._at = match.end()
        sign, least = match.groups()
        count = int(least) if least else int(sign == "+")
        if count > MAX_SAMPLE:
            raise _UnreadableError
        return [text * count for text in once] if count else ["", *once][:MAX_SAMPLES]

    def _matched(self, form: re.Pattern[str]) -> str:
        match = form.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _takes(self, sign: str) -> bool:
        found = self._text.startswith(sign, self._at)
        self._at += len(sign) * found
        return found

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1]


def _joined(firsts: list[str], seconds: list[str]) -> list[str]:
    """As many texts as the longer list has: enough for each of its parts to stand in one."""
    count = max(len(firsts), len(seconds))
    texts = [firsts[at % len(firsts)] + seconds[at % len(seconds)] for at in range(count)]
    if any(len(text) > MAX_SAMPLE for text in texts):
        raise _UnreadableError
    return texts


def _character(atom: str) -> str:
    if len(atom) == 1 and atom != ".":
        if atom in _SIGNS:
            raise _UnreadableError
        return atom
    try:
        compiled = parse_expression(atom)
    except PatternError as error:
        raise _UnreadableError from error
    return next((character for character in _CHARACTERS if compiled.fullmatch(character)), "")
