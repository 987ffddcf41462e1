"""Texts at key paths of a JSON or TOML file: what stands there changes, and what is missing is added.

Either is proved: scanned anew, the file must hold the same at every other path, and be the same text but for
what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.edit.keypath import Key, KeyPath, Match, Step
from bot.domain.edit.text import Change, Span, Text, decoded, replaced, unproved
from bot.domain.edit.tree import Branch, Items, Leaf, LeafKind, Missing, Table, Tree, Way, refused
from bot.domain.errors import Malformed, Refused

_LONGEST_TEXT = 1_000

New = str | list["New"] | dict[str, "New"]
"""What is added: a text, or the lists and tables around it."""


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is read and written.

    `scan` reads a file; `written` gives the source of a text in a leaf's place; `added` what changes where an
    entry is put into a branch: the entries of a table, or one more element of a list.
    """

    scan: Callable[[Text], Tree]
    written: Callable[[Tree, Leaf, str], str]
    added: Callable[[Tree, Missing, New], Sequence[Change]]


def assigned(tree: Tree, assignments: Sequence[tuple[KeyPath, str]], language: Language) -> bytes:
    """The file with these texts at these paths; a value that says its text already stays as it is.

    Raises:
        NotFound: a path leads nowhere, and the file is not one to which is added.
        Refused: a value cannot be changed by itself, or the result could not be proved.
    """
    for path, text in assignments:
        _check_text(path, text)
    is_new = [tree.creates and isinstance(tree.find(path), Missing) for path, _ in assignments]
    known = [each for each, new in zip(assignments, is_new, strict=True) if not new]
    content = _changed(tree, known, language)
    if not any(is_new):
        return content
    grown = language.scan(decoded(content)) if known else tree
    for path, text in (each for each, new in zip(assignments, is_new, strict=True) if new):
        grown = _grown(grown, path, text, language)
    return grown.text.changed(())


def _changed(tree: Tree, assignments: Sequence[tuple[KeyPath, str]], language: Language) -> bytes:
    wanted: dict[Span, tuple[KeyPath, Leaf, str]] = {}
    for path, text in assignments:
        leaf = tree.leaf(path)
        if wanted.setdefault(leaf.span, (path, leaf, text))[2] != text:
            raise _at_once(path, text)
    edits = [(leaf, text) for _, leaf, text in wanted.values() if leaf.text != text]
    ways = {leaf.span: way for way, leaf in tree.leaves()}
    changes = [
        Change(
            leaf.span, language.written(tree, leaf, text), _meaning(ways[leaf.span], LeafKind.STRING, text)
        )
        for leaf, text in edits
    ]
    if not changes:
        return tree.text.changed(())
    return replaced(tree.text, changes, lambda text: _spans(language.scan(text)))


def _grown(tree: Tree, path: KeyPath, text: str, language: Language) -> Tree:
    """The file with one more text, and what is missing around it."""
    missing = tree.find(path)
    if not isinstance(missing, Missing):
        # It stands where one was added before it, or is the field by which its element is named.
        if tree.leaf(path).text == text:
            return tree
        raise _at_once(path, text)
    new = _new(path, missing.steps, text)
    is_room = isinstance(missing.branch, Table if isinstance(new, dict) else Items)
    if not is_room and not (isinstance(missing.branch, Leaf) and missing.branch.kind is LeafKind.NULL):
        what = "a table" if isinstance(new, dict) else "a list"
        raise Refused(f"`{path}` is not added", why=f"there is no room for {what}", fix="add it by hand")
    expected = _put(_shape(tree.root), missing.way, new)
    changes = sorted(language.added(tree, missing, new), key=lambda each: each.span)
    after = tree.text.changed(changes)
    try:
        anew = language.scan(decoded(after))
    except (Malformed, Refused) as error:
        raise unproved("the file could not be read any more") from error
    if _shape(anew.root) != expected:
        raise unproved("the file would hold something else")
    return anew


def _new(path: KeyPath, steps: Sequence[Step], text: str) -> New:
    """What is put into the branch at which a path ends early."""
    if not steps:
        return text
    first, inner = steps[0], _new(path, steps[1:], text)
    if isinstance(first, Key):
        return {first.name: inner}
    if isinstance(first, Match) and isinstance(inner, dict):
        return [{first.field: first.value, **inner}]
    raise Refused(
        f"`{path}` is not added",
        why="an element of a list is added with a field that names it and a key below, not by a number",
        fix="name it: list[name=web].key",
    )


def _put(shape: Any, way: Way, new: New) -> Any:
    """A shape with something put into the branch at the end of a way."""
    if way:
        step, below = way[0], way[1:]
        if isinstance(step, Key):
            return {**shape, step.name: _put(shape[step.name], below, new)}
        at = step.number
        return [*shape[:at], _put(shape[at], below, new), *shape[at + 1 :]]
    if isinstance(new, dict):
        return {**(shape if isinstance(shape, dict) else {}), **_shape_of(new)}
    return [*(shape if isinstance(shape, list) else []), *_shape_of(new)]


def _shape(branch: Branch) -> Any:
    """What a branch says, without where it stands."""
    if isinstance(branch, Table):
        return {key: _shape(each) for key, each in branch.entries.items()}
    if isinstance(branch, Items):
        return [_shape(each) for each in branch.elements]
    return branch.kind, branch.text


def _shape_of(new: New) -> Any:
    if isinstance(new, dict):
        return {key: _shape_of(each) for key, each in new.items()}
    return [_shape_of(each) for each in new] if isinstance(new, list) else (LeafKind.STRING, new)


def _check_text(path: KeyPath, text: str) -> None:
    if len(text) > _LONGEST_TEXT or not text.isprintable():
        why = f"the new text is longer than {_LONGEST_TEXT:,} characters or has some that cannot be seen"
        raise Refused(f"`{path}` is not changed", why=why, fix="choose another tag")


def _at_once(path: KeyPath, text: str) -> Refused:
    return refused(path, f"it is to become {text[:80]!r} and another text at once", "keep one")


def _spans(tree: Tree) -> list[tuple[Span, str]]:
    return sorted((leaf.span, _meaning(way, leaf.kind, leaf.text)) for way, leaf in tree.leaves())


def _meaning(way: Way, kind: LeafKind, text: str) -> str:
    return f"{KeyPath(way) if way else ''}={kind} {text}"
