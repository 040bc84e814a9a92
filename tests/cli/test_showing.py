"""Can a person read at the terminal what changes, and does the terminal obey none of it?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.cli.showing import escaped, printable, problem_lines, report_lines
from cors_policies.core.policy import OriginGroup, Policy
from cors_policies.core.problems import Problem
from cors_policies.services import Change, Report

A, B, C = "https://a.example", "https://b.example", "https://c.example"


def document(**keys: Any) -> dict[str, Any]:
    """A policy as it is stored."""
    return Policy(name="app", path="/api").to_document() | keys


def lines_of(*changes: Change) -> list[str]:
    """What is shown of the changes, without the count."""
    return [*report_lines(Report(changes, 0, 0), dry_run=False)][:-1]


def update(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is shown below the name of a changed policy."""
    head, *lines = lines_of(Change("policy", "app", "updated", document(**before), document(**after)))
    assert head == "~ policy app"
    return [line.removeprefix("    ") for line in lines]


class TestUpdated:
    """Of a policy that changes, each key that differs is shown with what it was and what it is."""

    @pytest.mark.parametrize(
        ("before", "after", "lines"),
        [
            pytest.param({"max_age": 600}, {"max_age": None}, ["max_age: 600 -> null"], id="number"),
            pytest.param({}, {"host": "a.example"}, ['host: "" -> "a.example"'], id="text"),
            pytest.param(
                {"allow_credentials": True},
                {"allow_credentials": False},
                ["allow_credentials: true -> false"],
                id="flag",
            ),
            pytest.param(
                {"allowed_origins": [A, B]},
                {"allowed_origins": [B, C]},
                [f'allowed_origins: - "{A}"', f'allowed_origins: + "{C}"'],
                id="list",
            ),
            pytest.param(
                {"allowed_origins": [A, B]},
                {"allowed_origins": [B, A]},
                [f'allowed_origins: now in the order ["{B}", "{A}"]'],
                id="order",
            ),
            pytest.param(
                {"allowed_origins": [A, B]},
                {"allowed_origins": [C, B, A]},
                [f'allowed_origins: + "{C}"', f'allowed_origins: now in the order ["{C}", "{B}", "{A}"]'],
                id="list-and-order",
            ),
            pytest.param(
                {"priority": 1, "mode": "live"},
                {"priority": 2, "mode": "off"},
                ['mode: "live" -> "off"', "priority: 1 -> 2"],
                id="two-keys",
            ),
        ],
    )
    def test_shows_before_and_after(
        self, before: dict[str, Any], after: dict[str, Any], lines: list[str]
    ) -> None:
        assert update(before, after) == lines

    @given(st.lists(st.sampled_from("abcd"), unique=True), st.lists(st.sampled_from("abcd"), unique=True))
    def test_list_is_shown_exactly_when_it_differs(self, before: list[str], after: list[str]) -> None:
        shown = update({"exposed_headers": before}, {"exposed_headers": after})

        assert bool(shown) == (before != after)


class TestCreatedAndDeleted:
    """Of what comes or goes, all that is not the default is shown."""

    def test_created_policy(self) -> None:
        after = document(allowed_origins=[A], exposed_headers=[], max_age=None, allowed_methods=["PUT"])

        assert lines_of(Change("policy", "app", "created", None, after)) == [
            "+ policy app",
            '    path: "/api"',
            f'    allowed_origins: + "{A}"',
            '    allowed_methods: + "PUT"',
            "    max_age: null",
        ]

    def test_deleted_policy(self) -> None:
        before = document(allowed_origins=[A], allowed_methods=[], max_age=0)

        assert lines_of(Change("policy", "app", "deleted", before, None)) == [
            "- policy app",
            '    path: "/api"',
            f'    allowed_origins: - "{A}"',
            "    allowed_methods: []",
            "    max_age: 0",
        ]

    def test_group(self) -> None:
        group = OriginGroup(name="partners", origins=(A, B)).to_document()

        assert lines_of(Change("origin_group", "partners", "created", None, group)) == [
            "+ origin group partners",
            f'    origins: + "{A}"',
            f'    origins: + "{B}"',
        ]


class TestCount:
    """The last line counts policies and groups together, and says when nothing was stored."""

    def test_of_every_action(self) -> None:
        changes = (
            Change("policy", "a", "created", None, document()),
            Change("origin_group", "b", "created", None, OriginGroup(name="b").to_document()),
            Change("policy", "c", "deleted", document(), None),
        )
        report = Report(changes, 3, 4)

        assert [*report_lines(report, dry_run=False)][-1] == "2 created, 0 updated, 1 deleted, 7 unchanged."
        assert [*report_lines(report, dry_run=True)][-1] == (
            "Dry run, nothing was stored: 2 created, 0 updated, 1 deleted, 7 unchanged."
        )


class TestProblems:
    """A problem is one line: where, which code, and what to write instead."""

    @pytest.mark.parametrize(
        ("problem", "line"),
        [
            (Problem("invalid-path", "path", None, "", "Write /."), "path: invalid-path: Write /."),
            (Problem("invalid", "allowed_origins", 2, "", "X."), "allowed_origins.2: invalid: X."),
            (Problem("invalid", "", None, "", "Write an object."), "document: invalid: Write an object."),
            (Problem("invalid", "a\nb", None, "", "\x1b[2J"), "a\\u000ab: invalid: \\u001b[2J"),
        ],
    )
    def test_line(self, problem: Problem, line: str) -> None:
        assert [*problem_lines([problem])] == [line]


class TestPrintable:
    """Nothing that a terminal would obey or hide is left, and nothing else is touched."""

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("caf\u00e9 \u65e5\u672c \U0001f600", "caf\u00e9 \u65e5\u672c \U0001f600"),
            ("\x00\x1b\n\x7f", "\\u0000\\u001b\\u000a\\u007f"),
            ("\x9b2J", "\\u009b2J"),
            ("\u202e", "\\u202e"),
            ("\U000e0001", "\\udb40\\udc01"),
        ],
    )
    def test_text(self, text: str, shown: str) -> None:
        assert printable(text) == shown

    @given(st.text())
    def test_is_idempotent(self, text: str) -> None:
        assert printable(text).isprintable()
        assert printable(printable(text)) == printable(text)


class TestEscaped:
    """JSON in ASCII means the same as before."""

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_means_the_same(self, text: str) -> None:
        document = escaped(json.dumps(text, ensure_ascii=False))

        assert document.isascii()
        assert json.loads(document) == text
