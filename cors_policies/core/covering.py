"""Does one origin pattern match everything that another one matches?

Before you edit:

* Sound always: ``True`` is a promise that no origin is matched by the narrower pattern and not by the wider.
* Complete but for expressions, which nobody can see into: those are covered by ``*`` and by themselves, and
  cover themselves and exact patterns only.
* The answer must be the one that ``OriginPattern.matches`` gives, origin by origin; tests compare the two.
"""

from __future__ import annotations

from cors_policies.core.origins import OriginKind, OriginPattern

_ANY_PORT = ":*"
_OUTSIDE_RUNS = "_"
"""A ``*`` inside a label never stands for it; the label's own letters may be it."""


def covers(wider: OriginPattern, narrower: OriginPattern) -> bool:
    """Whether every origin that ``narrower`` matches is matched by ``wider``."""
    if wider.text == narrower.text or wider.kind is OriginKind.ANY:
        return True
    if narrower.is_exact:
        return wider.matches(narrower.text)
    if not wider.scheme or wider.scheme != narrower.scheme:
        return False
    return wider.kind is OriginKind.SCHEME or (
        wider.port in {"*", narrower.port} and _covers_hosts(wider, narrower)
    )


def _covers_hosts(wider: OriginPattern, narrower: OriginPattern) -> bool:
    """The same for their hosts, where their schemes and ports have been compared."""
    if narrower.kind is OriginKind.EXACT:
        return wider.matches(narrower.text.removesuffix(_ANY_PORT))
    if not narrower.has_wildcard_host:
        return False
    if wider.kind is OriginKind.SUBDOMAINS:
        return f".{narrower.host}".endswith(f".{wider.host}")
    return narrower.kind is wider.kind and narrower.host == wider.host and _covers_labels(wider, narrower)


def _covers_labels(wider: OriginPattern, narrower: OriginPattern) -> bool:
    """What stands in the narrower label, and not in the wider one, must be what a ``*`` stands for."""
    if not (narrower.prefix.startswith(wider.prefix) and narrower.suffix.endswith(wider.suffix)):
        return False
    before = narrower.prefix[len(wider.prefix) :]
    behind = narrower.suffix[: len(narrower.suffix) - len(wider.suffix)]
    return _OUTSIDE_RUNS not in before + behind
