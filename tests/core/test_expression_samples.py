"""Tests of samples: which texts does an expression match, to begin with?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.expressions import parse_expression
from cors_policies.core.linting.expression_samples import MAX_SAMPLE, MAX_SAMPLES, sample_texts
from cors_policies.core.problems import PatternError

PIECES = (
    *(
        r"https://",
        r"\.",
        ".",
        "a",
        "-",
        "(",
        ")",
        "(?:",
        "|",
        "*",
        "+",
        "?",
        "{2}",
        "{0,3}",
        "[a-z]",
        "[^/]",
    ),
    *(
        r"\d",
        r"\w",
        "^",
        "$",
        "(?i)",
        "[",
        "]",
        "{",
        "}",
        "\\",
        r"\Q",
        r"\E",
        "(?P<n>",
        "[[:alpha:]]",
        r"\x2e",
    ),
)


def matches(expression: str, text: str) -> bool:
    """Whether RE2 finds the whole text."""
    return parse_expression(expression).fullmatch(text) is not None


class TestSamples:
    """Of the usual expressions every sample is matched, and each branch has one."""

    @pytest.mark.parametrize(
        ("expression", "samples"),
        [
            pytest.param(r"https://a\.test", ["https://a.test"], id="literal"),
            pytest.param(
                r"https://(app|admin)[0-9]+\.test",
                ["https://app8.test", "https://admin8.test"],
                id="branches-of-a-group",
            ),
            pytest.param(
                r"https://a\.test|https://b\.test", ["https://a.test", "https://b.test"], id="branches"
            ),
            pytest.param(r"https?://a\.test", ["http://a.test", "https://a.test"], id="optional"),
            pytest.param(r"a(b(c|d))*", ["a", "abc", "abd"], id="nested"),
            pytest.param(r"[^/]{3}\.\w\d", ["aaa.a8"], id="classes"),
            pytest.param(r"(?i)HTTPS://(?P<host>X)", ["https://x"], id="flags-and-names"),
            pytest.param(r"(?i:A)(?-s:b)(?<n>c)", ["abc"], id="groups-with-flags"),
            pytest.param(r"^\Ahttps\x3a//a$", ["https://a"], id="anchors-and-codes"),
            pytest.param(r"[[:digit:]][]a][\]]", ["8a]"], id="brackets-in-classes"),
            pytest.param(r"a+?b*?c??d{2,3}?", ["add", "abcdd"], id="lazy"),
            pytest.param(r"\pL\p{Greek}?", ["a"], id="unicode-classes"),
            pytest.param(r"a.b.*", ["a.b", "a.ba"], id="dot-alone-and-repeated"),
            pytest.param(r"a{,2}", ["a{,2}"], id="no-quantifier-to-re2"),
        ],
    )
    def test_are(self, expression: str, samples: list[str]) -> None:
        found = sample_texts(expression)

        assert [text for text in found if matches(expression, text) or "(?i)" in expression] == samples

    def test_take_another_letter_for_a_dot(self) -> None:
        assert sample_texts("a.b", dot="x") == ("axb",)

    def test_are_few_and_cover_the_first_branches(self) -> None:
        found = sample_texts("|".join("abcdefghij"))

        assert found == tuple("abcdefghij"[:MAX_SAMPLES])

    @pytest.mark.parametrize(
        "expression",
        [
            pytest.param(r"\Qa.b\E", id="quoted"),
            pytest.param("(" * 40 + "a" + ")" * 40, id="deep"),
            pytest.param("a{999}", id="long-run"),
            pytest.param("(?:a{200}){2}", id="long-text"),
            pytest.param("a{200}b{200}", id="long-sequence"),
            pytest.param("(a", id="unclosed"),
            pytest.param("a)b", id="unopened"),
            pytest.param("*a", id="nothing-to-repeat"),
            pytest.param("[a", id="no-class"),
            pytest.param(r"[\y]", id="no-escape"),
        ],
    )
    def test_of_what_is_not_read_are_none_that_match(self, expression: str) -> None:
        try:
            found = [text for text in sample_texts(expression) if matches(expression, text)]
        except PatternError:
            found = []

        assert found == []

    @given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
    def test_are_short_and_few_whatever_stands_there(self, expression: str) -> None:
        found = sample_texts(expression)

        assert len(found) <= MAX_SAMPLES
        assert all(len(text) <= MAX_SAMPLE for text in found)
