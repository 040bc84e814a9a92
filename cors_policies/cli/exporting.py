"""What does ``export --format`` do: what policies mean, in the words of nginx or of a storage service?

Before you edit: nothing is exported of a set in which anything is invalid. The middleware shields the path of
a broken policy; a file that is made without it would not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from cors_policies import documents
from cors_policies.cli import files
from cors_policies.cli.outcome import Outcome, RefusedError, refusing
from cors_policies.cli.showing import printable
from cors_policies.conf import get_settings
from cors_policies.core.exporting.bucket_rules import BucketExport
from cors_policies.core.exporting.gcs import export_gcs
from cors_policies.core.exporting.groups import (
    ExportedGroup,
    InexpressibleError,
    Reason,
    choose_group,
    collect_groups,
    groups_before,
)
from cors_policies.core.exporting.nginx import SERVER_PART, render_nginx
from cors_policies.core.exporting.s3 import export_s3
from cors_policies.core.texts import say
from cors_policies.translating import told, translated

NGINX: Final = "nginx"
HTTP_PART: Final = "http"
PARTS: Final = (HTTP_PART, "server")

_BUCKETS: Final[dict[str, Callable[[Sequence[ExportedGroup], ExportedGroup], BucketExport]]] = {
    "s3": export_s3,
    "gcs": export_gcs,
}
FORMATS: Final = (NGINX, *_BUCKETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be exported: the format, for nginx a part, and the path group if not all are."""

    form: str
    part: str = HTTP_PART
    path: str | None = None
    host: str = ""


def export_format(wanted: Wanted, output: str | None = None) -> Outcome:
    """The text, or nothing but a file. Raises ``RefusedError``, and then nothing is written."""
    if wanted.form == NGINX and wanted.part != HTTP_PART:
        return files.put(output, SERVER_PART)
    with refusing(told("Nothing was exported.")), _refusing_inexpressible():
        groups = _live_groups()
        if wanted.form == NGINX:
            return files.put(output, render_nginx(_with_what_shields(groups, wanted)))
        exported = _BUCKETS[wanted.form](groups, choose_group(groups, wanted.path, wanted.host))
    text = json.dumps(exported.rules, indent=2) + "\n"
    return files.put(output, text, tuple(_lines(exported.remarks)))


def _live_groups() -> list[ExportedGroup]:
    """The path groups of the set as it is stored at this moment."""
    stored = documents.read_policy_set(get_settings().DATABASE_ALIAS)
    message = say(
        "It is invalid as it is stored. `manage.py check --database default` says why; correct it first."
    )
    reasons = [
        Reason(
            "",
            "",
            say("{name}: {fault}", name=f"{row.kind} {row.name}", fault=message),
        )
        for row in stored.broken
    ]
    if reasons:
        raise InexpressibleError(reasons)
    return collect_groups(stored.policies, stored.groups, datetime.now(timezone.utc))


def _with_what_shields(groups: list[ExportedGroup], wanted: Wanted) -> list[ExportedGroup]:
    """All groups; or the one that is wanted, and those that a part of its paths is governed by instead."""
    if wanted.path is None:
        return groups
    chosen = choose_group(groups, wanted.path, wanted.host)
    return [*groups_before(groups, chosen), chosen]


@contextmanager
def _refusing_inexpressible() -> Iterator[None]:
    try:
        yield
    except InexpressibleError as error:
        raise RefusedError("\n".join((told("Nothing was exported."), *_lines(error.reasons)))) from error


def _lines(reasons: Iterable[Reason]) -> Iterator[str]:
    return (printable(translated(str(reason))) for reason in reasons)
