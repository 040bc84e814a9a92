"""Which server does a URL name, and how is Django's test client made to reach it?

Before you edit:

* A path goes where the test client goes by itself, and the browser takes for that server's origin what the
  project takes for it: behind a proxy that is what the proxy's headers say.
* An absolute URL names the server. What ``client.defaults`` says of host and scheme is not sent then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from django.core.exceptions import DisallowedHost
from django.test import Client, RequestFactory

from cors_policies.core.browser_request import parse_host
from cors_policies.core.hosts import split_host_port
from cors_policies.core.origins import DEFAULT_PORTS

_OWN: Final = ("wsgi.url_scheme", "SERVER_PORT")
"""What the client's shortcuts say themselves, whatever ``client.defaults`` has."""
NAMING: Final = frozenset(
    {"HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PROTO"}
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server as the browser names it, and what a request to it has in its WSGI environment.

    ``hides`` are names of ``client.defaults`` that are not sent to it.
    """

    scheme: str
    host: str
    environ: Mapping[str, str]
    hides: frozenset[str] = frozenset()

    def url(self, path: str) -> str:
        """The absolute URL of a path."""
        return f"{self.scheme}://{self.host}{path}"

    def is_same(self, other: Server) -> bool:
        """Whether the two are one origin."""
        return (self.scheme, self.host) == (other.scheme, other.host)


def resolve(url: str, base: Server, base_path: str = "/") -> tuple[Server, str]:
    """The server and path (with its query) of a URL, seen from another one.

    Raises ``ValueError`` for what no ``fetch()`` sends.
    """
    parts = urlsplit(urljoin(base.url(base_path), url.replace("\\", "/")))
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(f"{url} is no HTTP URL. Write a path, or a URL such as https://api.example.com/x.")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"fetch() refuses {url}: it holds a user name. Leave that out.")
    named = named_server(parts.scheme, parts.netloc)
    return (base if named.is_same(base) else named), _path(parts)


def named_server(scheme: str, netloc: str) -> Server:
    """The server of an absolute URL."""
    host, port = split_host_port(parse_host(netloc).text)
    default = DEFAULT_PORTS[scheme]
    shown = host if port in {"", default} else f"{host}:{port}"
    environ = {
        "HTTP_HOST": shown,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port or default,
        "wsgi.url_scheme": scheme,
    }
    return Server(scheme, shown, environ, NAMING)


def own_server(client: Client) -> Server:
    """The server that the client reaches with a path alone."""
    defaults: dict[str, Any] = client.defaults
    environ: dict[str, Any] = {name: defaults[name] for name in _OWN if name in defaults}
    request = RequestFactory(**defaults).generic("GET", "/", **environ)
    try:
        host = request.get_host()
    except DisallowedHost:
        host = request.META.get("HTTP_HOST") or request.META["SERVER_NAME"]
    named = named_server(request.scheme or "http", host)
    return Server(named.scheme, named.host, environ)


def _path(parts: SplitResult) -> str:
    """Path and query, with ``.`` and ``..`` resolved as browsers do before they send anything."""
    kept: list[str] = []
    segments = parts.path.split("/")[1:] or [""]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    path = "/" + "/".join(kept)
    return f"{path}?{parts.query}" if parts.query else path
