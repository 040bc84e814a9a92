"""Which rows hold origins?

An origin pattern is one row, shared by the policies and groups that allow it: who asks where an origin is let
in, or takes it away everywhere, looks at one row.

Before you edit: lists keep their order. The rows between a list and its origins carry the position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cors_policies.conf import get_settings
from cors_policies.core.origins import MAX_ORIGIN, parse_origin_pattern
from cors_policies.core.policy import MAX_NAME
from cors_policies.core.problems import PatternError, Problem
from cors_policies.core.validation import check_group, check_origin, joining_problems
from cors_policies.fields import ExactCharField
from cors_policies.models.owners import Owners, keys_by_name, keys_in
from cors_policies.models.versions import VersionedManager, VersionedModel
from cors_policies.translating import translated

if TYPE_CHECKING:
    from typing_extensions import Self


class Origin(VersionedModel):
    """One origin pattern, in its canonical form."""

    pattern = ExactCharField(
        _("pattern"),
        max_length=MAX_ORIGIN,
        unique=True,
        help_text=_(
            "Scheme, host and port of the page that calls, as in https://app.example.com. "
            "https://*.example.com is every name below the domain."
        ),
    )
    description = models.TextField(
        _("description"), blank=True, help_text=_("Whose it is, and whom to ask about it.")
    )

    objects: ClassVar[VersionedManager[Self]] = VersionedManager()

    class Meta:
        verbose_name = _("origin")
        verbose_name_plural = _("origins")
        ordering = ("pattern",)

    def __str__(self) -> str:
        return self.pattern

    @classmethod
    def owners_of(cls, rows: models.QuerySet[Any]) -> Owners:
        """The policies and groups that list the origins."""
        return Owners(_keys(rows, "policies"), _keys(rows, "origin_groups"))

    def clean(self) -> None:
        """Normalises the pattern.

        Raises ``ValidationError`` for what is none, or what a policy that uses it refuses.
        """
        origin, problems = check_origin({"pattern": self.pattern, "description": self.description})
        raise_for(problems)
        if origin is not None:
            self.pattern = origin.pattern
        if self.pk is not None:
            raise_for(refusals(self.strict_policies(), self.pattern, "pattern"))

    def strict_policies(self) -> models.QuerySet[Any]:
        """The policies that allow this origin, directly or through a group, and may refuse another."""
        policies = type(self)._meta.get_field("policies").related_model._default_manager.all()
        direct, through = Q(allowed_origins=self), Q(origin_groups__origins=self)
        return policies.filter(direct | through, may_refuse()).distinct().order_by("name")


def may_refuse() -> Q:
    """Which policies may refuse an origin that joins them: all where there are guard rails for origins."""
    return Q() if get_settings().GUARDRAILS.limits_origins else Q(allow_credentials=True)


class OriginGroup(VersionedModel):
    """Origins under a name, for policies to share."""

    name = ExactCharField(
        _("name"),
        max_length=MAX_NAME,
        unique=True,
        help_text=_('Letters, digits, "-" and "_". Policies name the group by it.'),
    )
    description = models.TextField(_("description"), blank=True)
    origins: models.ManyToManyField[Origin, Any] = models.ManyToManyField(
        Origin,
        through="OriginGroupOrigin",
        related_name="origin_groups",
        verbose_name=_("origins"),
        blank=True,
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[VersionedManager[Self]] = VersionedManager()

    class Meta:
        verbose_name = _("origin group")
        verbose_name_plural = _("origin groups")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def owners_of(cls, rows: models.QuerySet[Any]) -> Owners:
        """The groups themselves, and the policies that list them."""
        return Owners(_keys(rows, "policies"), _keys(rows, "pk"))

    @classmethod
    def owners_made(cls, rows: Sequence[Any], using: str) -> Owners:
        """The groups of these names."""
        names = (row.name for row in rows)
        return Owners(groups=keys_by_name(cls._base_manager.using(using), names))

    def clean(self) -> None:
        """Raises ``ValidationError`` with the code and field of every problem."""
        entries = () if self._state.adding else self.entries.values_list("origin__pattern", flat=True)
        document = {"name": self.name, "description": self.description, "origins": [*entries]}
        raise_for(check_group(document)[1])


class OriginGroupOrigin(VersionedModel):
    """The place of an origin in a group."""

    group = models.ForeignKey(OriginGroup, models.CASCADE, related_name="entries")
    origin = models.ForeignKey(Origin, models.CASCADE, related_name="group_entries")
    position = models.PositiveIntegerField(default=0)

    objects: ClassVar[VersionedManager[Self]] = VersionedManager()

    class Meta:
        verbose_name = _("origin of a group")
        verbose_name_plural = _("origins of groups")
        ordering = ("position", "pk")
        constraints = (
            models.UniqueConstraint(fields=("group", "origin"), name="cors_policies_group_origin_once"),
        )

    def __str__(self) -> str:
        return f"{self.group_id}: {self.origin_id}"

    @classmethod
    def owners_of(cls, rows: models.QuerySet[Any]) -> Owners:
        """The groups whose lists these are."""
        return Owners(groups=_keys(rows, "group"))

    @classmethod
    def owners_in(cls, values: Mapping[str, Any]) -> Owners:
        """The group whose list this becomes a part of."""
        return Owners(groups=keys_in(values, "group", "group_id"))

    def clean(self) -> None:
        """Raises ``ValidationError`` for what a policy that uses the group refuses."""
        group = OriginGroup.objects.filter(pk=self.group_id).first()
        origin = Origin.objects.filter(pk=self.origin_id).first()
        if group is not None and origin is not None:
            users = group.policies.filter(may_refuse()).order_by("name")
            raise_for(refusals(users, origin.pattern, "origin"))


def _keys(rows: models.QuerySet[Any], relation: str) -> frozenset[int]:
    """The keys that the rows have under this name. One query."""
    return frozenset(rows.order_by().values_list(relation, flat=True)) - {None}


def refusals(policies: Iterable[Any], pattern: str, field: str) -> Iterator[Problem]:
    """Why the policies refuse this stored pattern in one of their lists."""
    try:
        entries = [(None, parse_origin_pattern(pattern))]
    except PatternError as error:
        yield Problem("invalid-origin", field, None, pattern, str(error))
        return
    for policy in policies:
        yield from joining_problems(policy, entries, field, get_settings().GUARDRAILS)


def raise_for(problems: Iterable[Problem]) -> None:
    """Raises ``ValidationError`` where there is any, with the code and field of each."""
    errors: dict[str, list[ValidationError]] = {}
    for problem in problems:
        errors.setdefault(problem.field, []).append(
            ValidationError(translated(problem.message), code=problem.code)
        )
    if errors:
        raise ValidationError(errors)
