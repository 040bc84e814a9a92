"""How does the refresher reach the database without ever hanging on it?

Before you edit: the connection is the refresher's own, closed after each look. It never comes from a pool,
and a server that does not answer ends it within seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core import mail
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

CONNECT_TIMEOUT: Final = 3
STATEMENT_TIMEOUT: Final = 10
"""Seconds."""


@contextmanager
def own_connection(using: str) -> Iterator[None]:
    """For the calling thread, which must have no other use of the database: a connection bounded in time."""
    connection = connections.create_connection(using)
    connection.settings_dict = _bounded(connection.settings_dict, connection.vendor)
    connections[using] = connection
    try:
        yield
    finally:
        connection.close()


def is_private(connection: BaseDatabaseWrapper) -> bool:
    """Whether only this thread can see the database, so that nobody else can look or change anything."""
    return connection.vendor == "sqlite" and bool(connection.is_in_memory_db())  # type: ignore[attr-defined]


def is_test_environment() -> bool:
    """Whether Django's test environment is set up.

    Databases come and go, and nobody but the tests writes to them.
    """
    return hasattr(mail, "outbox")


def _bounded(given: dict[str, Any], vendor: str) -> dict[str, Any]:
    options = {key: value for key, value in given.get("OPTIONS", {}).items() if key != "pool"}
    if vendor == "postgresql":
        statement_timeout = f"-c statement_timeout={STATEMENT_TIMEOUT * 1000}"
        options["options"] = f"{options.get('options', '')} {statement_timeout}".strip()
        options |= {"connect_timeout": CONNECT_TIMEOUT, "tcp_user_timeout": STATEMENT_TIMEOUT * 1000}
    elif vendor == "mysql":
        options |= {"connect_timeout": CONNECT_TIMEOUT, "read_timeout": STATEMENT_TIMEOUT}
    return {**given, "OPTIONS": options}
