"""Which path patterns speak for the paths that ``CORS_URLS_REGEX`` matches?

Before you edit:

* The expression is matched from the start and open at the end, against the same ``path_info``. ``^/api``
  matches ``/apiary``, which is ``/api*/**`` here.
* Only what comes out exactly is translated, but for a slash at the end: that is no difference to patterns.
  What it costs is found by trying, and said. All else is refused: a guess could govern too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Final

from cors_policies.core.adoption.python_regex import (
    CAPTURING,
    END,
    NON_CAPTURING,
    NOT_IN_RE2,
    START,
    Branch,
    Charset,
    Edge,
    Group,
    Literal,
    Piece,
    Repeat,
    compile_regex,
    parse_regex,
    piece_text,
)
from cors_policies.core.adoption.settings import Regex
from cors_policies.core.paths import PathPattern, parse_path_pattern
from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

MAX_PATHS: Final = 32
_MAX_CHARSET: Final = 10
_MAX_LISTED: Final = 8

# What a run of pieces is made of, beside single characters. The marks are longer than those.
_START: Final = "start"
_END: Final = "end"
_REST: Final = "rest"
_SOME_REST: Final = "some rest"
_SEGMENT: Final = "segment"
_MARKS: Final = {
    ".*": _REST,
    ".+": _SOME_REST,
    "[^/]+": _SEGMENT,
    **dict.fromkeys(START, _START),
    **dict.fromkeys(END, _END),
}
_REMEDY: Final = say(
    "Write beginnings of paths for this command, as in r'^/(api|feeds)/', or add the policies by hand."
)
_TAILS: Final = ("", "/", "x", "/x", "//x", "x/", "x/y", "/x/y")


def adopt_paths(regex: Regex) -> tuple[list[str], list[str]]:
    """The path patterns, and what is to be said of them. Raises :class:`PatternError`."""
    compiled = compile_regex(regex)
    if compiled.flags & re.IGNORECASE:
        raise _refusal(say("It ignores case, and path patterns do not."))
    runs = [*islice(_runs(_parsed(compiled)), MAX_PATHS + 1)]
    if len(runs) > MAX_PATHS:
        raise _refusal(say("It stands for more than {limit} paths.", limit=MAX_PATHS))
    patterns = {pattern.text: pattern for pattern in map(_pattern, runs)}
    kept = [*_uncovered(patterns)]
    return [pattern.text for pattern in kept], [*_differences(compiled, kept)]


def _parsed(compiled: re.Pattern[str]) -> Branch:
    try:
        return parse_regex(compiled)
    except PatternError as error:
        if error.reason != NOT_IN_RE2:
            raise
        raise _refusal(
            say("{error} What shall be left out gets a policy without origins.", error=error)
        ) from error


def _refusal(why: str) -> PatternError:
    return PatternError("untranslatable-paths", say("{why} {remedy}", why=why, remedy=_REMEDY))


def _runs(branch: Branch) -> Iterator[tuple[str, ...]]:
    """Every way to read the expression, as characters and marks."""
    for run in branch:
        for parts in product(*([*islice(_alternatives(piece), MAX_PATHS + 1)] for piece in run)):
            yield tuple(part for alternative in parts for part in alternative)


def _alternatives(piece: Piece) -> Iterator[tuple[str, ...]]:
    match piece:
        case Literal(char) if char != "*":
            yield (char,)
        case Edge() | Repeat(Charset()) if _mark(piece):
            yield (_mark(piece),)
        case Repeat(inner, 0, 1):
            yield ()
            yield from _alternatives(inner)
        case Charset(text):
            yield from ((char,) for char in _chars(text))
        case Group(opening, branch) if opening in {CAPTURING, NON_CAPTURING} or opening.startswith("(?P"):
            yield from _runs(branch)
        case _:
            raise _refusal(_why_not(piece))


def _mark(piece: Piece) -> str:
    """What stands for a piece that is more than characters; ``""`` where nothing does."""
    match piece:
        case Edge(text):
            return _MARKS.get(text, "")
        case Repeat(Charset(chars), _, _, text):
            return _MARKS.get(f"{chars}{text[:1]}", "")
    return ""


def _why_not(piece: Piece) -> str:
    if piece == Literal("*"):
        return say("It has a literal *, which no path pattern can hold.")
    return say("No path pattern is exactly as wide as {part}.", part=piece_text(piece))


def _chars(charset: str) -> list[str]:
    """The characters of a class, where these are few and none beside ASCII."""
    found = [*filter(compile_regex(charset).fullmatch, map(chr, range(ord("!"), ord("~") + 1)))]
    if not re.fullmatch(r"\[[^\\^]+\]", charset) or len(found) > _MAX_CHARSET:
        raise _refusal(say("{characters} stands for too many characters.", characters=charset))
    return found


def _pattern(run: Sequence[str]) -> PathPattern:
    text = _pattern_text(run[1:] if run[:1] == (_START,) else run)
    try:
        return parse_path_pattern(text)
    except PatternError as error:
        raise _refusal(
            say('No path pattern can be made of "{text}". {error}', text=text, error=error)
        ) from error


def _pattern_text(run: Sequence[str]) -> str:
    tail = next((place for place, part in enumerate(run) if part in {_REST, _SOME_REST, _END}), len(run))
    head, rest = run[:tail], [*run[tail:]]
    if _START in head or rest not in _TAILS_OF_RUNS:
        raise _refusal(say("It goes on after a part that takes the rest of a path, or of an expression."))
    if not all(_is_whole_segment(head, place) for place, part in enumerate(head) if part == _SEGMENT):
        raise _refusal(say("[^/]+ can only stand for a whole segment."))
    body = "".join("*" if part == _SEGMENT else part for part in head)
    return body if rest == [_END] else _open(body, needs_more=_SOME_REST in rest)


_TAILS_OF_RUNS: Final[tuple[list[str], ...]] = (
    [],
    [_END],
    [_REST],
    [_SOME_REST],
    [_REST, _END],
    [_SOME_REST, _END],
)


def _is_whole_segment(head: Sequence[str], place: int) -> bool:
    return [*head[place - 1 : place]] == ["/"] and [*head[place + 1 : place + 2]] in ([], ["/"])


def _open(body: str, *, needs_more: bool) -> str:
    """The pattern of all paths that start like this."""
    if body in {"", "/"}:
        return "/*/**" if needs_more and body else "/**"
    if body.endswith("/"):
        return f"{body}*/**" if needs_more else f"{body}**"
    return f"{body}/**" if body.endswith("/*") else f"{body}*/**"


def _uncovered(patterns: dict[str, PathPattern]) -> Iterator[PathPattern]:
    """The patterns without those that another one covers, as far as that is easily seen."""
    for text, pattern in patterns.items():
        if f"{text.removesuffix('/**')}*/**" in patterns:
            continue
        others = (other for other in patterns.values() if other.text != text)
        if "*" in text or not any(other.matches(text) for other in others):
            yield pattern


def _differences(regex: re.Pattern[str], patterns: Sequence[PathPattern]) -> Iterator[str]:
    """Paths that only one side speaks for, found by trying those at the patterns' edges."""
    probes = sorted({f"{stem}{tail}" for pattern in patterns for stem in _stems(pattern) for tail in _TAILS})
    probes = [probe for probe in probes if probe.startswith("/")]
    wider = [path for path in probes if _covers(patterns, path) and not regex.match(path)]
    narrower = [path for path in probes if regex.match(path) and not _covers(patterns, path)]
    if wider:
        yield say("is adopted a little wider. Governed now, and not before: {wider}.", wider=_listed(wider))
    if narrower:
        yield say(
            "is adopted a little narrower. Governed before, and not now: {narrower}.",
            narrower=_listed(narrower),
        )


def _stems(pattern: PathPattern) -> set[str]:
    """The paths around which a pattern begins to match."""
    plain = pattern.text.removesuffix("**").replace("*", "x")
    return {
        plain,
        plain.removesuffix("/"),
        pattern.text.removesuffix("/**").removesuffix("*").replace("*", "x"),
    }


def _covers(patterns: Iterable[PathPattern], path: str) -> bool:
    return any(pattern.matches(path) for pattern in patterns)


def _listed(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_MAX_LISTED])
    return shown if len(paths) <= _MAX_LISTED else say("{shown} and others of their kind", shown=shown)
