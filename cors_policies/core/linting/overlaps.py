"""Which policies never get their turn, and which entries of a list change nothing?

Before you edit:

* What is said to be superfluous must be: if all of it is removed at once, every request is decided as
  before.
* No rule compares each pattern with each other: a set has a hundred thousand. A group is indexed once,
  however many policies use it, and equal lists are compared once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from cors_policies.core.cover_index import CoverIndex
from cors_policies.core.findings import WARNING, Finding, group_attr
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.texts import say

SHADOWED_POLICY: Final = "shadowed-policy"
REDUNDANT_ORIGIN: Final = "redundant-origin"
_MAX_NAMES: Final = 3


class _Covered(NamedTuple):
    """A superfluous entry of a policy: the key and place, and what covers it."""

    attr: str
    detail: str


class _Group(NamedTuple):
    origins: tuple[str, ...]
    covering: CoverIndex


class Overlaps:
    """The two questions, asked about the policies of one set."""

    def __init__(self, groups: Mapping[str, OriginGroup]) -> None:
        self._groups = {
            name: _Group(group.origins, _indexed(group.origins)) for name, group in groups.items()
        }
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[_Covered, ...]] = {}

    def shadowed_policies(self, policies: Iterable[Policy]) -> Iterator[Finding]:
        """The policies all of whose origins are governed by policies that are tried before them."""
        sites: dict[tuple[str, str], list[Policy]] = defaultdict(list)
        for policy in policies:
            sites[policy.host, policy.path].append(policy)
        for found in sites.values():
            if len(found) > 1:
                tried = sorted(found, key=lambda policy: policy.order)
                yield from _PathGroup(tried, self._groups).shadowed()

    def redundant_entries(self, policy: Policy) -> Iterator[Finding]:
        """The entries of a policy that others of it cover, in its own list and in its groups."""
        key = (policy.allowed_origins, policy.origin_groups)
        if key not in self._known:
            self._known[key] = tuple(self._redundant(*key))
        for attr, detail in self._known[key]:
            yield Finding(WARNING, REDUNDANT_ORIGIN, policy.name, attr, detail)

    def redundant_members(self, name: str) -> Iterator[Finding]:
        """The entries of a group that others of it cover."""
        for place, detail in _covered(self._groups[name].origins, {}):
            yield Finding(WARNING, REDUNDANT_ORIGIN, None, group_attr(name, place), detail)

    def _redundant(self, origins: tuple[str, ...], names: tuple[str, ...]) -> Iterator[_Covered]:
        used = {name: self._groups[name] for name in names if name in self._groups}
        covered = dict(_covered(origins, used))
        yield from (_Covered(f"allowed_origins.{place}", detail) for place, detail in covered.items())
        kept = _indexed(text for place, text in enumerate(origins) if place not in covered)
        for place, name in enumerate(names):
            members = used[name].origins if name in used else ()
            others = [kept, *(group.covering for other, group in used.items() if other != name)]
            if name in names[:place]:
                yield _Covered(
                    f"origin_groups.{place}",
                    say('"{name}" stands in the list already. Remove it.', name=name),
                )
            elif members and all(_is_covered(text, others) for text in members):
                del used[name]
                detail = say(
                    'Other entries cover every origin of group "{name}". Remove the group here.', name=name
                )
                yield _Covered(f"origin_groups.{place}", detail)


class _PathGroup:
    """The policies of one path group, in the order in which they are tried."""

    def __init__(self, tried: Sequence[Policy], groups: Mapping[str, _Group]) -> None:
        self._tried = tried
        self._groups = groups
        self._own = CoverIndex(
            (text, rank) for rank, policy in enumerate(tried) for text in policy.allowed_origins
        )
        self._first_use: dict[str, int] = {}
        for rank, policy in enumerate(tried):
            for name in policy.origin_groups:
                self._first_use.setdefault(name, rank)

    def shadowed(self) -> Iterator[Finding]:
        for rank, policy in enumerate(self._tried):
            ranks = self._ranks_before(rank, policy)
            if ranks:
                yield Finding(WARNING, SHADOWED_POLICY, policy.name, None, self._sentence(policy, ranks))

    def _ranks_before(self, rank: int, policy: Policy) -> set[int]:
        """The policies that cover all of its origins between them; none where there is one that is left."""
        uses = {name: self._first_use[name] for name in policy.origin_groups if self._members(name)}
        found = {first for first in uses.values() if first < rank}
        new = (text for name, first in uses.items() if first == rank for text in self._members(name))
        for text in chain(policy.allowed_origins, new):
            before = self._first_to_cover(text, rank)
            if before is None:
                return set()
            found.add(before)
        return found

    def _members(self, name: str) -> tuple[str, ...]:
        return self._groups[name].origins if name in self._groups else ()

    def _first_to_cover(self, text: str, limit: int) -> int | None:
        """The first policy before the limit that covers the pattern, or ``None``."""
        own = self._own.find(text)
        best = limit if own is None else min(own, limit)
        for name, rank in self._first_use.items():
            if rank < best and name in self._groups and self._groups[name].covering.find(text) is not None:
                best = rank
        return best if best < limit else None

    def _sentence(self, policy: Policy, ranks: Iterable[int]) -> str:
        names = [f'"{self._tried[rank].name}"' for rank in sorted(ranks)]
        shown = ", ".join(names[:_MAX_NAMES])
        more = say(" and {count} more", count=len(names) - _MAX_NAMES) if len(names) > _MAX_NAMES else ""
        return say(
            "It never governs a request: policies that are tried before it ({shown}{more}) "
            "let in all of its origins. Give it a smaller priority than theirs, or delete it.",
            shown=shown,
            more=more,
        )


def _indexed(texts: Iterable[str]) -> CoverIndex:
    return CoverIndex((text, place) for place, text in enumerate(texts))


def _is_covered(text: str, indexes: Iterable[CoverIndex]) -> bool:
    return any(index.find(text) is not None for index in indexes)


def _covered(origins: Sequence[str], groups: Mapping[str, _Group]) -> Iterator[tuple[int, str]]:
    """The places of superfluous entries in a list, and what makes them so."""
    index = _indexed(origins)
    first: dict[str, int] = {}
    for place, text in enumerate(origins):
        wider = index.find_wider(text)
        if first.setdefault(text, place) != place:
            yield place, say('"{text}" stands in the list already. Remove it.', text=text)
        elif wider is not None:
            yield (
                place,
                say(
                    '"{text}" is covered by "{wider}" in the same list. Remove it.',
                    text=text,
                    wider=origins[wider],
                ),
            )
        else:
            yield from ((place, detail) for detail in _covered_by_group(text, groups))


def _covered_by_group(text: str, groups: Mapping[str, _Group]) -> Iterator[str]:
    """A sentence about the first of the groups that covers the pattern."""
    for name, (origins, index) in groups.items():
        place = index.find(text)
        if place is not None:
            yield say(
                '"{text}" is covered by "{wider}" of origin group "{name}". Remove it here.',
                text=text,
                wider=origins[place],
                name=name,
            )
            return
