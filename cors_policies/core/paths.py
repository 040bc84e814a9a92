"""Path patterns: which paths does a policy speak for, and which of two patterns is the more specific?

Before you edit:

* A pattern is compared with Django's decoded ``request.path_info``, case-sensitively, segment by segment.
  Patterns and paths lose one trailing slash, by the same rule. Neither ``/`` nor ``//`` has any segment.
* An empty segment in a request's path (``/a//b``) is a segment that only ``**`` can cover.
* The text of a pattern is canonical: parsing it again changes nothing, and different texts never tie.
* :meth:`PathPattern.matches` is the reference. :mod:`cors_policies.core.path_index` has to agree with it and
  with ``sort_key``; a property test compares them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cors_policies.core.problems import PatternError
from cors_policies.core.segments import (
    DOUBLE_STAR,
    END_KEY,
    STAR,
    SegmentKey,
    all_match,
    segment_key,
    segments_meet,
)
from cors_policies.core.texts import say

MAX_PATH: Final = 500
MAX_PATH_SEGMENTS: Final = 32

_CONTROL: Final = "[\x00-\x1f\x7f-\x9f]"
# What a pattern may hold nowhere: the reason, an expression that finds it, what to write instead.
_REFUSED: Final = tuple(
    (reason, re.compile(expression), remedy)
    for reason, expression, remedy in (
        (
            "lone-surrogate",
            "[\ud800-\udfff]",
            say("A path has no halves of characters. Write whole characters."),
        ),
        ("control-character", _CONTROL, say("A path has no control characters. Remove tabs and line ends.")),
        ("query", r"\?", say("A policy holds whatever the query is. Remove the ? and what follows it.")),
        ("fragment", "#", say("Browsers never send a fragment. Remove the # and what follows it.")),
        ("percent-encoded", "%[0-9A-Fa-f]{2}", say("Paths are compared decoded. Write a space for %20.")),
        ("empty-segment", "//", say("A path pattern has no empty segments. Write one / instead of several.")),
    )
)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A set of paths. ``text`` is canonical; :func:`parse_path_pattern` makes it."""

    text: str
    segments: tuple[str, ...] = field(compare=False)

    @property
    def sort_key(self) -> tuple[SegmentKey, ...]:
        """A key that orders patterns, the most specific first. Only equal patterns have equal keys."""
        return (*map(segment_key, self.segments), END_KEY)

    def matches(self, path: str) -> bool:
        """Whether the pattern speaks for a request's decoded path."""
        return path.startswith("/") and self.covers(split_path(drop_trailing_slash(path)))

    def covers(self, segments: Sequence[str]) -> bool:
        """Whether a path of these segments matches."""
        head, tail = self.halves()
        if tail is None:
            return len(segments) == len(head) and all_match(head, segments)
        return (
            len(segments) >= len(head) + len(tail)
            and all_match(head, segments)
            and all_match(tail, segments[len(segments) - len(tail) :])
        )

    @property
    def example(self) -> str:
        """A path that matches, with a ``1`` for each star."""
        return self.text.replace(DOUBLE_STAR, STAR).replace(STAR, "1")

    def halves(self) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        """The segments before ``**`` and those after it; without ``**`` all of them, and ``None``."""
        if DOUBLE_STAR not in self.segments:
            return self.segments, None
        gap = self.segments.index(DOUBLE_STAR)
        return self.segments[:gap], self.segments[gap + 1 :]


def intersects(one: PathPattern, other: PathPattern) -> bool:
    """Whether some path is matched by both."""
    (head, tail), (other_head, other_tail) = one.halves(), other.halves()
    if tail is not None and other_tail is not None:
        # Each ``**`` takes what the other pattern has more, before and behind it.
        return _all_meet(head, other_head) and _all_meet(tail[::-1], other_tail[::-1])
    if tail is None and other_tail is None:
        return len(head) == len(other_head) and _all_meet(head, other_head)
    if tail is None:
        head, tail, other_head = other_head, other_tail, head
    return _meets_whole(head, tail or (), other_head)


def _meets_whole(head: Sequence[str], tail: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether ``head/**/tail`` and a pattern without ``**`` have a path in common."""
    if len(whole) < len(head) + len(tail):
        return False
    return _all_meet(head, whole) and _all_meet(tail[::-1], whole[::-1])


def _all_meet(segments: Iterable[str], others: Iterable[str]) -> bool:
    """Whether segments meet one by one, as far as both go."""
    return all(map(segments_meet, segments, others))


def parse_path_pattern(text: str) -> PathPattern:
    """The pattern that ``text`` denotes, without its trailing ``/``. Raises :class:`PatternError`."""
    if not text.startswith("/"):
        raise PatternError("no-leading-slash", say("A path starts with a slash. Write it as in /api/orders."))
    for reason, expression, remedy in _REFUSED:
        if expression.search(text):
            raise PatternError(reason, remedy)
    stored = drop_trailing_slash(text)
    if len(stored) > MAX_PATH:
        raise PatternError(
            "too-long",
            say("A path has at most {limit} characters. Shorten it with * or **.", limit=MAX_PATH),
        )
    segments = split_path(stored)
    _check_segments(segments)
    return PathPattern(stored, tuple(map(sys.intern, segments)))


def drop_trailing_slash(path: str) -> str:
    """A pattern's or a request's path without one trailing ``/``; ``/`` stays."""
    return path[:-1] or "/" if path.endswith("/") else path


def split_path(path: str) -> list[str]:
    """The segments of a path that starts with ``/``, the trailing slash dropped before; none of ``/``."""
    return path.split("/")[1:] if path != "/" else []


def _check_segments(segments: Sequence[str]) -> None:
    if len(segments) > MAX_PATH_SEGMENTS:
        raise PatternError(
            "too-many-segments",
            say(
                "A path has at most {limit} segments. Write ** for the others.",
                limit=MAX_PATH_SEGMENTS,
            ),
        )
    if not {".", ".."}.isdisjoint(segments):
        raise PatternError("dot-segment", say("Browsers resolve . and .. before they ask. Remove them."))
    if any(DOUBLE_STAR in segment and segment != DOUBLE_STAR for segment in segments):
        raise PatternError(
            "double-star-inside-segment", say("** is a segment of its own. Write * inside others.")
        )
    if segments.count(DOUBLE_STAR) > 1:
        raise PatternError("two-double-stars", say("A path has at most one **. Write * for single segments."))
