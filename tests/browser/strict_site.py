"""How does a test of the admin's pages get a site with something on each of them?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.edited_site import SERVER
from tests.servers import Site, free_port


@contextmanager
def strict_site(folder: Path) -> Iterator[str]:
    """The address of a running site with a strict policy of content, and the admin's example content."""
    found = Site(folder / "site.sqlite3", free_port(), {"DJANGO_SETTINGS_MODULE": "project.strict"})
    found.begin("-m", "project.admin_content")
    with found.serving(SERVER):
        yield f"http://127.0.0.1:{found.port}"
