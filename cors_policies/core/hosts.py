"""Host patterns: for which of the site's own hosts does a policy hold?

Before you edit:

* A host pattern is normalised like an origin's host, by the same code; a request's host is only lower-cased.
* The empty pattern stands for every host. It is no pattern of this module: callers ask for it first.
"""

from __future__ import annotations

from dataclasses import dataclass

from cors_policies.core.hostnames import (
    MAX_HOST,
    canonical_domain,
    canonical_host,
    is_ipv4,
    map_characters,
)
from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

MAX_TEXT = 512
"""Before mapping, which may shorten a host; longer ones only cost time."""
_SUBDOMAINS = "*."


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A set of hosts: ``api.example.com`` is itself, ``*.example.com`` every name below ``example.com``."""

    text: str

    @property
    def is_wildcard(self) -> bool:
        """Whether the pattern stands for the names below a domain."""
        return self.text.startswith(_SUBDOMAINS)

    def matches(self, host: str) -> bool:
        """Whether a request's lower-case host, without its port, belongs to the set."""
        if self.is_wildcard:
            return host.endswith(self.text[1:]) and len(host) >= len(self.text)
        return host == self.text


def parse_host_pattern(text: str) -> HostPattern:
    """The pattern that ``text`` denotes, normalised. Raises :class:`PatternError`."""
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise PatternError(
            "host-too-long",
            say("A host has at most {limit} characters. Write a real host.", limit=MAX_HOST),
        )
    _check_no_other_parts(text)
    if "*" not in text:
        return HostPattern(canonical_host(text))
    base = canonical_domain(_below_wildcard(text))
    if is_ipv4(base):
        raise PatternError(
            "numeric-host", say("A * cannot stand before an IPv4 address. Write the address itself.")
        )
    if len(base) + len(_SUBDOMAINS) > MAX_HOST:
        raise PatternError(
            "host-too-long",
            say("The host is longer than {limit} characters. Write a real host.", limit=MAX_HOST),
        )
    return HostPattern(_SUBDOMAINS + base)


def _below_wildcard(text: str) -> str:
    """What stands behind the ``*.``, as UTS 46 maps it."""
    if text == "*":
        raise PatternError(
            "wildcard-place",
            say("* is no host. Write nothing for every host, or a domain as in *.example.com."),
        )
    mapped = map_characters(text)
    star, dot, base = mapped.partition(".")
    if star != "*" or text.count("*") != 1 or not dot:
        raise PatternError(
            "wildcard-place",
            say('"{text}": write * for the whole leftmost part only, as in *.example.com.', text=text),
        )
    return base


def _check_no_other_parts(text: str) -> None:
    if "/" in text:
        raise PatternError(
            "not-a-host",
            say('"{text}": write the host alone, as in api.example.com, without scheme or path.', text=text),
        )
    if not text.startswith("[") and text.count(":") > 1:
        raise PatternError(
            "port", say('"{text}": write an IPv6 address in brackets, as in [::1], and no port.', text=text)
        )
    if not text.startswith("[") and ":" in text:
        raise PatternError(
            "port",
            say('"{text}": write the host without its port; a policy holds for all of them.', text=text),
        )
    if text.startswith("[") and not text.endswith("]"):
        raise PatternError(
            "port", say('"{text}": write the address in brackets and without a port, as in [::1].', text=text)
        )


def host_order(pattern: str) -> tuple[int, int, str]:
    """Where a stored pattern is tried: exact hosts, then wildcards, the longest first, then every host."""
    if not pattern:
        return 2, 0, ""
    return (1, -len(pattern), pattern) if HostPattern(pattern).is_wildcard else (0, 0, pattern)


def split_host_port(text: str) -> tuple[str, str]:
    """Lower-case host and port (``""`` where there is none) of a request's ``Host``."""
    text = text.lower()
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, ""
    return host, port


def host_without_port(text: str) -> str:
    """The host of a request's ``Host``, to look policies up by.

    One trailing dot is dropped: ``api.example.com.`` is the same server, and must not slip past its policies.
    (It is another origin all the same, so :func:`split_host_port` keeps the dot.)
    """
    return split_host_port(text)[0].removesuffix(".")
