"""Tests of guard rails: what may no policy of this site allow, whoever edits it?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.covering import covers
from cors_policies.core.guardrails import NO_GUARDRAILS, Guardrails, OriginLimit, check_guardrails
from cors_policies.core.origins import parse_origin_pattern
from cors_policies.core.policy import Policy
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.core.validation import check_policy, joining_problems
from tests import strategies
from tests.core.assertions import says_what_to_do

Said = tuple[str, str, object]


def rails(**given: object) -> Guardrails:
    """Guard rails that can be read."""
    found, problems = check_guardrails(given)
    assert problems == ()
    return found


def said(document: dict[str, Any], limits: Guardrails) -> list[Said]:
    """Code, place and value of every problem of a policy, each of which says what to do."""
    problems = check_policy({"name": "api", "path": "/api/**", **document}, {}, limits)[1]
    assert all(says_what_to_do(problem.message) for problem in problems)
    return [(problem.code, problem.attr, problem.value) for problem in problems]


class TestAllowedOrigins:
    """ALLOWED_ORIGINS must cover every allowed origin."""

    RAILS = rails(ALLOWED_ORIGINS=["https://*.example.com", "http://localhost:*", r"~https://a[0-9]\.test"])

    @pytest.mark.parametrize(
        "origin",
        [
            "https://app.example.com",
            "HTTPS://App.Example.com/",
            "https://*.example.com",
            "https://*.team.example.com",
            "https://dev-*.example.com",
            "http://localhost:3000",
            "http://localhost:*",
            "https://a7.test",
            r"~https://a[0-9]\.test",
        ],
    )
    def test_covered_is_taken(self, origin: str) -> None:
        assert said({"allowed_origins": [origin]}, self.RAILS) == []

    @pytest.mark.parametrize(
        "origin",
        [
            "https://example.com",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://*.example.com:*",
            "https://*.com",
            "https://evil.test",
            "https://*.test",
            r"~https://a[0-8]\.test",
            "*",
            "null",
            "app://*",
        ],
    )
    def test_not_covered_is_refused_where_it_stands(self, origin: str) -> None:
        document = {"allowed_origins": ["https://app.example.com", "http://localhost", origin]}

        assert said(document, self.RAILS) == [("guardrail", "allowed_origins.2", origin)]

    def test_schemes_with_dots_are_not_mixed_up_with_hosts(self) -> None:
        rails, _ = check_guardrails({"ALLOWED_ORIGINS": ["com.example.app://*.foo.com"]})

        assert [*rails.breaches(["com.example.app://x.foo.com"])] == []
        assert [breach.pattern for breach in rails.breaches(["com://x.example.app.foo.com"])] == [
            "com://x.example.app.foo.com"
        ]

    def test_empty_covers_nothing_and_a_shield_is_still_possible(self) -> None:
        assert said({"allowed_origins": ["https://a.test"]}, rails(ALLOWED_ORIGINS=[])) != []
        assert said({"allowed_origins": []}, rails(ALLOWED_ORIGINS=[])) == []

    def test_any_covers_all(self) -> None:
        assert said({"allowed_origins": ["*"]}, rails(ALLOWED_ORIGINS=["*"])) == []

    @pytest.mark.parametrize("mode", ["live", "off"])
    def test_mode_and_end_make_no_difference(self, mode: str) -> None:
        document = {"allowed_origins": ["null"], "mode": mode, "expires_at": "2001-01-01T00:00:00Z"}

        assert said(document, self.RAILS) == [("guardrail", "allowed_origins.0", "null")]

    def test_message_names_what_covers(self) -> None:
        (problem,) = check_policy({"name": "a", "path": "/", "allowed_origins": ["null"]}, {}, self.RAILS)[1]

        assert '"null"' in problem.message
        assert "ALLOWED_ORIGINS" in problem.message
        assert "https://*.example.com, http://localhost:*" in problem.message

    def test_message_names_a_few_of_many(self) -> None:
        many = rails(ALLOWED_ORIGINS=[f"https://a{number}.test" for number in range(100)])
        (problem,) = check_policy({"name": "a", "path": "/", "allowed_origins": ["null"]}, {}, many)[1]

        assert problem.message.count("https://") == 5
        assert "..." in problem.message


class TestCredentialedOrigins:
    """CREDENTIALED_ORIGINS must cover every origin of a policy with credentials, and of no other."""

    RAILS = rails(CREDENTIALED_ORIGINS=["https://*.example.com"])

    def test_without_credentials_all_are_taken(self) -> None:
        assert said({"allowed_origins": ["*"]}, self.RAILS) == []

    def test_with_credentials_what_is_not_covered_is_refused(self) -> None:
        document = {
            "allowed_origins": ["https://app.example.com", "https://b.test"],
            "allow_credentials": True,
        }

        assert said(document, self.RAILS) == [("guardrail", "allowed_origins.1", "https://b.test")]

    def test_other_rules_speak_for_themselves(self) -> None:
        assert said({"allowed_origins": ["*"], "allow_credentials": True}, self.RAILS) == [
            ("credentials-any-origin", "allowed_origins.0", "*"),
            ("guardrail", "allowed_origins.0", "*"),
        ]

    def test_both_rails_hold(self) -> None:
        both = rails(ALLOWED_ORIGINS=["https://*.test"], CREDENTIALED_ORIGINS=["https://a.test"])
        document = {"allowed_origins": ["https://a.test", "https://b.test"], "allow_credentials": True}

        assert said(document, both) == [("guardrail", "allowed_origins.1", "https://b.test")]


class TestForbidAnyOriginPaths:
    """A policy whose pattern could match what one of the paths matches may not allow ``*``."""

    RAILS = rails(FORBID_ANY_ORIGIN_PATHS=["/admin/**", "/api/*/private"])

    @pytest.mark.parametrize(
        "path", ["/admin", "/admin/users", "/**", "/*", "/a*/x", "/api/1/private", "/api/**", "/**/private"]
    )
    def test_any_origin_is_refused(self, path: str) -> None:
        document = {"path": path, "allowed_origins": ["*"]}

        assert said(document, self.RAILS) == [("guardrail", "allowed_origins.0", "*")]

    @pytest.mark.parametrize("path", ["/", "/public/**", "/api/private", "/api/1/private/x", "/*/users/1"])
    def test_any_origin_is_taken_elsewhere(self, path: str) -> None:
        limits = rails(FORBID_ANY_ORIGIN_PATHS=["/admin", "/admin/*", "/api/*/private"])

        assert said({"path": path, "allowed_origins": ["*"]}, limits) == []

    def test_other_origins_are_taken(self) -> None:
        origins = ["https://a.test", "null", "https://*.com", "app://*", r"~https://.*\.a\.test"]

        assert said({"path": "/admin", "allowed_origins": origins}, self.RAILS) == []

    @pytest.mark.parametrize("expression", ["~.*", "~https?://.*", r"~https://[a-z]+\.[a-z]+"])
    def test_an_expression_for_every_site_is_refused_as_well(self, expression: str) -> None:
        document = {"path": "/admin", "allowed_origins": [expression]}

        assert said(document, self.RAILS) == [("guardrail", "allowed_origins.0", expression)]

    def test_path_that_is_none_is_reported_alone(self) -> None:
        assert said({"path": "admin", "allowed_origins": ["*"]}, self.RAILS) == [
            ("invalid-path", "path", "admin")
        ]


class TestMaxAge:
    """MAX_AGE is the largest max-age; without one a browser takes 5 seconds."""

    @pytest.mark.parametrize("max_age", [0, 299, 300, None])
    def test_up_to_it_is_taken(self, max_age: int | None) -> None:
        assert said({"max_age": max_age}, rails(MAX_AGE=300)) == []

    @pytest.mark.parametrize(("max_age", "limit"), [(301, 300), (86400, 86399), (1, 0), (None, 4)], ids=str)
    def test_beyond_is_refused(self, max_age: int | None, limit: int) -> None:
        assert said({"max_age": max_age}, rails(MAX_AGE=limit)) == [("guardrail", "max_age", max_age)]

    def test_default_is_a_value_too(self) -> None:
        assert said({}, rails(MAX_AGE=599)) == [("guardrail", "max_age", 600)]

    @pytest.mark.parametrize("max_age", ["1", -1, 86401])
    def test_what_is_none_is_reported_alone(self, max_age: object) -> None:
        assert [code for code, _, _ in said({"max_age": max_age}, rails(MAX_AGE=1))] != ["guardrail"]
        assert len(said({"max_age": max_age}, rails(MAX_AGE=1))) == 1


class TestGroups:
    """Through a group, the place is that of the group."""

    LIMITS = rails(
        ALLOWED_ORIGINS=["*"],
        CREDENTIALED_ORIGINS=["https://a.test"],
        FORBID_ANY_ORIGIN_PATHS=["/admin"],
    )

    def problems(self, **keys: Any) -> list[tuple[str, str]]:
        document = {
            "origin_groups": [
                {"name": "fine", "origins": ["https://a.test"]},
                {"name": "open", "origins": ["https://b.test", "*"]},
                {"name": "other", "origins": ["https://b.test"]},
            ],
            "policies": [{"name": "api", "path": "/api", **keys}],
        }
        try:
            parse_policy_set(document, {}, self.LIMITS)
        except InvalidPolicyError as error:
            return [(problem.code, problem.attr) for problem in error.problems]
        return []

    def test_credentialed(self) -> None:
        assert self.problems(origin_groups=["fine", "other"], allow_credentials=True) == [
            ("guardrail", "policies.0.origin_groups.1")
        ]
        assert self.problems(origin_groups=["fine", "other"]) == []

    def test_any_origin(self) -> None:
        assert self.problems(origin_groups=["fine", "open"], path="/admin/") == [
            ("guardrail", "policies.0.origin_groups.1")
        ]
        assert self.problems(origin_groups=["fine", "open"]) == []

    def test_group_of_nobody_is_free(self) -> None:
        document = {"origin_groups": [{"name": "g", "origins": ["https://b.test"]}], "policies": []}

        assert parse_policy_set(document, {}, rails(ALLOWED_ORIGINS=[])).origin_groups


class TestJoining:
    """Patterns that join a stored policy are held to the rails, and the message names the policy."""

    ENTRIES = ((None, parse_origin_pattern("*")), (3, parse_origin_pattern("https://b.test")))

    def test_each_is_placed(self) -> None:
        policy = Policy(name="api", path="/api")
        problems = joining_problems(
            policy, self.ENTRIES, "patterns", rails(ALLOWED_ORIGINS=["https://a.test"])
        )

        assert [(problem.code, problem.attr) for problem in problems] == [
            ("guardrail", "patterns"),
            ("guardrail", "patterns.3"),
        ]
        assert all(problem.message.startswith('Policy "api": ') for problem in problems)

    def test_its_path_and_credentials_count(self) -> None:
        limits = rails(CREDENTIALED_ORIGINS=["*"], FORBID_ANY_ORIGIN_PATHS=["/admin/**"])

        assert joining_problems(Policy(name="api", path="/api"), self.ENTRIES, "patterns", limits) == ()
        assert len(joining_problems(Policy(name="a", path="/admin"), self.ENTRIES, "patterns", limits)) == 1

    def test_rules_of_credentials_hold_too(self) -> None:
        policy = Policy(name="api", path="/api", allow_credentials=True)

        assert [
            problem.code
            for problem in joining_problems(policy, self.ENTRIES, "p", rails(ALLOWED_ORIGINS=["*"]))
        ] == ["credentials-any-origin"]


class TestSettings:
    """What cannot be read is reported, and taken in the safe direction."""

    @pytest.mark.parametrize(
        ("given", "problems"),
        [
            ({"COLOUR": 1}, [("unknown-key", "COLOUR")]),
            ({"allowed_origins": []}, [("unknown-key", "allowed_origins")]),
            ({7: 1}, [("unknown-key", "7")]),
            ({"ALLOWED_ORIGINS": "https://a.test"}, [("invalid", "ALLOWED_ORIGINS")]),
            ({"ALLOWED_ORIGINS": None}, [("invalid", "ALLOWED_ORIGINS")]),
            ({"ALLOWED_ORIGINS": ["https://a.test", 7]}, [("invalid", "ALLOWED_ORIGINS.1")]),
            ({"CREDENTIALED_ORIGINS": ["a.test"]}, [("invalid-origin", "CREDENTIALED_ORIGINS.0")]),
            ({"CREDENTIALED_ORIGINS": ["~("]}, [("invalid-origin", "CREDENTIALED_ORIGINS.0")]),
            ({"FORBID_ANY_ORIGIN_PATHS": ["/a", "b"]}, [("invalid-path", "FORBID_ANY_ORIGIN_PATHS.1")]),
            ({"FORBID_ANY_ORIGIN_PATHS": {"/a": 1}}, [("invalid", "FORBID_ANY_ORIGIN_PATHS")]),
            ({"MAX_AGE": "1"}, [("invalid", "MAX_AGE")]),
            ({"MAX_AGE": None}, [("invalid", "MAX_AGE")]),
            ({"MAX_AGE": True}, [("invalid", "MAX_AGE")]),
            ({"MAX_AGE": -1}, [("invalid", "MAX_AGE")]),
            ({"MAX_AGE": 86401}, [("invalid", "MAX_AGE")]),
            (
                {"ALLOWED_ORIGINS": ["x"], "MAX_AGE": ""},
                [("invalid-origin", "ALLOWED_ORIGINS.0"), ("invalid", "MAX_AGE")],
            ),
        ],
    )
    def test_is_reported(self, given: dict[Any, object], problems: list[tuple[str, str]]) -> None:
        found = check_guardrails(given)[1]

        assert [(problem.code, problem.attr) for problem in found] == problems
        assert all(says_what_to_do(problem.message) for problem in found)

    @pytest.mark.parametrize(
        "given", [{"ALLOWED_ORIGINS": "https://a.test"}, {"ALLOWED_ORIGINS": ["x"]}], ids=str
    )
    def test_unreadable_origins_cover_nothing(self, given: dict[str, object]) -> None:
        limits = check_guardrails(given)[0]

        assert said({"allowed_origins": ["https://a.test"]}, limits) == [
            ("guardrail", "allowed_origins.0", "https://a.test")
        ]

    def test_readable_entries_cover(self) -> None:
        limits = check_guardrails({"ALLOWED_ORIGINS": ["x", "https://a.test"]})[0]

        assert said({"allowed_origins": ["https://a.test"]}, limits) == []

    @pytest.mark.parametrize("value", ["/a", ["/a", "b"], 7], ids=str)
    def test_unreadable_paths_are_every_path(self, value: object) -> None:
        limits = check_guardrails({"FORBID_ANY_ORIGIN_PATHS": value})[0]

        assert len(said({"path": "/elsewhere", "allowed_origins": ["*"]}, limits)) == 1

    def test_unreadable_max_age_is_none_at_all(self) -> None:
        assert len(said({"max_age": 1}, check_guardrails({"MAX_AGE": "1"})[0])) == 1

    def test_nothing_given_forbids_nothing(self) -> None:
        assert check_guardrails({}) == (NO_GUARDRAILS, ())
        assert not NO_GUARDRAILS.limits_origins


class TestLimit:
    """The index of a limit gives the answer of ``covers``, pattern by pattern."""

    @given(st.lists(strategies.origin_patterns(), max_size=6), strategies.origin_patterns())
    def test_agrees_with_covers(self, texts: list[str], text: str) -> None:
        patterns = tuple(map(parse_origin_pattern, texts))
        narrower = parse_origin_pattern(text)

        assert OriginLimit(patterns).covers(narrower.text) == any(
            covers(wider, narrower) for wider in patterns
        )

    @given(strategies.policy_set_documents())
    def test_without_rails_nothing_is_refused(self, document: dict[str, Any]) -> None:
        assert parse_policy_set(document, {}, NO_GUARDRAILS) == parse_policy_set(
            document, {}, rails(ALLOWED_ORIGINS=["*"], CREDENTIALED_ORIGINS=["*"], MAX_AGE=86400)
        )
