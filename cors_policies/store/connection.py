"""How does the refresher reach the database without ever hanging on it?

Before you edit:

* The connection is the refresher's own, closed after each look. It never comes from a pool.
* A server that does not answer ends it within seconds. A limit for statements is set inside of the
  transaction, since connection poolers refuse it as an option of the connection.
* What one transaction of an own connection reads is of one moment, whoever writes meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core import mail
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from cors_policies.documents import StoredDocuments, read_documents
from cors_policies.models.versions import read_token

CONNECT_TIMEOUT: Final = 2
STATEMENT_TIMEOUT: Final = 10
"""Seconds."""


class Database:
    """The stored set, read by the connection that the calling thread has."""

    def __init__(self, using: str) -> None:
        self.using = using

    def read_token(self) -> str:
        """The token as it is stored now."""
        return read_token(self.using)

    def read_documents(self) -> StoredDocuments:
        """The whole set, of one moment."""
        return read_documents(self.using)


class OwnDatabase(Database):
    """The same by an own connection, in transactions that are bounded in time."""

    def read_token(self) -> str:
        """The token as it is stored now."""
        with self._one_moment():
            return super().read_token()

    def read_documents(self) -> StoredDocuments:
        """The whole set, of one moment."""
        with self._one_moment():
            return super().read_documents()

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        with transaction.atomic(using=self.using):
            connection = connections[self.using]
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT * 1000}")
            yield


@contextmanager
def own_connection(using: str) -> Iterator[OwnDatabase]:
    """For the calling thread, which must have no other use of the database: a connection bounded in time.

    It is opened at the first query, and closed at the end.
    """
    connection = connections.create_connection(using)
    connection.settings_dict = _bounded(connection.settings_dict, connection.vendor)
    connections[using] = connection
    try:
        yield OwnDatabase(using)
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
        from django.db.backends.postgresql.psycopg_any import (  # noqa: PLC0415 - its driver may be missing
            IsolationLevel,
        )

        options |= {
            "connect_timeout": CONNECT_TIMEOUT,
            "tcp_user_timeout": STATEMENT_TIMEOUT * 1000,
            "isolation_level": IsolationLevel.REPEATABLE_READ,
        }
    elif vendor == "mysql":
        options |= {
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": STATEMENT_TIMEOUT,
            "isolation_level": "repeatable read",
        }
    elif vendor == "sqlite":
        # A project may ask for a write lock at every BEGIN. A reader needs none, and must not wait for one.
        options |= {"transaction_mode": "DEFERRED"}
    return {**given, "OPTIONS": options}
