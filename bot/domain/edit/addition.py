"""Keys that are not in a YAML file yet: where they go, and how they are written there.

What is new stands behind its last sibling, in the file's own indentation, line ends and style of lists.
Nothing is moved: an addition is text put between what is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.edit.layout import Layout, Lines, Tree
from bot.domain.edit.scalar import is_null
from bot.domain.edit.splice import Edit, Made, content_start, replacing
from bot.domain.edit.stream import Kind, Stream
from bot.domain.edit.text import LINE_BREAK
from bot.domain.edit.wish import Wish, entries_made, made_of, trees
from bot.domain.errors import Refused

_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_BLOCK_REST = re.compile(r"[-+0-9]*[ \t]*(?:(?<=[ \t])#[^\r\n]*)?(?=[\r\n]|\Z)")
_APART = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n?+|\n)[ \t]*[\r\n]")
_FLOW_REST = re.compile(r"[ \t]*(,)?[ \t]*(?:#[^\r\n]*)?(?=[\r\n])")


def additions(stream: Stream, wishes: Sequence[Wish]) -> list[Edit]:
    """The edits that add what is wished for.

    Raises:
        Refused: there is no sound place for it.
    """
    addition = _Addition(stream)
    return [edit for index, tree in trees(wishes).items() for edit in addition.edits(index, tree)]


def filled_by_lines(stream: Stream, index: int, lines: Lines) -> list[Edit]:
    """The edits after which a value that says nothing is a block of these lines.

    Raises:
        Refused: there is no sound place for it.
    """
    return _Addition(stream).block(index, lines)


class _Addition:
    """Adds to one file."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._text = stream.text
        self._layout = Layout(stream)

    def edits(self, index: int, tree: Tree) -> list[Edit]:
        """The edits that put the tree below a node."""
        if not self._stream.nodes:
            made = (Made(Kind.DOCUMENT), *made_of(tree), Made(Kind.END))
            return [self._at_the_end(tree, range(0), made)]
        node = self._stream.nodes[index]
        if is_null(node):
            return [self._filled(index, tree)]
        wanted = Kind.MAPPING if isinstance(tree, dict) else Kind.SEQUENCE
        if node.kind is not wanted:
            what = "a mapping" if wanted is Kind.MAPPING else "a list"
            raise self._refused(index, f"there is no room for {what} there")
        if not list(self._stream.children(index)):
            return [self._into_empty_flow(index, tree)]
        return self._behind_last_in_flow(index, tree) if node.style else [self._behind_last(index, tree)]

    def block(self, index: int, lines: Lines) -> list[Edit]:
        """A value that says nothing becomes a block of lines, or a text in quotes inside { } and [ ]."""
        stream, node = self._stream, self._stream.nodes[index]
        made = (Made(Kind.SCALAR, lines.text, node.anchor, node.tag),)
        parent = stream.way(index)[-2]
        key = next((key for key, value in stream.entries(parent) if value == index), parent)
        is_block = stream.nodes[parent].kind is Kind.MAPPING and not stream.nodes[parent].style
        head = replacing(stream, index, "|" if is_block else self._layout.flow(lines), made)
        if node.style in {"|", ">"}:
            at = content_start(stream, index)
            head = Edit(at, at + 1, node.style, range(index, index + 1), made)
        if head is None:
            raise self._refused(index, "its layout leaves no place for a value")
        if not is_block:
            return [head]
        rest = _BLOCK_REST.match(self._text, head.end)
        if rest is None:
            raise self._refused(index, "something else stands in its line")
        column = self._layout.column(stream.nodes[key].start) + self._layout.step
        below = self._layout.below(self._layout.text(lines, column)) + self._ended(rest.end(), made)
        tail = Edit(rest.end(), rest.end(), below, range(index + 1, index + 1), ())
        return [replace(head, is_part=True), tail]

    def _at_the_end(self, tree: Tree, nodes: range, made: tuple[Made, ...]) -> Edit:
        lead = self._layout.line_break if self._text and not self._text.endswith(("\n", "\r")) else ""
        written = lead + "".join(line + self._layout.line_break for line in self._layout.block(tree, 0))
        return Edit(len(self._text), len(self._text), written, nodes, made)

    def _filled(self, index: int, tree: Tree) -> Edit:
        """A value that says nothing becomes a mapping or list."""
        stream, node = self._stream, self._stream.nodes[index]
        made, nodes = tuple(made_of(tree, node.anchor)), range(index, index + 1)
        way = stream.way(index)
        if len(way) == 1:
            return self._at_the_end(tree, nodes, made)
        rest = _REST.match(self._text, node.end)
        parent = way[-2]
        is_block = stream.nodes[parent].kind is Kind.MAPPING and not stream.nodes[parent].style
        if is_block and not node.value and rest:
            key = next(key for key, value in stream.entries(parent) if value == index)
            step = self._layout.step if isinstance(tree, dict) else self._layout.dash
            lines = self._layout.behind(tree, self._layout.column(stream.nodes[key].start) + step)
            return Edit(rest.end(), rest.end(), lines + self._ended(rest.end(), made), nodes, made)
        edit = replacing(stream, index, self._layout.flow(tree), made)
        if edit is None:
            raise self._refused(index, "its layout leaves no place for a value")
        return edit

    def _behind_last(self, index: int, tree: Tree) -> Edit:
        """New lines behind the last entry of a mapping or list in block style."""
        children = list(self._stream.children(index))
        lines = self._more(children, tree, self._layout.entry_column(index))
        nodes, made = self._end(index), tuple(entries_made(tree))
        end = self._content_end(children[-1])
        if end and self._text[end - 1] in "\r\n":
            return Edit(end, end, "".join(line + self._layout.line_break for line in lines), nodes, made)
        rest = _REST.match(self._text, end)
        if rest is None:
            raise self._refused(index, "something else stands in the line of its last entry")
        written = self._layout.below(lines) + self._ended(rest.end(), made)
        return Edit(rest.end(), rest.end(), written, nodes, made)

    def _more(self, children: Sequence[int], tree: Tree, column: int) -> list[str]:
        """The lines of more entries; elements are laid out as the last one, blank line above it included."""
        if not isinstance(tree, list):
            return self._layout.block(tree, column)
        lines = self._layout.elements(tree, children, column)
        is_apart = len(children) > 1 and _APART.match(self._text, self._content_end(children[-2]))
        return ["", *lines] if is_apart else lines

    def _into_empty_flow(self, index: int, tree: Tree) -> Edit:
        at = content_start(self._stream, index) + 1
        inside = self._text[at : self._stream.nodes[self._stream.after[index] - 1].start]
        lead = " " if inside and not inside.strip(" ") else ""
        written = lead + self._layout.flow(tree)[1:-1]
        return Edit(at, at, written, self._end(index), tuple(entries_made(tree)))

    def _behind_last_in_flow(self, index: int, tree: Tree) -> list[Edit]:
        """An entry in { } or [ ]: on a line of its own where the last one has that."""
        children = list(self._stream.children(index))
        first_of_last = children[-2] if isinstance(tree, dict) else children[-1]
        end, nodes, made = self._content_end(children[-1]), self._end(index), tuple(entries_made(tree))
        written = self._layout.flow(tree)[1:-1]
        start = self._stream.nodes[first_of_last].start
        line = self._text[self._layout.line_start(start) : start]
        rest = _FLOW_REST.match(self._text, end)
        if line.strip() or rest is None:
            comma = "," if self._is_compact(children) else ", "
            return [Edit(end, end, comma + written, nodes, made)]
        separated = [] if rest[1] else [Edit(end, end, ",", range(nodes.start, nodes.start), ())]
        lines = self._layout.line_break + line + written + (rest[1] or "")
        return [*separated, Edit(rest.end(), rest.end(), lines, nodes, made)]

    def _is_compact(self, children: Sequence[int]) -> bool:
        """Whether entries follow each other with no blank between them, as programs write JSON."""
        nodes, ends = self._stream.nodes, [self._content_end(child) for child in children[:-1]]
        gaps = [self._text[end : nodes[child].start] for end, child in zip(ends, children[1:], strict=True)]
        commas = [gap for gap in gaps if gap.strip() == ","]
        return bool(commas) and all(gap == "," for gap in commas)

    def _ended(self, at: int, made: Sequence[Made]) -> str:
        """The line break that a block of lines needs which is the last of a file that ends without one."""
        texts = [each.text for each in made if each.kind is Kind.SCALAR]
        is_block_last = at == len(self._text) and bool(texts) and texts[-1].endswith("\n")
        return self._layout.line_break if is_block_last else ""

    def _end(self, index: int) -> range:
        end = self._stream.after[index] - 1
        return range(end, end)

    def _content_end(self, index: int) -> int:
        """Where what a node says ends, without comments and blank lines behind it."""
        stream, node = self._stream, self._stream.nodes[index]
        if node.kind in {Kind.MAPPING, Kind.SEQUENCE}:
            if node.style:
                return stream.nodes[stream.after[index] - 1].end
            return self._content_end(list(stream.children(index))[-1])
        if node.style not in {"|", ">"}:
            return node.end
        header = LINE_BREAK.split(self._text[content_start(stream, index) : node.end], maxsplit=1)[0]
        chomping = header.partition("#")[0]
        if "-" not in chomping and node.end == len(self._text) and self._text[-1] not in "\r\n":
            why = "the block that ends there would grow by a line break, as the file ends without one"
            raise self._refused(index, why, fix="end the file with a line break")
        is_keeping = "+" in chomping
        return node.end if is_keeping else len(self._text[: node.end].rstrip())

    def _refused(self, index: int, why: str, *, fix: str = "add the key to the file by hand") -> Refused:
        return Refused("the key is not added", why=f"line {self._stream.line(index)}: {why}", fix=fix)
