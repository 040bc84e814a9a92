"""How do background threads reach the database without ever hanging on it?

Before you edit:

* The connection is the thread's own, closed after each use. It never comes from a pool.
* A server that does not answer ends it within seconds. A limit for statements is set inside of the
  transaction, since connection poolers refuse it as an option of the connection.
* What one transaction of an own connection reads is of one moment, whoever writes meanwhile. Not so where it
  writes itself: when it has waited for another writer, it must see what that one has written.
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
        with bounded_transaction(self.using):
            return super().read_token()

    def read_documents(self) -> StoredDocuments:
        """The whole set, of one moment."""
        with bounded_transaction(self.using):
            return super().read_documents()


@contextmanager
def bounded_transaction(using: str) -> Iterator[None]:
    """A transaction of an own connection, in which no statement takes for ever."""
    with transaction.atomic(using=using):
        connection = connections[using]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT * 1000}")
        yield


@contextmanager
def own_connection(using: str, *, writes: bool = False) -> Iterator[OwnDatabase]:
    """For the calling thread, which must have no other use of the database: a connection bounded in time.

    It is opened at the first query, and closed at the end.
    """
    connection = connections.create_connection(using)
    connection.settings_dict = _bounded(connection.settings_dict, connection.vendor, writes=writes)
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


def present_test() -> object:
    """What is another object in every test of Django's, and ``None`` outside of them."""
    return getattr(mail, "outbox", None)


def _bounded(given: dict[str, Any], vendor: str, *, writes: bool) -> dict[str, Any]:
    options = {key: value for key, value in given.get("OPTIONS", {}).items() if key != "pool"}
    if vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import (  # noqa: PLC0415 - its driver may be missing
            IsolationLevel,
        )

        options |= {
            "connect_timeout": CONNECT_TIMEOUT,
            "tcp_user_timeout": STATEMENT_TIMEOUT * 1000,
            "isolation_level": IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ,
        }
    elif vendor == "mysql":
        options |= {
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": STATEMENT_TIMEOUT,
            "isolation_level": "read committed" if writes else "repeatable read",
        }
    elif vendor == "sqlite":
        # A project may ask for a write lock at every BEGIN. A reader needs none, and must not wait for one.
        options |= {"transaction_mode": "IMMEDIATE" if writes else "DEFERRED"}
    return {**given, "OPTIONS": options}
