r"""Which hostile origins does a pattern let in that its author probably did not intend?

From each pattern origins are derived as an attacker derives them: text glued before and behind the domain, a
letter in the place of a dot, other names under a shared suffix, another scheme, a port, ``null``, userinfo.
What the pattern matches of these is a *hole*, unless the author plainly wrote it.

Before you edit:

* A hole is something that ``OriginPattern.matches``, and that another holder can get: a name below the same
  registrable domain belongs to the author. Nothing is reported that was not tried.
* Patterns without an expression mean what they say. All that strangers can get of theirs is a name under a
  public suffix; a test tries everything else on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple

from cors_policies.core.hostnames import is_ipv4, is_loopback
from cors_policies.core.linting.expression_samples import sample_texts
from cors_policies.core.origins import (
    NULL_ORIGIN,
    Origin,
    OriginKind,
    OriginPattern,
    parse_serialized_origin,
)
from cors_policies.core.public_suffixes import is_public_suffix, registrable_domain
from cors_policies.core.texts import say

HOSTING_SUFFIXES: Final = (
    "azurewebsites.net",
    "blob.core.windows.net",
    "cloudfront.net",
    "deno.dev",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "myshopify.com",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.io",
    "onrender.com",
    "pages.dev",
    "s3.amazonaws.com",
    "vercel.app",
    "web.app",
    "workers.dev",
)
"""Where strangers get names of their own; a test asks the public suffix list about each."""

_GLUED: Final = ("evil", "evil-", "-evil", "evil.", ".evil", "evil.net", "8")
_REPLACEMENTS: Final = ("x", "-")
_PORT: Final = ":8443"


class Way(Enum):
    """How a hostile origin gets in: what happened, and what to write instead."""

    STRANGER = (
        say("a name that anybody can register"),
        say("Write your own domain before the shared suffix, or list the origins."),
    )
    PREFIX = (
        say("text is glued before the domain"),
        say(
            "Write a dot before the domain, as in https://([a-z0-9-]+\\.)?example\\.com, or "
            "https://*.example.com."
        ),
    )
    SUFFIX = (
        say("text is glued behind the domain"),
        say("End the expression with the domain, and with the port where there is one."),
    )
    DOT = (say("an unescaped dot stands for any character"), say("Write \\. for a dot."))
    SCHEME = (say("http is not meant"), say("Begin the expression with https://."))
    PLAIN_HTTP = (
        say("whoever shares the network can put a script on that page"),
        say("Write https://, without the question mark or the second branch."),
    )
    PORT = (say("a port is not meant"), say("End the expression with the domain, or write the port."))
    NULL = (
        say("any page can send it from a sandboxed frame"),
        say("Remove it, or take the policy for as open as one with *."),
    )

    @property
    def what(self) -> str:
        """What is wrong with the origin."""
        return self.value[0]

    @property
    def remedy(self) -> str:
        """What to write instead."""
        return self.value[1]


_OTHER_NAMES: Final = frozenset({Way.STRANGER, Way.PREFIX, Way.SUFFIX})
"""Whoever may have any name can have a longer one; and where text can be glued on, other names follow."""


class Hole(NamedTuple):
    """An ``origin`` that the pattern lets in, and the way in which it is hostile."""

    way: Way
    origin: str


def find_samples(pattern: OriginPattern) -> tuple[str, ...]:
    """Serialized origins that the pattern matches; none for ``*`` and ``null``, which are no sites."""
    for texts in _sample_texts(pattern):
        found = [text for text in texts if parse_serialized_origin(text) and pattern.matches(text)]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def find_holes(pattern: OriginPattern) -> tuple[Hole, ...]:
    """The hostile origins that the pattern lets in, one for each way."""
    if pattern.kind is OriginKind.NULL:
        return (Hole(Way.NULL, NULL_ORIGIN),)
    if pattern.kind is not OriginKind.EXPRESSION and not _covers_shared_names(pattern):
        return ()
    return try_attacks(pattern, find_samples(pattern))


def try_attacks(pattern: OriginPattern, samples: Iterable[str]) -> tuple[Hole, ...]:
    """The same for any pattern, attacked from these origins that it matches."""
    sites = [site for text in samples if (site := parse_serialized_origin(text))]
    owners = {_owner(site.host) for site in sites}
    found: dict[Way, Hole] = {}
    for way, text in _hostile_origins(sites):
        if way not in found and pattern.matches(text) and _is_hostile(way, text, owners):
            found[way] = Hole(way, text)
    names = [way for way in found if way in _OTHER_NAMES]
    dropped = _OTHER_NAMES - {Way.STRANGER} if names[:1] == [Way.STRANGER] else {Way.STRANGER}
    return tuple(found[way] for way in Way if way in found and way not in dropped)


def _sample_texts(pattern: OriginPattern) -> Iterator[Iterable[str]]:
    """Texts to try, the likelier ones first."""
    if pattern.kind is OriginKind.EXPRESSION:
        for dot in (".", "a"):
            texts = sample_texts(pattern.text[1:], dot)
            yield [variant for text in texts for variant in (text, _as_https(text))]
    elif pattern.kind is OriginKind.SCHEME:
        yield (f"{pattern.scheme}://a",)
    elif pattern.kind not in {OriginKind.ANY, OriginKind.NULL}:
        yield _samples_of_host(pattern)


def _as_https(text: str) -> str:
    """The sample of an expression that leaves the scheme open."""
    before, separator, after = text.partition("://")
    return f"https://{after if separator else before}"


def _samples_of_host(pattern: OriginPattern) -> list[str]:
    host = pattern.host
    if pattern.has_wildcard_host:
        host = f"{pattern.prefix}a{pattern.suffix}" + (f".{host}" if host else "")
    ports = ("", _PORT) if pattern.port == "*" else (f":{pattern.port}" if pattern.port else "",)
    return [f"{pattern.scheme}://{host}{port}" for port in ports]


def _covers_shared_names(pattern: OriginPattern) -> bool:
    """Whether strangers can register names that the wildcard of a host stands for."""
    if not pattern.has_wildcard_host:
        return False
    end = f".{pattern.host}"
    return is_public_suffix(pattern.host) or (
        pattern.kind is OriginKind.SUBDOMAINS and any(suffix.endswith(end) for suffix in HOSTING_SUFFIXES)
    )


def _owner(host: str) -> str:
    return host if host.startswith("[") or is_ipv4(host) else registrable_domain(host)


def _is_hostile(way: Way, text: str, owners: set[str]) -> bool:
    """Whether another than the author can have the origin. Scheme and port are hostile on the same host."""
    if way in {Way.SCHEME, Way.PLAIN_HTTP, Way.PORT}:
        return True
    site = parse_serialized_origin(text)
    return site is None or _owner(site.host) not in owners


def _hostile_origins(sites: list[Origin]) -> Iterator[tuple[Way, str]]:
    yield Way.NULL, NULL_ORIGIN
    hosts = tuple({site.host for site in sites})
    owners = tuple({_owner(host) for host in hosts})
    for site in sites:
        yield from ((Way.STRANGER, _text(site, host)) for host in _foreign_names(site.host))
        yield from ((Way.DOT, _text(site, host)) for host in _without_a_dot(site.host))
        yield from ((Way.SUFFIX, f"{_text(site)}{glued}") for glued in (".evil.net", "@evil.net"))
        for host in _glued(site.host):
            yield _glued_way(host, hosts, owners), _text(site, host)
    yield from _other_schemes_and_ports(sites)


def _other_schemes_and_ports(sites: list[Origin]) -> Iterator[tuple[Way, str]]:
    """The same hosts in another way, as far as no sample shows that the author wrote it."""
    plain = [site for site in sites if site.scheme == "http" and not is_loopback(site.host)]
    yield from ((Way.PLAIN_HTTP, _text(site)) for site in plain)
    has_port, has_http = any(site.port for site in sites), any(site.scheme == "http" for site in sites)
    for site in sites:
        if site.scheme == "https" and not has_http:
            yield Way.SCHEME, _text(site._replace(scheme="http"))
        if not has_port:
            yield Way.PORT, f"{_text(site)}{_PORT}"


def _foreign_names(host: str) -> Iterator[str]:
    """Other people's domains, and their namesakes of the host."""
    owner = _owner(host)
    _, dot, shared = owner.partition(".")
    for name in ("evil.net", f"evil{dot}{shared}", *(f"evil.{suffix}" for suffix in HOSTING_SUFFIXES)):
        yield name
        yield host.removesuffix(owner) + name


def _without_a_dot(host: str) -> Iterator[str]:
    for at, character in enumerate(host):
        if character == ".":
            yield from (f"{host[:at]}{other}{host[at + 1 :]}" for other in _REPLACEMENTS)


def _glued(host: str) -> Iterator[str]:
    for at in range(len(host) + 1):
        yield from (f"{host[:at]}{glued}{host[at:]}" for glued in _GLUED)


def _glued_way(changed: str, hosts: tuple[str, ...], owners: tuple[str, ...]) -> Way:
    if changed.startswith(hosts):
        return Way.SUFFIX
    return Way.PREFIX if changed.endswith(owners) else Way.STRANGER


def _text(site: Origin, host: str = "") -> str:
    return f"{site.scheme}://{host or site.host}" + (f":{site.port}" if site.port else "")
