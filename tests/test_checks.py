"""Does every system check speak where it should, and only there?"""

from __future__ import annotations

import re
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.checks.registry import registry
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from pytest_django import Settings

from cors_policies import conf, services
from cors_policies.checks.installation import (
    ANSWERING,
    CSRF_MIDDLEWARE,
    DJANGO_CSRF_MIDDLEWARE,
    MIDDLEWARE,
    OTHER_MIDDLEWARE,
    UNSHARED_CACHES,
)
from cors_policies.checks.stored import check_stored_set
from cors_policies.core.adoption.settings import FOREIGN_SETTINGS
from cors_policies.core.guardrails import NOTHING_ALLOWED, check_guardrails
from cors_policies.csrf import CorsPolicyCsrfMiddleware
from cors_policies.middleware import CorsPolicyMiddleware
from tests.helpers import policy

ROOT = Path(__file__).parents[1]
COMMON = "django.middleware.common.CommonMiddleware"
HERE = f"{__name__}.{{}}".format


class OwnPolicyMiddleware(CorsPolicyMiddleware):
    """A project's own kind of ours."""


class OwnCommonMiddleware(CommonMiddleware):
    """A project's own kind of one that answers."""


class OwnCsrfMiddleware(CorsPolicyCsrfMiddleware):
    """A project's own kind of our CSRF middleware."""


class OwnDjangoCsrfMiddleware(CsrfViewMiddleware):
    """A project's own kind of Django's."""


adding_middleware = partial(lambda get_response: get_response)
"""Middleware that is no class, and only adds to answers."""


def found() -> list[CheckMessage]:
    """What our checks say; those that are registered, and none of Django's."""
    ours = [check for check in registry.get_checks() if check.__module__.startswith("cors_policies.checks.")]
    messages = [message for check in ours for message in check(app_configs=None, databases=None)]
    assert len(ours) == 6
    assert all(message.hint for message in messages)
    return messages


def ids() -> list[str]:
    """The last part of the ids of our messages."""
    return [(message.id or "").removeprefix("cors_policies.") for message in found()]


class TestCleanProject:
    """A clean project gets no message, and no query."""

    def test_demo(self) -> None:
        assert ids() == []

    def test_project_without_the_setting(self, settings: Settings) -> None:
        del settings.CORS_POLICIES

        assert ids() == []


class TestCache:
    """CACHE_ALIAS names a cache that processes can share."""

    @pytest.mark.parametrize("backend", sorted(UNSHARED_CACHES))
    def test_that_nobody_shares_is_reported(self, settings: Settings, backend: str) -> None:
        settings.CACHES = {"shared": {"BACKEND": backend}}
        settings.CORS_POLICIES = {"CACHE_ALIAS": "shared"}

        (message,) = found()

        assert (message.id, backend in message.msg) == ("cors_policies.W005", True)

    def test_on_redis_is_silent(self, settings: Settings) -> None:
        settings.CACHES = {"shared": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
        settings.CORS_POLICIES = {"CACHE_ALIAS": "shared"}

        assert ids() == []

    @pytest.mark.parametrize("alias", ["missing", 7, ["default"]])
    def test_that_does_not_exist_is_an_error_and_not_used(self, settings: Settings, alias: object) -> None:
        settings.CORS_POLICIES = {"CACHE_ALIAS": alias}

        assert ids() == ["E001"]
        assert conf.get_settings().CACHE_ALIAS is None


class TestMiddleware:
    """The middleware is there, once and first of those that can answer."""

    @pytest.mark.parametrize(
        "middleware",
        [
            pytest.param([MIDDLEWARE], id="alone"),
            pytest.param([MIDDLEWARE, COMMON, *sorted(ANSWERING)], id="first"),
            pytest.param([HERE("adding_middleware"), MIDDLEWARE], id="after-one-that-is-not-known"),
            pytest.param(["django.middleware.gzip.GZipMiddleware", MIDDLEWARE], id="after-one-that-adds"),
            pytest.param([HERE("OwnPolicyMiddleware"), COMMON], id="derived"),
        ],
    )
    def test_is_silent(self, settings: Settings, middleware: list[str]) -> None:
        settings.MIDDLEWARE = middleware

        assert ids() == []

    @pytest.mark.parametrize(
        ("middleware", "expected"),
        [
            pytest.param([], ["W001"], id="none"),
            pytest.param([COMMON], ["W001"], id="missing"),
            pytest.param([OTHER_MIDDLEWARE], ["W001"], id="another-in-its-place"),
            pytest.param([COMMON, MIDDLEWARE], ["W002"], id="late"),
            pytest.param([HERE("OwnCommonMiddleware"), MIDDLEWARE], ["W002"], id="after-a-derived-one"),
            pytest.param([COMMON, HERE("OwnPolicyMiddleware")], ["W002"], id="derived-and-late"),
            pytest.param(
                ["django.middleware.security.SecurityMiddleware", COMMON, MIDDLEWARE, COMMON],
                ["W002", "W002"],
                id="late-twice",
            ),
            pytest.param([MIDDLEWARE, OTHER_MIDDLEWARE], ["W003"], id="two-kinds"),
            pytest.param([OTHER_MIDDLEWARE, COMMON, MIDDLEWARE], ["W002", "W003"], id="two-kinds-and-late"),
            pytest.param([MIDDLEWARE, COMMON, MIDDLEWARE], ["W007"], id="twice"),
            pytest.param([MIDDLEWARE, MIDDLEWARE, MIDDLEWARE], ["W007", "W007"], id="three-times"),
            pytest.param([HERE("OwnPolicyMiddleware"), MIDDLEWARE], ["W007"], id="beside-a-derived-one"),
            pytest.param([COMMON, MIDDLEWARE, MIDDLEWARE], ["W002", "W007"], id="late-and-twice"),
        ],
    )
    def test_is_reported(self, settings: Settings, middleware: list[str], expected: list[str]) -> None:
        settings.MIDDLEWARE = middleware

        assert ids() == expected

    @pytest.mark.parametrize("name", sorted(ANSWERING))
    def test_is_reported_after_each_that_answers(self, settings: Settings, name: str) -> None:
        settings.MIDDLEWARE = [name, MIDDLEWARE]

        (message,) = found()

        assert message.msg == f"{name} can answer before any policy is asked, without CORS headers."
        assert MIDDLEWARE in (message.hint or "")

    def test_that_cannot_be_imported_is_left_to_django(self, settings: Settings) -> None:
        settings.MIDDLEWARE = ["no.such.Middleware", "django.contrib.sites.models.Site", MIDDLEWARE]

        assert ids() == []

    @pytest.mark.parametrize("name", [name for name in sorted(ANSWERING) if name.startswith("django.")])
    def test_name_is_one_of_django(self, name: str) -> None:
        """A class that Django renames would be passed over in silence."""
        module, _, found_name = name.rpartition(".")
        spec = find_spec(module)

        assert spec is not None
        assert f"class {found_name}(" in Path(spec.origin or "").read_text("utf-8")


class TestCsrfMiddleware:
    """The CSRF middleware that asks policies stands in place of Django's."""

    @pytest.mark.parametrize(
        "middleware",
        [
            pytest.param([MIDDLEWARE, DJANGO_CSRF_MIDDLEWARE], id="django"),
            pytest.param([MIDDLEWARE, CSRF_MIDDLEWARE], id="ours"),
            pytest.param([MIDDLEWARE, HERE("OwnCsrfMiddleware")], id="derived-from-ours"),
            pytest.param([MIDDLEWARE, DJANGO_CSRF_MIDDLEWARE, HERE("adding_middleware")], id="others"),
        ],
    )
    def test_alone_is_silent(self, settings: Settings, middleware: list[str]) -> None:
        settings.MIDDLEWARE = middleware

        assert ids() == []

    @pytest.mark.parametrize(
        ("middleware", "named"),
        [
            pytest.param([CSRF_MIDDLEWARE, DJANGO_CSRF_MIDDLEWARE], DJANGO_CSRF_MIDDLEWARE, id="behind"),
            pytest.param([DJANGO_CSRF_MIDDLEWARE, CSRF_MIDDLEWARE], DJANGO_CSRF_MIDDLEWARE, id="before"),
            pytest.param(
                [HERE("OwnCsrfMiddleware"), HERE("OwnDjangoCsrfMiddleware")],
                HERE("OwnDjangoCsrfMiddleware"),
                id="both-derived",
            ),
        ],
    )
    def test_beside_django_is_reported(self, settings: Settings, middleware: list[str], named: str) -> None:
        settings.MIDDLEWARE = [MIDDLEWARE, *middleware]

        (message,) = found()

        assert (message.id, message.msg.split()[0]) == ("cors_policies.W006", named)
        assert (message.hint or "").startswith(f"Remove {named} ")

    def test_before_the_policies_answers_too_early(self, settings: Settings) -> None:
        settings.MIDDLEWARE = [CSRF_MIDDLEWARE, MIDDLEWARE]

        assert ids() == ["W002"]


class TestForeignSettings:
    """A setting of django-cors-headers is reported where nothing reads it."""

    @pytest.mark.parametrize("name", FOREIGN_SETTINGS)
    def test_alone_is_reported(self, settings: Settings, name: str) -> None:
        setattr(settings, name, [])

        (message,) = found()

        assert (message.id, message.msg) == (
            "cors_policies.W004",
            f"Nothing reads the setting {name} any more.",
        )

    def test_beside_its_middleware_is_not(self, settings: Settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = []
        settings.MIDDLEWARE = [MIDDLEWARE, OTHER_MIDDLEWARE]

        assert ids() == ["W003"]

    def test_beside_its_app_is_not(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        module = ModuleType("corsheaders")
        module.__path__ = [str(ROOT / "tests" / "cli")]
        monkeypatch.setitem(sys.modules, "corsheaders", module)
        settings.CORS_ALLOWED_ORIGINS = []
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "corsheaders"]

        assert ids() == []

    def test_our_own_is_not(self, settings: Settings) -> None:
        settings.CORS_POLICIES = {}

        assert ids() == []


class TestSettings:
    """A key of ``CORS_POLICIES`` that is not used is reported, and its default is in force."""

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ([], "CORS_POLICIES is no dict."),
            ({"COLOUR": 1}, "CORS_POLICIES has the unknown key 'COLOUR'."),
            ({"refresh_interval": 1}, "CORS_POLICIES has the unknown key 'refresh_interval'."),
            ({1: 2}, "CORS_POLICIES has the unknown key 1."),
            ({"REFRESH_INTERVAL": "1"}, "CORS_POLICIES['REFRESH_INTERVAL'] is '1'."),
            ({"REFRESH_INTERVAL": True}, "CORS_POLICIES['REFRESH_INTERVAL'] is True."),
            ({"REFRESH_INTERVAL": -1}, "CORS_POLICIES['REFRESH_INTERVAL'] is -1."),
            ({"REFRESH_INTERVAL": None}, "CORS_POLICIES['REFRESH_INTERVAL'] is None."),
            ({"REFRESH_INTERVAL": float("nan")}, "CORS_POLICIES['REFRESH_INTERVAL'] is nan."),
            ({"REFRESH_INTERVAL": float("inf")}, "CORS_POLICIES['REFRESH_INTERVAL'] is inf."),
            ({"DATABASE_ALIAS": "nowhere"}, "CORS_POLICIES['DATABASE_ALIAS'] is 'nowhere'."),
            ({"DATABASE_ALIAS": ["default"]}, "CORS_POLICIES['DATABASE_ALIAS'] is ['default']."),
            (
                {"API_PERMISSION_CLASSES": "rest_framework.permissions.AllowAny"},
                "CORS_POLICIES['API_PERMISSION_CLASSES'] is 'rest_framework.permissions.AllowAny'.",
            ),
            ({"API_PERMISSION_CLASSES": [7]}, "CORS_POLICIES['API_PERMISSION_CLASSES'] is [7]."),
            ({"GUARDRAILS": None}, "CORS_POLICIES['GUARDRAILS'] is None."),
            (
                {"GUARDRAILS": {"ALLOWED_ORIGIN": []}},
                "CORS_POLICIES['GUARDRAILS'] holds what is no guard rail: ALLOWED_ORIGIN is [].",
            ),
            ({"OBSERVE": "some"}, "CORS_POLICIES['OBSERVE'] is 'some'."),
            ({"OBSERVE": True}, "CORS_POLICIES['OBSERVE'] is True."),
            ({"OBSERVE": ["all"]}, "CORS_POLICIES['OBSERVE'] is ['all']."),
            ({"OBSERVE_MAX_ROWS": 0}, "CORS_POLICIES['OBSERVE_MAX_ROWS'] is 0."),
            ({"OBSERVE_MAX_ROWS": 100_001}, "CORS_POLICIES['OBSERVE_MAX_ROWS'] is 100001."),
            ({"OBSERVE_MAX_ROWS": True}, "CORS_POLICIES['OBSERVE_MAX_ROWS'] is True."),
            ({"OBSERVE_MAX_ROWS": 9.5}, "CORS_POLICIES['OBSERVE_MAX_ROWS'] is 9.5."),
        ],
    )
    def test_bad_ones_are_reported_and_not_used(self, settings: Settings, value: Any, text: str) -> None:
        settings.CORS_POLICIES = value

        (message,) = found()

        assert (message.id, message.msg) == ("cors_policies.E001", text)
        assert conf.get_settings() == conf.Settings()

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"GUARDRAILS": ["https://a.example"]}, "CORS_POLICIES['GUARDRAILS'] is ['https://a.example']."),
            ({"GUARDRAILS": "MAX_AGE"}, "CORS_POLICIES['GUARDRAILS'] is 'MAX_AGE'."),
            (({"GUARDRAILS": {"MAX_AGE": 60}},), "CORS_POLICIES is no dict."),
        ],
        ids=["list", "text", "comma-after-the-dict"],
    )
    def test_guard_rails_do_not_vanish_by_a_typing_error(
        self, settings: Settings, value: Any, text: str
    ) -> None:
        settings.CORS_POLICIES = value

        (message,) = found()

        assert (message.id, message.msg) == ("cors_policies.E001", text)
        assert conf.get_settings() == conf.Settings(GUARDRAILS=NOTHING_ALLOWED)

    def test_permission_class_that_does_not_exist_is_reported(self, settings: Settings) -> None:
        names = ["rest_framework.permissions.IsAdminUser", "nowhere.Permission"]
        settings.CORS_POLICIES = {"API_PERMISSION_CLASSES": names}

        (message,) = found()

        assert (message.id, "names nowhere.Permission, which cannot be imported" in message.msg) == (
            "cors_policies.E001",
            True,
        )

    def test_guard_rails_are_reported_entry_by_entry(self, settings: Settings) -> None:
        settings.CORS_POLICIES = {
            "GUARDRAILS": {
                "ALLOWED_ORIGINS": ["https://a.example", "a.example"],
                "FORBID_ANY_ORIGIN_PATHS": "/api/**",
                "MAX_AGE": "1",
            }
        }
        start = "CORS_POLICIES['GUARDRAILS'] holds what is no guard rail: "

        assert [(message.id, message.msg.removeprefix(start)) for message in found()] == [
            ("cors_policies.E001", "ALLOWED_ORIGINS.1 is 'a.example'."),
            ("cors_policies.E001", "FORBID_ANY_ORIGIN_PATHS is '/api/**'."),
            ("cors_policies.E001", "MAX_AGE is '1'."),
        ]

    def test_guard_rails_are_used(self, settings: Settings) -> None:
        settings.CORS_POLICIES = {
            "GUARDRAILS": {
                "ALLOWED_ORIGINS": ["https://*.example.com", r"~https://a[0-9]\.test"],
                "CREDENTIALED_ORIGINS": ("HTTPS://app.example.com/",),
                "FORBID_ANY_ORIGIN_PATHS": ["/admin/**"],
                "MAX_AGE": 0,
            }
        }

        assert ids() == []
        assert check_guardrails(settings.CORS_POLICIES["GUARDRAILS"])[0] == conf.get_settings().GUARDRAILS
        assert conf.get_settings().GUARDRAILS.max_age == 0

    def test_all_are_reported_at_once(self, settings: Settings) -> None:
        settings.CORS_POLICIES = {"COLOUR": 1, "REFRESH_INTERVAL": -1, "DATABASE_ALIAS": "default"}

        assert ids() == ["E001", "E001"]

    def test_good_ones_are_used(self, settings: Settings) -> None:
        names = ["rest_framework.permissions.IsAdminUser"]
        settings.CORS_POLICIES = {
            "REFRESH_INTERVAL": 0,
            "CACHE_ALIAS": None,
            "DATABASE_ALIAS": "default",
            "API_PERMISSION_CLASSES": names,
            "OBSERVE": "all",
            "OBSERVE_MAX_ROWS": 1,
        }

        assert ids() == []
        assert conf.get_settings() == conf.Settings(
            REFRESH_INTERVAL=0.0,
            API_PERMISSION_CLASSES=tuple(names),
            OBSERVE="all",
            OBSERVE_MAX_ROWS=1,
        )


@pytest.mark.django_db
class TestStoredSet:
    """``check --database`` names rows that are invalid as they are stored."""

    def test_valid_rows_are_silent(self) -> None:
        services.create_group({"name": "g", "origins": ["https://a.example"]})
        services.create_policy(policy(origin_groups=["g"]))

        assert check_stored_set(databases=["default"]) == []

    def test_broken_policy_is_named_with_its_problems(self) -> None:
        services.create_policy(policy())
        _run_sql("UPDATE cors_policies_policy SET allowed_methods = '7', exposed_headers = '[1]'")

        (message,) = check_stored_set(databases=["default"])

        assert message.msg.startswith(
            'The policy "public-api" is invalid as stored, and is not obeyed: exposed_headers.0: '
        )
        assert "allowed_methods: Write a list of texts" in message.msg
        assert "no broader policy governs its path" in (message.hint or "")

    def test_broken_group_is_named_with_the_policies_that_use_it(self) -> None:
        services.create_group({"name": "g", "origins": ["https://a.example"]})
        services.create_policy(policy(origin_groups=["g"]))
        _run_sql("UPDATE cors_policies_origin SET pattern = 'nonsense' WHERE pattern = 'https://a.example'")

        group, user = check_stored_set(databases=["default"])

        assert group.msg.startswith('The origin group "g" is invalid as stored')
        assert "no policy that names it is obeyed" in (group.hint or "")
        assert user.msg.startswith('The policy "public-api" is invalid as stored')

    def test_expression_without_its_matcher_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        services.create_policy(policy(allowed_origins=[r"~https://a[0-9]\.example"]))
        _run_sql(r"UPDATE cors_policies_origin SET pattern = '~https://b[0-9]\.example'")
        monkeypatch.setitem(sys.modules, "re2", None)

        (message,) = check_stored_set(databases=["default"])

        assert "django-cors-policies[regex]" in message.msg

    def test_no_row_is_to_blame_for_guard_rails_that_cannot_be_read(self, settings: Settings) -> None:
        services.create_policy(policy())
        services.create_policy(policy("broken", "/broken"))
        _run_sql("UPDATE cors_policies_policy SET trust_for_csrf = TRUE WHERE name = 'broken'")
        settings.CORS_POLICIES = ({"GUARDRAILS": {"MAX_AGE": 3600}},)

        (message,) = check_stored_set(databases=["default"])

        assert message.msg.startswith('The policy "broken" is invalid as stored')

    @pytest.mark.parametrize("databases", [None, [], ["other"]])
    def test_database_is_not_asked_unless_it_is_named(
        self, databases: list[str] | None, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            assert check_stored_set(databases=databases) == []

    @pytest.mark.django_db(transaction=True)  # MariaDB takes no change of a table back
    @pytest.mark.parametrize("table", ["policysetversion", "policy", "policyorigin", "origingroup"])
    def test_missing_table_is_no_error(self, table: str) -> None:
        services.create_policy(policy())
        _run_sql(f"ALTER TABLE cors_policies_{table} RENAME TO elsewhere")
        try:
            assert check_stored_set(databases=["default"]) == []
        finally:
            _run_sql(f"ALTER TABLE elsewhere RENAME TO cors_policies_{table}")

    @pytest.mark.parametrize("name", [DJANGO_CSRF_MIDDLEWARE, CSRF_MIDDLEWARE])
    def test_trust_that_no_check_asks_for_is_named(self, settings: Settings, name: str) -> None:
        for name_of_it, mode in (("shop", "live"), ("off", "off")):
            keys = {"mode": mode, "allow_credentials": True, "trust_for_csrf": True}
            services.create_policy(policy(name_of_it, "/shop/**", **keys))
        settings.MIDDLEWARE = [MIDDLEWARE, name]

        found = [(message.id, message.msg) for message in check_stored_set(databases=["default"])]

        text = 'The policy "shop" trusts its origins for CSRF, and no check asks it.'
        assert found == ([] if name == CSRF_MIDDLEWARE else [("cors_policies.W008", text)])

    @pytest.mark.parametrize(
        ("changes", "is_named"),
        [
            pytest.param({"allow_credentials": True}, True, id="cookies"),
            pytest.param({"allow_credentials": True, "host": "*.example.com"}, True, id="host"),
            pytest.param({}, False, id="no-cookies"),
            pytest.param({"allow_credentials": True, "mode": "off"}, False, id="off"),
            pytest.param({"allow_credentials": True, "allowed_origins": []}, False, id="nobody"),
            pytest.param({"allow_credentials": True, "path": "/other/**"}, False, id="elsewhere"),
        ],
    )
    def test_cookies_for_our_own_api_are_named(self, changes: dict[str, Any], *, is_named: bool) -> None:
        services.create_policy(policy("app", **{"path": "/api/**", **changes}))

        found = check_stored_set(databases=["default"])

        assert [message.id for message in found] == ["cors_policies.W009"] * is_named
        if is_named:
            assert "call /api/cors/policies/ with cookies" in found[0].msg
            host = changes.get("host", "")
            services.create_policy(policy("no-page", "/api/cors/**", allowed_origins=[], host=host))
            assert "the path /api/cors/** and no origins" in (found[0].hint or "")
            assert ("the host *.example.com" in (found[0].hint or "")) == bool(host)
            assert check_stored_set(databases=["default"]) == []

    @pytest.mark.parametrize("host", ["any.example.com", "example.example.com"])
    def test_cookies_for_our_own_api_are_named_beside_a_host_that_is_shielded(self, host: str) -> None:
        services.create_policy(policy("wide", host="*.example.com", allow_credentials=True))
        services.create_policy(policy("shield", "/api/cors/**", host=host, allowed_origins=[]))

        found = check_stored_set(databases=["default"])

        assert [(message.id, message.msg.split('"')[1]) for message in found] == [
            ("cors_policies.W009", "wide")
        ]

    def test_command_fails_with_a_broken_row_and_only_with_the_database(self) -> None:
        services.create_policy(policy())
        call_command("check", "--database", "default")
        _run_sql("UPDATE cors_policies_policy SET allowed_methods = '7'")

        call_command("check")
        with pytest.raises(SystemCheckError, match=r"cors_policies\.E002"):
            call_command("check", "--database", "default")


class TestPage:
    """docs/settings.md explains every id and every key."""

    def test_has_every_id(self) -> None:
        modules = sorted((ROOT / "cors_policies" / "checks").glob("*.py"))
        code = "".join(module.read_text("utf-8") for module in modules)
        page = (ROOT / "docs" / "settings.md").read_text("utf-8")

        assert set(re.findall(r'id="cors_policies\.(\w+)"', code)) == set(
            re.findall(r"^\| `cors_policies\.(\w+)` \|", page, re.MULTILINE)
        )

    def test_has_every_key_with_its_default(self) -> None:
        page = (ROOT / "docs" / "settings.md").read_text("utf-8")
        rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `(.+?)` \|", page, re.MULTILINE))

        assert set(rows) == set(conf.Settings.__dataclass_fields__)
        assert {key: eval(default) for key, default in rows.items()} == {  # noqa: S307 - the page is ours
            **{key: getattr(conf.Settings(), key) for key in rows},
            "API_PERMISSION_CLASSES": [*conf.DEFAULT_PERMISSION_CLASSES],
            "GUARDRAILS": {},
        }


def _run_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
