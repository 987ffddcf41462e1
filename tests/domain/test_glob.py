"""Globs mean what Go's `filepath.Match` makes of them; the rows follow its grammar."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.glob import translate


def matches(glob: str, text: str) -> bool:
    return re2.fullmatch(translate(glob), text) is not None


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "abc", True),
        ("*c", "abc", True),
        ("a*", "a", True),
        ("a*b*c", "a1b2c", True),
        ("a*b*c", "a1c2b", False),
        ("?", "a", True),
        ("?", "", False),
        ("a?c", "abc", True),
        ("1.0", "1x0", False),
        ("a+b", "a+b", True),
        ("a+b", "aab", False),
        ("(a|b)", "a", False),
        ("^a$", "a", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("[!a]", "!", True),
        ("[!a]", "b", False),
        ("[a-c0-9]x", "5x", True),
        ("[d-a]", "b", False),
        ("[^d-a]", "b", True),
        ("[a^]", "^", True),
        ("[\\]]", "]", True),
        ("[\\-]", "-", True),
        ("[x\\-]", "-", True),
        ("[\\-x]", "x", True),
        ("[a\\-z]", "b", False),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("a\\b", "ab", True),
        ("a]", "a]", True),
        ("[.]", "x", False),
        ("[\\d]", "5", False),
        ("*-rc*", "1.0-rc.1", True),
        ("*-rc*", "1.0-RC.1", False),
        ("*ö*", "aöb", True),
    ],
)
def test_a_glob_matches_the_whole_text(glob: str, text: str, expected: bool) -> None:
    assert matches(glob, text) is expected


@pytest.mark.parametrize(
    "glob",
    [
        "[",
        "[]",
        "[]a]",
        "[^]",
        "[^]a]",
        "[-]",
        "[-x]",
        "[x-]",
        "[a-b-c]",
        "[a",
        "[a-",
        "[^bc",
        "a[",
        "a\\",
        "[\\",
    ],
)
def test_a_bad_glob_is_refused(glob: str) -> None:
    with pytest.raises(ValueError, match=r"is not a glob: .+ \(.+\)"):
        translate(glob)


@given(st.text(max_size=20), st.text(max_size=20))
def test_an_escaped_text_matches_itself_alone(text: str, other: str) -> None:
    glob = "".join(f"\\{mark}" for mark in text)
    assert matches(glob, text)
    assert matches(glob, other) == (text == other)
