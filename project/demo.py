"""``make demo``: the API site and, on another origin, a page that calls it.

Before you edit: an editor's changes are never overwritten. The example set is stored in a new database only;
the password of the demo's administrator is made anew at each start.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

HERE = Path(__file__).resolve().parent


class FrontEndHandler(SimpleHTTPRequestHandler):
    """Serves the page; ``config.json`` tells it where the API site is."""

    def __init__(self, *args: Any, api: str, **kwargs: Any) -> None:
        self.api = api
        super().__init__(*args, directory=str(HERE / "frontend"), **kwargs)

    def do_GET(self) -> None:
        """A file of the page, or the configuration."""
        if self.path != "/config.json":
            super().do_GET()
            return
        body = json.dumps({"api": self.api}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Nothing: the API site's lines are the interesting ones."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs both servers until Ctrl-C; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m project.demo", description="The demo of django-cors-policies."
    )
    parser.add_argument("--api-port", type=int, default=int(os.environ.get("DEMO_API_PORT", "8000")))
    parser.add_argument("--page-port", type=int, default=int(os.environ.get("DEMO_PAGE_PORT", "9000")))
    chosen = parser.parse_args(arguments)
    for port in (chosen.api_port, chosen.page_port):
        if _is_taken(port):
            print(f"Port {port} is taken. Stop what listens there, or set DEMO_API_PORT and DEMO_PAGE_PORT.")
            return 1
    password = prepare()
    api, page = f"http://127.0.0.1:{chosen.api_port}", f"http://localhost:{chosen.page_port}"
    print(f"\n  page        {page}\n  API site    {api}\n  admin       {api}/admin/\n  user        admin")
    print(f"  password    {password}\n\nCtrl-C stops both.\n", flush=True)
    return _serve(chosen.api_port, chosen.page_port, api)


def prepare() -> str:
    """Makes the database what the demo needs, and gives the administrator's new password."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - models are there after setup

    from cors_policies import services  # noqa: PLC0415
    from cors_policies.models import Policy  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    users = get_user_model()._default_manager
    is_new = not users.filter(username="admin").exists()
    if is_new and not Policy.objects.exists():
        services.apply_document(json.loads((HERE / "example-policies.json").read_text(encoding="utf-8")))
    password = secrets.token_urlsafe(9)
    administrator, _ = users.get_or_create(
        username="admin", defaults={"is_staff": True, "is_superuser": True}
    )
    administrator.set_password(password)
    administrator.save()
    return password


def _serve(api_port: int, page_port: int, api: str) -> int:
    """The API site in a process, the page in a thread; when one ends, so does the other."""
    signal.signal(signal.SIGTERM, _interrupt)
    command = [
        sys.executable,
        str(HERE.parent / "manage.py"),
        "runserver",
        "--noreload",
        f"127.0.0.1:{api_port}",
    ]
    page = ThreadingHTTPServer(("127.0.0.1", page_port), partial(FrontEndHandler, api=api))
    page.daemon_threads = True
    threading.Thread(target=page.serve_forever, daemon=True).start()
    site = subprocess.Popen(command)
    try:
        return site.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        site.terminate()
        site.wait()
        page.shutdown()
        page.server_close()


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _is_taken(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
