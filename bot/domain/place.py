"""Places: the kinds of places at which an image stands in a file, one frozen value per kind.

What each means for the bytes of a file is in `bot.domain.edit`, in the module of the same name. `keys` are
for people, and tell two places of one file apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ImageKeys:
    """Which key holds which part of an image; what a key is, a path or a name, is the kind's own matter.

    `tag`, `digest` and `repository` are separate keys; `reference` is one text that holds all
    (`ghcr.io/acme/web:1.2@sha256:…`). At least one of `tag`, `digest` and `reference` is set.
    """

    tag: str | None = None
    digest: str | None = None
    repository: str | None = None
    reference: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are written."""
        return tuple(key for key in (self.tag, self.digest, self.repository, self.reference) if key)

    @property
    def keeps_digest(self) -> bool:
        """Whether the digest has a key of its own, so that what was proved is what is deployed."""
        return self.digest is not None


@dataclass(frozen=True, slots=True)
class ObjectName:
    """Kubernetes objects of a file, by kind and name; an empty one is any."""

    kind: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" if self.name else self.kind

    @classmethod
    def parse(cls, text: str) -> ObjectName:
        """Read `Deployment/web`, `Deployment` or `/web`; raises ValueError for anything else."""
        kind, _, name = text.partition("/")
        if not (kind or name) or "/" in name or not text.isprintable() or " " in text:
            raise ValueError(f"{text[:80]!r} does not name an object (write Deployment/web)")
        return cls(kind, name)


@dataclass(frozen=True, slots=True)
class HelmValues(ImageKeys):
    """Key paths into a YAML file: Helm values, or any other (`bot.domain.edit.keypath`).

    `object` chooses one of several documents, and the members of a `List`. `edits_anchors` lets paths lead
    through aliases and merge keys, so that all who use an anchor change. `creates` adds what is missing.
    """

    object: ObjectName | None = None
    edits_anchors: bool = False
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """Containers in manifests of any kind: the one of that name, or without one all that run the image."""

    name: str | None = None
    object: ObjectName | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The container, in the words of the configuration."""
        what = f"container {self.name}" if self.name else "containers"
        return (f"{what} of {self.object}" if self.object else what,)

    @property
    def keeps_digest(self) -> bool:
        """No: whether the reference holds a digest is only known once the file was read."""
        return False


@dataclass(frozen=True, slots=True)
class Kustomization:
    """The entry of an image under `images` in a kustomization.yaml; `name` is what manifests call it."""

    name: str | None = None
    creates: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The list, or the entry in it."""
        return (f"images[name={self.name}]" if self.name else "images",)

    @property
    def keeps_digest(self) -> bool:
        """No: whether the entry holds a digest is only known once the file was read."""
        return False


class SourceField(StrEnum):
    """The part of an Application's source that holds images, by the path that Argo CD gives it."""

    PARAMETERS = "helm.parameters"
    VALUES_OBJECT = "helm.valuesObject"
    VALUES = "helm.values"
    PLUGIN_ENV = "plugin.env"


@dataclass(frozen=True, slots=True)
class SourceName:
    """A source of an Application or ApplicationSet, or of a file `.argocd-source-NAME.yaml`, which is one.

    `source` is its index, or its `name` or `ref`, where there are several.
    """

    object: ObjectName | None = None
    source: int | str | None = None

    def __str__(self) -> str:
        named = [str(each) for each in (self.object, self.source) if each is not None]
        return f"[{', '.join(named)}] " if named else ""


@dataclass(frozen=True, slots=True)
class SourceKeys(ImageKeys):
    """Names of parameters, names in the environment of a plugin, or key paths into values of a source."""

    field: SourceField = SourceField.PARAMETERS
    of: SourceName = SourceName()
    creates: bool = True


@dataclass(frozen=True, slots=True)
class SourceImages:
    """The text of an image under `kustomize.images` of a source; `name` is what manifests call it."""

    name: str | None = None
    of: SourceName = SourceName()
    creates: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The list, or the text in it."""
        text = f"kustomize.images[{self.name}]" if self.name else "kustomize.images"
        return (f"{self.of}{text}",)

    @property
    def keeps_digest(self) -> bool:
        """No: whether the text holds a digest is only known once the file was read."""
        return False


@dataclass(frozen=True, slots=True)
class JsonPaths(ImageKeys):
    """Key paths into a JSON file, comments allowed. `creates` adds what is missing."""

    creates: bool = False


@dataclass(frozen=True, slots=True)
class TomlPaths(ImageKeys):
    """Key paths into a TOML file. `creates` adds what is missing."""

    creates: bool = False


@dataclass(frozen=True, slots=True)
class Marker:
    """Lines of any text file that a comment marks: `# tagboat: NAME` or `# tagboat: NAME:tag`."""

    name: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The marker, as it stands in the file."""
        return (f"tagboat: {self.name}",)

    @property
    def keeps_digest(self) -> bool:
        """No: whether a line holds a digest is only known once the file was read."""
        return False


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the one group of an RE2 expression matches in any text file; the group holds `part`.

    `every` allows several matches, which must say the same and change together. In a file that `is_yaml` a
    whole plain value is quoted where it would be no text.
    """

    expression: str
    part: str = "tag"
    every: bool = False
    is_yaml: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The expression."""
        return (self.expression,)

    @property
    def keeps_digest(self) -> bool:
        """Whether it is the digest that the group matches."""
        return self.part == "digest"


@dataclass(frozen=True, slots=True)
class Setter:
    """Values that Flux's comments mark: `# {"$imagepolicy": "NAMESPACE:NAME"}`, with or without a part."""

    policy: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The mark without its quotes."""
        return (f"$imagepolicy: {self.policy}",)

    @property
    def keeps_digest(self) -> bool:
        """No: whether a value holds a digest is only known once the file was read."""
        return False


Place = (
    HelmValues
    | Container
    | Kustomization
    | SourceKeys
    | SourceImages
    | JsonPaths
    | TomlPaths
    | Marker
    | Pattern
    | Setter
)
