"""What do ``export``, ``import`` and ``prune-revisions`` do?"""

from __future__ import annotations

from cors_policies import documents, services
from cors_policies.cli import files
from cors_policies.cli.outcome import Outcome, refusing
from cors_policies.cli.showing import report_lines
from cors_policies.conf import get_settings
from cors_policies.translating import told, told_count


def export_set(output: str | None = None) -> Outcome:
    """The policy set document as text, or nothing but a file. Raises ``RefusedError``."""
    with refusing(told("The policy set cannot be exported.")):
        text = files.render(documents.policy_set_document(get_settings().DATABASE_ALIAS))
    return files.put(output, text)


def import_set(file: str, *, replace: bool = False, dry_run: bool = False, comment: str = "") -> Outcome:
    """What the document of the file changes, or would change.

    Raises ``RefusedError``, and then nothing is stored.
    """
    document = files.read(file)
    with refusing(told("Nothing was stored.")), services.acting("command", comment=comment):
        report = services.apply_document(document, replace=replace, dry_run=dry_run)
    return Outcome("".join(f"{line}\n" for line in report_lines(report, dry_run=dry_run)))


def prune_revisions(keep: int) -> Outcome:
    """How many revisions were deleted. Raises ``RefusedError``."""
    with refusing(told("Nothing was deleted.")):
        count = services.prune_revisions(keep)
    return Outcome(told_count("{count} revision deleted.", "{count} revisions deleted.", count) + "\n")
