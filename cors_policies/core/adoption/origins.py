"""Which origin patterns let in the origins that django-cors-headers lets in by a list, and by expressions?

Before you edit:

* An entry of the list is compared there by the scheme and by what stands between ``//`` and the next ``/``,
  with case and port as they are written. So many an entry matches no origin that a browser sends, a ``*`` in
  it among them: it is left out, never mended into one that does.
* An expression is matched there from the start, and open at the end. Here it is anchored at both ends. The
  example of what slips through is found by trying it, not by reasoning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from cors_policies.core.adoption.python_regex import (
    NOT_IN_RE2,
    Branch,
    compile_regex,
    parse_regex,
    to_re2,
)
from cors_policies.core.adoption.regex_reach import has_bare_dot, samples, takes_the_rest
from cors_policies.core.adoption.settings import Regex
from cors_policies.core.origins import (
    NULL_ORIGIN,
    OriginPattern,
    parse_origin_pattern,
    parse_serialized_origin,
)
from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

_ENDINGS: Final = (".evil.net", "evil.net", "-evil.net", ":8443", "8", "x")
"""What strangers can put behind the name of a host, as far as it stays an origin."""


def adopt_origins(entries: Iterable[str]) -> tuple[list[str], list[str]]:
    """The patterns of a list of origins, and what is to be said of entries that are left out."""
    found: list[str] = []
    reasons: list[str] = []
    for entry in entries:
        try:
            found.append(_adopt_origin(entry))
        except PatternError as error:
            reasons.append(say('"{entry}" {fault}', entry=entry, fault=error))
    return found, reasons


def adopt_expressions(regexes: Iterable[Regex]) -> tuple[list[str], list[str]]:
    """The patterns of a list of regular expressions, and what is to be said of them."""
    found: list[str] = []
    reasons: list[str] = []
    for regex in regexes:
        shown = f'"{regex if isinstance(regex, str) else regex.pattern}"'
        try:
            compiled = compile_regex(regex)
            pattern = parse_origin_pattern(f"~{to_re2(compiled)}")
        except PatternError as error:
            reasons.append(say("{shown} is left out. {error}", shown=shown, error=_with_remedy(error)))
        else:
            found.append(pattern.text)
            reasons.extend(
                say("{entry} {fault}", entry=shown, fault=remark) for remark in _remarks(compiled, pattern)
            )
    return found, reasons


def _with_remedy(error: PatternError) -> str:
    if error.reason != NOT_IN_RE2:
        return str(error)
    return say("{error} Write the expression without it, or wildcards.", error=error)


def _adopt_origin(entry: str) -> str:
    """The canonical pattern. Raises :class:`PatternError`, which continues a sentence about the entry."""
    if entry == NULL_ORIGIN:
        return entry
    if entry.startswith("file:"):
        raise _left_out(
            say("is sent for local files, and no pattern covers it"),
            say("Let such pages be served by a server."),
        )
    try:
        parts = urlsplit(entry)
        text = f"{parts.scheme}://{parts.netloc}"
    except ValueError as error:
        raise _left_out(say("is no URL"), say("Write an origin such as https://app.example.com.")) from error
    if not parts.scheme or not parts.netloc:
        raise _left_out(
            say("has no scheme or no host"), say("Write the whole origin, as in https://app.example.com.")
        )
    if parse_serialized_origin(text) is None:
        raise _left_out(say("is an origin that no browser sends, and let nobody in"), _meant(text))
    try:
        return parse_origin_pattern(text).text
    except PatternError as error:
        raise _left_out(say("cannot be stored"), str(error)) from error


def _left_out(why: str, remedy: str) -> PatternError:
    return PatternError("left-out", say("{why}: left out. {remedy}", why=why, remedy=remedy))


def _meant(text: str) -> str:
    try:
        meant = parse_origin_pattern(text).text
    except PatternError as error:
        return str(error)
    return say("If the pattern {meant} was meant, add that to the policy.", meant=meant)


def _remarks(regex: re.Pattern[str], pattern: OriginPattern) -> Iterator[str]:
    branch = parse_regex(regex)
    if not takes_the_rest(branch):
        example = _slipping_through(regex, branch, pattern)
        through = say(': "{example}" was let in by it', example=example) if example else ""
        yield say(
            "is open at the end{through}. It is anchored at both ends now, and no longer is.", through=through
        )
    if regex.match(NULL_ORIGIN):
        yield say("let null in too, and no expression does here. Add null to the policy if that was meant.")
    if has_bare_dot(branch) and (stranger := _by_bare_dot(branch, pattern)):
        yield say(
            'has a dot for any character: "{stranger}" was let in by it, and still is. Write \\. there.',
            stranger=stranger,
        )


def _slipping_through(regex: re.Pattern[str], branch: Branch, pattern: OriginPattern) -> str | None:
    """An origin that the expression lets in only because it is open at the end."""
    candidates = (f"{sample}{ending}" for ending in _ENDINGS for sample in samples(branch))
    return next(
        (
            origin
            for origin in candidates
            if parse_serialized_origin(origin) and regex.match(origin) and not pattern.matches(origin)
        ),
        None,
    )


def _by_bare_dot(branch: Branch, pattern: OriginPattern) -> str | None:
    """An origin that the expression lets in with another character in a dot's place."""
    origins = (origin for origin in samples(branch) if pattern.matches(origin))
    others = (
        f"{origin[:place]}x{origin[place + 1 :]}"
        for origin in origins
        for place, char in enumerate(origin)
        if char == "."
    )
    return next((other for other in others if pattern.matches(other)), None)
