"""What does each page of the admin cost with 5,000 policies and 100,000 origins?

    python -m benchmarks.admin_pages

One process with a SQLite file, through Django's test client. Prints for every page its statements (without those that
open and close transactions), its size and its CPU time. The exit status is 1 where a limit is not kept.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import django

POLICIES: Final = 5_000
ORIGINS: Final = 100_000
LONG: Final = 20_000
MAX_STATEMENTS: Final = 20
MAX_BYTES: Final = 1_000_000
OK, FOUND = 200, 302
ROOT: Final = "/admin/cors_policies/"
_TRANSACTION: Final = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")


def main() -> int:
    """Fills the database, asks for every page, and prints what each has cost."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "DEMO_DATABASE": str(Path(folder) / "site.sqlite3"),
            "DEMO_DEBUG": "0",
        }
        django.setup()
        fill()
        results = [report(*page) for page in pages()]
    return int(not all(results))


def fill() -> None:
    """Stores the set, an editor, observations and a few revisions."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - Django is set up by now
    from django.core.management import call_command  # noqa: PLC0415

    from cors_policies import services  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("editor", password="secret")  # noqa: S106 - of this file alone
    services.apply_document(whole_set())
    from cors_policies.models import Policy  # noqa: PLC0415

    for age in range(60):
        services.update_policy(Policy.objects.get(name="p7"), {"max_age": age}, partial=True)


def whole_set() -> dict[str, Any]:
    """One group of all origins, one policy of many, and policies with ten each; some off, on trial and expired."""
    patterns = [f"https://app-{number}.customer.example" for number in range(ORIGINS)]
    policies: list[dict[str, Any]] = [
        {
            "name": f"p{number}",
            "path": f"/api/{number % 50}/{number}/**",
            "host": f"h{number % 20}.example" if number % 3 == 0 else "",
            "allowed_origins": patterns[number * 10 : number * 10 + 10],
            "mode": ("off", "trial", "live", "live")[number % 4],
            "expires_at": "2020-01-01T00:00:00Z" if number % 11 == 0 else None,
        }
        for number in range(POLICIES - 2)
    ]
    policies.append({"name": "long", "path": "/long/**", "allowed_origins": patterns[:LONG]})
    policies.append({"name": "by-group", "path": "/by-group/**", "origin_groups": ["everybody"]})
    return {"origin_groups": [{"name": "everybody", "origins": patterns}], "policies": policies}


def pages() -> Iterator[tuple[Any, str, str, dict[str, Any] | None]]:
    """Client, title, address and, for what is sent, the fields."""
    from django.test import Client  # noqa: PLC0415 - Django is set up by now

    from cors_policies.models import Origin, OriginGroup, Policy  # noqa: PLC0415
    from tests.admin.pages import FormPage  # noqa: PLC0415

    client = Client()
    client.login(username="editor", password="secret")  # noqa: S106 - of this file alone
    client.get("/")
    keys = {
        "long": Policy.objects.get(name="long").pk,
        "few": Policy.objects.get(name="p7").pk,
        "group": OriginGroup.objects.get().pk,
        "origin": Origin.objects.get(pattern="https://app-1.customer.example").pk,
        "chosen": [*Policy.objects.filter(mode="off").values_list("pk", flat=True)[:50]],
    }
    for address in _addresses(keys):
        yield client, address, ROOT + address, None
    long, few = (FormPage(client, f"policy/{keys[name]}/change/") for name in ("long", "few"))
    group = FormPage(client, f"origingroup/{keys['group']}/change/")
    asked = {"allow_credentials": "on"}
    yield client, "question: 20,000 origins", long.address, {**long.fields, **asked, "_save": "1"}
    yield client, "try: 20,000 origins", long.address, {**long.fields, "_try": "1"}
    yield client, "question: ten origins", few.address, {**few.fields, **asked, "_save": "1"}
    yield client, "try: ten origins", few.address, {**few.fields, "_try": "1"}
    yield client, "refused: group", group.address, {**group.fields, "name": "", "_save": "1"}
    for action in ("delete_selected", "make_live"):
        chosen = {"action": action, "_selected_action": keys["chosen"], "select_across": "0", "index": "0"}
        yield client, f"{action}, 50 rows", f"{ROOT}policy/", chosen


def _addresses(keys: dict[str, Any]) -> Iterator[str]:
    """Of every page that is only looked at."""
    for query in (
        "",
        "p=30",
        "q=app-77.customer",
        "mode__exact=trial",
        "host=h3.example",
        "group=everybody",
        "o=7",
    ):
        yield f"policy/?{query}"
    yield "policy/add/"
    for page in ("change", "delete", "history"):
        yield f"policy/{keys['long']}/{page}/"
        yield f"policy/{keys['few']}/{page}/"
        yield f"origingroup/{keys['group']}/{page}/"
        yield f"origin/{keys['origin']}/{page}/"
    yield from ("origingroup/", "origingroup/?q=app-77", "origingroup/add/", "origin/add/")
    yield from ("origin/", "origin/?p=400", "origin/?q=app-77", "origin/?used=no", "origin/?o=2")
    yield from (
        "revision/",
        "revision/1/change/",
        "revision/2/change/",
        "revision/1/restore/",
        "revision/30/restore/",
    )
    yield from (
        "policy/map/",
        "policy/map/?page=9",
        "policy/map/?q=app-77.customer",
        "policy/map/?host=h3.example",
    )
    yield from ("policy/blocked/", "policy/trial/", "policy/try/")
    yield f"policy/try/?policy={keys['long']}"
    yield "policy/try/?path=/long/1&origin=https://app-77.customer.example&method=PUT"


@dataclass(frozen=True)
class Cost:
    """What a page has cost; statements without those of transactions, and seconds of this process alone."""

    status: int
    statements: int
    size: int
    seconds: float

    @property
    def is_kept(self) -> bool:
        """Whether a page that was shown keeps every limit. What a write costs, which shows no page, has none."""
        if self.status == FOUND:
            return True
        return self.status == OK and self.statements <= MAX_STATEMENTS and self.size <= MAX_BYTES


def report(client: Any, title: str, address: str, sent: dict[str, Any] | None) -> bool:
    """Prints what a page costs; whether every limit is kept."""
    cost = measure(client, address, sent)
    numbers = f"{cost.status} {cost.statements:5} {cost.size / 1000:8.1f} kB {cost.seconds:6.2f} s"
    sys.stdout.write(f"{numbers}  {title}{'' if cost.is_kept else '  MISSED'}\n")
    sys.stdout.flush()
    return cost.is_kept


def measure(client: Any, address: str, sent: dict[str, Any] | None) -> Cost:
    """Asks for one page."""
    from django.db import connection  # noqa: PLC0415 - Django is set up by now
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    with CaptureQueriesContext(connection) as asked:
        started = time.process_time()
        response = client.get(address) if sent is None else client.post(address, sent)
        seconds = time.process_time() - started
    statements = sum(not query["sql"].startswith(_TRANSACTION) for query in asked)
    return Cost(response.status_code, statements, len(response.content), seconds)


if __name__ == "__main__":
    sys.exit(main())
