"""The edit itself: where a value stands, what is written there, and the proof that nothing else changed.

The proof does not trust the splice: the edited file is parsed again, must say the same in every other node,
and must be the same text between the edited places, as the new parse finds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.edit.lookup import Found
from bot.domain.edit.scalar import STRING_TAG, is_string, is_text, plain, quoted
from bot.domain.edit.stream import Kind, Node, Stream, parse
from bot.domain.edit.text import LINE_BREAK
from bot.domain.errors import Malformed, Refused

_PROPERTIES = re.compile(r"(?:[&!]\S*+(?:\s++(?:#[^\r\n]*+)?)*)*")


class Made(NamedTuple):
    """What an edit makes of a node: its kind, and a scalar's text.

    A text must be one for every reader of YAML, unless it is marked as a plain word such as `true`.
    """

    kind: Kind
    text: str = ""
    anchor: str | None = None
    tag: str | None = None
    is_word: bool = False

    def is_like(self, node: Node) -> bool:
        """Whether a node that was read anew is the wanted one."""
        if (self.kind, self.anchor, self.tag) != (node.kind, node.anchor, node.tag):
            return False
        if self.kind is not Kind.SCALAR:
            return True
        return node.value == self.text and (not node.style if self.is_word else is_string(node))


@dataclass(frozen=True, slots=True)
class Edit:
    """`written` takes the place of the text from `start` to `end`; then `made` stands for the old `nodes`."""

    start: int
    end: int
    written: str
    nodes: range
    made: tuple[Made, ...]
    lead: str = ""
    """A blank that parts `written` from what stands before it, where there was no value."""
    is_part: bool = False
    """Whether `written` is only a part of what the node says."""

    @property
    def is_of_value(self) -> bool:
        """Whether one value is replaced by another."""
        return len(self.nodes) == len(self.made) == 1 and not self.is_part


def edit(stream: Stream, found: Found, text: str) -> Edit | None:
    """The edit after which the scalar that was found says the text; None where its layout allows none."""
    written = _written(stream, found, text)
    node = stream.nodes[found.index]
    return replacing(stream, found.index, written, (Made(Kind.SCALAR, text, node.anchor, node.tag),))


def replacing(stream: Stream, index: int, written: str, made: tuple[Made, ...]) -> Edit | None:
    """The edit that writes something in the place of a scalar; None where its layout allows none."""
    span = _span(stream, index)
    if span is None:
        return None
    start, end = span
    lead = " " if start == end and stream.text[start - 1] not in " \t" else ""
    return Edit(start, end, written, range(index, index + 1), made, lead)


def content_start(stream: Stream, index: int) -> int:
    """Where a node begins behind its anchor and tag."""
    node = stream.nodes[index]
    skipped = _PROPERTIES.match(stream.text, node.start) if node.anchor or node.tag else None
    return skipped.end() if skipped else node.start


def edited(stream: Stream, edits: Sequence[Edit]) -> bytes:
    """The file with the edits made, which stand at different places.

    Raises:
        Refused: the result could not be proved to differ in exactly these values.
    """
    ordered = sorted(edits, key=lambda one: (one.start, one.nodes.start))
    content = _spliced(stream, ordered)
    _prove(stream, content, ordered)
    return content


def _span(stream: Stream, index: int) -> tuple[int, int] | None:
    """Where the text of a scalar stands, quotes included; None where that is not one clear place.

    For an empty value it is the point at which a value would be written.
    """
    node, text = stream.nodes[index], stream.text
    start = min(content_start(stream, index), node.end)
    if not node.style and not node.value:
        return _empty_span(text, node)
    if node.style in {"|", ">"}:
        return _block_span(text, start, node)
    source = text[start : node.end]
    if node.style:
        return (start, node.end) if source[0] == node.style == source[-1] else None
    return (start, node.end) if source.split() == node.value.split() else None


def _empty_span(text: str, node: Node) -> tuple[int, int] | None:
    at = node.end
    if node.start == node.end and not text[:at].rstrip(" \t").endswith((":", "-")):
        return None
    is_padded = text[at : at + 1] == " " and text[at + 1 : at + 2] in {"", "\r", "\n"}
    return (at + 1, at + 1) if is_padded else (at, at)


def _block_span(text: str, start: int, node: Node) -> tuple[int, int] | None:
    """The one line of a block scalar; None when it has several lines or ends with a line break (no `-`)."""
    header = LINE_BREAK.search(text, start, node.end)
    body = text[header.end() : node.end] if header else ""
    if not header or not node.value or body.strip(" \r\n") != node.value:
        return None
    at = header.end() + len(body) - len(body.lstrip(" \r\n"))
    return at, at + len(node.value)


def _written(stream: Stream, found: Found, text: str) -> str:
    """The text as it is to stand in the file: in the author's quotes, or plain where that is safe."""
    node = stream.nodes[found.index]
    if node.style in {"|", ">"}:
        return text
    if node.style:
        return quoted(text, style=node.style)
    is_tagged = node.tag == STRING_TAG
    if stream.nodes[found.way[0]].style and not is_tagged and not is_text(node.value):
        # The document is in flow style as a whole, so it may be JSON, which has no plain texts.
        return quoted(text)
    is_in_flow = any(stream.nodes[index].style for index in found.way[:-1])
    return plain(text, is_tagged=is_tagged, may_hold_colon=not is_in_flow or ":" in node.value)


def _spliced(stream: Stream, edits: Sequence[Edit]) -> bytes:
    """The file with the edits made; they are in the order of the file and do not overlap."""
    pieces, at = [], 0
    for one in edits:
        pieces += [stream.text[at : one.start], one.lead, one.written]
        at = one.end
    return stream.bom + "".join([*pieces, stream.text[at:]]).encode()


def _prove(before: Stream, content: bytes, edits: Sequence[Edit]) -> None:
    """Refuse unless the edited file differs in exactly the edited values, read anew and independently."""
    try:
        after = parse(content)
    except (Malformed, Refused) as error:
        raise _unproved("the file could not be read any more") from error
    wanted = list(_wanted(before, edits))
    if len(after.nodes) != len(wanted):
        raise _unproved("the file would have other keys")
    for index, (want, node) in enumerate(zip(wanted, after.nodes, strict=True)):
        is_right = want.is_like(node) if isinstance(want, Made) else want.meaning == node.meaning
        if not is_right:
            raise _unproved(f"the value in line {after.line(index)} would not be the one that is wanted")
    spans = _new_spans(after, edits)
    gaps = _gaps(before.text, [(one.start, one.end) for one in edits], [one.lead for one in edits])
    if after.bom != before.bom or gaps != _gaps(after.text, spans, [""] * len(spans)):
        raise _unproved("more than the value would change")


def _wanted(before: Stream, edits: Sequence[Edit]) -> Iterator[Node | Made]:
    """The nodes that the edited file is to have."""
    at = 0
    for one in edits:
        yield from before.nodes[at : one.nodes.start]
        yield from one.made
        at = one.nodes.stop
    yield from before.nodes[at:]


def _new_spans(after: Stream, edits: Sequence[Edit]) -> list[tuple[int, int]]:
    """Where the edits stand now: values where the new parse finds them, what is new by its length."""
    spans, moved, shifted = [], 0, 0
    for one in edits:
        start = one.start + moved + len(one.lead)
        span = _span(after, one.nodes.start + shifted) if one.is_of_value else None
        spans.append(span or (start, start + len(one.written)))
        moved += len(one.lead) + len(one.written) - (one.end - one.start)
        shifted += len(one.made) - len(one.nodes)
    return spans


def _gaps(text: str, spans: Sequence[tuple[int, int]], leads: Sequence[str]) -> list[str]:
    """The texts between the spans; each ends with the blank that an edit puts there."""
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    bounds = zip([0, *ends], [*starts, len(text)], [*leads, ""], strict=True)
    return [text[begin:end] + lead for begin, end, lead in bounds]


def _unproved(why: str) -> Refused:
    return Refused(
        "the value is not changed",
        why=f"after the edit {why}",
        fix="write the value as `key: value` in one line, and report the layout",
    )
