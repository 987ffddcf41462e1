"""How texts are written, held against what readers of YAML 1.1, 1.2 and Go's libraries make of them."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.edit.scalar import is_text, plain, quoted

_NOT_TEXT = (
    *("", "~", "null", "Null", "NULL", "y", "Y", "n", "N", "yes", "No", "ON", "off", "true", "False", "="),
    *("<<", "0", "17", "-3", "+3", "1.10", "1.", ".5", "-.5", "1e5", "1E5", "12e03", "1.5e+3", "6e-2"),
    *("012", "0o17", "0x1f", "0X1F", "0b101", "1_000", "0x_1F", "1_0.5", "12:30:45", "1:30", "190:20:30.15"),
    *(
        ".inf",
        "-.INF",
        "+.inf",
        ".nan",
        ".NaN",
        "inf",
        "Infinity",
        "NaN",
        "0x1p-2",
        "1,000",
        "0_O5",
        "8e_-5",
        "E1",
        "e12",
        "_",
        "+_1",
    ),
    *("2024-01-01", "2024-1-2", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43", "9" * 400),
)
_TEXT = (
    *("1.4.2", "v1", "latest", "1.10-rc1", "1.2.3.4", "sha-0123456", "deadbeef", "e12x", "main", "nullable"),
    *("2024-01-01-abc", "2024.01.01", "20240101-1", "1.2-3", "yesterday", "x1f", "1.10_a", "r-1e5"),
)


@pytest.mark.parametrize("text", _NOT_TEXT)
def test_what_some_reader_takes_for_something_else_is_quoted(text: str) -> None:
    assert not is_text(text)
    assert plain(text, is_tagged=False, may_hold_colon=True) == f'"{text}"'


@pytest.mark.parametrize("text", _TEXT)
def test_what_every_reader_takes_for_text_stays_plain(text: str) -> None:
    assert is_text(text)
    assert plain(text, is_tagged=False, may_hold_colon=False) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a b",
            "-a",
            "a:",
            ":a",
            "#a",
            "a #b",
            "a: b",
            "a,b",
            "[a",
            "{a",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
        ),
        *("|", ">", "'a", '"a', "? a", "---", "...", " a", "a ", "é", "a\\b"),
    ],
)
def test_what_could_break_the_syntax_is_quoted(text: str) -> None:
    assert plain(text, is_tagged=True, may_hold_colon=True) == quoted(text)


def test_a_colon_in_flow_style_is_quoted_for_older_readers() -> None:
    assert plain("ghcr.io/a/b:1", is_tagged=False, may_hold_colon=True) == "ghcr.io/a/b:1"
    assert plain("ghcr.io/a/b:1", is_tagged=False, may_hold_colon=False) == '"ghcr.io/a/b:1"'


def test_with_the_string_tag_nobody_guesses() -> None:
    assert plain("1.10", is_tagged=True, may_hold_colon=True) == "1.10"


_PRINTABLE = st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=30)
_NUMBERLIKE = st.text("0123456789abcdefxo.:_-+eEtTZ,", max_size=12)


@settings(deadline=None)
@given(_PRINTABLE | _NUMBERLIKE | st.sampled_from([*_NOT_TEXT, *_TEXT]), st.sampled_from(["'", '"', ""]))
def test_whatever_is_written_is_read_as_the_same_string(text: str, style: str) -> None:
    written = quoted(text, style=style) if style else plain(text, is_tagged=False, may_hold_colon=False)
    # PyYAML takes whatever its YAML 1.1 resolver does not know for text: a string must come back.
    assert yaml.safe_load(f"key: {written} # c\n") == {"key": text}
    assert yaml.safe_load(f"{{key: {written}, other: [{written}]}}") == {"key": text, "other": [text]}
