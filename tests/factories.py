"""Rows for tests that care about rows, and users with just the permissions that a test is about.

Before you edit: policies and groups are made by the services, so that no test leans on rows that nobody
could store.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.db import transaction

from cors_policies import services
from cors_policies.models import OriginGroup, Policy
from cors_policies.observations.rows import digest_of, store_tallies
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Key, Tally


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A user; ``permissions`` are code names, ``view_policy`` and the like."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"user{number}")

    @factory.post_generation
    def permissions(self: Any, _create: bool, names: tuple[str, ...] | None, **_kwargs: Any) -> None:
        """Grants them."""
        self.user_permissions.set(Permission.objects.filter(codename__in=names or ()))


class PolicyFactory(factory.Factory[Policy]):
    """A stored policy with a name and path of its own."""

    class Meta:
        model = Policy

    name = factory.Sequence(lambda number: f"policy-{number}")
    path = factory.LazyAttribute(lambda policy: f"/{policy.name}/**")
    allowed_origins = factory.LazyFunction(lambda: ["https://app.example"])

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Policy:
        return services.create_policy(kwargs)


class OriginGroupFactory(factory.Factory[OriginGroup]):
    """A stored origin group with a name of its own."""

    class Meta:
        model = OriginGroup

    name = factory.Sequence(lambda number: f"group-{number}")
    origins = factory.LazyFunction(lambda: ["https://partner.example"])

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> OriginGroup:
        return services.create_group(kwargs)


def observe(origin: str = "https://app.example", days: Sequence[int] = (1,), **facts: Any) -> str:
    """Stores that an origin was answered so often, on the last days, today first; gives the row's key."""
    now = int(time.time())
    today = now // SECONDS_OF_A_DAY
    counts = {today - ago: count for ago, count in enumerate(days) if count}
    told = {"host": "", "path": "/api/**", "method": "GET", "reason": "origin-not-allowed", **facts}
    key = Key(origin=origin, **told)
    first, last = (now - ago * SECONDS_OF_A_DAY for ago in (today - min(counts), today - max(counts)))
    with transaction.atomic():
        store_tallies("default", {key: Tally(sum(days), first, last, counts)}, 100_000, now)
    return digest_of(key.stored())
