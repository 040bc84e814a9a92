"""What every test of the middleware gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from tests.http.urls import CALLS


@pytest.fixture(autouse=True)
def _views(settings: Settings) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.http.urls"
    settings.ALLOWED_HOSTS = ["testserver", ".example.com", "[::1]"]
    CALLS.clear()
    yield
    CALLS.clear()


@pytest.fixture
def calls() -> list[Any]:
    """Paths of the requests that reached a view."""
    return CALLS
