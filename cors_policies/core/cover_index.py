"""Which of many origin patterns covers this one first?

Before you edit:

* The cost must not grow with the number of patterns. What covers an exact pattern is what matches it; of the
  others, each form that could cover one is written down and looked up: they are few, and the pattern's own
  length is their bound.
* The answer must be the one that ``covers`` gives, pattern by pattern; a property test holds the two
  together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cors_policies.core.covering import covers
from cors_policies.core.origin_index import OriginIndex
from cors_policies.core.origins import OriginKind, OriginPattern, is_exact_text, parse_origin_pattern


class CoverIndex:
    """Canonical patterns with a rank each, built once."""

    __slots__ = ("_matching", "_ranks")

    def __init__(self, ranked: Iterable[tuple[str, int]]) -> None:
        self._ranks: dict[str, int] = {}
        for text, rank in ranked:
            self._ranks[text] = min(rank, self._ranks.get(text, rank))
        self._matching = OriginIndex(item for item in self._ranks.items() if not is_exact_text(item[0]))

    def find(self, text: str) -> int | None:
        """The smallest rank of a pattern that covers the canonical pattern, itself included, or ``None``."""
        ranks = (self._ranks.get(text), self.find_wider(text))
        return min((rank for rank in ranks if rank is not None), default=None)

    def find_wider(self, text: str) -> int | None:
        """The smallest rank of another pattern that covers this one, or ``None``."""
        if is_exact_text(text):
            return self._matching.find(text)
        pattern = parse_origin_pattern(text)
        wider = (form for form in _wider_forms(pattern) if form in self._ranks and form != text)
        ranks = (self._ranks[form] for form in wider if covers(parse_origin_pattern(form), pattern))
        return min(ranks, default=None)


def _wider_forms(pattern: OriginPattern) -> Iterator[str]:
    """The texts of all patterns that could cover one that is not exact, and of some that do not."""
    yield "*"
    if not pattern.scheme:
        return
    yield f"{pattern.scheme}://*"
    ports = {":*", f":{pattern.port}" if pattern.port else ""}
    for host in _wider_hosts(pattern):
        yield from (f"{pattern.scheme}://{host}{port}" for port in ports)


def _wider_hosts(pattern: OriginPattern) -> Iterator[str]:
    """The hosts that those forms can have."""
    prefix, suffix, base = pattern.prefix, pattern.suffix, pattern.host
    if pattern.kind is OriginKind.EXACT:
        label, _, base = pattern.host.partition(".")
        prefix = suffix = label
    end = f".{base}" if base else ""
    for length in range(len(prefix) + 1):
        yield from (f"{prefix[:length]}*{suffix[start:]}{end}" for start in range(len(suffix) + 1))
    while base:
        yield f"*.{base}"
        _, _, base = base.partition(".")
