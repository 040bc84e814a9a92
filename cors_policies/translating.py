"""How does a text of the core get into the language of the person who reads it?

Before you edit:

* Only where something is shown: forms, pages, answers to requests, a terminal. What is stored, logged or read
  by programs (``--json``, codes, files) stays as it is.
* A translation that does not fit its values must not cost an answer: the English sentence is there.
"""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext

from cors_policies.core.texts import Text, fill, say, say_count


def translated(text: str) -> str:
    """The text in the language that is active; a plain string as it is."""
    if not isinstance(text, Text):
        return text
    values = {name: translated(value) for name, value in text.values.items()}
    try:
        return fill(_template(text), values)
    except (KeyError, IndexError, ValueError):
        return fill(text.plural if text.plural and text.number != 1 else text.template, values)


def _template(text: Text) -> str:
    if text.plural:
        return ngettext(text.template, text.plural, text.number)
    # The catalogue's own head is what stands beside an empty text.
    return gettext(text.template) if text.template else ""


def told(template: str, /, **values: object) -> str:
    """The template with its values in the language that is active: for what is shown at once."""
    return translated(say(template, **values))


def told_count(one: str, several: str, count: int, /, **values: object) -> str:
    """The same for one of two templates, by the ``{count}``."""
    return translated(say_count(one, several, count, **values))


told_later = lazy(told, str)
"""The same, in the language that is active when it is shown: for what is written outside of functions."""
