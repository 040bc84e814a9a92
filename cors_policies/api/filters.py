"""Which policies, origins and groups does a list show, and in what order?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Q, QuerySet
from django.db.models.functions import Collate
from rest_framework.request import Request

from cors_policies.api.errors import BadParameter
from cors_policies.core.engine import REASONS
from cors_policies.core.hosts import host_without_port, parse_host_pattern
from cors_policies.core.origins import parse_origin_pattern
from cors_policies.core.paths import parse_path_pattern
from cors_policies.core.problems import PatternError
from cors_policies.models import Observation, Origin, Policy
from cors_policies.observations.tallies import MAX_ORIGIN, harmless
from cors_policies.store import current_snapshot
from cors_policies.translating import told, told_later, translated

MAX_SEARCH: Final = 1000
MAX_SEARCH_WORDS: Final = 32
"""Each word is one more condition, and databases take only so many."""
_FLAGS: Final = (("true", "true"), ("1", "true"), ("false", "false"), ("0", "false"))


def _messages(values: Iterable[str]) -> dict[str, str]:
    return {"invalid_choice": told_later("Write one of: {choices}.", choices=", ".join(values))}


def _canonical(parse: Any, text: str) -> str:
    try:
        canonical: str = parse(text).text
    except PatternError as error:
        raise ValidationError(translated(str(error)), code="invalid") from error
    return canonical


def _is_path(text: str) -> None:
    if not text.startswith("/"):
        raise ValidationError(
            told("Write a path as in /api/orders, or //api.example.com/api/orders."), code="invalid"
        )


class PatternField(forms.CharField):
    """The canonical text of a pattern."""

    parse: Any = None

    def __init__(self, *args: Any, parse: Any, **kwargs: Any) -> None:
        self.parse = parse
        super().__init__(*args, **kwargs)

    def clean(self, value: Any) -> Any:
        """The canonical text; raises ``ValidationError`` with what to write instead."""
        text = super().clean(value)
        return _canonical(self.parse, text) if text else text


class PatternFilter(filters.CharFilter):
    """Equal to a pattern, however that is written."""

    field_class = PatternField


class HostFilter(PatternFilter):
    """The empty host pattern is one too: it stands for every host."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows with this very pattern."""
        given: Any = self.parent  # type: ignore[attr-defined]
        return qs.filter(host=value) if self.field_name in given.data else qs


class PolicyFilters(filters.FilterSet):
    """The filters of ``policies/``."""

    mode = filters.ChoiceFilter(choices=Policy.Mode.choices, error_messages=_messages(Policy.Mode.values))
    host = HostFilter(parse=parse_host_pattern)
    path = PatternFilter(parse=parse_path_pattern)
    allow_credentials = filters.TypedChoiceFilter(
        choices=_FLAGS,
        coerce=lambda text: text in {"true", "1"},
        error_messages=_messages(dict(_FLAGS)),
    )
    origin = filters.CharFilter(method="filter_origin")
    governs = filters.CharFilter(method="filter_governs", validators=[_is_path])

    class Meta:
        model = Policy
        fields = ("mode", "host", "path", "allow_credentials", "origin", "governs")

    def filter_origin(self, queryset: QuerySet[Policy], _name: str, value: str) -> QuerySet[Policy]:
        """Policies with a pattern, their own or a group's, that matches the origin."""
        origins = list(_matching_origins(value, queryset.db))
        direct, through = Q(allowed_origins__in=origins), Q(origin_groups__origins__in=origins)
        return queryset.filter(pk__in=_once(queryset, direct | through))

    def filter_governs(self, queryset: QuerySet[Policy], _name: str, value: str) -> QuerySet[Policy]:
        """The path group that governs a path, ``/path`` or ``//host/path``."""
        host, path = "", value
        if value.startswith("//"):
            host, _, rest = value[2:].partition("/")
            path = f"/{rest}"
        group = current_snapshot().find_group(path, host_without_port(host))
        return queryset.filter(name__in=[policy.name for policy in group.policies] if group else [])


class OriginHeaderFilter(filters.CharFilter):
    """Equal to an ``Origin`` header, as it was sent or as it is shown."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows that were counted for it."""
        return super().filter(qs, harmless(value, MAX_ORIGIN))


class ObservationFilters(filters.FilterSet):
    """The filters of ``observations/``."""

    origin = OriginHeaderFilter(strip=False)
    reason = filters.ChoiceFilter(
        choices=[(reason, reason) for reason in REASONS], error_messages=_messages(REASONS)
    )
    policy = filters.CharFilter()

    class Meta:
        model = Observation
        fields = ("origin", "reason", "policy")


class OriginFilters(filters.FilterSet):
    """The filters of ``origins/``."""

    pattern = PatternFilter(parse=parse_origin_pattern)

    class Meta:
        model = Origin
        fields = ("pattern",)


def filtered(
    request: Request, queryset: QuerySet[Any], filter_class: type[filters.FilterSet] | None
) -> QuerySet[Any]:
    """What the filters leave. Raises :class:`BadParameter` for a value that a filter cannot have."""
    if filter_class is None:
        return queryset
    for name in filter_class.base_filters:
        if name != "host" and request.query_params.get(name) == "":
            raise BadParameter(name, told("Write a value, or leave the parameter out."))
    found = filter_class(request.query_params, queryset, request=request)
    if not found.is_valid():
        name, messages = next(iter(found.form.errors.items()))
        raise BadParameter(name, " ".join(map(str, messages)))
    result: QuerySet[Any] = found.qs
    return result


def searched(request: Request, queryset: QuerySet[Any], fields: Iterable[str]) -> QuerySet[Any]:
    """The rows that hold every word of ``search`` in one of the fields."""
    text = request.query_params.get("search", "")
    words = dict.fromkeys(text.split())
    if len(text) > MAX_SEARCH or len(words) > MAX_SEARCH_WORDS:
        message = told(
            "Write at most {words} words of {characters} characters together.",
            words=MAX_SEARCH_WORDS,
            characters=MAX_SEARCH,
        )
        raise BadParameter("search", message)
    for word in words:
        matches = Q()
        for field in fields:
            matches |= Q(**{f"{field}__icontains": word})
        queryset = queryset.filter(pk__in=_once(queryset, matches))
    return queryset


def ordered(
    request: Request, queryset: QuerySet[Any], fields: tuple[str, ...], usual: tuple[str, ...] = ()
) -> QuerySet[Any]:
    """The rows in the ``ordering`` that was asked for; the ``usual`` one (``fields[0]``) decides the rest."""
    given = request.query_params.get("ordering", "").split(",")
    wanted = [name for name in dict.fromkeys(given) if name]
    for name in wanted:
        if name.removeprefix("-") not in fields:
            raise BadParameter(
                "ordering",
                told("Write some of: {fields}; a minus before one turns it round.", fields=", ".join(fields)),
            )
    if "governs" in request.query_params and not wanted:
        return queryset.order_by("priority", _by_code_points("name", queryset.db))
    return queryset.order_by(*wanted, *(usual or fields[:1]))


def _by_code_points(field: str, using: str) -> Any:
    """The field as policies are tried by it; PostgreSQL has other orders unless it is told."""
    return Collate(field, "C") if connections[using].vendor == "postgresql" else field


def _once(queryset: QuerySet[Any], condition: Q) -> QuerySet[Any]:
    """The keys of the rows that meet it, none twice however many rows of others they are joined with."""
    rows: QuerySet[Any] = queryset.model._default_manager.using(queryset.db)
    return rows.filter(condition).values("pk")


def _matching_origins(origin: str, using: str) -> Iterable[int]:
    wildcards = Q(pattern__contains="*") | Q(pattern__startswith="~")
    rows = Origin.objects.using(using).filter(Q(pattern=origin) | wildcards).values_list("pk", "pattern")
    for key, text in rows:
        try:
            if parse_origin_pattern(text).matches(origin):
                yield key
        except PatternError:
            continue
