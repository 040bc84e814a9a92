"""How are changes and problems shown to a person at a terminal?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from cors_policies.core.browser import Evaluation
from cors_policies.core.policy import Document
from cors_policies.core.problems import Problem
from cors_policies.services import Change, Report

_SIGNS = {"created": "+", "updated": "~", "deleted": "-"}


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """One line a problem: where, which code, and what to write instead."""
    for problem in problems:
        yield f"{problem.attr or 'document'}: {problem.code}: {problem.message}"


def report_lines(report: Report, *, dry_run: bool) -> Iterator[str]:
    """Every change with what it changes, and a line that counts them."""
    for change in report.changes:
        yield f"{_SIGNS[change.action]} {change.kind.replace('_', ' ')} {change.name}"
        yield from _key_lines(change)
    unchanged = report.unchanged_policies + report.unchanged_groups
    done = "would change" if dry_run else "changed"
    yield f"{len(report.changes)} {done}, {unchanged} unchanged."


def evaluation_lines(evaluation: Evaluation) -> Iterator[str]:
    """The outcome, and the sentences that explain it."""
    policy = f" by policy {evaluation.policy}" if evaluation.policy else ""
    yield f"{evaluation.outcome}: {evaluation.reason}{policy}"
    yield from (f"- {sentence}" for sentence in evaluation.explanation)


def _key_lines(change: Change) -> Iterator[str]:
    before, after = change.before or {}, change.after or {}
    if change.action == "deleted":
        return
    for key in after:
        if key != "name" and before.get(key) != after[key] and (before or _says_something(after, key)):
            old = f"{_json(before[key])} -> " if key in before else ""
            yield f"    {key}: {old}{_json(after[key])}"


def _says_something(document: Document, key: str) -> bool:
    return document[key] not in ("", [], False, None)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
