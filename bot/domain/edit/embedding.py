"""A text that a scalar of a YAML file says, and where its characters stand in that file.

In quotes and in folded blocks blanks and line breaks are not where they are in the text, so that only what is
shown has a place of its own. What is moved here is proved by reading the outer file anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bot.domain.edit.scalar import quoted
from bot.domain.edit.splice import Edit, content_start
from bot.domain.edit.stream import Stream
from bot.domain.edit.text import LINE_BREAK, Span, line_break
from bot.domain.errors import Refused

_BLANKS = re.compile(r"[ \t\r\n]*")
_GAP = r"(?P<gap>[ \t]*(?:\r\n?|\n)[ \t\r\n]*)"
# What stands for one character each, or for a gap in which lines are folded, or for nothing but a layout.
_TOKENS = {
    '"': re.compile(
        r"(?P<joined>\\(?:\r\n?|\n)[ \t\r\n]*)|" + _GAP + r"|\\x..|\\u.{4}|\\U.{8}|\\.|[^\\]", re.DOTALL
    ),
    "'": re.compile(_GAP + r"|''|.", re.DOTALL),
    ">": re.compile(_GAP + r"|.", re.DOTALL),
}


@dataclass(frozen=True)
class Embedding:
    """The text of the scalar at `index`, which stands in a block or in quotes."""

    stream: Stream
    index: int

    def moved(self, one: Edit) -> tuple[int, int, str]:
        """An edit of the text as one of the file: from where, up to where, and what is written.

        Raises:
            Refused: the form of the scalar has no place for it.
        """
        start, end, written = one.start, one.end, one.lead + one.written
        if start == end and written.endswith("\n") and self._text[:start].endswith("\n"):
            # Lines in front of a line: behind the one above, they need nothing of the one below.
            start, end, written = start - 1, start - 1, "\n" + written[:-1]
        span = self._place(start, end)
        return span.start, span.end, self._spelled(written, start)

    @property
    def _text(self) -> str:
        return self.stream.nodes[self.index].value

    @property
    def _style(self) -> str:
        return self.stream.nodes[self.index].style

    def _place(self, start: int, end: int) -> Span:
        if self._style == "|":
            return Span(self._in_line(start), self._in_line(end))
        places = self._places
        first, last = places.get(start), places.get(end - 1)
        if start < end and first and last:
            return Span(first.start, last.end)
        if start == end and last:
            return Span(last.end, last.end)
        raise self._refused("what changes stands beside blanks that are laid out otherwise in the file")

    def _in_line(self, position: int) -> int:
        """A position of a literal block: each line of the text is a line of the file, behind the margin."""
        number = self._text.count("\n", 0, position)
        return self._starts[number] + position - (self._text.rfind("\n", 0, position) + 1)

    @cached_property
    def _starts(self) -> list[int]:
        """Where the lines of a literal block begin, behind the margin."""
        starts, at = [], self._body.start
        for line in self._text.split("\n"):
            found = LINE_BREAK.search(self.stream.text, at)
            end = found.start() if found else len(self.stream.text)
            starts.append(at + max(end - at - len(line), 0))
            at = found.end() if found else end
        return starts

    @cached_property
    def _body(self) -> Span:
        """The scalar without its quotes, or without the header of the block."""
        text, end = self.stream.text, self.stream.nodes[self.index].end
        start = content_start(self.stream, self.index)
        if self._style not in {"|", ">"}:
            return Span(start + 1, end - 1)
        header = LINE_BREAK.search(text, start, end)
        begin = header.end() if header else end
        return Span(begin, begin + len(text[begin:end].rstrip(" \t\r\n")))

    @cached_property
    def _places(self) -> dict[int, Span]:
        """Where each character stands that is shown, by its position in the text."""
        text, places, begin, at = self._text, {}, self._body.start, 0
        if self._style == ">":
            blanks = _BLANKS.match(self.stream.text, begin)
            begin, at = blanks.end() if blanks else begin, len(text) - len(text.lstrip())
        for token in _TOKENS[self._style].finditer(self.stream.text, begin, self._body.end):
            kind, breaks = token.lastgroup, len(LINE_BREAK.findall(token[0]))
            if kind == "joined":
                at += breaks - 1
            elif kind == "gap" and self._style == '"':
                at += max(breaks - 1, 1)
            elif kind == "gap":
                at += len(text[at:]) - len(text[at:].lstrip(" \t\n"))
            else:
                places[at] = Span(*token.span())
                at += 1
        return places

    @cached_property
    def _margin(self) -> str:
        """A line break, and the indentation of the block."""
        lines = [line for line in self._text.split("\n") if line.strip()]
        body = LINE_BREAK.split(self.stream.text[slice(*self._body)])
        shown = [line for line in body if line.strip()]
        blanks = [len(line) - len(line.lstrip(" ")) for line in (*shown[:1], *lines[:1])]
        return line_break(self.stream.text) + " " * (blanks[0] - blanks[1] if len(blanks) == 2 else 0)

    def _spelled(self, written: str, start: int) -> str:
        if self._style == '"':
            return quoted(written)[1:-1].replace("\n", "\\n")
        if self._style == "|":
            return written.replace("\n", self._margin)
        if self._style == ">":
            return "".join(self._folded(written, self._text[:start].rpartition("\n")[2]))
        if "\n" in written:
            raise self._refused("a line would be added, and lines in single quotes lose their indentation")
        return quoted(written, style="'")[1:-1]

    def _folded(self, written: str, above: str) -> Iterator[str]:
        """Lines of a folded block: between two that are not indented, one line break would be a blank."""
        first, *lines = written.split("\n")
        yield first
        above += first
        for line in lines:
            is_kept = above.startswith(" ") or line.startswith(" ")
            yield self._margin if is_kept else self._margin.rstrip(" ") + self._margin
            yield line
            above = line

    def _refused(self, why: str) -> Refused:
        return Refused(
            f"the text in line {self.stream.line(self.index)} is not changed",
            why=why,
            fix="write it as a literal block (`values: |`)",
        )
