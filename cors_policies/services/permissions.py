"""Who may read the history of the policy set, and replace the set or bring an older one back?

Before you edit: a set is replaced over the API and in the admin, and both ask here.
"""

from __future__ import annotations

from typing import Final, Protocol

from django.db.models import Model

from cors_policies.models import OriginGroup, Policy, Revision

EVERY_WRITE: Final = ("add", "change", "delete")


class Permitted(Protocol):
    """A user, as Django's own and every project's are."""

    def has_perm(self, perm: str, /) -> bool:
        """Whether the user has a permission, as in ``cors_policies.add_policy``."""


def may_replace_policies(user: Permitted) -> bool:
    """Whether the user may make the policies equal to others: add, change and delete them."""
    return _may_write(user, Policy)


def may_replace_groups(user: Permitted) -> bool:
    """The same of origin groups. Who may not replaces a set whose groups stay as they are."""
    return _may_write(user, OriginGroup)


def may_read_revisions(user: Permitted) -> bool:
    """Whether the user may view policies, or revisions, which hold nothing but policies.

    In the admin who may change policies views them, too.
    """
    needed = (("view", Policy), ("change", Policy), ("view", Revision))
    return any(user.has_perm(_permission(code, model)) for code, model in needed)


def _may_write(user: Permitted, model: type[Model]) -> bool:
    return all(user.has_perm(_permission(code, model)) for code in EVERY_WRITE)


def _permission(code: str, model: type[Model]) -> str:
    return f"{model._meta.app_label}.{code}_{model._meta.model_name}"
