r"""Which expression of nginx matches what a pattern of ours matches?

Before you edit:

* nginx matches with PCRE, which backtracks, and what it matches is a stranger's. So every expression here
  takes linear time, or little more: what is in doubt stands in an atomic group, as the leftmost piece of a
  segment does (a later one never leaves more room for the pieces after it).
* Always ``\A``-like from ``^`` and to ``\z``: ``$`` would let a line break pass.
* Every text is ASCII: other characters of a path are written as the bytes of their UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cors_policies.core.hosts import HostPattern
from cors_policies.core.origins import DEFAULT_PORTS, OriginKind, OriginPattern
from cors_policies.core.paths import PathPattern
from cors_policies.core.segments import STAR

TOKEN: Final = "[!#$%&'*+.^_`|~0-9A-Za-z-]"  # noqa: S105 - the word of RFC 9110
SEPARATORS: Final = "[[:blank:],]"
OTHER_ORIGIN: Final = "*"
"""Stands for an ``Origin`` that is no serialized origin, but that ``*`` lets through."""
IMPLAUSIBLE: Final = "?"
"""Stands for an ``Origin``, or a list of header names, that nothing lets through."""

_PLAIN: Final = re.compile(r"[0-9A-Za-z_/:-]")
_LABEL: Final = "[a-z0-9_-]+"
_PORT: Final = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_OCTET: Final = "(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_IPV4: Final = f"{_OCTET}(?:[.]{_OCTET}){{3}}"
_NUMERIC: Final = "(?:[0-9]+|0x[0-9a-f]*)"
_NAME: Final = f"(?:{_LABEL}[.])*(?!{_NUMERIC}(?:[:]|\\z)){_LABEL}"
_OPAQUE: Final = "(?!(?:about|blob|data|file|javascript):)"
_SHORT: Final = "(?=.{1,512}\\z)"

PLAUSIBLE_ORIGIN: Final = "^[!-+.-~-]{1,512}\\z"
"""What ``*`` lets through: visible ASCII without a comma."""


def literal(text: str) -> str:
    """An expression for the text itself."""
    return "".join(map(_literal_character, text))


def one_of(texts: Iterable[str]) -> str:
    """An expression for any of the texts."""
    return f"(?:{'|'.join(map(literal, texts))})"


def serialized_origin() -> str:
    """What browsers send for an origin that is not opaque.

    An IPv6 address may be written in another form than browsers write it: nobody is let in by that but where
    a whole scheme is allowed.
    """
    unwritten = "".join(f"(?!{scheme}:.*:{port}\\z)" for scheme, port in DEFAULT_PORTS.items())
    host = f"(?:{_IPV4}|{_NAME}|\\[[0-9a-f:]+\\])"
    return f"^{_SHORT}{_OPAQUE}{unwritten}[a-z][a-z0-9+.-]*://{host}(?::{_PORT})?\\z"


def origin_expression(pattern: OriginPattern) -> str | None:
    """For the origins that the pattern matches, among serialized ones; ``None``: it has none (``~``)."""
    match pattern.kind:
        case OriginKind.ANY:
            return f"^[^{IMPLAUSIBLE}]"
        case OriginKind.EXPRESSION:
            return None
        case OriginKind.SCHEME:
            return f"^{literal(pattern.scheme)}://"
    if pattern.is_exact:
        return f"^{literal(pattern.text)}\\z"
    port = f"(?::{_PORT})?" if pattern.port == STAR else literal(f":{pattern.port}" if pattern.port else "")
    return f"^{literal(pattern.scheme)}://{_host(pattern)}{port}\\z"


def site_expression(host: str, path: PathPattern) -> str:
    """For the lower-case host followed by the path, as nginx has them in ``$host$uri``."""
    return f"^{_site_host(host)}{path_expression(path)}"


def path_expression(path: PathPattern) -> str:
    """For the paths that the pattern matches, from the first slash to the end. It has no anchor in front."""
    head, tail = path.halves()
    start, end = _segments(head), _segments(tail or ())
    if tail is None:
        return f"{start or '/'}/?\\z"
    if not tail:
        return f"{start}(?:/|\\z)" if start else "/"
    return f"{start}(?:/(?s:.*))?{end}/?\\z"


def names_expression(names: Iterable[str]) -> str:
    """For a list of header names that holds none but these, in any case and order."""
    listed = tuple(names)
    if not listed:
        return f"{SEPARATORS}*\\z"
    return f"{SEPARATORS}*+(?:{one_of(listed)}(?={SEPARATORS}|\\z){SEPARATORS}*+)*+\\z"


def other_names_expression(names: Iterable[str]) -> str:
    """For a list that holds none of these header names."""
    return f"(?!(?:.*{SEPARATORS})?{one_of(names)}(?:{SEPARATORS}|\\z))(?![{IMPLAUSIBLE}]\\z)"


def header_list_expression(names: int, size: int) -> str:
    """For a list of at most so many header names, in so many characters at most."""
    end = f"(?:[[:blank:]]*+,{SEPARATORS}*+|[[:blank:]]*+\\z)"
    return f"^(?=.{{0,{size}}}\\z){SEPARATORS}*+(?:{TOKEN}++{end}){{0,{names}}}\\z"


def _literal_character(character: str) -> str:
    if _PLAIN.fullmatch(character):
        return character
    if character == ".":
        return "[.]"
    return "".join(f"\\x{byte:02x}" for byte in character.encode())


def _host(pattern: OriginPattern) -> str:
    if pattern.kind is OriginKind.EXACT:
        return literal(pattern.host)
    if pattern.kind is OriginKind.SUBDOMAINS:
        return f"(?:{_LABEL}[.])+{literal(pattern.host)}"
    base = f"[.]{literal(pattern.host)}" if pattern.host else ""
    return f"{literal(pattern.prefix)}[a-z0-9-]+{literal(pattern.suffix)}{base}"


def _site_host(host: str) -> str:
    if not host:
        return "[^/]*"
    return f"[^/]+{literal(host[1:])}" if HostPattern(host).is_wildcard else literal(host)


def _segments(segments: Iterable[str]) -> str:
    return "".join(f"/{_segment(segment)}" for segment in segments)


def _segment(text: str) -> str:
    if text == STAR:
        return "[^/]+"
    if STAR not in text:
        return literal(text)
    first, *inner, last = text.split(STAR)
    pieces = "".join(f"(?>[^/]*?{literal(piece)})" for piece in inner)
    return f"{literal(first)}{pieces}[^/]*{literal(last)}"
