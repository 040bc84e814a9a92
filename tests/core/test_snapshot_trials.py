"""Is the trial beside a live set the set that it would be, at every instant, and does it leave that alone?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.engine import StatedFacts, decide
from cors_policies.core.path_group import PathGroup, Site
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.policy_set import PolicySet, parse_policy_set
from cors_policies.core.snapshot import EMPTY_SNAPSHOT, Shield, Snapshot, compile_snapshot
from cors_policies.core.timestamps import timestamp_text
from tests import strategies
from tests.core.building import Answer, answer, compiled

A = "https://a.test"
B = "https://b.test"
MODES = ("live", "live", "trial", "trial", "off")
ENDS = (None, None, 1, 2, 3)


def at(seconds: float) -> datetime:
    """An instant."""
    return datetime(2030, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)


def seen(snapshot: Snapshot | None, facts: StatedFacts) -> Answer | None:
    """What the client would get, and why."""
    if snapshot is None:
        return None
    decision = decide(snapshot, facts)
    return Answer(decision.reason, decision.status, dict(decision.headers), set(decision.vary))


@st.composite
def sets(draw: st.DrawFn) -> dict[str, Any]:
    """Policy sets in all modes, some policies of which expire within three seconds."""
    document = draw(strategies.policy_set_documents(max_size=8))
    for policy in document["policies"]:
        end = draw(st.sampled_from(ENDS))
        policy["mode"] = draw(st.sampled_from(MODES))
        policy["expires_at"] = None if end is None else timestamp_text(at(end))
    return document


def compiled_as(document: dict[str, Any], modes: Mapping[str, str], now: datetime) -> Snapshot:
    """The set with its modes replaced, compiled."""
    policies = [policy | {"mode": modes.get(policy["mode"], "off")} for policy in document["policies"]]
    return compiled_set(parse_policy_set(document | {"policies": policies}), now)


def compiled_set(found: PolicySet, now: datetime | None) -> Snapshot:
    """The set compiled."""
    return compile_snapshot(found.policies, {group.name: group for group in found.origin_groups}, now=now)


def has_trial(document: dict[str, Any], now: datetime) -> bool:
    """Whether a policy is on trial then."""
    policies = parse_policy_set(document).policies
    return any(
        policy.mode == "trial" and (policy.expires_at is None or now < policy.expires_at)
        for policy in policies
    )


class TestTwoSets:
    """The live set is as if no trial policy were there; the trial is as if all of them were live."""

    @given(sets(), strategies.stated_facts())
    def test_decide_as_those_sets_would(self, document: dict[str, Any], facts: StatedFacts) -> None:
        snapshot = compiled_set(parse_policy_set(document), at(0))
        alone = compiled_as(document, {"live": "live"}, at(0))
        together = compiled_as(document, {"live": "live", "trial": "live"}, at(0))

        assert seen(snapshot, facts) == seen(alone, facts)
        assert seen(snapshot.trial, facts) == (seen(together, facts) if has_trial(document, at(0)) else None)

    @given(sets(), strategies.stated_facts(), st.lists(st.sampled_from((0.5, 1, 1.5, 2, 3, 4)), max_size=3))
    def test_expire_as_a_set_that_is_compiled_anew(
        self, document: dict[str, Any], facts: StatedFacts, moments: list[float]
    ) -> None:
        found = parse_policy_set(document)
        snapshot = compiled_set(found, at(0))
        for moment in sorted(moments):
            snapshot, anew = snapshot.at(at(moment)), compiled_set(found, at(moment))

            assert seen(snapshot, facts) == seen(anew, facts)
            assert seen(snapshot.trial, facts) == seen(anew.trial, facts)
            assert (snapshot.expires_at, snapshot.since) == (anew.expires_at, anew.since)

    def test_trial_policy_is_no_shield_of_the_live_set(self) -> None:
        snapshot = compiled({"allowed_origins": [A]}, {"path": "/a", "mode": "trial"})
        assert snapshot.trial is not None

        assert answer(snapshot, path="/a", origin=A).reason == "allowed"
        assert answer(snapshot.trial, path="/a", origin=A).reason == "origin-not-allowed"

    def test_policies_are_counted_apart(self) -> None:
        snapshot = compiled({}, {"mode": "trial"}, {"path": "/a", "mode": "trial"}, {"mode": "off"})

        assert (snapshot.policy_count, snapshot.trial and snapshot.trial.policy_count) == (1, 3)

    def test_host_of_a_trial_policy_is_not_asked_for_by_the_live_set(self) -> None:
        snapshot = compiled({}, {"host": "a.test", "mode": "trial"})

        assert (snapshot.uses_hosts, snapshot.trial and snapshot.trial.uses_hosts) == (False, True)


class TestWhereNothingIsOnTrial:
    """There is no trial, and nothing is made for one."""

    @pytest.mark.parametrize(
        "policies",
        [
            pytest.param([], id="empty"),
            pytest.param([{}, {"mode": "off"}], id="live-and-off"),
            pytest.param([{}, {"mode": "trial", "expires_at": timestamp_text(at(0))}], id="expired"),
        ],
    )
    def test_is_none(self, policies: list[dict[str, Any]]) -> None:
        assert compiled(*policies, now=at(0)).trial is None

    def test_empty_snapshot_has_none(self) -> None:
        assert EMPTY_SNAPSHOT.trial is None

    def test_trial_has_none_itself(self) -> None:
        trial = compiled({"mode": "trial"}).trial

        assert trial is not None
        assert trial.trial is None


class TestExpiry:
    """A trial policy ends on time, and the last one ends the trial."""

    def test_last_end_ends_the_trial_and_nothing_else(self) -> None:
        trial = {"mode": "trial", "path": "/a", "allowed_origins": [A]}
        snapshot = compiled(
            {"allowed_origins": [B]},
            trial | {"expires_at": timestamp_text(at(1))},
            trial | {"path": "/b", "expires_at": timestamp_text(at(2))},
            now=at(0),
        )
        assert (snapshot.expires_at, snapshot.since) == (at(1), None)
        assert snapshot.at(at(0.9)) is snapshot

        one = snapshot.at(at(1))
        assert one.trial is not None
        assert answer(one.trial, path="/a", origin=A).reason == "origin-not-allowed"
        assert answer(one.trial, path="/b", origin=A).reason == "allowed"
        assert (one.expires_at, one.since) == (at(2), at(1))

        none = one.at(at(2))
        assert (none.trial, none.expires_at, none.since) == (None, None, at(2))
        assert answer(none, origin=B).reason == "allowed"

    def test_live_end_is_one_of_the_trial_too(self) -> None:
        live = {"path": "/a", "allowed_origins": [A], "expires_at": timestamp_text(at(1))}
        left = compiled(live, {"mode": "trial"}, now=at(0)).at(at(1))

        assert left.trial is not None
        assert (answer(left, path="/a", origin=A).reason, left.policy_count) == ("ungoverned", 0)
        assert answer(left.trial, path="/a", origin=A).reason == "origin-not-allowed"


class TestShields:
    """What is broken shields its path in the set that it belongs to."""

    SITE = Site("", "/a")

    @pytest.mark.parametrize(
        ("is_on_trial", "reasons"),
        [(True, ("allowed", "origin-not-allowed")), (False, ("origin-not-allowed", None))],
    )
    def test_trial_policy_shields_the_trial_only(
        self, is_on_trial: bool, reasons: tuple[str, str | None]
    ) -> None:
        shield = Shield(self.SITE, is_on_trial=is_on_trial)
        snapshot = compiled({"allowed_origins": [A]}, shields=[shield])
        trial = snapshot.trial

        found = answer(snapshot, path="/a", origin=A).reason
        assert (found, answer(trial, path="/a", origin=A).reason if trial else None) == reasons

    def test_live_shield_holds_in_the_trial(self) -> None:
        trial = compiled({"path": "/a", "allowed_origins": [A], "mode": "trial"}, shields=[self.SITE]).trial

        assert trial is not None
        found = answer(trial, path="/a", origin=A)
        assert found.headers == {"Access-Control-Allow-Origin": A}
        assert answer(trial, path="/a", origin=B).reason == "origin-not-allowed"


class TestSharing:
    """A trial shares what it does not touch."""

    @staticmethod
    def snapshot(*trials: Policy) -> Snapshot:
        policies = [
            Policy(name=name, path=f"/{name}/**", origin_groups=("g",), allowed_origins=(A,) * 101)
            for name in "abc"
        ]
        return compile_snapshot([*policies, *trials], {"g": OriginGroup(name="g", origins=(B,))})

    def test_path_groups_that_no_trial_policy_touches(self) -> None:
        snapshot = self.snapshot(Policy(name="t", path="/a/**", mode="trial"))
        assert snapshot.trial is not None

        shared = {path: self.group(snapshot, path) is self.group(snapshot.trial, path) for path in "abc"}

        assert shared == {"a": False, "b": True, "c": True}

    @pytest.mark.parametrize(("path", "is_shared"), [("/a/**", True), ("/new/**", False)])
    def test_index_of_paths_where_no_path_is_new(self, path: str, is_shared: bool) -> None:
        snapshot = self.snapshot(Policy(name="t", path=path, mode="trial"))
        assert snapshot.trial is not None

        assert (snapshot._any_host is snapshot.trial._any_host) is is_shared  # noqa: SLF001 - memory is no answer

    @staticmethod
    def group(snapshot: Snapshot, name: str) -> PathGroup | None:
        return snapshot.find_group(f"/{name}/x")
