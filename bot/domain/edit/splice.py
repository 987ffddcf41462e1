"""The edit itself: where a value stands, what is written there, and the proof that nothing else changed.

The proof does not trust the splice: the edited file is parsed again, must say the same in every other node,
and must be the same text between the edited places, as the new parse finds them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.edit.lookup import Place
from bot.domain.edit.scalar import STRING_TAG, is_string, is_text, plain, quoted
from bot.domain.edit.stream import Node, Stream, parse
from bot.domain.errors import Malformed, Refused

_LINE_BREAK = re.compile(r"\r\n?|\n")
_PROPERTIES = re.compile(r"(?:[&!]\S*+(?:\s++(?:#[^\r\n]*+)?+)*+)*+")


@dataclass(frozen=True, slots=True)
class Edit:
    """`written` takes the place of the text from `start` to `end`; then the node at `index` says `text`."""

    index: int
    text: str
    start: int
    end: int
    written: str
    lead: str = ""
    """A blank that parts `written` from what stands before it, where there was no value."""


def edit(stream: Stream, place: Place, text: str) -> Edit | None:
    """The edit after which the scalar at the place says the text; None where its layout allows none."""
    span = _span(stream, place.index)
    if span is None:
        return None
    start, end = span
    lead = " " if start == end and stream.text[start - 1] not in " \t" else ""
    return Edit(place.index, text, start, end, _written(stream, place, text), lead)


def edited(stream: Stream, edits: Sequence[Edit]) -> bytes:
    """The file with the edits made, which stand at different places.

    Raises:
        Refused: the result could not be proved to differ in exactly these values.
    """
    ordered = sorted(edits, key=lambda one: one.start)
    content = _spliced(stream, ordered)
    _prove(stream, content, ordered)
    return content


def _span(stream: Stream, index: int) -> tuple[int, int] | None:
    """Where the text of a scalar stands, quotes included; None where that is not one clear place.

    For an empty value it is the point at which a value would be written.
    """
    node, text = stream.nodes[index], stream.text
    skipped = _PROPERTIES.match(text, node.start, node.end) if node.anchor or node.tag else None
    start = skipped.end() if skipped else node.start
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
    header = _LINE_BREAK.search(text, start, node.end)
    body = text[header.end() : node.end] if header else ""
    if not header or not node.value or body.strip(" \r\n") != node.value:
        return None
    at = header.end() + len(body) - len(body.lstrip(" \r\n"))
    return at, at + len(node.value)


def _written(stream: Stream, place: Place, text: str) -> str:
    """The text as it is to stand in the file: in the author's quotes, or plain where that is safe."""
    node = stream.nodes[place.index]
    if node.style in {"|", ">"}:
        return text
    if node.style:
        return quoted(text, style=node.style)
    is_tagged = node.tag == STRING_TAG
    if stream.nodes[place.way[0]].style and not is_tagged and not is_text(node.value):
        # The document is in flow style as a whole, so it may be JSON, which has no plain texts.
        return quoted(text)
    is_in_flow = any(stream.nodes[index].style for index in place.way[:-1])
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
    texts = {one.index: one.text for one in edits}
    if len(after.nodes) != len(before.nodes):
        raise _unproved("the file would have other keys")
    for index, (old, new) in enumerate(zip(before.nodes, after.nodes, strict=True)):
        if not (_is_edited(old, new, texts[index]) if index in texts else old.meaning == new.meaning):
            raise _unproved(f"the value in line {after.line(index)} would not be the one that is wanted")
    spans = [_span(after, one.index) for one in edits]
    kept = [span for span in spans if span is not None]
    leads = [one.lead for one in edits]
    gaps = _gaps(before.text, [(one.start, one.end) for one in edits], leads)
    if after.bom != before.bom or gaps != _gaps(after.text, kept, [""] * len(kept)):
        raise _unproved("more than the value would change")


def _is_edited(old: Node, new: Node, text: str) -> bool:
    same = (old.kind, old.anchor, old.tag) == (new.kind, new.anchor, new.tag)
    return same and new.value == text and is_string(new)


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
