"""Who may read and change policies over the API?"""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request


class PolicyPermissions(DjangoModelPermissions):
    """Signed-in users with Django's model permissions; reading needs ``view``.

    A view may name other permissions for its own actions in ``action_permissions``.
    """

    perms_map = {  # noqa: RUF012 - REST framework declares it for instances
        **DjangoModelPermissions.perms_map,
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
        "OPTIONS": [],
    }

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the user has what the method, or the view's own action, asks for."""
        user = request.user
        if not user.is_authenticated:
            return False
        own = getattr(view, "action_permissions", {}).get(view.action)
        if own is None:
            return super().has_permission(request, view)
        meta = view.queryset.model._meta
        return user.has_perm(f"{meta.app_label}.{own}_{meta.model_name}")
