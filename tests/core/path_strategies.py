"""What do path patterns and request paths look like, for tests that try many?

Before you edit:

* The alphabets are unkind on purpose: few segments, which match each other's texts in several ways, so that
  the most specific pattern is hard to tell and easy to miss.
"""

from __future__ import annotations

from hypothesis import strategies as st

MIXED_SEGMENTS = ("a*", "*a", "a*b", "*a*", "b*b", "*ab*", "*a*b*", "a*a*a", "*b*a", "ab*", "*bb")
SEGMENTS = ("a", "b", "aa", "*", *MIXED_SEGMENTS)
TEXTS = ("", "a", "b", "aa", "ab", "ba", "aab", "aba", "abab", "bb", "c", "*", "**")


@st.composite
def pattern_texts(draw: st.DrawFn, segments: tuple[str, ...] = SEGMENTS) -> str:
    """Canonical texts of patterns that look alike."""
    chosen = draw(st.lists(st.sampled_from(segments), max_size=5))
    if draw(st.booleans()):
        chosen.insert(draw(st.integers(0, len(chosen))), "**")
    return "/" + "/".join(chosen)


def pattern_sets(max_size: int = 40) -> st.SearchStrategy[list[str]]:
    """Different patterns, often many of them with few segments to tell them apart."""
    alphabets = st.sets(st.sampled_from(SEGMENTS), min_size=1).map(lambda chosen: tuple(sorted(chosen)))
    return alphabets.flatmap(lambda chosen: st.lists(pattern_texts(chosen), max_size=max_size, unique=True))


def request_paths() -> st.SearchStrategy[str]:
    """Paths that several of these patterns match, with empty segments and trailing slashes among them."""
    return st.lists(st.sampled_from(TEXTS), max_size=9).map(lambda texts: "/" + "/".join(texts))


def any_text() -> st.SearchStrategy[str]:
    """What an editor may send: any character and half a character, often shaped like a pattern."""
    pieces = st.sampled_from(
        ("/", "*", "**", ".", "..", "%41", "%", "?", "#", "a", " ", "\u00e9", "\ud800", "\x7f")
    )
    return st.text() | st.lists(pieces | st.characters(), max_size=20).map("".join).map("/".__add__)
