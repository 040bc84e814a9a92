"""Does the API answer a fuzzer as its own description says, whatever is sent and in whatever order?

Before you edit: operations and their links are found in the description, so that a new one is tried without a
change here. The numbers bound the time; raise them to search for longer.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks

from project.wsgi import application
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection"), pytest.mark.slow]

SCHEMA = "/api/cors/schema/"
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 5
SEQUENCES = 20
STEPS = 12


ORIGINS = ("https://a.example", "https://*.b.example", "http://localhost:*", "HTTPS://c.example:443/", "null")
SAVEPOINT = getattr(transaction, "savepoint_create", transaction.savepoint)
"""By its name in Django 6.1, which warns of the older one, and in those before."""
PATHS = ("/", "/api/**", "/api/orders/", "/*.json", "/a/*/b")
schemathesis.openapi.format("origin-pattern", st.sampled_from(ORIGINS))
schemathesis.openapi.format("path-pattern", st.sampled_from(PATHS))


def bounded(examples: int, steps: int = STEPS) -> settings:
    """So many examples, none of them kept on the disk."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def headers() -> dict[str, str]:
    """Those of a superuser."""
    user = UserFactory.create(is_superuser=True)
    user.set_password("fuzz")
    user.save()
    return {"Authorization": "Basic " + base64.b64encode(f"{user.username}:fuzz".encode()).decode()}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The test's connection outlives every request, as it does with Django's own test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def schema(headers: dict[str, str]) -> BaseSchema:
    """The API's own description, and the site that it describes."""
    return schemathesis.openapi.from_wsgi(SCHEMA, application, headers=headers)


class TestFuzzer:
    """No server error; every status, content type, header and body is one that the description names."""

    @pytest.mark.parametrize("mode", list(GenerationMode))
    def test_every_operation(self, schema: BaseSchema, headers: dict[str, str], mode: GenerationMode) -> None:
        tried = []
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            tried.append(operation.label)

            @bounded(EXAMPLES)
            @given(case=operation.as_strategy(mode))
            def answers(case: Case[Any]) -> None:
                case.call_and_validate(headers=headers, checks=CHECKS)

            answers()

        assert "POST /policies/" in tried

    def test_sequences_of_linked_operations(self, schema: BaseSchema, headers: dict[str, str]) -> None:
        answered: set[tuple[str, int]] = set()

        class Linked(schema.as_state_machine()):  # type: ignore[misc]
            def setup(self) -> None:
                self.beginning = SAVEPOINT()

            def teardown(self) -> None:
                """The next sequence finds what this one found: else none could be told from another."""
                transaction.savepoint_rollback(self.beginning)

            def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
                return {"headers": headers}

            def validate_response(self, response: Any, case: Case[Any], *args: Any, **kwargs: Any) -> None:
                answered.add((case.operation.label, response.status_code))
                case.validate_response(response, checks=CHECKS, transport_kwargs=kwargs)

        Linked.run(settings=bounded(SEQUENCES))

        members = {label for label, status in answered if "{" in label and status < 300}
        assert members, "no link led to what an answer had shown"
