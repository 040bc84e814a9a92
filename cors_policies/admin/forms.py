"""How does a form become a document, and a problem the error of a field?

Before you edit:

* The form does not judge. It makes the document that the editor means, and asks the services' own check.
* The model's ``full_clean`` is left out: it would say the same again, in other words.
* Another editor's change is never overwritten: the page carries digests of what it was opened on.
* What cuts somebody off or opens credentials is stored when the box below that sentence was ticked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cors_policies import documents, services
from cors_policies.admin import confirming
from cors_policies.admin.changes import changed_keys, digests, phrases
from cors_policies.admin.confirming import ConfirmedField
from cors_policies.admin.fields import MAX_ERRORS, CommentField, LinesField, OriginsField, TextField
from cors_policies.admin.long_lists import LongOriginsField, is_long
from cors_policies.admin.prefill import TRY, Prefill
from cors_policies.admin.widgets import NoteTextarea
from cors_policies.core.comparing.impact import Impact
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.models import Origin, OriginGroup, Policy
from cors_policies.translating import translated

NO_KEYS: Final = frozenset({"opened", "comment", confirming.FIELD})
"""The fields that are no keys of the document."""
_FLAG: Final = re.compile(r"\b(?:tolerate_\w+|trust_for_csrf)")

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:  # Django's classes take no type arguments at run time
    _ModelForm = forms.ModelForm


class DocumentForm(_ModelForm):
    """A form of a document; subclasses say how it is read and stored.

    Every field but those of ``NO_KEYS`` is a key of the document.
    """

    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    comment = CommentField()
    confirmed = ConfirmedField()
    impact = Impact()
    """What to save the form would mean, once that was checked."""
    defaults: ClassVar[Document] = {}
    origin_lists: ClassVar[Sequence[str]] = ()
    """Its lists of origins, which may be long."""
    can_be_tried: ClassVar[bool] = False
    """Whether its page may be sent to be tried, which stores nothing."""
    prefill: ClassVar[Prefill | None] = None
    """What is filled in before anybody types; it changes initial values and nothing that is stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        self.stored = self.read(instance) if instance is not None and instance.pk else None
        initial = (
            dict(self.defaults) if self.stored is None else {**self.stored, "opened": digests(self.stored)}
        )
        initial = {**initial, **(kwargs.get("initial") or {})}
        kwargs["initial"] = self.prefill(initial) if self.prefill else initial
        super().__init__(*args, **kwargs)
        for name in self.origin_lists:
            listed = (self.stored or {}).get(name, [])
            if is_long(listed):
                self.fields[name] = LongOriginsField(listed, self.fields[name].label)

    @classmethod
    def key_labels(cls) -> dict[str, str]:
        """What the keys of the document are called on the page."""
        fields = cls.base_fields.items()
        return {name: str(field.label) for name, field in fields if name not in NO_KEYS}

    def read(self, instance: Any) -> Document:
        """The document as it is stored."""
        raise NotImplementedError

    def create(self, document: Document) -> Any:
        """Stores a new document. Raises ``InvalidPolicyError``."""
        raise NotImplementedError

    def update(self, row: Any, document: Document) -> Any:
        """Stores a changed document. Raises ``InvalidPolicyError``."""
        raise NotImplementedError

    def foresee(self, document: Document) -> Impact:
        """What storing it would mean. Raises what storing it raises."""
        return confirming.foresee(lambda: self._store(document))

    def check(self, document: Document) -> None:
        """What storing it raises, without storing it. For a form that can be tried."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Foresees what it means to store the document: the errors are those of the real thing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.document = {key: self._meant(key, cleaned[key]) for key in self.key_labels() if key in cleaned}
        self._check_opened(cleaned.get("opened", ""))
        try:
            if self.is_tried:
                self.check(self.document)
            else:
                self.impact = self.foresee(self.document)
        except InvalidPolicyError as error:
            self._add_problems(error.problems)
        else:
            self._ask(cleaned.get(confirming.FIELD, ""))
        return cleaned

    @property
    def is_tried(self) -> bool:
        """Whether it was sent to be tried: it is checked, and nothing is stored or asked."""
        return self.can_be_tried and TRY in self.data

    def save(self, commit: bool = True) -> Any:  # noqa: FBT002 - Django's signature
        """Stores the document in one go, lists included, and gives the row."""
        stored = self._store(self.document)
        self.instance.pk = stored.pk
        self.instance.refresh_from_db(using=stored._state.db)
        return self.instance

    def save_m2m(self) -> None:
        """Nothing: ``save`` has stored the lists."""

    def changes(self) -> list[str]:
        """What ``save`` has changed, in words."""
        return phrases(self.stored or {}, self.read(self.instance), self.key_labels())

    def _post_clean(self) -> None:
        """Nothing: ``clean`` has checked everything."""

    def _store(self, document: Document) -> Any:
        if self.instance.pk is None:
            return self.create(document)
        rows = type(self.instance)._default_manager.using(self.instance._state.db)
        return self.update(rows.get(pk=self.instance.pk), document)

    def _meant(self, key: str, typed: Any) -> Any:
        """What was typed, without the space around it.

        Where that is what is stored, the stored text: browsers write line ends in their own way.
        """
        if not isinstance(typed, str):
            return typed
        text = _plain(typed)
        stored = (self.stored or {}).get(key)
        return stored if isinstance(stored, str) and _plain(stored) == text else text

    def _check_opened(self, opened: str) -> None:
        keys = changed_keys(opened, self.stored) if self.stored is not None and opened else []
        if self.stored is None or not keys:
            return
        labels = {key: label for key, label in self.key_labels().items() if key in keys}
        refusal = format_html(
            '{} <a href="" target="_blank">{}</a>',
            _("Somebody else has changed this since you opened it, so nothing is saved."),
            _("Open what is stored in a new tab, and repeat your change there."),
        )
        shown = phrases(self.document, self.stored, labels)
        heading = _("What you have written → what is stored now: %(difference)s")
        found = [ValidationError(heading, "changed", {"difference": phrase}) for phrase in shown]
        raise ValidationError([ValidationError(refusal, "changed"), *found])

    def _ask(self, confirmed: str) -> None:
        """Asks once more before somebody is cut off or credentials are opened."""
        token = confirming.token(self.impact)
        if not self.impact.is_grave or confirmed == token:
            return
        cast("ConfirmedField", self.fields[confirming.FIELD]).ask(token)
        heading = _("Nothing is saved yet. If this is what you mean, tick the box:")
        found = [ValidationError(sentence, "impact") for sentence in confirming.sentences(self.impact)]
        self.add_error(confirming.FIELD, [ValidationError(heading, "impact"), *found])

    def _add_problems(self, problems: Sequence[Problem]) -> None:
        """Shows the problems at their fields; where the form has no such field, above all of them."""
        fresh = [problem for problem in problems if problem.field not in self.errors]
        for name in dict.fromkeys(problem.field for problem in fresh):
            found = [problem for problem in fresh if problem.field == name]
            shown = [*map(_in_words, found[:MAX_ERRORS]), *found[MAX_ERRORS:]]
            field = self.fields.get(name)
            if isinstance(field, LinesField):
                errors = field.report(shown, self[name].value() or "")
            else:
                errors = [ValidationError(translated(problem.message), problem.code) for problem in shown]
            self.add_error(name if field is not None else None, errors)


class OriginGroupForm(DocumentForm):
    """A name, and origins."""

    origin_lists = ("origins",)

    name = TextField(
        label=_("Name"),
        missing=_("Write a name, as in partners."),
        help_text=_("Policies name the group by it: letters, digits, - and _."),
    )
    origins = OriginsField(
        rows=12,
        label=_("Origins"),
        help_text=_(
            "One a line, or separated by commas, as in a policy: <code>https://app.example.com</code>, "
            "<code>https://*.example.com</code>. Every policy that uses the group allows them."
        ),
    )

    class Meta:
        model = OriginGroup
        exclude = ("origins",)  # which Django would read row by row
        fields = ("name", "description")
        widgets: ClassVar[dict[str, forms.Widget]] = {"description": NoteTextarea()}

    def read(self, instance: OriginGroup) -> Document:
        """The stored group."""
        return documents.group_document(instance)

    def foresee(self, document: Document) -> Impact:
        """As planned; another name is a change of the policies that use the group, and is rehearsed."""
        if self.stored is not None and document.get("name") != self.stored["name"]:
            return super().foresee(document)
        return confirming.foreseen(services.plan_group(document, self.instance, self.stored))

    def create(self, document: Document) -> OriginGroup:
        """Stores a new group."""
        return services.create_group(document)

    def update(self, row: OriginGroup, document: Document) -> OriginGroup:
        """Stores the changed group."""
        return services.update_group(row, document)


class OriginForm(DocumentForm):
    """A pattern, and a note on it."""

    pattern = TextField(
        label=_("Pattern"),
        missing=_("Write an origin, as in https://app.example.com."),
        help_text=_(
            "Scheme, host and port of the page that calls: <code>https://app.example.com</code>. "
            "<code>https://*.example.com</code> is every name below the domain."
        ),
    )

    class Meta:
        model = Origin
        fields = ("pattern", "description")
        widgets: ClassVar[dict[str, forms.Widget]] = {"description": NoteTextarea()}

    def read(self, instance: Origin) -> Document:
        """The stored origin."""
        return {"pattern": instance.pattern, "description": instance.description}

    def create(self, document: Document) -> Origin:
        """Stores a new origin, in no list yet."""
        return services.create_origin(document)

    def update(self, row: Origin, document: Document) -> Origin:
        """Changes the origin, wherever it is listed."""
        return services.update_origin(row, document)


def _in_words(problem: Problem) -> Problem:
    """The problem with a policy's flags called as they are in its form."""
    return replace(
        problem, message=_FLAG.sub(lambda found: f'"{_label(found[0])}"', translated(problem.message))
    )


def _label(key: str) -> str:
    labels = {field.name: field.verbose_name for field in Policy._meta.fields}
    return str(capfirst(labels.get(key, key)))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
