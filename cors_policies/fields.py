"""Which field holds a text that is compared as it is, and which an instant?

Paths, expressions and names are case-sensitive on every database. MySQL and MariaDB compare without case and
accents unless the column says otherwise; SQLite and PostgreSQL refuse the collation that says so to MySQL.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.lookups import IContains
from django.db.models.sql.compiler import SQLCompiler
from django.utils.timezone import get_default_timezone, is_naive, make_aware

from cors_policies.core.problems import PatternError
from cors_policies.core.timestamps import parse_timestamp, timestamp_text

if TYPE_CHECKING:
    _CharField = CharField[str, str]
    _NullableCharField = CharField[str | datetime | None, str | None]
else:  # Django's fields take no type arguments at run time
    _CharField = _NullableCharField = CharField


class ExactCharField(_CharField):
    """A ``CharField`` whose values differ when their characters do."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Django's parameters, with a binary collation where the database's default is not exact."""
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


@ExactCharField.register_lookup
class SearchedWithoutCase(IContains):
    """``icontains``: what people type into a search. A binary collation would make it mean ``contains``."""

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Both sides in lower case."""
        column, column_values = self.process_lhs(compiler, connection)
        text, text_values = self.process_rhs(compiler, connection)
        return f"LOWER({column}) LIKE LOWER({text})", [*column_values, *text_values]


class TimestampField(_NullableCharField):
    """An instant as the text that documents have, the same on every database and whatever ``USE_TZ`` says.

    A column of dates would read what raw SQL has spoilt as no date at all on SQLite, and a policy that never
    expires would come of it.
    """

    def to_python(self, value: Any) -> Any:
        """The canonical text of a timestamp, or of a ``datetime``; naive is in the project's time zone.

        What is none is left as it is, for validation to say so.
        """
        if isinstance(value, datetime):
            return timestamp_text(make_aware(value, get_default_timezone()) if is_naive(value) else value)
        text = super().to_python(value)
        try:
            return text and timestamp_text(parse_timestamp(text))
        except PatternError:
            return text

    def get_prep_value(self, value: Any) -> Any:
        """As :meth:`to_python`."""
        return super().get_prep_value(self.to_python(value))
