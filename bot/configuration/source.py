"""One file of the configuration: its YAML nodes, their places, and lines that are safe to show.

A shown line holds keys and structure; values become `…` unless the caller vouches for one, because a
secret may stand anywhere: in a misspelled key's value, in a comment, or behind a forgotten space.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from bot.domain.edit.stream import Kind, Node, Stream, parse
from bot.domain.errors import Malformed, Refused

LARGEST_FILE = 4 * 1024 * 1024
"""The most bytes that one file of the configuration may have."""

_WIDEST_EXCERPT = 160
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._/-]{1,100}(?::[0-9]{1,5}(?![0-9]))?|<<")
_CONTENT = re.compile(r"[^\s{}\[\],:?-]+")
_LINE = re.compile(r"line (\d+)(?:: )?")
_ALIAS = re.compile(r"(?:^|[\s\[{,:-])(\*)")


class Unreadable(Exception):
    """The file holds nothing that could be checked; `line` counts from 1, and is 0 for the whole file."""

    def __init__(self, what: str, fix: str, line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.line = line
        self.column = column


class Source:
    """A parsed file. Nodes are named by their index in `stream.nodes`."""

    def __init__(self, file: Path, stream: Stream) -> None:
        self.file = file
        self.stream = stream

    def place(self, index: int) -> tuple[int, int]:
        """Line and column of a node, both from 1."""
        start = self.stream.nodes[index].start
        line = bisect_right(self._lines, start)
        return line, start - self._lines[line - 1] + 1

    def excerpt(self, index: int, *, keys: Collection[str], shown: bool) -> str:
        """The line of a node with a caret below it.

        Of keys only these are shown; the node's own value is `…` unless it is to be shown.
        """
        line, _ = self.place(index)
        begin, end = self._lines[line - 1], self._line_end(line)
        vouched = index if shown else None
        caret = len(self._masked(begin, self._start(index), keys, vouched))
        text = self._masked(begin, end, keys, vouched).rstrip()[:_WIDEST_EXCERPT]
        return f"{text}\n{' ' * caret}^" if caret < _WIDEST_EXCERPT else ""

    def _masked(self, begin: int, end: int, keys: Collection[str], vouched: int | None) -> str:
        """A part of a line with its keys and structure, and the one value that is vouched for."""
        text, at = "", begin
        for each in self._scalars_in(begin, end):
            node = self.stream.nodes[each]
            text += _structure(self.stream.text[at : max(at, node.start)])
            if each in self._keys:
                text += shown_key(node.value) if node.value in keys else "…"
            else:
                text += self._scalar(node, begin, end, shown=each == vouched)
            at = min(node.end, end)
        return text + _structure(self.stream.text[at:end])

    def _scalar(self, node: Node, begin: int, end: int, *, shown: bool) -> str:
        is_whole = begin <= node.start and node.end <= end
        if shown and is_whole:
            return self.stream.text[node.start : node.end]
        return "…" if node.value else ""

    def _scalars_in(self, begin: int, end: int) -> list[int]:
        """Scalars that touch a part of the text: those that start in it, and one that started before."""
        scalars = self._scalars
        first = bisect_left(scalars, begin, key=self._start)
        last = bisect_left(scalars, end, key=self._start)
        reaches_in = first > 0 and self.stream.nodes[scalars[first - 1]].end > begin
        return scalars[first - reaches_in : last]

    def _start(self, index: int) -> int:
        return self.stream.nodes[index].start

    def _line_end(self, line: int) -> int:
        return self._lines[line] - 1 if line < len(self._lines) else len(self.stream.text)

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line starts."""
        return [0, *(found.end() for found in re.finditer(r"\n", self.stream.text))]

    @cached_property
    def _scalars(self) -> list[int]:
        nodes = self.stream.nodes
        return [index for index, node in enumerate(nodes) if node.kind is Kind.SCALAR]

    @cached_property
    def _keys(self) -> frozenset[int]:
        mappings = (index for index, node in enumerate(self.stream.nodes) if node.kind is Kind.MAPPING)
        return frozenset(key for mapping in mappings for key, _ in self.stream.entries(mapping))


def read_source(path: Path) -> Source:
    """Read and parse one file.

    Raises:
        Unreadable: it is no file, too large, or no YAML.
    """
    try:
        if not path.is_file():
            raise Unreadable("there is no such file", "name a YAML file, or a folder of *.yaml files")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unreadable(f"the file cannot be read: {why}", "let Tagboat's user read it") from error
    if len(content) > LARGEST_FILE:
        raise Unreadable(
            f"the file is larger than {LARGEST_FILE >> 20} MiB", "split it into a folder of *.yaml files"
        )
    try:
        return Source(path, parse(content))
    except (Malformed, Refused) as error:
        raise _unreadable(content, error) from error


def shown_key(key: str) -> str:
    """A key as it may be shown: of `token:secret` (the space was forgotten) only `token…` is left."""
    found = _PLAIN_KEY.match(key)
    plain = found[0] if found else ""
    return plain if plain == key and key else f"{plain.partition(':')[0]}…"


def is_tagged(node: Node) -> bool:
    """Whether a node asks to be read as a special type (`!!binary`, `!mine`); only text is ever read."""
    return node.tag is not None and node.tag not in {
        "!",
        "tag:yaml.org,2002:str",
        "tag:yaml.org,2002:map",
        "tag:yaml.org,2002:seq",
    }


def _structure(text: str) -> str:
    """What stands between scalars, without comments, anchors and tags."""
    return _CONTENT.sub("…", text.partition("#")[0].replace("\t", " "))


def _unreadable(content: bytes, error: Malformed | Refused) -> Unreadable:
    """The parser's sentence with its line; names of anchors are left out, as they may be a secret's text."""
    if "refers to an anchor" in error.why:
        text = content.decode(errors="replace")
        found = _ALIAS.search(text)
        at = found.start(1) if found else 0
        line = text.count("\n", 0, at) + 1
        return Unreadable(
            "an alias (*name) refers to an anchor that is not defined before it",
            "define the anchor, or put the value in quotes when it only begins with *",
            line,
            at - text.rfind("\n", 0, at),
        )
    found = _LINE.match(error.why)
    if not found:
        return Unreadable(f"{error.what}: {error.why}", error.fix)
    line = int(found[1])
    rows = content.split(b"\n", line)
    row = rows[line - 1] if line <= len(rows) else b""
    if b"\t" in row[: len(row) - len(row.lstrip())]:
        return Unreadable("the line is indented by a tab", "YAML is indented by spaces only", line, 1)
    why = error.why[found.end() :] if found[0].endswith(" ") else error.why
    return Unreadable(f"{error.what}: {why}", "correct the line, or the one before it", line, 1)
