"""How is a policy set document read from and written to a file, so that no half of one is ever left?"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from cors_policies.core.policy import Document


class UnreadableError(Exception):
    """A file that holds no JSON, or cannot be read or written; ``str()`` says why."""


def render(document: Document) -> str:
    """The document as text: the same bytes for the same set."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read(name: str) -> Any:
    """The JSON of a file, or of standard input for ``-``. Raises :class:`UnreadableError`."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}.") from error
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{name} is not UTF-8 (byte {error.start}).") from error
    except json.JSONDecodeError as error:
        message = f"{name} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        raise UnreadableError(message) from error
    except (RecursionError, ValueError) as error:
        raise UnreadableError(f"{name} is no JSON that can be read: {error}.") from error


def write(name: str, text: str) -> None:
    """Writes the whole file, or leaves it as it was. Raises :class:`UnreadableError`."""
    path = Path(name)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UnreadableError(f"{name} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise UnreadableError(f"{name} cannot be written: {error.strerror}.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
