"""The policy set compiled for requests: which path group governs a path?"""

from cors_policies.core.snapshot.compiling import EMPTY_SNAPSHOT, compile_snapshot
from cors_policies.core.snapshot.sites import Shield
from cors_policies.core.snapshot.snapshot import UNKNOWN, Snapshot

__all__ = ["EMPTY_SNAPSHOT", "UNKNOWN", "Shield", "Snapshot", "compile_snapshot"]
