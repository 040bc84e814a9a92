"""Tests of problems: what is wrong with a document, said as data."""

from __future__ import annotations

import dataclasses
import json

import pytest

from cors_policies.core.problems import InvalidPolicyError, PatternError, Problem

PROBLEM = Problem("invalid-origin", "allowed_origins", 2, "example.com", "Write the whole origin.")


class TestProblem:
    """A problem has a code, the field, the offending value and a sentence that says what to do."""

    def test_attr_of_a_list_entry_is_its_field_and_place(self) -> None:
        assert PROBLEM.attr == "allowed_origins.2"

    def test_attr_of_the_first_entry_names_its_place_too(self) -> None:
        assert dataclasses.replace(PROBLEM, index=0).attr == "allowed_origins.0"

    def test_attr_of_a_single_value_is_its_field(self) -> None:
        assert Problem("required", "path", None, None, "Write one.").attr == "path"

    def test_under_puts_the_place_in_a_larger_document_first(self) -> None:
        placed = PROBLEM.under("policies.1").under("policy_set")

        assert placed.attr == "policy_set.policies.1.allowed_origins.2"
        assert (placed.code, placed.index, placed.value, placed.message) == (
            PROBLEM.code,
            PROBLEM.index,
            PROBLEM.value,
            PROBLEM.message,
        )

    def test_under_is_the_place_itself_for_the_whole_document(self) -> None:
        assert Problem("invalid", "", None, 1, "Write one.").under("policy_set").attr == "policy_set"

    def test_str_names_place_code_and_remedy(self) -> None:
        assert str(PROBLEM) == "allowed_origins.2: invalid-origin: Write the whole origin."

    def test_cannot_be_changed(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            PROBLEM.code = "other"  # type: ignore[misc]

    def test_equal_problems_are_equal(self) -> None:
        assert dataclasses.replace(PROBLEM) == PROBLEM
        assert dataclasses.replace(PROBLEM, index=3) != PROBLEM


class TestHalfCharacters:
    """What is sent and printed can be encoded, whatever was written."""

    def test_message_and_field_show_a_lone_surrogate_escaped(self) -> None:
        problem = Problem("unknown-key", "na\ud800me", None, "\udfff", 'No key "na\ud800me" here.')

        assert problem.attr == "na\\ud800me"
        assert problem.message == 'No key "na\\ud800me" here.'
        assert json.dumps(str(problem), ensure_ascii=False).encode()

    def test_value_stays_as_it_was_written(self) -> None:
        assert Problem("invalid", "name", None, "\udfff", "Write a name.").value == "\udfff"

    def test_other_characters_stay_as_they_are(self) -> None:
        assert (
            Problem("invalid", "name", None, "\u00e9", "Not \u00e9 \U0001f600.").message
            == "Not \u00e9 \U0001f600."
        )


class TestErrors:
    """Ill-formed text and refused documents are raised as two errors, both of them values that are wrong."""

    def test_pattern_error_has_a_reason_and_a_remedy(self) -> None:
        error = PatternError("no-scheme", "Write the whole origin.")

        assert (error.reason, str(error)) == ("no-scheme", "Write the whole origin.")
        assert isinstance(error, ValueError)

    def test_invalid_policy_error_holds_every_problem(self) -> None:
        other = Problem("required", "path", None, None, "Write one.")

        error = InvalidPolicyError(iter([PROBLEM, other]))

        assert error.problems == (PROBLEM, other)
        assert str(error) == f"{PROBLEM}\n{other}"
        assert isinstance(error, ValueError)
