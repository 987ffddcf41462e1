"""Values as JSON and back: records, statuses, notices and facts, as the store keeps them.

The JSON follows the dataclasses field by field. A field that this version does not know is skipped and one
that is missing takes its default, so that an older version still reads what a newer one wrote, and the
other way round. Times keep their zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from bot.domain.errors import Malformed

_Value = TypeVar("_Value")
_LONGEST_KEY = 200


def encode(value: object) -> str:
    """Write a value as JSON text. Half characters, which no database takes, become question marks."""
    try:
        return msgspec.json.encode(value, enc_hook=_mapping).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_legible(msgspec.to_builtins(value, enc_hook=_mapping))).decode()


def decode(text: str, kind: type[_Value]) -> _Value:
    """Read back what `encode` wrote.

    Raises:
        Malformed: the text does not fit; another version of Tagboat or somebody by hand wrote it.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Malformed(
            f"a stored {kind.__name__} cannot be read",
            why=str(error),
            fix="run the version of Tagboat that wrote it, or a newer one",
        ) from error


def legible(text: str, longest: int) -> str:
    """Text that every database takes: no zero bytes, no half characters, cut to `longest` characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:longest]


def compact(key: str) -> str:
    """A key from outside, fit for an index: itself when short and printable ASCII, else its SHA-256."""
    if len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable():
        return key
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _mapping(value: object) -> dict[Any, Any]:
    """Mappings of any class are written as objects; msgspec by itself knows `dict` alone."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"a {type(value).__name__} cannot be stored")


def _legible(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_legible(item) for item in value]
    if isinstance(value, dict):
        return {_legible(key): _legible(item) for key, item in value.items()}
    return value
