"""``make demo``: the API site and, on another origin, a page that calls it.

Before you edit: an editor's changes are never overwritten. The example set is stored in a new database only,
the lab's policies where there is none of them. The password of the demo's administrator is made anew at each
start.
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
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from project.front_end import FrontEndServer

HERE = Path(__file__).resolve().parent


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
    return _serve(chosen.api_port, chosen.page_port)


def prepare() -> str:
    """Makes the database what the demo needs, and gives the administrator's new password."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - models are there after setup

    call_command("migrate", verbosity=0)
    users = get_user_model()._default_manager
    _store_examples(is_new=not users.filter(username="admin").exists())
    password = secrets.token_urlsafe(9)
    administrator, _ = users.get_or_create(
        username="admin", defaults={"is_staff": True, "is_superuser": True}
    )
    administrator.set_password(password)
    administrator.save()
    return password


def _store_examples(*, is_new: bool) -> None:
    """Stores the example set in a new database, and the lab's policies where there is none of them."""
    from cors_policies import services  # noqa: PLC0415 - models are there after setup
    from cors_policies.models import OriginGroup, Policy  # noqa: PLC0415 - the same

    examples, lab = _read("example-policies.json"), _read("lab/policies.json")
    if is_new and not Policy.objects.exists():
        services.apply_document({**examples, "policies": examples["policies"] + lab["policies"]})
    elif not Policy.objects.filter(name__startswith="lab-").exists():
        known = set(OriginGroup.objects.values_list("name", flat=True))
        groups = [group for group in examples["origin_groups"] if group["name"] not in known]
        services.apply_document({**lab, "origin_groups": groups})


def _read(name: str) -> dict[str, list[dict[str, Any]]]:
    document: dict[str, list[dict[str, Any]]] = json.loads((HERE / name).read_text(encoding="utf-8"))
    return document


def _serve(api_port: int, page_port: int) -> int:
    """The API site in a process, the page in a thread; when one ends, so does the other."""
    signal.signal(signal.SIGTERM, _interrupt)
    command = [
        sys.executable,
        str(HERE.parent / "manage.py"),
        "runserver",
        "--noreload",
        f"127.0.0.1:{api_port}",
    ]
    page = FrontEndServer(page_port, api_port)
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
