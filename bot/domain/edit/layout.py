"""How a YAML file is laid out, and texts, lists and mappings written in that layout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.domain.edit.scalar import plain, quoted
from bot.domain.edit.splice import content_start
from bot.domain.edit.stream import Kind, Stream
from bot.domain.edit.text import line_break, line_start


@dataclass(frozen=True, slots=True)
class Lines:
    """A text of several lines, each ended by a line feed."""

    text: str


Tree = str | bool | Lines | list["Tree"] | dict[str, "Tree"]
"""What is written: texts and `true`, in lists and mappings."""

_INDENT = 2
_EXPLICIT = re.compile(r"\?[ \t]+\Z")


@dataclass(frozen=True)
class Layout:
    """The layout of one file, by what stands in it."""

    stream: Stream

    def block(self, tree: Tree, column: int) -> list[str]:
        """The lines of a mapping or list in block style, from a column on."""
        return _indented(self._lines(tree), column)

    def elements(self, tree: list[Tree], others: Sequence[int], column: int) -> list[str]:
        """The lines of more elements of a list, laid out as the others: in braces, or behind such a dash."""
        node = self.stream.nodes[others[-1]]
        if all(self.stream.nodes[other].style == "{" for other in others):
            return _indented([f"- {self.flow(element)}" for element in tree], column)
        is_beside = self.stream.text[self.line_start(node.start) : node.start].lstrip(" ").startswith("-")
        width = max(self.column(node.start) - column, _INDENT) if is_beside else _INDENT
        lines = (line for element in tree for line in self._element(element, width))
        return _indented(list(lines), column)

    def behind(self, tree: Tree, column: int) -> str:
        """The same lines, to be put behind the end of a line."""
        return self.below(self.block(tree, column))

    def text(self, lines: Lines, column: int) -> list[str]:
        """The lines of a text, from a column on."""
        return _indented(lines.text.splitlines(), column)

    def below(self, lines: list[str]) -> str:
        """Lines as they are put behind the end of a line."""
        return "".join(self.line_break + line for line in lines)

    def entry_column(self, index: int) -> int:
        """The column at which entries of a block begin: that of its first key, or of its dashes."""
        if self.stream.nodes[index].kind is Kind.SEQUENCE:
            return self.column(content_start(self.stream, index))
        first = self.stream.nodes[next(self.stream.children(index))].start
        begin = self.line_start(first)
        explicit = _EXPLICIT.search(self.stream.text, begin, first)
        return (explicit.start() if explicit else first) - begin

    def _lines(self, tree: Tree) -> list[str]:
        """A mapping or list in block style, line by line."""
        lines: list[str] = []
        if isinstance(tree, dict):
            for key, value in tree.items():
                name = self._scalar(key, in_flow=True)
                if isinstance(value, dict | list):
                    step = self.step if isinstance(value, dict) else self.dash
                    lines += [f"{name}:", *_indented(self._lines(value), step)]
                elif isinstance(value, Lines):
                    lines += [f"{name}: |", *self.text(value, self.step)]
                else:
                    lines.append(f"{name}: {self._scalar(value)}")
        elif isinstance(tree, list):
            for element in tree:
                lines += self._element(element, _INDENT)
        return lines

    def _element(self, tree: Tree, width: int) -> list[str]:
        """An element of a list in block style, `width` columns behind its dash."""
        first, *others = self._lines(tree) if isinstance(tree, dict | list) else [self._scalar(tree)]
        return [f"{'-':{width}}{first}", *_indented(others, width)]

    def flow(self, tree: Tree) -> str:
        """A tree in flow style, in one line."""
        if isinstance(tree, dict):
            entries = (
                f"{self._scalar(key, in_flow=True)}: {self.flow(value)}" for key, value in tree.items()
            )
            return "{" + ", ".join(entries) + "}"
        if isinstance(tree, list):
            return "[" + ", ".join(self.flow(element) for element in tree) + "]"
        return self._scalar(tree, in_flow=True)

    def _scalar(self, value: str | bool | Lines, *, in_flow: bool = False) -> str:
        if isinstance(value, bool):
            return "true"
        if isinstance(value, Lines):
            return quoted(value.text).replace("\n", "\\n")
        if self._is_json:
            return quoted(value)
        return plain(value, is_tagged=False, may_hold_colon=not in_flow)

    @cached_property
    def _is_json(self) -> bool:
        """Whether the file is in flow style as a whole with quoted keys, so that it may be read as JSON."""
        root = next(self.stream.documents(), None)
        if root is None or not self.stream.nodes[root].style:
            return False
        first = next(self.stream.children(root), None)
        return first is None or self.stream.nodes[first].style in {'"', "{"}

    @cached_property
    def line_break(self) -> str:
        """What ends the file's lines."""
        return line_break(self.stream.text)

    @cached_property
    def step(self) -> int:
        """How far the file indents a mapping in a mapping."""
        return next((step for step in self._steps(Kind.MAPPING) if step > 0), _INDENT)

    @cached_property
    def dash(self) -> int:
        """How far the file indents a list in a mapping; kustomize and kubectl do not."""
        return next((step for step in self._steps(Kind.SEQUENCE) if step >= 0), 0)

    def _steps(self, kind: Kind) -> Iterator[int]:
        nodes = self.stream.nodes
        for mapping, node in enumerate(nodes):
            if node.kind is not Kind.MAPPING or node.style:
                continue
            for key, value in self.stream.entries(mapping):
                if nodes[value].kind is kind and not nodes[value].style:
                    yield self.entry_column(value) - self.column(nodes[key].start)

    def column(self, position: int) -> int:
        """The column of a position, counted from 0."""
        return position - self.line_start(position)

    def line_start(self, position: int) -> int:
        """Where the line of a position begins."""
        return line_start(self.stream.text, position)


def _indented(lines: list[str], column: int) -> list[str]:
    return [" " * column + line if line else line for line in lines]
