"""One more entry between brackets, in the layout of the others: in their line, or on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.edit.text import LINE_BREAK, Change, Span, line_start
from bot.domain.edit.tree import Brackets

_REST = re.compile(r"[ \t]*+(,)?(?:[ \t]|/\*(?:(?!\*/)[^\r\n])*\*/)*(?://[^\r\n]*+|#[^\r\n]*+)?(?=[\r\n])")


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is laid out: its line break, one step of indentation (None: all in one line), and commas."""

    line_break: str
    step: str | None
    comma: str = ", "


def indent(source: str, position: int) -> str:
    """The blanks at the beginning of the line of a position."""
    line = source[line_start(source, position) : position]
    return line[: len(line) - len(line.lstrip(" \t"))]


def one_more(
    source: str, brackets: Brackets, entry: Callable[[str | None], str], style: Style
) -> list[Change]:
    """What changes where an entry is put behind the last one.

    `entry` gives its source: by the indentation of its line, or by None in the line of others.
    """
    if brackets.last is None:
        return [_first(source, brackets.span, entry, style)]
    start, end = brackets.last
    before, rest = source[line_start(source, start) : start], _REST.match(source, end)
    if before.strip(" \t") or not rest:
        return [_written(end, style.comma + entry(None))]
    own_line = style.line_break + before + entry(before)
    if rest[1]:
        return [_written(rest.end(), own_line + ",")]
    return [_written(end, ","), _written(rest.end(), own_line)]


def _first(source: str, span: Span, entry: Callable[[str | None], str], style: Style) -> Change:
    """The first entry; what stands between the brackets may be a comment."""
    inside = source[span.start + 1 : span.end - 1]
    begin = span.start + 1 + len(inside.rstrip(" \t\r\n"))
    place = Span(begin, span.end - 1)
    if style.step is None and not LINE_BREAK.search(inside):
        blank = " " if inside else ""
        return Change(place, f"{blank}{entry(None)}{blank}", "")
    outer = indent(source, span.start)
    inner = outer + (style.step or "")
    return Change(place, f"{style.line_break}{inner}{entry(inner)}{style.line_break}{outer}", "")


def _written(at: int, text: str) -> Change:
    return Change(Span(at, at), text, "")
