"""Which path group governs an example path, on each of the hosts that policies name?

Before you edit:

* The snapshot judges. What is chosen here is a host to ask it about, for each host pattern.
* An example stands for its kind: another path of the same view may be governed by another pattern.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from cors_policies.core.hosts import HostPattern
from cors_policies.core.path_group import Site
from cors_policies.core.snapshot import Snapshot

_LABEL: Final = "example"


def sample_hosts(patterns: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """For each host pattern a host whose policies are looked for there first; ``""`` stands for the others.

    ``known`` are all patterns of the set. One label is enough below a wildcard: a longer wildcard needs more.
    """
    return {"": "", **{pattern: _sample(pattern, known) for pattern in patterns if pattern}}


def place(snapshot: Snapshot, path: str, hosts: Mapping[str, str]) -> dict[str, Site | None]:
    """The site that governs the path, or ``None``, by the host pattern of each of the sample hosts."""
    return {pattern: _site(snapshot, path, host) for pattern, host in hosts.items()}


def _site(snapshot: Snapshot, path: str, host: str) -> Site | None:
    group = snapshot.find_group(path, host)
    return None if group is None else Site(group.host, group.path)


def _sample(pattern: str, known: Collection[str]) -> str:
    if not HostPattern(pattern).is_wildcard:
        return pattern
    labels = (_LABEL if not number else f"{_LABEL}{number}" for number in range(len(known) + 1))
    return next(host for label in labels if (host := f"{label}{pattern[1:]}") not in known)
