"""How does a test take a database of its own from one migration to another, and see what became of its rows?

Before you edit: rows are written and read through the models of the state that the database is in, as that
release of the app had them. What such a state does not know is left out, so that one list serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.apps.registry import Apps
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps

APP: Final = "cors_policies"
ALIAS: Final = "upgrade"

Rows = dict[str, dict[Any, dict[str, Any]]]
"""Model, primary key and column: the value."""

ROWS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("Origin", {"id": 1, "pattern": "https://app.example", "description": "The shop"}),
    ("Origin", {"id": 2, "pattern": "https://*.partner.example"}),
    ("Origin", {"id": 3, "pattern": "~https://app[0-9]+\\.example"}),
    ("OriginGroup", {"id": 1, "name": "partners", "description": "Who sells for us"}),
    ("OriginGroupOrigin", {"id": 1, "group_id": 1, "origin_id": 2, "position": 1}),
    ("OriginGroupOrigin", {"id": 2, "group_id": 1, "origin_id": 1, "position": 0}),
    (
        "Policy",
        {
            "id": 1, "name": "App", "description": "Ünïcode", "host": "*.example.com", "path": "/api/**",
            "priority": 7, "allowed_methods": ["GET", "PUT"], "allowed_headers": ["*", "authorization"],
            "exposed_headers": ["x-total-count"], "allow_credentials": True, "max_age": None,
            "allow_private_network": True, "reject_denied": True, "tolerate_credentialed_regex": True,
            "expires_at": "2099-01-31T20:00:00.5Z", "resource_policy": "same-site",
            "timing_allow_origin": True,
        },
    ),
    ("Policy", {"id": 2, "name": "app", "path": "/API/**", "mode": "off", "trust_for_csrf": True}),
    ("Policy", {"id": 3, "name": "shield", "path": "/api/internal", "max_age": 0, "allowed_methods": []}),
    ("PolicyOrigin", {"id": 1, "policy_id": 1, "origin_id": 3, "position": 0}),
    ("PolicyOrigin", {"id": 2, "policy_id": 1, "origin_id": 1, "position": 1}),
    ("PolicyOriginGroup", {"id": 1, "policy_id": 1, "group_id": 1, "position": 0}),
    ("PolicySetVersion", {"id": 1, "token": "t" * 32, "revision": 1}),
    ("Revision", {"number": 1, "actor": "ada", "via": "api", "comment": "First"}),
    (
        "RevisionChange",
        {"id": 1, "kind": "policy", "name": "App", "action": "created", "row": 1, "revision_id": 1},
    ),
    ("Observation", {"digest": "a" * 64, "path": "/api/**", "origin": "https://evil.example", "count": 3}),
    ("TrialObservation", {"digest": "b" * 64, "path": "/api/**", "reason": "allowed", "count": 2**40}),
    ("IgnoredOrigin", {"digest": "c" * 64, "path": "/api/**", "origin": "https://evil.example"}),
]  # fmt: skip
"""One row or more for each table, with what is not the default where there is something to lose."""


def sqlite(path: Path) -> dict[str, Any]:
    """A file as a database. Nothing in it outlives a crash, so nothing is flushed to the disk."""
    options = {"init_command": "PRAGMA synchronous=OFF"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}


@contextmanager
def database(settings: Mapping[str, Any]) -> Iterator[None]:
    """An empty database under the alias, until the end of the block."""
    connections.databases[ALIAS] = connections.configure_settings({"default": {}, ALIAS: dict(settings)})[
        ALIAS
    ]
    try:
        yield
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.databases[ALIAS]


def names() -> list[str]:
    """The app's migrations, the first of them first."""
    graph = MigrationExecutor(connections[ALIAS]).loader.graph
    (leaf,) = graph.leaf_nodes(APP)
    return [name for app, name in graph.forwards_plan(leaf) if app == APP]


def migrate(name: str) -> StateApps:
    """Takes the database to that migration, from wherever it is, and gives the models that fit it."""
    executor = MigrationExecutor(connections[ALIAS])
    executor.migrate([(APP, name)])
    return executor.loader.project_state((APP, name)).apps


def fill(models: Apps) -> None:
    """Writes the rows that are not there, as far as these models know them."""
    tables = _tables(models)
    for name, values in ROWS:
        if name in tables:
            meta = tables[name]._meta
            known = {field.attname for field in meta.concrete_fields}
            defaults = {key: value for key, value in values.items() if key in known}
            key = defaults[meta.pk.attname]
            tables[name].objects.using(ALIAS).get_or_create(pk=key, defaults=defaults)


def rows(models: Apps) -> Rows:
    """All that the tables of these models hold."""
    return {
        name: {row[model._meta.pk.attname]: row for row in model.objects.using(ALIAS).values()}
        for name, model in _tables(models).items()
    }


def known_to(older: Rows, rows: Rows) -> Rows:
    """Of the rows, the tables and columns that the older ones have."""
    return {
        name: {
            key: {column: value for column, value in row.items() if column in _columns(older[name])}
            for key, row in rows[name].items()
        }
        for name in older
    }


def _columns(table: dict[Any, dict[str, Any]]) -> set[str]:
    return {column for row in table.values() for column in row}


def _tables(models: Apps) -> dict[str, Any]:
    return {model.__name__: model for model in models.get_models() if model._meta.app_label == APP}
