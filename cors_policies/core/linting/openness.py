"""How far does an accepted origin pattern open a policy, and to whom?

Before you edit:

* A judgement depends on the pattern and on whether credentials are allowed, so that what a hundred policies
  have in common is judged once.
* With credentials, what lets strangers in is an error; without, others may read what anybody may read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from cors_policies.core.credentials import find_offences
from cors_policies.core.findings import ERROR, WARNING
from cors_policies.core.linting.attacks import Way, find_holes, find_samples
from cors_policies.core.origins import (
    NULL_ORIGIN,
    OriginKind,
    OriginPattern,
    is_exact_text,
    parse_origin_pattern,
)
from cors_policies.core.texts import say, say_count

ANY_ORIGIN: Final = "any-origin"
WIDE_WILDCARD: Final = "wide-wildcard"
LETS_IN: Final = "lets-in"
MAX_HOLES: Final = 3
_ANY: Final = say(
    "Every page can read what is answered here. List the origins, unless all of it is meant for the public."
)
_SCHEME: Final = say(
    "covers everything of that scheme, whoever made it. List the origins where they "
    "are the same in every installation."
)
_ANY_HOST: Final = say("matches any host. Write your domain into it, or * if every origin is meant.")
_PUBLIC_SUFFIX: Final = say(
    "covers names that strangers can register. Put your own domain before the wildcard, or list the origins."
)
_ANY_PORT: Final = say(
    "covers every port, whoever listens there. Write the port, or none for the scheme's default one."
)
_UNTRIED: Final = say(
    "could not be tried with hostile origins, since none was found that it matches. "
    "Ask explain about the origins that you mean, or write wildcards."
)
TOLERATED: Final = {
    "insecure-origin": say(
        "is tolerated by tolerate_insecure_origins: whoever shares its network can read "
        "with the visitor's cookies. Use https as soon as that page has it."
    ),
    "credentials-regex": say(
        "is tolerated by tolerate_credentialed_regex: only the attack test looks into "
        "it. Write origins or wildcards where they can say the same."
    ),
}
"""The third of its kind, a public suffix, is reported as a wide wildcard."""


class Judgement(NamedTuple):
    """What there is to say about a pattern: the parts of a finding that do not depend on its place."""

    level: str
    code: str
    detail: str


@lru_cache(maxsize=4096)
def judge(text: str, *, with_credentials: bool) -> tuple[Judgement, ...]:
    """Everything that is to be said about a canonical pattern, most often nothing."""
    if is_exact_text(text) and text != NULL_ORIGIN:
        return tuple(_tolerated(parse_origin_pattern(text))) if with_credentials else ()
    pattern = parse_origin_pattern(text)
    level = ERROR if with_credentials else WARNING
    tolerated = _tolerated(pattern) if with_credentials else ()
    return (*_wide(pattern, level), *_holes(pattern, level), *tolerated)


def _wide(pattern: OriginPattern, level: str) -> Iterator[Judgement]:
    codes = {offence.code for offence in find_offences([pattern])}
    if pattern.kind is OriginKind.ANY:
        yield Judgement(WARNING, ANY_ORIGIN, _ANY)
    elif pattern.kind is OriginKind.SCHEME:
        yield Judgement(WARNING, WIDE_WILDCARD, _about(pattern, _SCHEME))
    elif "credentials-any-origin" in codes:
        yield Judgement(level, WIDE_WILDCARD, _about(pattern, _ANY_HOST))
    elif "public-suffix" in codes:
        yield Judgement(level, WIDE_WILDCARD, _about(pattern, _PUBLIC_SUFFIX))
    if pattern.port == "*" and not pattern.is_loopback:
        yield Judgement(WARNING, WIDE_WILDCARD, _about(pattern, _ANY_PORT))


def _holes(pattern: OriginPattern, level: str) -> Iterator[Judgement]:
    holes = [hole for hole in find_holes(pattern) if level == ERROR or hole.way is not Way.PLAIN_HTTP]
    more = len(holes) - MAX_HOLES
    for place, (way, origin) in enumerate(holes[:MAX_HOLES], start=1):
        rest = (
            say_count(" {count} more way in is open.", " {count} more ways in are open.", more)
            if place == MAX_HOLES and more > 0
            else ""
        )
        yield Judgement(
            level,
            LETS_IN,
            say(
                '"{pattern}" lets in {origin}: {what}. {remedy}{rest}',
                pattern=pattern.text,
                origin=origin,
                what=way.what,
                remedy=way.remedy,
                rest=rest,
            ),
        )
    if pattern.kind is OriginKind.EXPRESSION and not find_samples(pattern):
        yield Judgement(WARNING, LETS_IN, _about(pattern, _UNTRIED))


def _about(pattern: OriginPattern, fault: str) -> str:
    return say('"{pattern}" {fault}', pattern=pattern.text, fault=fault)


def _tolerated(pattern: OriginPattern) -> Iterator[Judgement]:
    """What credentials are refused for, unless a flag of the policy takes it upon itself."""
    for offence in find_offences([pattern]):
        if offence.code in TOLERATED:
            yield Judgement(WARNING, offence.code, _about(pattern, TOLERATED[offence.code]))
