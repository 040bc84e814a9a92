"""Origins, and the patterns that denote sets of them.

A *pattern* is what an editor types; an *origin* is what a browser sends. This module answers two questions
and no others: is this text a pattern that we accept, and does this pattern match that origin.

Before you edit:

* Patterns are parsed strictly, origins cheaply: a pattern is written once, by someone who can be shown a
  problem; an origin comes from the network and is compared as it is, without normalising.
* ``*.`` stands for one or more whole labels, never for the bare domain; a ``*`` inside a label never crosses
  a dot.
* What is no serialized origin (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin) matches
  nothing but ``*``, expressions included.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from cors_policies.core.expressions import parse_expression
from cors_policies.core.hostnames import (
    MAX_HOST,
    canonical_domain,
    canonical_host,
    check_label,
    is_canonical_ipv6,
    is_ipv4,
    is_loopback,
    is_numeric_label,
    map_characters,
)
from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

MAX_ORIGIN: Final = 512
_MAX_WRITTEN: Final = 2048
"""Before it is normalised, which may shorten it; longer ones only cost time."""
NULL_ORIGIN: Final = "null"
DEFAULT_PORTS: Final = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}
_OPAQUE_SCHEMES: Final = frozenset({"about", "blob", "data", "file", "javascript"})
_MAX_PORT: Final = 65535

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_WHITE_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_PORT = re.compile(r"[0-9]+")
_LABEL_RUN = re.compile(r"[a-z0-9-]+")
# What most patterns look like; worth a third of the time of loading a large set.
_PLAIN = re.compile(r"https?://(?:(?!xn--)[a-z0-9_-]{1,63}\.)+[a-z]{2,63}")
_PLAUSIBLE = re.compile(r"[!-+\--~]{1,512}")
_SERIALIZED = re.compile(
    r"([a-z][a-z0-9+.\-]*)://([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::([1-9][0-9]{0,4}))?"
)


class OriginKind(Enum):
    """The forms that a pattern can have."""

    EXACT = "one scheme and host"
    SUBDOMAINS = "every name below a domain"
    LABEL = "a wildcard inside the leftmost label"
    SCHEME = "every origin of an application scheme"
    EXPRESSION = "an RE2 expression"
    ANY = "every origin"
    NULL = "the opaque origin"


class Origin(NamedTuple):
    """A serialized origin in its parts; ``port`` is ``""`` for the scheme's default port."""

    scheme: str
    host: str
    port: str


class OriginPattern(NamedTuple):
    """A set of origins. ``text`` is the canonical form: equal texts denote equal sets.

    ``host`` is the canonical host, or what follows the leftmost label's dot where that label holds a
    wildcard; ``port`` is ``""`` for the default port and ``*`` for any; ``prefix`` and ``suffix`` stand
    around the ``*`` of a label.
    """

    text: str
    kind: OriginKind
    scheme: str = ""
    host: str = ""
    port: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether the pattern matches its own text and nothing else."""
        return self.kind is OriginKind.NULL or (self.kind is OriginKind.EXACT and self.port != "*")

    @property
    def has_wildcard_host(self) -> bool:
        """Whether several hosts match that share the end of their name."""
        return self.kind in {OriginKind.SUBDOMAINS, OriginKind.LABEL}

    @property
    def is_loopback(self) -> bool:
        """Whether every origin that matches is this machine's own."""
        return is_loopback(self.host)

    def matches(self, origin: str) -> bool:
        """Whether a request's ``Origin`` header, compared as it is, belongs to the set."""
        if self.is_exact:
            return origin == self.text
        if self.kind is OriginKind.ANY:
            return is_plausible_origin(origin)
        parsed = parse_serialized_origin(origin)
        return parsed is not None and self._matches_parts(parsed, origin)

    def _matches_parts(self, origin: Origin, text: str) -> bool:
        if self.kind is OriginKind.EXPRESSION:
            return parse_expression(self.text[1:]).fullmatch(text) is not None
        if self.kind is OriginKind.SCHEME:
            return origin.scheme == self.scheme
        if origin.scheme != self.scheme or self.port not in {"*", origin.port}:
            return False
        return self._matches_host(origin.host)

    def _matches_host(self, host: str) -> bool:
        if self.kind is OriginKind.EXACT:
            return host == self.host
        if self.kind is OriginKind.SUBDOMAINS:
            return host.endswith(f".{self.host}")
        label, _, rest = host.partition(".")
        return rest == self.host and label_matches(label, self.prefix, self.suffix)


def is_exact_text(canonical: str) -> bool:
    """Whether the pattern of this canonical text is exact. For where a hundred thousand are asked."""
    return "*" not in canonical and not canonical.startswith("~")


def label_matches(label: str, prefix: str, suffix: str) -> bool:
    """Whether ``label`` is ``prefix``, one or more of ``a-z 0-9 -``, ``suffix``."""
    if not (label.startswith(prefix) and label.endswith(suffix)):
        return False
    return _LABEL_RUN.fullmatch(label, len(prefix), len(label) - len(suffix)) is not None


def is_plausible_origin(text: str) -> bool:
    """Whether ``*`` lets this ``Origin`` through: visible ASCII without a comma, at most 512 bytes."""
    return _PLAUSIBLE.fullmatch(text) is not None


def parse_serialized_origin(text: str) -> Origin | None:
    """The parts of a serialized tuple origin; ``None`` for all else, ``null`` included.

    https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin
    """
    if len(text) > MAX_ORIGIN:
        return None
    match = _SERIALIZED.fullmatch(text)
    if match is None:
        return None
    scheme, host, port = match.groups("")
    if scheme in _OPAQUE_SCHEMES or (port and (DEFAULT_PORTS.get(scheme) == port or int(port) > _MAX_PORT)):
        return None
    return Origin(scheme, host, port) if _is_serialized_host(host) else None


def _is_serialized_host(host: str) -> bool:
    if host.startswith("["):
        return is_canonical_ipv6(host)
    return not is_numeric_label(host.rpartition(".")[2]) or is_ipv4(host)


def is_plain(text: str) -> bool:
    """Whether the text is an exact pattern in canonical form, of the most common kind."""
    return len(text) <= MAX_HOST and _PLAIN.fullmatch(text) is not None


def parse_origin_pattern(text: str) -> OriginPattern:
    """The pattern that ``text`` denotes, normalised.

    Raises :class:`PatternError`, with a reason of its own for each refusal.
    """
    if is_plain(text):
        scheme, _, host = text.partition("://")
        return OriginPattern(text, OriginKind.EXACT, scheme, host)
    text = text.strip()
    _check_characters(text)
    if text == "*":
        return OriginPattern("*", OriginKind.ANY)
    if text == NULL_ORIGIN:
        return OriginPattern(NULL_ORIGIN, OriginKind.NULL)
    if text.startswith("~"):
        _check_length(text)
        parse_expression(text[1:])
        return OriginPattern(text, OriginKind.EXPRESSION)
    pattern = _parse_tuple_pattern(text)
    _check_length(pattern.text)
    return pattern


def _check_characters(text: str) -> None:
    if not text:
        raise PatternError(
            "empty", say("There is nothing here. Write an origin such as https://example.com.")
        )
    _check_length(text, _MAX_WRITTEN)
    if _WHITE_SPACE.search(text):
        raise PatternError(
            "white-space",
            say("An origin holds no white space and no control characters. Write each origin by itself."),
        )


def _check_length(text: str, limit: int = MAX_ORIGIN) -> None:
    """The usual limit is that of the stored form, which is longer (A-labels) or shorter (``:0443``)."""
    if len(text) > limit:
        raise PatternError(
            "too-long",
            say("An origin pattern has at most {limit} characters. Shorten it.", limit=MAX_ORIGIN),
        )


def _parse_tuple_pattern(text: str) -> OriginPattern:
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise PatternError(
            "no-scheme",
            say('"{text}" has no scheme. Write the whole origin, as in https://example.com.', text=text),
        )
    scheme = _parse_scheme(scheme)
    rest = rest.removesuffix("/")
    _check_no_url_parts(rest)
    host, port = _split_port(rest)
    if host == "*":
        return _parse_scheme_wildcard(scheme, port)
    port = _parse_port(scheme, port)
    return _parse_host_pattern(scheme, host, port)


def _parse_scheme(text: str) -> str:
    if text.startswith("^"):
        raise PatternError(
            "invalid-scheme",
            say(
                "An expression starts with ~, as in ~https://app[0-9]+\\.example\\.com. Write it "
                "so, or as a wildcard such as https://*.example.com."
            ),
        )
    if _SCHEME.fullmatch(text) is None:
        raise PatternError(
            "invalid-scheme",
            say(
                '"{text}" is no scheme. Write a single one, such as https; a * cannot stand for it.',
                text=text,
            ),
        )
    scheme = text.lower()
    if scheme in _OPAQUE_SCHEMES:
        raise PatternError(
            "opaque-scheme",
            say(
                "Browsers send null for documents of {scheme}: URLs. Write the origin of a server instead.",
                scheme=scheme,
            ),
        )
    return scheme


def _check_no_url_parts(rest: str) -> None:
    parts = {
        "/": ("path", say("a path")),
        "\\": ("path", say("a path")),
        "?": ("query", say("a query")),
        "#": ("fragment", say("a fragment")),
        "@": ("userinfo", say("a user name")),
    }
    for char, (reason, what) in parts.items():
        if char in rest:
            raise PatternError(
                reason,
                say(
                    "An origin has no part for {what}. Write only scheme, host and port, as in "
                    "https://example.com.",
                    what=what,
                ),
            )


def _split_port(rest: str) -> tuple[str, str | None]:
    """Host and port; the port is ``None`` where there is no colon for one."""
    if rest.startswith("["):
        host, bracket, tail = rest.partition("]")
        if tail and not tail.startswith(":"):
            raise PatternError(
                "invalid-port",
                say('"{tail}" cannot follow an address. Write a port as in [::1]:8080.', tail=tail),
            )
        return host + bracket, tail[1:] if tail else None
    host, colon, port = rest.partition(":")
    if ":" in port:
        raise PatternError("invalid-ipv6", say("Write an IPv6 address in brackets, as in http://[::1]:8080."))
    return host, port if colon else None


def _parse_port(scheme: str, port: str | None) -> str:
    if port is None or port == "*":
        return port or ""
    if _PORT.fullmatch(port) is None or not 1 <= int(port) <= _MAX_PORT:
        raise PatternError(
            "invalid-port",
            say('"{port}" is no port. Write a number from 1 to 65535, or * for any port.', port=port),
        )
    number = str(int(port))
    return "" if DEFAULT_PORTS.get(scheme) == number else number


def _parse_scheme_wildcard(scheme: str, port: str | None) -> OriginPattern:
    if scheme in DEFAULT_PORTS:
        raise PatternError(
            "wildcard-host",
            say(
                "{scheme}://* would be every site. Write * if you mean every origin, or a domain "
                "as in {scheme}://*.example.com.",
                scheme=scheme,
            ),
        )
    if port is not None:
        raise PatternError(
            "scheme-wildcard-port",
            say("{scheme}://* covers every port. Write it without one.", scheme=scheme),
        )
    return OriginPattern(f"{scheme}://*", OriginKind.SCHEME, scheme)


def _parse_host_pattern(scheme: str, host: str, port: str) -> OriginPattern:
    shown_port = f":{port}" if port else ""
    if "*" not in host:
        host = canonical_host(host)
        return OriginPattern(f"{scheme}://{host}{shown_port}", OriginKind.EXACT, scheme, host, port)
    label, dot, base = _split_wildcard(host)
    if dot:
        base = canonical_domain(base)
        if is_ipv4(base):
            raise PatternError(
                "numeric-host", say("A * cannot stand before an IPv4 address. List the addresses.")
            )
    text = f"{label}{dot}{base}"
    if len(text) > MAX_HOST:
        raise PatternError(
            "host-too-long",
            say("The host is longer than {limit} characters. Write a real host.", limit=MAX_HOST),
        )
    kind = OriginKind.SUBDOMAINS if label == "*" else OriginKind.LABEL
    prefix, _, suffix = label.partition("*")
    return OriginPattern(f"{scheme}://{text}{shown_port}", kind, scheme, base, port, prefix, suffix)


def _split_wildcard(host: str) -> tuple[str, str, str]:
    """Leftmost label, dot and rest of a host with a ``*`` in its leftmost label, as UTS 46 maps them."""
    mapped = map_characters(host)
    label, dot, base = mapped.partition(".")
    if host.count("*") != 1 or label.count("*") != 1 or "*" in base:
        raise PatternError(
            "wildcard-place",
            say(
                "Write one * at most, and in the leftmost label of the host, as in "
                "https://*.example.com or https://preview-*.example.com."
            ),
        )
    if not label.isascii():
        raise PatternError(
            "wildcard-label",
            say('"{label}": write a label with a * in a-z, 0-9, "-" and "_" only.', label=label),
        )
    check_label(label.replace("*", "-"), label)
    if dot and not base:
        raise PatternError("empty-label", say("The host ends in a dot. Write it without."))
    return label, dot, base
