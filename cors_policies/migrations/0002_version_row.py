from typing import Any

from django.db import migrations


def make_row(apps: Any, schema_editor: Any) -> None:
    """The one row that every writer locks first."""
    versions = apps.get_model("cors_policies", "PolicySetVersion").objects.using(
        schema_editor.connection.alias
    )
    versions.get_or_create(pk=1, defaults={"token": ""})


class Migration(migrations.Migration):
    dependencies = [("cors_policies", "0001_initial")]

    operations = [migrations.RunPython(make_row, migrations.RunPython.noop)]
