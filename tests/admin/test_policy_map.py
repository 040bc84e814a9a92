"""Does the map show every policy where it stands, what is to be said about it, and the project's views?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path, re_path, reverse

from cors_policies import services
from cors_policies.admin.map_views import MAX_BESIDE, MAX_LISTED
from cors_policies.admin.pages.policy_map import LINES
from cors_policies.models import OriginGroup, Policy
from tests.admin.conftest import SignIn
from tests.admin.pages import ROOT, FormPage, shown_texts, text
from tests.admin.test_access import HOSTILE, INLINE
from tests.helpers import policy

pytestmark = pytest.mark.django_db

ADDRESS = f"{ROOT}policy/map/"
MAX_BYTES = 1_000_000
MAX_QUERIES = 20
PAST = "2020-01-01T00:00:00Z"


def view(_request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """Answers."""
    return HttpResponse()


class Project(ModuleType):
    """A URLconf with the admin and these addresses."""

    def __init__(self, *patterns: Any) -> None:
        super().__init__("urls_of_a_test")
        self.urlpatterns = [path("admin/", admin.site.urls), *patterns]


def store(*policies: dict[str, Any], **groups: list[str]) -> None:
    """Makes these the whole set."""
    found = [{"name": name, "origins": origins} for name, origins in groups.items()]
    services.apply_document({"policies": list(policies), "origin_groups": found}, replace=True)


def break_row(name: str, column: str = "allowed_headers", value: str = "7") -> None:
    """Writes past all checks."""
    with connection.cursor() as cursor:
        update = f"UPDATE cors_policies_policy SET {column} = %s WHERE name = %s"  # noqa: S608
        cursor.execute(update, [value, name])


def opened(client: Client, query: str = "") -> str:
    """The page, as HTML."""
    return text(client.get(f"{ADDRESS}{query}"))


def said(client: Client, query: str = "") -> str:
    """The text of the page."""
    return shown_texts(opened(client, query))


def line(html: str, name: str) -> str:
    """The text of a policy's line, its warnings included."""
    item = r'<li class="cors-map-policy'
    pattern = rf'{item}[^"]*"><strong><a href="[^"]*">{name}</a>.*?(?={item}|</ol>)'
    found = re.search(pattern, html, re.DOTALL)
    assert found, name
    return shown_texts(found[0]).strip()


def patterns_of(html: str) -> list[str]:
    """The path patterns on the page, in their order."""
    return re.findall(r"<h3><code>(.*?)</code>", html)


def names_of(html: str) -> list[str]:
    """The policies on the page, in their order."""
    return re.findall(r'<li class="cors-map-policy[^"]*"><strong><a href="[^"]*policy/[^"]*">(.*?)</a>', html)


def ungoverned(html: str) -> list[str]:
    """The routes of the views that nothing governs."""
    section = html.split('id="cors-map-views"')[1].split("Cannot be placed", maxsplit=1)[0]
    return re.findall(r"<li><code>(.*?)</code>", section)


def links(html: str, words: str) -> list[str]:
    """Where the links with these words lead, within the map."""
    return [
        link.replace("&amp;", "&") for link in re.findall(rf'<a [^>]*?href="(\?[^"]*)">[^<]*{words}', html)
    ]


class TestPermissions:
    """The map is for who may see policies, and changes nothing."""

    @pytest.mark.parametrize(
        ("codenames", "status"),
        [
            ((), 403),
            (("add_policy",), 403),
            (("view_origin",), 403),
            (("view_policy",), 200),
            (("change_policy",), 200),
        ],
    )
    def test_opens_to(self, sign_in: SignIn, codenames: Sequence[str], status: int) -> None:
        assert sign_in(*codenames).get(ADDRESS).status_code == status

    def test_strangers_are_sent_to_sign_in(self, client: Client) -> None:
        answer = client.get(ADDRESS)

        assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, "/admin/login/")

    @pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
    def test_is_only_read(self, admin_client: Client, method: str) -> None:
        assert getattr(admin_client, method)(ADDRESS).status_code == 405

    def test_list_leads_to_it_for_who_may_only_look(self, sign_in: SignIn) -> None:
        assert f'href="{ADDRESS}"' in text(sign_in("view_policy").get(f"{ROOT}policy/"))

    def test_is_reversed_by_its_name(self) -> None:
        assert reverse("admin:cors_policies_policy_map") == ADDRESS


class TestOrder:
    """Hosts and paths stand in the order of precedence, and policies in that of the trials."""

    def test_is_shown(self, admin_client: Client) -> None:
        store(
            policy("all", "/**"),
            policy("late", "/api/orders", priority=200),
            policy("early", "/api/orders", priority=1),
            policy("star", "/api/*"),
            policy("wild", "/x", host="*.example.com"),
            policy("exact", "/x", host="api.example.com"),
        )

        html = opened(admin_client)

        assert names_of(html) == ["exact", "wild", "early", "late", "star", "all"]
        assert patterns_of(html) == ["/x", "/x", "/api/orders", "/api/*", "/**"]
        assert re.findall(r"<h2>(.*?) <span", html) == ["api.example.com", "*.example.com", "every host"]

    def test_nothing_is_governed_without_a_policy(self, admin_client: Client) -> None:
        assert "There is no policy yet: nothing is governed." in said(admin_client)


class TestLines:
    """A policy's line says whom it lets in, what is the matter with it, and leads to its form."""

    @pytest.mark.parametrize(
        ("keys", "words"),
        [
            ({}, "app 1 origin priority 100"),
            ({"allowed_origins": ["*"]}, "app every origin priority 100"),
            ({"allowed_origins": []}, "app nobody (shield) priority 100"),
            ({"origin_groups": ["partners"]}, "app 1 origin, everyone in group partners priority 100"),
            ({"allowed_origins": [], "origin_groups": ["public"]}, "app every origin priority 100"),
            ({"allow_credentials": True, "priority": 7}, "app 1 origin with credentials priority 7"),
            ({"mode": "off"}, "app 1 origin off priority 100"),
            ({"expires_at": PAST}, "app 1 origin expired priority 100"),
        ],
    )
    def test_says(self, admin_client: Client, keys: dict[str, Any], words: str) -> None:
        store(policy("app", **keys), partners=["https://p.example"], public=["*"])

        assert line(opened(admin_client), "app").startswith(words)

    @pytest.mark.parametrize(
        ("keys", "is_absent"), [({}, False), ({"mode": "off"}, True), ({"expires_at": PAST}, True)]
    )
    def test_pattern_that_governs_nothing_is_marked(
        self, admin_client: Client, keys: dict[str, Any], is_absent: bool
    ) -> None:
        store(policy("app", **keys))

        assert ("as if absent" in said(admin_client)) == is_absent

    def test_many_groups_are_counted(self, admin_client: Client) -> None:
        groups = {f"g{number}": [f"https://g{number}.example"] for number in range(5)}
        store(policy("app", origin_groups=list(groups)), **groups)

        assert "everyone in group g2, 2 more groups" in line(opened(admin_client), "app")

    def test_findings_of_lint_stand_beside(self, admin_client: Client) -> None:
        store(
            policy("first", allowed_origins=["*"]),
            policy("second"),
            policy("old", "/old", expires_at=PAST),
        )

        html = opened(admin_client)

        assert "Warning any-origin Every page can read" in line(html, "first")
        assert "never gets its turn" in line(html, "second")
        assert "Warning shadowed-policy It never governs a request" in line(html, "second")
        assert "Warning expired It has been as if absent" in line(html, "old")

    def test_many_findings_are_counted(self, admin_client: Client) -> None:
        store(policy("app", allowed_origins=[f"https://a:{port}" for port in range(1, 9)] + ["https://a:*"]))

        assert "and 6 more" in line(opened(admin_client), "app")

    def test_findings_of_groups_stand_below(self, admin_client: Client) -> None:
        store(policy(origin_groups=["public"]), public=["*"], unused=["*"])
        key = OriginGroup.objects.get(name="public").pk

        html = opened(admin_client)

        assert f'<a href="{ROOT}origingroup/{key}/change/">public</a>' in html
        assert ">unused<" not in html

    def test_broken_policy_stands_where_it_shields(self, admin_client: Client) -> None:
        store(policy("ruin"), policy("other", "/x"))
        break_row("ruin")

        html = opened(admin_client)

        assert patterns_of(html) == ["/api/**", "/x"]
        assert "ruin nobody, since it is broken broken as stored Error invalid" in line(html, "ruin")

    @pytest.mark.parametrize(("column", "value"), [("path", "/what?"), ("mode", "off")])
    def test_broken_policy_without_a_place_is_listed_apart(
        self, admin_client: Client, column: str, value: str
    ) -> None:
        store(policy("ruin"))
        break_row("ruin")
        break_row("ruin", column, value)

        html = opened(admin_client)

        assert "Without a place" in html
        assert names_of(html) == ["ruin"]

    def test_broken_group_is_reported(self, admin_client: Client) -> None:
        store(policy(), group=["https://a.example"])
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cors_policies_origingroup SET name = 'no slug'")

        words = said(admin_client)

        assert "no slug Error invalid" in words

    def test_line_leads_to_the_form(self, admin_client: Client) -> None:
        store(policy("app"))
        key = Policy.objects.get().pk

        assert f'<a href="{ROOT}policy/{key}/change/">app</a>' in opened(admin_client)


class TestNarrowing:
    """The map can be narrowed to a host, a prefix, a pattern and what is searched for."""

    @pytest.fixture(autouse=True)
    def _stored(self) -> None:
        store(
            policy("exact", "/api/orders", host="api.example.com"),
            policy("orders", "/api/orders", allowed_origins=["https://one.example"]),
            policy("files", "/files/**", origin_groups=["partners"]),
            partners=["https://two.example"],
        )

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", ["exact", "files", "orders"]),
            ("?host=", ["files", "orders"]),
            ("?host=api.example.com", ["exact"]),
            ("?host=nowhere.example", []),
            ("?prefix=/api", ["exact", "orders"]),
            ("?host=&prefix=/api", ["orders"]),
            ("?host=&path=/files/**", ["files"]),
            ("?q=one.example", ["orders"]),
            ("?q=TWO.example", ["files"]),
            ("?q=orders", ["exact", "orders"]),
            ("?q=orders&host=", ["orders"]),
            ("?q=nowhere", []),
            ("?page=7&views=9", ["exact", "files", "orders"]),
            ("?page=-1&views=x", ["exact", "files", "orders"]),
            ("?page=%F0%9F%98%80&q=%00&views=99999999999", []),
            ("?unknown=1", ["exact", "files", "orders"]),
        ],
    )
    def test_shows(self, admin_client: Client, query: str, names: list[str]) -> None:
        assert sorted(names_of(opened(admin_client, query))) == names

    def test_search_keeps_the_place_and_says_how_much_is_left(self, admin_client: Client) -> None:
        html = opened(admin_client, "?host=&q=orders")

        assert '<input type="hidden" name="host" value="">' in html
        assert 'name="q" value="orders"' in html
        assert "1 of 3 policies" in shown_texts(html)
        assert "every host" in html


class TestViews:
    """Each view stands beside the pattern that governs its example path, or in the list of the others."""

    URLS = Project(
        path("api/orders/<int:pk>/", view, name="order"),
        path("api/open/", view),
        path("files/<path:name>", view, name="file"),
        re_path(r"^(?!odd)odd$", view, name="odd"),
    )

    def governed(self, html: str, pattern: str) -> list[str]:
        """The routes of the views beside a path pattern."""
        found = re.search(rf"<h3><code>{re.escape(pattern)}</code>.*?(?=<h3>|</section>)", html, re.DOTALL)
        assert found
        return re.findall(r"<li><code>(.*?)</code>", found[0].partition('class="cors-map-governs"')[2])

    @pytest.fixture(autouse=True)
    def _urls(self, settings: Any) -> None:
        settings.ROOT_URLCONF = self.URLS

    def test_are_placed(self, admin_client: Client) -> None:
        store(
            policy("narrow", "/api/orders/*"),
            policy("wide", "/api/**"),
            policy("off", "/files/**", mode="off"),
        )

        html = opened(admin_client)

        assert self.governed(html, "/api/orders/*") == ["/api/orders/&lt;int:pk&gt;/"]
        assert self.governed(html, "/api/**") == ["/api/open/"]
        assert "example: /api/orders/1/" in shown_texts(html)
        assert "/files/&lt;path:name&gt;" in ungoverned(html)
        assert "/admin/login/" in ungoverned(html)

    def test_are_placed_on_each_host(self, admin_client: Client) -> None:
        store(policy("host", "/files/**", host="*.example.com"), policy("wide", "/api/**"))

        html = opened(admin_client)

        assert self.governed(html, "/files/**") == ["/files/&lt;path:name&gt;"]
        assert "/files/&lt;path:name&gt;" in ungoverned(html)
        assert "on *.example.com: /files/**" in shown_texts(html)
        assert "/files/&lt;path:name&gt;" not in ungoverned(opened(admin_client, "?host=*.example.com"))

    def test_that_cannot_be_placed_are_said_to_be(self, admin_client: Client) -> None:
        html = opened(admin_client)

        assert "(?!odd)odd" not in "".join(ungoverned(html))
        assert "Cannot be placed" in html
        assert "(?!odd)odd" in html.split("Cannot be placed")[1]

    @pytest.mark.parametrize(
        ("query", "routes"),
        [
            ("?q=order", ["/api/orders/&lt;int:pk&gt;/"]),
            ("?q=ORDER api", ["/api/orders/&lt;int:pk&gt;/"]),
            ("?prefix=/files", ["/files/&lt;path:name&gt;"]),
            ("?q=nowhere", []),
        ],
    )
    def test_list_is_narrowed(self, admin_client: Client, query: str, routes: list[str]) -> None:
        assert ungoverned(opened(admin_client, query)) == routes

    def test_list_is_not_shown_beside_a_single_pattern(self, admin_client: Client) -> None:
        assert "Views that nothing governs" not in opened(admin_client, "?host=&path=/x")

    def test_policy_can_be_written_for_one(self, admin_client: Client) -> None:
        html = opened(admin_client, "?host=api.example.com")

        (link,) = re.findall(r'class="cors-map-add" href="([^"]*orders[^"]*)"', html)
        form = FormPage(admin_client, link.removeprefix(ROOT).replace("&amp;", "&"))
        assert (form.fields["path"], form.fields["host"]) == ("/api/orders/*", "api.example.com")
        form.stored(name="new", allowed_origins="https://app.example")

        assert Policy.objects.get().path == "/api/orders/*"

    def test_who_may_not_add_is_offered_no_form(self, sign_in: SignIn) -> None:
        assert "cors-map-add" not in opened(sign_in("view_policy"))


class TestSafety:
    """What somebody wrote is shown as text, cut; no page needs an inline script or style."""

    def test_nothing_is_inline(self, admin_client: Client) -> None:
        store(policy("app", allowed_origins=["*"]), policy("b", "/x", mode="off"))

        assert INLINE.findall(opened(admin_client)) == []

    @override_settings(ROOT_URLCONF=Project(re_path(re.escape(HOSTILE), view, name=HOSTILE)))
    def test_hostile_texts_are_escaped(self, admin_client: Client) -> None:
        store(
            policy("app", host="api.example.com"),
            policy("lost", "/x"),
            policy("on", "/y", origin_groups=["group"]),
            group=["*"],
        )
        break_row("lost", "path", f"/{HOSTILE}")
        for table, column in (
            ("policy", "host"),
            ("origin", "pattern"),
            ("origingroup", "name"),
            ("policy", "name"),
        ):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT id FROM cors_policies_{table}")  # noqa: S608
                keys = [key for (key,) in cursor.fetchall()]
                update = f"UPDATE cors_policies_{table} SET {column} = %s WHERE id = %s"  # noqa: S608
                cursor.executemany(update, [(f"{HOSTILE}{key}", key) for key in keys])

        for query in ("", f"?q={HOSTILE}", f"?host={HOSTILE}", f"?prefix=/{HOSTILE}", f"?path={HOSTILE}"):
            html = opened(admin_client, query)
            assert "<script>" not in html
            assert "<img src=x" not in html
        assert opened(admin_client).count("&lt;script&gt;") > 3

    def test_long_texts_are_cut(self, admin_client: Client) -> None:
        store(policy("app", "/" + "x" * 499))

        assert "x" * 200 not in opened(admin_client)


@pytest.mark.slow
class TestSize:
    """However large the set is, a page is bounded, its queries are few, and every policy can be reached."""

    @pytest.mark.parametrize(
        "place",
        [
            pytest.param(lambda number: {"path": f"/p/{number}/**"}, id="one-prefix"),
            pytest.param(lambda number: {"path": f"/a{number % 7}/b{number % 5}/{number}"}, id="nested"),
            pytest.param(lambda number: {"path": f"/*/{number}"}, id="no-prefix"),
            pytest.param(lambda _: {"path": "/same"}, id="one-path-group"),
            pytest.param(lambda number: {"path": "/x", "host": f"h{number}.example.com"}, id="hosts"),
        ],
    )
    def test_links_lead_to_every_policy(self, admin_client: Client, place: Any) -> None:
        names = {f"p{number}" for number in range(LINES * 2)}
        store(*(policy(name, **place(int(name[1:]))) for name in names), policy("z", "/z"), policy("y", "/y"))
        found: set[str] = set()
        waiting, asked = [""], set()

        while waiting:
            query = waiting.pop()
            asked.add(query)
            html = opened(admin_client, query)
            shown = names_of(html)
            assert len(shown) <= LINES
            found.update(shown)
            further = [
                *links(html, "and [0-9]+ more"),
                *links(html, "polic(?:y|ies) below"),
                *links(html, "After"),
            ]
            waiting += [link for link in further if link not in asked and "#" not in link]

        assert found == names | {"y", "z"}

    def test_queries_do_not_grow(self, admin_client: Client) -> None:
        counts = []
        for total in (3, 300):
            store(
                *(
                    policy(
                        f"p{number}", f"/p/{number}", origin_groups=[f"g{number % 50}"], allowed_origins=["*"]
                    )
                    for number in range(total)
                ),
                **{f"g{number}": ["https://*.example", "*"] for number in range(50)},
            )
            opened(admin_client)
            with CaptureQueriesContext(connection) as queries:
                opened(admin_client, "?prefix=/p")
            counts.append(len(queries))

        assert counts[0] == counts[1] <= MAX_QUERIES

    def test_unkind_texts_stay_below_a_megabyte(self, admin_client: Client) -> None:
        store(
            *(
                policy(
                    f"p{number}",
                    f"/{number}-" + '"\N{GRINNING FACE}' * 150,
                    allowed_origins=["*", *origins(number)],
                )
                for number in range(LINES)
            ),
            *(
                policy(f"q{number}-{twin}", "/" + "\N{GRINNING FACE}" * 400 + f"{number}/{twin}")
                for number in range(LINES)
                for twin in (1, 2)
            ),
        )

        response = admin_client.get(ADDRESS)

        assert len(response.content) < MAX_BYTES

    def test_many_views_are_paged_and_counted(self, admin_client: Client) -> None:
        routes = [f"x/{number}/" for number in range(MAX_LISTED + 30)]
        beside = [f"api/{number}/" for number in range(MAX_BESIDE + 3)]
        store(policy())

        with override_settings(ROOT_URLCONF=Project(*(path(route, view) for route in (*routes, *beside)))):
            first, second = opened(admin_client, "?prefix=/x"), opened(admin_client, "?prefix=/x&views=2")
            whole = opened(admin_client)
            (more,) = links(whole, "and 3 more")
            alone = opened(admin_client, more)

        assert len(ungoverned(first)) == MAX_LISTED
        assert ungoverned(first) + ungoverned(second) == [f"/{route}" for route in routes]
        assert parse_qs(more.removeprefix("?"), keep_blank_values=True) == {"host": [""], "path": ["/api/**"]}
        assert [route for route in beside if f"<code>/{route}</code>" not in alone] == []


def origins(number: int) -> list[str]:
    """Some origins with something to say about each."""
    return [f"https://*.a{number}-{place}.github.io" for place in range(5)]
