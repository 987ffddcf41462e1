"""A YAML file as libyaml reads it: every node with its place in the text. Nothing is built from it.

Nodes come from the event stream, in the order of the file; aliases are never followed while reading, so a
file of a few bytes cannot grow ("billion laughs"), and no tag makes an object (`!!python/…`). Size, depth
and the number of nodes are capped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

import yaml

# Imported by name so that an installation without libyaml fails at once: the pure Python reader differs
# in its marks and is seven times slower.
from yaml import CSafeLoader

from bot.domain.edit.text import Text, decoded, too
from bot.domain.errors import Malformed

_DEEPEST = 100
_MOST_NODES = 250_000
_MERGE_TAG = "tag:yaml.org,2002:merge"


class Kind(Enum):
    """What a node is; `END` closes a mapping, a list or a document."""

    DOCUMENT = auto()
    MAPPING = auto()
    SEQUENCE = auto()
    SCALAR = auto()
    ALIAS = auto()
    END = auto()


class Node(NamedTuple):
    """One event of the file. `start` and `end` are positions in `Stream.text`, node properties included.

    `style` is the quote or block character of a scalar (empty for a plain one), and `{` for a mapping or
    list in flow style. `value` is a scalar's text, or what a document line declares.
    """

    kind: Kind
    start: int
    end: int
    anchor: str | None = None
    tag: str | None = None
    value: str = ""
    style: str = ""

    @property
    def meaning(self) -> tuple[object, ...]:
        """All that the node says, without where it stands."""
        return self.kind, self.anchor, self.tag, self.value, self.style


@dataclass(frozen=True, slots=True)
class Stream:
    """A file's nodes. Nodes are named by their index in `nodes`.

    `after` gives, per node, the index that follows its whole subtree; `aliased` leads from an alias to the
    node that it stands for.
    """

    text: str
    bom: bytes
    nodes: tuple[Node, ...]
    after: tuple[int, ...]
    aliased: dict[int, int]

    def documents(self) -> Iterator[int]:
        """The root node of every document."""
        at = 0
        while at < len(self.nodes):
            yield at + 1
            at = self.after[at]

    def children(self, index: int) -> Iterator[int]:
        """The nodes directly inside a mapping (key, value, key, …) or a list."""
        at, end = index + 1, self.after[index] - 1
        while at < end:
            yield at
            at = self.after[at]

    def entries(self, mapping: int) -> Iterator[tuple[int, int]]:
        """Key and value of every entry of a mapping."""
        children = self.children(mapping)
        return zip(children, children, strict=True)

    def way(self, index: int) -> tuple[int, ...]:
        """The nodes around a node, its document's root first, itself last."""
        at = next(root for root in self.documents() if index < self.after[root])
        way = [at]
        while at != index:
            at = next(child for child in self.children(at) if index < self.after[child])
            way.append(at)
        return tuple(way)

    def resolve(self, index: int) -> int:
        """The node itself, or the one that it stands for when it is an alias."""
        return self.aliased.get(index, index)

    def key_text(self, key: int) -> str | None:
        """The text of a key, or None when it is no scalar."""
        node = self.nodes[self.resolve(key)]
        return node.value if node.kind is Kind.SCALAR else None

    def is_merge(self, key: int) -> bool:
        """Whether a key is `<<`, which draws in the entries of other mappings."""
        node = self.nodes[key]
        return node.tag == _MERGE_TAG or (node.value == "<<" and not node.style and node.tag is None)

    def line(self, index: int) -> int:
        """The line that a node starts in, counted from 1."""
        return _line(self.text, self.nodes[index].start)


def parse(content: bytes) -> Stream:
    """Read a YAML file.

    Raises:
        Malformed: the bytes are no UTF-8 text, or the text is no YAML; the line is named.
        Refused: the file is UTF-16, or larger or deeper than any values file.
    """
    read = decoded(content)
    builder = _Builder(read.text)
    try:
        for event in yaml.parse(read.text, Loader=CSafeLoader):
            builder.add(event)
    except yaml.YAMLError as error:
        raise _malformed(read.text, error) from error
    return Stream(read.text, read.bom, tuple(builder.nodes), tuple(builder.after), builder.aliased)


class _Builder:
    """Turns libyaml's events into nodes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.nodes: list[Node] = []
        self.after: list[int] = []
        self.aliased: dict[int, int] = {}
        self._open: list[int] = []
        self._anchors: dict[str, int] = {}

    def add(self, event: Any) -> None:
        make = _NODES.get(type(event))
        if make is None:
            return
        node, index = make(event), len(self.nodes)
        if index >= _MOST_NODES:
            raise too("many values", f"{_MOST_NODES:,} nodes")
        self.nodes.append(node)
        self.after.append(index + 1)
        if node.kind is Kind.END:
            self.after[self._open.pop()] = index + 1
        elif node.kind is Kind.ALIAS:
            self._follow(node, index)
        else:
            self._define(node, index)

    def _follow(self, node: Node, index: int) -> None:
        target = self._anchors.get(node.anchor or "")
        if target is None:
            line = _line(self._text, node.start)
            raise Malformed(
                "the file is not valid YAML",
                why=f"line {line}: *{node.anchor} refers to an anchor that is not defined before it",
                fix=f"define &{node.anchor} or write the value out",
            )
        self.aliased[index] = target

    def _define(self, node: Node, index: int) -> None:
        if node.kind is Kind.DOCUMENT:
            self._anchors = {}
        if node.anchor is not None:
            self._anchors[node.anchor] = index
        if node.kind is Kind.SCALAR:
            return
        self._open.append(index)
        if len(self._open) > _DEEPEST:
            raise too("deep", f"{_DEEPEST} levels")


def _document(event: Any) -> Node:
    declared = f"{event.explicit} {event.version} {event.tags}"
    return Node(Kind.DOCUMENT, event.start_mark.index, event.end_mark.index, value=declared)


def _mapping(event: Any) -> Node:
    return _collection(event, Kind.MAPPING)


def _sequence(event: Any) -> Node:
    return _collection(event, Kind.SEQUENCE)


def _collection(event: Any, kind: Kind) -> Node:
    style = "{" if event.flow_style else ""
    return Node(
        kind, event.start_mark.index, event.end_mark.index, event.anchor, event.tag or None, style=style
    )


def _scalar(event: Any) -> Node:
    return Node(
        Kind.SCALAR,
        event.start_mark.index,
        event.end_mark.index,
        event.anchor,
        event.tag or None,
        event.value,
        event.style or "",
    )


def _alias(event: Any) -> Node:
    return Node(Kind.ALIAS, event.start_mark.index, event.end_mark.index, event.anchor)


def _end(event: Any) -> Node:
    explicit = "explicit" if getattr(event, "explicit", False) else ""
    return Node(Kind.END, event.start_mark.index, event.end_mark.index, value=explicit)


_NODES = {
    yaml.DocumentStartEvent: _document,
    yaml.MappingStartEvent: _mapping,
    yaml.SequenceStartEvent: _sequence,
    yaml.ScalarEvent: _scalar,
    yaml.AliasEvent: _alias,
    yaml.MappingEndEvent: _end,
    yaml.SequenceEndEvent: _end,
    yaml.DocumentEndEvent: _end,
}


def _line(text: str, position: int) -> int:
    return Text(text).line(position)


def _malformed(text: str, error: yaml.YAMLError) -> Malformed:
    mark = getattr(error, "problem_mark", None)
    if getattr(error, "context", None) == "while scanning a simple key":
        # The problem is only met in the line after the one that is wrong.
        mark = getattr(error, "context_mark", None) or mark
    # Errors of libyaml's reader carry a position in bytes instead of a mark.
    position = getattr(error, "position", 0)
    # A mark at the end of the file is in the line after the last one.
    last = len(text.splitlines())
    line = min(mark.line + 1, last) if mark else text.encode().count(b"\n", 0, position) + 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
    if "{{" in text:
        fix = (
            "a template is not YAML: mark its line by `# tagboat: NAME` for a `marker`, or write a `pattern`,"
            " or point the target to a plain values file"
        )
    else:
        fix = "correct the file; `yamllint` shows the place"
    return Malformed("the file is not valid YAML", why=f"line {line}: {problem}", fix=fix)
