"""Does the admin read and write the database that ``DATABASE_ALIAS`` names, and no other?"""

from __future__ import annotations

from pathlib import Path

from tests.two_databases import run_with_two_databases

SCRIPT = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from cors_policies.models import Origin, OriginGroup, Policy, Revision
from tests.admin.pages import ROOT, FormPage, text

call_command("migrate", database="default", verbosity=0)
call_command("migrate", database="other", verbosity=0)
client = Client()
client.force_login(get_user_model().objects.create_superuser("admin"))

FormPage(client, "origingroup/add/").stored(name="g", origins="https://g.example")
new = {"name": "p", "path": "/p", "allowed_origins": "https://a.example", "origin_groups": "g"}
FormPage(client, "policy/add/").stored(**new)
row = Policy.objects.using("other").get()
FormPage(client, f"policy/{row.pk}/change/").stored(max_age="3")
form = FormPage(client, f"policy/{row.pk}/change/")
page = text(client.post(form.address, {**form.fields, "max_age": "9", "_try": "1"}))
assert "with your changes" in page and "Max-age: 3 → 9" in page, page
page = text(client.get(f"{ROOT}policy/try/?policy={row.pk}", follow=True))
assert f"{ROOT}policy/{row.pk}/change/" in page and "decides" in page, page
client.post(ROOT + "policy/", {"action": "duplicate", "_selected_action": [row.pk]})
client.post(ROOT + "policy/", {"action": "switch_off", "_selected_action": [row.pk]})
origin = Origin.objects.using("other").get(pattern="https://a.example")
FormPage(client, f"origin/{origin.pk}/change/").stored(pattern="https://z.example")
for page in ("policy/?group=g", "policy/?q=g.example", "origin/?used=yes", "origingroup/?q=g.example"):
    assert "1 result" in text(client.get(ROOT + page)) or "2 results" in text(client.get(ROOT + page)), page
client.post(f"{ROOT}origin/{origin.pk}/delete/", {"post": "yes"})

row.refresh_from_db()
print(row.max_age, row.mode, row.allowed_origins.count(), Policy.objects.using("other").count())
print(Policy.objects.count(), Origin.objects.count(), OriginGroup.objects.count())
last = Revision.objects.using("other").latest("number").number
assert "Policy p" in text(client.get(ROOT + "revision/?row=policy-%d" % row.pk))
assert "Max-age" in text(client.get(ROOT + "policy/%d/history/" % row.pk))
assert "deleted" in text(client.get(ROOT + "revision/1/restore/"))
client.post(ROOT + "revision/1/restore/", {"seen": last})
print(Policy.objects.using("other").count(), Revision.objects.count())
"""


def test_only_the_named_database_is_written(tmp_path: Path) -> None:
    done = run_with_two_databases(tmp_path, SCRIPT)

    assert done.stderr == ""
    assert done.stdout == "3 off 0 2\n0 0 0\n0 0\n"
