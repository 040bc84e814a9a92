"""What do nginx's ``map`` directives say, so that nginx answers as the middleware does?

The maps end in one variable for each header, and in ``$cors_policies_answer``, the status that nginx answers
with by itself. They stand in ``http``; :data:`SERVER_PART` puts their values on responses, and never changes.

Before you edit:

* nginx compares the strings of a map without case. Whatever has a case is matched by an expression.
* A map is evaluated once a request, when it is asked for first. ``$cors_policies_answer`` asks for all that
  depends on path and method, before an ``index`` or an ``error_page`` changes them.
* Policies that answer alike have one *behaviour*: thousands of policies have a handful of them. Its name is
  what the path and the origin are mapped to: ``p1``; or ``none`` and ``reject``, where no policy governs,
  with what the path group says of embedding after it (``none-same-site``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cors_policies.core import vocabulary as http
from cors_policies.core.engine import MAX_REQUEST_HEADERS, MAX_REQUEST_HEADERS_BYTES
from cors_policies.core.exporting import nginx_patterns as patterns
from cors_policies.core.exporting.groups import ExportedGroup, InexpressibleError, Reason
from cors_policies.core.exporting.nginx_behaviours import Behaviour, behaviour_of, nginx_reasons
from cors_policies.core.path_group import SEPARATOR
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.policy import RESOURCE_POLICIES
from cors_policies.core.texts import say

MAX_BEHAVIOURS: Final = 250
"""With more of them a list of their names might be longer than a parameter of nginx."""

_HEADERS: Final = (
    (http.ACCESS_CONTROL_ALLOW_ORIGIN, "allow_origin"),
    (http.ACCESS_CONTROL_ALLOW_CREDENTIALS, "allow_credentials"),
    (http.ACCESS_CONTROL_ALLOW_METHODS, "allow_methods"),
    (http.ACCESS_CONTROL_ALLOW_HEADERS, "allow_headers"),
    (http.ACCESS_CONTROL_MAX_AGE, "max_age"),
    (http.ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK, "private_network"),
    (http.ACCESS_CONTROL_EXPOSE_HEADERS, "expose_headers"),
    ("Vary", "vary"),
)
_EMBEDDING: Final = (
    (http.CROSS_ORIGIN_RESOURCE_POLICY, "resource_policy"),
    (http.TIMING_ALLOW_ORIGIN, "timing"),
)
_VARY: Final = SEPARATOR.join(
    (http.ORIGIN, http.ACCESS_CONTROL_REQUEST_METHOD, http.ACCESS_CONTROL_REQUEST_HEADERS)
)
_VARY_PRIVATE_NETWORK: Final = SEPARATOR.join((_VARY, http.ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK))
_GOVERNED: Final = "$cors_policies_verdict $cors_policies_governor"

SERVER_PART: Final = "\n".join(
    (
        "# CORS policies for nginx: the server part. It is the same for every policy set.",
        "# Include it in server { }, before any rewrite, and again in each location that has an add_header",
        "# of its own, since nginx drops those of the server there.",
        "if ($cors_policies_answer = 200) { return 200; }",
        "if ($cors_policies_answer = 403) { return 403; }",
        *(
            f"add_header {name} $cors_policies_{variable} always;"
            for name, variable in (*_HEADERS, *_EMBEDDING)
        ),
        "# Where a location passes requests on, answers keep the headers that the application sets. Let the",
        "# policies be the only authority there with these lines, or leave its paths to the middleware:",
        *(f"#   proxy_hide_header {name};" for name, _ in _HEADERS[:-1]),
        "# And with these, where policies have a resource_policy or timing_allow_origin:",
        *(f"#   proxy_hide_header {name};" for name, _ in _EMBEDDING),
        "",
    )
)
_HTTP_HEADING: Final = """\
# CORS policies for nginx: the http part. Do not edit it, export it again:
#     manage.py cors_policies export --format nginx --output cors-policies.conf
# Include it in http { }, once. The other part is the same for every policy set:
#     manage.py cors_policies export --format nginx --part server --output cors-policies-server.conf
# Include that one in each server { } whose paths are to be governed, before any rewrite."""

_ASKED: Final = r"""
# What is asked for: an actual request, a preflight, or nothing across origins.
map "$request_method|$http_access_control_request_method|$cors_policies_origin" $cors_policies_kind {
    default actual;
    "~[|]\z" "";
    "~^OPTIONS[|].+[|]" preflight;
}

map $cors_policies_kind $cors_policies_method {
    default $request_method;
    preflight $http_access_control_request_method;
}

# Whether the Origin is the site's own: same scheme, host and port.
map $http_host $cors_policies_authority {
    default $http_host;
    "" $host:$server_port;
}

map "$scheme://$cors_policies_authority|$cors_policies_origin" $cors_policies_own {
    default 0;
    "~*^(http://[^|]+?)(?::80)?[|]\1\z" 1;
    "~*^(https://[^|]+?)(?::443)?[|]\1\z" 1;
}"""
_VERDICT: Final = r"""
map "$cors_policies_kind $cors_policies_method_ok$cors_policies_names_ok" $cors_policies_verdict {
    default denied;
    "~^preflight 11" preflight;
    "~^actual 1" actual;
    "~^ 1" anybody;
}"""


def render_nginx(groups: Sequence[ExportedGroup]) -> str:
    """The maps for these path groups, which are in the order in which they are tried.

    Raises :class:`InexpressibleError` with everything that nginx cannot do.
    """
    reasons = [reason for group in groups for reason in nginx_reasons(group)]
    if reasons:
        raise InexpressibleError(reasons)
    return _Rendering(groups).text()


class _Rendering:
    """The maps of one set of path groups."""

    def __init__(self, groups: Sequence[ExportedGroup]) -> None:
        self._groups = groups
        self._names: dict[Behaviour, str] = {}
        for group in groups:
            for exported in group.policies:
                self._names.setdefault(behaviour_of(exported, group), f"p{len(self._names) + 1}")
        if len(self._names) > MAX_BEHAVIOURS:
            message = say(
                "The policies answer in {count} different ways; {limit} may be. Use the "
                "same methods, header names and max_age for more of them, or export one path.",
                count=len(self._names),
                limit=MAX_BEHAVIOURS,
            )
            raise InexpressibleError([Reason("", "", message)])

    def text(self) -> str:
        """All of them."""
        return "\n\n".join((_HTTP_HEADING, *self._maps())) + "\n"

    def _maps(self) -> Iterator[str]:
        yield _map("$http_origin", "origin", _origin_lines(), patterns.IMPLAUSIBLE)
        yield from map(self._group_map, range(len(self._groups)))
        yield "# Which policy governs: by path, then by origin.\n" + self._governor_map()
        yield _ASKED.strip()
        yield _map("$http_access_control_request_headers", "names", _names_lines(), patterns.IMPLAUSIBLE)
        yield from self._checks()
        yield from self._answers()

    def _group_map(self, number: int) -> str:
        group = self._groups[number]
        body = _map("$cors_policies_origin", f"group_{number + 1}", self._origins(group), _nobody(group))
        return f"# {_ascii(str(group))}\n{body}"

    def _origins(self, group: ExportedGroup) -> Iterator[str]:
        """The first that matches is that of the first policy by priority."""
        for exported in group.policies:
            name = self._names[behaviour_of(exported, group)]
            yield f"# policy {exported.policy.name}"
            if exported.sends_any_origin:
                yield f'"" {name};'  # without Origin, too: shared caches keep one answer
            for _, pattern in exported.origins:
                yield _line(patterns.origin_expression(pattern) or "", name)

    def _governor_map(self) -> str:
        sites = [(group.site.host, parse_path_pattern(group.site.path)) for group in self._groups]
        lines = [
            _line(patterns.site_expression(host, path), f"$cors_policies_group_{number}")
            for number, (host, path) in enumerate(sites, 1)
        ]
        return _map("$host$uri", "governor", lines)

    def _checks(self) -> Iterator[str]:
        """Whether that policy lets the request through."""
        named = [(name, behaviour) for behaviour, name in self._names.items()]
        methods = [_line(f"^{name} {behaviour.method_expression}", "1") for name, behaviour in named]
        yield _map("$cors_policies_governor $cors_policies_method", "method_ok", methods, "0")
        names = [_line(f"^{name} {behaviour.names_expression}", "1", "~*") for name, behaviour in named]
        yield _map("$cors_policies_governor $cors_policies_names", "names_ok", names, "0")
        yield _VERDICT.strip()
        rejecting = "|".join(["reject[a-z-]*", *self._named("rejects")])
        answers = [_line("^preflight [a-z]", "200"), _line(f"^actual (?:{rejecting}) denied 0\\z", "403")]
        key = "$cors_policies_kind $cors_policies_governor $cors_policies_verdict $cors_policies_own"
        yield "# What nginx answers by itself.\n" + _map(key, "answer", answers)

    def _answers(self) -> Iterator[str]:
        """One map for each header. A header whose value is empty is not sent."""
        yield "# The headers.\n" + _map(_GOVERNED, "allow_origin", self._allow_origin())
        credentials = self._for_all("(?:actual|preflight)", "credentials", "true")
        yield _map(_GOVERNED, "allow_credentials", credentials)
        for variable in ("allow_methods", "allow_headers", "max_age"):
            yield _map(_GOVERNED, variable, self._for_each("preflight", variable))
        yield _map(_GOVERNED, "expose_headers", self._for_each("(?:actual|anybody)", "expose_headers"))
        key = f"$http_access_control_request_private_network {_GOVERNED}"
        yield _map(key, "private_network", self._for_all("true preflight", "private_network", "true"))
        key = "$cors_policies_governor|$cors_policies_kind|$cors_policies_allow_origin"
        yield _map(key, "vary", self._vary(), http.ORIGIN)
        key = "$cors_policies_kind $cors_policies_governor"
        yield _map(key, "resource_policy", self._resource_policies())
        timing = self._for_all("(?:actual|anybody)", "shows_timing", "$cors_policies_allow_origin")
        yield _map(_GOVERNED, "timing", timing)

    def _allow_origin(self) -> Iterator[str]:
        yield from self._for_all("(?:actual|anybody)", "sends_any_origin", http.ANY)
        yield _line("^(?:actual|preflight) p", "$http_origin")

    def _vary(self) -> Iterator[str]:
        yield _line("^[|]", '""')
        for name in self._named("private_network"):
            yield _line(f"^{name}[|]preflight[|]", _quoted(_VARY_PRIVATE_NETWORK))
        yield _line("[|]preflight[|]", _quoted(_VARY))
        for name in self._named("sends_any_origin"):
            yield _line(f"^{name}[|].*[|][*]\\z", '""')

    def _resource_policies(self) -> Iterator[str]:
        """On every response, but for the answers to preflights."""
        for value in RESOURCE_POLICIES:
            named = (name for behaviour, name in self._names.items() if behaviour.resource_policy == value)
            names = [*named, *{_nobody(group) for group in self._groups if group.resource_policy == value}]
            if names:
                yield _line(f"^(?:actual)? (?:{'|'.join(sorted(names))})\\z", value)

    def _for_all(self, verdict: str, flag: str, value: str) -> Iterator[str]:
        """One value for all behaviours that have the flag."""
        names = self._named(flag)
        if names:
            yield _line(f"^{verdict} (?:{'|'.join(names)})\\z", _quoted(value))

    def _for_each(self, verdict: str, attribute: str) -> Iterator[str]:
        """Each behaviour's own value, where it has one."""
        for behaviour, name in self._names.items():
            if value := getattr(behaviour, attribute):
                yield _line(f"^{verdict} {name}\\z", _quoted(value))

    def _named(self, flag: str) -> list[str]:
        return [name for behaviour, name in self._names.items() if getattr(behaviour, flag)]


def _nobody(group: ExportedGroup) -> str:
    """What stands for a policy where none of the group governs."""
    name = "reject" if group.reject_denied else "none"
    return f"{name}-{group.resource_policy}" if group.resource_policy else name


def _origin_lines() -> Iterator[str]:
    yield '"" "";'
    yield _line("^null\\z", "null")
    yield _line(patterns.serialized_origin(), "$http_origin")
    yield _line(patterns.PLAUSIBLE_ORIGIN, _quoted(patterns.OTHER_ORIGIN))


def _names_lines() -> Iterator[str]:
    yield '"" "";'
    expression = patterns.header_list_expression(MAX_REQUEST_HEADERS, MAX_REQUEST_HEADERS_BYTES)
    yield _line(expression, "$http_access_control_request_headers")


def _map(key: str, variable: str, lines: Iterable[str], default: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'map "{key}" $cors_policies_{variable} {{\n    default {_quoted(default)};\n{body}}}'


def _line(expression: str, value: str, operator: str = "~") -> str:
    return f'"{operator}{expression}" {value};'


def _quoted(value: str) -> str:
    return f'"{value}"'


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()
