"""Does every page keep its bounds where there are very many policies and origins?"""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from benchmarks import admin_pages
from cors_policies import services
from cors_policies.models import Policy

pytestmark = pytest.mark.django_db


def test_every_page_is_small_and_asks_few_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page takes over 20 statements or 1 MB: the benchmark's pages, of a smaller set."""
    for name, value in {"POLICIES": 120, "ORIGINS": 1_300, "LONG": 1_200}.items():
        monkeypatch.setattr(admin_pages, name, value)
    get_user_model().objects.create_superuser("editor", password="secret")
    services.apply_document(admin_pages.whole_set())
    for age in (1, 2):
        services.update_policy(Policy.objects.get(name="p7"), {"max_age": age}, partial=True)

    costs = {
        title: admin_pages.measure(client, address, sent)
        for client, title, address, sent in admin_pages.pages()
        if "revision/30" not in title
    }

    assert len(costs) > 40
    assert {title: cost for title, cost in costs.items() if not cost.is_kept} == {}
