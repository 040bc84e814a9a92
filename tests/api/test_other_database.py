"""Does the API read and write the database that ``DATABASE_ALIAS`` names, and no other?"""

from __future__ import annotations

from pathlib import Path

from tests.two_databases import run_with_two_databases

SCRIPT = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from cors_policies.models import Origin, OriginGroup, Policy
from tests.api.test_resources import APP, Api
from tests.helpers import policy

call_command("migrate", database="default", verbosity=0)
call_command("migrate", database="other", verbosity=0)
client = Client()
client.force_login(get_user_model().objects.create_superuser("admin"))
api = Api(client)

print(api("POST", "origin-groups/", {"name": "g", "origins": ["https://g.example"]})[0])
print(api("POST", "policies/", policy(origin_groups=["g"]))[0])
for query in ("origin=https://g.example", f"origin={APP}", "search=app.example", "governs=/api/x"):
    print(api("GET", f"policies/?{query}")[1]["count"])
print(api("GET", "origin-groups/?search=g.example")[1]["count"])
key = api("GET", f"origins/?pattern={APP}")[1]["results"][0]["id"]
print(api("PATCH", f"origins/{key}/", {"pattern": "*"})[0])
print(Policy.objects.count(), Origin.objects.count(), OriginGroup.objects.count())
"""


def test_only_the_named_database_is_read_and_written(tmp_path: Path) -> None:
    done = run_with_two_databases(tmp_path, SCRIPT)

    assert done.stderr == ""
    assert done.stdout.split("\n") == ["201", "201", "1", "1", "1", "1", "1", "200", "0 0 0", ""]
