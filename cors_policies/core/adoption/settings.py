"""What do the settings of django-cors-headers say, the ill-typed ones among them?

Before you edit:

* The defaults, and which of two names wins, are those of django-cors-headers 4.9. A test compares them with
  the package itself; here it is never imported.
* A setting that cannot be read never stops the others: it is noted, and taken for what lets in fewest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cors_policies.core.texts import say

ALLOWED_ORIGINS: Final = "CORS_ALLOWED_ORIGINS"
ALLOWED_ORIGIN_REGEXES: Final = "CORS_ALLOWED_ORIGIN_REGEXES"
ALLOW_ALL_ORIGINS: Final = "CORS_ALLOW_ALL_ORIGINS"
ALLOW_CREDENTIALS: Final = "CORS_ALLOW_CREDENTIALS"
ALLOW_HEADERS: Final = "CORS_ALLOW_HEADERS"
ALLOW_METHODS: Final = "CORS_ALLOW_METHODS"
ALLOW_PRIVATE_NETWORK: Final = "CORS_ALLOW_PRIVATE_NETWORK"
EXPOSE_HEADERS: Final = "CORS_EXPOSE_HEADERS"
PREFLIGHT_MAX_AGE: Final = "CORS_PREFLIGHT_MAX_AGE"
URLS_REGEX: Final = "CORS_URLS_REGEX"

DEFAULTS: Final[Mapping[str, Any]] = {
    ALLOWED_ORIGINS: (),
    ALLOWED_ORIGIN_REGEXES: (),
    ALLOW_ALL_ORIGINS: False,
    ALLOW_CREDENTIALS: False,
    ALLOW_HEADERS: (
        "accept",
        "authorization",
        "content-type",
        "user-agent",
        "x-csrftoken",
        "x-requested-with",
    ),
    ALLOW_METHODS: ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"),
    ALLOW_PRIVATE_NETWORK: False,
    EXPOSE_HEADERS: (),
    PREFLIGHT_MAX_AGE: 86400,
    URLS_REGEX: "^.*$",
}
OLD_NAMES: Final = {
    "CORS_ORIGIN_ALLOW_ALL": ALLOW_ALL_ORIGINS,
    "CORS_ORIGIN_REGEX_WHITELIST": ALLOWED_ORIGIN_REGEXES,
    "CORS_ORIGIN_WHITELIST": ALLOWED_ORIGINS,
}
"""Names that are still read, each with the one that wins where both are set."""
REMOVED: Final = {
    "CORS_MODEL": say(
        "is not read by django-cors-headers any more, and not carried over. Origins that "
        "are kept in a table go into a file, for the subcommand import."
    ),
    "CORS_REPLACE_HTTPS_REFERER": say(
        "is not read by django-cors-headers any more, and not carried over. For the CSRF "
        "check, list the origins in CSRF_TRUSTED_ORIGINS."
    ),
}
FOREIGN_SETTINGS: Final = tuple(sorted({*DEFAULTS, *OLD_NAMES, *REMOVED}))
"""Every setting that django-cors-headers reads or has read."""

Regex = str | re.Pattern[str]
_ORIGIN_SETTINGS: Final = (ALLOW_ALL_ORIGINS, ALLOWED_ORIGINS, ALLOWED_ORIGIN_REGEXES)


class Note(NamedTuple):
    """Something that cannot be carried over exactly: the setting, and what becomes of it."""

    setting: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSettings:
    """The values in force. ``None`` stands for a list that no browser, or no server, could read."""

    names: Mapping[str, str]
    """The name under which each was set: the old one, where only that is."""
    allow_all_origins: bool
    allowed_origins: tuple[str, ...]
    allowed_origin_regexes: tuple[Regex, ...]
    urls_regex: Regex | None
    allow_credentials: bool
    allow_headers: tuple[str, ...] | None
    allow_methods: tuple[str, ...] | None
    expose_headers: tuple[str, ...] | None
    max_age: int | None
    allow_private_network: bool


def read_foreign_settings(given: Mapping[str, object]) -> tuple[ForeignSettings, list[Note]]:
    """What the settings say, defaults included, and what of them could not be read. Never raises."""
    reader = _Reader(given)
    found = ForeignSettings(
        names=reader.names,
        allow_all_origins=reader.flag(ALLOW_ALL_ORIGINS),
        allowed_origins=reader.texts(ALLOWED_ORIGINS) or (),
        allowed_origin_regexes=reader.regexes(ALLOWED_ORIGIN_REGEXES),
        urls_regex=reader.regex(URLS_REGEX),
        allow_credentials=reader.flag(ALLOW_CREDENTIALS),
        allow_headers=reader.texts(ALLOW_HEADERS),
        allow_methods=reader.texts(ALLOW_METHODS),
        expose_headers=reader.texts(EXPOSE_HEADERS),
        max_age=reader.seconds(PREFLIGHT_MAX_AGE),
        allow_private_network=reader.flag(ALLOW_PRIVATE_NETWORK),
    )
    return found, reader.notes


class _Reader:
    """Reads one setting at a time, and notes what it cannot read."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given
        self.names = {name: name for name in DEFAULTS}
        self.names |= {new: old for old, new in OLD_NAMES.items() if old in given and new not in given}
        self.notes = [*_unread(given)]

    def flag(self, setting: str) -> bool:
        """Whether the value counts as true; django-cors-headers asks no more."""
        value = self._value(setting)
        if isinstance(value, bool):
            return value
        found = _is_true(value)
        self._note(
            setting,
            say("is {value}, no bool. It counts as {found}, as it did.", value=_shown(value), found=found),
        )
        return found

    def texts(self, setting: str) -> tuple[str, ...] | None:
        """The texts of a list, without the entries that are none; ``None`` where it is no list."""
        return self._entries(setting, str, say("text"))

    def regexes(self, setting: str) -> tuple[Regex, ...]:
        """The regular expressions of a list, written or compiled."""
        found = self._entries(setting, (str, re.Pattern), say("regular expression")) or ()
        return tuple(entry for entry in found if self._is_regex(setting, entry))

    def regex(self, setting: str) -> Regex | None:
        """A regular expression, written or compiled; ``None`` where it is none."""
        value = self._value(setting)
        return value if self._is_regex(setting, value) else None

    def seconds(self, setting: str) -> int | None:
        """What a browser reads from the header: whole seconds, or nothing."""
        value = self._value(setting)
        if not _is_true(value):
            return None
        text = _shown(value) if not isinstance(value, str) else value
        if re.fullmatch("[0-9]{1,18}", text) is not None:
            return int(text)
        self._note(
            setting, say("is {value}, no number of seconds. Browsers skip it: left out.", value=_shown(value))
        )
        return None

    def _entries(self, setting: str, kinds: Any, wanted: str) -> tuple[Any, ...] | None:
        value = self._value(setting)
        if isinstance(value, str | bytes) or not isinstance(value, Sequence | Set):
            self._note(
                setting, say("is {value}, no list. Nothing of it is carried over.", value=_shown(value))
            )
            return None
        entries = [*value] if isinstance(value, Sequence) else sorted(value, key=str)
        for entry in entries:
            if not isinstance(entry, kinds):
                self._note(
                    setting,
                    say("{entry} is no {wanted}. It is left out.", entry=_shown(entry), wanted=wanted),
                )
        return tuple(entry for entry in entries if isinstance(entry, kinds))

    def _is_regex(self, setting: str, value: object) -> bool:
        if isinstance(value, str) or (isinstance(value, re.Pattern) and isinstance(value.pattern, str)):
            return True
        self._note(
            setting, say("{value} is no regular expression of text. It is left out.", value=_shown(value))
        )
        return False

    def _value(self, setting: str) -> Any:
        return self._given.get(self.names[setting], DEFAULTS[setting])

    def _note(self, setting: str, reason: str) -> None:
        self.notes.append(Note(self.names[setting], reason))


def _unread(given: Mapping[str, object]) -> Iterable[Note]:
    for name in sorted(given):
        if name in REMOVED:
            yield Note(name, REMOVED[name])
        elif name in OLD_NAMES and OLD_NAMES[name] in given:
            yield Note(
                name,
                say("was not read beside {other}, and is not carried over.", other=OLD_NAMES[name]),
            )
        elif name not in FOREIGN_SETTINGS:
            yield Note(name, say("is no setting of django-cors-headers 4.9. Nothing of it is carried over."))
    if {OLD_NAMES.get(name, name) for name in given}.isdisjoint(_ORIGIN_SETTINGS):
        yield Note(
            ALLOWED_ORIGINS, say("is not set, nor is another setting that lets an origin in: nobody is.")
        )


def _is_true(value: object) -> bool:
    try:
        return bool(value)
    except Exception:  # noqa: BLE001 - a stranger's object may raise anything
        return False


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a stranger's object may raise anything
        text = f"a {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


_MAX_SHOWN: Final = 80
