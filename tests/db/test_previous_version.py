"""Can processes of a version without the newest columns go on writing, while the tables have them already?"""

from __future__ import annotations

from typing import Final

import pytest
from django.db import connection

from cors_policies import documents, services
from cors_policies.models import Policy
from tests.helpers import policy

NEWER: Final = {"trust_for_csrf", "expires_at", "resource_policy", "timing_allow_origin"}


@pytest.mark.django_db
class TestPreviousVersion:
    """A row that names no newer column holds the defaults of all of them."""

    def test_inserts_policies(self) -> None:
        row = services.create_policy(policy("app", "/api"))
        columns = {field.name for field in Policy._meta.concrete_fields} - NEWER - {"id", "name"}
        known = ", ".join(sorted(columns))

        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Policy._meta.db_table} (name, {known}) "  # noqa: S608 - names of our columns
                f"SELECT 'older', {known} FROM {Policy._meta.db_table}"
            )

        found = documents.policy_document(Policy.objects.get(name="older"))
        assert found == {**documents.policy_document(row), "name": "older", "allowed_origins": []}
