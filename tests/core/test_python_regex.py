"""Does RE2 match with the translation what Python matches, and is what it lacks refused?"""

from __future__ import annotations

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.adoption.python_regex import (
    compile_regex,
    parse_regex,
    to_re2,
)
from cors_policies.core.adoption.regex_reach import has_bare_dot, is_closed, samples, takes_the_rest
from cors_policies.core.problems import PatternError

ATOMS = (
    "a",
    "b",
    r"\.",
    ".",
    "-",
    "[ab]",
    "[^a]",
    r"[\w.]",
    "[[b]",
    "[]a]",
    r"[a\]]",
    r"\d",
    r"\w",
    r"\x61",
    "{",
    "}",
    "{,",
    r"\-",
)
EDGES = ("^", "$", r"\Z", r"\A", r"\b", "(?#c)", "|")
REPEATS = ("", "", "*", "+", "?", "{2}", "{,2}", "{1,}", "{,}", "*?", "{1,2}?")
TEXTS = st.text("ab.-{},1[]", max_size=6)


def wraps(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Groups and runs of smaller expressions."""
    openings = st.sampled_from(("(", "(?:", "(?P<n>", "(?i:", "(?a:", "(?s-i:"))
    groups = st.builds("{}{})".format, openings, inner)
    return st.lists(st.builds("{}{}".format, groups, st.sampled_from(REPEATS)) | inner, max_size=3).map(
        "".join
    )


EXPRESSIONS = st.recursive(
    st.builds("{}{}".format, st.sampled_from(ATOMS), st.sampled_from(REPEATS)) | st.sampled_from(EDGES),
    wraps,
    max_leaves=6,
)


class TestTranslation:
    """RE2 matches with it exactly the texts that Python matches."""

    @given(
        text=EXPRESSIONS,
        flags=st.sampled_from([0, re.IGNORECASE, re.DOTALL, re.MULTILINE]),
        probes=st.lists(TEXTS, min_size=3),
    )
    def test_agrees_with_python(self, text: str, flags: int, probes: list[str]) -> None:
        try:
            regex = re.compile(text, flags)
        except (re.error, FutureWarning):
            return
        translated = re2.compile(to_re2(regex))
        branch = parse_regex(regex)

        for probe in [*probes, *samples(branch)]:
            whole = regex.fullmatch(probe) is not None
            assert (translated.fullmatch(probe) is not None) == whole
            if is_closed(branch) or takes_the_rest(branch):
                assert (regex.match(probe) is not None) == whole

    @pytest.mark.parametrize(
        ("text", "flags", "expected"),
        [
            pytest.param(r"^https://\w+\.example\.com$", 0, r"^https://\w+\.example\.com$", id="as-written"),
            pytest.param(r"a\Z", 0, r"a\z", id="end"),
            pytest.param("a{,3}", 0, "a{0,3}", id="repeat-without-a-lower-bound"),
            pytest.param("a{x}", 0, r"a\{x\}", id="literal-braces"),
            pytest.param("[[:a]", 0, r"[\[:a]", id="bracket-in-a-class"),
            pytest.param(r"[\b_\_]", 0, r"[\x08__]", id="backspace"),
            pytest.param(r"\/\-\_\n", 0, "/-_\n", id="needless-backslashes"),
            pytest.param(r"\x61\S", 0, r"a\S", id="hexadecimal"),
            pytest.param("a(?#note)*b", 0, "a*b", id="comment"),
            pytest.param("HTTPS", re.IGNORECASE, "(?i)HTTPS", id="compiled-flag"),
            pytest.param("(?i)HTTPS", 0, "(?i)HTTPS", id="written-flag"),
            pytest.param(" a  b # note\n [ c]", re.VERBOSE, "ab[ c]", id="verbose"),
            pytest.param("(?x) a b", 0, "ab", id="verbose-as-written"),
            pytest.param("(?P<name>a)|(?:b)", 0, "(?P<name>a)|(?:b)", id="groups"),
        ],
    )
    def test_is_written_like_this(self, text: str, flags: int, expected: str) -> None:
        assert to_re2(compile_regex(re.compile(text, flags) if flags else text)) == expected

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("(?=a)", "lookahead, (?="),
            ("(?!a)", "lookahead, (?!"),
            ("(?<=a)b", "lookbehind"),
            ("(?<!a)b", "lookbehind"),
            (r"(a)\1", "reference to a group or an octal number, \\1"),
            ("(?P<n>a)(?P=n)", "reference to a group, (?P="),
            ("(a)?(?(1)b|c)", "condition"),
            (r"[\1]", "octal number"),
            (r"\u0061", "by its number or name"),
            (r"[\u0061]", "by its number or name"),
            ("(?x:a b)", "the flag x"),
        ],
    )
    def test_says_what_re2_lacks(self, text: str, what: str) -> None:
        with pytest.raises(PatternError) as caught:
            to_re2(re.compile(text))

        assert (caught.value.reason, what in str(caught.value)) == ("not-in-re2", True)

    @pytest.mark.parametrize("text", ["a*+", "a{2}+"])
    def test_refuses_possessive_quantifiers(self, text: str) -> None:
        """Python 3.10 refuses them, too."""
        with pytest.raises(PatternError):
            to_re2(compile_regex(text))

    @pytest.mark.parametrize("text", ["(", "a**", "[", "(?z)"])
    def test_says_what_python_refuses(self, text: str) -> None:
        with pytest.raises(PatternError, match="Python refuses the regular expression"):
            compile_regex(text)


class TestSamples:
    """They are short texts that the expression matches, as far as that is easily found."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("ab", ["ab"]),
            ("a|b", ["a", "b"]),
            ("a{0}b", ["b"]),
            ("a{2,3}b?", ["aa", "aab"]),
            ("(?:a{1000}){1000}b", []),
            ("^[ab]$", ["a", "b"]),
            ("a.b", ["a.b", "axb"]),
        ],
    )
    def test_are(self, text: str, expected: list[str]) -> None:
        assert samples(parse_regex(re.compile(text))) == expected

    def test_are_few_however_many_there_are(self) -> None:
        assert len(samples(parse_regex(re.compile(r"\w\w\w|\w\w\w")))) == 32

    def test_of_a_class_that_a_later_python_may_read_otherwise(self) -> None:
        """Which Python warns of, and warnings are errors here."""
        assert samples(parse_regex(compile_regex("[a&&b]"))) == ["a", "b"]


class TestEnd:
    """Whether something may follow a match is seen from the end of every alternative."""

    @pytest.mark.parametrize("text", ["a$", r"a\Z", "a$|b$", "(a|b)$", "(a$|b$)", "($){1,2}"])
    def test_closed(self, text: str) -> None:
        assert is_closed(parse_regex(re.compile(text)))

    @pytest.mark.parametrize("text", ["", "a", "a$|b", "(a$)?", "(a$|b)", r"\$", "[$]", "($)*"])
    def test_open(self, text: str) -> None:
        assert not is_closed(parse_regex(re.compile(text)))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a.*", True),
            ("a.+", True),
            ("a(b|.*)", False),
            ("(.*)", True),
            ("a.*|b$", True),
            ("a.*b", False),
            ("", False),
        ],
    )
    def test_takes_the_rest(self, text: str, expected: bool) -> None:
        assert takes_the_rest(parse_regex(re.compile(text))) is expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("a.b", True), ("(a.)", True), (r"a\.b", False), ("a.*", False), ("[.]", False)],
    )
    def test_bare_dot(self, text: str, expected: bool) -> None:
        assert has_bare_dot(parse_regex(re.compile(text))) is expected
