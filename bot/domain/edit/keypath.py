"""Key paths: where a value stands in a YAML file, as people write it in the configuration.

    image.tag                                a key in a key
    containers[0].image                      an element of a list, counted from 0
    applications[name=web].image.tag         the one element whose `name` is `web`
    "app.kubernetes.io/name".tag             a key with a dot in it, quoted
    app\\.kubernetes\\.io/name.tag             the same, escaped as in `helm --set`

In quotes `\\"` and `\\\\` stand for a quote and a backslash; elsewhere a backslash takes the next character
as it is. A field and a value between brackets may be quoted or escaped in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

_LONGEST = 1_000
_IN_BRACKETS = "an index such as 0, or field=value,"
_BARE = re.compile(r"(?:[^\\.\[\]\"=]|\\.)+")
_BARE_VALUE = re.compile(r"(?:[^\\\[\]\"]|\\.)+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_INDEX = re.compile(r"[0-9]{1,9}(?=\])")
_ESCAPE = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'[\\.\[\]"=]')


@dataclass(frozen=True, slots=True)
class Key:
    """The value of a key in a mapping."""

    name: str

    def __str__(self) -> str:
        return _quoted(self.name)


@dataclass(frozen=True, slots=True)
class Index:
    """An element of a list, counted from 0."""

    number: int

    def __str__(self) -> str:
        return f"[{self.number}]"


@dataclass(frozen=True, slots=True)
class Match:
    """The one element of a list whose field has this value."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"[{_quoted(self.field)}={_quoted(self.value)}]"


Step = Key | Index | Match


@dataclass(frozen=True, slots=True)
class KeyPath:
    """The steps from the root of a document to one value; `str()` gives a text that parses to it again."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        first, *rest = (str(step) for step in self.steps)
        return first + "".join(text if text.startswith("[") else f".{text}" for text in rest)

    @classmethod
    def parse(cls, text: str) -> KeyPath:
        """Parse the text of a key path.

        Raises:
            ValueError: the text breaks the grammar; the message says where and what was expected.
        """
        if len(text) > _LONGEST:
            raise ValueError(f"a key path of {len(text)} characters is too long; at most {_LONGEST} are read")
        return cls(tuple(_Reader(text).steps()))


class _Reader:
    """Reads one text from left to right; `at` is the position of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def steps(self) -> list[Step]:
        steps: list[Step] = [self._bracket() if self._takes("[") else self._key()]
        while self.at < len(self.text):
            if self._takes("["):
                steps.append(self._bracket())
            elif self._takes("."):
                steps.append(self._key())
            else:
                self._fail("expected a dot or [")
        return steps

    def _key(self) -> Key:
        return Key(self._word(_BARE, "a key"))

    def _bracket(self) -> Index | Match:
        number = _INDEX.match(self.text, self.at)
        if number:
            self.at = number.end()
            step: Index | Match = Index(int(number[0]))
        else:
            field = self._word(_BARE, _IN_BRACKETS)
            self._expect("=", _IN_BRACKETS)
            step = Match(field, self._word(_BARE_VALUE, "a value"))
        self._expect("]", "]")
        return step

    def _word(self, bare: re.Pattern[str], wanted: str) -> str:
        quoted = _QUOTED.match(self.text, self.at)
        found = quoted or bare.match(self.text, self.at)
        if not found:
            self._fail(f"expected {wanted}")
        self.at = found.end()
        return _ESCAPE.sub(r"\1", found[1] if quoted else found[0])

    def _takes(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def _expect(self, mark: str, wanted: str) -> None:
        if not self._takes(mark):
            self._fail(f"expected {wanted}")

    def _fail(self, wanted: str) -> NoReturn:
        found = f"found {self.text[self.at]!r}" if self.at < len(self.text) else "the text ends there"
        raise ValueError(
            f"{self.text[:80]!r} is not a key path: {wanted} at character {self.at + 1}, but {found}"
        )


def _quoted(text: str) -> str:
    if text and not _SPECIAL.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
