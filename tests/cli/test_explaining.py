"""Does ``explain`` answer for the set that is stored, and end with the status that a script can rely on?"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from django.db import connection

from cors_policies import documents, services
from cors_policies.core.browser import evaluate, parse_browser_request
from tests.cli.conftest import Shell
from tests.helpers import policy

pytestmark = pytest.mark.django_db

APP = ("--origin", "https://app.example")
EVIL = ("--origin", "https://evil.example")


@pytest.fixture(autouse=True)
def _stored() -> None:
    services.create_policy(
        policy(
            "app", host="api.example", allowed_methods=["PUT"], allowed_headers=["x-a"], reject_denied=True
        )
    )
    services.create_policy(policy("open", "/open", allowed_origins=["*"]))


class TestStatus:
    """0 where the browser would let the script read the response, 1 where not."""

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(("/api/x", *APP, "--host", "api.example", "--method", "PUT"), id="allowed"),
            pytest.param(("/open", *EVIL), id="every-origin"),
            pytest.param(("/nowhere", "--origin", ""), id="no-origin"),
            pytest.param(("/nowhere", *APP, "--host", "app.example"), id="same-origin"),
            pytest.param(
                ("/api", "--origin", "http://h:8000", "--host", "h:8000", "--scheme", "http"), id="own-port"
            ),
        ],
    )
    def test_of_what_the_script_may_read(self, shell: Shell, arguments: tuple[str, ...]) -> None:
        assert shell.run("explain", *arguments).startswith("allowed")

    @pytest.mark.parametrize(
        ("arguments", "head"),
        [
            pytest.param(("/nowhere", *APP), "ungoverned", id="ungoverned"),
            pytest.param(("/api/x", *APP), "ungoverned", id="no-host"),
            pytest.param(
                ("/api/x", *EVIL, "--host", "api.example"), "denied: origin-not-allowed", id="origin"
            ),
            pytest.param(
                ("/api/x", *APP, "--host", "api.example"),
                "denied: method-not-allowed, policy app",
                id="method",
            ),
            pytest.param(
                ("/open", *APP, "--header", "X-B: 1"), "denied: header-not-allowed, policy open", id="header"
            ),
            pytest.param(
                ("/open", *APP, "--credentials", "include"),
                "denied: credentials-not-allowed, policy open",
                id="credentials",
            ),
        ],
    )
    def test_of_what_it_may_not(self, shell: Shell, arguments: tuple[str, ...], head: str) -> None:
        status, text = shell.denial("explain", *arguments)

        assert (status, text.splitlines()[0]) == (1, head)


class TestText:
    """The outcome, what happens in its order, and the answers with their headers."""

    def test_of_an_allowed_request(self, shell: Shell) -> None:
        host = ("--host", "api.example")

        text = shell.run("explain", "/api/x?q=1", *APP, "--method", "put", "--header", "X-A: 1", *host)

        head, *lines = text.splitlines()
        sentences = [line for line in lines if line.startswith("- ")]
        assert head == "allowed, policy app"
        assert sentences[0] == "- fetch() writes the method put as PUT."
        assert len(sentences) == 6
        assert lines[len(sentences) :] == [
            "Answer to the preflight: 200",
            "    Access-Control-Allow-Origin: https://app.example",
            "    Access-Control-Allow-Methods: PUT",
            "    Access-Control-Allow-Headers: x-a",
            "    Access-Control-Max-Age: 600",
            "    Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            "Answer: status and body are up to the view",
            "    Access-Control-Allow-Origin: https://app.example",
            "    Vary: Origin",
        ]

    def test_of_a_rejected_request(self, shell: Shell) -> None:
        _, text = shell.denial("explain", "/api/x", *EVIL, "--host", "api.example")

        assert text.endswith("Answer: 403\n    Vary: Origin\n")
        assert "preflight:" not in text

    def test_of_a_stranger_is_not_obeyed(self, shell: Shell) -> None:
        _, text = shell.denial("explain", "/api/%1b[2J", "--origin", "https://\x9b", "--host", "api.example")

        assert text.replace("\n", "").isprintable()


class TestJson:
    """``--json`` prints what the core's ``evaluate`` answers."""

    @pytest.mark.parametrize("path", ["/open", "/nowhere"])
    def test_document(self, shell: Shell, path: str) -> None:
        request = {
            "path": path,
            "origin": EVIL[1],
            "method": "POST",
            "headers": {"Content-Type": "text/plain, text/html", "X-B": ""},
        }
        snapshot = documents.read_policy_set("default").compile(datetime.now(timezone.utc))
        expected = evaluate(snapshot, parse_browser_request(request))
        headers = (
            "--header=Content-Type: text/plain",
            "--header",
            "X-B:",
            "--header",
            "Content-Type:text/html",
        )

        _, text = shell.denial("explain", path, *EVIL, "--method", "POST", *headers, "--json")

        found: dict[str, Any] = json.loads(text)
        assert found == expected.to_document()
        assert text.endswith("}\n")


class TestStoredSet:
    """The set is judged as it is stored at that moment."""

    def test_change_is_seen_at_once(self, shell: Shell) -> None:
        assert shell.denial("explain", "/late", *APP)[0] == 1
        services.create_policy(policy("late", "/late"))

        assert shell.run("explain", "/late", *APP).startswith("allowed, policy late\n")

    def test_broken_row_shields_its_path(self, shell: Shell) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_policy SET allowed_methods = '7' WHERE name = 'open'")

        _, text = shell.denial("explain", "/open", *APP)

        assert text.startswith("denied: origin-not-allowed\n")
        assert "manage.py check --database default says why" in text


class TestRefused:
    """A request that no browser could make is refused, with a code."""

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (("api", *APP), "path: invalid-path: "),
            (("/api", *APP, "--method", "TRACE"), "method: forbidden-method: "),
            (("/api", *APP, "--method", "A B"), "method: invalid-method: "),
            (("/api", *APP, "--host", "a b"), "host: invalid-host: "),
            (("/api", *APP, "--header", "A B: 1"), "headers.A B: invalid-header: "),
        ],
    )
    def test_request(self, shell: Shell, arguments: tuple[str, ...], line: str) -> None:
        status, text = shell.refusal("explain", *arguments)

        assert (status, text.startswith(f"There is no such request. 1 problem:\n{line}")) == (1, True), text

    def test_every_problem_is_told(self, shell: Shell) -> None:
        _, text = shell.refusal("explain", "api", *APP, "--method", "TRACE", "--header", "A B: 1")

        assert [line.split(": ")[1] for line in text.splitlines()[1:]] == [
            "forbidden-method",
            "invalid-path",
            "invalid-header",
        ]
