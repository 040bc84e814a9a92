"""Do the pages stay on the admin site that they were opened on?"""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import path

from cors_policies import services
from cors_policies.admin import OriginAdmin, OriginGroupAdmin, PolicyAdmin, RevisionAdmin
from cors_policies.models import Origin, OriginGroup, Policy, Revision
from tests.admin.pages import sent_fields, text
from tests.db.test_trials import key, store
from tests.helpers import policy

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

SECOND = admin.AdminSite(name="second")
SECOND.register(Policy, PolicyAdmin)
SECOND.register(OriginGroup, OriginGroupAdmin)
SECOND.register(Origin, OriginAdmin)
SECOND.register(Revision, RevisionAdmin)
ALONE = admin.AdminSite(name="alone")
ALONE.register(Policy, PolicyAdmin)
GROUPS = admin.AdminSite(name="groups")
GROUPS.register(OriginGroup, OriginGroupAdmin)
urlpatterns = [
    path("admin/", admin.site.urls),
    path("second/", SECOND.urls),
    path("alone/", ALONE.urls),
    path("groups/", GROUPS.urls),
]

PAGE = "/second/cors_policies/policy/"
ADDRESSES = (
    "",
    "add/",
    "{key}/change/",
    "{key}/history/",
    "{key}/delete/",
    "map/",
    "map/?path=/api/**&host=",
    "trial/",
    "blocked/",
    "try/",
    "try/?path=/api/x&origin=https://b.example",
)


def leaving(page: str, site: str) -> list[str]:
    """The addresses on a page that lead to the admin of another site."""
    found = re.findall(r'(?:href|action)="(/(?:admin|second|alone|groups)/[^"]*)"', page)
    return [address for address in found if not address.startswith(site)]


@pytest.fixture
def stored() -> Policy:
    """A policy that uses a group about which there is something to say, one on trial, and a refusal."""
    services.create_group({"name": "everybody", "origins": ["*"]})
    services.create_policy(policy("next", mode="trial", priority=1))
    store({key(): 7})
    return services.create_policy(policy(origin_groups=["everybody"]))


class TestSecondSite:
    """Every address of a page is one of its own site."""

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_links(self, admin_client: Client, stored: Policy, address: str) -> None:
        page = text(admin_client.get(PAGE + address.format(key=stored.pk)))

        assert "/second/cors_policies/policy/" in page
        assert leaving(page, "/second/") == []

    def test_links_with_changes(self, admin_client: Client) -> None:
        address = f"{PAGE}{services.create_policy(policy()).pk}/change/"
        fields = sent_fields(text(admin_client.get(address)))

        page = text(admin_client.post(address, {**fields, "_try": "1"}))

        assert f'action="{address}?' in page
        assert leaving(page, "/second/") == []


class TestPoliciesAlone:
    """A site that has the policies and nothing else of the app links to nothing else."""

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_links(self, admin_client: Client, stored: Policy, address: str) -> None:
        page = text(admin_client.get(f"/alone/cors_policies/policy/{address.format(key=stored.pk)}"))

        assert leaving(page, "/alone/") == []

    def test_groups_alone(self, admin_client: Client, stored: Policy) -> None:
        address = f"/groups/cors_policies/origingroup/{OriginGroup.objects.get().pk}"

        page = text(admin_client.get(f"{address}/change/"))
        asked = text(admin_client.get(f"{address}/delete/"))

        assert (leaving(page, "/groups/"), leaving(asked, "/groups/")) == ([], [])
        assert "public-api" in page
