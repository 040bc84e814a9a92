"""Tests of the policy as a value."""

from __future__ import annotations

import dataclasses

import pytest

from cors_policies.core.policy import (
    ABSENT_BY_DEFAULT,
    GROUP_KEYS,
    POLICY_KEYS,
    OriginGroup,
    Policy,
    completed,
)

DEFAULTS = {
    "name": "api",
    "description": "",
    "mode": "live",
    "host": "",
    "path": "/api/**",
    "priority": 100,
    "allowed_origins": [],
    "origin_groups": [],
    "allowed_methods": ["GET", "HEAD", "POST"],
    "allowed_headers": ["content-type"],
    "exposed_headers": [],
    "allow_credentials": False,
    "max_age": 600,
    "allow_private_network": False,
    "reject_denied": False,
    "tolerate_insecure_origins": False,
    "tolerate_public_suffixes": False,
    "tolerate_credentialed_regex": False,
    "trust_for_csrf": False,
    "expires_at": None,
}


class TestPolicy:
    """One attribute for each key of the document, with the documented defaults."""

    def test_document_holds_every_key_with_its_default_in_order(self) -> None:
        document = Policy(name="api", path="/api/**").to_document()

        assert document == DEFAULTS
        assert (*document, *ABSENT_BY_DEFAULT) == POLICY_KEYS == (*DEFAULTS, *ABSENT_BY_DEFAULT)

    def test_document_holds_what_is_absent_by_default_only_where_it_says_something(self) -> None:
        embedded = Policy(name="api", path="/api/**", resource_policy="same-site").to_document()
        timed = Policy(name="api", path="/api/**", timing_allow_origin=True).to_document()

        assert embedded == DEFAULTS | {"resource_policy": "same-site"}
        assert timed == DEFAULTS | {"timing_allow_origin": True}
        assert completed(timed) == DEFAULTS | {"resource_policy": None, "timing_allow_origin": True}

    def test_absent_values_are_the_defaults(self) -> None:
        policy = Policy(name="api", path="/api/**")

        assert {key: getattr(policy, key) for key in ABSENT_BY_DEFAULT} == ABSENT_BY_DEFAULT

    def test_document_holds_lists_of_its_own(self) -> None:
        policy = Policy(name="api", path="/", allowed_origins=("https://a.test",))

        policy.to_document()["allowed_origins"].append("*")

        assert policy.allowed_origins == ("https://a.test",)

    def test_cannot_be_changed(self) -> None:
        policy = Policy(name="api", path="/")

        with pytest.raises(dataclasses.FrozenInstanceError):
            policy.path = "/**"  # type: ignore[misc]

    @pytest.mark.parametrize(("mode", "is_live"), [("live", True), ("trial", False), ("off", False)])
    def test_is_live(self, mode: str, is_live: bool) -> None:
        assert Policy(name="api", path="/", mode=mode).is_live is is_live


class TestOriginGroup:
    """Origins under a name."""

    def test_document_holds_every_key(self) -> None:
        group = OriginGroup(name="partners", origins=("https://a.test",))

        assert group.to_document() == {"name": "partners", "description": "", "origins": ["https://a.test"]}
        assert tuple(group.to_document()) == GROUP_KEYS
