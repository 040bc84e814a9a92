"""What about this project's setup would make policies do nothing, or something else than they say?

Before you edit: every check has an id (documented in docs/settings.md), says what is wrong, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string


def register_checks() -> None:
    pass
