"""Which sentences are there to translate, and which of them has no translation yet?

``python -m project.messages`` renews the catalogues, compiles them and lists what is missing; its exit status
is 1 where something is (docs/translating.md).

Before you edit: sentences are found by reading the sources, never by running them. What is handed to one of
``KEYWORDS`` has to be a literal.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template import Template
from django.template.engine import Engine
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "cors_policies"
LANGUAGES: Final = ("zh_Hans",)
ONE: Final = frozenset(
    {"_", "gettext", "gettext_lazy", "gettext_noop", "pgettext_lazy", "say", "told", "told_later"}
)
SEVERAL: Final = frozenset({"ngettext", "ngettext_lazy", "say_count", "told_count"})
KEYWORDS: Final = ONE | SEVERAL

_NEVER: Final = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""In the head, so that the same sentences are the same bytes."""
_BRACED: Final = re.compile(r"(?<!\{)\{([a-z_0-9]+)\}(?!\})")
_PERCENT: Final = re.compile(r"%(?:\(([a-z_0-9]+)\))?[sd]")


class Sentence(NamedTuple):
    """What is looked up in a catalogue: a text, and its plural or ``""``."""

    text: str
    plural: str = ""


def find_sentences(package: Path = PACKAGE) -> dict[Sentence, set[str]]:
    """Every sentence of the sources, with the files that hold it."""
    found: dict[Sentence, set[str]] = {}
    for path in sorted(package.rglob("*.py")):
        for sentence in _of_module(ast.parse(path.read_text())):
            found.setdefault(sentence, set()).add(path.relative_to(package.parent).as_posix())
    for path in sorted(package.rglob("templates/**/*.html")):
        for sentence in _of_template(path.read_text()):
            found.setdefault(sentence, set()).add(path.relative_to(package.parent).as_posix())
    return found


def called_name(call: ast.Call) -> str:
    """The name of what is called, without what it is an attribute of."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _of_module(module: ast.Module) -> Iterator[Sentence]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and called_name(node) in KEYWORDS:
            count = 1 + (called_name(node) in SEVERAL)
            texts = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant)]
            if len(texts) == count and all(isinstance(text, str) for text in texts):
                yield Sentence(*map(str, texts))


def _of_template(source: str) -> Iterator[Sentence]:
    nodes = Template(source, engine=Engine.get_default()).nodelist
    for node in nodes.get_nodes_by_type(TranslateNode):
        literal = getattr(node, "filter_expression").var.literal  # noqa: B009 - the stubs do not know it
        if isinstance(literal, str):
            yield Sentence(literal.replace("%%", "%"))
    for found in nodes.get_nodes_by_type(BlockTranslateNode):
        block: Any = found
        singular, _names = block.render_token_list(block.singular)
        plural, _names = block.render_token_list(block.plural) if block.plural else ("", [])
        trim = _trimmed if block.trimmed else str
        yield Sentence(trim(singular), trim(plural))


def _trimmed(text: str) -> str:
    return " ".join(line.strip() for line in text.strip().splitlines())


def catalogue_path(language: str) -> Path:
    """The catalogue of a language, as people edit it; compiled it stands beside it, as ``.mo``."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str) -> Catalog:
    """The catalogue as it stands; an empty one where there is none."""
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def placeholders(text: str) -> list[str]:
    """The names that values stand for, in a fixed order."""
    return sorted(_BRACED.findall(text) + _PERCENT.findall(text))


def compiled(catalogue: Catalog) -> bytes:
    """What Django reads."""
    stream = BytesIO()
    catalogue.creation_date = catalogue.revision_date = _NEVER
    write_mo(stream, catalogue)
    return stream.getvalue()


def missing(catalogue: Catalog, sentences: Iterable[Sentence]) -> list[str]:
    """What has no translation, one that is only guessed, or one that lacks a value."""
    return [sentence.text for sentence in sentences if _is_missing(catalogue.get(sentence.text), sentence)]


def _is_missing(message: Message | None, sentence: Sentence) -> bool:
    if message is None or message.fuzzy:
        return True
    string = message.string or ""
    translations = [string] if isinstance(string, str) else [*string]
    wanted = placeholders(sentence.plural or sentence.text)
    return any(not text or placeholders(text) != wanted for text in translations)


def renewed(language: str, sentences: dict[Sentence, set[str]]) -> Catalog:
    """The catalogue with every sentence of the sources, and no other."""
    old, new = read_catalogue(language), Catalog(locale=language, header_comment=_HEAD, fuzzy=False)
    for sentence in sorted(sentences):
        known = old.get(sentence.text)
        string = known.string if known is not None and not known.fuzzy else ""
        texts = [string] if isinstance(string, str) else [*(string or ("",))]
        identity = (sentence.text, sentence.plural) if sentence.plural else sentence.text
        places = [(name, 1) for name in sorted(sentences[sentence])]
        new.add(identity, tuple(texts) if sentence.plural else texts[0], locations=places)
    return new


def as_text(catalogue: Catalog) -> bytes:
    """The catalogue as people edit it. No dates and no lines: they would differ in every branch."""
    stream = BytesIO()
    write_po(stream, catalogue, width=110, include_lineno=False, omit_header=True)
    return _HEAD.encode() + _FIELDS.encode() + stream.getvalue()


def main() -> int:
    """Renews and compiles every catalogue; what is missing is listed."""
    sentences, lacks = find_sentences(), 0
    for language in LANGUAGES:
        catalogue, path = renewed(language, sentences), catalogue_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_text(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(read_catalogue(language)))
        for text in missing(catalogue, sentences):
            lacks += 1
            sys.stdout.write(f"{language}: {text!r}\n")
        sys.stdout.write(f"{language}: {len(sentences)} sentences\n")
    return int(lacks > 0)


_HEAD: Final = (
    "# Simplified Chinese texts of django-cors-policies. docs/translating.md has the words to use.\n"
)
_FIELDS: Final = (
    'msgid ""\nmsgstr ""\n"Project-Id-Version: django-cors-policies\\n"\n"Language: zh_Hans\\n"\n'
    '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    sys.exit(main())
