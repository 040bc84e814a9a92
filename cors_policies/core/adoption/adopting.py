"""Which policy set does what the settings of django-cors-headers do, and what can it not do alike?

Before you edit:

* Never wider than what was configured, unless a note says so. What cannot be carried over is left out; where
  that would leave nothing to go by, the whole is refused.
* What a browser made of the old answers counts, not their text.
* How requests are answered otherwise, whatever was set, is the subject of docs/migrating.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cors_policies.core import vocabulary as http
from cors_policies.core.adoption import settings as names
from cors_policies.core.adoption.names import (
    WITHOUT_LEAVE,
    adopt_methods,
    adopt_request_headers,
    adopt_response_headers,
)
from cors_policies.core.adoption.origins import adopt_expressions, adopt_origins
from cors_policies.core.adoption.paths import adopt_paths
from cors_policies.core.adoption.settings import Note, read_foreign_settings
from cors_policies.core.credentials import TOLERATED_BY, find_offences
from cors_policies.core.expressions import load_re2
from cors_policies.core.origins import parse_origin_pattern
from cors_policies.core.policy import MAX_MAX_AGE, Document
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.problems import InvalidPolicyError, PatternError, Problem
from cors_policies.core.texts import say

POLICY_NAME: Final = "corsheaders"
_DESCRIPTION: Final = "Adopted from the settings of django-cors-headers."
_NEEDS_RE2: Final = say(
    'needs the extra "regex", since expressions are matched by RE2. Run "pip install '
    'google-re2", then this command again.'
)
_NO_REGEX: Final = say("is no regular expression, so no path is known. Write one, or remove the setting.")
_OTHER_PREFLIGHTS: Final = say(
    "makes browsers fail every preflight. They still do: only GET, HEAD and POST are allowed, no header name."
)
_IDLE: Final = say("did nothing beside CORS_ALLOW_ALL_ORIGINS, and is not carried over.")
_TOLERANCES: Final = {
    "insecure-origin": say(
        "not https, and may send cookies. tolerate_insecure_origins is set, as that was so."
    ),
    "credentials-regex": say(
        "an expression, and may send cookies. tolerate_credentialed_regex is set, as "
        "that was so. A wildcard such as https://*.example.com can be checked, an "
        "expression cannot."
    ),
}
_REFUSALS: Final = {
    "credentials-any-origin": say(
        "lets every site in, beside CORS_ALLOW_CREDENTIALS: each can read what your "
        "visitors can, with their cookies. List the origins that need cookies in "
        "CORS_ALLOWED_ORIGINS, or switch CORS_ALLOW_CREDENTIALS off."
    ),
    "credentials-null-origin": say(
        "lets null in, beside CORS_ALLOW_CREDENTIALS: any site can send null, from a "
        "sandboxed frame. Remove null, or switch CORS_ALLOW_CREDENTIALS off."
    ),
}
_SETTINGS: Final = {
    "allowed_methods": names.ALLOW_METHODS,
    "allowed_headers": names.ALLOW_HEADERS,
    "exposed_headers": names.EXPOSE_HEADERS,
    "max_age": names.PREFLIGHT_MAX_AGE,
    "path": names.URLS_REGEX,
}


@dataclass(frozen=True, slots=True)
class Adoption:
    """The policy set document, or ``None`` and why it is refused; and what is not carried over exactly."""

    document: Document | None
    refusals: tuple[Note, ...]
    notes: tuple[Note, ...]


def adopt(given: Mapping[str, object]) -> Adoption:
    """The policy set that does what the settings do; ``given`` are those that are set. Never raises."""
    adopter = _Adopter(given)
    policies = adopter.policies()
    document = None if adopter.refusals else adopter.checked({"origin_groups": [], "policies": policies})
    return Adoption(document, tuple(adopter.refusals), tuple(adopter.notes))


class _Adopter:
    """Carries over one setting after another, and notes what it cannot."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._settings, self.notes = read_foreign_settings(given)
        self.refusals: list[Note] = []

    def policies(self) -> list[Document]:
        """A policy for each path pattern; they differ in nothing else."""
        keys, paths = self._keys(), self._paths()
        places = [f"{POLICY_NAME}-{number}" for number in range(1, len(paths) + 1)]
        found = places if len(paths) > 1 else [POLICY_NAME] * len(paths)
        return [
            {"name": name, "description": _DESCRIPTION, "path": path, **keys}
            for name, path in zip(found, paths, strict=True)
        ]

    def checked(self, document: Document) -> Document | None:
        """The document with every key; ``None`` where validation refuses it."""
        try:
            return parse_policy_set(document).to_document()
        except InvalidPolicyError as error:
            self.refusals += dict.fromkeys(map(self._refusal, error.problems))
            return None

    def _keys(self) -> Document:
        settings = self._settings
        credentials = settings.allow_credentials
        exposed, reasons = adopt_response_headers(settings.expose_headers, credentials=credentials)
        self._note(names.EXPOSE_HEADERS, *reasons)
        origins = self._origins()
        return {
            "allowed_origins": origins,
            **self._preflights(),
            "exposed_headers": exposed or [],
            "allow_credentials": credentials,
            "max_age": self._max_age(),
            "allow_private_network": settings.allow_private_network,
            **(self._tolerances(origins) if credentials else {}),
        }

    def _preflights(self) -> dict[str, list[str]]:
        """Methods and header names: where browsers cannot read one list, the other is idle too."""
        settings = self._settings
        credentials = settings.allow_credentials
        methods, reasons = adopt_methods(settings.allow_methods, credentials=credentials)
        self._note(names.ALLOW_METHODS, *reasons)
        headers, reasons = adopt_request_headers(settings.allow_headers, credentials=credentials)
        self._note(names.ALLOW_HEADERS, *reasons)
        if methods is not None and headers is not None:
            return {"allowed_methods": methods, "allowed_headers": headers}
        self._note(names.ALLOW_METHODS if methods is None else names.ALLOW_HEADERS, _OTHER_PREFLIGHTS)
        return {"allowed_methods": [*WITHOUT_LEAVE], "allowed_headers": []}

    def _origins(self) -> list[str]:
        settings = self._settings
        if not settings.allow_all_origins:
            origins, reasons = adopt_origins(settings.allowed_origins)
            self._note(names.ALLOWED_ORIGINS, *reasons)
            return [*dict.fromkeys(origins + self._expressions())]
        if settings.allowed_origins:
            self._note(names.ALLOWED_ORIGINS, _IDLE)
        if settings.allowed_origin_regexes:
            self._note(names.ALLOWED_ORIGIN_REGEXES, _IDLE)
        return [http.ANY]

    def _expressions(self) -> list[str]:
        regexes = self._settings.allowed_origin_regexes
        if regexes and load_re2() is None:
            self._refuse(names.ALLOWED_ORIGIN_REGEXES, _NEEDS_RE2)
            return []
        patterns, reasons = adopt_expressions(regexes)
        self._note(names.ALLOWED_ORIGIN_REGEXES, *reasons)
        return patterns

    def _paths(self) -> list[str]:
        regex = self._settings.urls_regex
        if regex is None:
            self._refuse(names.URLS_REGEX, _NO_REGEX)
            return []
        try:
            paths, reasons = adopt_paths(regex)
        except PatternError as error:
            self._refuse(names.URLS_REGEX, say("cannot be translated. {error}", error=error))
            return []
        self._note(names.URLS_REGEX, *reasons)
        return paths

    def _tolerances(self, origins: Iterable[str]) -> dict[str, bool]:
        """The flags without which these origins would be refused. What has no flag is refused."""
        found: dict[str, list[str]] = {code: [] for code in _TOLERANCES}
        for offence in find_offences(map(parse_origin_pattern, origins)):
            found.get(offence.code, []).append(offence.pattern)
        for code, patterns in found.items():
            setting = names.ALLOWED_ORIGIN_REGEXES if code == "credentials-regex" else names.ALLOWED_ORIGINS
            self._note(
                setting,
                *(
                    say("{pattern} is {fault}", pattern=pattern, fault=_TOLERANCES[code])
                    for pattern in patterns
                ),
            )
        return {TOLERATED_BY[code]: True for code, patterns in found.items() if patterns}

    def _max_age(self) -> int | None:
        seconds = self._settings.max_age
        if seconds is None or seconds <= MAX_MAX_AGE:
            return seconds
        reason = say(
            "is {seconds} s, and no browser keeps an answer for so long. Set to {limit}.",
            seconds=seconds,
            limit=MAX_MAX_AGE,
        )
        self._note(names.PREFLIGHT_MAX_AGE, reason)
        return MAX_MAX_AGE

    def _refusal(self, problem: Problem) -> Note:
        reason = _REFUSALS.get(
            problem.code, say("is refused, {code}: {message}", code=problem.code, message=problem.message)
        )
        return Note(self._settings.names[self._setting_of(problem)], reason)

    def _setting_of(self, problem: Problem) -> str:
        if problem.value == http.ANY and problem.code == "credentials-any-origin":
            return names.ALLOW_ALL_ORIGINS
        if isinstance(problem.value, str) and problem.value.startswith("~"):
            return names.ALLOWED_ORIGIN_REGEXES
        return _SETTINGS.get(problem.field.rpartition(".")[2], names.ALLOWED_ORIGINS)

    def _note(self, setting: str, *reasons: str) -> None:
        self.notes.extend(Note(self._settings.names[setting], reason) for reason in reasons)

    def _refuse(self, setting: str, reason: str) -> None:
        self.refusals.append(Note(self._settings.names[setting], reason))
