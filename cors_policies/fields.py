"""Which field holds a text that is compared as it is?

Paths, expressions and names are case-sensitive on every database. MySQL and MariaDB compare without case and
accents unless the column says otherwise; SQLite and PostgreSQL refuse the collation that says so to MySQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField

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
