"""What a proposal changes in a file, as people read it: a unified diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff

from rich.text import Text

from bot.cli.display import clean

_STYLES = {"+": "green", "-": "red", "@": "cyan", "\\": "bright_black"}
_NO_END = "\\ No newline at end of file"


def unified(path: str, old: bytes | None, new: bytes | None) -> list[str]:
    """The lines of the unified diff, without line ends; empty where nothing changes.

    None stands for a file that is not there: it comes, or goes.

    A file whose lines all end in CR LF is shown like any other and says so in its header; a single CR that
    comes, goes or stays between other line ends is shown as `\\r`. Bytes that are no UTF-8 are escaped.
    """
    before, after = _lines(old or b""), _lines(new or b"")
    remark = ""
    if _ends_in_returns([*before, *after]):
        before, after = _without_returns(before), _without_returns(after)
        remark = "  (lines end in CR LF)"
    names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}{remark}")
    return list(_whole(unified_diff(before, after, *names, lineterm="\n")))


def coloured(lines: Sequence[str], *, indent: int = 0) -> Text:
    """The diff for a terminal, so many columns from the left."""
    text = Text()
    for number, line in enumerate(lines):
        style = "bold" if number < 2 else _STYLES.get(line[:1], "")
        text.append(" " * indent).append(clean(line), style=style).append("\n")
    return text


def _lines(content: bytes) -> list[str]:
    """Lines with their ends, cut at LF only; the last one says when it has none."""
    text = content.decode("utf-8", errors="backslashreplace")
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, f"{last}\n{_NO_END}"] if last else lines


def _ends_in_returns(lines: list[str]) -> bool:
    """Whether every line that ends does so in CR LF, and at least one does."""
    whole = [line for line in lines if not line.endswith(_NO_END)]
    return bool(whole) and all(line.endswith("\r\n") for line in whole)


def _without_returns(lines: list[str]) -> list[str]:
    return [line.replace("\r\n", "\n") for line in lines]


def _whole(diff: Iterator[str]) -> Iterator[str]:
    for line in diff:
        yield from line.removesuffix("\n").split("\n")
