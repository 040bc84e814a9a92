"""Does a cache in front of the site keep apart what is for different origins, and may TLS end there?

Before you edit: the configuration is that of docs/caches-and-proxies.md, with other addresses. Each test asks
for an address of its own, by the query, since all of them share one cache.
"""

from __future__ import annotations

import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from uuid import uuid4

import pytest

from tests.helpers import policy
from tests.servers import ROOT
from tests.services.clusters import Nginx, find_program, running
from tests.services.conftest import require
from tests.services.sites import SERVERS, site_on

pytestmark = pytest.mark.services

PAGE = ROOT / "docs" / "caches-and-proxies.md"
ONE, TWO, STRANGER = "https://one.example", "https://two.example", "https://stranger.example"
POLICIES = [
    policy("orders", "/api/orders/**", allowed_origins=[ONE, TWO], allow_credentials=True,
           allowed_methods=["GET", "PUT"]),
    policy("public", "/api/public/**", allowed_origins=["*"], exposed_headers=["x-total-count"]),
    policy("internal", "/api/internal/**", allowed_origins=[ONE], reject_denied=True),
    policy("head", "/api/visit", allowed_origins=[ONE], allowed_methods=["HEAD"]),
    policy("host", "/api/orders/**", host="127.0.0.1", allowed_origins=[STRANGER]),
]  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came back: the status, what the cache did, and to whom it is readable."""

    status: int
    cache: str | None
    allows: str | None
    credentials: str | None = None


def stored_for(origin: str | None, cache: str, status: int = 200) -> Answer:
    """What /api/orders/ answers to an origin."""
    return Answer(status, cache, origin, "true" if origin else None)


@dataclass
class Proxy:
    """The site as clients have it."""

    port: int
    certificate: Path

    @property
    def origin(self) -> str:
        """Its own."""
        return f"https://localhost:{self.port}"

    def ask(
        self,
        target: str,
        origin: str | None = None,
        method: str = "GET",
        host: str = "localhost",
        **more: str,
    ) -> Answer:
        """The answer to one request."""
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        headers |= {"Host": f"{host}:{self.port}"} | ({"Origin": origin} if origin else {})
        with closing(HTTPSConnection("localhost", self.port, timeout=30, context=trusted)) as connection:
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            response.read()
        found = (response.headers.get(f"Access-Control-Allow-{name}") for name in ("Origin", "Credentials"))
        return Answer(response.status, response.headers.get("X-Cache-Status"), *found)


def documented(nginx: Nginx, site_port: int) -> str:
    """The configuration of the page, with the addresses of the test."""
    found = re.search(r"^```nginx\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    text = found[1]
    for place, own in {
        "listen 443 ssl;": f"listen 127.0.0.1:{nginx.port} ssl;",
        "/var/cache/nginx/site": f"{nginx.folder}/cache",
        "/etc/ssl/site.pem": f"{nginx.folder}/site.pem",
        "/etc/ssl/site.key": f"{nginx.folder}/site.key",
        "127.0.0.1:8000": f"127.0.0.1:{site_port}",
    }.items():
        assert text.count(place) == 1, place
        text = text.replace(place, own)
    return text


def make_certificate(folder: Path) -> None:
    """One for localhost, thrown away with the folder."""
    command = find_program("openssl")
    assert command is not None, "openssl is not installed. As root: make programs"
    usage = ("subjectAltName=DNS:localhost", "keyUsage=digitalSignature,keyCertSign")
    extensions = [part for text in usage for part in ("-addext", text)]
    subprocess.run(
        [command, "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-subj", "/CN=localhost", *extensions, "-keyout", "site.key", "-out", "site.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The demo site on gunicorn's threads, behind an nginx with TLS and a cache."""
    require(Nginx)
    database = tmp_path_factory.mktemp("proxy") / "site.sqlite3"
    site = site_on({"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)})
    site.environment |= {"SITE_BEHIND_PROXY": "1"}
    site.migrate()
    site.apply(*POLICIES)
    nginx = Nginx()
    make_certificate(nginx.folder)
    nginx.write_http(documented(nginx, site.port))
    with running(nginx), site.serving(SERVERS["gunicorn-threads"]):
        yield Proxy(nginx.port, nginx.folder / "site.pem")


@pytest.fixture
def once() -> str:
    """A query that no other test asks with."""
    return f"?once={uuid4().hex}"


class TestVary:
    """What is kept for one origin reaches no other, and nobody who names none."""

    def test_two_origins_in_turn_get_their_own(self, proxy: Proxy, once: str) -> None:
        asked = [ONE, TWO, ONE, TWO]

        answers = [proxy.ask(f"/api/orders/{once}", origin) for origin in asked]

        kept = ["MISS", "MISS", "HIT", "HIT"]
        assert answers == [stored_for(origin, cache) for origin, cache in zip(asked, kept, strict=True)]

    @pytest.mark.parametrize("order", [[None, ONE, STRANGER], [STRANGER, None, ONE], [ONE, STRANGER, None]])
    def test_no_origin_and_a_denied_one_are_kept_apart(
        self, proxy: Proxy, once: str, order: list[str | None]
    ) -> None:
        for cache in ("MISS", "HIT"):
            answers = [proxy.ask(f"/api/orders/{once}", origin) for origin in order]

            assert answers == [stored_for(origin if origin == ONE else None, cache) for origin in order]

    def test_a_rejected_origin_does_not_poison_the_others(self, proxy: Proxy, once: str) -> None:
        for cache in ("MISS", "HIT"):
            assert proxy.ask(f"/api/internal/orders/{once}", STRANGER) == Answer(403, cache, None)
            assert proxy.ask(f"/api/internal/orders/{once}", ONE) == Answer(200, cache, ONE)

    def test_an_error_is_kept_for_its_origin(self, proxy: Proxy, once: str) -> None:
        for cache in ("MISS", "HIT"):
            assert proxy.ask(f"/api/orders/none/{once}", ONE) == stored_for(ONE, cache, 404)
            assert proxy.ask(f"/api/orders/none/{once}", STRANGER) == stored_for(None, cache, 404)

    def test_hosts_have_copies_of_their_own(self, proxy: Proxy, once: str) -> None:
        for cache in ("MISS", "HIT"):
            assert proxy.ask(f"/api/orders/{once}", ONE) == stored_for(ONE, cache)
            assert proxy.ask(f"/api/orders/{once}", ONE, host="127.0.0.1") == Answer(200, cache, None)

    def test_head_is_asked_for_as_it_is(self, proxy: Proxy, once: str) -> None:
        """The site sees the method that the policy is about."""
        assert proxy.ask(f"/api/visit/{once}", ONE, "GET").allows is None
        assert proxy.ask(f"/api/visit{once}", ONE, "HEAD").allows == ONE


class TestEverybody:
    """What everybody may read is one copy for all."""

    def test_one_copy_serves_all(self, proxy: Proxy, once: str) -> None:
        answers = [
            proxy.ask(f"/api/public/orders/{once}", origin) for origin in (None, ONE, STRANGER, "null")
        ]

        assert answers == [Answer(200, cache, "*") for cache in ("MISS", "HIT", "HIT", "HIT")]


class TestWhatIsNotKept:
    """Preflights and what is for one visitor are answered by the site, each time."""

    def test_preflights(self, proxy: Proxy, once: str) -> None:
        target = f"/api/orders/{once}"
        asks = {"Access_Control_Request_Method": "PUT"}

        for origin in (ONE, STRANGER, TWO, ONE):
            expected = Answer(200, None, *((None, None) if origin == STRANGER else (origin, "true")))
            assert proxy.ask(target, origin, "OPTIONS", **asks) == expected

        assert proxy.ask(target, ONE) == stored_for(ONE, "MISS")

    @pytest.mark.parametrize("sent", [{"Authorization": "Bearer x"}, {"Cookie": "sessionid=x"}])
    def test_signed_in_visitors(self, proxy: Proxy, once: str, sent: dict[str, str]) -> None:
        target = f"/api/orders/{once}"

        assert [proxy.ask(target, ONE, **sent).cache for _ in range(2)] == ["BYPASS", "BYPASS"]
        assert [proxy.ask(target, ONE).cache for _ in range(2)] == ["MISS", "HIT"]
        assert proxy.ask(target, ONE, **sent).cache == "BYPASS"


class TestTheSitesOwnPages:
    """Behind a proxy that ends TLS the site's own pages are the same origin, and no others."""

    def test_own_post_reaches_the_view(self, proxy: Proxy) -> None:
        assert proxy.ask("/api/internal/orders/", proxy.origin, "POST") == Answer(200, None, None)

    @pytest.mark.parametrize(
        "origin", ["http://localhost:{port}", "https://localhost", "https://127.0.0.1:{port}", STRANGER]
    )
    def test_another_origin_is_rejected(self, proxy: Proxy, origin: str) -> None:
        answer = proxy.ask("/api/internal/orders/", origin.format(port=proxy.port), "POST")

        assert answer == Answer(403, None, None)

    def test_a_client_cannot_claim_to_be_another_host(self, proxy: Proxy) -> None:
        claims = {"X_Forwarded_Host": "stranger.example", "X_Forwarded_Proto": "https"}

        assert proxy.ask("/api/internal/orders/", STRANGER, "POST", **claims) == Answer(403, None, None)
