"""Do two programs that read the same thing both overwrite it?

Before you edit: threads have connections of their own, to a database that is a file; so nothing here may run
inside the transaction of a test.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client

from cors_policies import documents, services
from cors_policies.models import Policy
from cors_policies.models.versions import read_token
from tests.helpers import policy

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 6
Call = tuple[str, str, Any, dict[str, str]]
ADDRESS = "/api/cors/policies/public-api/"


@pytest.fixture
def client() -> Client:
    """A superuser's."""
    client = Client()
    client.force_login(get_user_model()._default_manager.create_superuser("admin"))
    services.create_policy(policy())
    return client


def at_once(client: Client, calls: Sequence[Call]) -> list[int]:
    """The status of each call, all of them begun at the same moment."""
    ready = threading.Barrier(len(calls))

    def send(call: Call) -> int:
        method, path, body, headers = call
        mine = Client()
        mine.cookies = client.cookies
        ready.wait()
        try:
            content = json.dumps(body)
            return mine.generic(
                method, path, content, content_type="application/json", headers=headers
            ).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(send, calls))


class TestIfMatch:
    """Of several writers who have seen the same, one wins; the others are told, and change nothing."""

    def test_exactly_one_changes_it(self, client: Client) -> None:
        seen = {"if-match": client.get(ADDRESS).headers["ETag"]}

        statuses = at_once(client, [("PATCH", ADDRESS, {"max_age": at}, seen) for at in range(WRITERS)])

        assert sorted(statuses) == [200] + [412] * (WRITERS - 1)
        assert documents.policy_document(Policy.objects.get())["max_age"] == statuses.index(200)

    def test_exactly_one_deletes_it(self, client: Client) -> None:
        seen = {"if-match": client.get(ADDRESS).headers["ETag"]}

        statuses = at_once(client, [("DELETE", ADDRESS, None, seen)] * WRITERS)

        assert sorted(statuses) == [204] + [404] * (WRITERS - 1)

    def test_adding_and_changing_do_not_both_win(self, client: Client) -> None:
        seen = {"if-match": client.get(ADDRESS).headers["ETag"]}
        adding = ("POST", f"{ADDRESS}origins/", {"patterns": ["https://new.example"]}, seen)

        statuses = at_once(client, [adding, ("PATCH", ADDRESS, {"max_age": 1}, seen)])

        assert sorted(statuses) == [200, 412]


class TestWithoutIfMatch:
    """Writers who say nothing of what they have seen wait for each other: none is lost, none fails."""

    def test_all_additions_are_kept(self, client: Client) -> None:
        patterns = [f"https://{at}.example.com" for at in range(WRITERS)]
        calls: list[Call] = [
            ("POST", f"{ADDRESS}origins/", {"patterns": [pattern]}, {}) for pattern in patterns
        ]
        before = read_token("default")

        assert at_once(client, calls) == [200] * WRITERS

        stored = documents.policy_document(Policy.objects.get())["allowed_origins"]
        assert sorted(stored) == sorted(["https://app.example", *patterns])
        assert read_token("default") != before

    def test_one_name_is_given_once(self, client: Client) -> None:
        calls: list[Call] = [
            ("POST", "/api/cors/policies/", policy("new", f"/{at}"), {}) for at in range(WRITERS)
        ]

        assert sorted(at_once(client, calls)) == [201] + [400] * (WRITERS - 1)
