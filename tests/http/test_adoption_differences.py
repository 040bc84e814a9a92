"""Does a site answer after adopt-corsheaders as it did before, but for what docs/migrating.md says?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from corsheaders.middleware import CorsMiddleware
from django.core.management import call_command
from pytest_django import Settings

from cors_policies.middleware import CorsPolicyMiddleware
from tests.http.adoption import INTENDED, NARROWER, ORIGINS, PATHS, SITES, WIDER, Pair, ask, reads, requests

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parents[2] / "docs" / "migrating.md"


def adopted(site: str, settings: Settings) -> None:
    """Sets the site up for both middlewares."""
    for name, value in SITES[site].items():
        setattr(settings, name, value)
    call_command("cors_policies", "adopt-corsheaders", "--write")


def slugs_of(pair: Pair, name: str) -> set[str]:
    """The slugs of what is meant that explain a difference."""
    return {intended.slug for intended in INTENDED if intended.explains(pair, name)}


def pairs(site: str) -> Iterator[Pair]:
    """Every request with the answers of both."""
    for sent in requests():
        yield Pair(site, sent, ask(CorsMiddleware, sent), ask(CorsPolicyMiddleware, sent), SITES[site])


def calls() -> Iterator[dict[str, Any]]:
    """What scripts ask for."""
    origins = [origin for origin in ORIGINS if origin and not re.search("[*,A-Z]|/page", origin)]
    paths = [path for path in PATHS if path != "/api/own-headers"]
    names: tuple[dict[str, str], ...] = ({}, {"x-token": "1"}, {"content-type": "application/json"})
    for origin, path, method, headers, mode in product(
        origins, paths, ("GET", "POST", "PUT"), names, ("omit", "include")
    ):
        yield {"origin": origin, "path": path, "method": method, "headers": headers, "credentials": mode}


@pytest.mark.parametrize("site", SITES)
class TestAnswers:
    """Every difference between the two answers to one request is one that is meant."""

    def test_differ_only_as_meant(self, site: str, settings: Settings) -> None:
        adopted(site, settings)

        unexplained = [
            (name, pair) for pair in pairs(site) for name in pair.differences if not slugs_of(pair, name)
        ]

        assert unexplained == []

    def test_let_a_script_read_no_more_and_no_less_but_as_meant(self, site: str, settings: Settings) -> None:
        adopted(site, settings)

        for call in calls():
            old = reads(lambda sent: ask(CorsMiddleware, sent), call)
            new = reads(lambda sent: ask(CorsPolicyMiddleware, sent), call)
            if old != new:
                assert self._reasons(site, call) & (WIDER if new else NARROWER), (call, old, new)

    @staticmethod
    def _reasons(site: str, call: dict[str, Any]) -> set[str]:
        """The slugs of every difference for that origin and path."""
        return {
            slug
            for sent in requests()
            if (sent.origin, sent.path) == (call["origin"], call["path"])
            for pair in [
                Pair(site, sent, ask(CorsMiddleware, sent), ask(CorsPolicyMiddleware, sent), SITES[site])
            ]
            for name in pair.differences
            for slug in slugs_of(pair, name)
        }


class TestPage:
    """docs/migrating.md lists what is meant: all of it, and nothing that is never seen."""

    def test_has_every_slug(self) -> None:
        section = PAGE.read_text("utf-8").split("## What is answered otherwise\n")[1].split("\n## ")[0]

        listed = re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)

        assert sorted(listed) == sorted({intended.slug for intended in INTENDED})

    def test_has_none_that_is_never_seen(self, settings: Settings) -> None:
        seen = set()
        for site in SITES:
            for name in SITES[site]:
                setattr(settings, name, SITES[site][name])
            adopted(site, settings)
            seen |= {
                tuple(slugs)
                for pair in pairs(site)
                for name in pair.differences
                if len(slugs := slugs_of(pair, name)) == 1
            }
            for name in SITES[site]:
                delattr(settings, name)

        assert {slug for (slug,) in seen} == {intended.slug for intended in INTENDED}
