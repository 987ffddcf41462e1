"""Images that stand in keys of a file: a `tag`, a `digest` beside it, a `repository`, or one `reference`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.spelling import Part, Written, check, read, text_for
from bot.domain.errors import Refused
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import ImageKeys

__all__ = ["check", "path_of", "read_keys", "written_keys"]


class Said(NamedTuple):
    """The text that stands at a key, and its line."""

    text: str
    line: int


Need = Callable[[str], Said | None]
"""Gives the text at a key, None where it is missing and may be added; raises for any other missing one."""


def read_keys(keys: ImageKeys, need: Need, name: ImageName) -> ImageRef:
    """The image that the keys make together.

    Raises:
        Malformed: a text is not what it should be, or contradicts another one.
    """
    texts = [(part, key, need(key)) for part, key in _parts(keys)]
    return read([_written(part, key, said) for part, key, said in texts if said is not None], name)


def written_keys(
    keys: ImageKeys, need: Need, ref: ImageRef, *, pin_digest: bool
) -> Iterator[tuple[str, str]]:
    """What is to stand at each key, so that together they say `ref`.

    Raises:
        Malformed: what stands there is no part of an image.
        Refused: the image lacks a part that a key needs.
    """
    has_other_place = bool(keys.digest or keys.reference)
    for part, key in _parts(keys):
        is_pinned = pin_digest and not (part is Part.TAG and has_other_place)
        yield key, text_for(_written(part, key, need(key)), ref, pin_digest=is_pinned)


def _written(part: Part, key: str, said: Said | None) -> Written:
    return Written(part, said.text, f"`{key}` in line {said.line}") if said else Written(part, "", f"`{key}`")


def _parts(keys: ImageKeys) -> Iterator[tuple[Part, str]]:
    named = {
        Part.REFERENCE: keys.reference,
        Part.NAME: keys.repository,
        Part.TAG: keys.tag,
        Part.DIGEST: keys.digest,
    }
    return ((part, key) for part, key in named.items() if key)


def path_of(key: str) -> KeyPath:
    """A key as a key path; raises Refused when it breaks the grammar."""
    try:
        return KeyPath.parse(key)
    except ValueError as error:
        raise Refused("the target cannot be read", why=str(error), fix="correct the key path") from error
