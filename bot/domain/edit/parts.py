"""Images that stand in keys of a file: a `tag`, a `digest` beside it, a `repository`, or one `reference`.

Many charts part the name once more: a `registry` beside the `repository` or the `reference` is put before it
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

__all__ = ["behind", "check", "path_of", "read_keys", "written_keys"]


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
    written = [(key, _written(part, key, said)) for part, key, said in told if said is not None]
    return read([_whole(each, _registry(key, each, texts, name, path)) for key, each in written], name)


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
    for part, key in _parts(keys):
        at = path(key)
        written = _written(part, key, texts.told(at))
        is_pinned = pin_digest and not (part is Part.TAG and has_other_place)
        registry = _registry(key, written, texts, ref.name, path)
        text = text_for(_whole(written, registry), ref, pin_digest=is_pinned)
        yield at, _without(registry, text, written, ref.name) if registry else text


def behind(registry: str, text: str) -> str:
    """A name or reference as charts put it together with what stands at `registry` beside it."""
    return f"{registry}/{text}" if registry and text and not _has_host(text) else text


def _registry(
    key: str, written: Written, texts: Texts, name: ImageName, path: Callable[[str], KeyPath]
) -> Said | None:
    """What a key `registry` beside that of a name says, where it is put before the name.

    Not every chart puts it before a reference: one that names the image by itself is left alone.
    """
    if written.part not in {Part.NAME, Part.REFERENCE} or _has_host(written.text):
        return None
    if written.part is Part.REFERENCE and written.text and read([written], name).name == name:
        return None
    *above, last = path_of(key).steps
    if not isinstance(last, Key):
        return None
    lead, dot, _ = last.name.rpartition(".")
    said = texts.seen(path(str(KeyPath((*above, Key(f"{lead}{dot}registry"))))))
    return said if said and said.text else None


def _has_host(name: str) -> bool:
    """Whether a name says its registry itself, so that a chart puts none before it."""
    host, slash, _ = name.partition("/")
    return bool(slash) and ("." in host or ":" in host or host == "localhost")


def _whole(written: Written, registry: Said | None) -> Written:
    """The text with the registry that is put before it."""
    return replace(written, text=behind(registry.text, written.text)) if registry else written


def _without(registry: Said, text: str, written: Written, name: ImageName) -> str:
    """The text behind its registry; raises Refused where the image has another one."""
    example = Written(Part.NAME, f"{registry.text}/any/name", written.where)
    lead = str(read([example], name).name).removesuffix("any/name")
    found = next((each for each in (f"{registry.text}/", lead) if text.startswith(each)), None)
    if found is None:
        raise Refused(
            f"the image {name} is not written",
            why=f"the `registry` beside {written.where} says {registry.text[:80]} in line {registry.line}",
            fix="change it there by hand"
            + (", or leave `repository` out" if written.part is Part.NAME else ""),
        )
    return text.removeprefix(found)


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
