"""The one value of a line in a file of any language: what is assigned, or quoted, or stands there alone."""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.domain.edit.passage import Form
from bot.domain.edit.text import Span

# Two quotes in a row are one that is escaped, so that the text does not end there.
_QUOTED = r""""[^"]*+"(?!")|'[^']*+'(?!')|`[^`]*+`"""
# What many languages put between a name and its value: `tag: str = "1.4"`, `TAG: &'static str = "1.4"`.
_TYPE = r":[ \t]*+&?(?:'\w++[ \t]++)?[A-Za-z_][\w.|]*+(?:[\[<][^\"'`=]{0,80}[\]>])?\??[ \t]*+=(?![=>])"
_ASSIGNED = re.compile(
    rf"""(?:(?<![\w.$/"'-])[\w.$/-]++|"[^"]*+"|'[^']*+')[ \t]*+
         (?P<mark>:=|\?=|\+=|=>|==|=|{_TYPE}|:(?=[ \t"']))[ \t]*+
         (?P<value>{_QUOTED}|[^\s"'`,;{{}}()\[\]<>|\\]++)""",
    re.VERBOSE,
)
_STRINGS = re.compile(_QUOTED)
_ELEMENT = re.compile(r">([^<>]+)<")
_ITEM = re.compile(r"[ \t]*+-[ \t]++(?=\S)")


class Value(NamedTuple):
    """A value: where it stands, quotes included, and what it says."""

    span: Span
    text: str
    form: Form


def single_value(line: str) -> Value | str:
    """The value of `key: value`, `key=value`, a quoted text or a lone word; or why there is no single one."""
    assigned = [_assigned(found) for found in _ASSIGNED.finditer(line)]
    quoted = [_quoted(line, Span(*found.span())) for found in _STRINGS.finditer(line)]
    elements = [Value(Span(*found.span(1)), found[1], Form.BARE) for found in _ELEMENT.finditer(line)]
    for values in (assigned, quoted, elements, _words(line)):
        if len(values) == 1:
            return values[0]
        if values:
            return f"{len(values)} values of the line can be meant"
    return "the line holds no value"


def _assigned(found: re.Match[str]) -> Value:
    span = Span(*found.span("value"))
    if found["value"][0] in "\"'`":
        return _quoted(found.string, span)
    return Value(span, found["value"], Form.YAML if found["mark"] == ":" else Form.BARE)


def _quoted(line: str, span: Span) -> Value:
    return Value(span, line[span.start + 1 : span.end - 1], Form(line[span.start]))


def _words(line: str) -> list[Value]:
    """The words of a line; one behind a dash is an element of a list in YAML."""
    item = _ITEM.match(line)
    form = Form.YAML if item else Form.BARE
    words = re.finditer(r"\S++", line[item.end() if item else 0 :])
    by = item.end() if item else 0
    return [Value(Span(word.start() + by, word.end() + by), word[0], form) for word in words]
