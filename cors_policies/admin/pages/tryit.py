"""Try it: what would a browser do with this call, why, and what with changes that are not saved yet?

Before you edit:

* Nothing is stored. Changes come with the page, as text, and are checked each time as by a save.
* Without changes everything stands in the address, which can be shared.
* Where changes were made, the call that was tried goes along in the form's address (``?call=``), so that the
  next trial asks the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final, NamedTuple, cast

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from cors_policies import documents, services
from cors_policies.admin.asking import CallForm, example_call, known_query
from cors_policies.admin.base import DocumentAdmin, is_key
from cors_policies.admin.changes import phrases
from cors_policies.admin.forms import DocumentForm
from cors_policies.admin.prefill import CALL, CHANGES, Changes, new_policy, proposal, read_changes
from cors_policies.admin.telling import RemedyLine, Story, tell
from cors_policies.admin.widgets import USUAL_METHODS
from cors_policies.conf import get_settings
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.core.snapshot import Snapshot
from cors_policies.models import Policy
from cors_policies.store import current_snapshot
from cors_policies.translating import translated

_MAX_PROBLEMS: Final = 25
_METHODS: Final = ("GET", "HEAD", "POST")
_TEMPLATE: Final = "cors_policies/pages/tryit.html"


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: the stored set, or, with ``changes``, the set as it would be.

    ``row`` is the policy that changes, and ``stored`` what it is; ``None`` for a new one.
    """

    changes: Changes | None = None
    row: Policy | None = None
    stored: Document | None = None

    def snapshot(self) -> Snapshot:
        """Raises ``InvalidPolicyError`` where the changes could not be saved."""
        if self.changes is None:
            return current_snapshot()
        return services.set_with(self.changes.document, self.row).compile(datetime.now(timezone.utc))

    def phrases(self, admin: DocumentAdmin) -> list[str]:
        """In words: what is tried, beside what is stored."""
        if self.changes is None or self.stored is None:
            return []
        labels = cast("type[DocumentForm]", admin.form).key_labels()
        return phrases(self.stored, self.changes.document, labels)


class NotSavedError(Exception):
    """Says that a valid form was sent to be tried: whatever was begun is taken back."""

    def __init__(self, form: Any) -> None:
        super().__init__()
        self.document: Document = form.document
        changes = Changes(self.document, form.cleaned_data.get("opened", ""))
        self.trial = Trial(changes, form.instance if form.stored else None, form.stored)


def try_it(admin: DocumentAdmin, request: HttpRequest) -> HttpResponseBase:
    """The page; by POST with changes that are not saved."""
    if request.method not in _METHODS:
        return HttpResponseNotAllowed(_METHODS)
    if request.method == "POST":
        return _try_again(admin, request)
    if "policy" in request.GET:
        return _example_of(admin, request, _row(admin, request, request.GET["policy"]))
    is_asked = not CallForm.base_fields.keys().isdisjoint(request.GET)
    return _show(admin, request, CallForm(request.GET if is_asked else None), Trial())


def try_changes(admin: DocumentAdmin, request: HttpRequest, tried: NotSavedError) -> HttpResponseBase:
    """The page for a policy's form that was sent to be tried, and was valid."""
    call = known_query(request.GET.get(CALL, "")) or example_call(tried.document)
    return _show(admin, request, CallForm(call), tried.trial)


def _try_again(admin: DocumentAdmin, request: HttpRequest) -> HttpResponseBase:
    changes, key = read_changes(request.POST.get(CHANGES, "")), request.POST.get("policy", "")
    if changes is None:
        raise BadRequest(_("There are no changes here to try."))
    row = _row(admin, request, key) if key else None
    trial = Trial(changes, row, documents.policy_document(row) if row else None)
    return _show(admin, request, CallForm(request.POST), trial)


def _example_of(admin: DocumentAdmin, request: HttpRequest, row: Policy) -> HttpResponseBase:
    """To the address of a call that the policy speaks of."""
    if row.mode != Policy.Mode.LIVE:
        text = _('"%(name)s" is not live: this is what happens without it.') % {"name": row.name}
        admin.message_user(request, text, messages.WARNING)
    call = example_call(documents.policy_document(row))
    return HttpResponseRedirect(f"{request.path}?{urlencode(call)}")


def _row(admin: DocumentAdmin, request: HttpRequest, key: str) -> Policy:
    row: Policy | None = admin.get_object(request, key) if is_key(key) else None
    if row is None:
        raise Http404
    return row


def _show(admin: DocumentAdmin, request: HttpRequest, form: CallForm, trial: Trial) -> HttpResponseBase:
    links = _Links(admin, request, trial, form.query if form.is_valid() else "")
    context = {
        **admin.admin_site.each_context(request),
        "title": _("Try it with these changes") if trial.changes else _("Try it"),
        "opts": admin.opts,
        "form": form,
        "methods": [method for method in USUAL_METHODS if method != "*"],
        "trial": trial,
        "is_obeyed": not trial.changes or trial.changes.document.get("mode") == Policy.Mode.LIVE,
        "differences": trial.phrases(admin),
        "own_address": reverse("admin:cors_policies_tryit", current_app=admin.admin_site.name),
        "form_address": links.form_address(),
        "tried_name": links.tried_name,
        **_result(form, trial, links),
    }
    request.current_app = admin.admin_site.name
    return TemplateResponse(request, _TEMPLATE, context)


def _result(form: CallForm, trial: Trial, links: _Links) -> dict[str, Any]:
    """The story, or why there is none."""
    if not form.is_valid():
        return {}
    try:
        story = tell(trial.snapshot(), form.call, links.addresses)
    except InvalidPolicyError as error:
        return {
            "problems": [
                f"{found.field}: {translated(found.message)}" for found in error.problems[:_MAX_PROBLEMS]
            ]
        }
    return {"story": story, "remedies": links.remedies(story)}


class _Step(NamedTuple):
    """What to do next: in the form that is being tried, or at an address, ``""`` where one may not."""

    line: RemedyLine
    address: str
    is_tried: bool


@dataclass(frozen=True, slots=True)
class _Links:
    """Addresses of policies and of their forms. ``query`` is the call that is tried."""

    admin: DocumentAdmin
    request: HttpRequest
    trial: Trial
    query: str

    def addresses(self, names: Iterable[str]) -> Mapping[str, str]:
        """Of the policies that have a page, by name. One query."""
        wanted = sorted({*names})
        keys = documents.keys_by_name(Policy, wanted, get_settings().DATABASE_ALIAS)
        if self.trial.changes is not None:
            keys.pop(self.tried_name, None)
        return {name: self._address("change", key) for name, key in keys.items()}

    def form_address(self, parameters: Mapping[str, Sequence[str]] | None = None) -> str:
        """Of the form whose changes are tried."""
        row = self.trial.row
        address = self._address("change", row.pk) if row else self._address("add")
        return f"{address}?{self._query(parameters or {})}"

    def remedies(self, story: Story) -> list[_Step]:
        """Each remedy with the address of the form that it is filled in."""
        known = self.addresses(line.policy for line in story.remedies if line.policy)
        steps = (self._step(line, known, story.request.path_info) for line in story.remedies)
        return [step for step in steps if step.address]

    def _step(self, line: RemedyLine, known: Mapping[str, str], path: str) -> _Step:
        parameters, address = dict(proposal(line.remedy).lists()), ""
        if line.policy is not None and line.policy == self.tried_name:
            return _Step(line, self.form_address(parameters), is_tried=True)
        if line.policy is None and self.admin.has_add_permission(self.request):
            address, parameters = self._address("add"), {**parameters, **new_policy(line.remedy, path)}
        elif line.policy is not None and self.admin.has_change_permission(self.request):
            address = known.get(line.policy, "")
        return _Step(line, address and f"{address}?{self._query(parameters)}", is_tried=False)

    @property
    def tried_name(self) -> str:
        """Of the policy whose changes are tried; ``""`` where none are."""
        return str(self.trial.changes.document.get("name", "")) if self.trial.changes else ""

    def _address(self, view: str, *arguments: object) -> str:
        name = f"admin:cors_policies_policy_{view}"
        return reverse(name, args=arguments, current_app=self.admin.admin_site.name)

    def _query(self, parameters: Mapping[str, Sequence[str]]) -> str:
        return urlencode({**parameters, CALL: [self.query]}, doseq=True)
