"""What would a browser do with a request, by the live policy set or by another one?

Before you edit: nothing is judged and nothing stored here. The core reads the request and answers; a policy
set that comes with it is read where every other document is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar, Final

from rest_framework.request import Request
from rest_framework.response import Response

from cors_policies import documents
from cors_policies.api.describing import describe
from cors_policies.api.parsing import read_body
from cors_policies.api.resources import ApiView
from cors_policies.api.serializers import BrowserRequestSerializer, EvaluationSerializer
from cors_policies.core.browser import BrowserRequest, evaluate, parse_browser_request
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.core.snapshot import Snapshot
from cors_policies.models import Policy
from cors_policies.store import current_snapshot
from cors_policies.translating import translated

POLICY_SET: Final = "policy_set"


class EvaluationView(ApiView):
    """Answers what a browser would do. Whoever may see policies may ask."""

    queryset = Policy.objects.all()
    action = "evaluate"
    action_permissions: ClassVar[dict[str, str]] = {"evaluate": "view"}

    @describe(
        "Say what a browser would do with a request",
        (200, EvaluationSerializer),
        body=BrowserRequestSerializer,
        refusals=[415],
    )
    def post(self, request: Request) -> Response:
        """What would happen, and why."""
        asked, snapshot = _read(read_body(request))
        document = evaluate(snapshot, asked).to_document()
        return Response({**document, "explanation": [*map(translated, document["explanation"])]})


def _read(body: Any) -> tuple[BrowserRequest, Snapshot]:
    """The request, and the set to judge it by. Raises ``InvalidPolicyError`` with the problems of both."""
    problems: list[Problem] = []
    asked = snapshot = None
    try:
        asked = parse_browser_request(body, (POLICY_SET,))
    except InvalidPolicyError as error:
        problems += error.problems
    try:
        snapshot = _policy_set(body)
    except InvalidPolicyError as error:
        problems += [problem.under(POLICY_SET) for problem in error.problems]
    if asked is None or snapshot is None:
        raise InvalidPolicyError(problems)
    return asked, snapshot


def _policy_set(body: Any) -> Snapshot:
    if isinstance(body, Mapping) and POLICY_SET in body:
        return documents.set_of(body[POLICY_SET]).compile(datetime.now(timezone.utc))
    return current_snapshot()
