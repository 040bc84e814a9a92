"""Does the adopted set do what the settings did, and is everything else named or refused?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.adoption import adopting
from cors_policies.core.adoption.adopting import adopt
from cors_policies.core.adoption.settings import DEFAULTS, FOREIGN_SETTINGS
from cors_policies.core.policy_set import parse_policy_set

ORIGIN = "https://app.example"
ONE = {"CORS_ALLOWED_ORIGINS": [ORIGIN]}
ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        "",
        "(",
        "*",
        "GET",
        b"x",
        len,
        object(),
        [None],
        ["*"],
        ["("],
        {},
        [re.compile(b"x")],
    ]
)


def only_policy(given: Mapping[str, object]) -> dict[str, Any]:
    """The single policy of the document."""
    document = adopt(given).document
    assert document is not None
    (found,) = document["policies"]
    return dict(found)


def said(given: Mapping[str, object]) -> list[tuple[str, str]]:
    """The notes, after which the set is adopted."""
    found = adopt(given)
    assert (found.document is None, found.refusals) == (False, ())
    return [(note.setting, note.reason) for note in found.notes]


class TestDocument:
    """It has every key, and the defaults of django-cors-headers where nothing is set."""

    def test_of_one_origin(self) -> None:
        found = adopt(ONE)

        assert (found.refusals, found.notes) == ((), ())
        assert only_policy(ONE) == {
            "name": "corsheaders",
            "description": "Adopted from the settings of django-cors-headers.",
            "mode": "live",
            "host": "",
            "path": "/**",
            "priority": 100,
            "allowed_origins": [ORIGIN],
            "origin_groups": [],
            "allowed_methods": ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"],
            "allowed_headers": [*DEFAULTS["CORS_ALLOW_HEADERS"]],
            "exposed_headers": [],
            "allow_credentials": False,
            "max_age": 86400,
            "allow_private_network": False,
            "reject_denied": False,
            "tolerate_insecure_origins": False,
            "tolerate_public_suffixes": False,
            "tolerate_credentialed_regex": False,
            "trust_for_csrf": False,
            "expires_at": None,
        }

    def test_of_nothing_lets_nobody_in(self) -> None:
        assert (only_policy({})["allowed_origins"], [name for name, _ in said({})]) == (
            [],
            ["CORS_ALLOWED_ORIGINS"],
        )

    def test_of_several_paths_has_a_policy_for_each(self) -> None:
        document = adopt({**ONE, "CORS_URLS_REGEX": "^/(a|b)"}).document
        assert document is not None

        assert [(found["name"], found["path"]) for found in document["policies"]] == [
            ("corsheaders-1", "/a*/**"),
            ("corsheaders-2", "/b*/**"),
        ]


class TestEachSetting:
    """It is carried over, and what is not exact about it is said under the name that was set."""

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"CORS_ORIGIN_WHITELIST": [ORIGIN, f"{ORIGIN}/"]}, {"allowed_origins": [ORIGIN]}),
            ({"CORS_ORIGIN_REGEX_WHITELIST": ["^https://a$"]}, {"allowed_origins": ["~^https://a$"]}),
            ({"CORS_ORIGIN_ALLOW_ALL": True}, {"allowed_origins": ["*"]}),
            ({"CORS_ALLOW_ALL_ORIGINS": True}, {"allowed_origins": ["*"]}),
            (
                {**ONE, "CORS_ALLOW_CREDENTIALS": True},
                {"allow_credentials": True, "tolerate_insecure_origins": False},
            ),
            ({**ONE, "CORS_ALLOW_HEADERS": ["X-A"]}, {"allowed_headers": ["x-a"]}),
            ({**ONE, "CORS_ALLOW_METHODS": ["GET", "POST"]}, {"allowed_methods": ["GET", "POST"]}),
            ({**ONE, "CORS_ALLOW_PRIVATE_NETWORK": True}, {"allow_private_network": True}),
            ({**ONE, "CORS_EXPOSE_HEADERS": ["X-A"]}, {"exposed_headers": ["x-a"]}),
            ({**ONE, "CORS_PREFLIGHT_MAX_AGE": 0}, {"max_age": None}),
            ({**ONE, "CORS_URLS_REGEX": "^/api"}, {"path": "/api*/**"}),
        ],
    )
    def test_exactly(self, given: dict[str, Any], expected: dict[str, Any]) -> None:
        found = only_policy(given)

        assert said(given) == []
        assert {key: found[key] for key in expected} == expected

    @pytest.mark.parametrize(
        ("given", "setting", "text", "expected"),
        [
            (
                {"CORS_ORIGIN_WHITELIST": ["x"]},
                "CORS_ORIGIN_WHITELIST",
                '"x" has no scheme',
                {"allowed_origins": []},
            ),
            (
                {"CORS_ORIGIN_REGEX_WHITELIST": ["("]},
                "CORS_ORIGIN_REGEX_WHITELIST",
                "left out",
                {"allowed_origins": []},
            ),
            (
                {**ONE, "CORS_ALLOW_ALL_ORIGINS": True},
                "CORS_ALLOWED_ORIGINS",
                "did nothing",
                {"allowed_origins": ["*"]},
            ),
            (
                {"CORS_ALLOW_ALL_ORIGINS": True, "CORS_ALLOWED_ORIGIN_REGEXES": ["a"]},
                "CORS_ALLOWED_ORIGIN_REGEXES",
                "did nothing",
                {"allowed_origins": ["*"]},
            ),
            (
                {"CORS_ALLOWED_ORIGINS": ["http://a.example"], "CORS_ALLOW_CREDENTIALS": True},
                "CORS_ALLOWED_ORIGINS",
                "http://a.example is not https",
                {"tolerate_insecure_origins": True, "tolerate_credentialed_regex": False},
            ),
            (
                {"CORS_ALLOWED_ORIGIN_REGEXES": ["^https://a$"], "CORS_ALLOW_CREDENTIALS": True},
                "CORS_ALLOWED_ORIGIN_REGEXES",
                "tolerate_credentialed_regex is set",
                {"tolerate_insecure_origins": False, "tolerate_credentialed_regex": True},
            ),
            (
                {**ONE, "CORS_ALLOW_METHODS": ["PUT"]},
                "CORS_ALLOW_METHODS",
                "lacks GET",
                {"allowed_methods": ["PUT"]},
            ),
            (
                {**ONE, "CORS_ALLOW_HEADERS": ["dnt"]},
                "CORS_ALLOW_HEADERS",
                "dnt can be set",
                {"allowed_headers": []},
            ),
            (
                {**ONE, "CORS_EXPOSE_HEADERS": ["x y"]},
                "CORS_EXPOSE_HEADERS",
                "is no name",
                {"exposed_headers": []},
            ),
            (
                {**ONE, "CORS_PREFLIGHT_MAX_AGE": 86401},
                "CORS_PREFLIGHT_MAX_AGE",
                "Set to 86400",
                {"max_age": 86400},
            ),
            ({**ONE, "CORS_URLS_REGEX": "^/api/"}, "CORS_URLS_REGEX", "wider", {"path": "/api/**"}),
        ],
    )
    def test_or_says_so(
        self, given: dict[str, Any], setting: str, text: str, expected: dict[str, Any]
    ) -> None:
        ((name, reason),) = said(given)

        found = only_policy(given)
        assert (name, text in reason) == (setting, True), reason
        assert {key: found[key] for key in expected} == expected

    @pytest.mark.parametrize("lists", [{"CORS_ALLOW_METHODS": ["P T"]}, {"CORS_ALLOW_HEADERS": "x-a"}])
    def test_list_that_fails_every_preflight_still_does(self, lists: dict[str, Any]) -> None:
        found = only_policy({**ONE, **lists})

        assert (found["allowed_methods"], found["allowed_headers"]) == (["GET", "HEAD", "POST"], [])
        assert any("fail every preflight" in reason for _, reason in said({**ONE, **lists}))


class TestRefused:
    """Where no set does the same, there is none, and the setting says what to write."""

    @pytest.mark.parametrize(
        ("given", "setting", "text"),
        [
            (
                {"CORS_ALLOW_ALL_ORIGINS": True, "CORS_ALLOW_CREDENTIALS": True},
                "CORS_ALLOW_ALL_ORIGINS",
                "List the origins",
            ),
            (
                {"CORS_ORIGIN_ALLOW_ALL": True, "CORS_ALLOW_CREDENTIALS": True},
                "CORS_ORIGIN_ALLOW_ALL",
                "List the origins",
            ),
            (
                {"CORS_ALLOWED_ORIGINS": ["null"], "CORS_ALLOW_CREDENTIALS": True},
                "CORS_ALLOWED_ORIGINS",
                "Remove null",
            ),
            (
                {"CORS_ALLOWED_ORIGIN_REGEXES": [".*"], "CORS_ALLOW_CREDENTIALS": True},
                "CORS_ALLOWED_ORIGIN_REGEXES",
                "lets every site in",
            ),
            (
                {**ONE, "CORS_URLS_REGEX": r"^/\d+/"},
                "CORS_URLS_REGEX",
                "cannot be translated. No path pattern",
            ),
            ({**ONE, "CORS_URLS_REGEX": 7}, "CORS_URLS_REGEX", "is no regular expression"),
        ],
    )
    def test_says_what_to_write(self, given: dict[str, Any], setting: str, text: str) -> None:
        found = adopt(given)

        ((name, reason),) = found.refusals
        assert (found.document, name, text in reason) == (None, setting, True), reason

    def test_without_re2_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(adopting, "load_re2", lambda: None)

        found = adopt({**ONE, "CORS_ALLOWED_ORIGIN_REGEXES": ["^https://a$"]})

        ((name, reason),) = found.refusals
        assert (found.document, name) == (None, "CORS_ALLOWED_ORIGIN_REGEXES")
        assert "pip install google-re2" in reason
        assert adopt(ONE).document is not None

    def test_says_which_rule_refuses_another_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever validation refuses belongs to a setting."""
        monkeypatch.setattr(adopting, "MAX_MAX_AGE", 90_000)

        ((name, reason),) = adopt({**ONE, "CORS_PREFLIGHT_MAX_AGE": 90_000}).refusals

        assert name == "CORS_PREFLIGHT_MAX_AGE"
        assert reason.startswith("is refused, max-age-out-of-range: ")


class TestAnything:
    """Whatever the settings hold, there is a valid set or a reason, and never an error."""

    @given(given=st.dictionaries(st.sampled_from([*FOREIGN_SETTINGS, "CORS_OTHER"]), ODD, max_size=5))
    def test_is_adopted_or_refused(self, given: dict[str, object]) -> None:
        found = adopt(given)

        assert (found.document is None) == bool(found.refusals)
        if found.document is not None:
            assert parse_policy_set(found.document).to_document() == found.document
        assert all(
            note.setting in {*FOREIGN_SETTINGS, "CORS_OTHER"} for note in (*found.notes, *found.refusals)
        )
