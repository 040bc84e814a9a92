"""Which of many origin patterns matches this origin first?

Before you edit:

* The cost must grow with the length of the origin, never with the number of patterns: an exact origin is one
  look-up, a wildcard is found by walking up the origin's own labels, expressions are matched together.
* The patterns come in canonical text, and an exact one is its own key: to parse a hundred thousand of them
  once more would take as long as all the rest of compiling a large set.
* The answer must be the one that ``OriginPattern.matches`` gives, pattern by pattern; a property test holds
  the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from cors_policies.core.expressions import ExpressionSet
from cors_policies.core.origins import (
    Origin,
    OriginKind,
    OriginPattern,
    is_exact_text,
    is_plausible_origin,
    label_matches,
    parse_origin_pattern,
    parse_serialized_origin,
)

_NO_RANK = 1 << 60
_LabelShapes = dict[tuple[int, int], dict[tuple[str, str], int]]
_Key = TypeVar("_Key")


class OriginIndex:
    """Canonical patterns with a rank each, built once. :meth:`find` gives the smallest rank that matches."""

    __slots__ = ("_exact", "_others")

    def __init__(self, ranked: Iterable[tuple[str, int]]) -> None:
        self._exact: dict[str, int] = {}
        others = []
        for text, rank in ranked:
            if is_exact_text(text):
                _keep_smallest(self._exact, text, rank)
            else:
                others.append((text, rank))
        self._others = _PatternIndex(others) if others else None

    def find(self, origin: str) -> int | None:
        """The smallest rank of a pattern that matches the request's ``Origin``, or ``None``."""
        exact = self._exact.get(origin)
        if self._others is None:
            return exact
        rank = self._others.find(origin)
        if exact is not None and exact < rank:
            return exact
        return None if rank == _NO_RANK else rank


class _PatternIndex:
    """The patterns that are not exact. Few policies have any."""

    __slots__ = (
        "_any",
        "_any_port",
        "_expression_ranks",
        "_expressions",
        "_labels",
        "_schemes",
        "_subdomains",
    )

    def __init__(self, ranked: Iterable[tuple[str, int]]) -> None:
        self._any_port: dict[str, int] = {}
        self._subdomains: dict[str, int] = {}
        self._labels: dict[str, _LabelShapes] = {}
        self._schemes: dict[str, int] = {}
        self._any = _NO_RANK
        expressions: dict[str, int] = {}
        for text, rank in ranked:
            self._add(parse_origin_pattern(text), rank, expressions)
        self._expression_ranks = tuple(expressions.values())
        self._expressions = ExpressionSet([text[1:] for text in expressions])

    def _add(self, pattern: OriginPattern, rank: int, expressions: dict[str, int]) -> None:
        if pattern.kind is OriginKind.ANY:
            self._any = min(self._any, rank)
        elif pattern.kind is OriginKind.LABEL:
            shapes = self._labels.setdefault(_site(pattern.scheme, pattern.host, pattern.port), {})
            ranks = shapes.setdefault((len(pattern.prefix), len(pattern.suffix)), {})
            _keep_smallest(ranks, (pattern.prefix, pattern.suffix), rank)
        else:
            table, key = self._table(pattern, expressions)
            _keep_smallest(table, key, rank)

    def _table(self, pattern: OriginPattern, expressions: dict[str, int]) -> tuple[dict[str, int], str]:
        if pattern.kind is OriginKind.EXPRESSION:
            return expressions, pattern.text
        if pattern.kind is OriginKind.SCHEME:
            return self._schemes, pattern.scheme
        table = self._subdomains if pattern.kind is OriginKind.SUBDOMAINS else self._any_port
        return table, _site(pattern.scheme, pattern.host, pattern.port)

    def find(self, text: str) -> int:
        """The smallest rank of a pattern that matches, or :data:`_NO_RANK`."""
        origin = parse_serialized_origin(text)
        if origin is None:
            return self._any if self._any != _NO_RANK and is_plausible_origin(text) else _NO_RANK
        rank = min(self._any, self._schemes.get(origin.scheme, _NO_RANK))
        if self._any_port:
            rank = min(rank, self._any_port.get(_site(origin.scheme, origin.host, "*"), _NO_RANK))
        if self._subdomains:
            rank = min(rank, self._find_subdomains(origin))
        if self._labels:
            rank = min(rank, self._find_label(origin))
        if self._expression_ranks:
            rank = min(rank, self._find_expression(text))
        return rank

    def _find_subdomains(self, origin: Origin) -> int:
        scheme, host, port = origin
        get = self._subdomains.get
        rank = _NO_RANK
        dot = host.find(".")
        while dot >= 0:
            base = host[dot + 1 :]
            rank = min(
                rank, get(f"{scheme}://{base}:{port}", _NO_RANK), get(f"{scheme}://{base}:*", _NO_RANK)
            )
            dot = host.find(".", dot + 1)
        return rank

    def _find_label(self, origin: Origin) -> int:
        label, _, base = origin.host.partition(".")
        rank = _NO_RANK
        for port in (origin.port, "*"):
            shapes = self._labels.get(_site(origin.scheme, base, port))
            if shapes:
                rank = min(rank, _find_affixes(shapes, label))
        return rank

    def _find_expression(self, text: str) -> int:
        return min(
            (self._expression_ranks[place] for place in self._expressions.matches(text)), default=_NO_RANK
        )


def _site(scheme: str, host: str, port: str) -> str:
    return f"{scheme}://{host}:{port}"


def _keep_smallest(table: dict[_Key, int], key: _Key, rank: int) -> None:
    table[key] = min(rank, table.get(key, rank))


def _find_affixes(shapes: _LabelShapes, label: str) -> int:
    """The smallest rank whose prefix and suffix stand around the label: one look-up for a pair of lengths."""
    found = _NO_RANK
    for (start, end), ranks in shapes.items():
        prefix, suffix = label[:start], label[len(label) - end :]
        rank = ranks.get((prefix, suffix), _NO_RANK)
        if rank < found and label_matches(label, prefix, suffix):
            found = rank
    return found
