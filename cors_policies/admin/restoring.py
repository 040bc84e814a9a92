"""How does an editor bring back the set of a revision, having seen what that changes?

Before you edit:

* Nothing is restored unseen: the page is sent with the number of the revision that it was compared with, and
  is refused once the set has another one.
* The answer to a refusal is the page anew, with what a restore would change now.
* What cuts somebody off or opens credentials stands above the button, and is restored when the box there was
  ticked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from cors_policies import documents, services
from cors_policies.admin import confirming
from cors_policies.admin.base import more_text
from cors_policies.admin.fields import MAX_ERRORS, CommentField
from cors_policies.admin.shown_changes import ChangesPage, key_label, kind_label
from cors_policies.conf import get_settings
from cors_policies.core.comparing.impact import Impact
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.models import Revision
from cors_policies.translating import translated

if TYPE_CHECKING:
    from cors_policies.admin.revisions import RevisionAdmin

_METHODS: Final = ("GET", "HEAD", "POST")
_MAX_NEWER: Final = 5
_KINDS: Final = {"policies": "policy", "origin_groups": "origin_group"}


class RestoreForm(forms.Form):
    """``seen`` is the number of the revision that the preview was compared with."""

    seen = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)
    comment = CommentField()


class SetHasChangedError(Exception):
    """The set is not the one that was previewed any more."""


class NotConfirmedError(Exception):
    """What it means was not confirmed, or it means something else since."""


def restore_view(admin: RevisionAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The preview; for a form that is sent, the restore."""
    if request.method not in _METHODS:
        return HttpResponseNotAllowed(_METHODS)
    if not services.may_replace_policies(request.user):
        raise PermissionDenied
    revision = admin.get_object(request, unquote(object_id))
    if revision is None:
        raise Http404
    form = RestoreForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "seen": None, "is_refused": False, "is_unconfirmed": False}
    if form.is_valid():
        context["seen"] = form.cleaned_data["seen"]
        try:
            return _restored(admin, request, revision, form)
        except NotConfirmedError:
            context["is_unconfirmed"] = True
        except (SetHasChangedError, InvalidPolicyError):
            context["is_refused"] = True
    return _preview(admin, request, revision, context)


def _restored(
    admin: RevisionAdmin, request: HttpRequest, revision: Revision, form: RestoreForm
) -> HttpResponse:
    user, comment = request.user, form.cleaned_data["comment"]
    with services.acting("admin", user.get_username(), comment), services.numbered() as found:
        if found.number != form.cleaned_data["seen"]:
            raise SetHasChangedError
        report = services.restore(revision, dry_run=True)
        if report.changes_groups and not services.may_replace_groups(user):
            raise PermissionDenied
        if not confirming.is_confirmed(request, confirming.foreseen(report)):
            raise NotConfirmedError
        services.restore(revision)
    if report.changes:
        text = _(
            "Restored: all policies and groups are again what they were at revision %(old)d. Restoring is "
            "revision %(new)d itself, and can be taken back from here."
        )
        text %= {"old": revision.number, "new": found.number}
        admin.log_change(request, revision, text)
    else:
        text = _("Nothing was restored: the set is what it was at revision %(old)d.") % {
            "old": revision.number
        }
    admin.message_user(request, text, messages.SUCCESS if report.changes else messages.INFO)
    return HttpResponseRedirect(admin.address("change", found.number if report.changes else revision.number))


def _preview(
    admin: RevisionAdmin, request: HttpRequest, revision: Revision, context: dict[str, Any]
) -> HttpResponse:
    context |= {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "media": admin.media,
        "original": revision,
        "title": _("Restore revision %(number)d") % {"number": revision.number},
    }
    try:
        preview = services.preview_restore(revision)
    except InvalidPolicyError as error:
        context |= {"problems": _problem_texts(revision, error.problems), "more": _more(error.problems)}
    else:
        context |= _previewed(request, preview)
        context |= _newer(preview.number, context["seen"]) if context["is_refused"] else {}
    request.current_app = admin.admin_site.name
    return TemplateResponse(request, "cors_policies/pages/restore.html", context)


def _previewed(request: HttpRequest, preview: services.Preview) -> dict[str, Any]:
    report = preview.report
    return {
        "preview": preview,
        "unchanged": report.unchanged_policies + report.unchanged_groups,
        "lacks_groups": report.changes_groups and not services.may_replace_groups(request.user),
        "changes": ChangesPage(report.changes, request.GET.get(PAGE_VAR)),
        **_meaning(confirming.foreseen(report)),
    }


def _meaning(impact: Impact) -> dict[str, Any]:
    """What the restore would mean for those who call, and what is sent where that is confirmed."""
    return {
        "is_grave": impact.is_grave,
        "sentences": confirming.sentences(impact),
        "unknown": confirming.unknown(),
        "field": confirming.FIELD,
        "token": confirming.token(impact),
    }


def _newer(number: int, seen: int | None) -> dict[str, Any]:
    """What has happened since the preview: the last revisions, and how many more."""
    if seen is None or seen >= number:
        return {"newer": ()}
    rows: QuerySet[Revision] = Revision.objects.using(get_settings().DATABASE_ALIAS).filter(number__gt=seen)
    count = rows.count()
    return {
        "newer": rows[:_MAX_NEWER],
        "newer_more": more_text(count - _MAX_NEWER) if count > _MAX_NEWER else "",
    }


def _more(problems: tuple[Problem, ...]) -> str:
    return more_text(len(problems) - MAX_ERRORS) if len(problems) > MAX_ERRORS else ""


def _problem_texts(revision: Revision, problems: tuple[Problem, ...]) -> list[str]:
    """The first problems, each with the policy or group that it is about."""
    using = get_settings().DATABASE_ALIAS
    document = services.set_at(revision, documents.policy_set_document(using), using)
    return [_problem_text(problem, document) for problem in problems[:MAX_ERRORS]]


def _problem_text(problem: Problem, document: Document) -> str:
    """The sentence after its place, as in ``Policy app, Allowed origins, entry 2: ...``."""
    rows, _dot, rest = problem.field.partition(".")
    place, _dot, key = rest.partition(".")
    if rows not in _KINDS or not place.isdigit() or int(place) >= len(document[rows]):
        return translated(problem.message)
    kind = _KINDS[rows]
    where = [f"{kind_label(kind)} {document[rows][int(place)]['name']}"]
    where += [key_label(kind, key)] if key else []
    where += [_("entry %(number)d") % {"number": problem.index + 1}] if problem.index is not None else []
    return f"{', '.join(where)}: {translated(problem.message)}"
