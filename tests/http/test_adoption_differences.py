"""Does a site answer after adopt-corsheaders as it did before, but for what docs/migrating.md says?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from corsheaders.middleware import CorsMiddleware
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from cors_policies.core.adoption.settings import FOREIGN_SETTINGS
from cors_policies.middleware import CorsPolicyMiddleware
from tests.http.adoption import INTENDED, NARROWER, ORIGINS, PATHS, SITES, WIDER, Pair, ask, reads, requests

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parents[2] / "docs" / "migrating.md"


@contextmanager
def adopted(site: str) -> Iterator[None]:
    """The site, set up for both middlewares; its policies are gone afterwards."""
    with override_settings(**SITES[site]), transaction.atomic():
        call_command("cors_policies", "adopt-corsheaders", "--write", stdout=StringIO(), stderr=StringIO())
        yield
        transaction.set_rollback(True)


def slugs_of(pair: Pair, name: str) -> set[str]:
    """The slugs of what is meant that explain a difference."""
    return {intended.slug for intended in INTENDED if intended.explains(pair, name)}


@cache
def pairs(site: str) -> tuple[Pair, ...]:
    """Every request with the answers of both; asked once, since they are the same each time."""
    with adopted(site):
        return tuple(
            Pair(site, sent, ask(CorsMiddleware, sent), ask(CorsPolicyMiddleware, sent), SITES[site])
            for sent in requests()
        )


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

    def test_differ_only_as_meant(self, site: str) -> None:
        unexplained = [
            (name, pair) for pair in pairs(site) for name in pair.differences if not slugs_of(pair, name)
        ]

        assert unexplained == []

    def test_let_a_script_read_no_more_and_no_less_but_as_meant(self, site: str) -> None:
        before = pairs(site)

        with adopted(site):
            for call in calls():
                old = reads(lambda sent: ask(CorsMiddleware, sent), call)
                new = reads(lambda sent: ask(CorsPolicyMiddleware, sent), call)
                if old != new:
                    assert self._slugs(before, call) & (WIDER if new else NARROWER), (call, old, new)

    @staticmethod
    def _slugs(before: Iterable[Pair], call: dict[str, Any]) -> set[str]:
        """What is meant about the answers to that origin on that path."""
        return {
            slug
            for pair in before
            if (pair.sent.origin, pair.sent.path) == (call["origin"], call["path"])
            for name in pair.differences
            for slug in slugs_of(pair, name)
        }


class TestPage:
    """docs/migrating.md lists what is meant: all of it, and nothing that is never seen."""

    def test_has_every_slug(self) -> None:
        section = PAGE.read_text("utf-8").split("## What is answered otherwise\n")[1].split("\n## ")[0]

        listed = re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)

        assert sorted(listed) == sorted({intended.slug for intended in INTENDED})

    def test_has_none_that_is_never_seen(self) -> None:
        """Seen is what alone explains some difference."""
        seen = {
            tuple(slugs_of(pair, name)) for site in SITES for pair in pairs(site) for name in pair.differences
        }

        assert {slugs[0] for slugs in seen if len(slugs) == 1} == {intended.slug for intended in INTENDED}

    def test_has_what_becomes_of_every_setting(self) -> None:
        section = PAGE.read_text("utf-8").split("## What becomes of each setting\n")[1].split("\n## ")[0]

        first_cells = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)

        assert {name for cell in first_cells for name in re.findall(r"`(CORS_\w+[A-Z])`", cell)} == {
            *FOREIGN_SETTINGS
        }
