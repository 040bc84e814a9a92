"""What do nginx's ``map`` directives say, so that nginx answers as the middleware does?

The maps end in one variable for each header, and in ``$cors_policies_answer``, the status that nginx answers
with by itself. They stand in ``http``; :data:`SERVER_PART` puts their values on responses, and never changes.

Before you edit:

* nginx compares the strings of a map without case. Whatever has a case is matched by an expression.
* A map is evaluated once a request, when it is asked for first. ``$cors_policies_answer`` asks for all that
  depends on path and method, before an ``index`` or an ``error_page`` changes them.
* Policies that answer alike have one *behaviour*: thousands of policies have a handful of them. Its name is
  what the path and the origin are mapped to: ``p1``; or ``none`` and ``reject``, where no policy governs.
* A parameter of nginx has at most 4095 bytes, and a value cannot hold a ``$``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from cors_policies.core import nginx_patterns as patterns
from cors_policies.core import vocabulary as http
from cors_policies.core.engine import MAX_REQUEST_HEADERS, MAX_REQUEST_HEADERS_BYTES
from cors_policies.core.export_groups import (
    ExportedGroup,
    ExportedPolicy,
    InexpressibleError,
    Reason,
    expiry_reasons,
)
from cors_policies.core.path_group import SEPARATOR
from cors_policies.core.paths import parse_path_pattern

MAX_PARAMETER: Final = 4000
MAX_BEHAVIOURS: Final = 250
"""More of them might not fit into a hash table of nginx's default size."""

_PREFIX: Final = "$cors_policies_"
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
_VARY: Final = SEPARATOR.join(
    (http.ORIGIN, http.ACCESS_CONTROL_REQUEST_METHOD, http.ACCESS_CONTROL_REQUEST_HEADERS)
)

SERVER_PART: Final = "\n".join(
    (
        "# CORS policies for nginx: the server part. It is the same for every policy set.",
        "# Include it in server { }, before any rewrite, and again in each location that has an add_header",
        "# of its own, since nginx drops those of the server there.",
        f"if ({_PREFIX}answer = 200) {{ return 200; }}",
        f"if ({_PREFIX}answer = 403) {{ return 403; }}",
        *(f"add_header {name} {_PREFIX}{variable} always;" for name, variable in _HEADERS),
        "# Where a location passes requests on, its answers keep the headers that the application sets. Let the",
        "# policies be the only authority there, or leave those paths to the middleware:",
        *(f"#   proxy_hide_header {name};" for name, _ in _HEADERS[:-1]),
        "",
    )
)
_HTTP_HEADING: Final = """\
# CORS policies for nginx: the http part. Do not edit it, export it again:
#     manage.py cors_policies export --format nginx --output cors-policies.conf
# Include it in http { }, once. The other part is the same for every policy set:
#     manage.py cors_policies export --format nginx --part server --output cors-policies-server.conf
# Include that one in each server { } whose paths are to be governed, before any rewrite."""


class _Behaviour(NamedTuple):
    """All that matters of a policy once it governs the request."""

    methods: tuple[str, ...]
    allow_methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    max_age: int | None
    credentials: bool
    private_network: bool
    rejects: bool
    sends_any_origin: bool


_Test = Callable[[_Behaviour], bool]


def render_nginx(groups: Sequence[ExportedGroup]) -> str:
    """The maps for these path groups, which are in the order in which they are tried.

    Raises :class:`InexpressibleError` with everything that nginx cannot do.
    """
    reasons = [reason for group in groups for reason in _reasons(group)]
    if reasons:
        raise InexpressibleError(reasons)
    return _Rendering(groups).text()


class _Rendering:
    """The maps of one set of path groups."""

    def __init__(self, groups: Sequence[ExportedGroup]) -> None:
        self._groups = groups
        self._names: dict[_Behaviour, str] = {}
        for group in groups:
            for exported in group.policies:
                self._names.setdefault(_behaviour(exported), f"p{len(self._names) + 1}")
        if len(self._names) > MAX_BEHAVIOURS:
            message = (
                f"The policies answer in {len(self._names)} different ways, and nginx is given {MAX_BEHAVIOURS} "
                "at most. Use the same methods, header names and max_age for more of them, or export one path."
            )
            raise InexpressibleError([Reason("", "", message)])

    def text(self) -> str:
        """All of them."""
        maps = (*self._questions(), *self._checks(), *self._answers())
        return "\n\n".join((_HTTP_HEADING, *maps)) + "\n"

    def _questions(self) -> Iterator[str]:
        """Who asks, for what, and which policy governs."""
        yield _map("http_origin", "origin", _origin_lines(), patterns.IMPLAUSIBLE)
        yield from map(self._group_map, range(len(self._groups)))
        yield _map("host$uri", "governor", self._site_lines())
        key = f"request_method|$http_access_control_request_method|{_PREFIX}origin"
        yield _map(key, "kind", [_line("[|]\\z", '""'), _line("^OPTIONS[|].+[|]", "preflight")], "actual")
        asked = ["preflight $http_access_control_request_method;"]
        yield _map(f"{_PREFIX[1:]}kind", "method", asked, "$request_method")
        yield _map("http_access_control_request_headers", "names", _names_lines(), patterns.IMPLAUSIBLE)
        yield _map("http_host", "authority", ['"" $host:$server_port;'], "$http_host")
        yield _map(f"scheme://{_PREFIX}authority|{_PREFIX}origin", "own", _own_lines(), "0")

    def _group_map(self, number: int) -> str:
        group = self._groups[number]
        comment = f"# {_ascii(str(group))}\n"
        nobody = "reject" if group.reject_denied else "none"
        return comment + _map(f"{_PREFIX[1:]}origin", f"group_{number + 1}", self._origins(group), nobody)

    def _origins(self, group: ExportedGroup) -> Iterator[str]:
        """The first that matches is that of the first policy by priority."""
        for exported in group.policies:
            name = self._names[_behaviour(exported)]
            yield f"# policy {exported.policy.name}"
            if exported.sends_any_origin:
                yield f'"" {name};'  # without Origin, too: shared caches keep one answer
            for _, pattern in exported.origins:
                yield _line(patterns.origin_expression(pattern) or "", name)

    def _site_lines(self) -> Iterator[str]:
        for number, group in enumerate(self._groups, 1):
            path = parse_path_pattern(group.site.path)
            yield _line(patterns.site_expression(group.site.host, path), f"{_PREFIX}group_{number}")

    def _checks(self) -> Iterator[str]:
        """Whether that policy lets the request through."""
        named = [(name, behaviour) for behaviour, name in self._names.items()]
        methods = [_line(f"^{name} {_methods(behaviour)}", "1") for name, behaviour in named]
        yield _map(f"{_PREFIX[1:]}governor {_PREFIX}method", "method_ok", methods, "0")
        names = [_line(f"^{name} {_header_names(behaviour)}", "1", "~*") for name, behaviour in named]
        yield _map(f"{_PREFIX[1:]}governor {_PREFIX}names", "names_ok", names, "0")
        verdicts = ['"preflight 11" preflight;', _line("^actual 1", "actual"), _line("^ 1", "anybody")]
        key = f"{_PREFIX[1:]}kind {_PREFIX}method_ok{_PREFIX}names_ok"
        yield _map(key, "verdict", verdicts, "denied")
        rejected = ["reject", *self._named(_rejects)]
        answers = [_line("^preflight [a-z]", "200"), _line(f"^actual (?:{'|'.join(rejected)}) denied 0\\z", "403")]
        yield _map(
            f"{_PREFIX[1:]}kind {_PREFIX}governor {_PREFIX}verdict {_PREFIX}own", "answer", answers
        )

    def _answers(self) -> Iterator[str]:
        """One map for each header. A header whose value is empty is not sent."""
        yield self._map("allow_origin", self._allow_origin())
        yield self._map("allow_credentials", self._for_all("actual|preflight", _has_credentials, "true"))
        yield self._map("allow_methods", self._for_each("preflight", _allow_methods))
        yield self._map("allow_headers", self._for_each("preflight", _allow_headers))
        yield self._map("max_age", self._for_each("preflight", _max_age))
        yield self._map("expose_headers", self._for_each("actual|anybody", _expose_headers))
        asked = " $http_access_control_request_private_network"
        private = [line.replace("\\z", " true\\z") for line in self._for_all("preflight", _is_private, "true")]
        yield self._map("private_network", private, asked)
        yield _map(
            f"{_PREFIX[1:]}governor|{_PREFIX}kind|{_PREFIX}allow_origin", "vary", self._vary(), http.ORIGIN
        )

    def _allow_origin(self) -> Iterator[str]:
        yield from self._for_all("actual|anybody", _is_open, "*")
        yield _line("^(?:actual|preflight) p", "$http_origin")

    def _vary(self) -> Iterator[str]:
        yield _line("^[|]", '""')
        for name in self._named(_is_private):
            more = f"{_VARY}, {http.ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK}"
            yield _line(f"^{name}[|]preflight[|]", _quoted(more))
        yield _line("[|]preflight[|]", _quoted(_VARY))
        for name in self._named(_is_open):
            yield _line(f"^{name}[|].*[|][*]\\z", '""')

    def _map(self, variable: str, lines: Iterable[str], more: str = "") -> str:
        return _map(f"{_PREFIX[1:]}verdict {_PREFIX}governor{more}", variable, lines)

    def _for_all(self, verdicts: str, test: _Test, value: str) -> Iterator[str]:
        names = self._named(test)
        if names:
            yield _line(f"^(?:{verdicts}) (?:{'|'.join(names)})\\z", _quoted(value))

    def _for_each(self, verdicts: str, value: Callable[[_Behaviour], str]) -> Iterator[str]:
        for behaviour, name in self._names.items():
            if value(behaviour):
                yield _line(f"^(?:{verdicts}) {name}\\z", _quoted(value(behaviour)))

    def _named(self, test: _Test) -> list[str]:
        return [name for behaviour, name in self._names.items() if test(behaviour)]


def _behaviour(exported: ExportedPolicy) -> _Behaviour:
    policy = exported.policy
    return _Behaviour(
        methods=exported.methods,
        allow_methods=policy.allowed_methods,
        headers=policy.allowed_headers,
        exposed=policy.exposed_headers,
        max_age=policy.max_age,
        credentials=policy.allow_credentials,
        private_network=policy.allow_private_network,
        rejects=policy.reject_denied,
        sends_any_origin=exported.sends_any_origin,
    )


def _has_credentials(behaviour: _Behaviour) -> bool:
    return behaviour.credentials


def _is_open(behaviour: _Behaviour) -> bool:
    return behaviour.sends_any_origin


def _is_private(behaviour: _Behaviour) -> bool:
    return behaviour.private_network


def _rejects(behaviour: _Behaviour) -> bool:
    return behaviour.rejects


def _allow_methods(behaviour: _Behaviour) -> str:
    if http.ANY in behaviour.methods:
        return "$http_access_control_request_method"
    return SEPARATOR.join(behaviour.allow_methods)


def _allow_headers(behaviour: _Behaviour) -> str:
    return f"{_PREFIX}names" if http.ANY in behaviour.headers else SEPARATOR.join(behaviour.headers)


def _max_age(behaviour: _Behaviour) -> str:
    return "" if behaviour.max_age is None else str(behaviour.max_age)


def _expose_headers(behaviour: _Behaviour) -> str:
    return SEPARATOR.join(behaviour.exposed)


def _methods(behaviour: _Behaviour) -> str:
    if http.ANY in behaviour.methods:
        return f"(?![*]\\z){patterns.TOKEN}+\\z"
    return f"{patterns.one_of(behaviour.methods)}\\z" if behaviour.methods else "(?!)"


def _header_names(behaviour: _Behaviour) -> str:
    if http.ANY not in behaviour.headers:
        return patterns.names_expression(behaviour.headers)
    never = {http.ANY, http.NON_WILDCARD_REQUEST_HEADER} - (set(behaviour.headers) - {http.ANY})
    return patterns.other_names_expression(sorted(never))


def _origin_lines() -> Iterator[str]:
    yield '"" "";'
    yield _line("^null\\z", "null")
    yield _line(patterns.serialized_origin(), "$http_origin")
    yield _line(patterns.PLAUSIBLE_ORIGIN, _quoted(patterns.OTHER_ORIGIN))


def _names_lines() -> Iterator[str]:
    yield '"" "";'
    expression = patterns.header_list_expression(MAX_REQUEST_HEADERS, MAX_REQUEST_HEADERS_BYTES)
    yield _line(expression, "$http_access_control_request_headers")


def _own_lines() -> Iterator[str]:
    """Scheme, host and port are the site's own; a default port may be written in ``Host``."""
    yield _line("^(http://[^|]+?)(?::80)?[|]\\1\\z", "1", "~*")
    yield _line("^(https://[^|]+?)(?::443)?[|]\\1\\z", "1", "~*")


def _reasons(group: ExportedGroup) -> Iterator[Reason]:
    too_long = f"nginx takes at most {MAX_PARAMETER} bytes for this. Shorten it."
    site = patterns.site_expression(group.site.host, parse_path_pattern(group.site.path))
    for exported in group.policies:
        yield from expiry_reasons(exported, "nginx")
        yield from _origin_reasons(exported)
        if len(site) > MAX_PARAMETER:
            yield exported.reason("path", too_long)
        behaviour = _behaviour(exported)
        for field, names, expression in (
            ("allowed_methods", behaviour.methods, _methods(behaviour)),
            ("allowed_headers", behaviour.headers, _header_names(behaviour)),
            ("exposed_headers", behaviour.exposed, SEPARATOR.join(behaviour.exposed)),
        ):
            if max(len(expression), len(SEPARATOR.join(names))) > MAX_PARAMETER - 10:
                yield exported.reason(field, too_long)
            if any("$" in name for name in names):
                yield exported.reason(field, "nginx takes a $ for a variable. Remove the names that hold one.")


def _origin_reasons(exported: ExportedPolicy) -> Iterator[Reason]:
    for field, pattern in exported.origins:
        if patterns.origin_expression(pattern) is None:
            message = (
                f"nginx would match {_ascii(pattern.text)} by backtracking, which a stranger's Origin can make "
                "slow. Write the origins, or a wildcard such as https://*.example.com."
            )
            yield exported.reason(field, message)


def _map(key: str, variable: str, lines: Iterable[str], default: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    value = default if default.startswith("$") else _quoted(default)
    return f'map "${key}" {_PREFIX}{variable} {{\n    default {value};\n{body}}}'


def _line(expression: str, value: str, operator: str = "~") -> str:
    return f'"{operator}{expression}" {value};'


def _quoted(value: str) -> str:
    return f'"{value}"'


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()
