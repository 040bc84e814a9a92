"""Does ``status`` say what is in force, also when something is wrong? Does ``touch`` make all load anew?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.db import OperationalError
from pytest_django import Settings

from cors_policies import documents, services
from cors_policies.models.versions import read_token
from cors_policies.store import store
from tests.cli.conftest import Shell
from tests.db.caches import FaultyCache
from tests.helpers import policy
from tests.test_documents import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """Each test is a process of its own, which has loaded nothing."""
    store.start_anew()
    FaultyCache.mend()
    yield
    store.start_anew()
    FaultyCache.mend()


@pytest.fixture
def shared(settings: Settings) -> None:
    settings.CACHES = {"shared": {"BACKEND": "tests.db.caches.FaultyCache", "LOCATION": "status"}}
    settings.CORS_POLICIES = {"CACHE_ALIAS": "shared"}
    caches["shared"].clear()


def _lines(text: str) -> dict[str, str]:
    return dict(re.split(r": +", line, maxsplit=1) for line in text.splitlines())


class TestStatus:
    """Versions in database, cache and process, load time, sizes, last error."""

    def test_of_a_set(self, shell: Shell) -> None:
        services.create_group({"name": "partners", "origins": ["https://a.example", "https://b.example"]})
        services.create_policy(policy(origin_groups=["partners"]))
        services.create_policy(policy("switched-off", "/off", mode="off"))
        token = read_token("default")

        lines = _lines(shell.run("status"))

        seconds = lines["process"].rpartition(" loaded in ")[2]
        assert re.fullmatch(r"\d+ ms", seconds)
        assert lines == {
            "database": f"default: version {token}; 2 policies, 1 origin group, 3 origins",
            "cache": "not used, since CACHE_ALIAS is not set",
            "process": f"version {token}; 1 live policy, loaded in {seconds}",
            "last error": "none",
        }

    def test_page_shows_such_lines(self, shell: Shell) -> None:
        services.apply_document({"policies": [policy("app"), policy("feed", "/feed")], "origin_groups": [
            {"name": "partners", "origins": [f"https://{name}.example" for name in "abc"]}]})  # fmt: skip
        page = (ROOT / "docs" / "commands.md").read_text("utf-8")
        shown = page.partition("cors_policies status\n")[2].partition("```")[0]

        assert _varying(shell.run("status")) == _varying(shown)

    def test_before_anything_was_stored(self, shell: Shell) -> None:
        lines = _lines(shell.run("status"))

        assert "no version, since nothing was ever stored; 0 policies" in lines["database"]
        assert lines["process"].startswith("no version, since nothing was ever stored; 0 live policies")

    def test_of_a_shared_cache(self, shell: Shell, shared: None) -> None:
        services.create_policy(policy())

        lines = _lines(shell.run("status"))

        assert lines["cache"] == f"shared: version {read_token('default')}; the set is there"

    def test_of_a_cache_without_a_version(
        self, shell: Shell, shared: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services.create_policy(policy())
        shell.run("status")
        caches["shared"].clear()

        assert _lines(shell.run("status"))["cache"].startswith("shared: no version at the moment")

    def test_of_a_cache_that_is_away(self, shell: Shell, shared: None) -> None:
        FaultyCache.error = ConnectionError("refused")

        assert _lines(shell.run("status"))["cache"] == "shared: cannot be read: ConnectionError: refused"

    def test_of_a_database_that_is_away(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_using: str) -> str:
            raise OperationalError("could not connect\nto the server")

        monkeypatch.setattr("cors_policies.store.connection.read_documents", fail)

        status, text = shell.denial("status")

        assert status == 1
        assert _lines(text) == {
            "database": "default: cannot be read",
            "cache": "not used, since CACHE_ALIAS is not set",
            "process": "nothing could be loaded, no path is governed",
            "last error": "OperationalError: could not connect to the server",
        }

    def test_of_another_version_in_the_database(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        services.create_policy(policy())
        shell.run("status")
        monkeypatch.setattr("cors_policies.cli.status.read_token", lambda _: "another")

        status, text = shell.denial("status")

        assert (status, "version another" in text) == (1, True)


class TestTouch:
    """What raw SQL has changed is obeyed after ``touch``."""

    def test_moves_the_version_and_nothing_else(self, shell: Shell) -> None:
        services.create_policy(policy())
        before, document = read_token("default"), documents.policy_set_document("default")

        text = shell.run("touch")

        assert text == "Every process looks within 1 s, and loads the policy set anew.\n"
        assert read_token("default") != before
        assert documents.policy_set_document("default") == document

    def test_that_fails_is_refused(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail() -> None:
            raise OperationalError("read-only")

        monkeypatch.setattr(services, "touch", fail)

        status, text = shell.refusal("touch")

        assert (status, text.startswith("The database cannot be used: read-only.")) == (1, True)


def _varying(text: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "TOKEN", re.sub(r"\d+ ms", "N ms", text))
