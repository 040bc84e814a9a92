"""What has the project set in ``CORS_POLICIES``?

This is the only reader of the app's own settings. Wrong values never stop a request: they fall back to the
default here, and the system checks report them (:mod:`cors_policies.checks`). Guard rails that cannot be read
do not: they are taken in the safe direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.core.signals import setting_changed

from cors_policies.core.guardrails import NO_GUARDRAILS, NOTHING_ALLOWED, Guardrails, check_guardrails
from cors_policies.core.texts import say

SETTING: Final = "CORS_POLICIES"
GUARDRAILS: Final = "GUARDRAILS"
_FOREIGN: Final = "CORS_"
CHECK_TAG: Final = "cors_policies"
"""Of the system checks: ``manage.py check --tag cors_policies``. The app's commands run these alone."""
DEFAULT_PERMISSION_CLASSES: Final = ("cors_policies.api.permissions.PolicyPermissions",)
OBSERVE_OFF: Final = "off"
OBSERVE_DENIED: Final = "denied"
OBSERVE_ALL: Final = "all"
MAX_OBSERVE_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force. ``REFRESH_INTERVAL`` is in seconds."""

    REFRESH_INTERVAL: float = 1.0
    CACHE_ALIAS: str | None = None
    DATABASE_ALIAS: str = "default"
    API_PERMISSION_CLASSES: tuple[str, ...] = DEFAULT_PERMISSION_CLASSES
    GUARDRAILS: Guardrails = NO_GUARDRAILS
    OBSERVE: str = OBSERVE_DENIED
    OBSERVE_MAX_ROWS: int = 1000


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """A key of ``CORS_POLICIES`` that is not used, and what to write instead."""

    key: str
    message: str
    remedy: str


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings in force.

    What the project has set, and the default for what it has not, or has set wrongly.
    """
    usable = {key: value for key, value in _given().items() if _is_usable(key, value)}
    values: dict[str, Any] = {key: _READERS[key](value) for key, value in usable.items()}
    return Settings(**values)


def foreign_settings() -> dict[str, object]:
    """The project's ``CORS_*`` settings but our own: those of django-cors-headers, misspelt ones too."""
    names = (name for name in dir(settings) if name.startswith(_FOREIGN) and name != SETTING)
    return {name: getattr(settings, name) for name in names}


def setting_problems() -> list[SettingProblem]:
    """Everything that is wrong with ``CORS_POLICIES``."""
    given = getattr(settings, SETTING, {})
    if not isinstance(given, Mapping):
        return [
            SettingProblem(
                SETTING,
                say("{setting} is no dict.", setting=SETTING),
                say(
                    "Write {setting} = {{...}}, or remove it. A comma behind its last brace makes a tuple.",
                    setting=SETTING,
                ),
            )
        ]
    known = ", ".join(_READERS)
    of_keys = [
        SettingProblem(
            str(key),
            say("{setting} has the unknown key {key}.", setting=SETTING, key=repr(key)),
            say("The keys are: {known}.", known=known),
        )
        if key not in _READERS
        else _wrong_type(key, value)
        for key, value in given.items()
        if not _is_usable(key, value)
    ]
    return [*of_keys, *_guardrail_problems(given.get(GUARDRAILS, {}))]


def _wrong_type(key: str, value: object) -> SettingProblem:
    message = say("{setting}[{key}] is {value}.", setting=SETTING, key=repr(key), value=repr(value))
    return SettingProblem(key, message, _REMEDIES[key])


def _guardrail_problems(given: object) -> list[SettingProblem]:
    if not isinstance(given, Mapping):
        return [_wrong_type(GUARDRAILS, given)]
    return [
        SettingProblem(
            GUARDRAILS,
            say(
                "{setting}[{rail}] holds what is no guard rail: {attr} is {value}.",
                setting=SETTING,
                rail=repr(GUARDRAILS),
                attr=problem.attr,
                value=repr(problem.value),
            ),
            problem.message,
        )
        for problem in check_guardrails(given)[1]
    ]


def _given() -> Mapping[str, Any]:
    """The keys. Of what is no dict nobody knows which guard rails were meant: they are unreadable there."""
    given = getattr(settings, SETTING, {})
    return given if isinstance(given, Mapping) else {GUARDRAILS: given}


def _is_usable(key: object, value: object) -> bool:
    if not isinstance(key, str) or key not in _READERS:
        return False
    try:
        _READERS[key](value)
    except (TypeError, ValueError):
        return False
    return True


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(value)
    return float(value)


def _alias(value: object) -> str:
    if not isinstance(value, str) or value not in settings.DATABASES:
        raise ValueError(value)
    return value


def _cache_alias(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or value not in settings.CACHES):
        raise ValueError(value)
    return value


def _observe(value: object) -> str:
    if value not in {OBSERVE_OFF, OBSERVE_DENIED, OBSERVE_ALL}:
        raise ValueError(value)
    return str(value)


def _rows(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_OBSERVE_ROWS:
        raise ValueError(value)
    return value


def _dotted_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(
        isinstance(name, str) and "." in name for name in value
    ):
        raise ValueError(value)
    return tuple(value)


def _guardrails(value: object) -> Guardrails:
    """What can be read of them, the rest in the safe direction: a rail must not vanish by a typing error.

    Where there is nothing at all, there is no rail.
    """
    if isinstance(value, Mapping):
        return check_guardrails(value)[0]
    return NOTHING_ALLOWED if value else NO_GUARDRAILS


_READERS: Final = {
    "REFRESH_INTERVAL": _seconds,
    "CACHE_ALIAS": _cache_alias,
    "DATABASE_ALIAS": _alias,
    "OBSERVE": _observe,
    "OBSERVE_MAX_ROWS": _rows,
    "API_PERMISSION_CLASSES": _dotted_names,
    GUARDRAILS: _guardrails,
}
_REMEDIES: Final = {
    "REFRESH_INTERVAL": say("Write a number of seconds, as in 1.0; 0 looks before every request."),
    "CACHE_ALIAS": say("Write an alias of CACHES that all processes share, or None."),
    "DATABASE_ALIAS": say("Write an alias of DATABASES."),
    "OBSERVE": say('Write "off", "denied" or "all".'),
    "OBSERVE_MAX_ROWS": say("Write a whole number from 1 to {limit}.", limit=MAX_OBSERVE_ROWS),
    "API_PERMISSION_CLASSES": (
        say('Write a list of dotted names, as in ["rest_framework.permissions.IsAdminUser"].')
    ),
    GUARDRAILS: say('Write a dict, as in {"ALLOWED_ORIGINS": ["https://*.example.com"], "MAX_AGE": 3600}.'),
}


def _forget(*, setting: str, **_kwargs: object) -> None:
    if setting in {SETTING, "DATABASES", "CACHES"}:
        get_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cors_policies.conf")
