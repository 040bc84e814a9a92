"""Tests of linting: what in a policy set is accepted, and yet probably not intended?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.findings import ERROR, WARNING, Finding
from cors_policies.core.linting.linting import lint, lint_document
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.policy_set import PolicySet, parse_policy_set
from cors_policies.core.snapshot import compile_snapshot
from tests.core.steps import count_calls
from tests.strategies import MEETING_ORIGINS, Document, policy_set_documents

NOW = datetime(2030, 1, 2, tzinfo=timezone.utc)
PAST, FUTURE = "2030-01-02T00:00:00Z", "2030-01-02T00:00:01Z"
HTTPS: dict[str, Any] = {"allowed_origins": ["https://app.example"]}
WITH_CREDENTIALS: dict[str, Any] = {"allow_credentials": True}
Found = tuple[str, str, str | None, str | None]


def document(*policies: dict[str, Any], **groups: list[str]) -> Document:
    """A set of policies on ``/a``, called ``p0``, ``p1``..., and of groups."""
    return {
        "policies": [{"name": f"p{place}", "path": "/a", **policy} for place, policy in enumerate(policies)],
        "origin_groups": [{"name": name, "origins": origins} for name, origins in groups.items()],
    }


def findings(*policies: dict[str, Any], **groups: list[str]) -> list[Finding]:
    """The findings about such a set."""
    return list(lint_document(document(*policies, **groups), NOW))


def found(*policies: dict[str, Any], **groups: list[str]) -> list[Found]:
    """The same without their sentences."""
    return [(item.level, item.code, item.policy, item.attr) for item in findings(*policies, **groups)]


def origins(*texts: str, **keys: Any) -> dict[str, Any]:
    """A policy with these origins."""
    return {"allowed_origins": list(texts), **keys}


class TestShadowedPolicy:
    """A policy all of whose origins are let in by policies that are tried before it never governs."""

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            pytest.param(origins("*"), origins("https://a.test"), id="any"),
            pytest.param(origins("https://a.test"), origins("https://a.test"), id="equal"),
            pytest.param(
                origins("https://*.a.test"), origins("https://x.a.test", "https://*.b.a.test"), id="wildcard"
            ),
            pytest.param(
                origins(r"~https://(b|c)\.a\.test"), origins("https://b.a.test"), id="expression-and-exact"
            ),
            pytest.param(origins("https://a.test"), {"origin_groups": ["one"]}, id="through-a-group"),
            pytest.param({"origin_groups": ["one"]}, {"origin_groups": ["one"]}, id="the-same-group"),
            pytest.param({"origin_groups": ["wide"]}, {"origin_groups": ["one"]}, id="another-group"),
            pytest.param({"origin_groups": ["one"]}, origins("https://a.test"), id="by-a-group"),
        ],
    )
    def test_is_found(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        policies = ({**first, "priority": 1}, second)

        shadowed = [item for item in found(*policies, one=["https://a.test"], wide=["https://*.test"])
                    if item[1] == "shadowed-policy"]  # fmt: skip

        assert shadowed == [(WARNING, "shadowed-policy", "p1", None)]

    def test_is_found_where_several_cover_it_between_them(self) -> None:
        policies = [origins(f"https://{letter}.test") for letter in "abcde"]

        (finding,) = findings(*policies, origins(*(f"https://{letter}.test" for letter in "abcde")))

        assert finding == Finding(
            WARNING,
            "shadowed-policy",
            "p5",
            None,
            "It never governs a request: policies that are tried before it "
            '("p0", "p1", "p2" and 2 more) let in all of its origins. '
            "Give it a smaller priority than theirs, or delete it.",
        )

    def test_names_the_others_only(self) -> None:
        policies = ({"origin_groups": ["wide"], "priority": 1}, {"origin_groups": ["one"]})

        (finding,) = findings(*policies, one=["https://a.b.example"], wide=["https://*.b.example"])

        assert 'tried before it ("p0") let in' in finding.detail

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            pytest.param(
                origins("https://a.test"), origins("https://a.test", "https://b.test"), id="one-is-left"
            ),
            pytest.param(origins("https://*.a.test"), origins("https://a.test"), id="bare-domain"),
            pytest.param(origins("https://a.test"), origins(priority=200), id="shield"),
            pytest.param(origins("https://a.test"), {"origin_groups": ["none"]}, id="empty-group"),
            pytest.param(origins("https://a.test"), {"origin_groups": ["one"]}, id="group-with-another"),
            pytest.param(
                origins("https://a.test", host="a.test"), origins("https://a.test"), id="another-host"
            ),
            pytest.param(origins("https://a.test", path="/**"), origins("https://a.test"), id="another-path"),
            pytest.param(
                origins("https://a.test", priority=101), origins("https://b.test"), id="tried-later"
            ),
            pytest.param(origins("https://a.test", mode="off"), origins("https://a.test"), id="off"),
            pytest.param(origins("https://a.test"), origins("https://a.test", mode="off"), id="off-itself"),
        ],
    )
    def test_is_not_made_up(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        assert found(first, second, one=["https://a.test", "https://c.test"], none=[]) == []

    def test_is_nobody_s_after_one_that_has_expired(self) -> None:
        policies = (origins("https://a.test", expires_at=PAST), origins("https://a.test"))

        assert [code for _, code, _, _ in found(*policies)] == ["expired"]

    @pytest.mark.parametrize(
        ("modes", "names"),
        [(("trial", "live"), set()), (("live", "trial"), {"p1"}), (("trial", "trial"), {"p1"})],
    )
    def test_counts_what_is_not_live_yet_beside_the_live_ones_only(
        self, modes: tuple[str, str], names: set[str]
    ) -> None:
        policies = [
            Policy(name=f"p{place}", path="/a", mode=mode, allowed_origins=("https://a.test",))
            for place, mode in enumerate(modes)
        ]

        assert {item.policy for item in lint(PolicySet((), tuple(policies)), NOW)} == names

    @given(policy_set_documents())
    def test_governs_nothing(self, written: Document) -> None:
        policy_set = parse_policy_set(written)
        names = {item.policy for item in lint(policy_set, NOW) if item.code == "shadowed-policy"}

        for policy in policy_set.policies:
            site = [
                replace(item, host="", path="/")
                for item in policy_set.policies
                if (item.host, item.path) == (policy.host, policy.path)
            ]
            assert names.isdisjoint(governing(policy_set, site))


class TestRedundantOrigin:
    """An entry that another one covers changes nothing."""

    @pytest.mark.parametrize(
        ("policy", "attrs"),
        [
            pytest.param(origins("https://a.test", "https://*.test"), ["allowed_origins.0"], id="wildcard"),
            pytest.param(origins("https://a.test", "https://A.test/"), ["allowed_origins.1"], id="again"),
            pytest.param(
                origins("*", "https://a.test", "null"), ["allowed_origins.1", "allowed_origins.2"], id="any"
            ),
            pytest.param(
                origins("https://b.test", origin_groups=["one"]), ["allowed_origins.0"], id="by-a-group"
            ),
            pytest.param(
                origins("https://*.test", origin_groups=["one"]), ["origin_groups.0"], id="whole-group"
            ),
            pytest.param({"origin_groups": ["one", "two"]}, ["origin_groups.0"], id="group-by-group"),
            pytest.param({"origin_groups": ["two", "two"]}, ["origin_groups.1"], id="group-again"),
            pytest.param(
                {"origin_groups": ["one", "same"]}, ["origin_groups.0"], id="one-of-two-equal-groups"
            ),
            pytest.param(
                origins("https://b.test", "https://d.test", origin_groups=["one", "two"]),
                ["allowed_origins.0", "origin_groups.0"],
                id="entry-and-group",
            ),
        ],
    )
    def test_is_found(self, policy: dict[str, Any], attrs: list[str]) -> None:
        groups = {
            "one": ["https://b.test"],
            "same": ["https://b.test"],
            "two": ["https://c.test", "https://b.test"],
        }

        redundant = [item for item in found(policy, **groups) if item[1] == "redundant-origin"]

        assert redundant == [(WARNING, "redundant-origin", "p0", attr) for attr in attrs]

    @pytest.mark.parametrize(
        "policy",
        [
            pytest.param(
                origins("https://a.test", "https://a.test:8080", "http://a.test"), id="port-and-scheme"
            ),
            pytest.param(origins("https://a.test.example", "https://*.a.test.example"), id="bare-domain"),
            pytest.param(origins("https://b.test", origin_groups=["two"]), id="part-of-a-group"),
            pytest.param(origins("https://b.test", "https://b.test", mode="off"), id="off"),
            pytest.param({"origin_groups": ["none", "two"]}, id="empty-group"),
        ],
    )
    def test_is_not_made_up(self, policy: dict[str, Any]) -> None:
        assert found(policy, two=["https://c.test", "https://d.test"], none=[]) == []

    def test_of_a_group_is_said_once_at_the_group(self) -> None:
        groups = {"one": ["https://*.a.example", "https://x.a.example"]}
        policies = [{"path": f"/{place}", "origin_groups": ["one"]} for place in range(3)]

        (finding,) = findings(*policies, **groups)

        assert finding == Finding(
            WARNING,
            "redundant-origin",
            None,
            "origin_groups.one.origins.1",
            '"https://x.a.example" is covered by "https://*.a.example" in the same list. Remove it.',
        )

    @given(policy_set_documents())
    def test_is_none(self, written: Document) -> None:
        """All of it at once can be removed, and every origin is governed as before."""
        policy_set = parse_policy_set(written)
        attrs = {
            (item.policy, item.attr) for item in lint(policy_set, NOW) if item.code == "redundant-origin"
        }

        for policy in policy_set.policies:
            gone = {attr for name, attr in attrs if name == policy.name and attr}
            whole, less = (without(policy, removed) for removed in (set(), gone))
            assert governing(policy_set, [less]) == governing(policy_set, [whole])


def without(policy: Policy, attrs: set[str]) -> Policy:
    """A live policy of ``/`` with the lists of this one, but for the entries at these places."""

    def kept(key: str) -> tuple[str, ...]:
        return tuple(text for at, text in enumerate(getattr(policy, key)) if f"{key}.{at}" not in attrs)

    return Policy(
        name="p", path="/", allowed_origins=kept("allowed_origins"), origin_groups=kept("origin_groups")
    )


def governing(policy_set: PolicySet, policies: list[Policy]) -> list[str | None]:
    """Which of these policies of ``/`` governs each of the origins."""
    groups = {group.name: group for group in policy_set.origin_groups}
    group = compile_snapshot(policies, groups).find_group("/")
    found = [group and group.find_policy(origin) for origin in MEETING_ORIGINS]
    return [policy.name if policy else None for policy in found]


class TestExpired:
    """What has expired is reported, and nothing else of it."""

    def test_is_found_from_the_instant_on(self) -> None:
        (finding,) = findings(origins("*", expires_at=PAST))

        assert finding == Finding(
            WARNING,
            "expired",
            "p0",
            "expires_at",
            f"It has been as if absent since {PAST}. Set expires_at to a later moment or null, or delete it.",
        )

    @pytest.mark.parametrize(
        "keys", [{"expires_at": FUTURE}, {"expires_at": None}, {"expires_at": PAST, "mode": "off"}]
    )
    def test_is_not_made_up(self, keys: dict[str, Any]) -> None:
        assert found({**HTTPS, **keys}) == []


class TestOpenness:
    """What opens a policy wide is reported, and is an error where strangers get at credentials."""

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            pytest.param(origins("*"), [(WARNING, "any-origin")], id="any"),
            pytest.param(origins("null"), [(WARNING, "lets-in")], id="null"),
            pytest.param(origins("moz-extension://*"), [(WARNING, "wide-wildcard")], id="scheme"),
            pytest.param(
                origins("https://*.com"),
                [(WARNING, "wide-wildcard"), (WARNING, "lets-in")],
                id="public-suffix",
            ),
            pytest.param(origins("https://*.amazonaws.com"), [(WARNING, "lets-in")], id="hosting-below"),
            pytest.param(origins("https://a.example:*"), [(WARNING, "wide-wildcard")], id="any-port"),
            pytest.param(
                origins("https://a.example:*", **WITH_CREDENTIALS),
                [(WARNING, "wide-wildcard")],
                id="any-port-of-one-s-own",
            ),
            pytest.param(
                origins("https://*.github.io", **WITH_CREDENTIALS, tolerate_public_suffixes=True),
                [(ERROR, "wide-wildcard"), (ERROR, "lets-in")],
                id="public-suffix-with-credentials",
            ),
            pytest.param(
                origins("http://a.example", **WITH_CREDENTIALS, tolerate_insecure_origins=True),
                [(WARNING, "insecure-origin")],
                id="insecure-with-credentials",
            ),
            pytest.param(
                origins(r"~https://a\.example", **WITH_CREDENTIALS, tolerate_credentialed_regex=True),
                [(WARNING, "credentials-regex")],
                id="expression-with-credentials",
            ),
            pytest.param(
                origins(r"~https?://a.b\.example", **WITH_CREDENTIALS, tolerate_credentialed_regex=True),
                [(ERROR, "lets-in"), (ERROR, "lets-in"), (WARNING, "credentials-regex")],
                id="holes-with-credentials",
            ),
            pytest.param(origins(r"~https://.+\.a.example"), [(WARNING, "lets-in")], id="hole"),
            pytest.param(
                origins(r"~https://.*"),
                [(WARNING, "wide-wildcard"), *[(WARNING, "lets-in")] * 2],
                id="any-host",
            ),
            pytest.param(origins("~null"), [(WARNING, "lets-in")], id="untried"),
        ],
    )
    def test_is_found(self, policy: dict[str, Any], expected: list[tuple[str, str]]) -> None:
        assert found(policy) == [(*item, "p0", "allowed_origins.0") for item in expected]

    @pytest.mark.parametrize(
        "policy",
        [
            pytest.param(origins("https://a.example", **WITH_CREDENTIALS), id="exact"),
            pytest.param(origins("https://*.a.example", **WITH_CREDENTIALS), id="own-domain"),
            pytest.param(origins("http://localhost:*", **WITH_CREDENTIALS), id="this-machine"),
            pytest.param(origins("app://x", **WITH_CREDENTIALS), id="application"),
            pytest.param(origins("http://a.example", "http://*.a.example"), id="insecure"),
            pytest.param(origins(r"~https?://(app|admin)[0-9]+\.a\.example"), id="expression"),
            pytest.param(origins("*", mode="off"), id="off"),
            pytest.param(origins(), id="shield"),
        ],
    )
    def test_is_not_made_up(self, policy: dict[str, Any]) -> None:
        assert found(policy) == []

    def test_sentences_name_what_gets_in_and_what_to_write(self) -> None:
        details = [item.detail for item in findings(origins(r"~.*a.example.*"))]

        assert details == [
            f'"~.*a.example.*" lets in {rest}'
            for rest in (
                "https://evila.example: text is glued before the domain. Write a dot before the domain, as "
                r"in https://([a-z0-9-]+\.)?example\.com, or https://*.example.com.",
                "https://a.example.evil.net: text is glued behind the domain. End the expression with the "
                "domain, and with the port where there is one.",
                r"https://axexample: an unescaped dot stands for any character. Write \. for a dot. "
                "2 more ways in are open.",
            )
        ]

    def test_any_origin_says_when_it_reaches_private_networks(self) -> None:
        (without_it,) = findings(origins("*"))
        (with_it,) = findings(origins("*", allow_private_network=True))

        assert with_it.detail.removeprefix(without_it.detail) == (
            " With allow_private_network it can reach the network of each visitor, too."
        )

    def test_of_a_group_is_said_once_and_is_as_bad_as_its_worst_user(self) -> None:
        policies = [
            {"origin_groups": ["one"]},
            {"path": "/b", "origin_groups": ["one"], **WITH_CREDENTIALS, "tolerate_public_suffixes": True},
        ]

        assert found(*policies, one=["https://*.com"]) == [
            (ERROR, "wide-wildcard", None, "origin_groups.one.origins.0"),
            (ERROR, "lets-in", None, "origin_groups.one.origins.0"),
        ]
        assert {level for level, *_ in found(policies[0], one=["https://*.com"])} == {WARNING}

    def test_of_a_group_that_nobody_uses_is_nothing(self) -> None:
        assert found(HTTPS, {"origin_groups": ["one"], "mode": "off"}, one=["*"]) == []


class TestRefused:
    """What is invalid is an error with the code and the place that an import gives it; the rest is linted."""

    def test_is_found_beside_the_rest(self) -> None:
        policies = (origins("*", **WITH_CREDENTIALS), origins("app.example"), origins("*", path="/c"))

        assert found(*policies, one=["x"]) == [
            (ERROR, "invalid-origin", None, "origin_groups.0.origins.0"),
            (ERROR, "credentials-any-origin", "p0", "policies.0.allowed_origins.0"),
            (ERROR, "invalid-origin", "p1", "policies.1.allowed_origins.0"),
            (WARNING, "any-origin", "p2", "allowed_origins.0"),
        ]

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            pytest.param([], [("invalid", None, None)], id="no-object"),
            pytest.param({}, [("required", None, "policies")], id="no-policies"),
            pytest.param({"policies": 5}, [("invalid", None, "policies")], id="no-list"),
            pytest.param({"policies": [5]}, [("invalid", None, "policies.0")], id="no-policy"),
            pytest.param(
                {"policies": [{"name": 5, "path": "/a"}]},
                [("invalid", None, "policies.0.name")],
                id="no-name",
            ),
            pytest.param({"policies": [], "x": 1}, [("unknown-key", None, "x")], id="unknown-key"),
            pytest.param(
                {"policies": [{"name": "a", "path": "/a", "origin_groups": ["none"]}]},
                [("unknown-group", "a", "policies.0.origin_groups.0")],
                id="unknown-group",
            ),
            pytest.param(
                {"policies": [{"name": "a", "path": path, **HTTPS} for path in ("/a", "/b")]},
                [("duplicate-name", "a", "policies.1.name")],
                id="duplicate-name",
            ),
            pytest.param({"policies": [], "origin_groups": []}, [], id="empty"),
        ],
    )
    def test_of_a_document(self, written: object, expected: list[tuple[str, str | None, str | None]]) -> None:
        problems = lint_document(written, NOW)

        assert [(item.code, item.policy, item.attr) for item in problems] == expected
        assert {item.level for item in problems} <= {ERROR}

    def test_of_a_name_that_is_used_twice_hides_nothing(self) -> None:
        assert found(origins("*", name="p"), origins("x", name="p")) == [
            (ERROR, "invalid-origin", "p", "policies.1.allowed_origins.0"),
            (ERROR, "duplicate-name", "p", "policies.1.name"),
            (WARNING, "any-origin", "p", "allowed_origins.0"),
        ]

    def test_policy_of_a_broken_group_is_no_shield_that_shadows(self) -> None:
        assert found({"origin_groups": ["one"]}, HTTPS, one=["x"]) == [
            (ERROR, "invalid-origin", None, "origin_groups.0.origins.0")
        ]


class TestEverySet:
    """Whatever is accepted is judged without an error, and can be told in JSON."""

    @given(policy_set_documents())
    def test_is_judged(self, written: Document) -> None:
        for item in lint_document(written, NOW):
            assert item.detail.endswith((".", "too."))
            assert json.loads(json.dumps(item.to_document())) == item.to_document()

    @given(policy_set_documents())
    def test_is_judged_as_its_document_is_once_stored(self, written: Document) -> None:
        policy_set = parse_policy_set(written)
        stored = parse_policy_set(policy_set.to_document())

        assert lint_document(policy_set.to_document(), NOW) == lint(stored, NOW)

    def test_has_findings_in_the_order_of_its_policies(self) -> None:
        policies = (origins("*", path="/z", name="z"), origins("*", path="/b", name="b", expires_at=PAST))

        assert [item.policy for item in findings(*policies)] == ["z", "b"]


class TestCost:
    """Ten times as many policies and origins take ten times as many steps, not a hundred."""

    @pytest.mark.parametrize(
        "policy",
        [
            pytest.param(
                {"path": "/{}", "allowed_origins": ("https://a{}.example", "https://*.b{}.example")}, id="own"
            ),
            pytest.param(
                {"path": "/", "allowed_origins": ("https://a{}.example", "https://*.b{}.example")}, id="site"
            ),
            pytest.param({"path": "/", "allowed_origins": ("https://a.example",)}, id="equal"),
            pytest.param({"path": "/{}", "origin_groups": ("one", "two")}, id="groups"),
            pytest.param({"path": "/", "origin_groups": ("one", "two")}, id="groups-of-a-site"),
        ],
    )
    def test_of_policies_is_linear(self, policy: dict[str, Any]) -> None:
        assert steps(policy, 200) < 15 * steps(policy, 20)

    def test_of_a_list_is_linear(self) -> None:
        def listed(count: int) -> PolicySet:
            texts = tuple(
                text for at in range(count) for text in (f"https://a{at}.b.test", f"https://*.c{at}.test")
            )
            return PolicySet((), (Policy(name="p", path="/", allowed_origins=texts),))

        lint(listed(1), NOW)
        few, many = (count_calls(lambda size=size: lint(listed(size), NOW)) for size in (100, 1000))  # type: ignore[misc]
        assert many < 15 * few


def steps(keys: dict[str, Any], count: int) -> int:
    """How many calls it takes to lint so many policies, and groups of as many origins."""

    def numbered(value: str | tuple[str, ...], number: int) -> str | tuple[str, ...]:
        if isinstance(value, tuple):
            return tuple(text.format(number) for text in value)
        return value.format(number)

    groups = tuple(
        OriginGroup(name=name, origins=tuple(f"https://{name}{at}.test" for at in range(count)))
        for name in ("one", "two")
    )
    policies = tuple(
        Policy(name=f"p{at}", **{key: numbered(value, at) for key, value in keys.items()})  # type: ignore[arg-type]
        for at in range(count)
    )
    lint(PolicySet(groups, policies), NOW - timedelta(days=1))
    return count_calls(lambda: lint(PolicySet(groups, policies), NOW))


class TestAboutSome:
    """What is said about some policies is what is said about them among all."""

    @given(policy_set_documents(), st.data())
    def test_is_the_part_that_is_about_them(self, document: Document, data: st.DataObject) -> None:
        policy_set = parse_policy_set(document)
        names = data.draw(st.sets(st.sampled_from([policy.name for policy in policy_set.policies] or [""])))

        part = lint(policy_set, NOW, names)

        used = {
            group
            for policy in policy_set.policies
            if policy.name in names and policy.mode != "off" and not is_over(policy)
            for group in policy.origin_groups
        }
        assert part == tuple(
            finding
            for finding in lint(policy_set, NOW)
            if finding.policy in names
            or (finding.policy is None and finding.attr and finding.attr.split(".")[1] in used)
        )

    def test_group_is_judged_by_all_of_its_users(self) -> None:
        policy_set = parse_policy_set(
            document(
                {"origin_groups": ["g"]},
                {"origin_groups": ["g"], "path": "/b", **WITH_CREDENTIALS, "tolerate_public_suffixes": True},
                g=["https://*.com"],
            )
        )

        levels = {finding.level for finding in lint(policy_set, NOW, {"p0"}) if finding.policy is None}

        assert levels == {ERROR}

    def test_neighbours_are_not_judged_but_shadow(self) -> None:
        policy_set = parse_policy_set(
            document(origins("*"), origins("https://a.test"), origins("*", path="/b"))
        )

        assert [(item.code, item.policy) for item in lint(policy_set, NOW, {"p1"})] == [
            ("shadowed-policy", "p1")
        ]


def is_over(policy: Policy) -> bool:
    """Whether it has expired."""
    return policy.expires_at is not None and policy.expires_at <= NOW
