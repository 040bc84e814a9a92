"""Does ``observations/`` show what was counted, to those who may see it, and nothing else?"""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from cors_policies import services
from cors_policies.models import Observation
from cors_policies.observations.rows import KEEP_DAYS, store_tallies
from cors_policies.observations.tallies import SECONDS_OF_A_DAY, Key, Tally
from tests.api.test_resources import ROOT, Api
from tests.factories import UserFactory
from tests.helpers import policy, preflight

pytestmark = pytest.mark.django_db

APP = "https://app.example"
EVIL = "https://evil.example"
PATH = "observations/"


@pytest.fixture
def api(admin_client: Client) -> Api:
    """The API for a superuser."""
    return Api(admin_client)


def ask(origin: str, method: str = "GET") -> None:
    """A page on another origin calls, and is denied."""
    Client().generic(method, "/api/x", headers={"origin": origin})


def shown(api: Api, query: str = "") -> list[tuple[str, int]]:
    """Origins and counts, in their order."""
    status, answer = api("GET", PATH + query)
    assert status == 200, answer
    return [(row["origin"], row["count"]) for row in answer["results"]]


class TestAnswer:
    """One row for each path group, origin, method, reason and policy, with the count and the time."""

    def test_whole_body(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        services.create_policy(policy(host="testserver"))
        for second in range(3):
            monkeypatch.setattr(time, "time", lambda second=second: 1_800_000_000.5 + second)
            ask(EVIL)
        Client().options("/api/x", headers=preflight(APP, "PUT"))

        status, answer = api("GET", PATH)

        group = {"host": "testserver", "path": "/api/**"}
        assert (status, answer) == (
            200,
            {
                "count": 2,
                "next": None,
                "previous": None,
                "results": [
                    {
                        **group,
                        "origin": EVIL,
                        "method": "GET",
                        "reason": "origin-not-allowed",
                        "policy": None,
                        "count": 3,
                        "first_seen": "2027-01-15T08:00:00Z",
                        "last_seen": "2027-01-15T08:00:02Z",
                    },
                    {
                        **group,
                        "origin": APP,
                        "method": "PUT",
                        "reason": "method-not-allowed",
                        "policy": "public-api",
                        "count": 1,
                        "first_seen": "2027-01-15T08:00:02Z",
                        "last_seen": "2027-01-15T08:00:02Z",
                    },
                ],
            },
        )

    def test_rows_are_bounded_and_add_up(self, api: Api, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE_MAX_ROWS": 10}
        services.create_policy(policy())
        for number in range(40):
            ask(f"https://o{number}.example")
        ask(EVIL)
        ask(EVIL)

        found = dict(shown(api))

        assert len(found) == 10
        assert (sum(found.values()), found[EVIL], found[""]) == (42, 2, 32)

    def test_nothing_is_counted_where_that_is_off(self, api: Api, settings: Settings) -> None:
        settings.CORS_POLICIES = {"OBSERVE": "off"}
        services.create_policy(policy())
        ask(EVIL)

        assert shown(api) == []
        assert not Observation.objects.exists()

    def test_what_is_too_old_is_not_shown(self, api: Api) -> None:
        long_ago = int(time.time()) - (KEEP_DAYS + 1) * SECONDS_OF_A_DAY
        with transaction.atomic():
            key = Key("", "/x", EVIL, "GET", "origin-not-allowed")
            store_tallies("default", {key: Tally(1, long_ago, long_ago, {})}, 9, long_ago)

        assert shown(api) == []


class TestLists:
    """Rows are filtered, ordered and cut into pages; what nothing would read is refused."""

    @pytest.fixture(autouse=True)
    def _counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        services.create_policy(policy())
        calls = [("https://a.example", 1), ("https://b.example", 3), ("https://é", 2), (APP, 1)]
        for second, (origin, times) in enumerate(calls):
            monkeypatch.setattr(time, "time", lambda second=second: 1_800_000_000.0 + second)
            for _ in range(times):
                ask(origin, "PUT")

    @pytest.mark.parametrize(
        ("query", "origins"),
        [
            ("?ordering=-count", "b é . ."),
            ("?ordering=count", ". . é b"),
            ("?ordering=last_seen", "a b é app"),
            ("?ordering=-last_seen", "app é b a"),
            ("?ordering=count,last_seen", "a app é b"),
            ("?ordering=last_seen&page_size=1&page=2", "b"),
            ("?origin=https://b.example", "b"),
            ("?origin=https://%C3%A9", "é"),
            ("?origin=https://%5Cxe9", "é"),
            ("?origin=https://nobody.example", ""),
            ("?reason=method-not-allowed", "app"),
            ("?reason=allowed", ""),
            ("?policy=public-api", "app"),
            ("?policy=other", ""),
            ("?policy=public-api&reason=origin-not-allowed", ""),
        ],
    )
    def test_found(self, api: Api, query: str, origins: str) -> None:
        names = {"https://a.example": "a", "https://b.example": "b", "https://\\xe9": "é", APP: "app"}
        found = [names[origin] for origin, _count in shown(api, query)]

        expected = origins.split()
        assert len(found) == len(expected)
        assert all(one in {other, "."} for one, other in zip(expected, found, strict=True))

    def test_most_frequent_ones_come_first(self, api: Api) -> None:
        assert [count for _origin, count in shown(api)] == [3, 2, 1, 1]

    @pytest.mark.parametrize(
        ("query", "code", "attr"),
        [
            ("reason=unheard-of", "invalid", "reason"),
            ("reason=", "invalid", "reason"),
            ("origin=", "invalid", "origin"),
            ("policy=", "invalid", "policy"),
            ("origin=%00", "invalid", "origin"),
            ("method=GET", "invalid", "method"),
            ("search=a", "invalid", "search"),
            ("ordering=origin", "invalid", "ordering"),
            ("ordering=digest", "invalid", "ordering"),
            ("page_size=0", "invalid", "page_size"),
            ("page_size=1001", "invalid", "page_size"),
            ("page=x", "invalid", "page"),
        ],
    )
    def test_refused(self, api: Api, query: str, code: str, attr: str) -> None:
        assert api.refusal("GET", f"{PATH}?{query}") == [(code, attr)]

    def test_page_past_the_end_is_not_found(self, api: Api) -> None:
        assert api("GET", f"{PATH}?page=2")[0] == 404


class TestPermissions:
    """Reading needs ``view`` on observations; nothing can be written."""

    @pytest.mark.parametrize(
        ("granted", "status"),
        [
            ("nobody", 401),
            (None, 403),
            ("view_policy", 200),
            ("change_policy", 403),
            ("view_observation", 200),
            ("superuser", 200),
        ],
    )
    def test_reading(self, client: Client, granted: str | None, status: int) -> None:
        sign_in(client, granted)

        assert Api(client)("GET", PATH)[0] == status

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize(
        ("granted", "status"), [("nobody", 401), (None, 403), ("view_observation", 405), ("superuser", 405)]
    )
    def test_writing(self, client: Client, method: str, granted: str | None, status: int) -> None:
        sign_in(client, granted)

        assert Api(client)(method, PATH, {})[0] == status

    def test_there_is_no_page_of_one_row(self, admin_client: Client) -> None:
        assert admin_client.get(f"{ROOT}{PATH}1/").status_code == 404


def sign_in(client: Client, granted: str | None) -> None:
    """Nobody, a superuser, or somebody with that permission."""
    if granted != "nobody":
        names: Any = (granted,) if granted else ()
        client.force_login(UserFactory.create(permissions=names, is_superuser=granted == "superuser"))
