"""What happens when rows change, and when the change is committed?

Before you edit: the models move the version themselves, whatever way a write comes in. Only two ways pass by
them: ``loaddata``, which saves rows raw, and a database that is made or flushed.
"""

from __future__ import annotations

from typing import Any

from django.core.signals import setting_changed
from django.db.models.signals import post_migrate, post_save, pre_save

from cors_policies.answers import HOST_SETTINGS
from cors_policies.conf import SETTING, get_settings
from cors_policies.models.versions import (
    PendingChange,
    PolicySetVersion,
    VersionedModel,
    changing,
    record_by,
)
from cors_policies.observations import observer
from cors_policies.services.recording import documents_of, recording
from cors_policies.signals import rows_changed, rows_committed
from cors_policies.store import store
from cors_policies.store.connection import is_test_environment


def connect() -> None:
    """Connects every receiver, once."""
    record_by(recording)
    rows_changed.connect(_mark_pending, dispatch_uid="cors_policies.pending")
    rows_committed.connect(_mark_stale, dispatch_uid="cors_policies.stale")
    pre_save.connect(_begin_raw, dispatch_uid="cors_policies.raw")
    post_save.connect(_end_raw, dispatch_uid="cors_policies.raw")
    setting_changed.connect(_see_setting, dispatch_uid="cors_policies.setting")
    post_migrate.connect(_see_new_database, dispatch_uid="cors_policies.migrated")


def _mark_pending(*, using: str, change: PendingChange, **_kwargs: object) -> None:
    if using == get_settings().DATABASE_ALIAS:
        store.mark_pending(change)


def _mark_stale(*, using: str, **_kwargs: object) -> None:
    if using == get_settings().DATABASE_ALIAS:
        store.mark_stale()


def _begin_raw(*, sender: type[Any], instance: Any, using: str, raw: bool, **_kwargs: object) -> None:
    if raw and issubclass(sender, VersionedModel):
        owners = sender.owners_stored([instance], using)
        instance.cors_policies_before = documents_of(owners, using)


def _end_raw(*, sender: type[Any], instance: Any, using: str, raw: bool, **_kwargs: object) -> None:
    if raw and issubclass(sender, PolicySetVersion):
        with changing(using):
            pass
    elif raw and issubclass(sender, VersionedModel):
        with (
            changing(using, made=lambda: sender.owners_made([instance], using)),
            recording(using) as recorder,
        ):
            if recorder is not None:
                recorder.know(instance.cors_policies_before)


def _see_setting(*, setting: str, **_kwargs: object) -> None:
    """After :mod:`cors_policies.conf`, which forgets what it has read."""
    if setting == SETTING:
        observer.configure()
    elif setting in HOST_SETTINGS:
        store.forget_answers()


def _see_new_database(*, sender: Any, using: str, **_kwargs: object) -> None:
    """Tests load here, so that the queries of none of them are one more for a set that it never touched."""
    if sender.label != "cors_policies" or using != get_settings().DATABASE_ALIAS:
        return
    if is_test_environment():
        store.load()
    else:
        store.mark_stale()
