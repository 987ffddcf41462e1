"""What a JSON or TOML file holds, every single value with its place, and the way to it by a key path.

The scanners (`json_scan`, `toml_scan`) build the tree; `bot.domain.edit.assignment` changes what it holds.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, NoReturn

from bot.domain.edit.keypath import Index, Key, KeyPath, Match, Step
from bot.domain.edit.parts import Said
from bot.domain.edit.text import Span, Text, too
from bot.domain.errors import Malformed, NotFound, Refused

_DEEPEST = 100
_MOST_NODES = 250_000
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


class Brackets(NamedTuple):
    """Where a table or list stands that is written between brackets, and its last entry, key included."""

    span: Span
    last: Span | None


@dataclass(frozen=True, slots=True)
class Table:
    """Values by key, in the order of the file; TOML has tables without brackets."""

    entries: Mapping[str, Branch]
    brackets: Brackets | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """Values in a list; TOML has lists of tables without brackets."""

    elements: Sequence[Branch]
    brackets: Brackets | None = None


Branch = Leaf | Table | Items
Way = tuple[Key | Index, ...]
"""The steps from the root to a branch, elements of lists by their number."""


class Home(NamedTuple):
    """Where one more entry of a TOML table without brackets goes: behind `at`, in a line that `lead` begins.

    `is_dotted`: only dotted keys make the table, and `lead` ends with what of them is before the dot.
    """

    at: int
    lead: str
    is_dotted: bool = False


class Missing(NamedTuple):
    """A path ends early: at a branch, with these steps left."""

    way: Way
    branch: Branch
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A file's values, and its characters.

    With `creates`, values that are missing may be added; `homes` say where, in tables without brackets.
    """

    text: Text
    root: Branch
    creates: bool = False
    homes: Mapping[Way, Home] = field(default_factory=dict)

    def told(self, path: KeyPath) -> Said | None:
        """The text at the path, empty for a null, None where it may be added; raises what `leaf` raises."""
        if self.creates and isinstance(self.find(path), Missing):
            return None
        leaf = self.leaf(path)
        return Said(leaf.text, self.text.line(leaf.span.start))

    def seen(self, path: KeyPath) -> Said | None:
        """The text at the path; None where there is none."""
        leaf = self.find(path)
        if not isinstance(leaf, Leaf) or leaf.kind is not LeafKind.STRING:
            return None
        return Said(leaf.text, self.text.line(leaf.span.start))

    def find(self, path: KeyPath) -> Branch | Missing:
        """What stands at the path, or where it ends early; raises Refused where several elements match."""
        branch = self.root
        way: Way = ()
        for depth, step in enumerate(path.steps):
            child = self._child(branch, step)
            if child is None:
                return Missing(way, branch, path.steps[depth:])
            at, branch = child
            way = (*way, at)
        return branch

    def leaf(self, path: KeyPath) -> Leaf:
        """The single value at the path.

        Raises:
            NotFound: the path leads nowhere; what is near it is named.
            Refused: a table or list stands there, or something that is no text, or several elements match.
        """
        branch = self.find(path)
        if isinstance(branch, Missing):
            raise self._not_found(path, branch.branch, len(path.steps) - len(branch.steps))
        if not isinstance(branch, Leaf):
            what = "a list" if isinstance(branch, Items) else "a table"
            raise refused(path, f"{what} stands there", "name the path of one plain value")
        if branch.kind is LeafKind.OTHER:
            why = f"line {self.text.line(branch.span.start)} holds {branch.text[:40]}, which is no text"
            raise refused(path, why, "write a text there, in quotes")
        return branch

    def leaves(self) -> Iterator[tuple[Way, Leaf]]:
        """Every single value with the way to it, in the order of the tree."""
        return _leaves(self.root, ())

    def _child(self, branch: Branch, step: Step) -> tuple[Key | Index, Branch] | None:
        if isinstance(step, Key):
            child = branch.entries.get(step.name) if isinstance(branch, Table) else None
            return (step, child) if child else None
        if not isinstance(branch, Items):
            return None
        if isinstance(step, Index):
            return (step, branch.elements[step.number]) if step.number < len(branch.elements) else None
        found = [at for at, element in enumerate(branch.elements) if _matches(element, step)]
        if len(found) > 1:
            lines = self._lines([branch.elements[at] for at in found])
            raise Refused(
                f"`{step}` is not one element",
                why=f"{len(found)} elements of the list match it (lines {lines})",
                fix="choose a field whose value is unique, or an index",
            )
        return (Index(found[0]), branch.elements[found[0]]) if found else None

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


def malformed(text: Text, at: int, what: str, *, language: str) -> NoReturn:
    """Raise Malformed for a place in the file at which `what` was found or expected."""
    raise Malformed(
        f"the file is not valid {language}",
        why=f"line {text.line(at)}: {what}",
        fix="correct the file; templates, and dialects such as JSON5, take a `marker` or a `pattern` instead",
    )


def _leaves(branch: Branch, way: Way) -> Iterator[tuple[Way, Leaf]]:
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


def refused(path: KeyPath, why: str, fix: str) -> Refused:
    """The error for a path at which no single text stands."""
    return Refused(f"`{path}` is not one value of its own", why=why, fix=fix)
