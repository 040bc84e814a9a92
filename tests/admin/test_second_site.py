"""Do the pages stay on the admin site that they were opened on?"""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import path

from cors_policies import services
from cors_policies.admin import PolicyAdmin
from cors_policies.models import Policy
from tests.admin.pages import sent_fields, text
from tests.helpers import policy

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

SECOND = admin.AdminSite(name="second")
SECOND.register(Policy, PolicyAdmin)
urlpatterns = [path("admin/", admin.site.urls), path("second/", SECOND.urls)]

PAGE = "/second/cors_policies/policy/"


class TestSecondSite:
    """Every address of a page is one of its own site."""

    @pytest.mark.parametrize(
        "address", ["", "{key}/change/", "try/", "try/?path=/api/x&origin=https://b.example"]
    )
    def test_links(self, admin_client: Client, address: str) -> None:
        key = services.create_policy(policy()).pk

        page = text(admin_client.get(PAGE + address.format(key=key)))

        assert "/second/cors_policies/policy/" in page
        assert re.findall(r'(?:href|action)="/admin/[^"]*"', page) == []

    def test_links_with_changes(self, admin_client: Client) -> None:
        address = f"{PAGE}{services.create_policy(policy()).pk}/change/"
        fields = sent_fields(text(admin_client.get(address)))

        page = text(admin_client.post(address, {**fields, "_try": "1"}))

        assert f'action="{address}?' in page
        assert re.findall(r'(?:href|action)="/admin/[^"]*"', page) == []
