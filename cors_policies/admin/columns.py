"""What does the list of policies show of each, at a glance and in a fixed number of queries?

Before you edit: a row may be broken, written past all checks, and has to be shown all the same, so that it
can be opened and mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from django.db.models import Count, F, Prefetch, Q, QuerySet, Window
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import smart_split, unescape_string_literal
from django.utils.timesince import timesince
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from cors_policies.admin.base import more_text
from cors_policies.core.problems import PatternError
from cors_policies.core.timestamps import parse_timestamp
from cors_policies.models import OriginGroupOrigin, Policy, PolicyOrigin, PolicyOriginGroup

_SHOWN_ORIGINS: Final = 3
_JUST_NOW: Final = timedelta(minutes=1)
_PARTS: Final = re.compile(r"[./:]*[^./:]+[./:]*$|[./:]*[^./:]+|[./:]+")
_BREAK: Final = mark_safe("<wbr>")


def with_columns(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The query with each policy's first origins, their number, and its groups. Two queries more."""
    entries = PolicyOrigin.objects.select_related("origin").order_by("position", "pk")
    total = Window(Count("pk"), partition_by=[F("policy_id")])
    groups = PolicyOriginGroup.objects.select_related("group").order_by("position", "pk")
    return rows.prefetch_related(
        Prefetch("origin_entries", entries.annotate(total=total)[:_SHOWN_ORIGINS], to_attr="first_entries"),
        Prefetch("group_entries", groups, to_attr="groups_in_order"),
    )


def search(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """The policies in which each word of the text is found, in the origins of their groups too."""
    for word in _words(text):
        rows = rows.filter(_holds(word, rows.db))
    return rows


def search_groups(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """The groups in which each word of the text is found, in their origins too."""
    for word in _words(text):
        members = OriginGroupOrigin.objects.using(rows.db).filter(origin__pattern__icontains=word)
        own = Q(name__icontains=word) | Q(description__icontains=word)
        rows = rows.filter(own | Q(pk__in=members.values("group")))
    return rows


def where(row: Any) -> SafeString:
    """Host and path."""
    shown = format_html('<span class="cors-host">{}</span>{}', _breakable(row.host), _breakable(row.path))
    return shown if is_in_force(row) else format_html('<span class="cors-idle">{}</span>', shown)


def who(row: Any) -> SafeString:
    """The first origins, how many more, and the groups."""
    first, groups = row.first_entries, row.groups_in_order
    if not first and not groups:
        return format_html('<span class="cors-quiet">{}</span>', _("nobody (shield)"))
    shown: list[tuple[str, str]] = [("origin", _shown(entry.origin.pattern)) for entry in first]
    more = first[0].total - len(first) if first else 0
    shown += [("more", more_text(more))] if more else []
    shown += [("group", _("group %(name)s") % {"name": entry.group.name}) for entry in groups]
    return format_html_join("", '<span class="cors-{}">{}</span> ', shown)


def what(row: Any) -> str:
    """The methods."""
    methods = row.allowed_methods if isinstance(row.allowed_methods, list) else []
    return _("any method") if "*" in methods else " ".join(map(str, methods)) or "-"


def credentials(row: Any) -> SafeString | str:
    """A key, where they are allowed."""
    if not row.allow_credentials:
        return format_html('<span class="cors-quiet">{}</span>', _("no"))
    return format_html('<span class="cors-key"></span>{}', _("yes"))


def changed(row: Any) -> SafeString:
    """How long ago that was; the time itself where the mouse rests."""
    return ago(row.updated_at)


def ago(moment: datetime) -> SafeString:
    """How long it is since then; the time itself where the mouse rests."""
    is_new = datetime.now(moment.tzinfo) - moment < _JUST_NOW
    passed = _("just now") if is_new else _("%(time)s ago") % {"time": timesince(moment, depth=1)}
    time = localtime(moment) if is_aware(moment) else moment
    shown = date_format(time, "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), shown, passed)


def mode(row: Any) -> SafeString:
    """The mode, marked where the policy is not obeyed."""
    if is_expired(row.expires_at):
        return format_html('<span class="cors-mode cors-off">{}</span>', _("expired"))
    return format_html('<span class="cors-mode cors-{}">{}</span>', row.mode, row.get_mode_display())


def is_in_force(row: Any) -> bool:
    """Whether requests obey it: it is live, and its end has not passed."""
    return bool(row.mode == Policy.Mode.LIVE) and not is_expired(row.expires_at)


def is_expired(expires_at: str | None) -> bool:
    """Whether the end that is stored has passed."""
    try:
        return expires_at is not None and parse_timestamp(expires_at) <= datetime.now(timezone.utc)
    except PatternError:
        return False


def _words(text: str) -> Iterator[str]:
    """The words; what stands in quotes is one."""
    for word in smart_split(text):
        quoted = len(word) > 1 and word[0] in {'"', "'"} and word[0] == word[-1]
        yield unescape_string_literal(word) if quoted else word


def _shown(pattern: str) -> str:
    return _("every origin") if pattern == "*" else _breakable(pattern)


def _breakable(text: str) -> SafeString:
    """The text, with places where a narrow column may break it."""
    return format_html_join(_BREAK, "{}", ((part,) for part in _PARTS.findall(text)))


def _holds(word: str, using: str) -> Q:
    found = Q()
    for field in ("name", "description", "host", "path"):
        found |= Q(**{f"{field}__icontains": word})
    direct = PolicyOrigin.objects.using(using).filter(origin__pattern__icontains=word).values("policy")
    members = OriginGroupOrigin.objects.using(using).filter(origin__pattern__icontains=word).values("group")
    through = PolicyOriginGroup.objects.using(using).filter(group__in=members).values("policy")
    return found | Q(pk__in=direct) | Q(pk__in=through)
