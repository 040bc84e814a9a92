"""How much of a body is read, and is it read whoever sends it?"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from django.test.client import FakePayload
from pytest_django import Settings

from cors_policies.api.bodies import MAX_BYTES, RequestEntityTooLarge, read_bounded
from tests.helpers import policy

pytestmark = pytest.mark.django_db

URL = "/api/cors/evaluate/"
ASKED = {"method": "GET", "path": "/api/x", "origin": "https://app.example"}
TOO_LARGE = {
    "type": "client_error",
    "errors": [
        {
            "code": "request_entity_too_large",
            "detail": "The body is larger than 33554432 bytes. Send less at a time.",
            "attr": None,
        }
    ],
}


def padded(size: int) -> bytes:
    """A request of just so many bytes."""
    content = json.dumps(ASKED).encode()
    return content + b" " * (size - len(content))


class Endless(io.RawIOBase):
    """A body that never ends; ``taken`` is how much of it was read."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        """As many spaces as are asked for, which is never all."""
        assert size >= 0
        self.taken += size
        return b" " * size


def post_unmeasured(client: Client, stream: Any, **environ: Any) -> Any:
    """The response to a body whose length is not said."""
    sent = {"wsgi.input": stream, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": "application/json"}
    return client.generic("POST", URL, **{**sent, **environ})


class TestReadBounded:
    """Bytes are counted as they are read."""

    @pytest.mark.parametrize("size", [0, 1, 99, 100])
    def test_reads_up_to_the_limit(self, size: int) -> None:
        assert read_bounded(io.BytesIO(b"x" * size), 100) == b"x" * size

    def test_takes_one_byte_more_at_most(self) -> None:
        stream = Endless()

        with pytest.raises(RequestEntityTooLarge):
            read_bounded(stream, 100_000)
        assert stream.taken == 100_001


class TestSize:
    """Bodies up to 32 MB are read, whatever DATA_UPLOAD_MAX_MEMORY_SIZE says; more is 413."""

    @pytest.fixture(autouse=True)
    def _forms_are_small(self, settings: Settings) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    @pytest.mark.parametrize(("size", "status"), [(1000, 200), (MAX_BYTES, 200), (MAX_BYTES + 1, 413)])
    def test_of_a_measured_body(self, admin_client: Client, size: int, status: int) -> None:
        response = admin_client.post(URL, padded(size), content_type="application/json")

        assert response.status_code == status
        if status == 413:
            assert response.json() == TOO_LARGE

    def test_of_a_body_that_is_larger_than_was_said(self, admin_client: Client) -> None:
        response = post_unmeasured(admin_client, io.BytesIO(padded(1000)), CONTENT_LENGTH="90")

        assert response.json()["reason"] == "ungoverned"

    def test_with_a_session_and_its_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(get_user_model().objects.create_superuser("admin"))
        client.cookies["csrftoken"] = token = "x" * 32

        refused = client.post(URL, padded(1000), content_type="application/json")
        response = client.post(
            URL, padded(1000), content_type="application/json", headers={"x-csrftoken": token}
        )

        assert (refused.status_code, response.status_code) == (403, 200)

    @pytest.mark.parametrize("path", ["policies/", "origins/", "origin-groups/"])
    def test_holds_for_every_write(self, admin_client: Client, path: str) -> None:
        response = admin_client.post(
            f"/api/cors/{path}", padded(MAX_BYTES + 1), content_type="application/json"
        )

        assert (response.status_code, response.json()) == (413, TOO_LARGE)

    def test_is_asked_after_the_permission(self, client: Client) -> None:
        assert client.post(URL, padded(MAX_BYTES + 1), content_type="application/json").status_code == 401


class TestWithoutLength:
    """A WSGI server that marks the end of a body lets it be read; of another one it cannot be."""

    @pytest.mark.parametrize("length", [{}, {"CONTENT_LENGTH": ""}])
    def test_is_read_where_the_end_is_marked(self, admin_client: Client, length: dict[str, str]) -> None:
        marked = {"wsgi.input_terminated": True, **length}

        response = post_unmeasured(admin_client, io.BytesIO(padded(100)), **marked)

        assert (response.status_code, response.json()["reason"]) == (200, "ungoverned")

    def test_is_counted_too(self, admin_client: Client) -> None:
        stream = Endless()

        response = post_unmeasured(admin_client, stream, **{"wsgi.input_terminated": True})

        assert (response.status_code, response.json()) == (413, TOO_LARGE)
        assert stream.taken <= MAX_BYTES + 64 * 1024

    @pytest.mark.parametrize("length", [{}, {"CONTENT_LENGTH": ""}])
    def test_is_refused_where_it_is_not(self, admin_client: Client, length: dict[str, str]) -> None:
        stream = Endless()

        response = post_unmeasured(admin_client, stream, **length)

        (error,) = response.json()["errors"]
        assert (response.status_code, error["code"], stream.taken) == (400, "parse_error", 0)
        assert "Content-Length" in error["detail"]


class TestAsgi:
    """An ASGI server hands the body over whole, measured or not."""

    @pytest.mark.parametrize(
        ("version", "headers", "content", "status"),
        [
            pytest.param("1.1", [(b"transfer-encoding", b"chunked")], padded(200), 200, id="chunked"),
            pytest.param("2", [], padded(200), 200, id="http-2"),
            pytest.param("1.1", [(b"content-length", b"200")], padded(200), 200, id="measured"),
            pytest.param("1.1", [], b"", 400, id="no-body"),
            pytest.param("1.1", [(b"content-length", b"0")], b"", 400, id="measured-no-body"),
            pytest.param("2", [], b"", 400, id="http-2-no-body"),
            pytest.param(
                "1.1",
                [(b"transfer-encoding", b"chunked")],
                padded(MAX_BYTES + 1),
                413,
                id="chunked-too-large",
            ),
        ],
    )
    def test_is_read(
        self, admin_user: User, version: str, headers: list[Any], content: bytes, status: int
    ) -> None:
        client = AsyncClient()
        client.force_login(admin_user)
        sent = {"headers": [(b"host", b"testserver"), (b"content-type", b"application/json"), *headers]}
        scope: dict[str, Any] = {"method": "POST", "path": URL, "http_version": version, **sent}

        response: Any = async_to_sync(client.request)(**scope, _body_file=FakePayload(content))

        assert response.status_code == status


class TestManyKeys:
    """A key that stands twice among very many is found in one pass."""

    def test_is_refused(self, admin_client: Client) -> None:
        keys = ",".join(f'"{number}":0' for number in range(200_000))

        response = admin_client.post(URL, f'{{{keys},"199999":0}}', content_type="application/json")

        assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "parse_error")


class TestLargeSet:
    """A hundred thousand origins are a set like any other."""

    def test_is_evaluated(self, admin_client: Client) -> None:
        origins = [f"https://app-{number}.example" for number in range(100_000)]
        body = {**ASKED, "origin": origins[-1], "policy_set": {"policies": [policy(allowed_origins=origins)]}}

        response = admin_client.post(URL, body, content_type="application/json")

        assert response.json()["outcome"] == "allowed"
