"""Which field holds a text that is compared as it is?

Paths, expressions and names are case-sensitive on every database. MySQL and MariaDB compare without case and
accents unless the column says otherwise; SQLite and PostgreSQL refuse the collation that says so to MySQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.lookups import IContains
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _CharField = CharField[str, str]
else:  # Django's fields take no type arguments at run time
    _CharField = CharField


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
