"""Calendar versions: formats in the words of https://calver.org, and what tags are by them.

YYYY 0Y YY    year: in full, short with a zero, short (2006 is 06 or 6)
0M MM         month, with or without a leading zero
0W WW         week, likewise
0D DD         day, likewise
MAJOR MINOR MICRO    numbers of any size
MODIFIER      a text, such as rc1; what has none is above what has one
[ ]           around what may be absent, at the end; other small letters and . _ - stand for themselves
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from itertools import pairwise

from bot.domain.errors import sentence

_EXAMPLE = "write for example YYYY.0M.0D or YY.0M[.MICRO]"
_LONGEST_FORMAT = 100
_NUMBER = "[0-9]{1,64}"
_WORDS = {
    "YYYY": "[1-9][0-9]{3}",
    "0Y": "(?:0[0-9]|[1-9][0-9]{1,2})",
    "YY": "(?:0|[1-9][0-9]{0,2})",
    "0M": "(?:0[1-9]|1[0-2])",
    "MM": "(?:[1-9]|1[0-2])",
    "0W": "(?:0[1-9]|[1-4][0-9]|5[0-3])",
    "WW": "(?:[1-9]|[1-4][0-9]|5[0-3])",
    "0D": "(?:0[1-9]|[12][0-9]|3[01])",
    "DD": "(?:[1-9]|[12][0-9]|3[01])",
    "MAJOR": _NUMBER,
    "MINOR": _NUMBER,
    "MICRO": _NUMBER,
    "MODIFIER": "[0-9A-Za-z][0-9A-Za-z._-]*",
}
_FIXED_WIDTH = frozenset({"YYYY", "0M", "0W", "0D"})
_PIECE = re.compile(rf"{'|'.join(_WORDS)}|[a-z._-]|[][]")
_RANKS = {"Y": 0, "M": 1, "W": 1, "D": 2}
_RUNS = re.compile(r"[0-9]+|[^0-9]+")

Part = tuple[tuple[int, int, str], ...]
"""One part of a version, comparable with the same part of another."""
_ABSENT: Part = ((-1, 0, ""),)
_NO_MODIFIER: Part = ((2, 0, ""),)


@dataclass(frozen=True, slots=True)
class CalendarFormat:
    """A format, read. `words` are its words from left to right. Built by `parse_format`."""

    text: str
    words: tuple[str, ...]
    expression: re.Pattern[str]

    def read(self, value: str) -> tuple[Part, ...] | None:
        """The parts of a version, most significant first; None when the value has another form."""
        found = self.expression.fullmatch(value)
        if not found:
            return None
        return tuple(_part(word, text) for word, text in zip(self.words, found.groups(), strict=True))

    def is_date(self, parts: tuple[Part, ...]) -> bool:
        """Whether the year, month and day among the parts are a day that was or will be."""
        numbers = {_unit(word): part[0][1] for word, part in zip(self.words, parts, strict=True)}
        if "D" not in numbers:
            return True
        year = numbers["Y"] if "YYYY" in self.words else 2000 + numbers["Y"]
        return numbers["D"] <= monthrange(year, numbers["M"])[1]


def parse_format(text: str) -> CalendarFormat:
    """Read a format.

    Raises:
        ValueError: it breaks the grammar above, names no year, puts a smaller unit before a greater one, or
            leaves open where a number ends; the message says which, and what to write.
    """
    if not text or len(text) > _LONGEST_FORMAT:
        raise _bad(text, f"a format has 1 to {_LONGEST_FORMAT} characters", _EXAMPLE)
    pieces = _pieces(text)
    words = tuple(piece for piece in pieces if piece in _WORDS)
    _check_words(text, words)
    _check_brackets(text, pieces)
    _check_ends(text, [piece for piece in pieces if piece not in {"[", "]"}])
    expression = "".join(_expression(piece) for piece in pieces)
    return CalendarFormat(text, words, re.compile(expression, re.ASCII))


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    position = 0
    while position < len(text):
        found = _PIECE.match(text, position)
        if not found:
            why = f"it has no word {text[position : position + 10]!r}"
            raise _bad(text, why, f"its words are {', '.join(_WORDS)}")
        pieces.append(found[0])
        position = found.end()
    return pieces


def _expression(piece: str) -> str:
    if piece in {"[", "]"}:
        return "(?:" if piece == "[" else ")?"
    return f"({_WORDS[piece]})" if piece in _WORDS else re.escape(piece)


def _unit(word: str) -> str:
    """`Y`, `M`, `W` or `D` for a word of the calendar, empty for a number or text."""
    return word[-1] if word not in {"MAJOR", "MINOR", "MICRO", "MODIFIER"} else ""


def _check_words(text: str, words: tuple[str, ...]) -> None:
    units = [_unit(word) or word for word in words]
    if "Y" not in units:
        raise _bad(text, "it names no year", _EXAMPLE)
    repeated = next((unit for unit in units if units.count(unit) > 1), None)
    if repeated:
        raise _bad(text, "it names one part twice", "keep one of them")
    ranks = [_RANKS[unit] for unit in units if unit in _RANKS]
    if ranks != sorted(ranks):
        raise _bad(text, "a smaller unit stands before a greater one", "versions are ordered from the left")
    if ranks not in ([0], [0, 1], [0, 1, 2]) or ("W" in units and "D" in units):
        raise _bad(text, "a day needs its month, and a week stands alone", _EXAMPLE)
    if "MODIFIER" in words[:-1]:
        raise _bad(text, "MODIFIER would take what follows it", "put it at the end")


def _check_brackets(text: str, pieces: list[str]) -> None:
    depth = 0
    for at, piece in enumerate(pieces):
        depth += {"[": 1, "]": -1}.get(piece, 0)
        is_date_within = depth > 0 and piece in _WORDS and bool(_unit(piece))
        is_followed = piece == "]" and any(each not in {"[", "]"} for each in pieces[at + 1 :])
        if depth < 0 or is_date_within or (is_followed and pieces[at + 1] not in {"[", "]"}):
            why = "brackets stand around numbers and MODIFIER at the end"
            raise _bad(text, why, "write for example YY.0M[.MICRO][-MODIFIER]")
    if depth:
        raise _bad(text, "a bracket is not closed", "write for example YY.0M[.MICRO]")


def _check_ends(text: str, pieces: list[str]) -> None:
    for piece, follower in pairwise(pieces):
        if piece in _WORDS and piece not in _FIXED_WIDTH and follower in _WORDS:
            why = f"nobody can tell where {piece} ends and {follower} begins"
            raise _bad(text, why, "put a dot between them, or use YYYY, 0M and 0D")


def _part(word: str, text: str | None) -> Part:
    if word == "MODIFIER":
        return _NO_MODIFIER if text is None else _modifier(text)
    return _ABSENT if text is None else ((0, int(text), ""),)


def _modifier(text: str) -> Part:
    return tuple((0, int(run), "") if run.isdigit() else (1, 0, run) for run in _RUNS.findall(text))


def _bad(text: str, why: str, fix: str) -> ValueError:
    return ValueError(sentence(f"{text[:80]!r} is not a format of calendar versions", why, fix))
