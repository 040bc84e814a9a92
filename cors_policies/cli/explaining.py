"""What does ``explain`` say: what a browser would do with a request, judged by the set as it is stored now?

Before you edit: the database is asked, never this process's snapshot. What is said must hold for the set that
was imported a moment ago.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone

from cors_policies import documents
from cors_policies.cli.outcome import DENIED, DONE, Outcome, refusing
from cors_policies.cli.showing import evaluation_lines
from cors_policies.conf import get_settings
from cors_policies.core.browser import ALLOWED, evaluate, parse_browser_request
from cors_policies.core.policy import Document
from cors_policies.translating import told


def explain_request(document: Document, *, as_json: bool = False) -> Outcome:
    """The evaluation of the request that the document describes. Raises ``RefusedError``."""
    with refusing(told("There is no such request.")):
        request = parse_browser_request(document)
        stored = documents.read_policy_set(get_settings().DATABASE_ALIAS)
    evaluation = evaluate(stored.compile(datetime.now(timezone.utc)), request)
    if as_json:
        text = json.dumps(evaluation.to_document(), indent=2, ensure_ascii=False) + "\n"
    else:
        text = "".join(f"{line}\n" for line in evaluation_lines(evaluation))
    return Outcome(text, DONE if evaluation.outcome == ALLOWED else DENIED)
