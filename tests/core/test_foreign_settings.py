"""Are the settings of django-cors-headers read as django-cors-headers reads them?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from corsheaders.conf import conf
from django.test import override_settings

from cors_policies.core.adoption.settings import (
    DEFAULTS,
    FOREIGN_SETTINGS,
    OLD_NAMES,
    REMOVED,
    read_foreign_settings,
)

FIELDS = {
    "CORS_ALLOWED_ORIGINS": "allowed_origins",
    "CORS_ALLOWED_ORIGIN_REGEXES": "allowed_origin_regexes",
    "CORS_ALLOW_ALL_ORIGINS": "allow_all_origins",
    "CORS_ALLOW_CREDENTIALS": "allow_credentials",
    "CORS_ALLOW_HEADERS": "allow_headers",
    "CORS_ALLOW_METHODS": "allow_methods",
    "CORS_ALLOW_PRIVATE_NETWORK": "allow_private_network",
    "CORS_EXPOSE_HEADERS": "expose_headers",
    "CORS_PREFLIGHT_MAX_AGE": "max_age",
    "CORS_URLS_REGEX": "urls_regex",
}
ORIGINS = {"CORS_ALLOWED_ORIGINS": ["https://a.example"]}


class Unkind:
    """Neither true nor false, and not to be shown."""

    def __bool__(self) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


def read(given: dict[str, Any], field: str) -> tuple[Any, list[tuple[str, str]]]:
    """The value of one field, and the notes."""
    found, notes = read_foreign_settings({**ORIGINS, **given})
    return getattr(found, field), [(note.setting, note.reason) for note in notes]


class TestDefaults:
    """What is not set has the default of django-cors-headers, and what it knows is known."""

    def test_are_those_of_the_package(self) -> None:
        assert {name: getattr(conf, name) for name in DEFAULTS} == dict(DEFAULTS)

    def test_are_all_that_the_package_reads(self) -> None:
        properties = {name for name, value in vars(type(conf)).items() if isinstance(value, property)}

        assert properties == set(DEFAULTS) == set(FIELDS)
        assert set(FOREIGN_SETTINGS) == {*DEFAULTS, *OLD_NAMES, *REMOVED}

    def test_are_in_force_where_nothing_is_set(self) -> None:
        found, notes = read_foreign_settings({})

        assert {name: getattr(found, field) for name, field in FIELDS.items()} == dict(DEFAULTS)
        assert [(note.setting, "nobody is" in note.reason) for note in notes] == [
            ("CORS_ALLOWED_ORIGINS", True)
        ]


class TestNames:
    """An old name is read where the new one is not set, as django-cors-headers does."""

    @pytest.mark.parametrize(("old", "new"), OLD_NAMES.items())
    @pytest.mark.parametrize("value", [["https://b.example"], []])
    @pytest.mark.parametrize("other", [None, ["https://c.example"], []])
    def test_the_same_wins(self, old: str, new: str, value: Any, other: Any) -> None:
        convert = bool if new == "CORS_ALLOW_ALL_ORIGINS" else list
        given = {old: convert(value)} | ({} if other is None else {new: convert(other)})

        found, notes = read_foreign_settings(given)

        with override_settings(**given):
            assert convert(getattr(found, FIELDS[new])) == getattr(conf, new)
        assert found.names[new] == (old if other is None else new)
        expected = [] if other is None else [(old, f"was not read beside {new}, and is not carried over.")]
        assert [tuple(note) for note in notes if note.setting == old] == expected

    @pytest.mark.parametrize("name", [*REMOVED, "CORS_ALLOWED_ORIGINS_REGEXES", "CORS_ORIGINS"])
    def test_that_nothing_reads_are_noted(self, name: str) -> None:
        _, notes = read_foreign_settings({**ORIGINS, name: object()})

        assert [(note.setting, "carried over" in note.reason) for note in notes] == [(name, True)]


class TestValues:
    """A value of another type is read as far as django-cors-headers makes sense of it, and noted."""

    @pytest.mark.parametrize(
        ("setting", "value", "expected"),
        [
            ("CORS_ALLOWED_ORIGINS", ("https://a.example",), ("https://a.example",)),
            ("CORS_ALLOWED_ORIGINS", {"b", "a"}, ("a", "b")),
            ("CORS_ALLOWED_ORIGIN_REGEXES", [re.compile("a"), "b"], (re.compile("a"), "b")),
            ("CORS_URLS_REGEX", re.compile("^/a"), re.compile("^/a")),
            ("CORS_PREFLIGHT_MAX_AGE", 0, None),
            ("CORS_PREFLIGHT_MAX_AGE", None, None),
            ("CORS_PREFLIGHT_MAX_AGE", 5, 5),
            ("CORS_PREFLIGHT_MAX_AGE", "600", 600),
        ],
    )
    def test_good_ones_are_read(self, setting: str, value: Any, expected: Any) -> None:
        assert read({setting: value}, FIELDS[setting]) == (expected, [])

    @pytest.mark.parametrize(
        ("setting", "value", "expected", "said"),
        [
            ("CORS_ALLOWED_ORIGINS", "https://a.example", (), "is 'https://a.example', no list."),
            ("CORS_ALLOWED_ORIGINS", len, (), "is <built-in function len>, no list."),
            ("CORS_ALLOWED_ORIGINS", None, (), "is None, no list."),
            ("CORS_ALLOWED_ORIGINS", ["a", 7, b"b"], ("a",), "7 is no text. It is left out."),
            ("CORS_ALLOWED_ORIGIN_REGEXES", [7], (), "7 is no regular expression."),
            ("CORS_ALLOWED_ORIGIN_REGEXES", [re.compile(b"a")], (), "is no regular expression of text."),
            ("CORS_ALLOW_METHODS", "GET", None, "is 'GET', no list."),
            ("CORS_ALLOW_HEADERS", 7, None, "is 7, no list."),
            ("CORS_EXPOSE_HEADERS", Unkind(), None, "is a Unkind, no list."),
            ("CORS_ALLOW_ALL_ORIGINS", "False", True, "is 'False', no bool. It counts as True, as it did."),
            ("CORS_ALLOW_CREDENTIALS", None, False, "is None, no bool. It counts as False"),
            ("CORS_ALLOW_CREDENTIALS", Unkind(), False, "is a Unkind, no bool. It counts as False"),
            ("CORS_ALLOW_PRIVATE_NETWORK", "x" * 200, True, f"is '{'x' * 79}..., no bool."),
            ("CORS_PREFLIGHT_MAX_AGE", -1, None, "is -1, no number of seconds."),
            ("CORS_PREFLIGHT_MAX_AGE", 1.5, None, "is 1.5, no number of seconds."),
            ("CORS_PREFLIGHT_MAX_AGE", True, None, "is True, no number of seconds."),
            ("CORS_URLS_REGEX", None, None, "None is no regular expression of text."),
        ],
    )
    def test_others_are_noted(self, setting: str, value: Any, expected: Any, said: str) -> None:
        found, notes = read({setting: value}, FIELDS[setting])

        assert found == expected
        assert {name for name, _ in notes} == {setting}
        assert said in notes[0][1]
