"""Which change of which policy is proposed, and for what is there none?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.browser import ALLOWED, DENIED, BrowserRequest, Remedy, evaluate
from cors_policies.core.path_group import Site
from cors_policies.core.policy import Policy
from cors_policies.core.snapshot import Shield, compile_snapshot

APP = "https://app.example"
OTHER = "https://other.example"
POLICIES = (
    Policy(name="orders", path="/orders", allowed_origins=(APP,), allowed_headers=("x-a",)),
    Policy(name="second", path="/shared", allowed_origins=(OTHER,), allowed_methods=("*",)),
    Policy(name="first", path="/shared", priority=1, allow_credentials=True),
    *(Policy(name=f"p{number}", path="/many") for number in range(9)),
)
SHIELDS = [Shield(Site("", "/broken"))]
SNAPSHOT = compile_snapshot(POLICIES, {}, shields=SHIELDS)


def asked(path: str, origin: str | None = APP, **more: Any) -> BrowserRequest:
    """A call of fetch()."""
    headers = more.pop("headers", {})
    return BrowserRequest(path=path, origin=origin, headers=tuple(headers.items()), **more)


def remedies(path: str, origin: str | None = APP, **more: Any) -> tuple[Remedy, ...]:
    """What is proposed for a call."""
    return evaluate(SNAPSHOT, asked(path, origin, **more)).remedies


class TestProposals:
    """A remedy holds everything that the policy lacks for the request, and nothing that it has."""

    def test_method(self) -> None:
        assert remedies("/orders", method="PUT") == (Remedy(policy="orders", methods=("PUT",)),)

    def test_header_names(self) -> None:
        found = remedies("/orders", headers={"X-C": "1", "X-A": "1", "X-B": "1"})

        assert found == (Remedy(policy="orders", headers=("x-b", "x-c")),)

    def test_credentials(self) -> None:
        found = remedies("/orders", credentials="include")

        assert found == (Remedy(policy="orders", credentials=True),)

    def test_everything_at_once(self) -> None:
        found = remedies("/orders", method="DELETE", headers={"X-B": "1"}, credentials="include")

        assert found == (Remedy(policy="orders", methods=("DELETE",), headers=("x-b",), credentials=True),)

    def test_origin_in_each_policy_in_the_order_tried(self) -> None:
        assert remedies("/shared", method="PUT", credentials="include") == (
            Remedy(policy="first", origins=(APP,), methods=("PUT",)),
            Remedy(policy="second", origins=(APP,), credentials=True),
            Remedy(policy=None, site=Site("", "/shared"), origins=(APP,), methods=("PUT",), credentials=True),
        )

    def test_null_without_credentials(self) -> None:
        assert remedies("/orders", "null") == (
            Remedy(policy="orders", origins=("null",)),
            Remedy(policy=None, site=Site("", "/orders"), origins=("null",), methods=("GET",)),
        )

    def test_few_of_many_policies(self) -> None:
        assert [remedy.policy for remedy in remedies("/many")] == ["p0", "p1", "p2", "p3", "p4", None]

    def test_new_policy_where_none_speaks_for_the_path(self) -> None:
        assert remedies("/nowhere", method="PUT", headers={"X-B": "1"}) == (
            Remedy(policy=None, origins=(APP,), methods=("PUT",), headers=("x-b",)),
        )


class TestNoProposal:
    """What is allowed needs no remedy, and what no policy can allow has none."""

    @pytest.mark.parametrize(
        ("path", "keys"),
        [
            pytest.param("/orders", {}, id="allowed"),
            pytest.param("/orders", {"origin": None, "method": "PUT"}, id="no-origin"),
            pytest.param("/orders", {"origin": "https://app.example/"}, id="no-serialized-origin"),
            pytest.param("/orders", {"method": "patch"}, id="misspelt-method"),
            pytest.param("/orders", {"method": "*"}, id="method-that-would-be-a-wildcard"),
            pytest.param("/orders", {"headers": {"*": "1"}}, id="header-that-would-be-a-wildcard"),
            pytest.param("/orders", {"origin": "null", "credentials": "include"}, id="null-with-credentials"),
            pytest.param(
                "/orders", {"headers": {f"x-{number}": "1" for number in range(65)}}, id="too-many-names"
            ),
            pytest.param("/broken", {}, id="broken-policy"),
        ],
    )
    def test_is_empty(self, path: str, keys: dict[str, Any]) -> None:
        assert remedies(path, **keys) == ()


class TestRemedyHelps:
    """With the remedy in the policy the script gets the response."""

    @given(
        path=st.sampled_from(["/orders", "/shared", "/many"]),
        origin=st.sampled_from([APP, OTHER, "https://third.example"]),
        method=st.sampled_from(["GET", "PUT", "PATCH", "PROPFIND"]),
        headers=st.dictionaries(st.sampled_from(["x-a", "x-b", "authorization"]), st.just("1")),
        credentials=st.sampled_from(["omit", "include"]),
    )
    def test_is_enough(self, path: str, **keys: Any) -> None:
        request = asked(path, **keys)

        for remedy in evaluate(SNAPSHOT, request).remedies:
            changed = next((policy for policy in POLICIES if policy.name == remedy.policy), new(remedy))
            policies = [policy for policy in POLICIES if policy is not changed]
            found = evaluate(compile_snapshot([*policies, applied(remedy, changed)], {}), request)
            assert (found.outcome, found.policy) == (ALLOWED, changed.name)

    def test_policy_of_its_own_opens_this_call_alone(self) -> None:
        request = asked("/shared", method="PUT")
        own = evaluate(SNAPSHOT, request).remedies[-1]
        snapshot = compile_snapshot([*POLICIES, applied(own, new(own))], {})

        assert evaluate(snapshot, request).outcome == ALLOWED
        for other in (replace(request, method="DELETE"), replace(request, credentials="include")):
            assert evaluate(snapshot, other).outcome == DENIED
        theirs = asked("/shared", OTHER, method="PUT")
        assert evaluate(snapshot, theirs).actual == evaluate(SNAPSHOT, theirs).actual


def new(remedy: Remedy) -> Policy:
    """The policy that is still to be written, with nothing in it."""
    host, path = remedy.site or ("", "/elsewhere")
    return Policy(name="new", host=host, path=path, allowed_methods=(), allowed_headers=())


def applied(remedy: Remedy, policy: Policy) -> Policy:
    """The policy with the remedy."""
    return replace(
        policy,
        allowed_origins=(*policy.allowed_origins, *remedy.origins),
        allowed_methods=(*policy.allowed_methods, *remedy.methods),
        allowed_headers=(*policy.allowed_headers, *remedy.headers),
        allow_credentials=policy.allow_credentials or remedy.credentials,
    )
