r"""What does a regular expression of Python consist of, and how does RE2 write the same?

Only as far as texts of visible ASCII are concerned, as origins are: there ``\d`` is ``[0-9]`` and ``$`` is
the end, in both.

Before you edit:

* What comes here has been compiled by Python's ``re``: nothing is checked that Python has checked.
* Nothing is passed through unread. The two syntaxes differ in silence too: ``a{,3}`` are literal braces to
  RE2, and ``[[:alpha:]]`` is a class only there.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

START: Final = ("^", r"\A")
END: Final = ("$", r"\z")
CAPTURING: Final = "("
NON_CAPTURING: Final = "(?:"
NOT_IN_RE2: Final = "not-in-re2"
"""The reason of what is no fault, but has no counterpart in RE2."""

_SPECIAL: Final = frozenset(r"\.+*?()|[]{}^$")
_QUANTIFIER = re.compile(r"[*+?]|\{[0-9]+\}|\{[0-9]*,[0-9]*\}")
_FLAGS = re.compile(r"([aiLmsux]*)(?:-([imsx]+))?([:)])")
_NAME = re.compile(r"P<\w+>")
_COMMENT = re.compile(r"#[^)]*\)")
_BLANK = re.compile(r"(?:[ \t\n\r\v\f]+|#[^\n]*\n?)+")
_CONTROLS: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NOT_IN_RE2: Final = {
    "=": say("a lookahead, (?="),
    "!": say("a lookahead, (?!"),
    "<": say("a lookbehind, (?<"),
    ">": say("an atomic group, (?>"),
    "(": say("a condition, (?("),
    "P": say("a reference to a group, (?P="),
}


@dataclass(frozen=True, slots=True)
class Literal:
    """One character that stands for itself."""

    char: str


@dataclass(frozen=True, slots=True)
class Charset:
    """One character of several, written so that both read it alike."""

    text: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives in parentheses; ``opening`` is what stands before the first."""

    opening: str
    branch: Branch


@dataclass(frozen=True, slots=True)
class Repeat:
    """A piece several times; ``high`` is ``None`` where there is no end to it."""

    piece: Piece
    low: int
    high: int | None
    text: str


Piece = Literal | Charset | Edge | Group | Repeat
Run = tuple[Piece, ...]
Branch = tuple[Run, ...]


def compile_regex(regex: str | re.Pattern[str]) -> re.Pattern[str]:
    """The compiled expression. Raises :class:`PatternError` where Python refuses it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read otherwise: not of now
            return re.compile(regex)
    except (re.error, RecursionError, OverflowError) as error:
        message = say("Python refuses the regular expression: {error}. Correct it.", error=error)
        raise PatternError("invalid-regex", message) from error


def parse_regex(regex: re.Pattern[str]) -> Branch:
    """The alternatives of the expression. Raises :class:`PatternError` for what RE2 has no counterpart of."""
    return _Reader(regex.pattern, is_verbose=bool(regex.flags & re.VERBOSE)).branch()


def to_re2(regex: re.Pattern[str]) -> str:
    """The expression as RE2 writes it. Raises :class:`PatternError` for what RE2 has no counterpart of."""
    flags = "(?i)" if regex.flags & re.IGNORECASE else ""
    return flags + _branch_text(parse_regex(regex))


def piece_text(piece: Piece) -> str:
    """The piece as RE2 writes it."""
    match piece:
        case Literal(char):
            return f"\\{char}" if char in _SPECIAL else char
        case Group(opening, branch):
            return f"{opening}{_branch_text(branch)})"
        case Repeat(inner, _, _, text):
            return piece_text(inner) + text
        case _:
            return piece.text


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str, *, is_verbose: bool) -> None:
        self._text = text
        self._at = 0
        self._is_verbose = is_verbose

    def branch(self) -> Branch:
        runs = [self._run()]
        while self._take("|"):
            runs.append(self._run())
        return tuple(runs)

    def _run(self) -> Run:
        pieces: list[Piece] = []
        while True:
            if self._is_verbose:
                self._match(_BLANK)
            if self._peek() in {"", "|", ")"}:
                return tuple(pieces)
            quantifier = self._match(_QUANTIFIER)
            if quantifier is None:
                pieces += self._pieces()
            else:
                pieces[-1] = self._repeat(pieces[-1], quantifier[0])

    def _pieces(self) -> Iterator[Piece]:
        """The next piece; none where it is a comment, or flags for the whole expression."""
        char = self._next()
        if char == "(":
            yield from self._group()
        elif char == "[":
            yield self._charset()
        elif char == "\\":
            yield self._escape()
        elif char in "^$":
            yield Edge(char)
        else:
            yield ANY_CHARACTER if char == "." else Literal(char)

    def _repeat(self, piece: Piece, text: str) -> Repeat:
        if self._take("+"):
            raise _not_in_re2(say("a possessive {text}+", text=text))
        low, high = _BOUNDS.get(text) or _bounds(text)
        lazy = "?" if self._take("?") else ""
        return Repeat(piece, low, high, text.replace("{,", "{0,") + lazy)

    def _group(self) -> Iterator[Piece]:
        if not self._take("?"):
            yield self._until_closed(CAPTURING)
        elif name := self._match(_NAME):
            yield self._until_closed(f"(?{name[0]}")
        elif self._match(_COMMENT) is None:
            yield from self._flags()

    def _flags(self) -> Iterator[Piece]:
        flags = self._match(_FLAGS)
        if flags is None:
            raise _not_in_re2(_NOT_IN_RE2.get(self._peek(), say("a group that is unknown here")))
        on, off, end = flags.groups("")
        if end == ")":
            return  # for the whole expression: Python has put them into its flags
        if "x" in on + off:
            raise _not_in_re2(say("the flag x inside of it"))
        off = f"-{off}" if off else ""
        yield self._until_closed(f"(?{''.join(flag for flag in on if flag in 'ims')}{off}:")

    def _until_closed(self, opening: str) -> Group:
        group = Group(opening, self.branch())
        self._at += 1
        return group

    def _escape(self) -> Piece:
        char = self._next()
        if char in "Zz":
            return Edge(r"\z")
        if char in "AbB":
            return Edge(f"\\{char}")
        if char in "dDsSwW":
            return Charset(f"\\{char}")
        if char == "x":
            return Literal(chr(int(self._next() + self._next(), 16)))
        _refuse_escape(char)
        return Literal(_CONTROLS.get(char, char))

    def _charset(self) -> Charset:
        """A class in brackets. A ``[`` inside gets a backslash: RE2 might take it for a class of its own."""
        text = "[^" if self._take("^") else "["
        is_first = True
        while is_first or self._peek() != "]":
            char = self._next()
            text += self._class_escape() if char == "\\" else f"\\{char}" if char in "[]" else char
            is_first = False
        self._at += 1
        return Charset(f"{text}]")

    def _class_escape(self) -> str:
        char = self._next()
        if char == "b":
            return r"\x08"
        _refuse_escape(char)
        return char if char == "_" else f"\\{char}"

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, char: str) -> bool:
        found = self._peek() == char
        self._at += found
        return found

    def _match(self, wanted: re.Pattern[str]) -> re.Match[str] | None:
        match = wanted.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match


ANY_CHARACTER: Final = Charset(".")
_BOUNDS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def _bounds(text: str) -> tuple[int, int | None]:
    low, comma, high = text[1:-1].partition(",")
    if not comma:
        return int(low), int(low)
    return int(low or 0), int(high) if high else None


def _refuse_escape(char: str) -> None:
    if char.isdigit():
        raise _not_in_re2(say("a reference to a group or an octal number, \\{char}", char=char))
    if char in "uUN":
        raise _not_in_re2(say("a character by its number or name, \\{char}", char=char))


def _not_in_re2(what: str) -> PatternError:
    return PatternError(NOT_IN_RE2, say("It has {what}, which RE2 does not have.", what=what))


def _branch_text(branch: Branch) -> str:
    return "|".join("".join(map(piece_text, run)) for run in branch)
