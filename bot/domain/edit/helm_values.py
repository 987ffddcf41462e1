"""Key paths into a YAML file: Helm values, or any other."""

from __future__ import annotations

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.parts import read_keys, written_keys
from bot.domain.edit.values import Values
from bot.domain.errors import Refused
from bot.domain.image import ImageName, ImageRef
from bot.domain.place import HelmValues


def read(content: bytes, place: HelmValues, name: ImageName) -> ImageRef:
    """The image that stands at the place; see `bot.domain.edit.targets.read_target`."""
    values = Values.parse(content)
    return read_keys(place, lambda key: values.need(_path(key)), name)


def write(content: bytes, place: HelmValues, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the place; see `bot.domain.edit.targets.write_target`."""
    values = Values.parse(content)
    texts = written_keys(place, lambda key: values.need(_path(key)), ref, pin_digest=pin_digest)
    return values.replaced([(_path(key), text) for key, text in texts])


def _path(key: str) -> KeyPath:
    try:
        return KeyPath.parse(key)
    except ValueError as error:
        raise Refused("the target cannot be read", why=str(error), fix="correct the key path") from error
