"""Which origins are refused beside ``allow_credentials``, and why?

A response that a page may read with the visitor's cookies is worth stealing, and a request that passes the
CSRF check can change what is stored, so the origins of such a policy are held to more than their syntax.

Before you edit:

* An *offence* depends on the pattern alone, so that a group's offences are found once, however many policies
  use it. Whether it is one for a policy is decided by the policy's own flags, afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from cors_policies.core.origins import DEFAULT_PORTS, OriginKind, OriginPattern
from cors_policies.core.public_suffixes import is_public_suffix
from cors_policies.core.texts import say

CSRF: Final = "csrf-needs-credentials"
TOLERATED_BY: Final = {
    "credentials-regex": "tolerate_credentialed_regex",
    "insecure-origin": "tolerate_insecure_origins",
    "public-suffix": "tolerate_public_suffixes",
}
REMEDIES: Final = {
    "credentials-any-origin": say(
        "would let every site read responses with the visitor's cookies. List the "
        "origins that need them, or switch credentials off."
    ),
    "credentials-null-origin": say(
        "is sent by any sandboxed frame and by local files, so it proves nothing. Remove "
        "it, or switch credentials off."
    ),
    "credentials-regex": say(
        "is an expression, whose hosts cannot be checked. List origins or wildcards "
        "instead, or set tolerate_credentialed_regex after reading it twice."
    ),
    "insecure-origin": say(
        "is not https: whoever shares the network can put a script on that page. Use "
        "https, or set tolerate_insecure_origins for a network that you trust."
    ),
    "public-suffix": say(
        "covers names that strangers can register. Put your own domain before the "
        "wildcard, or set tolerate_public_suffixes if all of these names are yours."
    ),
    CSRF: say(
        "is too wide to be trusted by the CSRF check, which takes single origins, and "
        "wildcards of https. List the origins, or switch trust_for_csrf off."
    ),
}
_PROBE: Final = "https://x.invalid"


class Offence(NamedTuple):
    """A pattern that credentials are refused for; ``code`` is one of :data:`REMEDIES`."""

    code: str
    pattern: str

    @property
    def message(self) -> str:
        """What is wrong, and what to write instead."""
        return say('"{pattern}" {fault}', pattern=self.pattern, fault=REMEDIES[self.code])

    def counts_against(self, policy: Trusting) -> bool:
        """Whether the policy's own flags make it an offence."""
        if self.code == CSRF:
            return policy.trust_for_csrf
        return policy.allow_credentials and not getattr(policy, TOLERATED_BY.get(self.code, ""), False)


class Trusting(Protocol):
    """What decides which offences are none: the flags of a policy."""

    @property
    def allow_credentials(self) -> bool:
        """Whether credentials are allowed."""

    @property
    def trust_for_csrf(self) -> bool:
        """Whether the CSRF check trusts the origins."""


def find_offences(patterns: Iterable[OriginPattern]) -> tuple[Offence, ...]:
    """Every reason not to allow credentials for these patterns, or not to trust them, in their order."""
    return tuple(Offence(code, pattern.text) for pattern in patterns for code in _all_codes(pattern))


def offences_against(policy: Trusting, offences: Iterable[Offence]) -> list[Offence]:
    """The offences that the policy's own flags make some."""
    return [offence for offence in offences if offence.counts_against(policy)]


def matches_any_site(pattern: OriginPattern) -> bool:
    """Whether an expression is as good as ``*``: it matches a site that is nobody's."""
    return pattern.kind is OriginKind.EXPRESSION and pattern.matches(_PROBE)


def _all_codes(pattern: OriginPattern) -> list[str]:
    too_wide = pattern.kind is OriginKind.EXPRESSION or ("*" in pattern.text and pattern.scheme != "https")
    return [*_codes(pattern), *([CSRF] if too_wide else [])]


def _codes(pattern: OriginPattern) -> list[str]:
    if pattern.kind is OriginKind.NULL:
        return ["credentials-null-origin"]
    if pattern.kind in {OriginKind.ANY, OriginKind.SCHEME}:
        return ["credentials-any-origin"]
    if pattern.kind is OriginKind.EXPRESSION:
        return ["credentials-any-origin"] * matches_any_site(pattern) + ["credentials-regex"]
    codes = ["insecure-origin"] if _is_insecure(pattern) else []
    if pattern.has_wildcard_host and (not pattern.host or is_public_suffix(pattern.host)):
        codes.append("public-suffix")
    return codes


def _is_insecure(pattern: OriginPattern) -> bool:
    """Neither https, nor this machine itself, nor an application's own scheme."""
    return pattern.scheme != "https" and pattern.scheme in DEFAULT_PORTS and not pattern.is_loopback
