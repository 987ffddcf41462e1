"""Entries of mappings and elements of lists in a YAML file: where they stand, and their text elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.edit.stream import Kind, Stream
from bot.domain.edit.text import LINE_BREAK, line_start

_COLON = re.compile(r"[ \t]*:")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a value stands: its key, the end of the colon, and the end of what it says last.

    An element of a list has no key: `start` and `colon` are where it begins.
    """

    start: int
    colon: int
    end: int
    column: int

    def lines(self, text: str, column: int) -> Iterator[str]:
        """What the file says behind the colon, line by line, moved to another column."""
        first, *rest = LINE_BREAK.split(text[self.colon : self.end])
        yield first
        yield from (_moved(line, column - self.column) for line in rest)


def entry_at(stream: Stream, key: int, value: int) -> Entry | None:
    """The entry with this key; None where that is no text with a colon behind it."""
    node = stream.nodes[key]
    colon = _COLON.match(stream.text, node.end)
    if node.kind is not Kind.SCALAR or colon is None:
        return None
    end = _last(stream, value, colon.end())
    return Entry(node.start, colon.end(), end, _column(stream.text, node.start))


def element_at(stream: Stream, index: int) -> Entry:
    """The element of a list that is this node."""
    start = stream.nodes[index].start
    return Entry(start, start, _last(stream, index, start), _column(stream.text, start))


def _last(stream: Stream, index: int, least: int) -> int:
    """Where the text of a value ends, without comments and blank lines behind it."""
    end = least
    for at in range(index, stream.after[index]):
        node = stream.nodes[at]
        is_flow_end = node.kind is Kind.END and stream.text[node.start : node.end] in {"}", "]"}
        if is_flow_end or (node.kind is not Kind.END and not _is_block(node.kind, node.style)):
            text = stream.text[node.start : node.end].rstrip("\r\n")
            end = max(end, node.start + len(text)) if text.strip() else end
    found = _COLON.match(stream.text, end)
    return found.end() if found and end > least else end


def _is_block(kind: Kind, style: str) -> bool:
    return kind in {Kind.MAPPING, Kind.SEQUENCE} and not style


def _column(text: str, position: int) -> int:
    return position - line_start(text, position)


def _moved(line: str, columns: int) -> str:
    if columns >= 0:
        return " " * columns + line if line else line
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(-columns, blanks) :]
