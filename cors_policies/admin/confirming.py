"""What does a change mean for those who call, in words, and was it confirmed?

Before you edit:

* What is confirmed is what was shown: who goes on to edit the form is asked anew. Counts move all the time,
  and are no part of it.
* Origins are strangers' texts: they are cut, and escaped where they are shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cors_policies import observations, services
from cors_policies.admin.changes import named
from cors_policies.admin.fields import shortened
from cors_policies.core.comparing import impact as core
from cors_policies.core.comparing.impact import Effect, Impact, Opened
from cors_policies.core.engine import ALLOWED

FIELD: Final = "confirmed"
MAX_SENTENCES: Final = 20
MAX_WARNINGS: Final = 5


class ConfirmedField(forms.CharField):
    """Hidden, until there is something to confirm: then a box to tick."""

    def __init__(self) -> None:
        super().__init__(
            required=False, label=gettext_lazy("Save all the same"), widget=forms.HiddenInput, max_length=64
        )

    def ask(self, token: str) -> None:
        """Shows the box, not ticked."""
        self.widget = forms.CheckboxInput({"value": token}, check_test=lambda _value: False)


def foresee(write: Callable[[], object]) -> Impact:
    """What the write would mean; it is taken back. Raises what the write raises."""
    return services.foresee(write, observations.recent_traffic({ALLOWED}))


def token(impact: Impact) -> str:
    """A short text for what is to be confirmed."""
    cut_off = [
        [effect.seen.host, effect.seen.path, effect.seen.origin, effect.seen.method, effect.is_partly]
        for effect in impact.cut_off
    ]
    return hashlib.sha256(json.dumps(sorted(cut_off)).encode()).hexdigest()


def sentences(impact: Impact) -> list[str]:
    """What is to be confirmed, what is not known, and how many sentences more there would be."""
    found = [*map(_cut_off, impact.cut_off[:MAX_SENTENCES])]
    return [*found, *_more(len(impact.cut_off) - len(found)), *unknown(impact)]


def warn(request: HttpRequest, impact: Impact) -> None:
    """Says for whom the change, which is stored, has opened credentials."""
    told = [*map(_opened, impact.opened[:MAX_WARNINGS])]
    for sentence in [*told, *_more(len(impact.opened) - len(told))]:
        messages.warning(request, sentence)


def unknown(impact: Impact) -> Iterator[str]:
    """What cannot be said."""
    unnamed = impact.traffic.unnamed
    if not impact.traffic.is_known:
        yield _(
            "Which pages that work today this would cut off is not known: allowed requests are not counted "
            "(the setting OBSERVE is not “all”)."
        )
    elif unnamed:
        text = ngettext(
            "%(count)d allowed request of the last 7 days was counted without its origin, for want of room.",
            "%(count)d allowed requests of the last 7 days were counted without their origin, for want of "
            "room.",
            unnamed,
        )
        yield text % {"count": unnamed}


def is_confirmed(request: HttpRequest, impact: Impact) -> bool:
    """Whether there is nothing to ask, or the answer was yes."""
    return not impact.is_grave or request.POST.get(FIELD) == token(impact)


def question(request: HttpRequest, page: dict[str, Any], impact: Impact) -> TemplateResponse:
    """The page that asks once more before an action."""
    context = {
        **page,
        "sentences": sentences(impact),
        "field": FIELD,
        "token": token(impact),
        "checkbox": ACTION_CHECKBOX_NAME,
        "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "action": request.POST.get("action", ""),
        "index": request.POST.get("index", "0"),
        "select_across": request.POST.get("select_across", "0"),
    }
    return TemplateResponse(request, "cors_policies/confirm.html", context)


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield ngettext("and %(count)d more", "and %(count)d more", count) % {"count": count}


def _cut_off(effect: Effect) -> str:
    seen = effect.seen
    if effect.is_partly:
        text = ngettext(
            "%(origin)s would be cut off from part of %(where)s: in the last %(days)d days %(count)d request "
            "(%(method)s) was allowed there.",
            "%(origin)s would be cut off from part of %(where)s: in the last %(days)d days %(count)d "
            "requests (%(method)s) were allowed there.",
            seen.count,
        )
    else:
        text = ngettext(
            "%(origin)s would be cut off from %(where)s: in the last %(days)d days %(count)d request "
            "(%(method)s) was allowed.",
            "%(origin)s would be cut off from %(where)s: in the last %(days)d days %(count)d requests "
            "(%(method)s) were allowed.",
            seen.count,
        )
    facts = {"count": seen.count, "method": seen.method, "days": core.DAYS}
    return text % {**facts, "origin": shortened(seen.origin), "where": shortened(seen.host + seen.path)}


def _opened(opened: Opened) -> str:
    text = ngettext(
        "The policy %(policy)s now lets %(count)d more origin send credentials to %(where)s: %(origins)s.",
        "The policy %(policy)s now lets %(count)d more origins send credentials to %(where)s: %(origins)s.",
        len(opened.origins),
    )
    return text % {
        "policy": opened.policy,
        "count": len(opened.origins),
        "where": shortened("".join(opened.site)),
        "origins": named(opened.origins),
    }
