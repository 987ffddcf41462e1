"""The one value of a line in a file of any language: what is assigned, or quoted, or stands there alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.domain.edit.passage import Form
from bot.domain.edit.text import Span

# Two quotes in a row are one that is escaped, so that the text does not end there.
_QUOTED = r""""[^"]*+"(?!")|'[^']*+'(?!')|`[^`]*+`"""
# What many languages put between a name and its value: `tag: str = "1.4"`, `TAG: &'static str = "1.4"`.
_TYPE = r":[ \t]*+&?(?:'\w++[ \t]++)?[A-Za-z_][\w.|]*+(?:[\[<][^\"'`=]{0,80}[\]>])?\??[ \t]*+=(?![=>])"
_ASSIGNED = re.compile(
    rf"""(?P<name>(?<![\w.$/"'-])[\w.$/-]++|"[^"]*+"|'[^']*+')[ \t]*+
         (?P<mark>:=|\?=|\+=|=>|==|=|{_TYPE}|:(?=[ \t"']))[ \t]*+
         (?P<value>{_QUOTED}|[^\s"'`,;{{}}()\[\]<>|\\]++)""",
    re.VERBOSE,
)
_STRINGS = re.compile(_QUOTED)
_ELEMENT = re.compile(r">([^<>]+)<")
_ITEM = re.compile(r"[ \t]*+-[ \t]++(?=\S)")
_NULLS = {"~", "null"}
_JSON = re.compile(r"null|true|false|-?[0-9][0-9.eE+-]*")
_OPEN, _CLOSED = "{{", "}}"
_MOST_BEFORE = 40


class Value(NamedTuple):
    """A value: where it stands, quotes included, and what it says."""

    span: Span
    text: str
    form: Form

    @property
    def unquoted(self) -> Value:
        """The same without the quotes that stand around it, which then are none of its own."""
        if self.span.end - self.span.start != len(self.text) + 2:
            return self
        return Value(Span(self.span.start + 1, self.span.end - 1), self.text, Form.BARE)


def single_value(line: str) -> Value | str:
    """The value of `key: value`, `key=value`, a quoted text or a lone word; or why there is no single one."""
    assigned = [value for _, value in _assignments(line)]
    quoted = [
        _quoted(line, Span(*found.span()))
        for found in _STRINGS.finditer(line)
        if not _is_argument(line, found.start())
    ]
    elements = [Value(Span(*found.span(1)), found[1], Form.BARE) for found in _ELEMENT.finditer(line)]
    for values in (assigned, quoted, elements, _words(line)):
        if len(values) == 1:
            return values[0]
        if values:
            return f"{len(values)} values of the line can be meant"
    return "the line holds no value"


def named_value(line: str, word: str) -> Value | None:
    """The one value whose name ends with a word, as `imageTag: 1.4` does with `tag`, if there is one."""
    named = [value for name, value in _assignments(line) if name.strip("\"'").lower().endswith(word)]
    return named[0] if len(named) == 1 else None


def _assignments(line: str) -> Iterator[tuple[str, Value]]:
    """The names of a line with the value of each; in a template only what is quoted is one."""
    for found in _ASSIGNED.finditer(line):
        span = Span(*found.span("value"))
        if found["value"][0] in "\"'`":
            yield found["name"], _quoted(line, span)
        elif not _is_in_template(line, span.start):
            form = _bare_form(found)
            is_null = form is not Form.BARE and found["value"] in _NULLS
            yield found["name"], Value(span, "" if is_null else found["value"], form)


def _bare_form(found: re.Match[str]) -> Form:
    """How a value without quotes is written anew: in them, where it is no text and the line may be JSON."""
    if found["mark"] != ":":
        return Form.BARE
    return Form.DOUBLE if found["name"][0] == '"' and _JSON.fullmatch(found["value"]) else Form.YAML


def _is_in_template(line: str, at: int) -> bool:
    """Whether a position is between `{{` and `}}`."""
    return line.rfind(_OPEN, 0, at) > line.rfind(_CLOSED, 0, at)


def _is_argument(line: str, at: int) -> bool:
    """Whether a text in a template is what a function takes, as in `env "TAG"`, and no value or default."""
    before = line[max(at - _MOST_BEFORE, 0) : at].rstrip(" \t(")
    return _is_in_template(line, at) and not before.endswith((_OPEN, f"{_OPEN}-", "=", "default"))


def _quoted(line: str, span: Span) -> Value:
    return Value(span, line[span.start + 1 : span.end - 1], Form(line[span.start]))


def _words(line: str) -> list[Value]:
    """The words of a line; one behind a dash is an element of a list in YAML."""
    item = _ITEM.match(line)
    form = Form.YAML if item else Form.BARE
    words = list(re.finditer(r"\S++", line[item.end() if item else 0 :]))
    by = item.end() if item else 0
    if len(words) == 1 and words[0][0].endswith((":", "=")):
        return []  # A name to which nothing is assigned.
    return [Value(Span(word.start() + by, word.end() + by), word[0], form) for word in words]
