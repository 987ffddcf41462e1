"""One YAML file takes the place of another, and some values stay what they were in that other one.

Whatever stands at a kept key is carried over as it is written: a text, a list, a whole mapping. A key that
only the old file has is put behind the others of its mapping; one that only the new file has is left out. The
result is proved: read again, it must say the old thing at these keys, and the new thing everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bot.domain.edit.entry import Entry, element_at, entry_at
from bot.domain.edit.keypath import Key, KeyPath
from bot.domain.edit.lookup import Found, Missing, find
from bot.domain.edit.meaning import Meant, documents, meanings
from bot.domain.edit.sealed import refuse_sealed_stream
from bot.domain.edit.stream import Kind, Stream, parse
from bot.domain.edit.text import LINE_BREAK, line_break, line_end, line_start
from bot.domain.errors import Malformed, Refused

_INDENT = 2


@dataclass(frozen=True, slots=True)
class _Splice:
    """`text` takes the place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def keep_values(content: bytes, old: bytes, paths: Sequence[KeyPath]) -> bytes:
    """The YAML file `content`, but with what `old` has at these paths; all else byte for byte.

    Raises:
        Malformed: a file is no YAML.
        Refused: a value cannot be carried over by itself, SOPS has sealed a file that would change, or the
            result could not be proved.
    """
    if content == old or not paths:
        return content
    with _with_a_way_out():
        before = parse(old)
    for path in _outermost(paths):
        with _with_a_way_out():
            after = parse(content)
        content = _Keeping(after, before, path).kept(content)
    return content


@contextmanager
def _with_a_way_out() -> Iterator[None]:
    """What the editor advises is about writing images; who keeps a key has another way out."""
    try:
        yield
    except (Malformed, Refused) as error:
        fix = "keep the whole file, or name only files in which the key is one value"
        raise type(error)(error.what, why=error.why, fix=fix) from error


def _outermost(paths: Sequence[KeyPath]) -> list[KeyPath]:
    """The paths, each once, without those that lead into the value of another one."""
    unique = list(dict.fromkeys(paths))
    return [path for path in unique if not any(_leads_into(other, path) for other in unique)]


def _leads_into(outer: KeyPath, inner: KeyPath) -> bool:
    return outer != inner and inner.steps[: len(outer.steps)] == outer.steps


@dataclass(frozen=True, slots=True)
class _Keeping:
    """One path of two files: `after` is the file to be, `before` the one whose value is kept."""

    after: Stream
    before: Stream
    path: KeyPath

    def kept(self, content: bytes) -> bytes:
        """The bytes of the file to be, which are `content` where nothing is to be carried over."""
        with _with_a_way_out():
            there, here = find(self.before, self.path), find(self.after, self.path)
        if isinstance(there, Found):
            self._refuse_shared(self.before, there)
        if isinstance(here, Found):
            self._refuse_shared(self.after, here)
        if isinstance(there, Missing):
            return content if isinstance(here, Missing) else self._dropped(here)
        if isinstance(here, Missing):
            return self._added(here, there)
        expected, own = meanings(self.after), meanings(self.before)[there.index]
        if expected[here.index] == own:
            return content
        expected[here.index].become(own)
        new = self._entry(self.after, here)
        text = self._carried(self._entry(self.before, there), new.column)
        return self._proved(_Splice(new.colon, new.end, text), expected)

    def _added(self, found: Missing, there: Found) -> bytes:
        """The entry is put behind the last one of its mapping, inside those mappings that are missing."""
        steps = self.path.steps[found.depth :]
        if not self.after.nodes or not all(isinstance(step, Key) for step in steps):
            raise self._refused("nothing in the copied file could hold it", "add the key to it upstream")
        expected = meanings(self.after)
        parent = expected[found.index]
        self._expect_added(parent, there, len(steps))
        if parent.kind is not Kind.MAPPING:
            raise self._refused("the copied file has one value above it", "write a mapping there upstream")
        entries = list(self.after.entries(found.index)) if self._is_mapping(found.index) else []
        if entries and not self.after.nodes[found.index].style:
            last = self._entry_at(self.after, *entries[-1])
            at = line_end(self.after.text, last.end)
            return self._proved(_Splice(at, at, self._lines(there, last.column, len(steps))), expected)
        if entries:
            raise self._refused("the copied file has a mapping in { } above it", "add the key to it upstream")
        above = self._above(found)
        lines = self._lines(there, above.column + _INDENT, len(steps))
        return self._proved(_Splice(above.colon, above.end, lines), expected)

    def _expect_added(self, parent: Meant, there: Found, depth: int) -> None:
        """Let the parent say the entry too, with each mapping around it that is not there."""
        own = meanings(self.before)
        if parent.kind is Kind.SCALAR and parent.is_plain and not parent.value.strip("~"):
            parent.become(Meant(Kind.MAPPING))
        for at in there.way[-depth:]:
            mapping = there.way[there.way.index(at) - 1]
            key = next(key for key, value in self.before.entries(mapping) if value == at)
            is_last = at == there.index
            made = own[at] if is_last else Meant(Kind.MAPPING)
            parent.children += [own[key], made]
            parent = made

    def _above(self, found: Missing) -> Entry:
        """The entry whose empty value makes room for the missing mapping."""
        outer = find(self.after, KeyPath(self.path.steps[: found.depth])) if found.depth else found
        if isinstance(outer, Missing):
            raise self._refused("the copied file says nothing", "add the key to it upstream")
        return self._entry(self.after, outer)

    def _is_mapping(self, index: int) -> bool:
        return self.after.nodes[index].kind is Kind.MAPPING

    def _lines(self, there: Found, column: int, depth: int) -> str:
        """The lines of the entry, and of the last `depth` keys that lead to it, from this column on."""
        text = ""
        for above in range(depth, 0, -1):
            place = Found(there.way[: len(there.way) - above + 1])
            entry = self._entry(self.before, place)
            text += (
                f"{line_break(self.after.text)}{' ' * column}{self.before.text[entry.start : entry.colon]}"
            )
            text += self._carried(entry, column) if above == 1 else ""
            column += _INDENT
        return text

    def _dropped(self, here: Found) -> bytes:
        """The file to be loses an entry that the old one does not have."""
        if not isinstance(self.path.steps[-1], Key):
            raise self._refused("the environment's own file has no such element", "add it, or keep the list")
        text, mapping = self.after.text, here.way[-2]
        expected = meanings(self.after)
        parent = expected[mapping]
        at = next(n for n, one in enumerate(parent.children) if one is expected[here.index])
        del parent.children[at - 1 : at + 1]
        entries = [self._entry_at(self.after, *entry) for entry in self.after.entries(mapping)]
        gone = entries[at // 2]
        if self.after.nodes[mapping].style:
            return self._proved(_flow_gap(entries, at // 2), expected)
        if len(entries) == 1:
            if len(here.way) < 3:
                raise self._refused("nothing else is in the copied file", "keep the whole file")
            above = self._entry(self.after, Found(here.way[:-1]))
            return self._proved(_Splice(above.colon, above.end, " {}"), expected)
        start = line_start(text, gone.start)
        if text[start : gone.start].strip(" "):
            raise self._refused("its key shares a line with something else", "write it on a line of its own")
        end = line_end(text, gone.end)
        found = LINE_BREAK.match(text, end)
        return self._proved(_Splice(start, found.end() if found else end, ""), expected)

    def _entry(self, stream: Stream, place: Found) -> Entry:
        mapping, index = place.way[-2], place.index
        if stream.nodes[mapping].kind is Kind.MAPPING:
            key = next(key for key, value in stream.entries(mapping) if value == index)
            return self._entry_at(stream, key, index)
        return element_at(stream, index)

    def _entry_at(self, stream: Stream, key: int, value: int) -> Entry:
        entry = entry_at(stream, key, value)
        if entry is None:
            raise self._refused(f"line {stream.line(key)} has a key that is no text", "write `key: value`")
        return entry

    def _carried(self, entry: Entry, column: int) -> str:
        """What the old file says behind the colon, moved to another column."""
        return line_break(self.after.text).join(entry.lines(self.before.text, column))

    def _proved(self, splice: _Splice, expected: dict[int, Meant]) -> bytes:
        with _with_a_way_out():
            refuse_sealed_stream(self.before)
            refuse_sealed_stream(self.after)
        text = self.after.text
        content = self.after.bom + (text[: splice.start] + splice.text + text[splice.end :]).encode()
        try:
            found = parse(content)
        except (Malformed, Refused) as error:
            raise self._refused("the copied file could not be read any more", "lay both out alike") from error
        if documents(found, meanings(found)) != documents(self.after, expected):
            raise self._refused("the copied file would say something else", "lay both files out alike")
        return content

    def _refuse_shared(self, stream: Stream, place: Found) -> None:
        """An alias means nothing without its anchor, and the other way round."""
        for index in range(place.index, stream.after[place.index]):
            node = stream.nodes[index]
            if node.anchor is not None:
                why = f"line {stream.line(index)} has the anchor or alias {node.anchor[:80]}"
                raise self._refused(why, "write the value out")

    def _refused(self, why: str, fix: str) -> Refused:
        return Refused(f"`{self.path}` is not kept by itself", why=why, fix=fix)


def _flow_gap(entries: Sequence[Entry], at: int) -> _Splice:
    """What goes with an entry of a mapping in { }: the comma behind it, or the one before."""
    if at + 1 < len(entries):
        return _Splice(entries[at].start, entries[at + 1].start, "")
    return _Splice(entries[at - 1].end if at else entries[at].start, entries[at].end, "")
