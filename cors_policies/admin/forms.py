"""How does a form become a policy document, and a problem the error of a field?

Before you edit:

* The form does not judge. It makes the document that the editor means, and asks the services' own check.
* The model's ``full_clean`` is left out: it would say the same again, in other words.
* Another editor's change is never overwritten: the form carries the fingerprint of what it was opened on.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cors_policies import documents, services
from cors_policies.admin.fields import LinesField, MethodsField, line_error
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.models import Origin, OriginGroup, Policy


def fingerprint(document: Document) -> str:
    """A short text that changes when the document does."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:  # Django's classes take no type arguments at run time
    _ModelForm = forms.ModelForm


class DocumentForm(_ModelForm):
    """A form of a document; subclasses name its keys and the services that store it."""

    fingerprint = forms.CharField(required=False, widget=forms.HiddenInput)
    line_keys: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        self.stored = self.read(instance) if instance is not None and instance.pk else None
        if self.stored is not None:
            given = kwargs.get("initial") or {}
            kwargs["initial"] = {**self.stored, "fingerprint": fingerprint(self.stored), **given}
        super().__init__(*args, **kwargs)

    def read(self, instance: Any) -> Document:
        """The document as it is stored."""
        raise NotImplementedError

    def store(self, document: Document) -> Any:
        """Stores the document. Raises ``InvalidPolicyError``."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Tries to store the document, and takes it back: the errors are those of the real thing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.document = {key: cleaned[key] for key in self.keys if key in cleaned}
        if self.stored is not None and cleaned.get("fingerprint") not in {"", fingerprint(self.stored)}:
            message = _(
                "Somebody else has changed this since you opened it. Open it again, and repeat your change."
            )
            raise ValidationError(message, code="changed")
        try:
            services.rehearse(self.store, self.document)
        except InvalidPolicyError as error:
            for problem in [found for found in error.problems if found.field not in self.errors]:
                self.add_problem(problem)
        return cleaned

    def add_problem(self, problem: Problem) -> None:
        """Shows a problem at its field; where the form has no such field, above all of them."""
        field = problem.field if problem.field in self.fields else None
        if field in self.line_keys:
            self.add_error(field, line_error(problem, self[field].value() or ""))
        else:
            self.add_error(field, ValidationError(problem.message, code=problem.code))

    def _post_clean(self) -> None:
        """Nothing: ``clean`` has checked everything."""

    def save(self, commit: bool = True) -> Any:  # noqa: FBT002 - Django's signature
        """Stores the document in one go, lists included, and gives the row."""
        stored = self.store(self.document)
        self.instance.pk = stored.pk
        self.instance.refresh_from_db()
        return self.instance

    def save_m2m(self) -> None:
        """Nothing: ``save`` has stored the lists."""


class PolicyForm(DocumentForm):
    """Everything that a policy says."""

    allowed_origins = LinesField(
        label=_("Allowed origins"),
        help_text=_(
            "One a line: https://app.example.com; https://*.example.com for every name below the domain; "
            "http://localhost:* for any port; * for every site. "
            "Nobody, if this and the groups are empty: a shield."
        ),
    )
    origin_groups = LinesField(
        rows=2,
        label=_("Origin groups"),
        help_text=_("Names of origin groups, one a line. Each adds its origins."),
    )
    allowed_methods = MethodsField(
        label=_("Allowed methods"),
        help_text=_("GET lets HEAD through too. A page may send GET, HEAD and POST without asking first."),
    )
    allowed_headers = LinesField(
        rows=3,
        label=_("Allowed request headers"),
        help_text=_(
            "Names that a script may set, one a line. Content-Type is needed for JSON. * is any name but "
            "Authorization, which is listed by itself."
        ),
    )
    exposed_headers = LinesField(
        rows=3,
        label=_("Exposed response headers"),
        help_text=_(
            "Names that a script may read, besides those that every script may: Content-Type and a few more."
        ),
    )
    line_keys: ClassVar[tuple[str, ...]] = (
        "allowed_origins",
        "origin_groups",
        "allowed_headers",
        "exposed_headers",
    )

    class Meta:
        model = Policy
        fields = (
            "name",
            "description",
            "mode",
            "host",
            "path",
            "priority",
            "allow_credentials",
            "max_age",
            "allow_private_network",
            "reject_denied",
            "tolerate_insecure_origins",
            "tolerate_public_suffixes",
            "tolerate_credentialed_regex",
        )

    keys: ClassVar[tuple[str, ...]] = (*Meta.fields, *line_keys, "allowed_methods")

    def read(self, instance: Policy) -> Document:
        """The stored policy."""
        return documents.policy_document(instance)

    def store(self, document: Document) -> Policy:
        """Creates or updates the policy."""
        if self.instance.pk is None:
            return services.create_policy(document)
        return services.update_policy(Policy.objects.get(pk=self.instance.pk), document)


class OriginGroupForm(DocumentForm):
    """A name, and origins."""

    origins = LinesField(rows=12, label=_("Origins"), help_text=_("One a line, as in a policy."))
    line_keys: ClassVar[tuple[str, ...]] = ("origins",)
    keys: ClassVar[tuple[str, ...]] = ("name", "description", "origins")

    class Meta:
        model = OriginGroup
        fields = ("name", "description")

    def read(self, instance: OriginGroup) -> Document:
        """The stored group."""
        return documents.group_document(instance)

    def store(self, document: Document) -> OriginGroup:
        """Creates or updates the group."""
        if self.instance.pk is None:
            return services.create_group(document)
        return services.update_group(OriginGroup.objects.get(pk=self.instance.pk), document)


class OriginForm(DocumentForm):
    """A pattern, and somebody's note on it."""

    keys: ClassVar[tuple[str, ...]] = ("pattern", "description")

    class Meta:
        model = Origin
        fields = ("pattern", "description")

    def read(self, instance: Origin) -> Document:
        """The stored origin."""
        return {"pattern": instance.pattern, "description": instance.description}

    def store(self, document: Document) -> Origin:
        """Creates or updates the origin, everywhere."""
        if self.instance.pk is None:
            return services.create_origin(document)
        return services.update_origin(Origin.objects.get(pk=self.instance.pk), document)
