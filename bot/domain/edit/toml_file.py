"""Key paths into a TOML file (https://toml.io/en/v1.0.0): tables, dotted keys, arrays of tables, all strings.

The scanner finds where each value stands and is lenient otherwise; what it finds must be what Python's own
reader finds, so that nothing is edited on a misunderstanding.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, NoReturn

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.parts import path_of, read_keys, written_keys
from bot.domain.edit.sealed import refuse_sealed_tree
from bot.domain.edit.text import Span, Text, decoded
from bot.domain.edit.tree import Branch, Counter, Items, Leaf, LeafKind, Table, Tree, assigned, malformed
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import TomlPaths

_SPACE = re.compile(r"[ \t]*+")
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\r\n]*+)*")
_LINE_END = re.compile(r"[ \t]*+(?:#[^\r\n]*+)?(?:\r?\n|\Z)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]++")
_STRING = re.compile(
    r'''"""(?:[^"\\]++|\\(?s:.)|"(?!""))*"""(?:"{0,2})'''
    r"""|'''(?:[^']++|'(?!''))*'''(?:'{0,2})"""
    r"""|"(?:[^"\\\r\n]++|\\.)*"|'[^'\r\n]*+' """,
    re.VERBOSE,
)
_BARE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9:.]++(?:[Zz]|[+-][0-9:]++)?|[A-Za-z0-9_+.:-]++")
_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*+(?:\.[0-9_]++)?(?:[eE][-+]?[0-9_]++)?|0[xob][0-9A-Fa-f_]++")
_OPENING = re.compile(r"(\"\"\"|''')(?:\r?\n)?")


def read(content: bytes, place: TomlPaths, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    tree = _opened(content)
    return read_keys(place, lambda key: tree.need(path_of(key)), name)


def write(content: bytes, place: TomlPaths, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    tree = _opened(content)
    texts = written_keys(place, lambda key: tree.need(path_of(key)), ref, pin_digest=pin_digest)
    return set_values(tree, [(path_of(key), text) for key, text in texts])


def _opened(content: bytes) -> Tree:
    tree = scan(decoded(content))
    refuse_sealed_tree(tree)
    return tree


def set_values(tree: Tree, assignments: list[tuple[KeyPath, str]]) -> bytes:
    """The file with these texts at these paths; raises what `bot.domain.edit.tree.assigned` raises."""
    return assigned(tree, assignments, written=_written, scan=scan)


def scan(text: Text) -> Tree:
    """Read a TOML file.

    Raises:
        Malformed: it is no TOML; the line is named.
        Refused: it is larger or deeper than any file that people keep by hand.
    """
    root = _Scanner(text).document()
    try:
        loaded = tomllib.loads(text.text)
    except ValueError as error:
        line = re.search(r"at line ([0-9]+)", str(error))
        at = len("\n".join(text.text.split("\n")[: int(line[1]) - 1])) + 1 if line else 0
        malformed(text, at, str(error), language="TOML")
    if _plain(root) != _texts(loaded):
        malformed(text, 0, "Python reads it otherwise", language="TOML")
    return Tree(text, root)


class _Scanner:
    """Reads a text from left to right; `at` is the position of the next character."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._source = text.text
        self._at = 0
        self._counter = Counter()

    def document(self) -> Table:
        root: dict[str, Branch] = {}
        current = root
        self._skip(_BLANK)
        while self._at < len(self._source):
            if self._takes("[["):
                current = self._element(root, self._keys("]]"))
            elif self._takes("["):
                current = self._within(root, self._keys("]"))
            else:
                self._entry(current, 0)
            if not self._skip(_LINE_END):
                self._fail("something follows the end of the value")
            self._skip(_BLANK)
        return Table(root)

    def _element(self, root: dict[str, Branch], keys: list[str]) -> dict[str, Branch]:
        """One more table in the list that a header in double brackets names."""
        parent = self._within(root, keys[:-1])
        known = parent.setdefault(keys[-1], Items([]))
        entries: dict[str, Branch] = {}
        if not isinstance(known, Items) or not isinstance(known.elements, list):
            self._fail(f"{keys[-1][:80]!r} is no list of tables")
        known.elements.append(Table(entries))
        return entries

    def _within(self, entries: dict[str, Branch], keys: list[str]) -> dict[str, Branch]:
        """The entries of the table that keys lead to, made where it is not there; of a list, the last one."""
        self._counter.node(len(keys))
        for key in keys:
            branch = entries.setdefault(key, Table({}))
            if isinstance(branch, Items) and branch.elements:
                branch = branch.elements[-1]
            if not isinstance(branch, Table) or not isinstance(branch.entries, dict):
                self._fail(f"{key[:80]!r} is no table")
            entries = branch.entries
        return entries

    def _entry(self, entries: dict[str, Branch], depth: int) -> None:
        *parents, last = self._keys("=")
        table = self._within(entries, parents)
        if last in table:
            self._fail(f"the key {last[:80]!r} stands there twice")
        table[last] = self._value(depth + len(parents) + 1)

    def _keys(self, end: str) -> list[str]:
        """Keys between dots, up to and with the mark that ends them."""
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if self._takes(end):
                self._skip(_SPACE)
                return keys
            if not self._takes("."):
                self._fail(f"expected {end}")

    def _key(self) -> str:
        bare = _BARE_KEY.match(self._source, self._at)
        found = bare or _STRING.match(self._source, self._at)
        if not found:
            self._fail("expected a key")
        self._at = found.end()
        return found[0] if bare else self._said(found[0])

    def _value(self, depth: int) -> Branch:
        self._counter.node(depth)
        if self._takes("["):
            return self._items(depth)
        if self._takes("{"):
            return self._inline(depth)
        string = _STRING.match(self._source, self._at)
        found = string or _BARE.match(self._source, self._at)
        if not found:
            self._fail("expected a value")
        self._at = found.end()
        span = Span(found.start(), found.end())
        if string:
            return Leaf(span, LeafKind.STRING, self._said(string[0]))
        kind = LeafKind.NUMBER if _NUMBER.fullmatch(found[0]) else LeafKind.OTHER
        return Leaf(span, kind, found[0])

    def _items(self, depth: int) -> Items:
        elements: list[Branch] = []
        self._skip(_BLANK)
        while not self._takes("]"):
            elements.append(self._value(depth + 1))
            self._skip(_BLANK)
            if not self._takes(",") and not self._source.startswith("]", self._at):
                self._fail("expected a comma or ]")
            self._skip(_BLANK)
        return Items(tuple(elements))

    def _inline(self, depth: int) -> Table:
        entries: dict[str, Branch] = {}
        self._skip(_BLANK)
        while not self._takes("}"):
            self._entry(entries, depth)
            self._skip(_BLANK)
            if not self._takes(",") and not self._source.startswith("}", self._at):
                self._fail("expected a comma or }")
            self._skip(_BLANK)
        return Table(entries)

    def _said(self, source: str) -> str:
        try:
            return str(tomllib.loads(f"v = {source}")["v"])
        except ValueError as error:
            return self._fail(str(error))

    def _takes(self, mark: str) -> bool:
        if not self._source.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._source, self._at)
        self._at = found.end() if found else self._at
        return found is not None

    def _fail(self, what: str) -> NoReturn:
        malformed(self._text, self._at, what, language="TOML")


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


def _plain(branch: Branch) -> Any:
    """A branch with its texts alone; what is no text is None."""
    if isinstance(branch, Table):
        return {key: _plain(value) for key, value in branch.entries.items()}
    if isinstance(branch, Items):
        return [_plain(element) for element in branch.elements]
    return branch.text if branch.kind is LeafKind.STRING else None


def _texts(value: Any) -> Any:
    """What Python's reader gives, in the form of `_plain`."""
    if isinstance(value, dict):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return value if isinstance(value, str) else None
