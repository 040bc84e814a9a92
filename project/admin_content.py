"""What does a database hold in which every page of the admin has something to show?

``python -m project.admin_content`` fills a new one. It is made for looking at: by the browser tests, and for
the pictures of the documentation.

Before you edit: everything goes through the services, as three people would have done it, so that the history
has something to tell. Only what was observed is written straight into its tables: it would take two weeks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, Final

import django

EDITOR: Final = "mira"
COLLEAGUE: Final = "jonas"
READER: Final = "rosa"
PASSWORD: Final = "for-a-look"  # noqa: S105 - of users of a throwaway database

SHOP: Final = "https://shop.example"
GROUPS: Final = [
    {
        "name": "front-ends",
        "description": "Our own pages.",
        "origins": [SHOP, "https://admin.example", "https://*.preview.example"],
    },
    {"name": "partners", "description": "Ask Rosa.", "origins": ["https://partner.example"]},
]
_ORDERS: Final[dict[str, Any]] = {
    "name": "orders",
    "description": "The shop reads and writes orders.",
    "path": "/api/orders/**",
    "allowed_origins": [SHOP],
    "allowed_methods": ["GET", "POST", "PUT", "DELETE"],
    "max_age": 5,
}
_POLICIES: Final[list[dict[str, Any]]] = [
    {"name": "public", "path": "/api/public/**", "allowed_origins": ["*"], "allowed_methods": ["GET"]},
    _ORDERS,
    {
        "name": "sessions",
        "description": "With cookies, for our own pages alone.",
        "path": "/api/visit",
        "origin_groups": ["front-ends"],
        "allow_credentials": True,
        "exposed_headers": ["x-total-count"],
    },
    {"name": "internal-shield", "description": "Nobody is let in below this.", "path": "/api/internal/**"},
    {
        "name": "partner-files",
        "host": "files.example.com",
        "path": "/shared/*/files",
        "origin_groups": ["partners"],
        "allowed_methods": ["GET"],
    },
    {
        "name": "orders-next",
        "mode": "trial",
        "path": "/api/orders/**",
        "priority": 200,
        "allowed_origins": ["https://beta.example"],
    },
    {
        "name": "summer-campaign",
        "path": "/api/public/offers",
        "allowed_origins": ["https://campaign.example"],
        "expires_at": "2025-09-01T00:00:00Z",
    },
    {"name": "old-app", "mode": "off", "path": "/v1/**", "allowed_origins": ["https://old.example"]},
]
_REFUSED: Final[Sequence[tuple[str, str, str, str, str, tuple[int, ...]]]] = (
    ("https://staging.shop.example", "/api/orders/**", "GET", "origin-not-allowed", "", (9, 14, 3, 0, 22, 8)),
    (SHOP, "/api/orders/**", "PATCH", "method-not-allowed", "orders", (2, 0, 1)),
    (SHOP, "/api/visit", "POST", "header-not-allowed", "sessions", (4, 4)),
    ("null", "/api/visit", "GET", "origin-not-allowed", "", (0, 1, 1)),
    ("https://curious.example", "/api/internal/**", "GET", "origin-not-allowed", "", (1,)),
    (SHOP, "/api/orders/**", "PUT", "allowed", "orders", (120, 98, 77, 101)),
)


def main() -> None:
    """Fills the database of the settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.strict")
    django.setup()
    fill()


def fill() -> None:
    """Users, policies with a history, and what was observed."""
    from cors_policies import services  # noqa: PLC0415 - models are there after setup
    from cors_policies.models import Origin, Policy  # noqa: PLC0415

    _make_users()
    with services.acting("api", "deployment", "The first set"):
        services.apply_document({"origin_groups": GROUPS, "policies": _POLICIES})
    orders = Policy.objects.get(name="orders")
    with services.acting("admin", COLLEAGUE, "The shop sends a token of its own"):
        services.update_policy(orders, {"allowed_headers": ["content-type", "x-demo-token"]}, partial=True)
    with services.acting("admin", EDITOR, "Said on the telephone by the partner"):
        services.update_origin(
            Origin.objects.get(pattern="https://partner.example"),
            {"pattern": "https://www.partner.example", "description": "Ask Rosa before you change it."},
        )
    _observe()


def _make_users() -> None:
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.contrib.auth.models import Permission  # noqa: PLC0415

    users: Any = get_user_model()._default_manager
    for name in (EDITOR, COLLEAGUE):
        users.create_superuser(name, password=PASSWORD)
    reader = users.create_user(READER, password=PASSWORD, is_staff=True)
    views = Permission.objects.filter(content_type__app_label="cors_policies", codename__startswith="view_")
    reader.user_permissions.set(views)


def _observe() -> None:
    from django.db import transaction  # noqa: PLC0415

    from cors_policies.models import TrialObservation  # noqa: PLC0415
    from cors_policies.observations.rows import store_tallies  # noqa: PLC0415
    from cors_policies.observations.tallies import Key, Tallies  # noqa: PLC0415

    now = int(time.time())
    seen: Tallies = {
        Key("", path, origin, method, reason, policy): _tally(days, now)
        for origin, path, method, reason, policy, days in _REFUSED
    }
    beta = Key("", "/api/orders/**", "https://beta.example", "GET", "allowed", "orders-next")
    tried = {beta._replace(live_reason="origin-not-allowed"): _tally((5, 2, 9), now)}
    with transaction.atomic():
        store_tallies("default", seen, 1000, now)
        store_tallies("default", tried, 1000, now, TrialObservation)


def _tally(days: Sequence[int], now: int) -> Any:
    """So often on the last days, today first."""
    from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Tally  # noqa: PLC0415

    today = now // SECONDS_OF_A_DAY
    counts = {today - ago: count for ago, count in enumerate(days) if count}
    first, last = (now - (today - day) * SECONDS_OF_A_DAY for day in (min(counts), max(counts)))
    return Tally(sum(days), first, last, counts)


if __name__ == "__main__":
    main()
