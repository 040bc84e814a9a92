"""What may no policy of this site allow, whoever edits it?

A *guard rail* is set by those who deploy the site. A *breach* is a pattern that lies beyond one; for which
policies that counts, it says itself, so that the breaches of a group are found once.

Before you edit:

* What cannot be read is taken in the safe direction: an entry that is no pattern covers nothing, a rail of
  another type lets nothing through. Whoever writes the settings is told by a system check.
* Most sites have no guard rails, and those that have load as many origins: an exact one is one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from cors_policies.core import vocabulary as http
from cors_policies.core.covering import covers
from cors_policies.core.credentials import matches_any_site
from cors_policies.core.origin_index import OriginIndex
from cors_policies.core.origins import OriginKind, OriginPattern, is_exact_text, parse_origin_pattern
from cors_policies.core.paths import PathPattern, intersects, parse_path_pattern
from cors_policies.core.policy import MAX_MAX_AGE
from cors_policies.core.problems import PatternError, Problem
from cors_policies.core.reading import Reader
from cors_policies.core.texts import say

GUARDRAIL: Final = "guardrail"
ALLOWED_ORIGINS: Final = "ALLOWED_ORIGINS"
CREDENTIALED_ORIGINS: Final = "CREDENTIALED_ORIGINS"
FORBID_ANY_ORIGIN_PATHS: Final = "FORBID_ANY_ORIGIN_PATHS"
MAX_AGE: Final = "MAX_AGE"
RAILS: Final = (ALLOWED_ORIGINS, CREDENTIALED_ORIGINS, FORBID_ANY_ORIGIN_PATHS, MAX_AGE)

BROWSERS_MAX_AGE: Final = 5
"""Seconds for which a browser remembers a preflight whose answer says nothing of it
(https://fetch.spec.whatwg.org/#cors-preflight-fetch)."""
_MAX_SHOWN: Final = 5
_EVERY_PATH: Final = "/**"
_Pattern = TypeVar("_Pattern")


class Bounded(Protocol):
    """What decides whether a breach counts: a policy's credentials and its path."""

    @property
    def allow_credentials(self) -> bool:
        """Whether credentials are allowed."""

    @property
    def path(self) -> str:
        """The policy's path pattern, canonical; ``""`` where it has none that could be read."""


@dataclass(frozen=True, slots=True)
class OriginLimit:
    """Patterns that must cover every origin; each has to be covered by one of them alone."""

    patterns: tuple[OriginPattern, ...]
    _index: OriginIndex = field(init=False, repr=False, compare=False)
    _below: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", OriginIndex((pattern.text, 0) for pattern in self.patterns))
        domains = (pattern for pattern in self.patterns if pattern.kind is OriginKind.SUBDOMAINS)
        object.__setattr__(
            self, "_below", frozenset(domain.text.replace("://*", "://", 1) for domain in domains)
        )

    def covers(self, text: str) -> bool:
        """Whether the canonical pattern stays within the limit."""
        if is_exact_text(text):
            return (bool(self._below) and self._is_below(text)) or self._index.find(text) is not None
        narrower = parse_origin_pattern(text)
        return any(covers(wider, narrower) for wider in self.patterns)

    def _is_below(self, text: str) -> bool:
        """Whether a domain is above the exact origin: found sooner than by the index, which parses."""
        scheme, _, rest = text.partition("://")
        dot = rest.find(".")
        while dot > 0:
            if f"{scheme}://{rest[dot:]}" in self._below:
                return True
            dot = rest.find(".", dot + 1)
        return False


@dataclass(frozen=True, slots=True)
class Breach:
    """A pattern that lies beyond a guard rail; ``message`` says what to write instead."""

    rail: str
    pattern: str
    message: str
    paths: tuple[PathPattern, ...] = ()

    code = GUARDRAIL

    def counts_against(self, policy: Bounded) -> bool:
        """Whether a policy that allows the pattern exceeds the rail."""
        if self.rail == FORBID_ANY_ORIGIN_PATHS:
            return _could_match(policy.path, self.paths)
        return self.rail == ALLOWED_ORIGINS or policy.allow_credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrails:
    """What no policy may exceed; ``None``, and no paths: no such rail."""

    allowed_origins: OriginLimit | None = None
    credentialed_origins: OriginLimit | None = None
    forbid_any_origin_paths: tuple[PathPattern, ...] = ()
    max_age: int | None = None
    limits_origins: bool = field(init=False)
    """Whether there is a rail that an origin can lie beyond."""

    def __post_init__(self) -> None:
        limits = self.allowed_origins or self.credentialed_origins or self.forbid_any_origin_paths
        object.__setattr__(self, "limits_origins", bool(limits))

    def breaches(self, texts: Iterable[str]) -> Iterator[Breach]:
        """The rails that canonical patterns lie beyond, in the order of the patterns."""
        if self.limits_origins:
            for text in texts:
                yield from self._breaches(text)

    def max_age_problem(self, max_age: int | None) -> Problem | None:
        """Why a policy may not have this max-age, or ``None``. Without one, the browser's own counts."""
        limit = self.max_age
        if limit is None or (BROWSERS_MAX_AGE if max_age is None else max_age) <= limit:
            return None
        message = say(
            "This site's guard rail {rail} allows {limit} seconds at most. Write a number up to that.",
            rail=MAX_AGE,
            limit=limit,
        )
        return Problem(GUARDRAIL, "max_age", None, max_age, message)

    def _breaches(self, text: str) -> Iterator[Breach]:
        for rail, limit in (
            (ALLOWED_ORIGINS, self.allowed_origins),
            (CREDENTIALED_ORIGINS, self.credentialed_origins),
        ):
            if limit is not None and not limit.covers(text):
                yield Breach(rail, text, _beyond(text, rail, limit))
        paths = self.forbid_any_origin_paths
        if paths and not is_exact_text(text) and _is_any(text):
            yield Breach(FORBID_ANY_ORIGIN_PATHS, text, _too_open(text, paths), paths)


NO_GUARDRAILS: Final = Guardrails()


def check_guardrails(given: Mapping[Any, object]) -> tuple[Guardrails, tuple[Problem, ...]]:
    """The guard rails of the settings, in the safe direction where they cannot be read, and every problem."""
    reader = Reader({str(key): value for key, value in given.items()}, RAILS)
    allowed = _patterns(reader, ALLOWED_ORIGINS, "invalid-origin", parse_origin_pattern)
    credentialed = _patterns(reader, CREDENTIALED_ORIGINS, "invalid-origin", parse_origin_pattern)
    paths = _patterns(reader, FORBID_ANY_ORIGIN_PATHS, "invalid-path", parse_path_pattern)
    max_age = reader.integer(MAX_AGE, 0, MAX_MAX_AGE)
    if any(problem.field == FORBID_ANY_ORIGIN_PATHS for problem in reader.problems):
        paths = (parse_path_pattern(_EVERY_PATH),)
    rails = Guardrails(
        allowed_origins=OriginLimit(allowed) if ALLOWED_ORIGINS in given else None,
        credentialed_origins=OriginLimit(credentialed) if CREDENTIALED_ORIGINS in given else None,
        forbid_any_origin_paths=paths,
        max_age=max_age if MAX_AGE in given else None,
    )
    return rails, tuple(reader.problems)


def _patterns(reader: Reader, rail: str, code: str, parse: Callable[[str], _Pattern]) -> tuple[_Pattern, ...]:
    found = []
    for index, entry in reader.entries(rail, ()):
        try:
            found.append(parse(entry))
        except PatternError as error:
            reader.note(code, rail, entry, str(error), index)
    return tuple(found)


def _could_match(path: str, forbidden: Iterable[PathPattern]) -> bool:
    """Whether the pattern could match a path that one of the others matches; one that is none cannot."""
    try:
        own = parse_path_pattern(path)
    except PatternError:
        return False
    return any(intersects(own, pattern) for pattern in forbidden)


def _is_any(text: str) -> bool:
    """``*``, or an expression that is as good as it: the rail must not be stepped around by spelling."""
    return text == http.ANY or matches_any_site(parse_origin_pattern(text))


def _beyond(text: str, rail: str, limit: OriginLimit) -> str:
    shown = _shown([pattern.text for pattern in limit.patterns])
    return say(
        '"{text}" lies beyond this site\'s guard rail {rail}. Write what one of these covers: {shown}.',
        text=text,
        rail=rail,
        shown=shown,
    )


def _too_open(text: str, paths: Iterable[PathPattern]) -> str:
    shown = _shown([path.text for path in paths])
    return say(
        '"{text}" lets every origin in, which this site\'s guard rail '
        "{rail} forbids wherever the path could match one of {shown}. "
        "List the origins, or write a path that cannot.",
        text=text,
        rail=FORBID_ANY_ORIGIN_PATHS,
        shown=shown,
    )


def _shown(texts: list[str]) -> str:
    more = ["..."] if len(texts) > _MAX_SHOWN else []
    return ", ".join([*texts[:_MAX_SHOWN], *more]) or "none"


NOTHING_ALLOWED: Final = check_guardrails(dict.fromkeys(RAILS))[0]
"""What guard rails come to of which not one can be read."""
