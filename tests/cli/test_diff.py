"""The diff of a proposal as people read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.diff import coloured, unified


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (b"a: 1\nb: 2\n", b"a: 1\nb: 2\n", []),
        (b"a: 1\n", None, ["--- a/v.yaml", "+++ /dev/null", "@@ -1 +0,0 @@", "-a: 1"]),
        (
            b"a: 1\nb: 2\n",
            b"a: 1\nb: 3\n",
            ["--- a/v.yaml", "+++ b/v.yaml", "@@ -1,2 +1,2 @@", " a: 1", "-b: 2", "+b: 3"],
        ),
        (
            b"a: 1\r\nb: 2\r\n",
            b"a: 1\r\nb: 3\r\n",
            [
                "--- a/v.yaml",
                "+++ b/v.yaml  (lines end in CR LF)",
                "@@ -1,2 +1,2 @@",
                " a: 1",
                "-b: 2",
                "+b: 3",
            ],
        ),
        (
            b"a: 1\r\nb: 2\n",
            b"a: 1\nb: 2\n",
            ["--- a/v.yaml", "+++ b/v.yaml", "@@ -1,2 +1,2 @@", "-a: 1\r", "+a: 1", " b: 2"],
        ),
        (
            b"b: 2",
            b"b: 3",
            [
                "--- a/v.yaml",
                "+++ b/v.yaml",
                "@@ -1 +1 @@",
                "-b: 2",
                "\\ No newline at end of file",
                "+b: 3",
                "\\ No newline at end of file",
            ],
        ),
        (None, b"b: 3\n", ["--- /dev/null", "+++ b/v.yaml", "@@ -0,0 +1 @@", "+b: 3"]),
        (b"\xff\n", b"\xfe\n", ["--- a/v.yaml", "+++ b/v.yaml", "@@ -1 +1 @@", "-\\xff", "+\\xfe"]),
    ],
    ids=["same", "gone", "one line", "CR LF", "CR goes", "no end", "new file", "no UTF-8"],
)
def test_changes_are_shown_line_by_line(old: bytes | None, new: bytes | None, lines: list[str]) -> None:
    assert unified("v.yaml", old, new) == lines


def test_a_carriage_return_that_matters_is_seen() -> None:
    shown = coloured(unified("v.yaml", b"a: 1\r\nb: 2\n", b"a: 1\nb: 2\n")).plain
    assert "-a: 1\\r\n+a: 1\n" in shown


def test_no_line_of_a_file_steers_the_terminal() -> None:
    shown = coloured(unified("v.yaml", b"a: 1\n", b"a: \x1b[2J1\n")).plain
    assert "+a: \\x1b[2J1" in shown
    assert "\x1b" not in shown


_LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"\r\n", b"c\r\n", b"--- x\n", b"d"]), max_size=8)


@given(_LINES, _LINES)
def test_a_diff_is_empty_only_where_nothing_changes(old: list[bytes], new: list[bytes]) -> None:
    before, after = b"".join(old), b"".join(new)
    assert (unified("f", before, after) == []) is (before == after)
