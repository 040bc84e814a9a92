"""Which rows hold the history of the policy set?

Before you edit:

* A revision is what one transaction has changed, and never changes afterwards. Its documents are kept as JSON
  text, byte for byte: databases reorder what they take for JSON themselves.
* These models come before those of the set, so that ``loaddata`` stores a history before it adds to it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cors_policies.core.policy import MAX_NAME
from cors_policies.fields import ExactCharField

MAX_COMMENT: Final = 200
MAX_ACTOR: Final = 254


class Revision(models.Model):
    """One committed change of the policy set. ``actor`` is a user name, and outlives the user."""

    class Via(models.TextChoices):
        """The way in."""

        ADMIN = "admin", _("admin")
        API = "api", _("REST API")
        COMMAND = "command", _("command")
        ORM = "orm", _("program")

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    actor = models.CharField(_("who"), max_length=MAX_ACTOR, blank=True)
    via = models.CharField(_("how"), max_length=10, choices=Via.choices, default=Via.ORM)
    comment = models.CharField(_("comment"), max_length=MAX_COMMENT, blank=True)
    transaction = models.CharField(max_length=32, editable=False)

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ("-number",)

    def __str__(self) -> str:
        return str(self.number)

    def save(self, **kwargs: Any) -> None:
        """Stores a new revision. Raises ``TypeError`` for one that is stored already."""
        if not self._state.adding:
            raise TypeError("A revision never changes.")
        super().save(**kwargs | {"force_insert": True})


class RevisionChange(models.Model):
    """What a revision has changed of one policy or origin group. ``name`` is the one that it has since."""

    class Kind(models.TextChoices):
        """What has changed."""

        POLICY = "policy", _("policy")
        GROUP = "origin_group", _("origin group")

    class Action(models.TextChoices):
        """What has become of it."""

        CREATED = "created", _("created")
        UPDATED = "updated", _("changed")
        DELETED = "deleted", _("deleted")

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = ExactCharField(max_length=MAX_NAME)
    action = models.CharField(max_length=10, choices=Action.choices)
    row = models.BigIntegerField()
    """The key of the row, by which its history is found whatever it was called."""
    before = models.TextField(null=True)  # noqa: DJ001 - null: it was not there
    after = models.TextField(null=True)  # noqa: DJ001 - null: it is gone

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ("-kind", "name", "pk")
        indexes: ClassVar[tuple[models.Index, ...]] = (
            models.Index(fields=("kind", "row"), name="cors_policies_row_history"),
        )

    def __str__(self) -> str:
        return f"{self.revision_id}: {self.kind} {self.name} {self.action}"
