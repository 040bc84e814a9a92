"""How is a typed list read, and how is a change put into words?"""

from __future__ import annotations

from typing import ClassVar

import pytest

from cors_policies.admin.changes import changed_keys, digests, phrases
from cors_policies.admin.fields import Line, LinesField, OriginsField, in_stored_order
from cors_policies.core.problems import Problem

A, B = "https://a.example", "https://b.example"


class TestOrigins:
    """One a line or between commas; quotes and empty lines do not count; an expression holds commas."""

    @pytest.mark.parametrize(
        ("typed", "lines"),
        [
            pytest.param("", [], id="nothing"),
            pytest.param(" \n\t\n,,\n", [], id="only-separators"),
            pytest.param(f"{A}\r\n\r\n{B}\r", [(1, A), (3, B)], id="line-ends"),
            pytest.param(f"  {A} ,{B},", [(1, A), (1, B)], id="commas"),
            pytest.param(f"\"{A}\",\n'{B}',", [(1, A), (2, B)], id="from-a-settings-file"),
            pytest.param("~a{1,2}", [(1, "~a{1,2}")], id="expression-with-a-comma"),
            pytest.param(
                f"{A}, ~a{{1,2}}, {B}", [(1, A), (1, f"~a{{1,2}}, {B}")], id="expression-to-the-end"
            ),
            pytest.param(f"{A} {B}", [(1, f"{A} {B}")], id="space-separates-nothing"),
        ],
    )
    def test_read(self, typed: str, lines: list[tuple[int, str]]) -> None:
        assert OriginsField().lines(typed) == [Line(*line) for line in lines]


class TestNames:
    """One a line or between commas, and nothing else is taken away: header names may hold quotes."""

    def test_read(self) -> None:
        assert LinesField().lines("'x', ~y\n\nz") == [Line(1, "'x'"), Line(1, "~y"), Line(3, "z")]


class TestReport:
    """A problem is shown with its line; one of the whole list, as every list of the API may have, without."""

    def test_lines(self) -> None:
        field = OriginsField()
        entry = Problem("invalid-origin", "origins", 1, "x y", "Write one.")
        whole = Problem("invalid", "origins", None, [], "Write less.")

        errors = field.report([entry, whole], f"{A}\n\nx y")

        assert [(error.code, error.messages) for error in errors] == [
            ("invalid-origin", ["Line 3, x y: Write one."]),
            ("invalid", ["Write less."]),
        ]
        assert field.widget.attrs["data-marked"] == "3"


class TestOrder:
    """What was stored keeps its place; what is new follows."""

    @pytest.mark.parametrize(
        ("chosen", "stored", "meant"),
        [
            (["GET", "PUT", "POST"], ["POST", "GET"], ["POST", "GET", "PUT"]),
            (["GET"], ["POST", "GET"], ["GET"]),
            (["GET", "PUT"], None, ["GET", "PUT"]),
            (["PUT"], "broken", ["PUT"]),
        ],
    )
    def test_order(self, chosen: list[str], stored: object, meant: list[str]) -> None:
        assert in_stored_order(chosen, stored) == meant


class TestPhrases:
    """Each key that differs is put into words, with both values; a long list is cut."""

    LABELS: ClassVar = {"a": "A", "b": "B"}

    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            (1, 1, []),
            (1, 2, ["A: 1 → 2"]),
            (None, 0, ["A: nothing → 0"]),
            (1, None, ["A: 1 → nothing"]),
            (False, True, ["A: no → yes"]),
            ("", "x", ["A: nothing → “x”"]),
            ("x" * 200, "y", [f"A: “{'x' * 100}…” → “y”"]),
            (["x", "y"], ["y", "z"], ["A: added z; removed x"]),
            (["x", "y"], ["y", "x"], ["A: order changed"]),
            ([], list("abcdefgh"), ["A: added a, b, c, d, e, 3 more"]),
            (None, ["x"], ["A: added x"]),
            (["x", "y"], ["z", "y", "x"], ["A: added z; order changed"]),
            ([7], ["x"], ["A: [7] → ['x']"]),
        ],
    )
    def test_words(self, before: object, after: object, words: list[str]) -> None:
        assert phrases({"a": before, "b": 1}, {"a": after, "b": 1}, self.LABELS) == words

    def test_key_without_a_label_is_left_out(self) -> None:
        assert phrases({"c": 1}, {"c": 2}, self.LABELS) == []


class TestDigests:
    """The keys that have changed since a page was opened are known from a short text."""

    @pytest.mark.parametrize(
        ("opened", "changed"),
        [
            pytest.param(digests({"a": 1, "b": ["x", "y"]}), [], id="same"),
            pytest.param(digests({"a": 2, "b": ["x", "y"]}), ["a"], id="value"),
            pytest.param(digests({"a": 1, "b": ["y", "x"]}), ["b"], id="order"),
            pytest.param(digests({"a": "1", "b": ["x", "y"]}), ["a"], id="type"),
            pytest.param(digests({"b": ["x", "y"]}), ["a"], id="key-of-a-later-release"),
            pytest.param("nonsense", ["a", "b"], id="nonsense"),
        ],
    )
    def test_changed_keys(self, opened: str, changed: list[str]) -> None:
        assert changed_keys(opened, {"a": 1, "b": ["x", "y"]}) == changed
