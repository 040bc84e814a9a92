"""What does ``adopt-corsheaders`` do?

Before you edit: what becomes of a setting is decided in :mod:`cors_policies.core.adoption.adopting`. Here it
is read, shown and stored.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import Final

from cors_policies import services
from cors_policies.cli import files
from cors_policies.cli.outcome import Outcome, RefusedError, refusing
from cors_policies.cli.showing import printable
from cors_policies.conf import foreign_settings
from cors_policies.core.adoption.adopting import adopt
from cors_policies.core.adoption.settings import Note
from cors_policies.core.texts import say
from cors_policies.translating import told, translated

SIGNAL: Final = "check_request_enabled"
_GONE: Final = say(
    "no setting of django-cors-headers is there any more, and the policies that were made of them would let "
    "nobody in. They are what counts now: change them, and run this no more."
)
_RECEIVERS: Final = say("has receivers, which decide by code of yours. What they let in is not carried over.")


def adopt_corsheaders(*, write: bool = False, comment: str = "") -> Outcome:
    """The policy set document of the settings of django-cors-headers, stored where ``write`` says so.

    Raises ``RefusedError``, and then nothing is stored.
    """
    given = foreign_settings()
    if write and not given:
        raise RefusedError(told("Nothing was stored: {reason}", reason=translated(_GONE)))
    adoption = adopt(given)
    lines = (*_lines(adoption.refusals), *_lines((*adoption.notes, *_signal_notes())))
    if adoption.document is None:
        raise RefusedError("\n".join((told("Nothing was adopted."), *lines)))
    if write:
        with refusing(told("Nothing was stored.")), services.acting("command", comment=comment):
            services.apply_document(adoption.document)
    return Outcome(files.render(adoption.document), remarks=lines)


def _lines(notes: Iterable[Note]) -> Iterator[str]:
    for note in notes:
        yield printable(f"{note.setting}: {translated(note.reason)}")


def _signal_notes() -> Iterator[Note]:
    """A note where code of the project has a say in django-cors-headers, as far as it is there."""
    try:
        signal = importlib.import_module("corsheaders.signals").check_request_enabled
    except (ImportError, AttributeError):
        return
    if signal.has_listeners():
        yield Note(SIGNAL, _RECEIVERS)
