"""Tests of the core's purity: it needs neither Django nor, but for expressions, RE2."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SET = """
    from cors_policies.core.engine import StatedFacts, decide
    from cors_policies.core.policy_set import parse_policy_set
    from cors_policies.core.problems import InvalidPolicyError
    from cors_policies.core.snapshot import compile_snapshot

    def document(origin):
        return {"policies": [{"name": "api", "path": "/api/**", "allowed_origins": [origin, "https://*.test"]}]}

    def headers(origin):
        snapshot = compile_snapshot(parse_policy_set(document("null")).policies, {})
        return dict(decide(snapshot, StatedFacts(method="GET", path="/api/", origin=origin)).headers)
"""


def fresh_interpreter(program: str) -> str:
    """What the program prints in an interpreter that has imported nothing yet, warnings being errors."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class TestImports:
    """The core decides about requests without a framework."""

    def test_the_engine_imports_no_django(self) -> None:
        modules = fresh_interpreter(
            """
            import sys
            import cors_policies.core.engine
            print(*sorted(sys.modules))
            """
        ).split()

        assert "cors_policies.core.snapshot" in modules
        assert {name.partition(".")[0] for name in modules}.isdisjoint(
            {"django", "rest_framework", "asgiref", "logging", "socket", "sqlite3", "asyncio"}
        )

    def test_no_module_of_the_core_imports_django(self) -> None:
        modules = fresh_interpreter(
            """
            import importlib, pkgutil, sys
            import cors_policies.core
            for module in pkgutil.walk_packages(cors_policies.core.__path__, "cors_policies.core."):
                importlib.import_module(module.name)
            print(*sorted(sys.modules))
            """
        ).split()

        assert "cors_policies.core.validation" in modules
        assert {name.partition(".")[0] for name in modules}.isdisjoint(
            {"django", "rest_framework", "asgiref"}
        )

    def test_public_suffixes_are_not_read_before_they_are_asked_for(self) -> None:
        program = textwrap.dedent(SET) + textwrap.dedent(
            """
            from cors_policies.core import public_suffixes
            assert headers("https://a.test") == {"Access-Control-Allow-Origin": "https://a.test"}
            print(public_suffixes._suffix_list.cache_info().currsize)
            """
        )

        assert fresh_interpreter(program) == "0"


class TestWithoutTheRegexExtra:
    """Without RE2 everything but expressions works, and an expression is refused with what to install."""

    def test_policies_are_decided(self) -> None:
        program = (
            "import sys\nsys.modules['re2'] = None\n"
            + textwrap.dedent(SET)
            + "print(headers('https://a.test'))\n"
        )

        assert fresh_interpreter(program) == "{'Access-Control-Allow-Origin': 'https://a.test'}"

    def test_an_expression_is_refused(self) -> None:
        program = (
            "import sys\nsys.modules['re2'] = None\n"
            + textwrap.dedent(SET)
            + textwrap.dedent(
                """
                try:
                    parse_policy_set(document("~https://a"))
                except InvalidPolicyError as error:
                    for problem in error.problems:
                        print(problem.code, problem.attr, problem.message)
                """
            )
        )

        refused = fresh_interpreter(program)

        assert refused.startswith("invalid-origin policies.0.allowed_origins.0 Expressions need RE2.")
        assert "pip install django-cors-policies[regex]" in refused
