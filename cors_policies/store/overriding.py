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
        self._snapshot = stored.compile(datetime.now(timezone.utc))

    def current(self) -> Snapshot:
        """What of the set is in force now."""
        if self._snapshot.expires_at is not None:
            self._snapshot = self._snapshot.at(datetime.now(timezone.utc))
        return self._snapshot
