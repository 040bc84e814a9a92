"""How does a browser test get a running demo site with policies and an editor, and become that editor?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.servers import Site, free_port

SERVER: Final = ["manage.py", "runserver", "--noreload", "--skip-checks", "127.0.0.1:{port}"]
_BEGIN: Final = """
import django, json, sys
django.setup()
from django.contrib.auth import get_user_model
from cors_policies import services
get_user_model().objects.create_superuser("editor", password="secret")
services.apply_document(json.load(sys.stdin), replace=True)
"""


@contextmanager
def edited_site(
    folder: Path, *policies: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """The running demo site with these policies; its database is a file in the folder."""
    found = Site(folder / "site.sqlite3", free_port(), dict(environment or {}))
    found.begin("-c", _BEGIN, sent=json.dumps({"policies": policies}))
    with found.serving(SERVER):
        yield found


def sign_in(page: Page, address: str) -> None:
    """Opens a page of the admin, as the editor."""
    page.goto(address)
    page.get_by_label("Username").fill("editor")
    page.get_by_label("Password").fill("secret")
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
