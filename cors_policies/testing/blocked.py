"""What is a test told when the browser would keep a response from the script?

Before you edit: the browser judges the real response, the reason comes from the policy set. Where the two say
different things, somebody else has written the headers, and the explanation says so.
"""

from __future__ import annotations

from cors_policies.core.browser import ALLOWED, DENIED, BrowserRequest, evaluate
from cors_policies.core.engine import UNGOVERNED
from cors_policies.store import current_snapshot


class CorsBlocked(Exception):  # noqa: N818 - what happened, and no error of the test's
    """The browser would not hand the response to the script.

    ``reason`` is one of the codes of docs/how-a-request-is-decided.md, or ``credentials-not-allowed``;
    ``explanation`` are sentences in the order of events.
    """

    def __init__(self, reason: str, explanation: tuple[str, ...]) -> None:
        super().__init__(reason, explanation)
        self.reason = reason
        self.explanation = explanation

    def __str__(self) -> str:
        return "\n".join([self.reason, *self.explanation])


def blocked(request: BrowserRequest, failure: str) -> CorsBlocked:
    """Why the request was blocked; ``failure`` says which check of the response failed."""
    evaluation = evaluate(current_snapshot(), request)
    if evaluation.outcome == DENIED:
        return CorsBlocked(evaluation.reason, evaluation.explanation)
    if evaluation.outcome == ALLOWED:
        elsewhere = (
            f'Policy "{evaluation.policy}" allows this request, but its headers are not on the response.',
            "Put CorsPolicyMiddleware first in MIDDLEWARE, and let nothing change its headers.",
        )
        return CorsBlocked(UNGOVERNED, (failure, *elsewhere))
    return CorsBlocked(UNGOVERNED, (*evaluation.explanation, failure))
