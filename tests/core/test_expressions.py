"""Tests of expressions: RE2, always anchored, in linear time."""

from __future__ import annotations

import contextlib
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.expressions import (
    MAX_SET_EXPRESSIONS,
    MAX_SET_INSTRUCTIONS,
    ExpressionSet,
    load_re2,
    parse_expression,
)
from cors_policies.core.problems import PatternError
from tests.core.assertions import says_what_to_do

HARD = "https://([a-z]{1,50}x){1,10}"


class TestParse:
    """What RE2 accepts is an expression, if it is ASCII and there is one."""

    @pytest.mark.parametrize(
        "text",
        [
            r"https://(app|admin)[0-9]+\.example\.com",
            r"https://[a-z0-9-]{1,63}\.example\.com",
            r"(?i)https://APP\.example\.com",
            r"https://(?P<name>[a-z]+)\.example\.com",
            r"^https://a\.example\.com$",
            ".*",
        ],
    )
    def test_accepts(self, text: str) -> None:
        assert parse_expression(text).pattern == text

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            pytest.param("", "empty-expression", id="empty"),
            pytest.param("https://(", "invalid-expression", id="open-parenthesis"),
            pytest.param("https://[a", "invalid-expression", id="open-bracket"),
            pytest.param("*", "invalid-expression", id="nothing-to-repeat"),
            pytest.param(r"(a)\1", "invalid-expression", id="back-reference"),
            pytest.param("(?=a)", "invalid-expression", id="look-ahead"),
            pytest.param("(?<!a)b", "invalid-expression", id="look-behind"),
            pytest.param(r"a\Z", "invalid-expression", id="python-end-of-text"),
            pytest.param("a{2000}", "invalid-expression", id="repetition-too-large"),
            pytest.param("(?:ab){1000}c{1000}", "expression-too-large", id="slow-program"),
            pytest.param(r"\pL{1,300}", "invalid-expression", id="program-too-large"),
            pytest.param("https://\u00e9", "expression-not-ascii", id="not-ascii"),
            pytest.param("https://\u212a", "expression-not-ascii", id="kelvin-sign"),
            pytest.param("\ud800", "expression-not-ascii", id="lone-surrogate"),
        ],
    )
    def test_rejects(self, text: str, reason: str, capfd: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(PatternError) as caught:
            parse_expression(text)

        assert caught.value.reason == reason
        assert says_what_to_do(str(caught.value))
        assert capfd.readouterr().err == "", "RE2 reports to nobody but us"

    def test_says_what_re2_said(self) -> None:
        with pytest.raises(PatternError, match=r"missing \): https://\("):
            parse_expression("https://(")

    @given(st.text("ab()[]{}|*+?.^$\\-0123456789,:/PpLQE\u00e9\ud800", max_size=12))
    def test_anything_is_an_expression_or_refused(self, text: str) -> None:
        with contextlib.suppress(PatternError):
            assert parse_expression(text).pattern == text


class TestWithoutTheExtra:
    """Without RE2 an expression is refused with a message that says what to install; nothing else is."""

    @pytest.fixture(autouse=True)
    def _without_re2(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "re2", None)

    def test_there_is_no_module(self) -> None:
        assert load_re2() is None

    def test_an_expression_is_refused(self) -> None:
        with pytest.raises(PatternError) as caught:
            parse_expression("never-compiled-before")

        assert caught.value.reason == "regex-extra-missing"
        assert "django-cors-policies[regex]" in str(caught.value)

    def test_a_set_of_none_needs_no_re2(self) -> None:
        assert list(ExpressionSet([]).matches("https://a.test")) == []


class FakeSet:
    """A set of RE2's that only notes what is added."""

    def __init__(self, chunk: list[str]) -> None:
        self.Add = chunk.append

    def Compile(self) -> None:  # noqa: N802 - RE2's name
        """Nothing is compiled."""


def _fake_re2(chunks: list[list[str]]) -> SimpleNamespace:
    def new_set(_options: object) -> FakeSet:
        chunks.append([])
        return FakeSet(chunks[-1])

    return SimpleNamespace(Options=SimpleNamespace, Set=SimpleNamespace(FullMatchSet=new_set))


class TestExpressionSet:
    """A set gives the places of all expressions that match the whole text."""

    def test_gives_every_place(self) -> None:
        expressions = ExpressionSet(["a+", "b+", "[ab]+", "ab", "a", ".*"])

        assert sorted(expressions.matches("a")) == [0, 2, 4, 5]
        assert sorted(expressions.matches("ab")) == [2, 3, 5]
        assert sorted(expressions.matches("c")) == [5]

    @pytest.mark.parametrize("text", ["xa", "ax", "a\n", "\na", "aa", ""])
    def test_is_anchored_at_both_ends(self, text: str) -> None:
        assert list(ExpressionSet(["a", "a|x", "^a$", "(?m)^a$"]).matches(text)) == []

    def test_finds_matches_beyond_the_first_chunk(self) -> None:
        count = 2 * MAX_SET_EXPRESSIONS + 1
        expressions = ExpressionSet([f"a{number}" for number in range(count)])

        for number in (0, MAX_SET_EXPRESSIONS - 1, MAX_SET_EXPRESSIONS, count - 1):
            assert list(expressions.matches(f"a{number}")) == [number]
        assert list(expressions.matches(f"a{count}")) == []

    def test_finds_matches_among_hard_expressions(self) -> None:
        hard = [f"{HARD}{number}" for number in range(40)]
        assert sum(parse_expression(text).programsize for text in hard) > MAX_SET_INSTRUCTIONS

        expressions = ExpressionSet(hard)

        assert list(expressions.matches("https://abcxdefx7")) == [7]
        assert list(expressions.matches("https://abcxdefx39")) == [39]

    def test_a_set_is_compiled_in_chunks_of_bounded_size(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hard = [f"{HARD}{number}" for number in range(40)]
        easy = [f"a{number}" for number in range(2 * MAX_SET_EXPRESSIONS + 1)]
        for text in (*hard, *easy):
            parse_expression(text)
        chunks: list[list[str]] = []
        monkeypatch.setitem(sys.modules, "re2", _fake_re2(chunks))

        ExpressionSet([*hard, *easy])

        assert [text for chunk in chunks for text in chunk] == [*hard, *easy]
        assert max(map(len, chunks)) == MAX_SET_EXPRESSIONS
        sizes = [sum(parse_expression(text).programsize for text in chunk) for chunk in chunks]
        assert MAX_SET_INSTRUCTIONS * 0.9 < max(sizes) <= MAX_SET_INSTRUCTIONS

    @given(
        st.lists(st.sampled_from(["a", "b*", "a|b", "[ab]+", "a?b?", "(ab)*", "", ".", "ba"]), max_size=5),
        st.text("ab", max_size=4),
    )
    def test_agrees_with_the_expressions_one_by_one(self, texts: list[str], origin: str) -> None:
        texts = [text or "a{0}" for text in texts]
        expected = [place for place, text in enumerate(texts) if parse_expression(text).fullmatch(origin)]

        assert sorted(ExpressionSet(texts).matches(origin)) == expected
