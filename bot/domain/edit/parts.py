"""Images that stand in keys of a file: a `tag`, a `digest` beside it, a `repository`, or one `reference`.

Many charts part the name once more: a `registry` beside the `repository` is put before it
(https://github.com/bitnami/charts/tree/main/bitnami/common#imageroot). It is read along and never written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple, Protocol

from bot.domain.edit.keypath import Key, KeyPath
from bot.domain.edit.spelling import Part, Written, check, read, text_for
from bot.domain.errors import Refused
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import ImageKeys

__all__ = ["check", "path_of", "read_keys", "written_keys"]


class Said(NamedTuple):
    """The text that stands at a key, and its line."""

    text: str
    line: int


class Texts(Protocol):
    """A file with texts at key paths."""

    def told(self, path: KeyPath) -> Said | None:
        """The text at the path, None where it is missing and may be added; raises for any other one."""

    def seen(self, path: KeyPath) -> Said | None:
        """The text at the path, wherever it is written; None where there is none."""


def path_of(key: str) -> KeyPath:
    """A key as a key path; raises Refused when it breaks the grammar."""
    try:
        return KeyPath.parse(key)
    except ValueError as error:
        raise Refused("the target cannot be read", why=str(error), fix="correct the key path") from error


def read_keys(
    keys: ImageKeys, texts: Texts, name: ImageName, *, path: Callable[[str], KeyPath] = path_of
) -> ImageRef:
    """The image that the keys make together; `path` leads from a key to where it stands.

    Raises:
        Malformed: a text is not what it should be, or contradicts another one.
    """
    told = [(part, key, texts.told(path(key))) for part, key in _parts(keys)]
    written = [_written(part, key, said) for part, key, said in told if said is not None]
    registry = _registry(keys, texts, path)
    return read([_behind(registry, each) if each.part is Part.NAME else each for each in written], name)


def written_keys(
    keys: ImageKeys,
    texts: Texts,
    ref: ImageRef,
    *,
    pin_digest: bool,
    path: Callable[[str], KeyPath] = path_of,
) -> Iterator[tuple[KeyPath, str]]:
    """What is to stand at the path of each key, so that together they say `ref`.

    Raises:
        Malformed: what stands there is no part of an image.
        Refused: the image lacks a part that a key needs, or has another registry than stands there.
    """
    has_other_place = bool(keys.digest or keys.reference)
    registry = _registry(keys, texts, path)
    for part, key in _parts(keys):
        at = path(key)
        written = _written(part, key, texts.told(at))
        is_pinned = pin_digest and not (part is Part.TAG and has_other_place)
        if part is Part.NAME and registry and not _has_host(written.text):
            yield at, _name_behind(registry, written, ref.name)
        else:
            yield at, text_for(written, ref, pin_digest=is_pinned)


def _registry(keys: ImageKeys, texts: Texts, path: Callable[[str], KeyPath]) -> Said | None:
    """What a key `registry` beside that of the name says; None where there is none, or it says nothing."""
    if not keys.repository:
        return None
    *above, last = path_of(keys.repository).steps
    if not isinstance(last, Key):
        return None
    lead, dot, _ = last.name.rpartition(".")
    said = texts.seen(path(str(KeyPath((*above, Key(f"{lead}{dot}registry"))))))
    return said if said and said.text else None


def _has_host(name: str) -> bool:
    """Whether a name says its registry itself, so that a chart puts none before it."""
    host, slash, _ = name.partition("/")
    return bool(slash) and ("." in host or ":" in host or host == "localhost")


def _behind(registry: Said | None, written: Written) -> Written:
    """The whole name, of which the registry may stand beside it."""
    if registry is None or not written.text or _has_host(written.text):
        return written
    return replace(written, text=f"{registry.text}/{written.text}")


def _name_behind(registry: Said, written: Written, name: ImageName) -> str:
    """The text of a name whose registry stands beside it; raises Refused where that is another one."""
    if written.text and read([_behind(registry, written)], name).name == name:
        return written.text
    example = replace(written, text=f"{registry.text}/any/name")
    lead = str(read([example], name).name).removesuffix("any/name")
    if str(name).startswith(lead):
        return str(name).removeprefix(lead)
    raise Refused(
        f"the image {name} is not written",
        why=f"the `registry` beside {written.where} says {registry.text[:80]} in line {registry.line}",
        fix="change it there by hand, or leave `repository` out",
    )


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
