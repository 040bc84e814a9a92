"""What does ``lint`` find in a file, or in the stored set?

Before you edit:

* A file is judged by itself, without the database, so that a pipeline can do it. The stored set is read as it
  is stored: rows that are invalid are problems like those of a file.
* What cannot be read has a status of its own: a pipeline must not take it for a set with problems.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from cors_policies import documents
from cors_policies.cli import files
from cors_policies.cli.outcome import DONE, REFUSED, Outcome, RefusedError, UnreadableError, refusing
from cors_policies.cli.showing import finding_lines
from cors_policies.conf import get_settings
from cors_policies.core.findings import ERROR, Finding
from cors_policies.core.linting.linting import lint, lint_document, problem_finding
from cors_policies.core.policy_set import PolicySet
from cors_policies.documents import BrokenRow
from cors_policies.translating import told


def lint_set(file: str | None = None, *, as_json: bool = False, strict: bool = False) -> Outcome:
    """The findings about the document of the file, or about the stored set.

    The status is that of a refusal where one is an error, or, if ``strict``, where there is any. Raises
    ``UnreadableError``.
    """
    now = datetime.now(timezone.utc)
    try:
        findings = _lint_stored(now) if file is None else _lint_file(file, now)
    except RefusedError as error:
        raise UnreadableError(str(error)) from error
    failed = any(strict or finding.level == ERROR for finding in findings)
    return Outcome(_json(findings) if as_json else _text(findings), REFUSED if failed else DONE)


def _lint_file(file: str, now: datetime) -> tuple[Finding, ...]:
    return lint_document(files.read(file), now, get_settings().GUARDRAILS)


def _lint_stored(now: datetime) -> tuple[Finding, ...]:
    with refusing(told("The policy set cannot be read.")):
        stored = documents.read_policy_set(get_settings().DATABASE_ALIAS)
    groups = sorted(stored.groups.values(), key=lambda group: group.name)
    policies = sorted(stored.policies, key=lambda policy: policy.name)
    return (*_broken(stored.broken), *lint(PolicySet(tuple(groups), tuple(policies)), now))


def _broken(rows: Iterable[BrokenRow]) -> Iterator[Finding]:
    for row in sorted(rows, key=lambda row: (row.kind, row.name)):
        is_policy = row.kind == "policy"
        for problem in row.problems:
            placed = problem if is_policy else problem.under(f"origin_groups.{row.name}")
            yield problem_finding(placed, row.name if is_policy else None)


def _json(findings: Iterable[Finding]) -> str:
    return json.dumps([finding.to_document() for finding in findings], indent=2, ensure_ascii=False) + "\n"


def _text(findings: Iterable[Finding]) -> str:
    return "".join(f"{line}\n" for line in finding_lines(findings))
