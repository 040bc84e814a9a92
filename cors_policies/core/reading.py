"""How is one key of a document read, and what is said when it holds something else?

Before you edit:

* A reader never raises for what somebody wrote: it notes every problem, with the place as it was submitted,
  and goes on with the default, so that one look at the answer shows everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from cors_policies.core.policy import MAX_NAME
from cors_policies.core.problems import PatternError, Problem
from cors_policies.core.texts import say
from cors_policies.core.timestamps import parse_timestamp

_SLUG = re.compile(r"[-a-zA-Z0-9_]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MISSING: Final = object()


def is_name(text: str) -> bool:
    """Whether a policy or group could have this name: nothing else is to be looked for in a database."""
    return len(text) <= MAX_NAME and _SLUG.fullmatch(text) is not None


def is_storable(text: str) -> bool:
    """Whether every database takes the text: neither NUL characters nor halves of others."""
    return _UNSTORABLE.search(text) is None


class Reader:
    """Reads a JSON object key by key; ``problems`` holds what was wrong so far."""

    def __init__(self, document: Mapping[str, object], known_keys: tuple[str, ...]) -> None:
        self._document = document
        self.problems: list[Problem] = []
        for key in document:
            if key not in known_keys:
                shown = ", ".join(known_keys)
                self.note(
                    "unknown-key",
                    str(key),
                    document[key],
                    say('"{key}" is no key here. Write one of: {keys}.', key=key, keys=shown),
                )

    def note(self, code: str, field: str, value: object, message: str, index: int | None = None) -> None:
        """Adds a problem."""
        self.problems.append(Problem(code, field, index, value, message))

    def name(self) -> str:
        """The ``name``: a slug."""
        value = self._required("name")
        if value is _MISSING:
            return ""
        if not isinstance(value, str) or not is_name(value):
            self.note(
                "invalid",
                "name",
                value,
                say(
                    'Write a name of 1 to {limit} letters, digits, "-" and "_", as in public-api.',
                    limit=MAX_NAME,
                ),
            )
            return ""
        return value

    def pattern(self, key: str, code: str, parse: Callable[[str], Any]) -> str:
        """The canonical text of a required pattern."""
        value = self._required(key)
        return "" if value is _MISSING else self._parse(key, code, value, parse)

    def optional_pattern(self, key: str, code: str, parse: Callable[[str], Any]) -> str:
        """The canonical text of a pattern that may be empty."""
        value = self._document.get(key, "")
        if isinstance(value, str) and not value.strip():
            return ""
        return self._parse(key, code, value, parse)

    def text(self, key: str) -> str:
        """Any text that every database can store."""
        value = self._document.get(key, "")
        if not isinstance(value, str) or not is_storable(value):
            self.note(
                "invalid",
                key,
                value,
                say("Write {key} as text, without NUL characters and lone surrogates.", key=key),
            )
            return ""
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self._document.get(key, default)
        if not isinstance(value, str) or value not in choices:
            self.note("invalid", key, value, say("Write one of: {choices}.", choices=", ".join(choices)))
            return default
        return value

    def optional_choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        """One of a few words, or null."""
        value = self._document.get(key)
        if value is None or (isinstance(value, str) and value in choices):
            return value
        self.note("invalid", key, value, f"Write one of: {', '.join(choices)}; or null.")
        return None

    def flag(self, key: str, *, default: bool) -> bool:
        """A boolean, and nothing that only looks like one."""
        value = self._document.get(key, default)
        if not isinstance(value, bool):
            self.note("invalid", key, value, say("Write true or false."))
            return default
        return value

    def integer(self, key: str, default: int, maximum: int, code: str = "invalid") -> int:
        """A whole number from 0 to ``maximum``; ``code`` is for one outside of it."""
        value = self._document.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            self.note(
                "invalid", key, value, say("Write a whole number from 0 to {maximum}.", maximum=maximum)
            )
            return default
        if not 0 <= value <= maximum:
            self.note(
                code,
                key,
                value,
                say("Out of range. Write a whole number from 0 to {maximum}.", maximum=maximum),
            )
            return default
        return value

    def optional_integer(self, key: str, default: int | None, maximum: int, code: str) -> int | None:
        """A whole number, or null."""
        if self._document.get(key, default) is None:
            return None
        return self.integer(key, default or 0, maximum, code)

    def timestamp(self, key: str) -> datetime | None:
        """An instant, or null."""
        value = self._document.get(key)
        if value is None:
            return None
        try:
            return parse_timestamp(value) if isinstance(value, str) else parse_timestamp("")
        except PatternError as error:
            self.note("invalid", key, value, str(error))
            return None

    def entries(self, key: str, default: tuple[str, ...]) -> list[tuple[int, str]]:
        """The texts of a list, with the places at which they were submitted."""
        value = self._document.get(key, default)
        if not isinstance(value, list | tuple):
            self.note("invalid", key, value, say('Write a list of texts, as in ["..."].'))
            return [*enumerate(default)]
        found = []
        for index, entry in enumerate(value):
            if isinstance(entry, str):
                found.append((index, entry))
            else:
                self.note("invalid", key, entry, say("Write every entry of the list as text."), index)
        return found

    def submitted(self, key: str, index: int) -> object:
        """An entry of a list that :meth:`entries` gave, as it was written."""
        value = self._document[key]
        return value[index] if isinstance(value, list | tuple) else None

    def _required(self, key: str) -> object:
        value = self._document.get(key, _MISSING)
        if value is _MISSING:
            self.note("required", key, None, say("There is no {key}. Write one.", key=key))
        return value

    def _parse(self, key: str, code: str, value: object, parse: Callable[[str], Any]) -> str:
        if not isinstance(value, str):
            self.note("invalid", key, value, say("Write {key} as text.", key=key))
            return ""
        try:
            text: str = parse(value).text
        except PatternError as error:
            self.note(code, key, value, str(error))
            return ""
        return text
