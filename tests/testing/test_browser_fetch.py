"""Does ``browser_fetch`` send what a browser sends, and give what a script gets?"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.test import AsyncClient, Client
from pytest_django import Settings

from cors_policies.testing import CorsBlocked, browser_fetch, override_cors_policies
from tests.helpers import policy

APP = "https://app.example"
API = "https://api.example.com"
WIDE = policy("wide", "/**", allowed_methods=["*"], allowed_headers=["*", "authorization"])
SIGNED_IN = {**WIDE, "name": "signed-in", "allow_credentials": True}


def fetch(url: str = "/api/x", *, client: Client | None = None, **more: Any) -> Any:
    """What the script gets."""
    return browser_fetch(client or Client(), url, **{"origin": APP, **more})


def blocked(url: str = "/api/x", **more: Any) -> CorsBlocked:
    """Why it gets nothing."""
    with pytest.raises(CorsBlocked) as caught:
        fetch(url, **more)
    return caught.value


def own(path: str = "/own/", **headers: str) -> str:
    """The address of a view that writes these CORS headers itself."""
    return f"{path}?{urlencode({name.replace('_', '-'): value for name, value in headers.items()})}"


def sent(requests: list[HttpRequest]) -> list[str | None]:
    """The methods of the requests that reached a view."""
    return [request.META["REQUEST_METHOD"] for request in requests]


class TestPreflight:
    """A preflight is sent when a browser would, with what the Fetch standard says, and without cookies."""

    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            pytest.param("GET", {}, id="get"),
            pytest.param("head", {"Accept": "text/html"}, id="safelisted-header"),
            pytest.param("POST", {"Content-Type": "text/plain"}, id="safelisted-type"),
            pytest.param("GET", {"Cookie": "a=b", "Sec-X": "1"}, id="dropped-headers"),
        ],
    )
    def test_none_is_sent(self, seen: list[HttpRequest], method: str, headers: dict[str, str]) -> None:
        fetch(own(allow_origin=APP), method=method, headers=headers)

        assert sent(seen) == [method.upper()]

    @pytest.mark.parametrize(
        ("method", "headers", "asked"),
        [
            pytest.param("put", {}, ("PUT", None), id="method"),
            pytest.param("patch", {}, ("patch", None), id="method-that-stays"),
            pytest.param("GET", {"X-B": "1", "x-a": "", "Accept": "*/*"}, ("GET", "x-a,x-b"), id="headers"),
            pytest.param(
                "POST", {"Content-Type": "application/json"}, ("POST", "content-type"), id="unsafe-type"
            ),
        ],
    )
    def test_one_is_sent(
        self,
        seen: list[HttpRequest],
        method: str,
        headers: dict[str, str],
        asked: tuple[str, str | None],
    ) -> None:
        client = Client()
        client.cookies["session"] = "1"
        answer = own(
            allow_origin=APP,
            allow_credentials="true",
            allow_methods="PUT, patch",
            allow_headers="x-a,X-B,content-type",
        )

        fetch(answer, client=client, method=method, headers=headers, credentials="include")

        preflight, actual = seen
        names = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Cookie")
        assert preflight.META["REQUEST_METHOD"] == "OPTIONS"
        assert tuple(preflight.headers.get(name) or None for name in names) == (APP, *asked, None)
        assert actual.META["REQUEST_METHOD"] == asked[0]
        assert actual.headers["Cookie"] == "session=1"

    @pytest.mark.parametrize(
        ("headers", "said"),
        [
            pytest.param({}, "The response has no Access-Control-Allow-Origin", id="nothing"),
            pytest.param(
                {"allow_origin": "null"}, "has Access-Control-Allow-Origin: null", id="other-origin"
            ),
            pytest.param({"allow_origin": APP, "status": "404"}, "answered 404", id="status"),
            pytest.param({"allow_origin": APP, "status": "302"}, "answered 302", id="redirect"),
            pytest.param({"allow_origin": APP}, "no Access-Control-Allow-Methods", id="no-method"),
            pytest.param(
                {"allow_origin": APP, "allow_methods": "put"},
                "Methods: put: PUT",
                id="method-in-another-case",
            ),
            pytest.param(
                {"allow_origin": APP, "allow_methods": "*", "allow_headers": "*"},
                "Headers: *: not all of authorization, x-a",
                id="authorization-is-never-covered",
            ),
        ],
    )
    def test_answer_that_does_not_let_it_through(
        self, seen: list[HttpRequest], headers: dict[str, str], said: str
    ) -> None:
        caught = blocked(own(**headers), method="PUT", headers={"X-A": "1", "Authorization": "x"})

        assert caught.reason == "ungoverned"
        assert said in caught.explanation[-1]
        assert sent(seen) == ["OPTIONS"]

    @pytest.mark.parametrize(("credentials", "passes"), [("omit", True), ("include", False)])
    def test_wildcard_is_one_without_credentials_only(self, credentials: str, passes: bool) -> None:
        answer = own(allow_origin=APP, allow_credentials="true", allow_methods="*", allow_headers="*")

        if passes:
            assert fetch(answer, method="PUT", credentials=credentials).status_code == 200
        else:
            assert "Methods: *" in blocked(answer, method="PUT", credentials=credentials).explanation[-1]


class TestCheck:
    """The real response is judged, whoever wrote its headers."""

    @pytest.mark.parametrize(
        ("headers", "credentials"),
        [
            ({"allow_origin": APP}, "omit"),
            ({"allow_origin": "*"}, "same-origin"),
            ({"allow_origin": APP, "allow_credentials": "true"}, "include"),
        ],
    )
    def test_shared(self, headers: dict[str, str], credentials: str) -> None:
        assert fetch(own(**headers), credentials=credentials).content == b"own"

    @pytest.mark.parametrize(
        ("headers", "credentials"),
        [
            ({}, "omit"),
            ({"allow_origin": "https://app.example/"}, "omit"),
            ({"allow_origin": f"{APP}, {APP}"}, "omit"),
            ({"allow_origin": "*", "allow_credentials": "true"}, "include"),
            ({"allow_origin": APP}, "include"),
            ({"allow_origin": APP, "allow_credentials": "True"}, "include"),
        ],
    )
    def test_kept_from_the_script(self, headers: dict[str, str], credentials: str) -> None:
        caught = blocked(own(**headers), credentials=credentials)

        assert caught.reason == "ungoverned"
        assert f"is not shared with {APP}" in caught.explanation[-1]

    def test_stream_that_nobody_reads_is_closed(self, settings: Settings) -> None:
        settings.ROOT_URLCONF = "tests.http.urls"

        with override_cors_policies(policy()):
            assert b"".join(fetch("/api/filed").streaming_content) == b"content"
            assert blocked("/api/filed", origin="https://evil.example").reason == "origin-not-allowed"

    def test_policy_s_reason_and_explanation_are_told(self) -> None:
        with override_cors_policies(policy()):
            caught = blocked(origin="https://evil.example")

        assert caught.reason == "origin-not-allowed"
        assert caught.explanation[-1].startswith("Add https://evil.example to allowed_origins of policy")
        assert str(caught).splitlines() == [caught.reason, *caught.explanation]

    def test_policy_whose_headers_are_lost_is_named(self, settings: Settings) -> None:
        settings.MIDDLEWARE = []
        with override_cors_policies(policy()):
            caught = blocked()

        assert caught.reason == "ungoverned"
        assert 'Policy "public-api" allows this request' in caught.explanation[1]
        assert "CorsPolicyMiddleware first" in caught.explanation[2]


class TestReadableHeaders:
    """The response has the headers that the script may read, and no others."""

    SAFELISTED: ClassVar = {"Content-Type", "Cache-Control"}

    @pytest.mark.parametrize(
        ("exposed", "readable"),
        [
            pytest.param([], set(), id="none"),
            pytest.param(["x-total", "x-missing"], {"X-Total"}, id="listed"),
            pytest.param(["*"], {"X-Total", "X-Secret", "X-Frame-Options"}, id="wildcard"),
        ],
    )
    def test_of_another_origin(self, exposed: list[str], readable: set[str]) -> None:
        with override_cors_policies(policy(exposed_headers=exposed)):
            names = set(fetch().headers)

        assert readable <= names
        unread = {"X-Total", "X-Secret", "Set-Cookie", "Vary"} - readable
        assert names >= self.SAFELISTED
        assert "*" in exposed or not unread & names

    def test_wildcard_is_a_name_beside_credentials(self) -> None:
        answer = own(allow_origin=APP, allow_credentials="true", expose_headers="*")

        assert "X-Total" in fetch(answer).headers
        assert "X-Total" not in fetch(answer, credentials="include").headers

    def test_what_is_no_list_exposes_nothing(self) -> None:
        assert "X-Total" not in fetch(own(allow_origin=APP, expose_headers="x-total, x y")).headers

    def test_of_the_own_origin_all_but_cookies(self) -> None:
        response = fetch(f"{APP}/api/x")

        assert {"X-Total", "X-Secret"} <= set(response.headers)
        assert "Set-Cookie" not in response.headers
        assert not response.cookies


class TestCredentials:
    """Cookies go along and are kept where the mode says so; the client has its own back afterwards."""

    @pytest.mark.parametrize(
        ("url", "credentials", "go_along"),
        [
            ("/api/x", "omit", False),
            ("/api/x", "same-origin", False),
            ("/api/x", "include", True),
            (f"{APP}/api/x", "omit", False),
            (f"{APP}/api/x", "same-origin", True),
            (f"{APP}/api/x", "include", True),
        ],
    )
    @override_cors_policies(SIGNED_IN)
    def test_sent_and_kept(self, url: str, credentials: str, go_along: bool) -> None:
        client = Client(headers={"authorization": "Basic x"})
        client.cookies["session"] = "1"
        jar = client.cookies

        arrived = fetch(url, client=client, credentials=credentials).json()["sent"]

        assert ("session=1" in arrived.get("Cookie", ""), "Authorization" in arrived) == (go_along, go_along)
        assert client.cookies is jar
        assert set(jar) == ({"session", "seen"} if go_along else {"session"})

    @override_cors_policies(policy())
    def test_client_is_as_before_when_it_is_blocked(self) -> None:
        client = Client(headers={"origin": "https://other.example"})
        client.cookies["session"] = "1"
        before = dict(client.defaults)

        assert blocked(client=client, credentials="include").reason == "credentials-not-allowed"
        assert (client.defaults, set(client.cookies)) == (before, {"session", "seen"})

    @override_cors_policies(policy(allowed_headers=["authorization"]))
    def test_script_s_own_authorization_is_no_credential(self) -> None:
        arrived = fetch(headers={"Authorization": "Token x"}).json()["sent"]

        assert arrived["Authorization"] == "Token x"

    @pytest.mark.django_db
    @override_cors_policies({**SIGNED_IN, "path": "/admin/**"})
    def test_signed_in_user_is_signed_in(self, settings: Settings) -> None:
        settings.ROOT_URLCONF = "project.urls"
        client = Client()
        client.force_login(get_user_model().objects.create_superuser("admin"))

        assert fetch("/admin/", client=client, credentials="include").status_code == 200
        assert fetch("/admin/login/", client=client).status_code == 200


class TestSameOrigin:
    """No preflight and no check; ``Origin`` beside methods other than GET and HEAD."""

    @pytest.mark.parametrize(
        ("method", "origin"), [("GET", None), ("POST", APP), ("PUT", APP), ("patch", APP)]
    )
    def test_what_arrives(self, seen: list[HttpRequest], method: str, origin: str | None) -> None:
        response = fetch(f"{APP}:443/x", method=method, headers={"X-A": "1"})

        assert response.json()["sent"].get("Origin") == origin
        assert sent(seen) == [method]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_without_a_page_nothing_is_checked(self, method: str) -> None:
        assert "Origin" not in fetch(origin=None, method=method).json()["sent"]


class TestUrl:
    """A path goes where the client goes; an absolute URL sets host and scheme."""

    @pytest.mark.parametrize(
        ("url", "host", "scheme"),
        [
            ("https://api.example.com/x", "api.example.com", "https"),
            ("HTTPS://API.example.com:443", "api.example.com", "https"),
            ("http://api.example.com:8000/x?y#z", "api.example.com:8000", "http"),
            ("//api.example.com/x", "api.example.com", "http"),
            ("http://[::1]:8000/", "[::1]:8000", "http"),
            ("https://b\u00fccher.example/", "xn--bcher-kva.example", "https"),
        ],
    )
    @override_cors_policies(WIDE)
    def test_absolute(self, seen: list[HttpRequest], url: str, host: str, scheme: str) -> None:
        client = Client(headers={"host": "other.example", "x-forwarded-proto": "http"})

        fetch(url, client=client)

        assert (seen[0].get_host(), seen[0].scheme) == (host, scheme)
        assert "X-Forwarded-Proto" not in seen[0].headers

    @pytest.mark.parametrize(
        ("defaults", "own_origin"),
        [
            ({}, "http://testserver"),
            ({"SERVER_NAME": "api.example.com"}, "http://api.example.com"),
            ({"SERVER_NAME": "api.example.com", "SERVER_PORT": "8000"}, "http://api.example.com:8000"),
            ({"HTTP_HOST": "api.example.com:8000"}, "http://api.example.com:8000"),
            ({"wsgi.url_scheme": "https"}, "https://testserver:80"),
            ({"wsgi.url_scheme": "https", "SERVER_PORT": "443"}, "https://testserver"),
            (
                {"HTTP_X_FORWARDED_HOST": "front.example", "HTTP_X_FORWARDED_PROTO": "https"},
                "https://front.example",
            ),
        ],
    )
    def test_path_belongs_to_the_client_s_server(
        self, settings: Settings, defaults: dict[str, Any], own_origin: str
    ) -> None:
        settings.USE_X_FORWARDED_HOST = True
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

        assert fetch(client=Client(**defaults), origin=own_origin, method="PUT").status_code == 200
        assert blocked(client=Client(**defaults), origin=f"{own_origin}1").reason == "ungoverned"

    def test_host_that_django_refuses_is_called_all_the_same(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["testserver"]

        assert fetch(client=Client(headers={"host": "evil.example"}), origin=None).status_code == 400

    @pytest.mark.parametrize(
        ("path", "arrives"),
        [
            ("/a/../b?x=1", "/b?x=1"),
            ("/a/./b/..", "/a/"),
            ("/..", "/"),
            ("\\a\\b", "/a/b"),
            ("/a//b", "/a//b"),
            ("/caf\u00e9/%41", "/caf%C3%A9/A"),
        ],
    )
    @override_cors_policies(WIDE)
    def test_path_is_written_as_browsers_write_it(
        self, seen: list[HttpRequest], path: str, arrives: str
    ) -> None:
        fetch(API + path)

        assert seen[0].get_full_path() == arrives

    def test_policies_of_that_host_govern(self) -> None:
        one = policy("one", host="api.example.com", allowed_origins=["https://other.example"])
        with override_cors_policies(policy(), one):
            assert fetch().status_code == 200
            assert blocked(f"{API}/api/x").reason == "origin-not-allowed"


class TestBody:
    """A body arrives as it was given, and text says that it is text."""

    @pytest.mark.parametrize(
        ("body", "headers", "kind"),
        [
            (b"bytes", {}, None),
            ("text", {}, "text/plain;charset=UTF-8"),
            ('{"a": 1}', {"content-type": "application/json"}, "application/json"),
        ],
    )
    @override_cors_policies(WIDE)
    def test_arrives(self, body: bytes | str, headers: dict[str, str], kind: str | None) -> None:
        found = fetch(method="POST", body=body, headers=headers).json()

        assert found["body"] == (body if isinstance(body, str) else body.decode())
        assert (found["sent"].get("Content-Type") or None) == kind


class TestRefusals:
    """What fetch() itself refuses is a ValueError that says what to write."""

    @pytest.mark.parametrize(
        ("url", "keys", "said"),
        [
            ("api/x", {}, "is relative"),
            ("ftp://api.example.com/x", {}, "is no HTTP URL"),
            ("https:/x", {}, "is no HTTP URL"),
            ("https://user@api.example.com/x", {}, "holds a user name"),
            ("https://a b.example/", {}, "no host has"),
            ("/x", {"method": "TRACE"}, "forbidden-method"),
            ("/x", {"method": "G T"}, "invalid-method"),
            ("/x", {"headers": {"x a": "1"}}, "invalid-header"),
            ("/x", {"headers": {"x-a": "1\n2"}}, "invalid-header"),
            ("/x", {"credentials": "always"}, "credentials: invalid"),
            ("/x", {"body": b"x"}, "refuses a body with GET"),
        ],
    )
    def test_refused(self, seen: list[HttpRequest], url: str, keys: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            fetch(url, **keys)
        assert seen == []

    @pytest.mark.parametrize(
        ("client", "keys", "said"),
        [(AsyncClient(), {}, "django.test.Client"), (Client(), {"body": {"a": 1}}, "json.dumps")],
    )
    def test_wrong_types_are_refused(self, client: Any, keys: dict[str, Any], said: str) -> None:
        with pytest.raises(TypeError, match=said):
            fetch(client=client, method="POST", **keys)


def redirect(to: str, status: int = 302, path: str = "/redirected/") -> str:
    """The address of a view that redirects."""
    return f"{path}?{urlencode({'to': to, 'status': status})}"


class TestRedirects:
    """Redirects are followed; each response on the way is checked."""

    @pytest.mark.parametrize(
        ("method", "status", "followed"),
        [
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("PUT", 302, "PUT"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
            ("POST", 307, "POST"),
            ("PUT", 308, "PUT"),
        ],
    )
    @override_cors_policies(WIDE)
    def test_method_and_body(self, seen: list[HttpRequest], method: str, status: int, followed: str) -> None:
        body = "text" if method not in {"GET", "HEAD"} else ""

        fetch(redirect("../x?y", status), method=method, body=body)

        assert [request.get_full_path() for request in seen][1:] == ["/x?y"]
        assert sent(seen) == [method, followed]
        assert (seen[1].body, seen[1].META.get("CONTENT_TYPE") or None) == (
            (b"text", "text/plain;charset=UTF-8") if body and followed == method else (b"", None)
        )

    @pytest.mark.parametrize(
        ("start", "to", "origins"),
        [
            pytest.param(API, "/x", [APP, APP], id="same-foreign-server"),
            pytest.param(API, f"{API}:443/x", [APP, APP], id="same-server-with-its-port"),
            pytest.param(APP, f"{API}/x", [None, APP], id="from-the-own-server"),
            pytest.param(APP, "/x", [None, None], id="own-server-only"),
            pytest.param(API, "https://other.example/x", [APP, "null"], id="foreign-to-foreign"),
            pytest.param(API, f"{APP}/x", [APP, "null"], id="foreign-to-own"),
        ],
    )
    @override_cors_policies({**WIDE, "allowed_origins": [APP, "null"]})
    def test_origin(self, seen: list[HttpRequest], start: str, to: str, origins: list[str | None]) -> None:
        fetch(start + redirect(to))

        assert [request.headers.get("Origin") for request in seen] == origins

    @pytest.mark.parametrize(("to", "kept"), [("/x", True), ("https://other.example/x", False)])
    @override_cors_policies({**WIDE, "allowed_origins": ["*"]})
    def test_authorization_stays_with_its_server(self, to: str, kept: bool) -> None:
        arrived = fetch(API + redirect(to), headers={"Authorization": "x", "X-A": "1"}).json()["sent"]

        assert ("Authorization" in arrived, arrived["X-A"]) == (kept, "1")

    def test_response_on_the_way_is_checked(self, seen: list[HttpRequest]) -> None:
        with override_cors_policies(policy()):
            assert blocked(redirect("/api/x")).reason == "ungoverned"
            assert len(seen) == 1
            assert blocked(redirect("/x", path="/api/redirected/")).reason == "ungoverned"
            assert fetch(redirect("/api/x", path="/api/redirected/")).status_code == 200

    def test_denial_of_a_null_origin_is_explained(self) -> None:
        with override_cors_policies(WIDE):
            caught = blocked(API + redirect("https://other.example/x"))

        assert caught.reason == "origin-not-allowed"
        assert caught.explanation[-1].startswith("Add null to allowed_origins")

    @override_cors_policies(WIDE)
    def test_without_an_address_it_is_the_response(self) -> None:
        assert fetch("/api/nowhere/").status_code == 302

    @pytest.mark.parametrize(
        ("to", "said"),
        [
            ("javascript:alert(1)", "no HTTP URL"),
            ("https://user@api.example.com/", "user name"),
        ],
    )
    @override_cors_policies(WIDE)
    def test_address_that_no_browser_follows(self, to: str, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            fetch(redirect(to))

    @override_cors_policies(WIDE)
    def test_twenty_are_followed(self, seen: list[HttpRequest]) -> None:
        url = "/x"
        for _ in range(20):
            url = redirect(url)
        assert fetch(url).status_code == 200
        with pytest.raises(ValueError, match="more than 20 times"):
            fetch(redirect(url))
        assert len(seen) == 21 + 21
