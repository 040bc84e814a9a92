"""What does a process do to learn whether the set has changed, and to get the new one?

Without a shared cache it asks the database for the token, and for the whole set where that has moved. With
one it asks the cache, and the database only for what is missing there.

Before you edit:

* After a change of this process's own, nothing that the cache says is believed: telling it may have failed.
* A lease is checked once more against the database when it has begun. Somebody may have committed, and ended
  the lease that was there, between the reading of the token and the lease that carries it.
"""

from __future__ import annotations

from typing import Final

from django.db import Error

from cors_policies.documents import StoredDocuments
from cors_policies.store.connection import Database
from cors_policies.store.shared_cache import SharedCache

_MAX_LEASES: Final = 5


def look(
    database: Database, cache: SharedCache | None, known: str | None, *, is_own_change: bool
) -> StoredDocuments | None:
    """The whole set, or ``None`` where the token is still ``known``; that is ``None`` for a first load.

    Raises what the database raises.
    """
    if cache is None:
        return None if known is not None and database.read_token() == known else database.read_documents()
    if is_own_change:
        cache.end_lease()
    token = cache.leased_token()
    if token is None:
        try:
            token = _lease(database, cache)
        except Error:
            if known is not None or (token := cache.last_token()) is None:
                raise
    if token == known:
        return None
    return _shared_set(database, cache, token)


def _lease(database: Database, cache: SharedCache) -> str:
    """The token as the database has it, for everybody to know for some seconds."""
    token = database.read_token()
    for _ in range(_MAX_LEASES):
        if not cache.begin_lease(token):
            break
        before, token = token, database.read_token()
        if token == before:
            break
        cache.end_lease()
    return token


def _shared_set(database: Database, cache: SharedCache, token: str) -> StoredDocuments:
    documents = cache.stored_set(token)
    if documents is None and not cache.claim(token):
        documents = cache.await_set(token)
    if documents is None:
        try:
            # Somebody else may have published it, and ended the claim, just before this one.
            documents = cache.stored_set(token) or _loaded(database, cache)
        finally:
            cache.end_claim(token)
    return documents


def _loaded(database: Database, cache: SharedCache) -> StoredDocuments:
    documents = database.read_documents()
    cache.publish(documents)
    return documents
