"""A cache for tests, in this process's memory, that can be away."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, TypeVar

from django.core.cache.backends.locmem import LocMemCache

_Answer = TypeVar("_Answer")


class FaultyCache(LocMemCache):
    """Raises ``error``, or does not answer before ``may_answer`` is set; every call is counted."""

    error: ClassVar[Exception | None] = None
    may_answer: ClassVar[threading.Event] = threading.Event()
    calls: ClassVar[list[str]] = []

    @classmethod
    def mend(cls) -> None:
        """Forgets every fault and every call."""
        cls.error = None
        cls.may_answer.set()
        cls.calls.clear()

    def add(self, *arguments: Any, **options: Any) -> bool:
        """As Django's."""
        self._arrive("add")
        return bool(super().add(*arguments, **options))

    def get(self, *arguments: Any, **options: Any) -> Any:
        """As Django's."""
        self._arrive("get")
        return super().get(*arguments, **options)

    def set(self, *arguments: Any, **options: Any) -> None:
        """As Django's."""
        self._arrive("set")
        super().set(*arguments, **options)

    def delete(self, *arguments: Any, **options: Any) -> bool:
        """As Django's."""
        self._arrive("delete")
        return bool(super().delete(*arguments, **options))

    def has_key(self, *arguments: Any, **options: Any) -> bool:
        """As Django's."""
        self._arrive("has_key")
        return super().has_key(*arguments, **options)

    def _arrive(self, name: str) -> None:
        self.calls.append(name)
        assert self.may_answer.wait(30)
        if self.error is not None:
            raise self.error
