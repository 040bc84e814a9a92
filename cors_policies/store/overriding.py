"""What is in force where somebody has put another set in the place of the stored one?

Before you edit: nothing here asks the database, so that it works in tests that have none.
"""

from __future__ import annotations

from datetime import datetime, timezone

from cors_policies.core.snapshot import Snapshot
from cors_policies.documents import StoredSet


class Override:
    """A set in the place of the stored one. Its policies expire like others."""

    def __init__(self, stored: StoredSet) -> None:
        self._stored = stored
        self._snapshot = stored.compile(datetime.now(timezone.utc))

    def current(self) -> Snapshot:
        """What of the set is in force now."""
        snapshot = self._snapshot
        if snapshot.expires_at is not None:
            now = datetime.now(timezone.utc)
            if snapshot.expires_at <= now:
                snapshot = self._snapshot = self._stored.compile(now)
        return snapshot
