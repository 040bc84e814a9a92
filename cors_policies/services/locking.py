"""What do all writes have in common: one transaction, one writer at a time, all problems or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import models, transaction

from cors_policies.conf import get_settings
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError, Problem
from cors_policies.core.reading import is_storable
from cors_policies.core.texts import say
from cors_policies.models.versions import changing, lock_policy_set, read_revision_number
from cors_policies.services.recording import recording


def touch() -> None:
    """Moves the version, as any change does, so that every process loads the set anew."""
    with changing(get_settings().DATABASE_ALIAS):
        pass


@contextmanager
def writing() -> Iterator[str]:
    """A transaction that holds off other writers of the policy set; gives the alias of its database.

    What it has changed at its end is a revision, or part of the one that the outermost such block makes.
    Whoever reads inside of it before writing (to compare with ``If-Match``, say) reads what stays true.
    """
    using = get_settings().DATABASE_ALIAS
    with transaction.atomic(using=using), recording(using):
        lock_policy_set(using)
        yield using


@dataclass(slots=True)
class Numbered:
    """The number of the last revision: before a write, and after it once that has ended."""

    number: int


@contextmanager
def numbered() -> Iterator[Numbered]:
    """As :func:`writing`, for who needs to know the revision that it has made."""
    using = get_settings().DATABASE_ALIAS
    with transaction.atomic(using=using):
        with writing():
            found = Numbered(read_revision_number(using))
            yield found
        found.number = read_revision_number(using)


def raise_for(problems: Iterable[Problem]) -> None:
    """Raises :class:`InvalidPolicyError` where there is any problem."""
    found = tuple(problems)
    if found:
        raise InvalidPolicyError(found)


def laid_over(stored: Document, document: object, *, partial: bool) -> object:
    """The whole document that an update means.

    Keys that are left out take their default; with ``partial`` they stay. A ``name`` that is left out stays
    in either case. What is no JSON object stays as it is, for the check to refuse.
    """
    if not isinstance(document, Mapping):
        return document
    kept = stored if partial else {"name": stored["name"]}
    return {**kept, **document}


def name_problems(row: models.Model, document: object, using: str, key: str = "name") -> Iterator[Problem]:
    """Whether another row has the name already. What can be no name is not looked for."""
    name = document.get(key) if isinstance(document, Mapping) else None
    if not isinstance(name, str) or not is_storable(name):
        return
    others = type(row)._default_manager.using(using).exclude(pk=row.pk)
    if others.filter(**{key: name}).exists():
        yield Problem(
            "duplicate-name",
            key,
            None,
            name,
            say('"{name}" is taken. Write another {key}, or change that one.', name=name, key=key),
        )
