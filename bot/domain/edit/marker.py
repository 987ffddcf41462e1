"""Lines of any text file that a comment marks: helmfiles, Dockerfiles, scripts, templates of them.

    tag: 1.4.2                       # tagboat: web           the value of the line: tag, digest or reference
    ARG VERSION=1.4.2                                         a comment of its own marks the line below
    image: ghcr.io/acme/web:1.4.2    # tagboat: web:tag       only this part of the value

`#`, `//`, `;`, `--`, `%`, `/* */`, `<!-- -->`, `{{/* */}}` and `{# #}` begin a comment. The part is `tag`,
`digest`, `name` or `reference`. A line must hold exactly one value that can be meant, or one whose name ends
with the part; all lines that are marked for an image change together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.edit.line_value import Value, named_value, single_value
from bot.domain.edit.passage import Form, Passage, read_passages, write_passages
from bot.domain.edit.sealed import refuse_sealed_text
from bot.domain.edit.spelling import Part
from bot.domain.edit.text import Span, Text, decoded, line_end, line_start
from bot.domain.errors import Malformed, NotFound, Refused
from bot.domain.image import ImageName, ImageRef, is_digest, parse_image_ref
from bot.domain.place import Marker

_WORD = "tagboat:"
_MARK = re.compile(
    r"(?:\{\{-?[ \t]*/\*|\{#|<!--|/\*|//|--|[#;%])[ \t]*tagboat:[ \t]*(?P<name>[\w.-]+)(?::(?P<part>[\w-]*))?"
    r"[ \t]*(?:\*/[ \t]*-?\}\}|\*/|-->|#\})?[ \t]*\Z",
    re.ASCII,
)
_SCHEME = "[a-z][a-z0-9+.-]*+://"
_TOKEN = re.compile(rf"(?<![\w./:@-])(?:{_SCHEME}|(?!{_SCHEME}))(?P<ref>[A-Za-z0-9][\w.:/@-]*+)", re.ASCII)
_BEHIND = re.compile(
    r"(?:\$[A-Za-z_]\w*+|[})])(?P<path>(?:/[\w.-]++)+):(?P<tag>[0-9A-Za-z_][\w.@:-]*+)(?![/{$])", re.ASCII
)
_DIGEST = re.compile(r"(?<![0-9A-Za-z])(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})(?![0-9a-zA-Z])")
_LONGEST_LINE = 10_000
_MOST_MARKS = 1_000


class _Line(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """A marker: for which image, which part, and the span of the text that it marks."""

    name: str
    part: Part | None
    span: Span


def read(content: bytes, place: Marker, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    text = _opened(content)
    return read_passages(_found(text, place, name), name)


def write(content: bytes, place: Marker, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    text = _opened(content)
    return write_passages(text, lambda each: _found(each, place, ref.name), ref, pin_digest=pin_digest)


def marked_names(content: bytes) -> tuple[str, ...]:
    """The names for which a file has markers, each once, in the order of the file.

    Raises:
        Malformed, Refused: the file cannot be read.
    """
    return tuple(dict.fromkeys(mark.name for mark in _marks(decoded(content))))


def _opened(content: bytes) -> Text:
    text = decoded(content)
    refuse_sealed_text(text)
    return text


def _found(text: Text, place: Marker, name: ImageName) -> list[Passage]:
    marks = list(_marks(text))
    found = {
        each.span: each for mark in marks if mark.name == place.name for each in [_value(text, mark, name)]
    }
    if not found:
        others = ", ".join(sorted({mark.name for mark in marks})[:8])
        raise NotFound(
            f"no line is marked for {place.name}",
            why=f"the file has markers for {others}" if others else "the file has no markers",
            fix=f"write `# tagboat: {place.name}` at the end of the line, or on the line above",
        )
    return list(found.values())


def _marks(text: Text) -> Iterator[_Mark]:
    """Every marker of the file. A comment that only speaks of Tagboat is none."""
    at, count = text.text.find(_WORD), 0
    while at >= 0:
        line = _line_at(text, at)
        mark = _MARK.search(text.text[line.start : line.end])
        if mark:
            count += 1
            if count > _MOST_MARKS:
                raise Refused("the file has too many markers", why=f"at most {_MOST_MARKS:,} are read")
            yield _mark(text, line, mark)
        at = text.text.find(_WORD, line.end)


def _mark(text: Text, line: _Line, found: re.Match[str]) -> _Mark:
    words = found["part"]
    if words is not None and words not in set(Part):
        raise Malformed(
            f"line {text.line(line.start)} marks {words[:40]!r}",
            why="that is no part of an image",
            fix=f"write {found['name']}:tag, :digest, :name or :reference",
        )
    before = Span(line.start, line.start + found.start())
    is_alone = not text.text[before.start : before.end].strip()
    span = _next(text, line) if is_alone else before
    return _Mark(found["name"], Part(words) if words else None, span)


def _next(text: Text, line: _Line) -> Span:
    """What the line below holds, without its own marker; markers may be stacked."""
    while True:
        after = text.text[line.end : line.end + 2]
        begin = line.end + (2 if after == "\r\n" else len(after[:1]))
        if begin == line.end:
            return Span(line.end, line.end)
        line = _line_at(text, begin)
        own = _MARK.search(text.text[line.start : line.end])
        end = line.start + own.start() if own else line.end
        if not own or text.text[line.start : end].strip():
            return Span(line.start, end)


def _line_at(text: Text, position: int) -> _Line:
    source = text.text
    start, end = line_start(source, position), line_end(source, position)
    if end - start > _LONGEST_LINE:
        raise Refused(
            f"line {text.line(position)} is marked and too long",
            why=f"at most {_LONGEST_LINE:,} characters are read",
            fix="break the line",
        )
    return _Line(start, end)


def _value(text: Text, mark: _Mark, name: ImageName) -> Passage:
    """The one value that the marker can mean."""
    source = text.text[mark.span.start : mark.span.end]
    return _meant(source, mark.part, name, text.line(mark.span.start)).moved(mark.span.start)


def _meant(source: str, part: Part | None, name: ImageName, line: int) -> _Inner:
    """What a marked text says of the image: a reference or digest, or else a value that can be meant."""
    spans = _spans(source, part, name)
    if len(spans) == 1:
        return _inside(source, spans[0], part, line)
    behind = _tags_behind(source, name) if part is Part.TAG and not spans else []
    if len(behind) == 1:
        return _Inner(behind[0], Part.TAG, line)
    named = named_value(source, part) if part in {Part.TAG, Part.DIGEST} else None
    if spans and not named:
        raise _ambiguous(line, f"{len(spans)} values of the line can be meant")
    if part is Part.TAG and not named and _named(source, name):
        raise _ambiguous(line, "the reference has no tag")
    value = named or single_value(source)
    if isinstance(value, str):
        raise _ambiguous(line, value)
    told = part or (Part.DIGEST if is_digest(value.text) else Part.TAG)
    return _Inner(value.unquoted if part is Part.DIGEST else value, told, line)


def _spans(source: str, part: Part | None, name: ImageName) -> list[Span]:
    """The references to the image that have the part; for a digest, the digests."""
    if part is Part.DIGEST:
        return [Span(*each.span()) for each in _DIGEST.finditer(source)]
    spans = _named(source, name)
    return [each for each in spans if _tag_at(source, each)] if part is Part.TAG else spans


@dataclass(frozen=True, slots=True)
class _Inner:
    """A value with its place in the marked text."""

    value: Value
    part: Part
    line: int

    def moved(self, by: int) -> Passage:
        """The same, with its place in the file."""
        start, end = self.value.span
        return Passage(Span(start + by, end + by), self.part, self.value.text, self.line, self.value.form)


def _named(source: str, name: ImageName) -> list[Span]:
    """References to the image: those with a tag or digest, or else those without."""
    full: list[Span] = []
    bare: list[Span] = []
    for token in _TOKEN.finditer(source):
        written = token["ref"].rstrip(".:/@-")
        span = Span(token.start("ref"), token.start("ref") + len(written))
        try:
            ref = parse_image_ref(written)
        except ValueError:
            continue  # Most words of a line are no references.
        if ref.name == name:
            (full if ref.tag or ref.digest else bare).append(span)
    return full or bare


def _tags_behind(source: str, name: ImageName) -> list[Value]:
    """Tags of references to the image whose beginning is a variable or a template."""
    return [
        Value(Span(*found.span("tag")), found["tag"], Form.BARE)
        for found in _BEHIND.finditer(source)
        if f"/{name}".endswith(found["path"])
    ]


def _inside(source: str, span: Span, part: Part | None, line: int) -> _Inner:
    """The part of a reference that is meant; the whole of it where the marker names none."""
    written = source[slice(*span)]
    tag_at = _tag_at(source, span)
    inner = span
    if part is Part.NAME:
        name = written.partition("@")[0]
        inner = Span(span.start, tag_at - 1 if tag_at else span.start + len(name))
    elif part is Part.TAG:
        inner = Span(tag_at, span.end)
    elif part is None and not tag_at and "@" not in written:
        raise _ambiguous(line, "it holds a name alone, which may be a reference too")
    return _Inner(Value(inner, source[slice(*inner)], Form.BARE), part or Part.REFERENCE, line)


def _tag_at(source: str, span: Span) -> int:
    """Where the tag of a reference begins; 0 where it has none."""
    head, colon, tag = source[slice(*span)].partition("@")[0].rpartition(":")
    return span.start + len(head) + 1 if colon and "/" not in tag else 0


def _ambiguous(line: int, why: str) -> Refused:
    return Refused(
        f"line {line} is marked, and it is not clear for which value",
        why=why,
        fix="write the value alone on a line, or name the part: :tag, :digest, :name or :reference",
    )
