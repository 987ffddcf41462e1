"""The entry of an image under `images` in a kustomization.yaml, as `kustomize edit set image` writes it.

`newTag` and `digest` take each other's place there
(https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/); an entry that has both keeps
both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.edit.keypath import Index, Key, KeyPath, Match, Step
from bot.domain.edit.lookup import Scope
from bot.domain.edit.objects import text_of, value_of
from bot.domain.edit.spelling import Part, Written, required, text_for
from bot.domain.edit.spelling import read as read_texts
from bot.domain.edit.stream import Kind, Stream
from bot.domain.edit.values import Changes, Values
from bot.domain.errors import NotFound, Refused
from bot.domain.image import DOCKER_HUB, ImageName, ImageRef, parse_image_name
from bot.domain.place import Kustomization

_IMAGES = Key("images")
_MOST_NAMED = 8
_KEYS = {Part.NAME: "newName", Part.TAG: "newTag", Part.DIGEST: "digest"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry: the step to it in the list, its name, its node, and the texts of those keys that it has.

    `lines` are those of the texts, once they were read.
    """

    step: Step
    name: str
    index: int
    texts: Mapping[Part, str]
    lines: Mapping[Part, int] = field(default_factory=dict)

    @property
    def image(self) -> ImageName | None:
        """The image that it puts in; None where that is no image name."""
        return _parsed(self.texts.get(Part.NAME) or self.name)

    def path(self, part: Part) -> KeyPath:
        """Where the entry has, or would have, a part of the image."""
        return KeyPath((_IMAGES, self.step, Key(_KEYS[part])))

    def written(self, part: Part) -> Written:
        """What it says of a part of the image, empty where it says nothing."""
        where = f" in line {self.lines[part]}" if part in self.lines else ""
        return Written(part, self.texts.get(part, ""), f"`{self.path(part)}`{where}")


def read(content: bytes, place: Kustomization, name: ImageName) -> ImageRef:
    """The image that the entry puts in; see `bot.domain.edit.targets.read_target`."""
    entry = _entry(_values(content, place), place, name)
    return read_texts([entry.written(part) for part in entry.texts], entry.image or name)


def write(content: bytes, place: Kustomization, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image in the entry; see `bot.domain.edit.targets.write_target`."""
    values = _values(content, place)
    entry = _entry(values, place, ref.name)
    part = Part.DIGEST if pin_digest or ref.tag is None else Part.TAG
    kept = [each for each in (Part.TAG, Part.DIGEST) if each in entry.texts]
    named = [Part.NAME] if Part.NAME in entry.texts or entry.image != ref.name else []
    if part is Part.DIGEST and kept == [Part.TAG]:
        path = entry.path(Part.TAG)
        texts = [*_texts(entry, named, ref), (path, required(ref.digest, "digest"))]
        return values.changed(Changes(texts, keys=[(path, _KEYS[Part.DIGEST])]))
    return values.replaced(_texts(entry, [*named, *(kept or [part])], ref))


def _texts(entry: _Entry, parts: Sequence[Part], ref: ImageRef) -> list[tuple[KeyPath, str]]:
    return [(entry.path(part), text_for(entry.written(part), ref, pin_digest=False)) for part in parts]


def _values(content: bytes, place: Kustomization) -> Values:
    return Values.parse(content, Scope(creates=place.creates))


def _entry(values: Values, place: Kustomization, name: ImageName) -> _Entry:
    """The one entry of the image, or what it would be."""
    known = _entries(values)
    wanted = [_told(values, entry) for entry in _wanted(known, place, name)]
    if len(wanted) > 1:
        lines = ", ".join(str(values.stream.line(entry.index)) for entry in wanted[:_MOST_NAMED])
        raise Refused(
            f"the image {place.name or name} is not one entry of `images`",
            why=f"{len(wanted)} entries are of it (lines {lines})",
            fix="remove the others, or say which by `name`",
        )
    if wanted:
        return wanted[0]
    if not place.creates:
        told = ", ".join(f"`{entry.name[:80]}`" for entry in known[:_MOST_NAMED])
        raise NotFound(
            f"the image {place.name or name} is not in `images`",
            why=f"there are {told}" if told else "the list is empty",
            fix="correct `name`, or let it be added by `create: true`",
        )
    new = place.name or familiar(name)
    return _Entry(Match("name", new), new, 0, {})


def _entries(values: Values) -> list[_Entry]:
    stream, sequence = values.stream, values.node(KeyPath((_IMAGES,)))
    if sequence is None or stream.nodes[sequence].kind is not Kind.SEQUENCE:
        return []
    return [_read(stream, Index(at), element) for at, element in enumerate(stream.children(sequence))]


def _read(stream: Stream, step: Step, element: int) -> _Entry:
    values = {part: value_of(stream, element, key) for part, key in _KEYS.items()}
    texts = {part: stream.key_text(value) or "" for part, value in values.items() if value is not None}
    return _Entry(step, text_of(stream, element, "name"), element, texts)


def _told(values: Values, entry: _Entry) -> _Entry:
    """The entry with its texts read as strictly as they are written."""
    said = {part: values.told(entry.path(part)) for part in entry.texts}
    texts = {part: each.text for part, each in said.items() if each}
    return replace(entry, texts=texts, lines={part: each.line for part, each in said.items() if each})


def _wanted(known: Sequence[_Entry], place: Kustomization, name: ImageName) -> list[_Entry]:
    """The entries of a name; else those that put the image in, else those that take it out."""
    if place.name:
        return [entry for entry in known if entry.name == place.name]
    putting = [entry for entry in known if entry.image == name]
    return putting or [entry for entry in known if _parsed(entry.name) == name]


def familiar(name: ImageName) -> str:
    """The name as manifests spell it, which kustomize compares letter by letter: Docker Hub goes unsaid."""
    if name.registry != DOCKER_HUB:
        return str(name)
    return name.path.removeprefix("library/")


def _parsed(text: str) -> ImageName | None:
    """The image that a name means; kustomize takes any text for a name."""
    try:
        return parse_image_name(text)
    except ValueError:
        return None
