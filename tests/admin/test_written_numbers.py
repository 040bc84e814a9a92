"""Do the pages work where the project writes numbers with separators, as ``1,234``?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import Client, override_settings

from cors_policies import services
from cors_policies.models import Policy
from tests.admin.pages import ROOT, FormPage, sent_fields, text
from tests.admin.trying import PAGE as TRY_IT
from tests.admin.trying import call_fields, tried, verdict
from tests.helpers import policy

pytestmark = pytest.mark.django_db

KEY = 1234567
REPORT = f"{ROOT}policy/trial/"


@pytest.fixture(autouse=True)
def _separators() -> Iterator[None]:
    with override_settings(USE_THOUSAND_SEPARATOR=True):
        yield


@pytest.fixture
def row() -> Policy:
    """A policy on trial with a key of seven digits."""
    first = services.create_policy(policy(mode="trial", allowed_origins=[]))
    Policy.objects.filter(pk=first.pk).update(id=KEY)
    return Policy.objects.get()


class TestKeys:
    """The key of a policy is sent as it is stored, however numbers are written for people."""

    def test_policy_is_made_live(self, admin_client: Client, row: Policy) -> None:
        report = text(admin_client.get(REPORT))
        (sent,) = re.findall(r'name="policy" value="([^"]*)"', report)
        asked = text(admin_client.post(REPORT, {"policy": sent}))
        fields = sent_fields('id="content-main"' + asked[asked.rindex("<form") :])

        response = admin_client.post(REPORT, fields)

        assert (fields["policy"], response.status_code) == (str(KEY), 302)
        assert Policy.objects.get().mode == "live"

    def test_changes_are_tried_again(self, admin_client: Client, row: Policy) -> None:
        form = FormPage(admin_client, f"policy/{KEY}/change/")
        fields = call_fields(tried(form, allowed_origins="https://app.example", mode="live"))

        again = text(admin_client.post(TRY_IT, {**fields, "origin": "https://app.example", "path": "/api/x"}))

        assert verdict(again).startswith("Allowed")


class TestPages:
    """The number of a page stands in its address as a number."""

    def test_thousandth_page(self) -> None:
        page = Paginator(range(3000), 1).get_page(1000)
        numbers = page.paginator.get_elided_page_range(page.number)

        links = render_to_string("cors_policies/pages/paginator.html", {"page": page, "numbers": numbers})

        assert re.findall(r'href="\?p=([^"]*)"', links)[-3:] == ["1003", "2999", "3000"]
        assert ">1,003<" in links
