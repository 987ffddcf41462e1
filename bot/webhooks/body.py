"""Bodies: bytes become one JSON object, strictly and within bounds. What a body means is a reader's matter.

Stricter than RFC 8259 asks: a key given twice is refused, because a proxy and Tagboat might not agree on
which one wins. The standard library's parser is used since it shows every pair; a fast one that keeps the
last of two keys would have to be followed by a second pass over the same bytes.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias
from urllib.parse import parse_qsl

from bot.webhooks.reader import Unreadable

Json: TypeAlias = dict[str, Any]

_DEEPEST = 64
_MOST_KEYS = 50_000
_LONGEST_NUMBER = 40
_MOST_FORM_FIELDS = 32
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_HINTS = {
    "'": "single quotes",
    "//": "comments",
    "/*": "comments",
    "#": "comments",
    "\ufeff": "byte order mark",
}


def decode(body: bytes) -> Json:
    """Parse a JSON object.

    Raises:
        Unreadable: not UTF-8, not JSON, not an object, nested too deeply, a key twice, too many keys, a
            number that is not finite or too long.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Unreadable("body is not UTF-8") from None
    _check_depth(body)
    found = _Strict().parse(text)
    if not isinstance(found, dict):
        raise Unreadable("body is not an object")
    return found


def form_field(body: bytes, name: str) -> bytes:
    """The one value of a field of an `application/x-www-form-urlencoded` body.

    Raises:
        Unreadable: not such a body, or the field is missing, or a field is given twice.
    """
    fields = form(body)
    if name not in fields:
        raise Unreadable(f"missing {name}")
    return fields[name].encode()


def form(body: bytes) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body, empty ones too.

    Raises:
        Unreadable: not such a body, too many fields, or one that is given twice.
    """
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FORM_FIELDS
        )
    except UnicodeDecodeError:
        raise Unreadable("body is not UTF-8") from None
    except ValueError:
        raise Unreadable("too many form fields") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Unreadable(f"{_repeated(pairs)} given twice")
    return fields


def _check_depth(body: bytes) -> None:
    """Refuse deep nesting before a recursive parser sees it."""
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return
    without_escapes = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = b"".join(without_escapes.split(b'"')[::2])
    depth = 0
    for bracket in outside_strings.translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEEPEST:
            raise Unreadable("nested too deeply")


class _Strict:
    """One parse, with a count of all keys."""

    def __init__(self) -> None:
        self._keys = 0

    def parse(self, text: str) -> object:
        try:
            return json.loads(
                text,
                object_pairs_hook=self._object,
                parse_int=_integer,
                parse_float=_float,
                parse_constant=_constant,
            )
        except json.JSONDecodeError as error:
            raise Unreadable(_not_json(text, error)) from None

    def _object(self, pairs: list[tuple[str, Any]]) -> Json:
        self._keys += len(pairs)
        if self._keys > _MOST_KEYS:
            raise Unreadable("too many keys")
        found = dict(pairs)
        if len(found) < len(pairs):
            raise Unreadable(f"duplicate key: {_repeated(pairs)}")
        return found


def _repeated(pairs: Sequence[tuple[str, Any]]) -> str:
    """The first key that is given twice, as it can stand in a reason."""
    counts = Counter(key for key, _ in pairs)
    return ascii(next(key for key, count in counts.items() if count > 1)[:64])[1:-1]


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise Unreadable("number too long")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER:
        raise Unreadable("number too long")
    number = float(digits)
    if not math.isfinite(number):
        raise Unreadable("number too large")
    return number


def _constant(name: str) -> NoReturn:
    raise Unreadable(f"not JSON ({name})")


def _not_json(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "body is empty"
    rest = text[error.pos :].lstrip()
    if not rest or error.msg.startswith("Unterminated string"):
        return "not JSON (cut short)"
    hint = next((hint for mark, hint in _HINTS.items() if rest.startswith(mark)), None)
    return f"not JSON ({hint})" if hint else "not JSON"
