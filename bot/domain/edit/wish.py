"""Keys and elements that are wished for in a YAML file, as trees, and the nodes that these would be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.domain.edit.keypath import Key, KeyPath, Match, Step
from bot.domain.edit.layout import Lines, Tree
from bot.domain.edit.splice import Made
from bot.domain.edit.stream import Kind
from bot.domain.errors import Refused


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to stand below the node at `index` (of an empty file: 0), after these steps."""

    index: int
    steps: tuple[Step, ...]
    value: Tree


def trees(wishes: Sequence[Wish]) -> dict[int, Tree]:
    """What is to stand below each node; wishes for one place are one tree.

    Raises:
        Refused: a wish is for two things at once, or for an element of a list that nothing names.
    """
    found: dict[int, Tree] = {}
    for wish in wishes:
        new = _tree(wish.steps, wish.value)
        found[wish.index] = _joined(found[wish.index], new) if wish.index in found else new
    return found


def _tree(steps: tuple[Step, ...], value: Tree) -> Tree:
    if not steps:
        return value
    first, inner = steps[0], _tree(steps[1:], value)
    if isinstance(first, Key):
        return {first.name: inner}
    if isinstance(first, Match) and isinstance(inner, dict):
        return [{first.field: first.value, **inner}]
    raise Refused(
        f"`{KeyPath(steps)}` is not added",
        why="an element of a list is added with a field that names it and a key below",
        fix="name the value in it: list[name=web].key",
    )


def _joined(one: Tree, other: Tree) -> Tree:
    """Two wishes for one place; elements of a list are one where their first fields agree."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {key: _joined(one[key], other[key]) for key in one.keys() & other.keys()}
        return {**one, **other, **both}
    if isinstance(one, list) and isinstance(other, list):
        known = list(one)
        for element in other:
            at = next((at for at, each in enumerate(known) if _first(each) == _first(element)), None)
            if at is None:
                known.append(element)
            else:
                known[at] = _joined(known[at], element)
        return known
    if one == other:
        return one
    raise Refused("a key is not added", why="it would hold two things at once", fix="name different keys")


def _first(element: Tree) -> object:
    return next(iter(element.items()), None) if isinstance(element, dict) else element


def made_of(tree: Tree, anchor: str | None = None) -> Iterator[Made]:
    """The nodes that a tree is, once it stands in a file."""
    if isinstance(tree, dict):
        yield Made(Kind.MAPPING, anchor=anchor)
        yield from entries_made(tree)
        yield Made(Kind.END)
    elif isinstance(tree, list):
        yield Made(Kind.SEQUENCE, anchor=anchor)
        yield from entries_made(tree)
        yield Made(Kind.END)
    elif isinstance(tree, bool):
        yield Made(Kind.SCALAR, "true", is_word=True)
    elif isinstance(tree, Lines):
        yield Made(Kind.SCALAR, tree.text)
    else:
        yield Made(Kind.SCALAR, tree)


def entries_made(tree: Tree) -> Iterator[Made]:
    """The nodes of what a mapping or list holds."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield Made(Kind.SCALAR, key)
            yield from made_of(value)
    elif isinstance(tree, list):
        for element in tree:
            yield from made_of(element)
