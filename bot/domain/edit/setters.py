"""Values of a YAML file that the comments of Flux mark, so that a repository can be taken over as it is.

    image: ghcr.io/acme/web:1.4.2   # {"$imagepolicy": "flux-system:web"}
    tag: 1.4.2                      # {"$imagepolicy": "flux-system:web:tag"}

`:name` and `:digest` mark these parts alone; a comment may stand on the line above as well. All values that
are marked for a policy change together. https://fluxcd.io/flux/guides/image-update/ has the markers.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from bot.domain.edit.passage import Form, Passage, read_passages, write_passages
from bot.domain.edit.scalar import STRING_TAG, is_foreign
from bot.domain.edit.sealed import refuse_sealed_stream
from bot.domain.edit.spelling import Part
from bot.domain.edit.stream import Kind, Stream, parse
from bot.domain.edit.text import Span, Text, decoded, line_start, unproved
from bot.domain.errors import Malformed, NotFound, Refused
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import Setter

_KEY = "$imagepolicy"
_COMMENT = re.compile(r'#[ \t]*+(\{[^\r\n]*"\$imagepolicy"[^\r\n]*\})[ \t]*+(?=\r|\n|\Z)')
_AROUND = {Kind.DOCUMENT, Kind.MAPPING}
_MOST_COMMENTS = 10_000


class _Mark(NamedTuple):
    """A comment of Flux: for which policy (`namespace:name`), which part, and where it stands."""

    policy: str
    part: Part
    at: int


def read(content: bytes, place: Setter, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    return read_passages(_found(decoded(content), place), name)


def write(content: bytes, place: Setter, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    text = decoded(content)
    written = write_passages(text, lambda each: _found(each, place), ref, pin_digest=pin_digest)
    _prove(parse(content), parse(written), place)
    return written


def policies(content: bytes) -> tuple[str, ...]:
    """The policies for which a file has marks, each once, in the order of the file.

    Raises:
        Malformed, Refused: the file cannot be read, or a mark names an unknown part.
    """
    return tuple(dict.fromkeys(mark.policy for mark in _marks(decoded(content).text)))


def _marks(text: str) -> Iterator[_Mark]:
    for count, found in enumerate(_COMMENT.finditer(text)):
        if count >= _MOST_COMMENTS:
            raise Refused("the file has too many marks", why=f"at most {_MOST_COMMENTS:,} are read")
        try:
            value = json.loads(found[1]).get(_KEY)
        except ValueError:
            continue  # A comment that looks like a mark is none to Flux either.
        if not isinstance(value, str) or _is_in_comment(text, found.start()):
            continue
        namespace, _, rest = value.partition(":")
        name, _, words = rest.partition(":")
        if words and words not in {Part.TAG, Part.NAME, Part.DIGEST}:
            raise Malformed(
                f"the mark for {namespace}:{name} names the part {words[:40]!r}",
                fix="write tag, name or digest, or leave the part out",
            )
        yield _Mark(f"{namespace}:{name}", Part(words) if words else Part.REFERENCE, found.start())


def _is_in_comment(text: str, at: int) -> bool:
    """Whether the line was taken out by a `#` at its beginning, as people do; Flux does not read it then."""
    return text[line_start(text, at) : at].lstrip(" \t").startswith("#")


class _Scalars:
    """The single values of a file, in its order, and what each key leads to."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.values: list[int] = []
        self.of_key: dict[int, int] = {}
        for index, node in enumerate(stream.nodes):
            if node.kind is Kind.MAPPING:
                self.of_key.update(stream.entries(index))
                self.values += (value for _, value in stream.entries(index) if self._is_scalar(value))
            elif node.kind is Kind.SEQUENCE:
                self.values += filter(self._is_scalar, stream.children(index))
        self.values.sort()
        self._ends = [stream.nodes[value].end for value in self.values]
        self._starts = [node.start for node in stream.nodes]

    def marked(self, at: int) -> int | None:
        """The value that a comment marks: before it, or of the key before it, or of the key below."""
        text = self.stream.text
        if text[line_start(text, at) : at].strip(" \t"):
            before = bisect_right(self._ends, at) - 1
            is_next = before >= 0 and text[self._ends[before] : at].strip(" \t") in {"", ","}
            return self.values[before] if is_next else self._behind_key(at)
        below = bisect_right(self._starts, at)
        while below < len(self.stream.nodes) and self.stream.nodes[below].kind in _AROUND:
            below += 1
        if below == len(self.stream.nodes) or not self._is_line_below(at, below):
            return None
        value = self.of_key.get(below)
        return value if value is not None and self._is_scalar(value) else None

    def _behind_key(self, at: int) -> int | None:
        """The value below a comment that stands between it and its key."""
        key = bisect_right(self._starts, at) - 1
        value = self.of_key.get(key)
        is_next = self.stream.text[self.stream.nodes[key].end : at].strip(" \t") == ":"
        return value if value is not None and is_next and self._is_scalar(value) else None

    def is_text(self, at: int) -> bool:
        """Whether a position is inside a value, where a comment is none."""
        index = bisect_right(self._starts, at) - 1
        return index >= 0 and self._is_scalar(index) and at < self.stream.nodes[index].end

    def _is_line_below(self, at: int, index: int) -> bool:
        """Whether a key begins the next line that is no comment."""
        between = self.stream.text[at : self.stream.nodes[index].start]
        lines = between.replace("\r\n", "\n").replace("\r", "\n").split("\n")[1:]
        return (
            bool(lines)
            and not lines[-1].strip()
            and all(line.lstrip().startswith("#") for line in lines[:-1])
        )

    def _is_scalar(self, index: int) -> bool:
        return self.stream.nodes[index].kind is Kind.SCALAR


def _found(text: Text, place: Setter) -> list[Passage]:
    """The values that are marked for the policy."""
    stream = parse(text.text.encode())
    refuse_sealed_stream(stream)
    scalars = _Scalars(stream)
    marks = [mark for mark in _marks(text.text) if not scalars.is_text(mark.at)]
    found = [_passage(text, scalars, mark) for mark in marks if mark.policy == place.policy]
    if not found:
        others = ", ".join(sorted({mark.policy for mark in marks})[:8])
        raise NotFound(
            f"no value is marked for {place.policy}",
            why=f"the file has marks for {others}" if others else "the file has no marks of Flux",
            fix=f'write `# {{"{_KEY}": "{place.policy}"}}` behind the value',
        )
    return found


def _passage(text: Text, scalars: _Scalars, mark: _Mark) -> Passage:
    stream, index = scalars.stream, scalars.marked(mark.at)
    line = text.line(mark.at)
    if index is None:
        raise Refused(
            f"line {line} marks nothing",
            why="no single value stands before the mark, nor on the line below",
            fix="put the mark behind the value, and each entry of a mapping in braces on a line of its own",
        )
    node = stream.nodes[index]
    if node.style in {"|", ">"} or not (node.value or node.style):
        raise Refused(f"the value that line {line} marks is empty or a block", fix="write it in one line")
    if node.anchor is not None or is_foreign(node) or node.tag == STRING_TAG:
        raise Refused(f"the value that line {line} marks has an anchor or a tag", fix="take it away")
    form = Form(node.style) if node.style else Form.YAML
    return Passage(Span(node.start, node.end), mark.part, node.value, text.line(node.start), form)


def _prove(before: Stream, after: Stream, place: Setter) -> None:
    """Refuse unless the files say the same but for the values that are marked for the policy."""
    scalars = _Scalars(before)
    marked = {scalars.marked(mark.at) for mark in _marks(before.text) if mark.policy == place.policy}
    pairs = zip(before.nodes, after.nodes, strict=False)
    differ = {index for index, (old, new) in enumerate(pairs) if old.meaning != new.meaning}
    if len(before.nodes) != len(after.nodes) or not differ <= marked:
        raise unproved("another value would say something else")
