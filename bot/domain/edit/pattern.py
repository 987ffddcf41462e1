"""What the one group of a regular expression matches in any text file.

RE2 runs in time linear in the file. `^` and `$` are the ends of lines; `.` does not match a line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Protocol, cast

from bot.domain.edit.passage import Form, Passage, read_passages, write_passages
from bot.domain.edit.scalar import is_text
from bot.domain.edit.sealed import refuse_sealed_text
from bot.domain.edit.spelling import Part
from bot.domain.edit.text import Span, Text, Unproved, decoded
from bot.domain.errors import NotFound, Refused, sentence
from bot.domain.expression import Match, compile_expression
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import Pattern

_LONGEST = 1_024
_MOST_MATCHES = 1_000
_MOST_NAMED = 8
_MOST_BEFORE = 200
_IN_QUOTES = re.compile(r"""(["'])([^"'\\\r\n]*)\1""")
_BEFORE = re.compile(r":[ \t]+\Z|^[ \t-]*-[ \t]+\Z", re.MULTILINE)
_AFTER = re.compile(r"[ \t]*(?:[,}\]\r\n]|\Z)|[ \t]+#")


class _Matched(Match, Protocol):
    def span(self, number: int, /) -> tuple[int, int]: ...


class _Finder(Protocol):
    def finditer(self, text: bytes, /) -> Iterator[_Matched]: ...


def read(content: bytes, place: Pattern, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    return read_passages(_found(_opened(content), place), name)


def write(content: bytes, place: Pattern, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    text = _opened(content)
    try:
        return write_passages(text, lambda each: _found(each, place), ref, pin_digest=pin_digest)
    except Unproved as error:
        is_plain = any(each.form is Form.YAML for each in _found(text, place))
        raise _lost(ref, is_yaml=is_plain and not is_text(ref.tag or "")) from error


def _lost(ref: ImageRef, *, is_yaml: bool) -> Refused:
    """The error for an expression that does not find what was written in its group's stead."""
    why = f"the expression does not match the whole of {ref.tag or ref.digest}, which is to stand there"
    fix = "let the group match every tag: (\\S+)"
    if is_yaml:
        why = f"for YAML {ref.tag} without quotes is no text, and the expression does not match quotes"
        fix = "put the value in quotes in the file, or let the group take them: tag: (.*)"
    return Refused("the value is not changed", why=why, fix=fix)


def check_expression(expression: str) -> str:
    """Return the expression when it is one for a place.

    Raises:
        ValueError: it is too long, does not compile, or has not exactly one group; the message says so.
    """
    if len(expression) > _LONGEST:
        raise ValueError(f"the expression is longer than {_LONGEST} characters (shorten it)")
    groups = compile_expression(expression, shown=expression).groups
    if groups != 1:
        found = "no group" if not groups else f"{groups} groups"
        fix = "put the value in the one pair of parentheses, and others in (?:…)"
        raise ValueError(sentence(f"{expression[:80]!r} has {found}", fix=fix))
    return expression


def _opened(content: bytes) -> Text:
    text = decoded(content)
    refuse_sealed_text(text)
    return text


def _found(text: Text, place: Pattern) -> list[Passage]:
    """What the group matches: once, or more often where that is asked for."""
    shown = f"`{place.expression[:80]}`"
    spans = _spans(text, place.expression)
    if not spans:
        raise NotFound(f"{shown} matches nothing in the file", fix="correct the expression, or the file")
    lines = ", ".join(str(text.line(span.start)) for span in spans[:_MOST_NAMED])
    if len(spans) > 1 and not place.every:
        raise Refused(
            f"{shown} is not one place",
            why=f"it matches {len(spans)} times (lines {lines})",
            fix="make it more exact, or change all of them together (`every: true`)",
        )
    return [_passage(text, span, place) for span in spans]


def _passage(text: Text, span: Span, place: Pattern) -> Passage:
    """What the group matches; quotes that it takes along are kept."""
    found, part, line = text.text[span.start : span.end], Part(place.part), text.line(span.start)
    quotes = _IN_QUOTES.fullmatch(found)
    if quotes:
        return Passage(span, part, quotes[2], line, Form(quotes[1]))
    begin = max(span.start - _MOST_BEFORE, 0)
    is_whole = _BEFORE.search(text.text, begin, span.start) and _AFTER.match(text.text, span.end)
    is_value = place.is_yaml and is_whole
    return Passage(span, part, found, line, Form.YAML if is_value else Form.BARE)


def _spans(text: Text, expression: str) -> list[Span]:
    compiled = _compiled(expression)
    data = text.text.encode()
    found = list(islice(compiled.finditer(data), _MOST_MATCHES + 1))
    if len(found) > _MOST_MATCHES:
        raise Refused(
            f"`{expression[:80]}` matches too often",
            why=f"at most {_MOST_MATCHES:,} matches are read",
            fix="make it more exact",
        )
    return [_in_characters(data, *each.span(1)) for each in found]


def _compiled(expression: str) -> _Finder:
    try:
        return cast(_Finder, compile_expression(f"(?m){check_expression(expression)}", shown=expression))
    except ValueError as error:
        raise Refused("the target cannot be read", why=str(error), fix="correct the expression") from error


def _in_characters(data: bytes, start: int, end: int) -> Span:
    """A span of bytes as one of characters, without the carriage return that `.*$` takes along."""
    if start < 0:
        raise Refused("the group of the expression takes no part in a match", fix="make it a part of each")
    if data[start:end].endswith(b"\r"):
        end -= 1
    try:
        begin = len(data[:start].decode())
        return Span(begin, begin + len(data[start:end].decode()))
    except UnicodeDecodeError as error:
        raise Refused("the group of the expression parts a character", fix=r"leave out \C") from error
