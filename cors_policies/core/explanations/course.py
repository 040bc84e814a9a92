"""What happened to a request, from the script to the browser's last word?

Before you edit: nothing is judged here. Every fact comes from the engine's decisions or from the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cors_policies.core.browser_request import BrowserRequest
from cors_policies.core.engine import Decision
from cors_policies.core.texts import say

CREDENTIALS_NOT_ALLOWED: Final = "credentials-not-allowed"
"""The client's own reason: included credentials, and a policy that does not allow them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened. ``decision`` is the server's last word: about the actual request if that ``is_sent``."""

    request: BrowserRequest
    reason: str
    decision: Decision
    preflight: Decision | None = None
    is_sent: bool = True

    @property
    def policy_name(self) -> str | None:
        """The policy that governs the request."""
        return self.decision.policy.name if self.decision.policy else None

    @property
    def policy(self) -> str:
        """The policy that governs the request, as sentences name it."""
        return say('policy "{name}"', name=self.policy_name)

    @property
    def refused_names(self) -> tuple[str, ...]:
        """The request-header names that the governing policy does not allow."""
        names, policy = self.request.unsafe_names, self.decision.policy
        return tuple(name for name in names if policy is None or not policy.allows_headers((name,)))
