"""Containers in manifests: pods, what makes pods, and every other object that lists containers as they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.domain.edit.keypath import Index, Key, KeyPath, Step
from bot.domain.edit.objects import chosen, text_of
from bot.domain.edit.spelling import Part, Written, text_for
from bot.domain.edit.spelling import read as read_texts
from bot.domain.edit.stream import Kind, Stream
from bot.domain.edit.values import Changes, Values
from bot.domain.errors import NotFound, Refused
from bot.domain.image import ImageName, ImageRef, parse_image_ref
from bot.domain.place import Container

_LISTS = {"containers", "initContainers", "ephemeralContainers"}
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class _Found:
    """A container: the object that it is in, the way from there to it, its node, and what it says."""

    root: int
    steps: tuple[Step, ...]
    index: int
    name: str
    image: str

    @property
    def path(self) -> KeyPath:
        """The key path of its image, below the object."""
        return KeyPath((*self.steps, Key("image")))


def read(content: bytes, place: Container, name: ImageName) -> ImageRef:
    """The image that the containers run; see `bot.domain.edit.targets.read_target`."""
    values = Values.parse(content)
    return read_texts([_text(values, each) for each in _wanted(values.stream, place, name)], name)


def write(content: bytes, place: Container, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image in the containers; see `bot.domain.edit.targets.write_target`."""
    values = Values.parse(content)
    edits = []
    for each in _wanted(values.stream, place, ref.name):
        text = text_for(_text(values, each), ref, pin_digest=pin_digest)
        edits += values.within([each.root]).edits(Changes([(each.path, text)]))
    return values.made(edits)


def _text(values: Values, found: _Found) -> Written:
    where = f"the container {found.name} in line {values.stream.line(found.index)}"
    return Written(Part.REFERENCE, values.within([found.root]).need(found.path), where)


def _wanted(stream: Stream, place: Container, name: ImageName) -> Sequence[_Found]:
    """The one container of the name, or all that run the image."""
    known = [each for root in chosen(stream, place.object) for each in _containers(stream, root, root, ())]
    wanted = [each for each in known if _is_wanted(each, place, name)]
    if not wanted:
        what = f"there is no container {place.name}" if place.name else f"no container runs {name}"
        told = ", ".join(f"{each.name} ({each.image})"[:100] for each in known[:_MOST_NAMED])
        why = f"there are {told}" if told else "no object of the file lists containers"
        named = "correct `container`, or add it to the file"
        raise NotFound(what, why=why, fix=named if place.name else "correct `image`, or name a `container`")
    if place.name and len(wanted) > 1:
        lines = ", ".join(str(stream.line(each.index)) for each in wanted[:_MOST_NAMED])
        raise Refused(
            f"the container {place.name} is not one",
            why=f"{len(wanted)} are called so (lines {lines})",
            fix="say which by object: Deployment/web, or write all that run the image by containers: true",
        )
    return wanted


def _is_wanted(found: _Found, place: Container, name: ImageName) -> bool:
    if place.name:
        return found.name == place.name
    try:
        return parse_image_ref(found.image).name == name
    except ValueError:
        return False


def _containers(stream: Stream, root: int, at: int, steps: tuple[Step, ...]) -> Iterator[_Found]:
    """The containers below a node; the reader caps the depth of recursion, aliases are not followed."""
    kind = stream.nodes[at].kind
    if kind is Kind.SEQUENCE:
        for number, element in enumerate(stream.children(at)):
            yield from _containers(stream, root, element, (*steps, Index(number)))
    if kind is not Kind.MAPPING:
        return
    for key, value in stream.entries(at):
        name = stream.key_text(key)
        if name is None:
            continue
        below = (*steps, Key(name))
        if name in _LISTS and stream.nodes[value].kind is Kind.SEQUENCE:
            yield from _listed(stream, root, value, below)
        else:
            yield from _containers(stream, root, value, below)


def _listed(stream: Stream, root: int, sequence: int, steps: tuple[Step, ...]) -> Iterator[_Found]:
    for number, element in enumerate(stream.children(sequence)):
        name, image = text_of(stream, element, "name"), text_of(stream, element, "image")
        if name or image:
            yield _Found(root, (*steps, Index(number)), element, name, image)
