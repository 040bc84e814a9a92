"""How are policies put in force for a block, a test or a class of tests?

Before you edit:

* The set is that of the process, so that a live server's threads obey it too, and tests that run in one
  process at a time with different sets would disturb each other.
* A class is decorated by its ``setUpClass``. Of several decorators that a class and its bases have, the
  nearest one counts: a subclass replaces what its base says.
"""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, Final, TypeVar, cast

from asgiref.sync import iscoroutinefunction

from cors_policies import documents
from cors_policies.store import store

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
_MARK: Final = "_cors_policies_override"


class override_cors_policies:  # noqa: N801 - a function to those who use it, as override_settings is
    """These policies, and no others, are in force: for a block, a function, a coroutine function or a class.

    Policies and origin groups are dicts in the JSON shape. Raises ``ValueError`` with every problem at once.
    """

    def __init__(self, *policies: Mapping[str, Any], origin_groups: Iterable[Mapping[str, Any]] = ()) -> None:
        self._set = documents.set_of({"origin_groups": [*origin_groups], "policies": [*policies]})
        self._entered: list[AbstractContextManager[None]] = []

    def __enter__(self) -> None:
        context = store.overridden(self._set)
        context.__enter__()
        self._entered.append(context)

    def __exit__(self, *_error: object) -> None:
        self._entered.pop().__exit__(None, None, None)

    def __call__(self, decorated: _Decorated) -> _Decorated:
        """The same with the policies in force while it runs; a class, while its tests run."""
        decorate = self._class if isinstance(decorated, type) else self._decorator(decorated)
        return cast("_Decorated", decorate(decorated))

    def _decorator(self, function: Any) -> Callable[[Any], Any]:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                "A generator would run without the policies. Write `with override_cors_policies(...):` "
                "around its yield."
            )
        return self._coroutine_function if iscoroutinefunction(function) else self._function

    def _function(self, function: Any) -> Any:
        @wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with store.overridden(self._set):
                return function(*args, **kwargs)

        return inner

    def _coroutine_function(self, function: Any) -> Any:
        @wraps(function)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            with store.overridden(self._set):
                return await function(*args, **kwargs)

        return inner

    def _class(self, decorated: Any) -> Any:
        if not issubclass(decorated, unittest.TestCase):
            raise TypeError(
                f"{decorated.__name__} is no unittest.TestCase. Decorate its methods, or write a fixture "
                "with `with override_cors_policies(...):` around its yield."
            )
        if _MARK not in vars(decorated):
            setattr(decorated, _MARK, self)
        set_up: Any = decorated.setUpClass

        def set_up_class(cls: Any) -> None:
            if getattr(cls, _MARK) is self:
                self.__enter__()
                cls.addClassCleanup(self.__exit__)
            set_up.__func__(cls)

        decorated.setUpClass = classmethod(set_up_class)
        return decorated
