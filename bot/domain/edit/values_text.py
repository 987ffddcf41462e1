"""Helm values as a text in another file: `values: |` of an Argo CD source.

The text is read as the file that it is, edited there and proved; then the same edits are made where its
characters stand in the outer file, which is proved to say the edited text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.lookup import Missing, Scope, find, not_found
from bot.domain.edit.splice import Edit, Made, content_start
from bot.domain.edit.stream import Kind, Stream
from bot.domain.edit.values import Changes, Values
from bot.domain.errors import Malformed, Refused

_BREAK = re.compile(r"\r\n?|\n")
_SHOWN = re.compile(r"\S")


@dataclass(frozen=True, slots=True)
class ValuesText:
    """A text in a file: `values` is the text as a file of its own, `index` the node that holds it."""

    outer: Values
    index: int
    values: Values

    def replaced(self, texts: Sequence[tuple[KeyPath, str]]) -> bytes:
        """The outer file with these texts at these paths of the inner one; see `Values.changed`."""
        edits = sorted(self.values.edits(Changes(texts)), key=lambda one: (one.start, one.nodes.start))
        if not edits:
            return self.outer.content
        inner = self.values.made(edits).decode()
        node = self.outer.stream.nodes[self.index]
        at = _literal if node.style == "|" else _folded
        moved = at(self.outer.stream, self.index, edits)
        first = (Made(Kind.SCALAR, inner, node.anchor, node.tag),)
        behind = self.index + 1
        whole = [
            Edit(
                start=start,
                end=end,
                written=written,
                nodes=range(behind, behind) if number else range(self.index, behind),
                made=() if number else first,
                is_part=True,
            )
            for number, (start, end, written) in enumerate(moved)
        ]
        return self.outer.made(whole)


def opened(outer: Values, path: KeyPath) -> ValuesText:
    """The values that stand as a text at a path.

    Raises:
        NotFound: there is no such text.
        Malformed: the text is no YAML.
        Refused: it is written in another way than as a block (`values: |`).
    """
    found = find(outer.stream, path, outer.scope)
    if isinstance(found, Missing):
        raise not_found(outer.stream, path, found)
    node, line = outer.stream.nodes[found.index], outer.stream.line(found.index)
    if node.kind is not Kind.SCALAR or node.style not in {"|", ">"} or not node.value:
        raise Refused(
            f"`{path}` cannot be edited",
            why=f"what stands in line {line} is no block of lines",
            fix="write the values as `values: |` with the keys below, or as `valuesObject`",
        )
    try:
        inner = Values.parse(node.value.encode(), Scope(creates=outer.scope.creates))
    except Malformed as error:
        raise Malformed(f"the text in line {line}: {error.what}", why=error.why, fix=error.fix) from error
    return ValuesText(outer, found.index, inner)


def _body(stream: Stream, index: int) -> int:
    """Where the lines of a block begin."""
    header = _BREAK.search(stream.text, content_start(stream, index), stream.nodes[index].end)
    return header.end() if header else stream.nodes[index].end


def _literal(stream: Stream, index: int, edits: Sequence[Edit]) -> list[tuple[int, int, str]]:
    """Edits of a literal block: each line of the text is a line of the file, behind the indentation."""
    node, start = stream.nodes[index], _body(stream, index)
    lines, starts, indentation, at = node.value.split("\n"), [], 0, start
    for line in lines:
        found = _BREAK.search(stream.text, at)
        end = found.start() if found else len(stream.text)
        blanks = max(end - at - len(line), 0)
        starts.append(at + blanks)
        indentation = indentation or (blanks if line else 0)
        at = found.end() if found else end

    def moved(position: int) -> int:
        number = node.value.count("\n", 0, position)
        return starts[number] + position - (node.value.rfind("\n", 0, position) + 1)

    found = _BREAK.search(stream.text)
    margin = (found[0] if found else "\n") + " " * indentation
    return [(moved(one.start), moved(one.end), one.lead + one.written.replace("\n", margin)) for one in edits]


def _folded(stream: Stream, index: int, edits: Sequence[Edit]) -> list[tuple[int, int, str]]:
    """Edits of a folded block: only blanks and line breaks are not where they are in the text."""
    node, start = stream.nodes[index], _body(stream, index)
    shown = [found.start() for found in _SHOWN.finditer(stream.text, start, node.end)]
    order = {found.start(): number for number, found in enumerate(_SHOWN.finditer(node.value))}
    moved = []
    for one in edits:
        if one.start not in order or one.end - 1 not in order or "\n" in one.written:
            raise Refused(
                f"the folded text in line {stream.line(index)} is not changed",
                why="a key would be added to it, or a value that is empty filled",
                fix="write it as a literal block (`|`), or add the key by hand",
            )
        moved.append((shown[order[one.start]], shown[order[one.end - 1]] + 1, one.written))
    return moved
