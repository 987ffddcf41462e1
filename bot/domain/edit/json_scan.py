"""A JSON file (RFC 8259) as it is read, with comments as in JSON for editors, which stay where they are.

Nothing else is let pass: no duplicate keys, no trailing commas, no single quotes. What is scanned is held
against Python's own reader, with comments blanked out.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from bot.domain.edit.text import Span, Text
from bot.domain.edit.tree import Brackets, Branch, Counter, Items, Leaf, LeafKind, Table, Tree, malformed

_BLANK = re.compile(r"(?:[ \t\r\n]++|//[^\r\n]*+|/\*(?s:.*?)\*/)*")
_COMMENT = re.compile(r'("(?:[^"\\]++|\\.)*")|//[^\r\n]*+|/\*(?s:.*?)\*/')
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?(?![\w.+-])")
_WORD = re.compile(r"(?:true|false|null)(?!\w)")


def scan(text: Text) -> Tree:
    """Read a JSON file.

    Raises:
        Malformed: it is no JSON, or has a key twice; the line is named.
        Refused: it is larger or deeper than any file that people keep by hand.
    """
    scanner = _Scanner(text)
    tree = Tree(text, scanner.document())
    if _plain(tree.root) != _loaded(text):
        malformed(text, 0, "Python reads it otherwise", language="JSON")
    return tree


class _Scanner:
    """Reads a text from left to right; `at` is the position of the next character, `end` that behind the
    last one that is no blank."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._source = text.text
        self._at = self._end = 0
        self._counter = Counter()

    def document(self) -> Branch:
        self._skip()
        root = self._value(0)
        if self._at < len(self._source):
            self._fail("something follows the end of the document")
        return root

    def _value(self, depth: int) -> Branch:
        """One value, and the blanks behind it."""
        self._counter.node(depth)
        start = self._at
        if self._takes("{"):
            return self._table(start, depth)
        if self._takes("["):
            return self._items(start, depth)
        return self._leaf()

    def _leaf(self) -> Leaf:
        for pattern, make in _LEAVES:
            found = pattern.match(self._source, self._at)
            if found:
                self._at = self._end = found.end()
                self._skip()
                return make(Span(found.start(), found.end()), found[0])
        return self._fail("expected a value")

    def _table(self, start: int, depth: int) -> Table:
        entries: dict[str, Branch] = {}
        last = None
        self._skip()
        while not self._takes("}"):
            if last:
                self._expect(",", "a comma or }")
            begin = self._at
            key = self._key(entries)
            entries[key] = self._value(depth + 1)
            last = Span(begin, self._end)
        return Table(entries, Brackets(Span(start, self._end), last))

    def _key(self, known: dict[str, Branch]) -> str:
        found = _STRING.match(self._source, self._at)
        if not found:
            self._fail("expected a key in double quotes")
        key = str(json.loads(found[0]))
        if key in known:
            self._fail(f"the key {key[:80]!r} stands there twice")
        self._at = found.end()
        self._skip()
        self._expect(":", "a colon")
        return key

    def _items(self, start: int, depth: int) -> Items:
        elements: list[Branch] = []
        last = None
        self._skip()
        while not self._takes("]"):
            if last:
                self._expect(",", "a comma or ]")
            begin = self._at
            elements.append(self._value(depth + 1))
            last = Span(begin, self._end)
        return Items(elements, Brackets(Span(start, self._end), last))

    def _takes(self, mark: str) -> bool:
        if not self._source.startswith(mark, self._at):
            return False
        self._at += 1
        self._end = self._at
        self._skip()
        return True

    def _expect(self, mark: str, wanted: str) -> None:
        if not self._takes(mark):
            self._fail(f"expected {wanted}")

    def _skip(self) -> None:
        blank = _BLANK.match(self._source, self._at)
        self._at = blank.end() if blank else self._at

    def _fail(self, what: str) -> NoReturn:
        malformed(self._text, self._at, what, language="JSON")


def _string(span: Span, source: str) -> Leaf:
    return Leaf(span, LeafKind.STRING, json.loads(source))


def _number(span: Span, source: str) -> Leaf:
    return Leaf(span, LeafKind.NUMBER, source)


def _word(span: Span, source: str) -> Leaf:
    return Leaf(span, LeafKind.NULL, "") if source == "null" else Leaf(span, LeafKind.OTHER, source)


_LEAVES = ((_STRING, _string), (_NUMBER, _number), (_WORD, _word))


def _plain(branch: Branch) -> Any:
    """A branch in the form in which `_loaded` gives it."""
    if isinstance(branch, Table):
        return {key: _plain(value) for key, value in branch.entries.items()}
    if isinstance(branch, Items):
        return [_plain(element) for element in branch.elements]
    if branch.kind is LeafKind.STRING:
        return branch.text
    return (branch.text or "null",)


def _loaded(text: Text) -> Any:
    """The document as Python's reader sees it; what is no string is a tuple of its source."""
    blanked = _COMMENT.sub(lambda found: found[1] or " " * len(found[0]), text.text)
    try:
        loaded = json.loads(blanked, parse_int=_source, parse_float=_source, parse_constant=_source)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        reason = getattr(error, "msg", "it cannot be read")
        at = len("\n".join(text.text.split("\n")[: line - 1]))
        malformed(text, at, reason, language="JSON")
    return _tupled(loaded)


def _source(source: str) -> tuple[str]:
    return (source,)


def _tupled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tupled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_tupled(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return (json.dumps(value),)
    return value
