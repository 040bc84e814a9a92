"""Which rows hold policies?

Before you edit:

* What a policy may hold is decided by :mod:`cors_policies.core.validation`; ``clean`` asks it. The
  constraints below are what a database can check by itself, for writes that pass by ``clean``.
* Lists of words are JSON; lists of origins and groups are rows with a position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cors_policies.conf import get_settings
from cors_policies.core.policy import (
    MAX_MAX_AGE,
    MAX_NAME,
    MAX_PRIORITY,
    POLICY_KEYS,
    Document,
    completed,
)
from cors_policies.core.problems import PatternError
from cors_policies.core.validation import Objection, check_policy, find_objections
from cors_policies.fields import ExactCharField, TimestampField
from cors_policies.models.origins import Origin, OriginGroup, OriginGroupOrigin, raise_for, refusals
from cors_policies.models.owners import Owners, keys_by_name, keys_in
from cors_policies.models.versions import VersionedManager, VersionedModel

RELATION_KEYS: Final = ("allowed_origins", "origin_groups")
COLUMN_KEYS: Final = tuple(key for key in POLICY_KEYS if key not in RELATION_KEYS)


if TYPE_CHECKING:
    from typing_extensions import Self


def default_methods() -> list[str]:
    """The methods of a new policy."""
    return ["GET", "HEAD", "POST"]


def default_request_headers() -> list[str]:
    """The request-header names of a new policy."""
    return ["content-type"]


class Policy(VersionedModel):
    """Who may call what lies under one path, and how."""

    class Mode(models.TextChoices):
        """Whether a policy is obeyed."""

        LIVE = "live", _("live")
        TRIAL = "trial", _("on trial")
        OFF = "off", _("off")

    name = ExactCharField(
        _("name"),
        max_length=MAX_NAME,
        unique=True,
        help_text=_('Letters, digits, "-" and "_", as in public-api.'),
    )
    description = models.TextField(_("description"), blank=True)
    mode = models.CharField(
        _("mode"),
        max_length=10,
        choices=Mode.choices,
        default=Mode.LIVE,
        help_text=_(
            "On trial: never obeyed; what it would change is recorded, for the trial report. "
            "Off: as if the policy were not there. A broader policy may then govern its path."
        ),
    )
    host = ExactCharField(
        _("host"),
        max_length=255,
        blank=True,
        default="",
        help_text=_("Which of this site's hosts: api.example.com or *.example.com. Empty: all of them."),
    )
    path = ExactCharField(
        _("path"),
        max_length=500,
        help_text=_(
            "/api/orders is itself, /api/*/files any one segment, /api/** all below. "
            "The most specific one governs."
        ),
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        default=100,
        help_text=_("Among policies of the same host and path, the smaller one is tried first."),
    )
    allowed_origins: models.ManyToManyField[Origin, Any] = models.ManyToManyField(
        Origin, through="PolicyOrigin", related_name="policies", verbose_name=_("allowed origins"), blank=True
    )
    origin_groups: models.ManyToManyField[OriginGroup, Any] = models.ManyToManyField(
        OriginGroup,
        through="PolicyOriginGroup",
        related_name="policies",
        verbose_name=_("origin groups"),
        blank=True,
    )
    allowed_methods = models.JSONField(_("allowed methods"), default=default_methods, blank=True)
    allowed_headers = models.JSONField(
        _("allowed request headers"), default=default_request_headers, blank=True
    )
    exposed_headers = models.JSONField(_("exposed response headers"), default=list, blank=True)
    allow_credentials = models.BooleanField(
        _("allow credentials"),
        default=False,
        help_text=_("Lets pages send the visitor's cookies, and read what only that visitor may see."),
    )
    max_age = models.PositiveIntegerField(
        _("max-age"),
        null=True,
        blank=True,
        default=600,
        help_text=_(
            "Seconds for which a browser remembers a preflight, 0 to 86400. Empty: the browser's own default."
        ),
    )
    allow_private_network = models.BooleanField(
        _("allow private network"),
        default=False,
        help_text=_("Lets public pages reach this site on a private network, where the browser asks for it."),
    )
    reject_denied = models.BooleanField(
        _("reject what is denied"),
        default=False,
        help_text=_(
            "A denied request gets 403 and never reaches the view. Otherwise only its answer is withheld."
        ),
    )
    tolerate_insecure_origins = models.BooleanField(
        _("tolerate insecure origins"),
        default=False,
        help_text=_("Allows credentials for origins without https."),
    )
    tolerate_public_suffixes = models.BooleanField(
        _("tolerate public suffixes"),
        default=False,
        help_text=_("Allows credentials for a wildcard under a suffix that others can register names below."),
    )
    tolerate_credentialed_regex = models.BooleanField(
        _("tolerate expressions with credentials"),
        default=False,
        help_text=_("Allows credentials for ~ expressions, which no check can see into."),
    )
    trust_for_csrf = models.BooleanField(
        _("trust for CSRF"),
        default=False,
        help_text=_(
            "Requests from these origins pass Django's check of the origin, as if they stood in "
            "CSRF_TRUSTED_ORIGINS; the token is still required. Needs CorsPolicyCsrfMiddleware."
        ),
    )
    expires_at = TimestampField(
        _("expires at"),
        max_length=32,
        null=True,
        blank=True,
        help_text=_("From then on it is as if the policy were not there. Empty: it does not expire."),
    )
    resource_policy = models.CharField(  # noqa: DJ001 - null: no policy says it, and the view may
        _("resource policy"),
        max_length=12,
        null=True,
        blank=True,
        help_text=_(
            "Cross-Origin-Resource-Policy of every response of the path: same-origin, same-site or "
            "cross-origin. Empty: what the view says."
        ),
    )
    timing_allow_origin = models.BooleanField(
        _("show timing"),
        default=False,
        help_text=_(
            "Timing-Allow-Origin: pages that may read a response also see what its loading spent time on."
        ),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[VersionedManager[Self]] = VersionedManager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ("host", "path", "priority", "name")
        indexes = (models.Index(fields=("host", "path"), name="cors_policies_path_group"),)
        constraints = (
            models.CheckConstraint(condition=Q(mode__in=("live", "trial", "off")), name="cors_policies_mode"),
            models.CheckConstraint(condition=Q(path__startswith="/"), name="cors_policies_path"),
            models.CheckConstraint(condition=Q(priority__lte=MAX_PRIORITY), name="cors_policies_priority"),
            models.CheckConstraint(
                condition=Q(max_age__isnull=True) | Q(max_age__lte=MAX_MAX_AGE), name="cors_policies_max_age"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def owners_of(cls, rows: models.QuerySet[Any]) -> Owners:
        """The policies themselves."""
        return Owners(policies=frozenset(rows.order_by().values_list("pk", flat=True)))

    @classmethod
    def owners_made(cls, rows: Sequence[Any], using: str) -> Owners:
        """The policies of these names."""
        names = (row.name for row in rows)
        return Owners(policies=keys_by_name(cls._base_manager.using(using), names))

    def clean(self) -> None:
        """Normalises every field. Raises ``ValidationError`` with the code and field of every problem."""
        policy, problems = check_policy(self._document(), self._known_groups(), get_settings().GUARDRAILS)
        raise_for(problems)
        if policy is not None:
            document = completed(policy.to_document())
            for key in COLUMN_KEYS:
                setattr(self, key, document[key])

    def _document(self) -> Document:
        columns = {key: getattr(self, key) for key in COLUMN_KEYS}
        if self._state.adding:
            return columns
        origins = self.origin_entries.values_list("origin__pattern", flat=True)
        groups = self.group_entries.values_list("group__name", flat=True)
        return columns | {"allowed_origins": [*origins], "origin_groups": [*groups]}

    def _known_groups(self) -> dict[str, Sequence[Objection]]:
        if self._state.adding:
            return {}
        return known_groups(OriginGroup.objects.filter(policies=self))


def known_groups(groups: models.QuerySet[OriginGroup]) -> dict[str, Sequence[Objection]]:
    """The groups by name, each with what speaks against its origins, guard rails included. Two queries.

    A group that holds a broken row is left out, as if it did not exist: what names it is not obeyed.
    """
    patterns: dict[str, list[str]] = {name: [] for name in groups.values_list("name", flat=True)}
    entries = OriginGroupOrigin.objects.using(groups.db).filter(group__in=groups)
    for name, pattern in entries.order_by("position", "pk").values_list("group__name", "origin__pattern"):
        patterns[name].append(pattern)
    objections = ((name, _objections(texts)) for name, texts in patterns.items())
    return {name: found for name, found in objections if found is not None}


def _objections(texts: list[str]) -> tuple[Objection, ...] | None:
    try:
        return find_objections(texts, get_settings().GUARDRAILS)
    except PatternError:
        return None


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
