"""Which rows hold the origins and origin groups of a policy, each at its place?

Before you edit: lists keep their order, and hold nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from cors_policies.models.origins import Origin, OriginGroup, raise_for, refusals
from cors_policies.models.owners import Owners, keys_in
from cors_policies.models.policies import Policy
from cors_policies.models.versions import VersionedManager, VersionedModel

if TYPE_CHECKING:
    from typing_extensions import Self


class PolicyEntry(VersionedModel):
    """The place of something in a list of a policy."""

    class Meta:
        abstract = True

    @classmethod
    def owners_of(cls, rows: models.QuerySet[Any]) -> Owners:
        """The policies whose lists these are."""
        return Owners(policies=frozenset(rows.order_by().values_list("policy", flat=True)))

    @classmethod
    def owners_in(cls, values: Mapping[str, Any]) -> Owners:
        """The policy whose list this becomes a part of."""
        return Owners(policies=keys_in(values, "policy", "policy_id"))


class PolicyOrigin(PolicyEntry):
    """The place of an origin in a policy."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="origin_entries")
    origin = models.ForeignKey(Origin, models.CASCADE, related_name="policy_entries")
    position = models.PositiveIntegerField(default=0)

    objects: ClassVar[VersionedManager[Self]] = VersionedManager()

    class Meta:
        verbose_name = _("origin of a policy")
        verbose_name_plural = _("origins of policies")
        ordering = ("position", "pk")
        constraints = (
            models.UniqueConstraint(fields=("policy", "origin"), name="cors_policies_policy_origin_once"),
        )

    def __str__(self) -> str:
        return f"{self.policy_id}: {self.origin_id}"

    def clean(self) -> None:
        """Raises ``ValidationError`` for what the policy refuses."""
        policies = Policy.objects.filter(pk=self.policy_id)
        for origin in Origin.objects.filter(pk=self.origin_id):
            raise_for(refusals(policies, origin.pattern, "origin"))


class PolicyOriginGroup(PolicyEntry):
    """The place of an origin group in a policy."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="group_entries")
    group = models.ForeignKey(OriginGroup, models.CASCADE, related_name="policy_entries")
    position = models.PositiveIntegerField(default=0)

    objects: ClassVar[VersionedManager[Self]] = VersionedManager()

    class Meta:
        verbose_name = _("origin group of a policy")
        verbose_name_plural = _("origin groups of policies")
        ordering = ("position", "pk")
        constraints = (
            models.UniqueConstraint(fields=("policy", "group"), name="cors_policies_policy_group_once"),
        )

    def __str__(self) -> str:
        return f"{self.policy_id}: {self.group_id}"

    def clean(self) -> None:
        """Raises ``ValidationError`` for a group with an origin that the policy refuses."""
        policies = Policy.objects.filter(pk=self.policy_id)
        for pattern in Origin.objects.filter(origin_groups=self.group_id).values_list("pattern", flat=True):
            raise_for(refusals(policies, pattern, "group"))
