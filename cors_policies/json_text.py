"""What does this JSON say, and if it is none, why not?

Before you edit: whatever the bytes are, the answer is a value or a :class:`NoJsonError`. Of two values of one
key the ``json`` module would keep the last; of two lists of origins one would be lost in silence.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from cors_policies.core.texts import say


class NoJsonError(ValueError):
    """Bytes that are no JSON. ``str()`` is the rest of a sentence that begins with what they are."""


def parse_json(content: bytes) -> Any:
    """The value that the bytes say. Raises :class:`NoJsonError`."""
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
    except UnicodeDecodeError as error:
        raise NoJsonError(
            say("is not UTF-8: see byte {place}. Save it as UTF-8.", place=error.start)
        ) from error
    except json.JSONDecodeError as error:
        raise NoJsonError(
            say(
                "is no JSON: line {line}, column {column}: {fault}.",
                line=error.lineno,
                column=error.colno,
                fault=error.msg,
            )
        ) from error
    except RecursionError as error:
        raise NoJsonError(say("is nested too deeply to be a policy set document.")) from error
    except ValueError as error:
        raise NoJsonError(say("is no JSON: {fault}.", fault=error)) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(say("{name} is no number that JSON has", name=name))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        repeated = next(key for key, count in counts.items() if count > 1)
        raise ValueError(say("the key {key} stands twice in one object", key=json.dumps(repeated)))
    return found
