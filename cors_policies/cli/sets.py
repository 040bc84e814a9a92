"""What do ``export`` and ``import`` do?"""

from __future__ import annotations

from cors_policies import documents, services
from cors_policies.cli import files
from cors_policies.cli.outcome import Outcome, refusing
from cors_policies.cli.showing import report_lines
from cors_policies.conf import get_settings


def export_set(output: str | None = None) -> Outcome:
    """The policy set document as text, or nothing but a file. Raises ``RefusedError``."""
    with refusing("The policy set cannot be exported."):
        text = files.render(documents.policy_set_document(get_settings().DATABASE_ALIAS))
    if output in {None, files.STANDARD_STREAM}:
        return Outcome(text)
    files.write(str(output), text)
    return Outcome("")


def import_set(file: str, *, replace: bool = False, dry_run: bool = False) -> Outcome:
    """What the document of the file changes, or would change.

    Raises ``RefusedError``, and then nothing is stored.
    """
    document = files.read(file)
    with refusing("Nothing was stored."):
        report = services.apply_document(document, replace=replace, dry_run=dry_run)
    return Outcome("".join(f"{line}\n" for line in report_lines(report, dry_run=dry_run)))
