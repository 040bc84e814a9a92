"""What does a change mean for those who call, in words, and was it confirmed?

Before you edit:

* Asked is about origins that a change would cut off, and about those for which it newly opens credentials.
* What is confirmed is what was meant: who goes on to edit the form is asked anew. Counts move all the time,
  and are no part of it.
* Origins are strangers' texts: they are cut, and escaped where they are shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cors_policies import observations, services
from cors_policies.admin.changes import named
from cors_policies.admin.fields import shortened
from cors_policies.conf import OBSERVE_ALL, get_settings
from cors_policies.core.comparing import impact as core
from cors_policies.core.comparing.impact import Effect, Impact, Opened
from cors_policies.core.engine import ALLOWED

FIELD: Final = "confirmed"
MAX_SENTENCES: Final = 20


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


def foreseen(report: services.Report) -> Impact:
    """What the changes of a dry run would mean."""
    return services.foreseen(report, observations.recent_traffic({ALLOWED}))


def token(impact: Impact) -> str:
    """A short text for what is to be confirmed."""
    cut_off = [
        [effect.seen.host, effect.seen.path, effect.seen.origin, effect.seen.method, effect.is_partly]
        for effect in impact.cut_off
    ]
    opened = [[one.policy, *one.site, *sorted(one.origins)] for one in impact.opened]
    return hashlib.sha256(json.dumps([sorted(cut_off), sorted(opened)]).encode()).hexdigest()


def sentences(impact: Impact) -> list[str]:
    """What is to be confirmed, and how many sentences more there would be."""
    cut_off = [*map(_cut_off, impact.cut_off[:MAX_SENTENCES])]
    opened = [*map(_opened, impact.opened[:MAX_SENTENCES])]
    return [
        *cut_off,
        *_more(len(impact.cut_off) - len(cut_off)),
        *(_sums(impact.opened) if len(opened) > 1 else ()),
        *opened,
        *_more(len(impact.opened) - len(opened)),
        *_unnamed(impact),
    ]


def unknown() -> str:
    """What cannot be said while allowed requests are not counted, and how that is turned on; or nothing."""
    if get_settings().OBSERVE == OBSERVE_ALL:
        return ""
    return _(
        "Which pages that work today a change would cut off is not known here, so nobody is asked about it: "
        "allowed requests are not counted. Whoever runs this site turns that on with the setting "
        'CORS_POLICIES = {"OBSERVE": "all"}.'
    )


def is_confirmed(request: HttpRequest, impact: Impact) -> bool:
    """Whether there is nothing to ask, or the answer was yes."""
    return not impact.is_grave or request.POST.get(FIELD) == token(impact)


def question(request: HttpRequest, page: dict[str, Any], impact: Impact) -> TemplateResponse:
    """The page that asks once more before an action."""
    context = {
        **page,
        "sentences": sentences(impact),
        "unknown": unknown(),
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


def _unnamed(impact: Impact) -> Iterator[str]:
    count = impact.traffic.unnamed
    if impact.traffic.is_known and count:
        text = ngettext(
            "%(count)d allowed request of the last 7 days was counted without its origin, for want of room.",
            "%(count)d allowed requests of the last 7 days were counted without their origin, for want of "
            "room.",
            count,
        )
        yield text % {"count": count}


def _sums(opened: Sequence[Opened]) -> Iterator[str]:
    text = _(
        "Credentials would be newly opened in all for: %(origins)d different origins, %(policies)d policies, "
        "%(paths)d paths."
    )
    yield text % {
        "origins": len(set().union(*(one.origins for one in opened))),
        "policies": len({one.policy for one in opened}),
        "paths": len({one.site for one in opened}),
    }


def _opened(opened: Opened) -> str:
    text = ngettext(
        "The policy %(policy)s would newly let %(count)d origin send credentials (cookies, logins) to "
        "%(where)s: %(origins)s.",
        "The policy %(policy)s would newly let %(count)d origins send credentials (cookies, logins) to "
        "%(where)s: %(origins)s.",
        len(opened.origins),
    )
    return text % {
        "policy": opened.policy,
        "count": len(opened.origins),
        "where": shortened("".join(opened.site)),
        "origins": named(opened.origins),
    }
