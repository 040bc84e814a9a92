"""Tests of validation: is this document a policy, a group or an origin that we accept?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.credentials import Offence
from cors_policies.core.guardrails import check_guardrails
from cors_policies.core.origins import parse_origin_pattern
from cors_policies.core.policy import DescribedOrigin, OriginGroup, Policy
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.core.validation import (
    KnownGroups,
    check_group,
    check_origin,
    check_patterns,
    check_policy,
    credential_problems,
    find_objections,
    normalized_origins,
    parse_group,
    parse_policy,
)
from tests import strategies
from tests.core.assertions import says_what_to_do

MINIMAL: dict[str, object] = {"name": "api", "path": "/api/**"}
GROUPS: KnownGroups = {
    "partners": (),
    "everybody": (Offence("credentials-any-origin", "*"), Offence("csrf-needs-credentials", "*")),
    "old": (Offence("insecure-origin", "http://a.test"), Offence("credentials-null-origin", "null")),
}
KELVIN = "\u212a"
LONG_S = "\u017f"
UNPRINTABLE = (
    pytest.param(10**5000, id="too-large-to-print"),
    pytest.param(-(10**5000), id="too-small-to-print"),
)

Said = tuple[str, str, object]


def problems_of(document: object) -> list[Said]:
    """Code, place and value of every problem of a policy, each of which says what to do."""
    return _said(check_policy(document, GROUPS)[1])


def _said(problems: tuple[Problem, ...]) -> list[Said]:
    for problem in problems:
        assert says_what_to_do(problem.message), problem
    return [(problem.code, problem.attr, problem.value) for problem in problems]


def policy_of(**keys: Any) -> Policy:
    """The policy that a valid document describes."""
    return parse_policy({**MINIMAL, **keys}, GROUPS)


class TestAcceptedDocuments:
    """A document is a policy with the documented defaults for what it leaves out."""

    def test_the_least_document_has_every_default(self) -> None:
        assert policy_of() == Policy(name="api", path="/api/**")

    def test_every_key_is_taken(self) -> None:
        document = {
            "name": "Public_API-1",
            "description": "For\nall \u00e9 \U0001f600",
            "mode": "off",
            "host": "*.example.com",
            "path": "/v1/*/items",
            "priority": 0,
            "allowed_origins": ["https://a.test", "http://b.test", "https://*.com", "~https://c"],
            "origin_groups": ["partners"],
            "allowed_methods": ["PUT", "GET", "PURGE"],
            "allowed_headers": ["x-b", "x-a"],
            "exposed_headers": ["x-c"],
            "allow_credentials": True,
            "max_age": None,
            "allow_private_network": True,
            "reject_denied": True,
            "tolerate_insecure_origins": True,
            "tolerate_public_suffixes": True,
            "tolerate_credentialed_regex": True,
            "trust_for_csrf": False,
            "expires_at": "2030-01-31T18:00:00Z",
            "resource_policy": "same-site",
            "timing_allow_origin": True,
        }

        assert parse_policy(document, GROUPS).to_document() == document

    @pytest.mark.parametrize("document", [{}, [], None, "", 1, True, "name", ["name"]])
    def test_only_an_object_is_a_policy_a_group_or_an_origin(self, document: object) -> None:
        if document == {}:
            assert problems_of(document) == [("required", "name", None), ("required", "path", None)]
            return

        for problems in (check_policy(document, {})[1], check_group(document)[1], check_origin(document)[1]):
            assert _said(problems) == [("invalid", "", document)]

    @pytest.mark.parametrize("name", ["a", "A-1_b", "-", "0", "a" * 100])
    def test_names(self, name: str) -> None:
        assert policy_of(name=name).name == name

    @pytest.mark.parametrize(
        ("key", "values"),
        [
            ("mode", ["live", "trial", "off"]),
            ("priority", [0, 100, 32767]),
            ("max_age", [None, 0, 600, 86400]),
            ("allow_credentials", [True, False]),
            ("resource_policy", [None, "same-origin", "same-site", "cross-origin"]),
            ("timing_allow_origin", [True, False]),
            ("description", ["", "a" * 10_000, "\u00e9\n\t"]),
        ],
    )
    def test_values_at_the_limits(self, key: str, values: list[object]) -> None:
        for value in values:
            assert getattr(policy_of(**{key: value}), key) == value


class TestWrongTypes:
    """A wrong type is ``invalid`` at its key, and inside a list at the entry."""

    @pytest.mark.parametrize(
        ("key", "values"),
        [
            ("name", [None, 1, True, [], {}, ["a"], 1.5, b"a"]),
            ("description", [None, 1, True, [], {}]),
            ("mode", [None, 1, True, [], {}]),
            ("host", [None, 1, True, [], {}]),
            ("path", [None, 1, True, [], {}]),
            ("priority", [None, True, False, "100", 100.0, float("nan"), [], {}]),
            ("max_age", [True, False, "600", 600.0, float("inf"), [], {}]),
            ("allowed_origins", [None, 1, True, "*", {}, {"*": 1}]),
            ("origin_groups", [None, 1, True, "partners", {}]),
            ("allowed_methods", [None, 1, True, "*", "GET", {}]),
            ("allowed_headers", [None, 1, True, "*", {}]),
            ("exposed_headers", [None, 1, True, "*", {}]),
            ("allow_credentials", [None, 0, 1, "true", "false", "", [], {}]),
            ("allow_private_network", [None, 0, 1, "true", [], {}]),
            ("reject_denied", [None, 0, 1, "true", [], {}]),
            ("tolerate_insecure_origins", [None, 0, 1, "true", [], {}]),
            ("tolerate_public_suffixes", [None, 0, 1, "true", [], {}]),
            ("tolerate_credentialed_regex", [None, 0, 1, "true", [], {}]),
            ("trust_for_csrf", [None, 0, 1, "true", [], {}]),
            ("expires_at", [0, 1893456000, True, "", "2030-01-31", "tomorrow", [], {}]),
            ("resource_policy", ["", "none", "Same-Site", " same-site", True, 0, [], ["same-site"], {}]),
            ("timing_allow_origin", [None, 0, 1, "true", "*", [], {}]),
        ],
    )
    def test_at_a_key(self, key: str, values: list[object]) -> None:
        for value in values:
            assert problems_of({**MINIMAL, key: value}) == [("invalid", key, value)]

    @pytest.mark.parametrize(
        "key", ["allowed_origins", "origin_groups", "allowed_methods", "allowed_headers", "exposed_headers"]
    )
    @pytest.mark.parametrize("entry", [None, 1, True, ["x-a"], {"x": "y"}])
    def test_at_an_entry(self, key: str, entry: object) -> None:
        good = {"allowed_origins": "https://a.test", "origin_groups": "partners", "allowed_methods": "GET"}

        document = {**MINIMAL, key: [good.get(key, "x-a"), entry, good.get(key, "x-a"), entry]}

        assert problems_of(document) == [("invalid", f"{key}.1", entry), ("invalid", f"{key}.3", entry)]


class TestInvalidValues:
    """A wrong slug, mode or priority is ``invalid``; a max-age has a code of its own."""

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("", id="empty"),
            pytest.param("a" * 101, id="over-100"),
            pytest.param("a b", id="space"),
            pytest.param(" a", id="leading-space"),
            pytest.param("a\n", id="trailing-newline"),
            pytest.param("a.b", id="dot"),
            pytest.param("a/b", id="slash"),
            pytest.param("\u00e9", id="not-ascii"),
            pytest.param(KELVIN, id="kelvin-sign"),
            pytest.param(LONG_S, id="long-s"),
            pytest.param("\u0661", id="arabic-digit"),
            pytest.param("a\x00", id="nul"),
            pytest.param("\ud800", id="lone-surrogate"),
        ],
    )
    def test_name(self, name: str) -> None:
        assert problems_of({**MINIMAL, "name": name}) == [("invalid", "name", name)]
        assert _said(check_group({"name": name})[1]) == [("invalid", "name", name)]

    @pytest.mark.parametrize("mode", ["", "Live", "LIVE", " live", "tried", "Trial", "on", f"{LONG_S}"])
    def test_mode(self, mode: str) -> None:
        assert problems_of({**MINIMAL, "mode": mode}) == [("invalid", "mode", mode)]

    @pytest.mark.parametrize("priority", [-1, 32768, *UNPRINTABLE])
    def test_priority(self, priority: int) -> None:
        assert problems_of({**MINIMAL, "priority": priority}) == [("invalid", "priority", priority)]

    @pytest.mark.parametrize("max_age", [-1, 86401, *UNPRINTABLE])
    def test_max_age(self, max_age: int) -> None:
        assert problems_of({**MINIMAL, "max_age": max_age}) == [("max-age-out-of-range", "max_age", max_age)]

    @pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\udfffb"])
    def test_description(self, text: str) -> None:
        assert problems_of({**MINIMAL, "description": text}) == [("invalid", "description", text)]


class TestMissingAndUnknownKeys:
    """``name`` and ``path`` are required; unknown keys are errors."""

    @pytest.mark.parametrize("key", ["name", "path"])
    def test_required(self, key: str) -> None:
        document = {other: value for other, value in MINIMAL.items() if other != key}

        assert problems_of(document) == [("required", key, None)]

    @pytest.mark.parametrize(
        "key",
        ["Name", "allowed_origin", "expires", "trust_csrf", "", " name", "a.b", "\x00", "\u00e9"],
    )
    def test_unknown(self, key: str) -> None:
        assert problems_of({**MINIMAL, key: "x"}) == [("unknown-key", key, "x")]

    def test_unknown_key_with_a_lone_surrogate_is_shown_escaped(self) -> None:
        assert problems_of({**MINIMAL, "\ud800": 1}) == [("unknown-key", "\\ud800", 1)]

    def test_unknown_key_that_is_no_text(self) -> None:
        document: dict[object, object] = {"name": "api", "path": "/", 1: "x"}

        assert problems_of(document) == [("unknown-key", "1", "x")]


class TestPatterns:
    """Malformed origins, paths and hosts have codes of their own, at the entry as it was submitted."""

    @pytest.mark.parametrize(
        "value", ["example.com", "", "https://*", "https://a\x00", "https://\ud800", "~(", "https://a/b"]
    )
    def test_invalid_origin(self, value: str) -> None:
        document = {**MINIMAL, "allowed_origins": ["https://a.test", value]}

        assert problems_of(document) == [("invalid-origin", "allowed_origins.1", value)]

    @pytest.mark.parametrize(
        "value", ["", "api", "/a//b", "/a?b", "/%41", "/a\x00", "/\ud800", "/**/a/**", "/../a"]
    )
    def test_invalid_path(self, value: str) -> None:
        assert problems_of({**MINIMAL, "path": value}) == [("invalid-path", "path", value)]

    @pytest.mark.parametrize(
        "value", ["a b", "a.test:80", "https://a.test", "*", "a\x00", "\ud800", "a" * 5000]
    )
    def test_invalid_host(self, value: str) -> None:
        assert problems_of({**MINIMAL, "host": value}) == [("invalid-host", "host", value)]

    def test_the_message_is_the_pattern_s_own(self) -> None:
        with pytest.raises(ValueError, match="no scheme") as caught:
            parse_origin_pattern("example.com")

        (problem,) = check_policy({**MINIMAL, "allowed_origins": ["example.com"]}, {})[1]

        assert problem.message == str(caught.value)

    def test_patterns_are_normalised(self) -> None:
        policy = policy_of(host=" API.Example.com ", path="/api/", allowed_origins=["HTTPS://A.test:443/"])

        assert (policy.host, policy.path, policy.allowed_origins) == (
            "api.example.com",
            "/api",
            ("https://a.test",),
        )

    @pytest.mark.parametrize("host", ["", " ", "\t\n"])
    def test_an_empty_host_is_every_host(self, host: str) -> None:
        assert policy_of(host=host).host == ""


class TestMethods:
    """Six names are upper-cased, forbidden methods refused, and a spelling of PATCH that no browser sends."""

    @pytest.mark.parametrize(
        ("entries", "stored"),
        [
            (
                ["get", "Head", "pOST", "put", "delete", "options"],
                ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"),
            ),
            (["PATCH"], ("PATCH",)),
            (["purge", "PURGE", "Link"], ("purge", "PURGE", "Link")),
            (["GET", "get", "PUT", "GET"], ("GET", "PUT")),
            (["*"], ("*",)),
            (["*", "GET"], ("*",)),
            (["GET", "*", "PUT", "*"], ("*",)),
            (["x*"], ("x*",)),
            ([], ()),
        ],
    )
    def test_accepts(self, entries: list[str], stored: tuple[str, ...]) -> None:
        assert policy_of(allowed_methods=entries).allowed_methods == stored

    @pytest.mark.parametrize("method", ["CONNECT", "TRACE", "TRACK", "connect", "Trace", "tRACK"])
    def test_forbidden(self, method: str) -> None:
        document = {**MINIMAL, "allowed_methods": ["GET", method]}

        assert problems_of(document) == [("forbidden-method", "allowed_methods.1", method)]

    @pytest.mark.parametrize(
        "method",
        ["", " ", "GET ", "G T", "GET,PUT", "GET\n", "\x00", "\ud800", f"TRAC{KELVIN}", f"PO{LONG_S}T"],
    )
    def test_invalid(self, method: str) -> None:
        document = {**MINIMAL, "allowed_methods": [method]}

        assert problems_of(document) == [("invalid-method", "allowed_methods.0", method)]

    @pytest.mark.parametrize("method", ["patch", "Patch", "pATCH"])
    def test_another_spelling_of_patch_is_refused_with_a_hint(self, method: str) -> None:
        (problem,) = check_policy({**MINIMAL, "allowed_methods": ["GET", method]}, {})[1]

        assert (problem.code, problem.attr, problem.value) == ("invalid-method", "allowed_methods.1", method)
        assert "Write PATCH" in problem.message


class TestRequestHeaders:
    """Names are stored in lower case; what no script can set is refused."""

    @pytest.mark.parametrize(
        ("entries", "stored"),
        [
            (["X-A", "x-b", "x-a"], ("x-a", "x-b")),
            (["Content-Type", "Authorization"], ("content-type", "authorization")),
            (["*"], ("*",)),
            (["*", "x-a", "authorization"], ("*", "authorization")),
            (["x-a", "Authorization", "*", "*"], ("authorization", "*")),
            (["proxy", "sec"], ("proxy", "sec")),
            ([], ()),
        ],
    )
    def test_accepts(self, entries: list[str], stored: tuple[str, ...]) -> None:
        assert policy_of(allowed_headers=entries).allowed_headers == stored

    @pytest.mark.parametrize(
        "name",
        [
            "Cookie",
            "origin",
            "Host",
            "proxy-a",
            "Sec-Fetch-Mode",
            "access-control-request-method",
            "access-control-request-private-network",
            "Access-Control-Allow-Origin",
            "access-control-allow-private-network",
            "access-control-max-age",
            "access-control-expose-headers",
        ],
    )
    def test_forbidden(self, name: str) -> None:
        document = {**MINIMAL, "allowed_headers": ["*", name]}

        assert problems_of(document) == [("forbidden-request-header", "allowed_headers.1", name)]

    @pytest.mark.parametrize(
        "name", ["", "x a", "x-a:", "x,y", " x", "x\n", "\x00", "\ud800", f"coo{KELVIN}ie"]
    )
    def test_invalid(self, name: str) -> None:
        document = {**MINIMAL, "allowed_headers": [name], "exposed_headers": [name]}

        assert problems_of(document) == [
            ("invalid-header", "allowed_headers.0", name),
            ("invalid-header", "exposed_headers.0", name),
        ]


class TestResponseHeaders:
    """Safelisted names are dropped; what no script can read is refused."""

    @pytest.mark.parametrize(
        ("entries", "stored"),
        [
            (["X-A", "x-b", "x-a"], ("x-a", "x-b")),
            (["Content-Length", "x-a", "Cache-Control", "content-language"], ("x-a",)),
            (["content-type", "expires", "last-modified", "pragma"], ()),
            (["*", "x-a", "authorization"], ("*",)),
            (["content-encoding", "etag"], ("content-encoding", "etag")),
            (["access-control-allow-origin", "cookie"], ("access-control-allow-origin", "cookie")),
            ([], ()),
        ],
    )
    def test_accepts(self, entries: list[str], stored: tuple[str, ...]) -> None:
        assert policy_of(exposed_headers=entries).exposed_headers == stored

    @pytest.mark.parametrize(
        "name",
        [
            "Set-Cookie",
            "set-cookie2",
            "Origin",
            "Access-Control-Request-Method",
            "access-control-request-headers",
            "access-control-request-private-network",
        ],
    )
    def test_forbidden(self, name: str) -> None:
        document = {**MINIMAL, "exposed_headers": ["x-a", name]}

        assert problems_of(document) == [("forbidden-response-header", "exposed_headers.1", name)]

    def test_any_is_a_literal_beside_credentials(self) -> None:
        document = {**MINIMAL, "exposed_headers": ["x-a", "*", "*"], "allow_credentials": True}

        assert problems_of(document) == [
            ("credentials-expose-any", "exposed_headers.1", "*"),
            ("credentials-expose-any", "exposed_headers.2", "*"),
        ]


class TestOrigins:
    """Repeated entries are dropped, and beside ``*`` all others."""

    @pytest.mark.parametrize(
        ("entries", "stored"),
        [
            (["https://b.test", "https://a.test", "https://b.test/"], ("https://b.test", "https://a.test")),
            (["https://a.test", "*", "null", "~.*"], ("*",)),
            (["null", "https://a.test"], ("null", "https://a.test")),
            ([], ()),
        ],
    )
    def test_accepts(self, entries: list[str], stored: tuple[str, ...]) -> None:
        assert policy_of(allowed_origins=entries).allowed_origins == stored
        assert parse_group({"name": "g", "origins": entries}).origins == stored
        found, _ = check_patterns(entries, "patterns")
        assert normalized_origins(text for _, text in found) == stored


class TestGroups:
    """A policy may name groups that exist, each once."""

    def test_repeated_names_are_dropped(self) -> None:
        assert policy_of(origin_groups=["old", "partners", "old"]).origin_groups == ("old", "partners")

    @pytest.mark.parametrize("name", ["nobody", "", "Partners", " partners", "\x00", "\ud800"])
    def test_unknown(self, name: str) -> None:
        document = {**MINIMAL, "origin_groups": ["partners", name, name]}

        assert problems_of(document) == [
            ("unknown-group", "origin_groups.1", name),
            ("unknown-group", "origin_groups.2", name),
        ]


class TestCredentials:
    """Refused combinations are reported at the offending entry, as it was submitted."""

    @pytest.mark.parametrize(
        ("origin", "codes"),
        [
            ("*", ["credentials-any-origin"]),
            ("APP://*", ["credentials-any-origin"]),
            ("null", ["credentials-null-origin"]),
            ("~https://x", ["credentials-regex"]),
            ("~.*", ["credentials-any-origin", "credentials-regex"]),
            ("HTTP://a.test", ["insecure-origin"]),
            ("https://*.COM", ["public-suffix"]),
            ("http://a-*.vercel.app/", ["insecure-origin", "public-suffix"]),
        ],
    )
    def test_refused(self, origin: str, codes: list[str]) -> None:
        document = {**MINIMAL, "allowed_origins": ["https://a.test", origin], "allow_credentials": True}

        assert problems_of(document) == [(code, "allowed_origins.1", origin) for code in codes]
        assert problems_of({**document, "allow_credentials": False}) == []

    def test_beside_any_every_entry_is_checked(self) -> None:
        document = {**MINIMAL, "allowed_origins": ["null", "*", "null"], "allow_credentials": True}

        assert problems_of(document) == [
            ("credentials-null-origin", "allowed_origins.0", "null"),
            ("credentials-any-origin", "allowed_origins.1", "*"),
            ("credentials-null-origin", "allowed_origins.2", "null"),
        ]

    def test_through_a_group_they_are_reported_at_its_name(self) -> None:
        document = {**MINIMAL, "origin_groups": ["partners", "everybody", "old"], "allow_credentials": True}

        assert problems_of(document) == [
            ("credentials-any-origin", "origin_groups.1", "*"),
            ("insecure-origin", "origin_groups.2", "http://a.test"),
            ("credentials-null-origin", "origin_groups.2", "null"),
        ]

    def test_the_message_names_the_group_and_the_pattern(self) -> None:
        document = {**MINIMAL, "origin_groups": ["everybody"], "allow_credentials": True}

        (problem,) = check_policy(document, GROUPS)[1]

        assert problem.message.startswith('Group "everybody": "*" ')

    def test_a_tuple_of_entries_is_numbered_too(self) -> None:
        document = {**MINIMAL, "allowed_origins": ("https://a.test", "*"), "allow_credentials": True}

        assert problems_of(document) == [("credentials-any-origin", "allowed_origins.1", "*")]

    @pytest.mark.parametrize(
        ("flag", "origin"),
        [
            ("tolerate_insecure_origins", "http://a.test"),
            ("tolerate_public_suffixes", "https://*.com"),
            ("tolerate_credentialed_regex", "~https://x"),
        ],
    )
    def test_a_flag_tolerates_its_own_offence_only(self, flag: str, origin: str) -> None:
        everything = {
            **MINIMAL,
            "allowed_origins": ["*", "null", "http://a.test", "https://*.com", "~https://x"],
        }
        tolerant = {**everything, "allow_credentials": True, flag: True}

        refused = [value for _, _, value in problems_of(tolerant)]

        assert refused == [entry for entry in everything["allowed_origins"] if entry != origin]  # type: ignore[attr-defined]

    def test_an_expression_that_matches_everything_is_not_tolerated(self) -> None:
        keys = {"allow_credentials": True, "tolerate_credentialed_regex": True}

        assert problems_of({**MINIMAL, **keys, "allowed_origins": ["~https://.*"]}) == [
            ("credentials-any-origin", "allowed_origins.0", "~https://.*")
        ]

    def test_a_flag_tolerates_through_a_group_too(self) -> None:
        document = {
            **MINIMAL,
            "origin_groups": ["old"],
            "allow_credentials": True,
            "tolerate_insecure_origins": True,
        }

        assert problems_of(document) == [("credentials-null-origin", "origin_groups.0", "null")]

    def test_a_broken_entry_does_not_hide_the_others_nor_move_them(self) -> None:
        document = {**MINIMAL, "allowed_origins": [1, "a b", "*"], "allow_credentials": True}

        assert problems_of(document) == [
            ("invalid", "allowed_origins.0", 1),
            ("invalid-origin", "allowed_origins.1", "a b"),
            ("credentials-any-origin", "allowed_origins.2", "*"),
        ]


class TestTrustForCsrf:
    """``trust_for_csrf`` needs credentials, and origins that the CSRF check could take."""

    def test_without_credentials_it_is_reported_at_its_own_key(self) -> None:
        document = {**MINIMAL, "allowed_origins": ["https://a.test", "http://*.test"], "trust_for_csrf": True}

        assert problems_of(document) == [
            ("csrf-needs-credentials", "allowed_origins.1", "http://*.test"),
            ("csrf-needs-credentials", "trust_for_csrf", True),
        ]

    def test_beside_credentials_each_entry_at_fault_is_reported(self) -> None:
        document = {
            **MINIMAL,
            "allowed_origins": ["~https://x", "https://*.a.test"],
            "origin_groups": ["everybody"],
            "allow_credentials": True,
            "trust_for_csrf": True,
            "tolerate_credentialed_regex": True,
        }

        assert problems_of(document) == [
            ("csrf-needs-credentials", "allowed_origins.0", "~https://x"),
            ("credentials-any-origin", "origin_groups.0", "*"),
            ("csrf-needs-credentials", "origin_groups.0", "*"),
        ]

    def test_beside_credentials_and_origins_of_https_it_is_taken(self) -> None:
        keys = {"allowed_origins": ["https://*.a.test"], "allow_credentials": True, "trust_for_csrf": True}

        assert policy_of(**keys).trust_for_csrf


class TestCredentialProblems:
    """Origins that join a stored policy are held to the same rules."""

    ENTRIES = ((None, parse_origin_pattern("*")), (3, parse_origin_pattern("http://a.test")))

    def test_a_policy_without_credentials_takes_all(self) -> None:
        assert credential_problems(Policy(name="api", path="/"), self.ENTRIES, "patterns") == ()

    def test_problems_are_placed_in_the_field(self) -> None:
        problems = credential_problems(
            Policy(name="api", path="/", allow_credentials=True), self.ENTRIES, "patterns"
        )

        assert _said(problems) == [
            ("credentials-any-origin", "patterns", "*"),
            ("insecure-origin", "patterns.3", "http://a.test"),
        ]
        assert all('Policy "api" ' in problem.message for problem in problems)

    def test_flags_tolerate(self) -> None:
        policy = Policy(name="api", path="/", allow_credentials=True, tolerate_insecure_origins=True)

        assert _said(credential_problems(policy, self.ENTRIES, "patterns")) == [
            ("credentials-any-origin", "patterns", "*")
        ]


class TestObjections:
    """What speaks against origins is found once, whatever policy uses them."""

    def test_offences_come_before_breaches(self) -> None:
        rails, _ = check_guardrails({"ALLOWED_ORIGINS": ["https://a.test"]})
        found = find_objections(["https://a.test", "null", "http://a.test"], rails)

        assert [(objection.code, objection.pattern) for objection in found] == [
            ("credentials-null-origin", "null"),
            ("insecure-origin", "http://a.test"),
            ("guardrail", "null"),
            ("guardrail", "http://a.test"),
        ]


class TestAllAtOnce:
    """Every problem is reported at once, and nothing is returned when any is found."""

    DOCUMENT: Mapping[str, object] = {
        "colour": "red",
        "name": "a b",
        "mode": "on",
        "host": "a b",
        "path": "api",
        "priority": -1,
        "allowed_origins": ["x", None, "https://a.test", "*"],
        "origin_groups": ["nobody", "everybody"],
        "allowed_methods": ["TRACE", "patch", "G T"],
        "allowed_headers": ["cookie", "a b"],
        "exposed_headers": ["set-cookie", "a b", "*"],
        "allow_credentials": True,
        "max_age": 86401,
        "allow_private_network": 1,
    }

    def test_every_problem_is_found(self) -> None:
        assert sorted(problems_of(self.DOCUMENT), key=lambda said: said[:2]) == [
            ("credentials-any-origin", "allowed_origins.3", "*"),
            ("credentials-any-origin", "origin_groups.1", "*"),
            ("credentials-expose-any", "exposed_headers.2", "*"),
            ("forbidden-method", "allowed_methods.0", "TRACE"),
            ("forbidden-request-header", "allowed_headers.0", "cookie"),
            ("forbidden-response-header", "exposed_headers.0", "set-cookie"),
            ("invalid", "allow_private_network", 1),
            ("invalid", "allowed_origins.1", None),
            ("invalid", "mode", "on"),
            ("invalid", "name", "a b"),
            ("invalid", "priority", -1),
            ("invalid-header", "allowed_headers.1", "a b"),
            ("invalid-header", "exposed_headers.1", "a b"),
            ("invalid-host", "host", "a b"),
            ("invalid-method", "allowed_methods.1", "patch"),
            ("invalid-method", "allowed_methods.2", "G T"),
            ("invalid-origin", "allowed_origins.0", "x"),
            ("invalid-path", "path", "api"),
            ("max-age-out-of-range", "max_age", 86401),
            ("unknown-group", "origin_groups.0", "nobody"),
            ("unknown-key", "colour", "red"),
        ]

    def test_no_policy_is_returned(self) -> None:
        assert check_policy(self.DOCUMENT, GROUPS)[0] is None

    def test_parsing_raises_the_same_problems(self) -> None:
        with pytest.raises(InvalidPolicyError) as caught:
            parse_policy(self.DOCUMENT, GROUPS)

        assert caught.value.problems == check_policy(self.DOCUMENT, GROUPS)[1]

    def test_a_flag_of_a_wrong_type_tolerates_nothing(self) -> None:
        document = {
            **MINIMAL,
            "allowed_origins": ["http://a.test"],
            "allow_credentials": True,
            "tolerate_insecure_origins": "true",
        }

        assert sorted(code for code, _, _ in problems_of(document)) == ["insecure-origin", "invalid"]


class TestOriginGroupDocuments:
    """A group has a name, a description and origins; all its problems are reported at once too."""

    def test_the_least_document_has_every_default(self) -> None:
        assert parse_group({"name": "g"}) == OriginGroup(name="g")

    def test_every_problem_is_found(self) -> None:
        document = {"description": 1, "origins": ["https://a.test", "b", None], "path": "/"}

        with pytest.raises(InvalidPolicyError) as caught:
            parse_group(document)

        assert sorted(_said(caught.value.problems), key=lambda said: said[:2]) == [
            ("invalid", "description", 1),
            ("invalid", "origins.2", None),
            ("invalid-origin", "origins.1", "b"),
            ("required", "name", None),
            ("unknown-key", "path", "/"),
        ]

    @pytest.mark.parametrize("origins", [None, "*", 1, {}])
    def test_origins_are_a_list(self, origins: object) -> None:
        assert _said(check_group({"name": "g", "origins": origins})[1]) == [("invalid", "origins", origins)]


class TestOriginDocuments:
    """An origin has a pattern and a description."""

    def test_the_pattern_is_normalised(self) -> None:
        origin = DescribedOrigin(pattern="https://a.test", description="Ours")

        assert check_origin({"pattern": "HTTPS://a.test/", "description": "Ours"}) == (origin, ())
        assert check_origin({"pattern": "https://a.test"}) == (DescribedOrigin(pattern="https://a.test"), ())

    @pytest.mark.parametrize(
        ("document", "said"),
        [
            ({}, ("required", "pattern", None)),
            ({"pattern": None}, ("invalid", "pattern", None)),
            ({"pattern": "a"}, ("invalid-origin", "pattern", "a")),
            ({"pattern": "null", "description": None}, ("invalid", "description", None)),
            ({"pattern": "null", "name": "x"}, ("unknown-key", "name", "x")),
        ],
    )
    def test_rejects(self, document: dict[str, object], said: Said) -> None:
        assert check_origin(document)[0] is None
        assert _said(check_origin(document)[1]) == [said]


class TestPatternLists:
    """A list of patterns is checked entry by entry, under whatever key it came."""

    def test_canonical_patterns_are_returned_as_submitted(self) -> None:
        assert check_patterns(["null", "HTTPS://a.test/", "null"], "patterns") == (
            [(0, "null"), (1, "https://a.test"), (2, "null")],
            (),
        )

    def test_those_beside_what_is_none_keep_their_places(self) -> None:
        assert check_patterns([1, "HTTPS://a.test/", "b.test", "*"], "patterns")[0] == [
            (1, "https://a.test"),
            (3, "*"),
        ]

    @pytest.mark.parametrize(
        ("patterns", "said"),
        [
            (None, [("invalid", "patterns", None)]),
            ("null", [("invalid", "patterns", "null")]),
            (["a", "null", 1], [("invalid", "patterns.2", 1), ("invalid-origin", "patterns.0", "a")]),
        ],
    )
    def test_rejects(self, patterns: object, said: list[Said]) -> None:
        problems = check_patterns(patterns, "patterns")[1]

        assert sorted(_said(problems), key=lambda one: one[0]) == said


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), strategies.near_patterns()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)


class TestProperties:
    """Validation never raises, and what was read is stored again without a change."""

    @given(strategies.policy_documents())
    def test_a_document_that_was_read_is_stored_unchanged(self, document: dict[str, object]) -> None:
        groups: KnownGroups = {"one": (), "two": ()}
        policy = parse_policy({"name": "p", **document}, groups)

        assert parse_policy(policy.to_document(), groups) == policy

    @given(st.lists(strategies.origin_patterns(), max_size=5))
    def test_a_group_that_was_read_is_stored_unchanged(self, origins: list[str]) -> None:
        group = parse_group({"name": "g", "origins": origins})

        assert parse_group(group.to_document()) == group

    @given(
        st.one_of(
            JSON, st.dictionaries(st.sampled_from([*Policy(name="p", path="/").to_document(), "x"]), JSON)
        )
    )
    def test_whatever_is_written_is_a_policy_or_has_problems(self, document: object) -> None:
        policy, problems = check_policy(document, GROUPS)

        assert (policy is None) == bool(problems)
        for problem in problems:
            assert says_what_to_do(problem.message)
            assert str(problem).encode()
