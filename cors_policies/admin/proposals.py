"""What would let in what was refused, for an editor to look at before anything is stored?

Before you edit:

* An origin is a stranger's text. Only a serialized origin is proposed: ``*`` or ``~.*`` would be a pattern.
* What is proposed is read from the row that counts it, and never from the address: a link that somebody sends
  an editor fills in nothing that was not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _

from cors_policies.admin.fields import shortened
from cors_policies.core.engine import HEADER_NOT_ALLOWED, METHOD_NOT_ALLOWED, ORIGIN_NOT_ALLOWED
from cors_policies.core.origins import parse_serialized_origin
from cors_policies.core.vocabulary import ANY, is_token
from cors_policies.models import Observation

PARAMETER: Final = "observation"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is filled in, by key of the policy's document, and what the editor is told."""

    notice: str
    additions: Mapping[str, Sequence[str]] = field(default_factory=dict)


def additions(row: Observation) -> Mapping[str, Sequence[str]]:
    """What would have to be added to a policy; nothing where that is not known, or is to be typed by hand."""
    if row.reason == ORIGIN_NOT_ALLOWED and parse_serialized_origin(row.origin) is not None:
        return {"allowed_origins": [row.origin]}
    if row.reason == METHOD_NOT_ALLOWED and row.method != ANY and is_token(row.method):
        return {"allowed_methods": [row.method]}
    return {}


def propose(digest: str, policy: Any) -> Proposal:
    """What the row that has this digest proposes for a policy."""
    rows = Observation.objects.using(policy._state.db)
    row = rows.filter(pk=digest).first() if digest.isalnum() else None
    if row is None:
        return Proposal(_("What was observed is not there any more, so nothing is filled in."))
    added = additions(row)
    if added:
        entry = shortened(next(iter(added.values()))[0])
        notice = _("Filled in for review: %(entry)s. Nothing is saved yet: look at it, then save, or leave.")
        return Proposal(notice % {"entry": entry}, added)
    if row.reason == HEADER_NOT_ALLOWED:
        return Proposal(
            _(
                "A page of %(origin)s asked for a request header that this policy does not allow. Its name "
                "is not recorded, so nothing is filled in: the browser's console shows it."
            )
            % {"origin": shortened(row.origin)}
        )
    return Proposal(_("Nothing is filled in: what was observed does not say what to add."))
