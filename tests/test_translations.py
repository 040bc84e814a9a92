"""Is everything that people read translated, and does a page in Chinese hold no English?

Before you edit: ``python -m project.messages`` lists what is missing and renews the catalogue.
"""

from __future__ import annotations

import ast
import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.core.management import CommandError, call_command
from django.template.base import Lexer, TokenType
from django.test import Client
from django.utils.translation import override
from pytest_django import Settings

from cors_policies import services
from cors_policies.core.texts import Text, encodable, say, say_count, say_list
from cors_policies.core.validation import check_policy
from cors_policies.translating import told_later, translated
from project import messages
from tests.admin.pages import ROOT, text
from tests.helpers import policy

CHINESE: Final = "zh-hans"
SENTENCES: Final = messages.find_sentences()
# The help texts of serializers are the OpenAPI description, which is English.
MODULES: Final = sorted(
    path
    for path in messages.PACKAGE.rglob("*.py")
    if "migrations" not in path.parts and path.name != "serializers.py"
)
TEMPLATES: Final = sorted(messages.PACKAGE.rglob("templates/**/*.html"))
# What makes a sentence of its argument, or hands it to people.
SPEAKING: Final = frozenset(
    {"PatternError", "BadParameter", "RefusedError", "CommandError", "ParseError", "NotFound"}
)
_TAGS: Final = re.compile(
    r"<!--.*?-->|<nav [^>]*nav-sidebar.*?</nav>|<(script|style|code|pre|time|option)\b.*?</\1>|<[^>]*>",
    re.DOTALL,
)
_ENGLISH: Final = re.compile(r"(?<![\w./:@*-])[A-Za-z]?[a-z]{2,}(?![\w./:@*-])")
# Names of things, which are written alike in every language.
_COMMANDS: Final = frozenset({"application", "body", "Content", "curl", "json", "OPTIONS", "schema", "Type"})
_NAMES: Final = frozenset(
    {
        "Cookie",
        "Django",
        "Expires",
        "Origin",
        "Pragma",
        "admin",
        "app",
        "auth",
        "https",
        "id",
        "name",
        "number",
        "url",
    }
)


def literals(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that are English text, and no lookup of one."""
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        texts = (part.value for part in parts if isinstance(part, ast.Constant))
        if any(isinstance(text, str) and re.search("[A-Za-z] ", text) for text in texts):
            yield argument


def unlooked(path: Path) -> list[str]:
    """Where a module speaks without a catalogue."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and messages.called_name(node) in SPEAKING:
            found += [f"{path.name}:{node.lineno}" for _argument in literals(node)]
        if isinstance(node, ast.Call) and messages.called_name(node) in messages.KEYWORDS:
            is_literal = node.args and isinstance(node.args[0], ast.Constant)
            found += [] if is_literal or _forwards(path) else [f"{path.name}:{node.lineno}"]
        if isinstance(node, ast.keyword) and node.arg in {"help", "help_text", "verbose_name", "message"}:
            found += [
                f"{path.name}:{node.value.lineno}"
                for _argument in literals(ast.Call(node.value, [node.value], []))
            ]
    return found


def _forwards(path: Path) -> bool:
    return path.name in {"texts.py", "translating.py"}


def english_in(page: str) -> list[str]:
    """English words, outside of markup and code."""
    shown = html.unescape(_TAGS.sub("\n", page))
    return [found for found in _ENGLISH.findall(shown) if found not in _NAMES]


def spoken_text(template: str) -> str:
    """What of a template is text outside of tags that translate it."""
    kept, inside = [], False
    for token in Lexer(template).tokenize():
        if token.token_type == TokenType.BLOCK:
            word = token.contents.split()[0]
            silent = word in {"blocktranslate", "plural"} or token.contents == "block bodyclass"
            inside = silent or (inside and word not in {"endblocktranslate", "endblock"})
        elif token.token_type == TokenType.TEXT and not inside:
            kept.append(token.contents)
    return "".join(kept)


class TestTexts:
    """A text is the English sentence, and remembers what it is made of."""

    def test_is_its_english_sentence_everywhere(self) -> None:
        found = say("{name} is {fault}.", name="a", fault=say("wrong"))

        assert (found, json.dumps(found), f"{found}") == ("a is wrong.", '"a is wrong."', "a is wrong.")
        assert isinstance(str(ValueError(found)), Text)

    def test_of_a_count_is_one_of_two(self) -> None:
        assert [say_count("{count} way", "{count} ways", count) for count in (1, 2)] == ["1 way", "2 ways"]

    def test_of_a_list_has_an_and(self) -> None:
        assert [say_list(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == [
            "a",
            "a and b",
            "a, b and c",
        ]

    @pytest.mark.parametrize("count", [1, 2])
    def test_without_halves_of_characters_is_still_translated(self, count: int) -> None:
        broken = say_count(
            "fetch() drops {names}: no script can set it.",
            "fetch() drops {names}: no script can set them.",
            count,
            names="\ud800",
        )

        with override(CHINESE):
            assert translated(encodable(broken)) == r"fetch() 会丢弃 \ud800：没有脚本能设置它。"

    def test_that_nobody_translated_stays_english(self) -> None:
        with override(CHINESE):
            assert (translated("plain"), translated(say("")), translated(say("Not {a}.", a=1))) == (
                "plain",
                "",
                "Not 1.",
            )

    def test_with_another_placeholder_stays_english(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cors_policies.translating.gettext", lambda _: "{wrong}")
        monkeypatch.setattr("cors_policies.translating.ngettext", lambda *_: "{wrong}")

        assert translated(say("It is {a}.", a=1)) == "It is 1."
        assert [translated(say_count("{count} way", "{count} ways", count)) for count in (1, 2)] == [
            "1 way",
            "2 ways",
        ]

    def test_may_wait_for_its_language(self) -> None:
        later = told_later("Write true or false.")

        with override(CHINESE):
            assert str(later) == "请填写 true 或 false。"
        assert str(later) == "Write true or false."


class TestSources:
    """Every sentence for people goes through a catalogue."""

    @pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(messages.PACKAGE).as_posix())
    def test_speak_by_a_catalogue(self, path: Path) -> None:
        assert unlooked(path) == []

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_templates_hold_no_text_of_their_own(self, path: Path) -> None:
        shown = html.unescape(_TAGS.sub(" ", spoken_text(path.read_text(encoding="utf-8"))))

        assert {*re.findall(r"[A-Za-z]{3,}", shown)} <= _COMMANDS

    @pytest.mark.parametrize(
        "source",
        [
            pytest.param('PatternError("a", "No good.")', id="literal"),
            pytest.param('PatternError("a", f"No {x}.")', id="f-string"),
            pytest.param("say(template)", id="no-literal"),
            pytest.param('f(help="No good.")', id="help"),
        ],
    )
    def test_that_do_not_are_found(self, tmp_path: Path, source: str) -> None:
        path = tmp_path / "module.py"
        path.write_text(source, encoding="utf-8")

        assert unlooked(path) == ["module.py:1"]


class TestCatalogues:
    """A catalogue holds every sentence of the sources, translated, with the same values, and is compiled."""

    @pytest.mark.parametrize("language", messages.LANGUAGES)
    def test_lack_nothing(self, language: str) -> None:
        catalogue = messages.read_catalogue(language)

        assert messages.missing(catalogue, SENTENCES) == []
        assert {message.id for message in catalogue if message.id} == {
            (sentence.text, sentence.plural) if sentence.plural else sentence.text for sentence in SENTENCES
        }

    @pytest.mark.parametrize("language", messages.LANGUAGES)
    def test_are_renewed_and_compiled(self, language: str) -> None:
        path = messages.catalogue_path(language)

        assert messages.as_text(messages.renewed(language, SENTENCES)) == path.read_bytes()
        assert messages.compiled(messages.read_catalogue(language)) == path.with_suffix(".mo").read_bytes()

    @pytest.mark.parametrize(
        ("string", "flags"),
        [
            pytest.param("", [], id="empty"),
            pytest.param("没有值", [], id="no-value"),
            pytest.param("{names} 和 {other}", [], id="another-value"),
            pytest.param("{name} 好", ["fuzzy"], id="guessed"),
        ],
    )
    def test_lack_what_is_not_translated(self, string: str, flags: list[str]) -> None:
        catalogue = messages.read_catalogue("zh_Hans")
        catalogue.add("{name} is good", string, flags=flags)

        assert messages.missing(catalogue, [messages.Sentence("{name} is good")]) == ["{name} is good"]


@pytest.fixture
def chinese(settings: Settings, admin_client: Client) -> Iterator[Client]:
    """An administrator who reads Chinese, on a site that heeds it."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = CHINESE
    with override("en"):  # what the middleware activates is undone
        yield admin_client


@pytest.mark.django_db
class TestShown:
    """Where the language is Chinese, nobody reads English."""

    @pytest.mark.parametrize(
        "page",
        [
            pytest.param(page, id=page.split("?")[0].strip("/") or "index")
            for page in (
                "policy/",
                "policy/add/",
                "policy/1/change/",
                "origin/add/",
                "origingroup/add/",
                "revision/",
                "policy/try/?path=/api&origin=https://evil.example&method=PUT",
                "policy/map/",
                "policy/blocked/",
                "policy/trial/",
                "policy/1/history/",
            )
        ],
    )
    def test_pages(self, chinese: Client, page: str) -> None:
        row = services.create_policy(policy("app", "/api", allow_credentials=True))

        response = chinese.get(ROOT + page.replace("/1/", f"/{row.pk}/"))

        assert response.status_code == 200
        found = english_in(text(response))
        assert found == [], ", ".join(found)

    def test_errors_of_the_api(self, chinese: Client) -> None:
        answer = chinese.post(
            "/api/cors/policies/", {"name": "a b", "path": "x"}, content_type="application/json"
        )

        found = {error["attr"]: error["detail"] for error in answer.json()["errors"]}
        assert answer.status_code == 400
        assert found["path"] == "路径以斜杠开头。请填写例如 /api/orders 的路径。"
        assert english_in("\n".join(found.values())) == []

    def test_errors_of_the_api_are_english_to_others(self, admin_client: Client) -> None:
        answer = admin_client.post("/api/cors/policies/", {"name": "a"}, content_type="application/json")

        assert answer.json()["errors"][0]["detail"] == "There is no path. Write one."

    def test_explanations(self) -> None:
        services.create_policy(policy("app", "/api", allowed_methods=["GET"]))
        output = io.StringIO()

        with override(CHINESE), pytest.raises(CommandError):
            call_command(
                "cors_policies",
                "explain",
                "/api",
                "--origin",
                "https://app.example",
                "--method",
                "PUT",
                stdout=output,
            )

        assert english_in(re.sub(r"^\w+:.*$|^ .*$", "", output.getvalue(), flags=re.MULTILINE)) == []
        assert "方法 PUT 不被策略“app”允许。" in output.getvalue()

    def test_refused_imports(self, tmp_path: Path) -> None:
        path = tmp_path / "set.json"
        broken = policy("app", "api", allowed_origins=["example.com", "*"], allow_credentials=True)
        path.write_text(json.dumps({"policies": [broken]}), encoding="utf-8")

        with override(CHINESE), pytest.raises(CommandError) as caught:
            call_command("cors_policies", "import", str(path))

        assert english_in(str(caught.value)) == []
        assert "没有保存任何内容。 3 个问题：" in str(caught.value)

    def test_problems_keep_their_codes(self) -> None:
        with override(CHINESE):
            _, problems = check_policy(policy("app", "api"), {})

        assert [str(problem) for problem in problems] == [
            "path: invalid-path: A path starts with a slash. Write it as in /api/orders."
        ]


class TestReadme:
    """The README in Chinese has the same parts as the English one."""

    @pytest.mark.parametrize("part", [r"^#+ ", r"^!\[", r"^- ", r"^[0-9]\. "])
    def test_has_as_many_parts(self, part: str) -> None:
        english, chinese = (readme(name) for name in ("README.md", "README.zh-hans.md"))

        assert len(re.findall(part, english, re.MULTILINE)) == len(re.findall(part, chinese, re.MULTILINE))

    def test_has_the_same_code(self) -> None:
        english, chinese = (readme(name) for name in ("README.md", "README.zh-hans.md"))
        blocks = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

        assert blocks.findall(english) == blocks.findall(chinese)

    def test_links_to_the_other(self) -> None:
        assert "](README.zh-hans.md)" in readme("README.md")
        assert "](README.md)" in readme("README.zh-hans.md")


def readme(name: str) -> str:
    """One of the two."""
    return (messages.ROOT / name).read_text(encoding="utf-8")
