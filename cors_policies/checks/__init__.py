"""What about this project's setup would make policies do nothing, or something else than they say?

Before you edit:

* Every check has an id (docs/settings.md), says what is wrong, and what to write instead. A test compares the
  page with the ids here.
* None asks the database, but for the one that ``check --database`` runs.
* A project that is set up as the README says gets no message.
"""

from __future__ import annotations

from django.core import checks

from cors_policies.checks.installation import (
    check_cache,
    check_csrf_middleware,
    check_foreign_settings,
    check_middleware,
    check_settings,
)
from cors_policies.checks.stored import check_stored_set
from cors_policies.conf import CHECK_TAG


def register_checks() -> None:
    """Registers every check with Django."""
    for check in (check_settings, check_cache, check_middleware, check_csrf_middleware):
        checks.register(check, CHECK_TAG)
    checks.register(check_foreign_settings, CHECK_TAG)
    checks.register(check_stored_set, CHECK_TAG, checks.Tags.database)


__all__ = ["register_checks"]
