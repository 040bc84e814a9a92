"""How does a sentence stay translatable, where nothing may know which language is spoken?

A *text* is the finished English sentence, and remembers what it was made of: the template, which is looked up
in a catalogue, and the values that stand in it. What shows it to somebody translates it
(:mod:`cors_policies.translating`); logs, files and tests take it as the string that it is.

Before you edit:

* ``say()`` and ``say_count()`` take literals only: ``python -m project.messages`` finds them in the source.
* A template without values is taken as it stands; with values, ``{`` and ``}`` of its own are doubled.
* What is concatenated or formatted is a plain string again, and stays English. Make one text of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Text(str):
    """A sentence in English. ``plural`` and ``number`` are for :func:`say_count`, ``""`` and 0 otherwise."""

    __slots__ = ("number", "plural", "template", "values")

    template: str
    values: Mapping[str, str]
    plural: str
    number: int

    def __str__(self) -> str:
        """Itself: ``str()`` of an error keeps what its message was made of."""
        return self


def say(template: str, /, **values: object) -> Text:
    """The text of the template, with the values where it names them in braces; texts among them are kept."""
    return _text(template, values)


def say_count(one: str, several: str, count: int, /, **values: object) -> Text:
    """The text of one of two templates, by the ``{count}``."""
    text = _text(one if count == 1 else several, {"count": count, **values})
    text.template, text.plural, text.number = one, several, count
    return text


def say_list(entries: Sequence[object]) -> Text:
    """``a``, ``a and b``, ``a, b and c``, of one entry at least."""
    if len(entries) == 1:
        return say("{entry}", entry=entries[0])
    entry, last = say_series(entries[:-1]), entries[-1]
    return say("{entries} and {last}", entries=entry, last=last)


def say_series(entries: Sequence[object], separator: str = ", ") -> Text:
    """``a, b, c``, for entries of which some are texts themselves."""
    names = [f"entry_{place}" for place in range(len(entries))]
    template = separator.join(f"{{{name}}}" for name in names)
    return _text(template, dict(zip(names, entries, strict=True)))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with the values in it."""
    return template.format_map(values) if values else template


def encodable(text: str) -> str:
    """The same, but that halves of characters are written as escapes."""
    encoded = text.encode("utf-8", "backslashreplace").decode()
    if encoded == text or not isinstance(text, Text):
        return text if encoded == text else encoded
    found = _text(text.template, {name: encodable(value) for name, value in text.values.items()})
    found.plural, found.number = text.plural, text.number
    return found


def _text(template: str, values: Mapping[str, object]) -> Text:
    shown = {name: value if isinstance(value, Text) else str(value) for name, value in values.items()}
    text = Text(fill(template, shown))
    text.template, text.values, text.plural, text.number = template, shown, "", 0
    return text
