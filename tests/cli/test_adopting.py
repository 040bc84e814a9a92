"""Does adopt-corsheaders print the document alone, store it when told, and store nothing that is refused?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from corsheaders.signals import check_request_enabled
from django.core.checks import Error, register, registry
from django.core.management import call_command
from pytest_django import Settings

from cors_policies import documents, services
from cors_policies.conf import CHECK_TAG, foreign_settings
from cors_policies.core.adoption.adopting import adopt
from cors_policies.management.commands.cors_policies import Command
from cors_policies.models import Policy
from tests.cli.conftest import Shell
from tests.helpers import policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver() -> Iterator[None]:
    """The project decides by code, too."""

    def decide(**_kwargs: Any) -> bool:
        return True

    check_request_enabled.connect(decide)
    yield
    check_request_enabled.disconnect(decide)


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]


class TestPrinted:
    """The document goes to standard output alone, the lines to standard error."""

    def test_document_without_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("cors_policies", "adopt-corsheaders")

        output, errors = capsys.readouterr()
        assert (json.loads(output), errors) == (adopt(foreign_settings()).document, "")
        assert not Policy.objects.exists()

    def test_a_line_for_each_setting(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        settings.CORS_URLS_REGEX = "^/api/"
        settings.CORS_MODEL = "app.\x1b[2JModel"
        settings.CORS_TYPO = True

        call_command("cors_policies", "adopt-corsheaders")

        output, errors = capsys.readouterr()
        assert json.loads(output)["policies"][0]["path"] == "/api/**"
        assert [line.split(": ")[0] for line in errors.splitlines()] == [
            "CORS_MODEL",
            "CORS_TYPO",
            "CORS_URLS_REGEX",
        ]

    def test_text_of_a_setting_is_not_obeyed(
        self, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["\x1b[2J\n"]

        call_command("cors_policies", "adopt-corsheaders")

        assert capsys.readouterr().err.removesuffix("\n").isprintable()

    @pytest.mark.usefixtures("receiver")
    def test_signal_with_receivers_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("cors_policies", "adopt-corsheaders")

        assert capsys.readouterr().err.startswith("check_request_enabled: has receivers")

    @pytest.mark.usefixtures("receiver")
    def test_django_cors_headers_need_not_be_installed(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "corsheaders.signals", None)

        call_command("cors_policies", "adopt-corsheaders")

        assert capsys.readouterr().err == ""

    def test_checks_that_complain_of_the_settings_do_not_end_it(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def complain(**_kwargs: Any) -> list[Error]:
            return [Error("CORS_ALLOWED_ORIGINS is wrong.", id="corsheaders.E006")]

        register(complain, CHECK_TAG)
        try:
            Command().run_from_argv(["manage.py", "cors_policies", "adopt-corsheaders"])
        finally:
            registry.registry.registered_checks.discard(complain)

        assert capsys.readouterr().err == ""


class TestWrite:
    """--write stores the policies by name, and prints the same."""

    def test_stores_and_prints_the_same(self, shell: Shell) -> None:
        services.create_policy(policy("other", "/other"))

        printed = shell.run("adopt-corsheaders")
        stored = shell.run("adopt-corsheaders", "--write")

        assert printed == stored
        found = documents.policy_set_document("default")["policies"]
        assert [document["name"] for document in found] == ["corsheaders", "other"]
        assert found[0] == json.loads(printed)["policies"][0]

    def test_again_updates(self, shell: Shell, settings: Settings) -> None:
        shell.run("adopt-corsheaders", "--write")
        settings.CORS_ALLOWED_ORIGINS = ["https://new.example"]

        shell.run("adopt-corsheaders", "--write")

        (found,) = documents.policy_set_document("default")["policies"]
        assert found["allowed_origins"] == ["https://new.example"]

    def test_once_the_settings_are_gone_is_refused(self, shell: Shell, settings: Settings) -> None:
        shell.run("adopt-corsheaders", "--write")
        del settings.CORS_ALLOWED_ORIGINS

        status, text = shell.refusal("adopt-corsheaders", "--write")

        assert (status, text.partition(":")[0]) == (1, "Nothing was stored")
        assert "no setting of django-cors-headers is there any more" in text

    @pytest.mark.parametrize("options", [[], ["--write"]])
    def test_refused_stores_nothing(self, shell: Shell, settings: Settings, options: list[str]) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = settings.CORS_ALLOW_CREDENTIALS = True

        status, text = shell.refusal("adopt-corsheaders", *options)

        head, *lines = text.splitlines()
        assert (status, head) == (1, "Nothing was adopted.")
        assert [line.split(": ")[0] for line in lines] == ["CORS_ALLOW_ALL_ORIGINS", "CORS_ALLOWED_ORIGINS"]


class TestForeignSettings:
    """The settings of the project whose names begin with CORS_ are read, but our own."""

    def test_are_those_that_are_set(self, settings: Settings) -> None:
        settings.CORS_POLICIES = {}
        settings.CORS_TYPO = 1

        assert foreign_settings() == {"CORS_ALLOWED_ORIGINS": ["https://app.example"], "CORS_TYPO": 1}
