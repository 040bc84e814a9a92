"""What do processes that share a cache tell each other, so that only one of them asks the database?

Three keys, besides one for each set:

* the *lease*: the token in force, for as long as nobody need ask the database. A writer ends it when a change
  is committed, and it ends by itself within seconds, so that a cache that lost a change, came back with old
  data, or outlived a database that was restored is believed for that long at most;
* the *last token*, which is believed only by a process that has no set while the database is away;
* a *claim* for each token: whoever has it loads that set, and the others wait for what it will publish.

Before you edit:

* Nothing here raises, and nothing takes longer than :data:`PATIENCE`: a fault of the cache is an answer that
  is missing.
* What others can write is not trusted. Everything is signed with the project's secret key and bound to its
  token; sets are JSON, and checked like rows of the database when they have been read. Tokens are signed with
  the time: who keeps an old lease, and writes it back, brings back an old set for a minute at most.
* A lease is added, never overwritten: who read the database before a change must not bring the old token
  back. See :mod:`cors_policies.store.looking`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import time
import zlib
from collections.abc import Callable
from typing import Final, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.signing import BadSignature, Signer, TimestampSigner

from cors_policies.core.policy import GROUP_KEYS, POLICY_KEYS
from cors_policies.documents import StoredDocuments
from cors_policies.store.caller import Caller
from cors_policies.store.outage import Outage

PATIENCE: Final = 1.0
"""Seconds that the cache may take to answer."""
MIN_LEASE: Final = 2
KEEP: Final = 24 * 60 * 60
CLAIM: Final = 15
"""Seconds that a lease, a set and a claim are kept."""
LOADER_PATIENCE: Final = 2.0
"""Seconds to wait for the set that another process is loading."""
_CLOCKS: Final = 60
"""Seconds by which the clocks of two hosts may differ."""
_POLL: Final = 0.05


def format_of(*parts: object) -> str:
    """Another for every other form of a set, so that releases that differ in it never meet."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


PREFIX: Final = f"cors_policies:{format_of(2, POLICY_KEYS, GROUP_KEYS)}"
LEASE: Final = f"{PREFIX}:lease"
_LAST: Final = f"{PREFIX}:last"

_Answer = TypeVar("_Answer")


class SharedCache:
    """The cache of one alias, and what it answered last."""

    def __init__(self, alias: str, interval: float) -> None:
        self._alias = alias
        self._lease_seconds = max(MIN_LEASE, math.ceil(interval))
        self._signer = Signer(salt="cors_policies.store")
        self._dated = TimestampSigner(salt="cors_policies.store.token")
        self._caller = Caller()
        self.outage = Outage("The cache")

    def leased_token(self) -> str | None:
        """The token that the lease names; ``None`` where there is none that can be believed."""
        return self._token(LEASE, self._lease_seconds)

    def last_token(self) -> str | None:
        """The token of the set that was published last."""
        return self._token(_LAST, KEEP)

    def begin_lease(self, token: str) -> bool:
        """Begins a lease unless there is one. Whether it was this call that did."""
        signed = self._dated.sign(token)
        return self._ask(lambda cache: cache.add(LEASE, signed, self._lease_seconds), default=False)

    def end_lease(self) -> None:
        """Ends the lease, so that the next look of every process asks the database."""
        self._ask(lambda cache: cache.delete(LEASE), default=False)

    def stored_set(self, token: str) -> StoredDocuments | None:
        """The published set of that token; ``None`` where it is missing, damaged or not ours."""
        found = self._ask(lambda cache: cache.get(set_key(token)), default=None)
        if found is None:
            return None
        return self._unpacked(token, found)

    def has_set(self, token: str) -> bool:
        """Whether something is published for that token."""
        return self._ask(lambda cache: cache.has_key(set_key(token)), default=False)

    def publish(self, documents: StoredDocuments) -> None:
        """Shares a set that was read from the database, and drops the one that it follows."""
        packed = self._packed(documents)
        if packed is None:
            return
        previous, token = self.last_token(), documents.version
        self._ask(lambda cache: cache.set(set_key(token), packed, KEEP), default=None)
        self._ask(lambda cache: cache.set(_LAST, self._dated.sign(token), KEEP), default=None)
        if previous not in {None, token}:
            self._ask(lambda cache: cache.delete(set_key(str(previous))), default=False)

    def claim(self, token: str) -> bool:
        """Whether this process is to load the set. Everyone is, where the cache is away."""
        return self._ask(lambda cache: cache.add(_claim_key(token), "1", CLAIM), default=True)

    def end_claim(self, token: str) -> None:
        """Lets the others go on: the set is there, or could not be loaded."""
        self._ask(lambda cache: cache.delete(_claim_key(token)), default=False)

    def await_set(self, token: str) -> StoredDocuments | None:
        """The set that another process is loading, once it is there; ``None`` if that takes too long."""
        deadline = time.monotonic() + LOADER_PATIENCE
        while time.monotonic() < deadline and not self.outage.error:
            time.sleep(_POLL)
            if not self._ask(lambda cache: cache.has_key(_claim_key(token)), default=False):
                return self.stored_set(token)
        return None

    def _token(self, key: str, seconds: int) -> str | None:
        signed = self._ask(lambda cache: cache.get(key), default=None)
        if signed is None:
            return None
        try:
            return self._dated.unsign(signed, max_age=seconds + _CLOCKS)
        except (BadSignature, TypeError, AttributeError):
            self._ask(lambda cache: cache.delete(key), default=False)
            return None

    def _packed(self, documents: StoredDocuments) -> str | None:
        """As text, a line for each document; ``None`` where a row holds what JSON cannot."""
        try:
            lines = [json.dumps(["group", group]) for group in documents.groups]
            lines += [json.dumps(["policy", policy]) for policy in documents.policies]
        except (TypeError, ValueError):
            return None
        data = base64.b64encode(zlib.compress("\n".join(lines).encode(), level=1))
        return f"{self._signer.sign(_digest(documents.version, data))}\n{data.decode('ascii')}"

    def _unpacked(self, token: str, found: object) -> StoredDocuments | None:
        signed, _, data = str(found).partition("\n")
        try:
            if self._signer.unsign(signed) != _digest(token, data.encode()):
                return None
        except BadSignature:
            return None
        documents = StoredDocuments(token, policies=[], groups=[])
        for line in zlib.decompress(base64.b64decode(data)).decode().splitlines():
            kind, document = json.loads(line)
            (documents.groups if kind == "group" else documents.policies).append(document)
        return documents

    def _ask(self, function: Callable[[BaseCache], _Answer], *, default: _Answer) -> _Answer:
        try:
            answer = self._caller.call(lambda: function(caches[self._alias]), PATIENCE)
        except Exception as error:  # noqa: BLE001 - whatever a cache raises, the database is asked instead
            self.outage.begin(error, "the database is asked instead")
            return default
        self.outage.end()
        return answer


def _digest(token: str, data: bytes) -> str:
    return f"{token}:{hashlib.sha256(data).hexdigest()}"


def set_key(token: str) -> str:
    """The key of the set of that token."""
    return f"{PREFIX}:set:{token}"


def _claim_key(token: str) -> str:
    return f"{PREFIX}:claim:{token}"
