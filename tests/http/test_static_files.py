"""Do static files have headers while a project is developed, as docs/fonts-and-images.md says?"""

from __future__ import annotations

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory, override_settings

from cors_policies import services
from tests.helpers import cors_headers, policy

pytestmark = pytest.mark.django_db

ORIGIN = {"origin": "https://app.example"}
FILE = "/static/admin/css/base.css"

with override_settings(DEBUG=True):  # elsewhere there are none
    urlpatterns = staticfiles_urlpatterns("/static/")


@pytest.fixture(autouse=True)
def _policy() -> None:
    services.create_policy(policy(path="/static/**"))


class TestStaticFiles:
    """``runserver`` answers them before any middleware; the URLs, with ``--nostatic``, behind it."""

    def test_handler_of_runserver_adds_nothing(self) -> None:
        handler = StaticFilesHandler(WSGIHandler())

        response = handler.get_response(RequestFactory().get(FILE, headers=ORIGIN))
        response.close()

        assert (response.status_code, cors_headers(response)) == (200, {})

    @override_settings(DEBUG=True, ROOT_URLCONF=__name__)
    def test_urls_are_behind_the_middleware(self, client: Client) -> None:
        response = client.get(FILE, headers=ORIGIN)
        response.close()

        assert (response.status_code, cors_headers(response)) == (
            200,
            {"access-control-allow-origin": "https://app.example"},
        )
