"""What does the demo's lab record of a browser's requests, and what does it hand out?"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import get_language

from cors_policies.models import Policy
from cors_policies.testing import override_cors_policies
from project.lab import recording
from project.lab.recording import RequestLog, recorded
from tests.helpers import policy

pytestmark = pytest.mark.django_db
ECHO = "/lab/xhr/allowed/echo"


def answer(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A site that answers everything, with two cookies, written as Django does."""
    headers = [
        ("Vary", "Origin"),
        ("X-Lab-Total", "2"),
        ("Set-Cookie", " a=1"),
        ("Set-Cookie", " lab_visits=1"),
    ]
    start_response("201 Created", headers)
    return [b"done"]


def ask(path: str, query: str, **headers: str) -> list[dict[str, Any]]:
    """What is in the log once a request of the run ``one`` was answered."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "wsgi.input": BytesIO(),
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "wsgi.url_scheme": "http", **headers,
    }  # fmt: skip
    assert list(recorded(answer)(environ, lambda *_said: None)) == [b"done"]
    return recording.log.of("one")


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> RequestLog:
    """A log of the test's own."""
    found = RequestLog()
    monkeypatch.setattr(recording, "log", found)
    return found


class TestRecording:
    """What a run's requests said of CORS is noted with what decided them, and nothing else."""

    def test_request_of_a_run_is_noted(self) -> None:
        with override_cors_policies(policy("lab", "/lab/**")):
            (entry,) = ask(
                ECHO,
                "x=1&run=one",
                HTTP_ORIGIN="https://app.example",
                HTTP_COOKIE="sessionid=secret; lab_visits=yes",
                HTTP_AUTHORIZATION="Basic secret",
            )

        assert entry == {
            "kind": "actual",
            "method": "GET",
            "host": "127.0.0.1:8000",
            "path": f"{ECHO}?x=1",
            "policy": "lab",
            "path_group": ["lab"],
            "reason": "allowed",
            "status": 201,
            "headers": [["Origin", "https://app.example"], ["Cookie", "lab_visits=yes"]],
            "answer": [["Vary", "Origin"], ["Set-Cookie", "lab_visits=1"]],
        }

    def test_header_that_a_row_is_about_is_noted_there(self) -> None:
        (entry,) = ask("/lab/exposed-headers/refused/echo", "run=one")

        assert entry["answer"][:2] == [["Vary", "Origin"], ["X-Lab-Total", "2"]]

    @pytest.mark.parametrize(
        ("path", "query"),
        [
            pytest.param("/api/orders/", "run=one", id="elsewhere"),
            pytest.param(ECHO, "", id="no-run"),
            pytest.param("/lab/log", "run=one", id="the-log-itself"),
        ],
    )
    def test_anything_else_is_not(self, path: str, query: str) -> None:
        assert ask(path, query) == []

    def test_memory_is_bounded(self, log: RequestLog) -> None:
        for number in range(recording.MAX_RUNS + 5):
            log.add(str(number), {})
        for _ in range(recording.MAX_REQUESTS + 5):
            log.add("last", {})

        assert (log.of("5"), log.of("6"), len(log.of("last"))) == ([], [{}], recording.MAX_REQUESTS)


class TestResources:
    """A resource does what its row needs, and no stranger's text becomes script or address."""

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            pytest.param("callback=show&item=lamp", 200, id="name"),
            pytest.param("callback=show", 404, id="no-item"),
            pytest.param("callback=alert(1)//&item=lamp", 400, id="no-name"),
            pytest.param("item=lamp", 400, id="none"),
        ],
    )
    def test_jsonp_calls_a_function_only(self, client: Client, query: str, status: int) -> None:
        assert client.get(f"/lab/jsonp/allowed/data.js?{query}").status_code == status

    def test_jsonp_data_ends_no_script(self, client: Client) -> None:
        response = client.get("/lab/jsonp/allowed/data.js?callback=show&item=</script>")

        assert response.text == '/**/show({"item": "\\u003c/script>", "price": 12});\n'

    @pytest.mark.parametrize(
        ("query", "target"),
        [
            pytest.param("to=refused&run=1", "/lab/x/refused/echo?run=1", id="own-origin"),
            pytest.param("host=other", "http://127.0.0.1:8000/lab/x/allowed/echo?run=", id="other-origin"),
            pytest.param("to=//evil.example&host=evil.example", "/lab/x/allowed/echo?run=", id="elsewhere"),
        ],
    )
    def test_redirect_stays_in_the_lab(self, client: Client, query: str, target: str) -> None:
        response = client.get(f"/lab/x/allowed/redirect?{query}", headers={"host": "localhost:8000"})

        assert (response.status_code, response.headers["Location"]) == (302, target)

    def test_policy_is_one_link_away(self, client: Client) -> None:
        found = Policy.objects.create(name="lab-x", path="/lab/x")

        assert client.get("/lab/edit/lab-x/").headers["Location"].endswith(f"/policy/{found.pk}/change/")
        assert client.get("/lab/edit/gone/").headers["Location"].endswith("/cors_policies/policy/")
        assert client.get("/lab/edit/").headers["Location"].endswith("/cors_policies/policy/")


class TestLanguage:
    """The admin speaks the language of the lab's page, else the browser's; nothing else varies by that."""

    def test_page_hands_its_language_on(self, client: Client) -> None:
        client.get("/lab/edit/?lang=zh-Hans")
        chinese = client.get("/admin/login/")
        client.get("/lab/edit/?lang=en")
        english = client.get("/admin/login/", headers={"accept-language": "zh-CN"})

        assert ("登录" in chinese.text, "登录" in english.text) == (True, False)

    @pytest.mark.parametrize("language", ["", "xx", "de"])
    def test_unknown_language_is_not_handed_on(self, client: Client, language: str) -> None:
        assert not client.get(f"/lab/edit/?lang={language}").cookies

    def test_browser_chooses_for_the_admin_alone(self, client: Client) -> None:
        chinese = {"accept-language": "zh-CN,zh;q=0.9"}
        admin, lab = (client.get(path, headers=chinese) for path in ("/admin/login/", ECHO))

        assert "登录" in admin.text
        assert "Accept-Language" in admin.headers["Vary"]
        assert (get_language(), lab.headers.get("Vary")) == ("en", None)
