"""The node at a key path: exactly one, or why there is none, or why it is not for us to choose.

Keys are compared by their text: `80` and `"80"` are one key here, as they are for everything that reads
values as JSON. What is not written at the path itself, but comes there through an alias or a merge key, is
refused unless that was asked for: a change to it is a change elsewhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bot.domain.edit.keypath import Index, Key, KeyPath, Match, Step
from bot.domain.edit.stream import Kind, Stream
from bot.domain.errors import NotFound, Refused

_MOST_COMPARED = 2_000
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Scope:
    """Where paths begin, and how they lead on.

    `roots` are the nodes that a path may begin at (None: every document). With `follows` a path leads
    through aliases and merge keys, to where the anchor is. With `creates` a key that only a merge key brings
    counts as missing, so that it can be written out.
    """

    roots: tuple[int, ...] | None = None
    follows: bool = False
    creates: bool = False


WHOLE_FILE = Scope()
"""Every document, and only what is written at the path itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """The nodes on the way to the one that was looked for: the document's root first, itself last."""

    way: tuple[int, ...]

    @property
    def index(self) -> int:
        """The node that was looked for."""
        return self.way[-1]


@dataclass(frozen=True, slots=True)
class Missing:
    """The path ends early: at `index`, the last node that it leads to, after `depth` steps."""

    index: int
    depth: int


def find(stream: Stream, path: KeyPath, scope: Scope = WHOLE_FILE) -> Found | Missing:
    """Find the one node that the path leads to.

    Raises:
        Refused: the path leads to several places, or through an alias or a merge key.
    """
    roots = stream.documents() if scope.roots is None else scope.roots
    outcomes = [_walk(stream, root, path, scope) for root in roots]
    places = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    if len(places) > 1:
        lines = ", ".join(str(stream.line(place.index)) for place in places[:_MOST_NAMED])
        raise Refused(
            f"`{path}` is not one place",
            why=f"{len(places)} documents of the file have it (lines {lines})",
            fix="say which by `object`, or give each document a file of its own",
        )
    if places:
        return places[0]
    dead_ends = [outcome for outcome in outcomes if isinstance(outcome, Missing)]
    return max(dead_ends, key=lambda missing: missing.depth, default=Missing(0, 0))


def not_found(stream: Stream, path: KeyPath, missing: Missing) -> NotFound:
    """The error for a path that leads nowhere: how far it leads, and which paths are like it."""
    likely = ", ".join(f"`{other}`" for other in _alike(stream, path))
    return NotFound(
        f"`{path}` is not in the file",
        why=f"{_line_of(stream, missing)}{_dead_end(stream, path, missing)}",
        fix=f"did you mean {likely}?" if likely else "add the key to the file, or correct the path",
    )


def _walk(stream: Stream, root: int, path: KeyPath, scope: Scope) -> Found | Missing:
    at = _written(stream, root, path, scope)
    for depth, step in enumerate(path.steps):
        child = _child(stream, at, step, scope)
        if child is None:
            return Missing(at, depth)
        at = _written(stream, child, path, scope)
    return Found(stream.way(at))


def _written(stream: Stream, index: int, path: KeyPath, scope: Scope) -> int:
    """The node itself, or the one behind an alias where aliases are followed."""
    if stream.nodes[index].kind is Kind.ALIAS and not scope.follows:
        raise _through_alias(stream, path, index)
    return stream.resolve(index)


def _child(stream: Stream, parent: int, step: Step, scope: Scope) -> int | None:
    kind = stream.nodes[parent].kind
    if isinstance(step, Key):
        return _value(stream, parent, step.name, scope) if kind is Kind.MAPPING else None
    if kind is not Kind.SEQUENCE:
        return None
    if isinstance(step, Index):
        return next(islice(stream.children(parent), step.number, None), None)
    return _element(stream, parent, step)


def _value(stream: Stream, mapping: int, name: str, scope: Scope = WHOLE_FILE) -> int | None:
    """The value of a key; None when neither the mapping nor what it merges has it."""
    values = [value for key, value in stream.entries(mapping) if stream.key_text(key) == name]
    if len(values) > 1:
        lines = ", ".join(str(stream.line(value)) for value in values[:_MOST_NAMED])
        raise Refused(
            f"the key `{Key(name)}` is not one place",
            why=f"it stands {len(values)} times in one mapping (lines {lines})",
            fix="remove the duplicates",
        )
    if values:
        return values[0]
    merged = _merged(stream, mapping, name)
    if merged is None or scope.follows:
        return merged
    if scope.creates:
        return None
    raise Refused(
        f"the key `{Key(name)}` is not written here",
        why=f"it comes from the merge key << of the mapping in line {stream.line(mapping)}, and stands in"
        f" line {stream.line(merged)}",
        fix="write the key out in this mapping (`create: true` does), or change it there for all who merge"
        " it (`anchors: edit`)",
    )


def _merged(stream: Stream, mapping: int, name: str) -> int | None:
    """The value that a merge key brings in; the mapping that is named first wins.

    No node is visited twice: anchors may be cyclic.
    """
    waiting = [value for key, value in stream.entries(mapping) if stream.is_merge(key)]
    seen = {mapping}
    while waiting:
        at = stream.resolve(waiting.pop(0))
        if at in seen:
            continue
        seen.add(at)
        if stream.nodes[at].kind is Kind.SEQUENCE:
            waiting[:0] = stream.children(at)
        elif stream.nodes[at].kind is Kind.MAPPING:
            entries = list(stream.entries(at))
            found = [value for key, value in entries if stream.key_text(key) == name]
            if found:
                return found[0]
            waiting[:0] = [value for key, value in entries if stream.is_merge(key)]
    return None


def _element(stream: Stream, sequence: int, step: Match) -> int | None:
    elements = [element for element in stream.children(sequence) if _matches(stream, element, step)]
    if len(elements) > 1:
        lines = ", ".join(str(stream.line(element)) for element in elements[:_MOST_NAMED])
        raise Refused(
            f"`{step}` is not one element",
            why=f"{len(elements)} elements of the list match it (lines {lines})",
            fix="choose a field whose value is unique, or an index",
        )
    return elements[0] if elements else None


def _matches(stream: Stream, element: int, step: Match) -> bool:
    mapping = stream.resolve(element)
    if stream.nodes[mapping].kind is not Kind.MAPPING:
        return False
    value = _value(stream, mapping, step.field, Scope(follows=True))
    return value is not None and stream.key_text(value) == step.value


def _through_alias(stream: Stream, path: KeyPath, index: int) -> Refused:
    anchor = stream.nodes[index].anchor
    return Refused(
        f"`{path}` is not written here",
        why=f"line {stream.line(index)} only refers to it by the alias *{anchor}; it stands in line"
        f" {stream.line(stream.resolve(index))}",
        fix=f"write the value out, or change it at &{anchor} for all who use it (`anchors: edit`)",
    )


def _line_of(stream: Stream, missing: Missing) -> str:
    return f"line {stream.line(missing.index)}: " if stream.nodes else ""


def _dead_end(stream: Stream, path: KeyPath, missing: Missing) -> str:
    if not stream.nodes:
        return "it holds no values"
    done = path.steps[: missing.depth]
    where = f"`{KeyPath(done)}`" if done else "the document"
    kind = stream.nodes[missing.index].kind
    if kind is Kind.MAPPING:
        texts = (stream.key_text(key) for key, _ in stream.entries(missing.index))
        keys = [str(Key(text))[:80] for text in texts if text is not None]
        more = ", …" if len(keys) > _MOST_NAMED else ""
        return f"{where} has the keys {', '.join(keys[:_MOST_NAMED])}{more}" if keys else f"{where} is empty"
    if kind is Kind.SEQUENCE:
        return f"{where} is a list of {sum(1 for _ in stream.children(missing.index))}"
    return f"{where} is a single value"


def _alike(stream: Stream, path: KeyPath) -> list[str]:
    """Up to three paths of the file that look like this one; those with the same last key come first."""
    paths = [found for root in stream.documents() for found in islice(_paths(stream, root), _MOST_COMPARED)]
    same_end = [str(found) for found in paths if found.steps[-1] == path.steps[-1]]
    close = difflib.get_close_matches(str(path), [str(found) for found in paths], n=3, cutoff=0.8)
    return list(dict.fromkeys([*close, *same_end]))[:3]


def _paths(stream: Stream, index: int, steps: tuple[Step, ...] = ()) -> Iterator[KeyPath]:
    """The paths of all single values under a node; the depth of recursion is capped by the reader."""
    kind = stream.nodes[index].kind
    if kind is Kind.SCALAR and steps:
        yield KeyPath(steps)
    elif kind is Kind.SEQUENCE:
        for number, element in enumerate(stream.children(index)):
            yield from _paths(stream, element, (*steps, Index(number)))
    elif kind is Kind.MAPPING:
        for key, value in stream.entries(index):
            text = stream.key_text(key)
            if text is not None and len(text) <= 100:
                yield from _paths(stream, value, (*steps, Key(text)))
