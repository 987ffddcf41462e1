"""Key paths into a JSON file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.edit.assignment import Language, assigned
from bot.domain.edit.json_layout import added, quoted
from bot.domain.edit.json_scan import scan
from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.parts import read_keys, written_keys
from bot.domain.edit.sealed import refuse_sealed_tree
from bot.domain.edit.text import Span, decoded
from bot.domain.edit.tree import Leaf, LeafKind, Tree
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import JsonPaths


def read(content: bytes, place: JsonPaths, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    return read_keys(place, _opened(content, place), name)


def write(content: bytes, place: JsonPaths, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    tree = _opened(content, place)
    return set_values(tree, list(written_keys(place, tree, ref, pin_digest=pin_digest)))


def _opened(content: bytes, place: JsonPaths) -> Tree:
    text = decoded(content)
    if place.creates and not text.text.strip(" \t\r\n"):
        end = len(text.text)
        return Tree(text, Leaf(Span(end, end), LeafKind.NULL, ""), creates=True)
    tree = scan(text)
    refuse_sealed_tree(tree)
    return replace(tree, creates=place.creates)


def set_values(tree: Tree, assignments: Sequence[tuple[KeyPath, str]]) -> bytes:
    """The file with these texts at these paths; raises what `bot.domain.edit.assignment.assigned` raises."""
    return assigned(tree, assignments, Language(scan, lambda _tree, _leaf, text: quoted(text), added))
