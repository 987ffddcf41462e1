"""A text file as it is: its characters, its lines, and spans of it that are replaced, and nothing else.

What a span holds is for others to say; here it is only made sure that all between the spans stays.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.errors import Malformed, NotFound, Refused

LARGEST_FILE = 10 * 1024 * 1024
"""The most bytes that a file may have."""

LINE_BREAK = re.compile(r"\r\n?|\n")
"""What ends a line: any of the three."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def line_start(text: str, position: int) -> int:
    """Where the line of a position begins."""
    return max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1


def line_end(text: str, position: int) -> int:
    """Where the line of a position ends, its line break not included."""
    found = LINE_BREAK.search(text, position)
    return found.start() if found else len(text)


def line_break(text: str) -> str:
    """What ends the lines of a text: what ends its first one."""
    found = LINE_BREAK.search(text)
    return found[0] if found else "\n"


class Span(NamedTuple):
    """Where something stands in a text: from `start`, up to and without `end`."""

    start: int
    end: int


class Change(NamedTuple):
    """`written` takes the place of the text in the span, which then says `text`."""

    span: Span
    written: str
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A file's characters without its byte order mark, and that mark."""

    text: str
    bom: bytes = b""

    def line(self, position: int) -> int:
        """The line of a position, counted from 1; any of the three line ends counts."""
        count = self.text.count
        return 1 + count("\n", 0, position) + count("\r", 0, position) - count("\r\n", 0, position)

    def between(self, spans: Sequence[Span]) -> list[str]:
        """The texts before, between and after the spans, which are in the order of the file."""
        starts, ends = [*(span.start for span in spans), len(self.text)], [0, *(span.end for span in spans)]
        return [self.text[end:start] for end, start in zip(ends, starts, strict=True)]

    def changed(self, changes: Sequence[Change]) -> bytes:
        """The file's bytes with the changes made, which are in the order of the file and do not overlap."""
        pieces = self.between([change.span for change in changes])
        written = [*(change.written for change in changes), ""]
        joined = "".join(piece for pair in zip(pieces, written, strict=True) for piece in pair)
        return self.bom + joined.encode()


def decoded(content: bytes) -> Text:
    """The characters of a file.

    Raises:
        Malformed: the bytes are no UTF-8 text; the line is named.
        Refused: the file is UTF-16, or larger than any file that people keep by hand.
    """
    if len(content) > LARGEST_FILE:
        raise too("large", f"{LARGEST_FILE // 1024 // 1024} MB")
    if content.startswith(_UTF16):
        raise Refused("the file cannot be read", why="it is UTF-16", fix="save it as UTF-8")
    bom = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    try:
        text = content[len(bom) :].decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, len(bom) + error.start) + 1
        why = f"line {line} holds bytes that are not UTF-8"
        raise Malformed("the file cannot be read", why=why, fix="save it as UTF-8") from error
    if text.startswith("\ufeff"):
        raise Malformed("the file cannot be read", why="it begins with two byte order marks", fix="keep one")
    return Text(text, bom)


def replaced(
    before: Text, changes: Sequence[Change], spans_of: Callable[[Text], Sequence[tuple[Span, str]]]
) -> bytes:
    """The file with the changes made, proved: `spans_of` finds all spans anew, with what they say.

    Raises:
        Refused: what is found anew is not what was found, but for the changes.
    """
    found = spans_of(before)
    content = before.changed(sorted(changes))
    try:
        after = decoded(content)
        anew = spans_of(after)
    except (Malformed, NotFound, Refused) as error:
        raise unproved("the value could not be found any more") from error
    texts = {change.span: change.text for change in changes}
    expected = [texts.get(span, text) for span, text in found]
    if [text for _, text in anew] != expected:
        raise unproved("the values would not be those that are wanted")
    if after.between([span for span, _ in anew]) != before.between([span for span, _ in found]):
        raise unproved("more than the value would change")
    return content


def too(what: str, limit: str) -> Refused:
    """The error for a file that breaks a limit: it is too `what`."""
    return Refused(
        f"the file is too {what}",
        why=f"at most {limit} are read",
        fix="move the values to a file of their own",
    )


class Unproved(Refused):
    """An edit that could not be proved."""


def unproved(why: str) -> Unproved:
    """The error for an edit that could not be proved: after it, `why`."""
    return Unproved(
        "the value is not changed",
        why=f"after the edit {why}",
        fix="write the value on a line of its own, and report the layout",
    )
