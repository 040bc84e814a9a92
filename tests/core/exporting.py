"""What tests of exports start from: path groups of policy documents, and what refuses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pytest

from cors_policies.core.exporting.groups import ExportedGroup, InexpressibleError, Reason, collect_groups
from cors_policies.core.policy_set import parse_policy_set
from tests.core.assertions import says_what_to_do

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


def groups_of(
    *policies: Mapping[str, Any], groups: Mapping[str, Sequence[str]] | None = None
) -> list[ExportedGroup]:
    """The path groups; a policy without a name is called after its place: ``p0``."""
    document = {
        "policies": [{"name": f"p{place}", "path": "/**", **policy} for place, policy in enumerate(policies)],
        "origin_groups": [{"name": name, "origins": origins} for name, origins in (groups or {}).items()],
    }
    policy_set = parse_policy_set(document)
    return collect_groups(policy_set.policies, {group.name: group for group in policy_set.origin_groups}, NOW)


def refusals(attempt: Callable[[], object]) -> list[tuple[str, str]]:
    """Policy and field of every reason; each says what to do."""
    with pytest.raises(InexpressibleError) as caught:
        attempt()
    assert [reason for reason in caught.value.reasons if not says_what_to_do(reason.message)] == []
    assert str(caught.value).splitlines() == [str(reason) for reason in caught.value.reasons]
    return places(caught.value.reasons)


def places(reasons: Sequence[Reason]) -> list[tuple[str, str]]:
    """Policy and field of each."""
    return [(reason.policy, reason.field) for reason in reasons]
