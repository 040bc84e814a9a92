"""Hosts: is this text a host that a browser could put into an origin, and how would the browser write it?

Before you edit:

* Browsers turn a host into A-labels by UTS 46, non-transitional, with CheckBidi and CheckJoiners on,
  CheckHyphens and UseSTD3ASCIIRules off (https://url.spec.whatwg.org/#concept-domain-to-ascii). The ``idna``
  package's own ``encode`` applies IDNA 2008 instead, which refuses real hosts (``my_app``, ``r3---sn``); so
  only its tables and checks are used.
* A host whose last label is a number is an IPv4 address to a browser, or nothing at all
  (https://url.spec.whatwg.org/#ends-in-a-number-checker).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

import idna

from cors_policies.core.problems import PatternError
from cors_policies.core.texts import say

MAX_HOST = 253
MAX_LABEL = 63

_LABEL = re.compile(r"[a-z0-9_-]+")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_ACE_PREFIX = "xn--"


def canonical_host(text: str) -> str:
    """The host as a browser serialises it: A-labels, dotted-quad IPv4, or compressed IPv6 in brackets.

    Raises :class:`PatternError` for what is no host.
    """
    if text.startswith("["):
        return _canonical_ipv6(text)
    return canonical_domain(map_characters(text))


def map_characters(text: str) -> str:
    """The host after the mapping of UTS 46: lower-case, compatibility characters replaced, NFC."""
    try:
        return idna.uts46_remap(text, std3_rules=False)
    except (idna.IDNAError, UnicodeError) as error:
        raise _invalid_idna(text) from error


def canonical_domain(mapped: str) -> str:
    """The A-label form of a host that :func:`map_characters` returned; an IPv4 address stays as it is.

    Raises :class:`PatternError` for what is no host.
    """
    if not mapped:
        raise PatternError("no-host", say("There is no host. Write one, as in https://example.com."))
    labels = [_a_label(label) for label in mapped.split(".")]
    domain = ".".join(labels)
    if len(domain) > MAX_HOST:
        raise PatternError(
            "host-too-long",
            say("The host is longer than {limit} characters. Write a real host.", limit=MAX_HOST),
        )
    if _ACE_PREFIX in domain:
        _check_bidi([_u_label(label) for label in labels])
    if is_numeric_label(labels[-1]) and not is_ipv4(domain):
        raise PatternError(
            "numeric-host",
            say(
                '"{domain}" ends in a number but is no IPv4 address of four decimal parts. Write '
                "the address as browsers do, as in 127.0.0.1.",
                domain=domain,
            ),
        )
    return domain


def is_numeric_label(label: str) -> bool:
    """Whether a host that ends in this label is an IPv4 address to a browser, or none at all."""
    return _NUMERIC_LABEL.fullmatch(label) is not None


def is_ipv4(host: str) -> bool:
    """Whether the host is an IPv4 address in the form in which browsers serialise it."""
    return _IPV4.fullmatch(host) is not None


def is_canonical_ipv6(host: str) -> bool:
    """Whether the host, brackets included, is an IPv6 address in the form in which browsers serialise it."""
    try:
        return _canonical_ipv6(host) == host
    except PatternError:
        return False


def is_loopback(host: str) -> bool:
    """Whether the canonical host is this machine: ``localhost``, a name below, 127.0.0.0/8 or ``[::1]``."""
    if host in {"[::1]", "localhost"} or host.endswith(".localhost"):
        return True
    return host.startswith("127.") and is_ipv4(host)


def check_label(label: str, shown: str) -> None:
    """Raise :class:`PatternError` unless the ASCII label can stand in a host; the message names ``shown``."""
    if not label:
        raise PatternError(
            "empty-label",
            say("The host has an empty label. Write no two dots in a row and none at either end."),
        )
    if _LABEL.fullmatch(label) is None:
        raise PatternError(
            "host-character",
            say(
                '"{shown}" holds a character that no host has. Use letters, digits, "-", "_" and dots only.',
                shown=shown,
            ),
        )
    if len(label) > MAX_LABEL:
        raise PatternError(
            "label-too-long", say("Write labels of at most {limit} characters.", limit=MAX_LABEL)
        )


def _a_label(label: str) -> str:
    if label.isascii():
        check_label(label, label)
        if label.startswith(_ACE_PREFIX):
            _check_ace_label(label)
        return label
    _check_u_label(label, label)
    encoded = _ACE_PREFIX + label.encode("punycode").decode("ascii")
    check_label(encoded, label)
    return encoded


def _u_label(label: str) -> str:
    """The Unicode form of a valid ASCII label."""
    if not label.startswith(_ACE_PREFIX):
        return label
    return label[len(_ACE_PREFIX) :].encode("ascii").decode("punycode")


def _check_ace_label(label: str) -> None:
    """An A-label must be what its own decoded form would be written as."""
    try:
        decoded = _u_label(label)
        again = idna.uts46_remap(decoded, std3_rules=False)
        encoded = _ACE_PREFIX + decoded.encode("punycode").decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError, OverflowError) as error:
        raise _invalid_idna(label) from error
    if decoded.isascii() or again != decoded or encoded != label:
        raise _invalid_idna(label)
    _check_u_label(decoded, label)


def _check_u_label(label: str, shown: str) -> None:
    """The validity criteria of UTS 46, section 4.1, for a label that is already mapped."""
    try:
        joined = all(
            idna.valid_contextj(label, at) for at, char in enumerate(label) if char in "\u200c\u200d"
        )
    except (idna.IDNAError, ValueError) as error:
        raise _invalid_idna(shown) from error
    begins_with_mark = unicodedata.category(label[0]).startswith("M")
    if not joined or begins_with_mark or label.startswith(_ACE_PREFIX):
        raise _invalid_idna(shown)


def _check_bidi(labels: list[str]) -> None:
    """RFC 5893: in a domain with a right-to-left label, every label obeys the Bidi rule."""
    if not any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for label in labels for char in label):
        return
    try:
        for label in labels:
            idna.check_bidi(label, check_ltr=True)
    except (idna.IDNAError, ValueError) as error:
        raise _invalid_idna(".".join(labels)) from error


def _canonical_ipv6(text: str) -> str:
    if not text.endswith("]") or "%" in text:
        raise _invalid_ipv6(text)
    try:
        address = ipaddress.IPv6Address(text[1:-1])
    except ValueError as error:
        raise _invalid_ipv6(text) from error
    return f"[{_compress(int(address))}]"


def _compress(number: int) -> str:
    """The IPv6 serializer of the URL standard. Since Python 3.13 ``str`` writes mapped addresses dotted."""
    pieces = [(number >> shift) & 0xFFFF for shift in range(112, -16, -16)]
    start, length = _longest_zero_run(pieces)
    texts = [f"{piece:x}" for piece in pieces]
    if length < 2:  # noqa: PLR2004 - the standard compresses runs of more than one piece only
        return ":".join(texts)
    return ":".join(texts[:start]) + "::" + ":".join(texts[start + length :])


def _longest_zero_run(pieces: list[int]) -> tuple[int, int]:
    best_start, best_length = 0, 0
    start = 0
    for at, piece in enumerate(pieces):
        if piece:
            start = at + 1
        elif at + 1 - start > best_length:
            best_start, best_length = start, at + 1 - start
    return best_start, best_length


def _invalid_idna(text: str) -> PatternError:
    return PatternError(
        "invalid-idna",
        say(
            '"{text}" is no valid internationalised host. Check the spelling, or write its '
            "A-labels (xn--...).",
            text=text,
        ),
    )


def _invalid_ipv6(text: str) -> PatternError:
    return PatternError(
        "invalid-ipv6",
        say('"{text}" is no IPv6 address. Write one in brackets, as in http://[::1]:8080.', text=text),
    )
