"""Globs in the grammar of Go's `filepath.Match` (https://pkg.go.dev/path/filepath#Match), as RE2 expressions.

Python's `fnmatch` reads another grammar: `[!a]` where Go writes `[^a]`, and no backslash. Names that are
matched here hold no separator, so `*` and `?` stand for every character.
"""

from __future__ import annotations

from collections.abc import Iterator

import re2

from bot.domain.errors import sentence

_ANY = r"(?s:.)"
_NEVER = r"[^\x00-\x{10FFFF}]"


def translate(glob: str) -> str:
    """Return the RE2 expression that fully matches what the glob matches.

    Raises:
        ValueError: the glob breaks the grammar; Go calls it ErrBadPattern.
    """
    marks = iter(glob)
    return "".join(_term(mark, marks, glob) for mark in marks)


def _term(mark: str, marks: Iterator[str], glob: str) -> str:
    match mark:
        case "*":
            return f"{_ANY}*"
        case "?":
            return _ANY
        case "[":
            return _character_class(marks, glob)
        case _:
            return _escaped(_literal(mark, marks, glob))


def _character_class(marks: Iterator[str], glob: str) -> str:
    mark = _next(marks, glob)
    is_negated = mark == "^"
    if is_negated:
        mark = _next(marks, glob)
    ranges: list[tuple[str, str]] = []
    while mark != "]" or not ranges:
        low = high = _bound(mark, marks, glob)
        mark = _next(marks, glob)
        if mark == "-":
            high = _bound(_next(marks, glob), marks, glob)
            mark = _next(marks, glob)
        ranges.append((low, high))
    # Go accepts a range that runs backwards and lets it match nothing; RE2 would refuse it.
    inner = "".join(f"{_escaped(low)}-{_escaped(high)}" for low, high in ranges if low <= high)
    if not inner:
        return _ANY if is_negated else _NEVER
    return f"[{'^' if is_negated else ''}{inner}]"


def _bound(mark: str, marks: Iterator[str], glob: str) -> str:
    if mark in {"-", "]"}:
        raise _bad(glob, why=f"a bare {mark} in [ ]", fix=f"write \\{mark} for the character itself")
    return _literal(mark, marks, glob)


def _literal(mark: str, marks: Iterator[str], glob: str) -> str:
    """The mark itself, or the one after a backslash."""
    return _next(marks, glob) if mark == "\\" else mark


def _next(marks: Iterator[str], glob: str) -> str:
    for mark in marks:
        return mark
    raise _bad(
        glob, why="it ends inside [ ] or after a backslash", fix="close it, or write \\\\ for a backslash"
    )


def _escaped(mark: str) -> str:
    return str(re2.escape(mark))


def _bad(glob: str, *, why: str, fix: str) -> ValueError:
    return ValueError(sentence(f"{glob!r} is not a glob", why, fix))
