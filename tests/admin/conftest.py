"""Who opens the pages?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(client: Client) -> SignIn:
    """Signs in a member of staff with the permissions of these code names (``view_policy``)."""

    def signed_in(*codenames: str) -> Client:
        user = get_user_model().objects.create_user("somebody", is_staff=True)
        found = Permission.objects.filter(content_type__app_label="cors_policies", codename__in=codenames)
        assert found.count() == len(codenames)
        user.user_permissions.set(found)
        client.force_login(user)
        return client

    return signed_in
