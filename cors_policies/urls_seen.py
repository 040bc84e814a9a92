"""Which addresses does this project answer, and what is an example path of each?

Before you edit:

* A route is walked, never resolved: resolving runs converters, and a project's own may ask the database.
  Values are chosen for a converter by its expression alone, and what is put together of expressions is tried
  with them.
* An expression can be anything. Where no example is found, the address has none, and that is said.
* What is walked has a bound, in number and in depth: a URLconf may include itself.
* Never on the path of a request that is not for a page that shows this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, count, islice
from typing import Any, Final

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, get_urlconf
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

from cors_policies.core.adoption.python_regex import parse_regex
from cors_policies.core.adoption.regex_reach import samples
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.problems import PatternError
from cors_policies.core.segments import DOUBLE_STAR, STAR

MAX_ADDRESSES: Final = 2000
_MAX_DEPTH: Final = 16
_VALUES: Final = (
    "1",
    "example",
    "00000000-0000-4000-8000-000000000000",
    "2030",
    "01",
    "0001",
    "2030-01-01",
    "a",
    "en",
)
"""Tried in this order where an expression does not say which text it wants."""
_WORDS: Final = frozenset({"[^/]+", "[-a-zA-Z0-9_]+"})
"""What Django's ``str`` and ``slug`` want: a word reads better than a number."""
_MANY: Final = ".+"
"""What Django's ``path`` wants: several segments."""
_SEGMENTS: Final = "example/path"
_MAX_EXAMPLE: Final = 500
_UNREADABLE: Final = (ValueError, IndexError, KeyError, NotImplementedError, re.error)
"""What the functions that read expressions raise about what they do not understand."""
_PARAMETER: Final = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")
_GROUP: Final = re.compile(r"\((?:\?P<(\w+)>|(?!\?))")
_SEVERAL: Final = "\0"
"""Stands for a run of segments while a pattern is put together. No path holds it."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the project.

    ``route`` is as its URLconf has it, without the signs for the ends of an expression; ``example`` is one
    path that leads to it, or ``""`` where none was found; ``pattern`` is a path pattern for all that lead to
    it, or ``""``; ``view`` is the dotted name of what answers, ``name`` the one to reverse it by, or ``""``.
    """

    route: str
    example: str
    pattern: str
    view: str
    name: str


@dataclass(frozen=True, slots=True)
class _Way:
    """What was walked so far: from the root to some part of the URLconf."""

    route: str = "/"
    example: str | None = "/"
    pattern: str = "/"
    namespaces: tuple[str, ...] = ()


def addresses(limit: int = MAX_ADDRESSES) -> tuple[list[Address], bool]:
    """The addresses of the URLconf of this request or process, and whether there are more than ``limit``."""
    found = list(islice(_walked(get_resolver(get_urlconf()), _Way(), 0), limit + 1))
    return found[:limit], len(found) > limit


def _walked(resolver: URLResolver, way: _Way, depth: int) -> Iterator[Address]:
    if depth > _MAX_DEPTH:
        return
    for part in resolver.url_patterns:
        for further in _further(part.pattern, way):
            if isinstance(part, URLPattern):
                yield _address(part, further)
                continue
            names = (part.namespace,) if part.namespace else ()
            yield from _walked(part, replace(further, namespaces=way.namespaces + names), depth + 1)


def _address(part: URLPattern, way: _Way) -> Address:
    return Address(
        route=way.route,
        example=way.example or "",
        pattern=_whole_pattern(way),
        view=part.lookup_str,
        name=":".join((*way.namespaces, part.name)) if part.name else "",
    )


def _further(part: Any, way: _Way) -> Iterator[_Way]:
    """The way on through one part; languages in front of paths may give two."""
    if isinstance(part, LocalePrefixPattern):
        yield from _languages(part, way)
    elif isinstance(part, RoutePattern):
        yield _joined(way, str(part), *_route(part))
    elif isinstance(part, RegexPattern):
        yield _joined(way, str(part).removeprefix("^").removesuffix("$"), *_expression(part))
    else:
        yield _joined(way, str(part), None, "")


def _joined(way: _Way, route: str, example: str | None, pattern: str) -> _Way:
    whole = None if way.example is None or example is None else way.example + example
    if whole is not None and len(whole) > _MAX_EXAMPLE:
        whole = None
    return replace(way, route=way.route + route, example=whole, pattern=way.pattern + pattern)


def _languages(part: LocalePrefixPattern, way: _Way) -> Iterator[_Way]:
    """With the prefix of a language, and without one where the default language has none."""
    default = settings.LANGUAGE_CODE
    others = [code for code, _ in settings.LANGUAGES if code != default]
    if not part.prefix_default_language:
        yield way
    language = default if part.prefix_default_language else next(iter(others), None)
    if language:
        yield _joined(way, "<language>/", f"{language}/", f"{STAR}/")


def _route(part: RoutePattern) -> tuple[str | None, str]:
    """An example of a route, ``None`` where a converter takes no value that is known here; and a pattern."""
    wanted = {name: converter.regex for name, converter in part.converters.items()}
    values = {name: _value(expression) for name, expression in wanted.items()}
    if None in values.values():
        return None, ""
    stars = {name: _star(expression) for name, expression in wanted.items()}
    return _filled(_PARAMETER, str(part), values), _filled(_PARAMETER, str(part), stars)


def _expression(part: RegexPattern) -> tuple[str | None, str]:
    """An example of an expression, ``None`` where none is found; and a pattern."""
    for example, pattern in (*_forms(str(part)), *((text, "") for text in _samples(str(part)))):
        if part.regex.search(example):
            return example, pattern
    return None, ""


def _forms(expression: str) -> list[tuple[str, str]]:
    """Examples that the expression may match, with their patterns."""
    groups = dict(_groups(expression))
    values = {name: _value(group) for name, group in groups.items()}
    stars = {name: _star(group) for name, group in groups.items()}
    return [
        (_filled(_PLACEHOLDER, form, values), _filled(_PLACEHOLDER, form, stars))
        for form in _normalized(expression)
    ]


def _normalized(expression: str) -> list[str]:
    """Texts that the expression may match, with placeholders for its groups; none where it is too hard."""
    try:
        return [form for form, _ in normalize(expression)]
    except _UNREADABLE:
        return []


def _samples(expression: str) -> list[str]:
    """Other texts that the expression may match; none where it is too hard."""
    try:
        return samples(parse_regex(re.compile(expression)))
    except (PatternError, re.error):
        return []


def _filled(places: re.Pattern[str], text: str, values: Mapping[str, str | None]) -> str:
    return places.sub(lambda match: values.get(match[1]) or "", text)


def _star(expression: str) -> str:
    """What stands for a value in a pattern: one that may hold a slash is a run of segments."""
    return _SEVERAL if _matches(expression, _SEGMENTS) else STAR


def _value(expression: str) -> str | None:
    """A text that the expression matches, or ``None``."""
    first = {_MANY: (_SEGMENTS,), **dict.fromkeys(_WORDS, ("example",))}.get(expression, ())
    tried = chain(first, _VALUES, _normalized(expression), _samples(expression))
    return next((text for text in tried if _matches(expression, text)), None)


def _matches(expression: str, text: str) -> bool:
    try:
        return re.fullmatch(expression, text) is not None
    except re.error:  # a part of an expression need not be one itself
        return False


def _groups(expression: str) -> Iterator[tuple[str, str]]:
    """What stands in each group that captures, by its name, or its place as Django counts it."""
    at, unnamed = 0, count()
    while match := _GROUP.search(expression, at):
        if _is_escaped(expression, match.start()):
            at = match.end()
            continue
        at = _end(expression, match.end())
        yield match[1] or f"_{next(unnamed)}", expression[match.end() : at]


def _end(expression: str, at: int) -> int:
    """Where the group ends that starts before ``at``."""
    depth, in_class = 1, False
    while at < len(expression):
        sign = expression[at]
        if sign == "\\":
            at += 1
        elif in_class or sign == "[":
            in_class = sign != "]"
        else:
            depth += (sign == "(") - (sign == ")")
            if not depth:
                return at
        at += 1
    return at


def _is_escaped(expression: str, at: int) -> bool:
    before = expression[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _whole_pattern(way: _Way) -> str:
    """The path pattern, in canonical form, if there is one that matches the example."""
    if not way.example:
        return ""
    try:
        pattern = parse_path_pattern("/".join(_segments(way.pattern)))
    except PatternError:
        return ""
    return pattern.text if pattern.matches(way.example) else ""


def _segments(pattern: str) -> Iterator[str]:
    """The segments, with ``**`` for a run of them, and what stands beside that in the same one."""
    for segment in pattern.split("/"):
        before, several, after = segment.partition(_SEVERAL)
        if not several:
            yield re.sub(r"\*+", STAR, segment)
            continue
        if before:
            yield f"{before}{STAR}"
        yield DOUBLE_STAR
        if after:
            yield f"{STAR}{after}"
