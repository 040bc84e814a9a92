"""How are changes, problems, findings and evaluations shown to a person at a terminal?

Before you edit: every text that somebody else wrote goes through :func:`printable`, since a terminal obeys
some characters.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from cors_policies.core.browser import Answer, Evaluation
from cors_policies.core.comparing.differences import ListDifference, ValueDifference, change_differences
from cors_policies.core.findings import Finding
from cors_policies.core.problems import Problem
from cors_policies.services import Change, Report
from cors_policies.translating import told, translated

_SIGNS: Final = {"created": "+", "updated": "~", "deleted": "-"}
_BEYOND_BMP: Final = 0xFFFF


def escaped(text: str) -> str:
    """The text in ASCII; in JSON it still means the same."""
    return "".join(character if character.isascii() else _escape(character) for character in text)


def printable(text: str) -> str:
    """The text without characters that a terminal would obey or hide."""
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """One line a problem: where, which code, and what to write instead."""
    for problem in problems:
        yield printable(f"{problem.attr or 'document'}: {problem.code}: {translated(problem.message)}")


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """One line a finding: how bad, which code, where, and what to write instead."""
    for finding in findings:
        policy = f"policy {finding.policy}" if finding.policy is not None else ""
        where = " ".join(part for part in (policy, finding.attr) if part) or "document"
        yield printable(f"{finding.level} {finding.code} {where}: {translated(finding.detail)}")


def report_lines(report: Report, *, dry_run: bool) -> Iterator[str]:
    """Every change with what it changes, and a line that counts them."""
    for change in report.changes:
        yield f"{_SIGNS[change.action]} {change.kind.replace('_', ' ')} {printable(change.name)}"
        yield from _key_lines(change)
    counts: Counter[str] = Counter(change.action for change in report.changes)
    unchanged = report.unchanged_policies + report.unchanged_groups
    done = told(
        "{created} created, {updated} updated, {deleted} deleted, {unchanged} unchanged.",
        unchanged=unchanged,
        **{action: counts[action] for action in _SIGNS},
    )
    yield told("Dry run, nothing was stored: {done}", done=done) if dry_run else done


def evaluation_lines(evaluation: Evaluation) -> Iterator[str]:
    """The outcome, the sentences that explain it, and the answers."""
    reason = f": {evaluation.reason}" if evaluation.reason != evaluation.outcome else ""
    policy = told(", policy {policy}", policy=evaluation.policy) if evaluation.policy else ""
    yield f"{evaluation.outcome}{reason}{policy}"
    yield from (f"- {printable(translated(sentence))}" for sentence in evaluation.explanation)
    yield from _answer_lines(told("Answer to the preflight"), evaluation.preflight)
    yield from _answer_lines(told("Answer"), evaluation.actual)


def _answer_lines(title: str, answer: Answer | None) -> Iterator[str]:
    if answer is None:
        return
    yield f"{title}: {answer.status or told('status and body are up to the view')}"
    yield from (f"    {name}: {printable(value)}" for name, value in answer.headers.items())


def _key_lines(change: Change) -> Iterator[str]:
    for difference in change_differences(change.kind, change.before, change.after):
        lines = (
            _list_lines(difference)
            if isinstance(difference, ListDifference)
            else _value_line(difference, change)
        )
        yield from (f"    {difference.key}: {line}" for line in lines)


def _value_line(difference: ValueDifference, change: Change) -> Iterator[str]:
    """Before and after; of what comes or goes, the value alone."""
    shown = {"created": (difference.after,), "deleted": (difference.before,)}
    values = shown.get(change.action, (difference.before, difference.after))
    yield " -> ".join(map(_json, values))


def _list_lines(difference: ListDifference) -> Iterator[str]:
    yield from (f"- {_json(entry)}" for entry in difference.removed)
    yield from (f"+ {_json(entry)}" for entry in difference.added)
    if difference.is_reordered:
        yield told("now in the order {entries}", entries=_json(difference.after))
    elif not difference.removed and not difference.added:
        yield _json([])


def _json(value: object) -> str:
    return printable(json.dumps(value, ensure_ascii=False))


def _escape(character: str) -> str:
    code = ord(character)
    return json.dumps(character)[1:-1] if code > _BEYOND_BMP else f"\\u{code:04x}"
