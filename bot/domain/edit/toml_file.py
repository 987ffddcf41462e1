"""Key paths into a TOML file: tables, dotted keys, arrays of tables, all strings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.edit.assignment import Language, assigned
from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.parts import read_keys, written_keys
from bot.domain.edit.sealed import refuse_sealed_tree
from bot.domain.edit.text import decoded
from bot.domain.edit.toml_layout import added
from bot.domain.edit.toml_scan import scan
from bot.domain.edit.tree import Leaf, Tree
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import TomlPaths

_OPENING = re.compile(r"(\"\"\"|''')(?:\r?\n)?")


def read(content: bytes, place: TomlPaths, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    return read_keys(place, _opened(content, place), name)


def write(content: bytes, place: TomlPaths, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    tree = _opened(content, place)
    return set_values(tree, list(written_keys(place, tree, ref, pin_digest=pin_digest)))


def _opened(content: bytes, place: TomlPaths) -> Tree:
    tree = scan(decoded(content))
    refuse_sealed_tree(tree)
    return replace(tree, creates=place.creates)


def set_values(tree: Tree, assignments: Sequence[tuple[KeyPath, str]]) -> bytes:
    """The file with these texts at these paths; raises what `bot.domain.edit.assignment.assigned` raises."""
    return assigned(tree, assignments, Language(scan, _written, added))


def _written(tree: Tree, leaf: Leaf, text: str) -> str:
    """The text in the quotes that stand there, or in double quotes where they could not hold it."""
    source = tree.text.text[leaf.span.start : leaf.span.end]
    opening = _OPENING.match(source)
    start, end = (opening[0], opening[1]) if opening else (source[0], source[0])
    if "'" in end and "'" not in text:
        return start + text + end
    if '"' not in end:
        start = end = '"'
    return start + text.replace("\\", "\\\\").replace('"', '\\"') + end
