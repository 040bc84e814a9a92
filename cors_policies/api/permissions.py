"""Who may read and change policies over the API?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request


class PolicyPermissions(DjangoModelPermissions):
    """Signed-in users with Django's model permissions; reading needs ``view``.

    A view may name other permissions for its own actions in ``action_permissions``, one or several, which are
    needed for one of its ``permission_models``.
    """

    perms_map = {  # noqa: RUF012 - REST framework declares it for instances
        **DjangoModelPermissions.perms_map,
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
        "OPTIONS": [],
    }

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the user has what the method, or the view's own action, asks for."""
        user: Any = request.user
        if not (user and user.is_authenticated):  # None: REST framework's UNAUTHENTICATED_USER may be that
            return False
        own = getattr(view, "action_permissions", {}).get(view.action)
        if own is None:
            return super().has_permission(request, view)
        codes = (own,) if isinstance(own, str) else own
        models = getattr(view, "permission_models", (view.queryset.model,))
        return any(user.has_perms(_permissions(codes, model)) for model in models)


def _permissions(codes: Iterable[str], model: Any) -> list[str]:
    return [f"{model._meta.app_label}.{code}_{model._meta.model_name}" for code in codes]
