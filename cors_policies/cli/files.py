"""How is a policy set document read from and written to a file, so that no half of one is ever left?

Before you edit:

* The text is made for version control: the same bytes for the same set, whatever machine wrote it.
* A file is replaced whole, by a rename. What is no file (a device, a pipe) is written to as it is.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from cors_policies.cli.outcome import Outcome, RefusedError
from cors_policies.cli.showing import printable
from cors_policies.core.policy import Document
from cors_policies.json_text import NoJsonError, parse_json
from cors_policies.translating import told

STANDARD_STREAM: Final = "-"
_NEW_FILE: Final = 0o666


def render(document: Document) -> str:
    """The document as text: the same bytes for the same set."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read(name: str) -> Any:
    """The JSON of a file, or of standard input for ``-``. Raises :class:`RefusedError`."""
    shown = told("standard input") if name == STANDARD_STREAM else printable(name)
    content = _content(name, shown)
    try:
        return parse_json(content)
    except NoJsonError as error:
        raise RefusedError(told("{name} {fault}", name=shown, fault=error)) from error


def write(name: str, text: str) -> None:
    """Writes the whole file, or leaves it as it was. Raises :class:`RefusedError`."""
    content = text.encode()
    try:
        path = Path(name).resolve()
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(path, content)
    except (OSError, ValueError) as error:
        raise RefusedError(
            told("{name} cannot be written: {reason}.", name=printable(name), reason=_reason(error))
        ) from error


def put(name: str | None, text: str, remarks: tuple[str, ...] = ()) -> Outcome:
    """The text for standard output, where no file is named; otherwise it is in the file. As :func:`write`."""
    if name in {None, STANDARD_STREAM}:
        return Outcome(text, remarks=remarks)
    write(str(name), text)
    return Outcome("", remarks=remarks)


def _content(name: str, shown: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == STANDARD_STREAM else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        raise RefusedError(
            told("{name} cannot be read: {reason}.", name=shown, reason=_reason(error))
        ) from error


def _replace(path: Path, content: bytes) -> None:
    """A file beside it takes its place once all of it is on the disk."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".cors_policies-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """The permissions of the file that is there, or those that a new file gets."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return _NEW_FILE & ~mask


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
