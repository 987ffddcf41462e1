"""Fields of a body: values of the right type, or a reason that names the field.

Paths are dotted. What is missing is named by its whole path, what has another type by its own name:
`missing push_data.tag`, `tag is not text`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.webhooks.body import Json
from bot.webhooks.reader import Unreadable

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_TEXT = 1000
_MOST_ITEMS = 10_000
_MISSING = object()


def text(source: Json, path: str) -> str:
    """A text as it stands in the body: check it by a grammar, or `clean` it, before it goes anywhere."""
    found = _required(source, path)
    if not isinstance(found, str):
        raise Unreadable(f"{_leaf(path)} is not text")
    return found


def optional_text(source: Json, path: str) -> str | None:
    """As `text`, or None where it, or anything on the way to it, is absent, null or empty."""
    found = _walk(source, path)
    if found is _MISSING or found is None or found == "":
        return None
    return text(source, path)


def clean_text(source: Json, path: str) -> str:
    """Free text that can be stored and shown."""
    return clean(text(source, path))


def optional_clean_text(source: Json, path: str) -> str | None:
    """As `clean_text`, or None where it is absent, null or empty."""
    found = optional_text(source, path)
    return None if found is None else clean(found)


def clean(value: str) -> str:
    """The text cut to a length, with what a database or an encoder cannot take replaced."""
    return _UNSTORABLE.sub("\ufffd", value[:_LONGEST_TEXT])


def word(value: str) -> str:
    """A sender's word (an action, an event) as it can stand in a reason: printable ASCII, cut short."""
    return ascii(value[:64])[1:-1]


def flag(source: Json, path: str) -> bool:
    """A truth value; False where it is absent or null."""
    found = _walk(source, path)
    if found is _MISSING or found is None:
        return False
    if not isinstance(found, bool):
        raise Unreadable(f"{_leaf(path)} is not true or false")
    return found


def number(source: Json, path: str) -> int:
    """A count or a number that something is known by: positive, and small enough for a database."""
    found = _required(source, path)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Unreadable(f"{_leaf(path)} is not a whole number")
    if not 0 < found < 2**63:
        raise Unreadable(f"{_leaf(path)} is out of range")
    return found


def mapping(source: Json, path: str) -> Json:
    """An object."""
    return _object(_required(source, path), _leaf(path))


def optional_mapping(source: Json, path: str) -> Json:
    """An object; empty where it is absent or null."""
    found = _walk(source, path)
    return {} if found is _MISSING or found is None else _object(found, _leaf(path))


def sequence(source: Json, path: str) -> Sequence[Any]:
    """A list of anything, as long as the body allows: bound it before it is worked through."""
    found = _required(source, path)
    if not isinstance(found, list):
        raise Unreadable(f"{_leaf(path)} is not a list")
    return found


def items(source: Json, path: str) -> Sequence[Any]:
    """A list of anything, of bounded length."""
    found = sequence(source, path)
    if len(found) > _MOST_ITEMS:
        raise Unreadable(f"{_leaf(path)} is too long")
    return found


def objects(source: Json, path: str) -> Sequence[Json]:
    """A list of objects; empty where it is absent or null."""
    found = _walk(source, path)
    if found is _MISSING or found is None:
        return ()
    return [_object(each, f"an item of {_leaf(path)}") for each in items(source, path)]


def _required(source: Json, path: str) -> object:
    here: object = source
    walked: list[str] = []
    for name in path.split("."):
        parent = _object(here, walked[-1] if walked else "body")
        walked.append(name)
        if name not in parent:
            raise Unreadable(f"missing {'.'.join(walked)}")
        here = parent[name]
    return here


def _walk(source: Json, path: str) -> object:
    here: object = source
    for name in path.split("."):
        if here is None:
            return _MISSING
        if not isinstance(here, Mapping):
            return _required(source, path)
        here = here.get(name, _MISSING)
        if here is _MISSING:
            return _MISSING
    return here


def _object(found: object, name: str) -> Json:
    if not isinstance(found, dict):
        raise Unreadable(f"{name} is not an object")
    return found


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]
