"""A TOML file (https://toml.io/en/v1.0.0) as it is read: tables, dotted keys, arrays of tables, all strings.

The scanner finds where each value stands and is lenient otherwise; what it finds must be what Python's own
reader finds, so that nothing is edited on a misunderstanding.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, NoReturn

from bot.domain.edit.brackets import indent
from bot.domain.edit.keypath import Index, Key
from bot.domain.edit.text import Span, Text
from bot.domain.edit.tree import (
    Brackets,
    Branch,
    Counter,
    Home,
    Items,
    Leaf,
    LeafKind,
    Table,
    Tree,
    Way,
    malformed,
)

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
_PART = re.compile(r"""[ \t]*+(?:[A-Za-z0-9_-]++|"(?:[^"\\]++|\\.)*"|'[^']*+')[ \t]*+\.?""")
_Entries = dict[str, Branch]


def scan(text: Text) -> Tree:
    """Read a TOML file.

    Raises:
        Malformed: it is no TOML; the line is named.
        Refused: it is larger or deeper than any file that people keep by hand.
    """
    scanner = _Scanner(text)
    root = scanner.document()
    try:
        loaded = tomllib.loads(text.text)
    except ValueError as error:
        line = re.search(r"at line ([0-9]+)", str(error))
        at = len("\n".join(text.text.split("\n")[: int(line[1]) - 1])) + 1 if line else 0
        malformed(text, at, str(error), language="TOML")
    if _plain(root) != _texts(loaded):
        malformed(text, 0, "Python reads it otherwise", language="TOML")
    return Tree(text, root, homes=scanner.homes)


class _Scanner:
    """Reads a text from left to right; `at` is the position of the next character."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._source = text.text
        self._at = 0
        self._counter = Counter()
        self.homes: dict[Way, Home] = {(): Home(0, "")}

    def document(self) -> Table:
        root: dict[str, Branch] = {}
        current, way = root, Way()
        self._skip(_BLANK)
        while self._at < len(self._source):
            start = self._at
            if self._takes("[["):
                current, way = self._element(root, self._keys("]]"))
                self.homes[way] = Home(self._at, indent(self._source, start))
            elif self._takes("["):
                current, way = self._within(root, (), self._keys("]"))
                self.homes[way] = Home(self._at, indent(self._source, start))
            else:
                self._line(current, way)
            if not self._skip(_LINE_END):
                self._fail("something follows the end of the value")
            self._skip(_BLANK)
        return Table(root)

    def _element(self, root: _Entries, keys: list[str]) -> tuple[_Entries, Way]:
        """One more table in the list that a header in double brackets names, and the way to it."""
        parent, way = self._within(root, (), keys[:-1])
        known = parent.setdefault(keys[-1], Items([]))
        entries: _Entries = {}
        if not isinstance(known, Items) or not isinstance(known.elements, list):
            self._fail(f"{keys[-1][:80]!r} is no list of tables")
        known.elements.append(Table(entries))
        return entries, (*way, Key(keys[-1]), Index(len(known.elements) - 1))

    def _within(self, entries: _Entries, way: Way, keys: list[str]) -> tuple[_Entries, Way]:
        """The entries of the table that keys lead to, made where it is not there; of a list, the last one."""
        self._counter.node(len(keys))
        for key in keys:
            branch, way = entries.setdefault(key, Table({})), (*way, Key(key))
            if isinstance(branch, Items) and branch.elements:
                way = (*way, Index(len(branch.elements) - 1))
                branch = branch.elements[-1]
            if not isinstance(branch, Table) or not isinstance(branch.entries, dict):
                self._fail(f"{key[:80]!r} is no table")
            entries = branch.entries
        return entries, way

    def _line(self, entries: _Entries, way: Way) -> None:
        """A key and its value in a table without brackets; one more entry goes behind it."""
        start = self._at
        lead = indent(self._source, start)
        keys = self._keys("=")
        spelled = self._source[start : self._at].rpartition("=")[0]
        self._entry(entries, way, keys, 0)
        self.homes[way] = Home(self._at, lead, self.homes[way].is_dotted)
        for count in range(1, len(keys)):
            way = (*way, Key(keys[count - 1]))
            self.homes[way] = Home(self._at, f"{lead}{_dotted(spelled, count)}", is_dotted=True)

    def _entry(self, entries: _Entries, way: Way, keys: list[str], depth: int) -> None:
        table, _ = self._within(entries, way, keys[:-1])
        if keys[-1] in table:
            self._fail(f"the key {keys[-1][:80]!r} stands there twice")
        table[keys[-1]] = self._value(depth + len(keys))

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
        start = self._at
        if self._takes("["):
            return self._items(start, depth)
        if self._takes("{"):
            return self._inline(start, depth)
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

    def _items(self, start: int, depth: int) -> Items:
        elements: list[Branch] = []
        last = None
        self._skip(_BLANK)
        while not self._takes("]"):
            begin = self._at
            elements.append(self._value(depth + 1))
            last = Span(begin, self._at)
            self._skip(_BLANK)
            if not self._takes(",") and not self._source.startswith("]", self._at):
                self._fail("expected a comma or ]")
            self._skip(_BLANK)
        return Items(tuple(elements), Brackets(Span(start, self._at), last))

    def _inline(self, start: int, depth: int) -> Table:
        entries: _Entries = {}
        last = None
        self._skip(_BLANK)
        while not self._takes("}"):
            begin = self._at
            self._entry(entries, (), self._keys("="), depth)
            last = Span(begin, self._at)
            self._skip(_BLANK)
            if not self._takes(",") and not self._source.startswith("}", self._at):
                self._fail("expected a comma or }")
            self._skip(_BLANK)
        return Table(entries, Brackets(Span(start, self._at), last))

    def _said(self, source: str) -> str:
        if "\\" not in source and source[:3] not in {'"""', "'''"}:
            return source[1:-1]
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


def _dotted(spelled: str, count: int) -> str:
    """The first of some keys between dots, as they are spelled, with the dot behind the last of them."""
    at = 0
    for _ in range(count):
        part = _PART.match(spelled, at)
        at = part.end() if part else at
    return spelled[:at]


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
