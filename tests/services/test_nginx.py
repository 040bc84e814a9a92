"""Does nginx, with an exported configuration, answer as the middleware does?

Before you edit: compared are the status where nginx or the middleware answers by itself, every CORS header,
those of embedding, and ``Vary``. What nginx cannot express is named in docs/exporting.md, and is not asked.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from cors_policies.core.engine import StatedFacts, decide
from cors_policies.core.exporting.groups import collect_groups
from cors_policies.core.exporting.nginx import SERVER_PART, render_nginx
from cors_policies.core.policy_set import PolicySet, parse_policy_set
from cors_policies.core.snapshot import compile_snapshot
from cors_policies.middleware import CorsPolicyMiddleware
from cors_policies.testing import override_cors_policies
from tests.helpers import policy
from tests.services.clusters import Nginx
from tests.strategies import policy_set_documents, stated_facts

pytestmark = pytest.mark.services

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each try starts an nginx."""
PREFIX = "access-control-"
EMBEDDING = ("cross-origin-resource-policy", "timing-allow-origin")
OTHERS = {"/moved": 302, "/refused": 403}
"""What nginx answers with where no policy makes it, if it is not 404."""
ALLOW_HEADERS = "access-control-allow-headers"
ODD = "/odd.name+(1)[a]|{b}^'\"\\~"
GROUPS = [{"name": "partners", "origins": ["https://*.partner.example", "http://localhost:*"]}]
POLICIES = [
    policy("fonts", "/fonts/*.woff2", allowed_origins=["*"], exposed_headers=["etag", "x-total"],
           resource_policy="cross-origin", timing_allow_origin=True),
    policy("open-not-alone", "/shared/**", allowed_origins=["*"], priority=200, max_age=None,
           resource_policy="same-site", timing_allow_origin=True),
    policy("first", "/shared/**", allowed_origins=["https://*.app.example"], allow_credentials=True),
    policy("api", "/api/**", origin_groups=["partners"], allowed_methods=["GET", "PUT", "OPTIONS"],
           allowed_headers=["content-type", "x-a", "x-ab"], exposed_headers=["x-total"], max_age=0),
    policy("api-2", "/api/**", priority=50, allowed_origins=["https://two.partner.example"],
           allow_credentials=True, allowed_methods=["DELETE"], allowed_headers=[]),
    policy("shield", "/api/secret/**", allowed_origins=[], reject_denied=True,
           resource_policy="same-origin"),
    policy("reject-method", "/own/*", allowed_methods=["GET"], reject_denied=True),
    policy("wide", "/wide/**/end", allowed_origins=["*"], allowed_methods=["*"], allowed_headers=["*"],
           allow_private_network=True),
    policy("authorization", "/auth", allowed_headers=["*", "authorization"], allowed_origins=[
        "null", "app://*", "https://pre-*.x.example", "https://*-post.x.example:8443", "http://[::1]:*"]),
    policy("mixed", "/m/a*b*b*c/*", allowed_methods=[]),
    policy("slow", "/m/" + "*a" * 30 + "*c/x"),
    policy("accents", "/caf\u00e9/\u65e5 \u672c"),
    policy("odd-names", ODD, allowed_headers=["x-*", "x^y"], allowed_methods=["A-B"]),
    policy("root", "/"),
    policy("host", "/**", host="api.example.com", allowed_origins=["https://host.example"]),
    policy("hosts", "/fonts/**", host="*.example.com", allowed_origins=["https://hosts.example"]),
]  # fmt: skip
PATHS = [
    "/", "//", "/fonts/a.woff2", "/fonts/a.woff2/", "/fonts/A.WOFF2", "/FONTS/a.woff2", "/fonts/a/b.woff2",
    "/fonts", "/shared", "/shared/x/y", "/shared//", "/api", "/apix", "/api/x\ny", "/api/secret",
    "/api/secret/a",
    "/own/file", "/own/", "/own//", "/wide/end", "/wide/a/b/end/", "/wide/a/end//", "/wide/end/x", "/auth",
    "/auth\n", "/m/abbc/x", "/m/abc/x", "/m/abXbXc/x", "/m/abb/x", "/m/" + "ab" * 900 + "/x",
    "/caf\u00e9/\u65e5 \u672c", ODD, ODD.replace(".", "x"),
    "/moved", "/refused", "/elsewhere/%41",
]  # fmt: skip
ORIGINS = [
    None, "null", "NULL", "*", "?", "https://app.example", "https://APP.example", "https://app.example:443",
    "https://app.example/", "https://appXexample", "http://app.example", "https://a.app.example",
    "https://app.example.evil.example", "https://a.b.app.example", "https://.app.example", "https://a_b.app.example",
    "https://one.partner.example", "https://two.partner.example", "http://localhost", "http://localhost:80",
    "http://localhost:3000", "http://localhost:65535", "http://localhost:65536", "http://localhost:0",
    "app://anything", "app://1.2.3", "app://1.2.3.4", "app://0x7f", "app://[::1]", "app://a.b:8080",
    "https://pre-x.x.example", "https://pre-.x.example", "https://pre-a.b.x.example", "https://a-post.x.example:8443",
    "https://a-post.x.example", "http://[::1]:9", "http://[::1]", "https://a,https://b", "https://a b", "file://x",
    "https://host.example", "https://hosts.example", "https://" + "a" * 600, "moz-extension://abc",
    "app://" + "a" * 506, "app://" + "a" * 507,
]  # fmt: skip
HEADERS = [
    None, "content-type", "X-A,Content-Type", "x-ab , ,x-a,\t", "x-abc", "x a", "x-a,,", ",", "*", "x-*",
    "x^y",
    "authorization", "x-a, Authorization", "x-authorization", ",".join(["x-a"] * 64), ",".join(["x-a"] * 65),
    "x-a" + " " * 4090, "x-a," + " " * 4090 + "x-a", "x" * 4097, "x-a;", "?",
]  # fmt: skip

DEMO = Path(__file__).resolve().parents[2] / "project"
DEMO_HOST = "127.0.0.1:8000"
DEMO_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
DEMO_ORIGINS = (None, "null", "http://localhost:9000", "https://app.example")


class Request(NamedTuple):
    """A request, as it is sent."""

    method: str
    path: str
    origin: str | None = None
    requested_method: str | None = None
    requested_headers: str | None = None
    host: str = "files.test"
    private: bool = False

    @property
    def sent(self) -> dict[str, str]:
        """Its headers, but for the host."""
        headers = {
            "Origin": self.origin,
            "Access-Control-Request-Method": self.requested_method,
            "Access-Control-Request-Headers": self.requested_headers,
            "Access-Control-Request-Private-Network": "true" if self.private else None,
        }
        return {name: value for name, value in headers.items() if value is not None}


class Answer(NamedTuple):
    """What is compared. ``status`` is ``None`` where another than nginx or the middleware would answer."""

    status: int | None
    headers: dict[str, str]
    vary: list[str]


def answer_of(status: int | None, headers: Mapping[str, str]) -> Answer:
    """The comparable part of an answer. Names of request headers are a list, without case or order."""
    found = {name.lower(): value for name, value in headers.items()}
    cors = {name: value for name, value in found.items() if name.startswith((PREFIX, *EMBEDDING))}
    if ALLOW_HEADERS in cors:
        names = {name.strip(" \t").lower() for name in cors[ALLOW_HEADERS].split(",")} - {""}
        cors[ALLOW_HEADERS] = ",".join(sorted(names))
        if not names:
            del cors[ALLOW_HEADERS]
    return Answer(
        status, cors, [name.lower() for name in re.split(r"\s*,\s*", found.get("vary", "")) if name]
    )


class Client:
    """Asks an nginx over one connection."""

    def __init__(self, server: Nginx) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def close(self) -> None:
        """Ends it."""
        self._connection.close()

    def ask(self, request: Request) -> Answer:
        """Its answer."""
        self._connection.putrequest(
            request.method, quote(request.path), skip_host=True, skip_accept_encoding=True
        )
        self._connection.putheader("Host", request.host)
        for name, value in request.sent.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()
        response = self._connection.getresponse()
        body = response.read()
        names = [
            name.lower() for name, _ in response.getheaders() if name.lower().startswith((PREFIX, *EMBEDDING))
        ]
        assert len(names) == len(set(names)), "no header is sent twice"
        assert response.status != 400, "nginx does not take such a request"
        is_preflight = request.method == "OPTIONS" and response.status == 200
        assert not (is_preflight and body), "a preflight is answered without a body"
        return answer_of(response.status, dict(response.getheaders()))


def exported(policy_set: PolicySet) -> str:
    """The http part for a whole set."""
    groups = {group.name: group for group in policy_set.origin_groups}
    return render_nginx(collect_groups(policy_set.policies, groups, NOW))


def middleware_answer(request: Request) -> Answer:
    """What the middleware answers; its view answers 418."""
    run = CorsPolicyMiddleware(lambda _: HttpResponse(status=418))
    asked = RequestFactory().generic(request.method, "/", headers={**request.sent, "Host": request.host})
    asked.path_info = request.path
    response: Any = run(asked)
    return answer_of(None if response.status_code == 418 else response.status_code, response.headers)


def same(request: Request, ours: Answer, theirs: Answer) -> bool:
    """Whether nginx answers as we do, by itself where we do, and not where we do not."""
    if ours._replace(status=None) != theirs._replace(status=None):
        return False
    if ours.status is not None:
        return ours.status == theirs.status
    return theirs.status == OTHERS.get(request.path, 404)


@contextmanager
def exporting(nginx: Nginx, document: dict[str, Any]) -> Iterator[Client]:
    """An nginx with the export of the policies, which the middleware obeys meanwhile."""
    nginx.write(exported(parse_policy_set(document)), SERVER_PART)
    nginx.start()
    groups = document["origin_groups"]
    with override_cors_policies(*document["policies"], origin_groups=groups), closing(Client(nginx)) as found:
        yield found


@pytest.fixture
def client(nginx: Nginx) -> Iterator[Client]:
    """An nginx with the export of the table's policies."""
    with exporting(nginx, {"policies": POLICIES, "origin_groups": GROUPS}) as found:
        yield found


@pytest.fixture(autouse=True)
def _any_host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]


def _differences(client: Client, requests: list[Request]) -> list[tuple[Request, Answer, Answer]]:
    asked = [(request, middleware_answer(request), client.ask(request)) for request in requests]
    return [(request, ours, theirs) for request, ours, theirs in asked if not same(request, ours, theirs)]


class TestOneTable:
    """nginx answers each request as the middleware does."""

    def test_actual_requests(self, client: Client) -> None:
        methods = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "A-B")
        requests = [Request(*asked) for asked in product(methods, PATHS, ORIGINS)]

        assert _differences(client, requests) == []

    def test_preflights(self, client: Client) -> None:
        asked_for = ("GET", "HEAD", "PUT", "put", "DELETE", "A-B", "*", "NO TOKEN", "a|b")
        requests = [Request("OPTIONS", *asked) for asked in product(PATHS, ORIGINS, asked_for)]

        assert _differences(client, requests) == []

    def test_names_of_headers(self, client: Client) -> None:
        paths = ("/api", "/auth", "/wide/end", "/shared", "/own/x", ODD)
        origins = (
            "https://one.partner.example",
            "https://two.partner.example",
            "app://a",
            "https://app.example",
        )
        requests = [
            Request("OPTIONS", path, origin, method, headers, private=private)
            for path, origin, method, headers, private in product(
                paths, origins, ("GET", "DELETE", "A-B"), HEADERS, (True, False)
            )
        ]

        assert _differences(client, requests) == []

    def test_hosts(self, client: Client) -> None:
        hosts = (
            "api.example.com", "API.Example.com:8080", "api.example.com.", "x.example.com", "a.b.example.com",
            "example.com", "xexample.com", "api.example.com.evil.test", "files.test:80", "[::1]:8080",
        )  # fmt: skip
        origins = (
            None, "https://host.example", "https://hosts.example", "https://app.example", "http://files.test",
            "http://files.test:80", "http://x.example.com", "http://[::1]:8080", "http://api.example.com:8080",
        )  # fmt: skip
        paths = ("/", "/fonts/a.woff2", "/fonts/x", "/own/x", "/api/secret/x", "/elsewhere")
        requests = [
            Request(method, path, origin, host=host)
            for method, path, origin, host in product(("GET", "POST"), paths, origins, hosts)
        ]

        assert _differences(client, requests) == []

    def test_comparison_tells_two_answers_apart(self, client: Client) -> None:
        """The table proves something: with another set in force, the answers differ."""
        with override_cors_policies():
            assert _differences(client, [Request("GET", "/fonts/a.woff2", "https://app.example")])


class TestTheDemo:
    """nginx takes every policy of the demo and its lab, and answers as the middleware does."""

    def test_actual_requests(self, nginx: Nginx) -> None:
        requests = [
            Request(method, path, origin, host=DEMO_HOST)
            for method, path, origin in product(DEMO_METHODS, _demo_paths(), DEMO_ORIGINS)
        ]

        with exporting(nginx, _demo_policies()) as client:
            assert _differences(client, requests) == []

    def test_preflights(self, nginx: Nginx) -> None:
        asked_for = [
            *((method, None) for method in DEMO_METHODS),
            ("POST", "content-type"),
            ("GET", "x-lab-token"),
        ]
        requests = [
            Request("OPTIONS", path, origin, *asked, host=DEMO_HOST)
            for path, origin, asked in product(_demo_paths(), DEMO_ORIGINS, asked_for)
        ]

        with exporting(nginx, _demo_policies()) as client:
            assert _differences(client, requests) == []


def _demo_policies() -> dict[str, Any]:
    """The example set and the lab's policies in one document."""
    examples, lab = (
        json.loads((DEMO / name).read_text(encoding="utf-8"))
        for name in ("example-policies.json", "lab/policies.json")
    )
    return {**examples, "policies": examples["policies"] + lab["policies"]}


def _demo_paths() -> list[str]:
    """One below each pattern, and one that is governed by none."""
    below = [item["path"].replace("**", "echo").replace("*", "1") for item in _demo_policies()["policies"]]
    return sorted({*below, "/lab/log"})


class TestFiles:
    """The headers are on whatever nginx answers with."""

    def test_index_and_error_page(self, nginx: Nginx) -> None:
        """The path that was asked for governs, not the one that nginx goes on with."""
        (nginx.folder / "files" / "docs").mkdir()
        (nginx.folder / "files" / "docs" / "index.html").write_text("index", encoding="utf-8")
        (nginx.folder / "files" / "none.html").write_text("none", encoding="utf-8")
        documents = [policy("docs", "/docs"), policy("gone", "/gone", allowed_methods=["PUT"])]
        nginx.write(
            exported(parse_policy_set({"policies": documents})),
            f"error_page 404 405 /none.html;{SERVER_PART}",
        )
        nginx.start()
        origin = "https://app.example"

        with closing(Client(nginx)) as client:
            for request in (Request("GET", "/docs/", origin), Request("PUT", "/gone", origin)):
                assert client.ask(request).headers == {"access-control-allow-origin": origin}
            assert client.ask(Request("GET", "/gone", origin)).headers == {}

    def test_nothing_is_governed_without_policies(self, nginx: Nginx) -> None:
        nginx.write(exported(parse_policy_set({"policies": []})), SERVER_PART)
        nginx.start()

        with closing(Client(nginx)) as client:
            answer = client.ask(Request("GET", "/", "https://app.example"))

        assert (answer.headers, answer.vary) == ({}, [])


def _expressible(document: dict[str, Any]) -> dict[str, Any]:
    """Without expressions and ends, which nginx does not get."""
    for item in document["policies"]:
        item["expires_at"] = None
    for item in [*document["policies"], *document["origin_groups"]]:
        key = "allowed_origins" if "path" in item else "origins"
        item[key] = [text for text in item.get(key, ()) if not text.startswith("~")]
    return document


def _can_be_sent(facts: StatedFacts) -> bool:
    """Whether nginx takes such a request, and tells it from others."""
    return (
        re.fullmatch("[A-Z_-]+", facts.method) is not None
        and facts.path.startswith("/")
        and facts.host != ""
        and facts.requested_method != ""
        and re.fullmatch("[!-~](?:[ -~]*[!-~])?", facts.origin or "x") is not None
    )


def _request(facts: StatedFacts) -> Request:
    return Request(
        facts.method,
        facts.path,
        facts.origin,
        facts.requested_method,
        facts.requested_headers,
        facts.host,
        facts.wants_private_network,
    )


class TestRandomSets:
    """Whatever the set and the request are, nginx answers as the engine decides."""

    @given(
        document=policy_set_documents().map(_expressible),
        asked=st.lists(stated_facts().filter(_can_be_sent), min_size=20, max_size=40),
    )
    @settings(
        max_examples=40, deadline=None, phases=WITHOUT_SHRINKING, suppress_health_check=list(HealthCheck)
    )
    def test_answers_agree(self, nginx: Nginx, document: dict[str, Any], asked: list[StatedFacts]) -> None:
        policy_set = parse_policy_set(document)
        snapshot = compile_snapshot(
            policy_set.policies, {group.name: group for group in policy_set.origin_groups}
        )
        nginx.stop()
        nginx.write(exported(policy_set), SERVER_PART)
        nginx.start()

        with closing(Client(nginx)) as client:
            for facts in asked:
                decision = decide(snapshot, replace(facts, scheme="http"))
                vary = {"Vary": ", ".join(decision.vary)}
                ours = answer_of(decision.status, {**dict(decision.headers), **vary})
                assert same(_request(facts), ours, client.ask(_request(facts))), facts
