"""Does docs/problems.md explain every code that a program may see, and no other?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cors_policies.core.credentials import REMEDIES
from cors_policies.core.guardrails import GUARDRAIL
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.problems import InvalidPolicyError
from tests.helpers import policy

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "problems.md").read_text("utf-8")
EXPLAINED = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
CODE = re.compile(r"[a-z]+(-[a-z]+)+|invalid|required")
WRITTEN = (
    "core/credentials.py",
    "core/entries.py",
    "core/guardrails.py",
    "core/policy_set.py",
    "core/reading.py",
    "core/validation.py",
)
CREDENTIALS: dict[str, Any] = {"allow_credentials": True}


def codes_in(file: Path) -> Iterator[str]:
    """The codes that the calls of a module name, but for the reasons of its parsers."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") != "PatternError":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and CODE.fullmatch(str(argument.value)):
                    yield str(argument.value)


def written() -> set[str]:
    """Every code that the checks, the services and the API can report."""
    app = ROOT / "cors_policies"
    files = [*(app / name for name in WRITTEN), *(app / "services").glob("*.py"), *(app / "api").glob("*.py")]
    addresses = app / "api" / "urls.py"
    return (
        {code for file in files if file != addresses for code in codes_in(file)} | set(REMEDIES) | {GUARDRAIL}
    )


class TestCodes:
    """The page has the codes of the code."""

    def test_are_all_explained_and_none_is_made_up(self) -> None:
        assert written() == EXPLAINED


class TestExamples:
    """What the page calls refused is refused by that code."""

    @pytest.mark.parametrize(
        ("code", "keys"),
        [
            ("invalid-origin", {"allowed_origins": ["app.example.com"]}),
            ("invalid-path", {"path": "/a%20b"}),
            ("invalid-host", {"host": "https://api.example.com"}),
            ("invalid-method", {"allowed_methods": ["patch"]}),
            ("invalid-header", {"allowed_headers": ["x-a: 1"]}),
            ("max-age-out-of-range", {"max_age": 86401}),
            ("invalid", {"priority": 32768}),
            ("required", {"path": None}),
            ("unknown-key", {"allowed_origin": []}),
            ("unknown-group", {"origin_groups": ["none"]}),
            ("forbidden-method", {"allowed_methods": ["TRACE"]}),
            ("forbidden-request-header", {"allowed_headers": ["cookie"]}),
            ("forbidden-response-header", {"exposed_headers": ["set-cookie"]}),
            ("credentials-any-origin", {**CREDENTIALS, "allowed_origins": ["*"]}),
            ("credentials-null-origin", {**CREDENTIALS, "allowed_origins": ["null"]}),
            ("credentials-expose-any", {**CREDENTIALS, "exposed_headers": ["*"]}),
            ("credentials-regex", {**CREDENTIALS, "allowed_origins": [r"~https://a\.example"]}),
            ("insecure-origin", {**CREDENTIALS, "allowed_origins": ["http://a.example"]}),
            ("public-suffix", {**CREDENTIALS, "allowed_origins": ["https://*.github.io"]}),
            ("csrf-needs-credentials", {"trust_for_csrf": True}),
            ("invalid", {"expires_at": "2030-01-31"}),
            ("duplicate-name", {"name": "other"}),
        ],
    )
    def test_is_refused_by_its_code(self, code: str, keys: dict[str, Any]) -> None:
        document = {key: value for key, value in policy(**keys).items() if value is not None}

        with pytest.raises(InvalidPolicyError) as caught:
            parse_policy_set({"policies": [policy("other"), document]})

        assert {problem.code for problem in caught.value.problems} == {code}
        assert code in EXPLAINED

    def test_of_names_and_limits_are_accepted(self) -> None:
        """The other side of each limit that the page names."""
        document = policy("n" * 100, "/a b", priority=32767, max_age=86400, allowed_methods=["PATCH"])
        secure = policy("s", "/s", **CREDENTIALS, allowed_origins=["http://localhost:*", "app://x"])

        assert len(parse_policy_set({"policies": [document, secure]}).policies) == 2
