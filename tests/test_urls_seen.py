"""Is an address's example a path that leads to it, and is every address of a project seen?"""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import (
    include,
    path,
    re_path,
    register_converter,
    resolve,
)
from django.utils.translation import gettext_lazy as _

from cors_policies.core.paths import parse_path_pattern
from cors_policies.urls_seen import Address, addresses


def view(_request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """Answers."""
    return HttpResponse()


class CodeConverter:
    """Takes what nobody guesses, and must never be asked for a value."""

    regex = "[A-Z]{3}-[0-9]{4}"

    def to_python(self, value: str) -> str:
        raise AssertionError(value)

    def to_url(self, value: str) -> str:
        return value


class OddConverter(CodeConverter):
    """Takes what no sample is found for."""

    regex = "(?=x)y"


register_converter(CodeConverter, "code")
register_converter(OddConverter, "odd")


class Module(ModuleType):
    """A URLconf."""

    def __init__(self, *patterns: Any) -> None:
        super().__init__("urls_of_a_test")
        self.urlpatterns = list(patterns)


def seen(*patterns: Any, **limits: int) -> list[Address]:
    """The addresses of a URLconf."""
    with override_settings(ROOT_URLCONF=Module(*patterns)):
        return addresses(**limits)[0]


def only(*patterns: Any) -> Address:
    """The one address of a URLconf."""
    (found,) = seen(*patterns)
    return found


class TestRoutes:
    """A route's example has a value for each converter; its pattern a star."""

    @pytest.mark.parametrize(
        ("route", "example", "pattern"),
        [
            ("", "/", "/"),
            ("api/orders/", "/api/orders/", "/api/orders"),
            ("api/orders/<int:pk>/", "/api/orders/1/", "/api/orders/*"),
            ("<name>", "/example", "/*"),
            ("<str:name>/<slug:slug>", "/example/example", "/*/*"),
            ("v<int:version>/x", "/v1/x", "/v*/x"),
            ("<int:year>-<int:month>", "/1-1", "/*-*"),
            ("<uuid:key>", "/00000000-0000-4000-8000-000000000000", "/*"),
            ("files/<path:name>", "/files/example/path", "/files/**"),
            ("files/a<path:name>", "/files/aexample/path", "/files/a*/**"),
            ("files/<path:name>.pdf", "/files/example/path.pdf", "/files/**/*.pdf"),
            ("<path:one>/<path:two>", "/example/path/example/path", ""),
            ("a//b", "/a//b", ""),
            ("what?", "/what?", ""),
        ],
    )
    def test_gives(self, route: str, example: str, pattern: str) -> None:
        found = only(path(route, view, name="x"))

        assert (found.route, found.example, found.pattern) == (f"/{route}", example, pattern)
        assert (found.view, found.name) == ("tests.test_urls_seen.view", "x")

    def test_example_is_resolved_to_the_view(self) -> None:
        patterns = [
            path("a/<int:b>/<slug:c>/<uuid:d>/<path:e>", view),
            re_path(r"^x/(?P<y>[0-9]{4})/$", view),
        ]

        for address in seen(*patterns):
            with override_settings(ROOT_URLCONF=Module(*patterns)):
                assert resolve(address.example).func is view
            assert parse_path_pattern(address.pattern).matches(address.example)

    def test_converter_of_the_project_is_read_and_never_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "re2", None)  # routes are Python's expressions: no extra is needed
        found = only(path("<code:code>/", view))

        assert re.fullmatch("/[A-Z]{3}-[0-9]{4}/", found.example)
        assert found.pattern == "/*"

    def test_converter_that_takes_nothing_known_gives_no_example(self) -> None:
        found = only(path("x/<odd:odd>/", view))

        assert (found.route, found.example, found.pattern) == ("/x/<odd:odd>/", "", "")

    def test_translated_route_is_read_as_it_is_now(self) -> None:
        assert only(path(_("orders/"), view)).example == "/orders/"


class TestExpressions:
    """An expression's example is one that it matches; where none is found, none is given."""

    @pytest.mark.parametrize(
        ("expression", "example", "pattern"),
        [
            (r"^api/orders/$", "/api/orders/", "/api/orders"),
            (r"^api/(?P<pk>[0-9]+)/$", "/api/1/", "/api/*"),
            (r"^api/([0-9]+)/([a-z]+)$", "/api/1/example", "/api/*/*"),
            (r"^(?P<year>[0-9]{4})/(?P<slug>[\w-]+)$", "/2030/1", "/*/*"),
            (r"^files/(?P<name>.*)$", "/files/1", "/files/**"),
            (r"^a(?:\.(?P<format>json|xml))?$", "/a", "/a"),
            (r"^\(x\)/(?P<y>[(]z)$", "/(x)/(z", "/(x)/*"),
            (r"prefix", "/prefix", "/prefix"),
        ],
    )
    def test_gives(self, expression: str, example: str, pattern: str) -> None:
        found = only(re_path(expression, view))

        assert (found.example, found.pattern) == (example, pattern)

    @pytest.mark.parametrize(
        "expression", [r"^(?!x)x$", r"^(?P<a>(?=b)c)$", r"^[^a-zA-Z0-9/_.-]{300}x{300}$"]
    )
    def test_has_no_example(self, expression: str) -> None:
        found = only(re_path(expression, view))

        assert (found.example, found.pattern) == ("", "")

    def test_route_is_shown_without_the_signs_for_its_ends(self) -> None:
        assert only(path("a/", include([re_path(r"^b/$", view)]))).route == "/a/b/"


class TestWalking:
    """Includes, namespaces and languages are followed; nothing is walked without end."""

    def test_includes_are_joined_and_namespaces_named(self) -> None:
        inner = ([path("<int:pk>/", view, name="detail"), path("", view)], "orders")

        found = seen(path("api/", include([path("orders/", include(inner, namespace="o"))])), path("x", view))

        assert [(address.route, address.name) for address in found] == [
            ("/api/orders/<int:pk>/", "o:detail"),
            ("/api/orders/", ""),
            ("/x", ""),
        ]

    def test_part_without_an_example_spoils_what_is_below(self) -> None:
        assert only(path("<odd:odd>/", include([path("x", view)]))).example == ""

    @override_settings(LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("de", "German")])
    def test_languages_stand_before_paths(self) -> None:
        found = seen(*i18n_patterns(path("x/", view)))

        assert [(address.route, address.example, address.pattern) for address in found] == [
            ("/<language>/x/", "/en/x/", "/*/x")
        ]

    @override_settings(LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("de", "German")])
    def test_default_language_may_have_no_prefix(self) -> None:
        found = seen(*i18n_patterns(path("x/", view), prefix_default_language=False))

        assert [(address.route, address.example) for address in found] == [
            ("/x/", "/x/"),
            ("/<language>/x/", "/de/x/"),
        ]

    def test_only_so_many_are_walked(self) -> None:
        module = Module(*(path(f"{number}/", view) for number in range(5)))
        with override_settings(ROOT_URLCONF=module):
            assert [len(addresses(5)[0]), addresses(5)[1]] == [5, False]
            assert [len(addresses(4)[0]), addresses(4)[1]] == [4, True]

    def test_urlconf_that_includes_itself_ends(self) -> None:
        module = Module(path("x/", view))
        module.urlpatterns.append(path("again/", include(module)))

        with override_settings(ROOT_URLCONF=module):
            found, is_cut = addresses()

        assert not is_cut
        assert 10 < len(found) < 30

    def test_demo_is_seen_whole(self) -> None:
        found = {address.route: address for address in addresses()[0]}

        assert found["/api/orders/<int:number>/"].example == "/api/orders/1/"
        assert [route for route, address in found.items() if not address.example] == []
