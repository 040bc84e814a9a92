"""What every test of the rows and the store gets."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from tests.helpers import cors_headers

APP = "https://app.example"


class Site:
    """A site as a page on another origin sees it."""

    def allows(self, origin: str = APP, path: str = "/api/x") -> bool:
        """Whether the answer is shared with the origin."""
        return "access-control-allow-origin" in cors_headers(Client().get(path, headers={"origin": origin}))


@pytest.fixture
def site() -> Site:
    """The site under test."""
    return Site()


@pytest.fixture
def run_sql() -> object:
    """Runs SQL past Django's models."""

    def run(statement: str, *parameters: str | bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    return run
