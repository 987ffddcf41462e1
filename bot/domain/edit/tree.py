"""What a JSON or TOML file holds, every single value with its place, and edits of such values.

The scanners (`json_file`, `toml_file`) build the tree and say how a text is written; here a key path is
followed, and an edit is proved: scanned anew, the file must hold the same at every other path.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import NoReturn

from bot.domain.edit.keypath import Index, Key, KeyPath, Match, Step
from bot.domain.edit.parts import Said
from bot.domain.edit.text import Change, Span, Text, replaced, too
from bot.domain.errors import Malformed, NotFound, Refused

_DEEPEST = 100
_MOST_NODES = 250_000
_LONGEST_TEXT = 1_000
_MOST_COMPARED = 2_000
_MOST_NAMED = 8


class LeafKind(StrEnum):
    """What a single value is. A text can take the place of all but `other`: booleans, dates, times."""

    STRING = "string"
    NUMBER = "number"
    NULL = "null"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value. `text` is what a string says, and the source of anything else; empty for null."""

    span: Span
    kind: LeafKind
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Values by key, in the order of the file."""

    entries: Mapping[str, Branch]


@dataclass(frozen=True, slots=True)
class Items:
    """Values in a list."""

    elements: Sequence[Branch]


Branch = Leaf | Table | Items


@dataclass(frozen=True, slots=True)
class Tree:
    """A file's values, and its characters."""

    text: Text
    root: Branch

    def need(self, path: KeyPath) -> Said:
        """The text at the path, empty for a null; raises what `leaf` raises."""
        leaf = self.leaf(path)
        return Said(leaf.text, self.text.line(leaf.span.start))

    def leaf(self, path: KeyPath) -> Leaf:
        """The single value at the path.

        Raises:
            NotFound: the path leads nowhere; what is near it is named.
            Refused: a table or list stands there, or something that is no text, or several elements match.
        """
        branch = self.root
        for depth, step in enumerate(path.steps):
            child = self._child(branch, step)
            if child is None:
                raise self._not_found(path, branch, depth)
            branch = child
        if not isinstance(branch, Leaf):
            what = "a list" if isinstance(branch, Items) else "a table"
            raise _refused(path, f"{what} stands there", "name the path of one plain value")
        if branch.kind is LeafKind.OTHER:
            why = f"line {self.text.line(branch.span.start)} holds {branch.text[:40]}, which is no text"
            raise _refused(path, why, "write a text there, in quotes")
        return branch

    def leaves(self) -> Iterator[tuple[tuple[Step, ...], Leaf]]:
        """Every single value with the way to it, in the order of the tree."""
        return _leaves(self.root, ())

    def _child(self, branch: Branch, step: Step) -> Branch | None:
        if isinstance(step, Key):
            return branch.entries.get(step.name) if isinstance(branch, Table) else None
        if not isinstance(branch, Items):
            return None
        if isinstance(step, Index):
            return branch.elements[step.number] if step.number < len(branch.elements) else None
        found = [element for element in branch.elements if _matches(element, step)]
        if len(found) > 1:
            raise Refused(
                f"`{step}` is not one element",
                why=f"{len(found)} elements of the list match it (lines {self._lines(found)})",
                fix="choose a field whose value is unique, or an index",
            )
        return found[0] if found else None

    def _line_of(self, branch: Branch) -> str:
        """Where the first value of a branch stands; empty when it has none."""
        first = next(_leaves(branch, ()), None)
        return f"line {self.text.line(first[1].span.start)}: " if first else ""

    def _lines(self, branches: Sequence[Branch]) -> str:
        starts = [leaf.span.start for each in branches for _, leaf in islice(_leaves(each, ()), 1)]
        return ", ".join(str(self.text.line(start)) for start in starts[:_MOST_NAMED])

    def _not_found(self, path: KeyPath, end: Branch, depth: int) -> NotFound:
        paths = [KeyPath(way) for way, _ in islice(self.leaves(), _MOST_COMPARED) if way]
        texts = [text for text in map(str, paths) if text.isprintable()]
        same_end = [str(other) for other in paths if other.steps[-1] == path.steps[-1]]
        close = difflib.get_close_matches(str(path), texts, n=3, cutoff=0.8)
        likely = [f"`{text}`" for text in dict.fromkeys([*close, *same_end])][:3]
        where = f"`{KeyPath(path.steps[:depth])}`" if depth else "the file"
        return NotFound(
            f"`{path}` is not in the file",
            why=f"{self._line_of(end)}{where} {_holding(end)}",
            fix=f"did you mean {', '.join(likely)}?" if likely else "add the key, or correct the path",
        )


class Counter:
    """Counts nodes and levels while a file is scanned, so that no file can cost too much."""

    def __init__(self) -> None:
        self._nodes = 0

    def node(self, depth: int) -> None:
        """One more node at this depth; raises Refused beyond the limits."""
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise too("many values", f"{_MOST_NODES:,} values")
        if depth > _DEEPEST:
            raise too("deep", f"{_DEEPEST} levels")


def assigned(
    tree: Tree,
    assignments: Sequence[tuple[KeyPath, str]],
    *,
    written: Callable[[Tree, Leaf, str], str],
    scan: Callable[[Text], Tree],
) -> bytes:
    """The file with these texts at these paths; a value that says its text already stays as it is.

    `written` gives the source of a text in a leaf's place; `scan` reads a file anew.

    Raises:
        NotFound: a path leads nowhere.
        Refused: a value cannot be changed by itself, or the result could not be proved.
    """
    wanted: dict[Span, tuple[KeyPath, Leaf, str]] = {}
    for path, text in assignments:
        if len(text) > _LONGEST_TEXT or not text.isprintable():
            why = f"the new text is longer than {_LONGEST_TEXT:,} characters or has some that cannot be seen"
            raise Refused(f"`{path}` is not changed", why=why, fix="choose another tag")
        leaf = tree.leaf(path)
        if wanted.setdefault(leaf.span, (path, leaf, text))[2] != text:
            raise _refused(path, f"it is to become {text[:80]!r} and another text at once", "keep one")
    edits = [(leaf, text) for _, leaf, text in wanted.values() if leaf.text != text]
    ways = {leaf.span: way for way, leaf in tree.leaves()}
    changes = [
        Change(leaf.span, written(tree, leaf, text), _meaning(ways[leaf.span], LeafKind.STRING, text))
        for leaf, text in edits
    ]
    return replaced(tree.text, changes, lambda text: _spans(scan(text)))


def malformed(text: Text, at: int, what: str, *, language: str) -> NoReturn:
    """Raise Malformed for a place in the file at which `what` was found or expected."""
    raise Malformed(
        f"the file is not valid {language}",
        why=f"line {text.line(at)}: {what}",
        fix="correct the file; a template with {{ }} takes a marker comment instead",
    )


def _spans(tree: Tree) -> list[tuple[Span, str]]:
    found = [(leaf.span, _meaning(way, leaf.kind, leaf.text)) for way, leaf in tree.leaves()]
    return sorted(found)


def _meaning(way: tuple[Step, ...], kind: LeafKind, text: str) -> str:
    return f"{KeyPath(way) if way else ''}={kind} {text}"


def _leaves(branch: Branch, way: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Leaf]]:
    """The single values below a branch; the depth of recursion is capped by the scanners."""
    if isinstance(branch, Leaf):
        yield way, branch
    elif isinstance(branch, Table):
        for key, value in branch.entries.items():
            yield from _leaves(value, (*way, Key(key)))
    else:
        for number, element in enumerate(branch.elements):
            yield from _leaves(element, (*way, Index(number)))


def _matches(element: Branch, step: Match) -> bool:
    value = element.entries.get(step.field) if isinstance(element, Table) else None
    return isinstance(value, Leaf) and value.kind is not LeafKind.NULL and value.text == step.value


def _holding(branch: Branch) -> str:
    if isinstance(branch, Leaf):
        return "is a single value"
    if isinstance(branch, Items):
        return f"is a list of {len(branch.elements)}"
    keys = [str(Key(name))[:80] for name in branch.entries if name.isprintable()]
    more = ", …" if len(keys) > _MOST_NAMED else ""
    return f"has the keys {', '.join(keys[:_MOST_NAMED])}{more}" if keys else "is empty"


def _refused(path: KeyPath, why: str, fix: str) -> Refused:
    return Refused(f"`{path}` is not one value of its own", why=why, fix=fix)
