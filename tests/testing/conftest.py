"""What every test of what projects test with gets: views, and no database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from pytest_django import Settings

from tests.testing.urls import SEEN


@pytest.fixture(autouse=True)
def _views(settings: Settings) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.testing.urls"
    settings.ALLOWED_HOSTS = ["*"]
    SEEN.clear()
    yield
    SEEN.clear()


@pytest.fixture
def seen() -> list[HttpRequest]:
    """The requests that reached a view."""
    return SEEN
