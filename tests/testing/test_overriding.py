"""Are the policies of a test in force where they should be, and nowhere else?"""

from __future__ import annotations

import os
import threading
import unittest
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.test import AsyncClient, Client, SimpleTestCase
from pytest_django import DjangoAssertNumQueries

from cors_policies import services
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.store import current_snapshot
from cors_policies.testing import override_cors_policies
from tests.helpers import cors_headers, policy

APP = "https://app.example"
OTHER = "https://other.example"
ONE = policy("one")
TWO = policy("two", allowed_origins=[OTHER])


def names(path: str = "/api/x") -> list[str]:
    """The policies that govern the path, in the order tried."""
    group = current_snapshot().find_group(path)
    return [] if group is None else [found.name for found in group.policies]


def allows(origin: str = APP) -> bool:
    """Whether the project shares an answer with the origin."""
    return cors_headers(Client().get("/api/x", headers={"origin": origin})) != {}


class TestWhatItHoldsFor:
    """A block, a function, a coroutine function; without a database; no longer than they last."""

    def test_block(self) -> None:
        with override_cors_policies(ONE):
            assert (allows(), allows(OTHER)) == (True, False)
            with override_cors_policies():
                assert not allows()

    @override_cors_policies(ONE)
    def test_function(self) -> None:
        assert names() == ["one"]

    @pytest.mark.asyncio
    @override_cors_policies(ONE)
    async def test_coroutine_function(self) -> None:
        response = await AsyncClient().get("/api/x", headers={"origin": APP})

        assert cors_headers(response) == {"access-control-allow-origin": APP}

    def test_function_keeps_its_name_arguments_and_result(self) -> None:
        @override_cors_policies(ONE)
        def named(first: int, *, second: int) -> tuple[int, int, list[str]]:
            """Said here."""
            return first, second, names()

        assert named(1, second=2) == (1, 2, ["one"])
        assert (named.__name__, named.__doc__) == ("named", "Said here.")

    def test_decorated_function_may_call_itself(self) -> None:
        @override_cors_policies(ONE)
        def count(number: int) -> int:
            assert names() == ["one"]
            return 1 + count(number - 1) if number else 0

        with override_cors_policies(TWO):
            assert count(3) == 3
            assert names() == ["two"]

    def test_every_thread(self) -> None:
        found: list[bool] = []
        with override_cors_policies(ONE):
            thread = threading.Thread(target=lambda: found.append(allows()))
            thread.start()
            thread.join()

        assert found == [True]

    # Python 3.12 and later warn of forks beside threads, which other tests have left.
    @pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
    def test_forked_child(self) -> None:
        with override_cors_policies(ONE):
            child = os.fork()
            if not child:
                os._exit(0 if names() == ["one"] else 1)

            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_groups(self) -> None:
        group = {"name": "partners", "origins": ["https://*.partner.example"]}
        with override_cors_policies(policy(origin_groups=["partners"]), origin_groups=[group]):
            assert allows("https://a.partner.example")


class TestNesting:
    """The inner one replaces the outer, which comes back, after an exception too."""

    def test_inner_replaces_outer_until_its_end(self) -> None:
        with override_cors_policies(ONE):
            with override_cors_policies(TWO):
                assert names() == ["two"]
            assert names() == ["one"]

    def test_outer_comes_back_after_an_exception(self) -> None:
        with override_cors_policies(ONE):
            with pytest.raises(RuntimeError, match="inside"), override_cors_policies(TWO):
                raise RuntimeError("inside")
            assert names() == ["one"]

    def test_one_object_may_be_entered_again(self) -> None:
        override = override_cors_policies(ONE)
        with override, override_cors_policies(TWO), override:
            assert names() == ["one"]

    @override_cors_policies(ONE)
    @override_cors_policies(TWO)
    def test_the_decorator_next_to_the_function_counts(self) -> None:
        assert names() == ["two"]

    def test_blocks_that_overlap_end_each_for_itself(self) -> None:
        first, second = override_cors_policies(ONE), override_cors_policies(TWO)
        first.__enter__()
        second.__enter__()
        first.__exit__()

        assert names() == ["two"]
        second.__exit__()


@override_cors_policies(ONE)
class Base(SimpleTestCase):
    """What a user writes."""

    at_class_level: ClassVar[list[str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.at_class_level = names()


class TestDecoratedClass(Base):
    """A class that inherits the decorator has its policies, from ``setUpClass`` on."""

    expected: ClassVar = ["one"]

    def test_holds(self) -> None:
        assert names() == self.at_class_level == self.expected

    @override_cors_policies(policy("three"))
    def test_method_may_say_something_else(self) -> None:
        assert names() == ["three"]


@override_cors_policies(TWO)
class TestDecoratedSubclass(TestDecoratedClass):
    """A subclass's decorator replaces its base's."""

    expected: ClassVar = ["two"]


@override_cors_policies(policy("outer"))
@override_cors_policies(ONE)
class TestTwiceDecoratedClass(TestDecoratedClass):
    """Of two decorators the one next to the class counts."""


@override_cors_policies(ONE)
class TestPlainUnittest(unittest.TestCase):
    """Classes of unittest itself do, asynchronous ones too."""

    def test_holds(self) -> None:
        assert names() == ["one"]


@override_cors_policies(ONE)
class TestAsyncUnittest(unittest.IsolatedAsyncioTestCase):
    """Classes of unittest itself do, asynchronous ones too."""

    async def test_holds(self) -> None:
        assert names() == ["one"]


class TestEndOfAClass:
    """When the tests of a class are over, or could not begin, its policies are too."""

    @pytest.mark.parametrize("fails", [True, False])
    def test_as_before(self, fails: bool) -> None:
        @override_cors_policies(ONE)
        class Inner(unittest.TestCase):
            @classmethod
            def setUpClass(cls) -> None:
                if fails:
                    raise RuntimeError

            def runTest(self) -> None:  # noqa: N802 - unittest's name
                assert names() == ["one"]

        with override_cors_policies(TWO):
            result = unittest.TestSuite([Inner()]).run(unittest.TestResult())

            assert len(result.errors) == int(fails)
            assert names() == ["two"]


def _generator() -> Iterator[None]:
    yield


async def _async_generator() -> AsyncIterator[None]:
    yield


class TestRefusals:
    """A refused policy raises ValueError with every problem; what could not hold is a TypeError."""

    def test_every_problem_is_named(self) -> None:
        with pytest.raises(ValueError, match="invalid-path") as refused:
            override_cors_policies(
                policy(path="x", allowed_origins=["y"]), origin_groups=[{"name": "g", "origins": ["z"]}]
            )

        assert isinstance(refused.value, InvalidPolicyError)
        assert [(problem.code, problem.attr) for problem in refused.value.problems] == [
            ("invalid-origin", "origin_groups.0.origins.0"),
            ("invalid-path", "policies.0.path"),
            ("invalid-origin", "policies.0.allowed_origins.0"),
        ]

    @pytest.mark.parametrize("policies", [[ONE], "one", None, 1])
    def test_what_is_no_policy_is_refused(self, policies: Any) -> None:
        with pytest.raises(ValueError, match="Write a JSON object"):
            override_cors_policies(policies)

    @pytest.mark.parametrize("decorated", [_generator, _async_generator, object])
    def test_what_would_run_without_the_policies_is_refused(self, decorated: Any) -> None:
        with pytest.raises(TypeError, match=r"with override_cors_policies\(\.\.\.\):"):
            override_cors_policies(ONE)(decorated)


class TestExpiry:
    """A policy that expires during the test does so."""

    def test_policy_expires(self) -> None:
        soon = datetime.now(timezone.utc) + timedelta(milliseconds=300)
        expiring = policy("expiring", allowed_origins=[OTHER], expires_at=soon.isoformat())
        with override_cors_policies(ONE, expiring):
            assert names() == ["expiring", "one"]
            while datetime.now(timezone.utc) < soon:
                assert names()
            assert names() == ["one"]


@pytest.mark.django_db
class TestStoredSet:
    """Whatever is stored, and changes meanwhile, is obeyed again at the end and not before."""

    def test_stored_policies_are_out_of_force_until_the_end(self) -> None:
        services.create_policy(policy("stored"))
        assert names() == ["stored"]
        with override_cors_policies(TWO):
            assert names() == ["two"]
            services.create_policy(policy("written", priority=1))
            with transaction.atomic():
                services.create_policy(policy("in-a-savepoint", priority=2))
                assert names() == ["two"]
        assert names() == ["written", "in-a-savepoint", "stored"]

    def test_no_query_is_asked(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        services.create_policy(policy("stored"))
        with override_cors_policies(TWO), django_assert_num_queries(0):
            assert allows(OTHER)
            async_to_sync(AsyncClient().get)("/api/x", headers={"origin": OTHER})


def _touch() -> None:
    services.touch()
    connection.close()  # the thread's own


@pytest.mark.django_db(transaction=True)
class TestBackground:
    """What is loaded in the background meanwhile waits for the end."""

    def test_commit_and_load_change_nothing_before_the_end(self) -> None:
        with override_cors_policies(TWO):
            services.create_policy(policy("committed"))
            thread = threading.Thread(target=_touch)
            thread.start()
            thread.join()
            assert names() == ["two"]
        assert names() == ["committed"]
