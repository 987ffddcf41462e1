"""Places: the kinds of places at which an image stands in a file, one frozen value per kind.

What each means for the bytes of a file is in `bot.domain.edit`, in the module of the same name. `keys` are
for people, and tell two places of one file apart.
"""

from __future__ import annotations

from dataclasses import dataclass


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
class HelmValues(ImageKeys):
    """Key paths into a YAML file: Helm values, or any other (`bot.domain.edit.keypath`)."""


@dataclass(frozen=True, slots=True)
class JsonPaths(ImageKeys):
    """Key paths into a JSON file, comments allowed."""


@dataclass(frozen=True, slots=True)
class TomlPaths(ImageKeys):
    """Key paths into a TOML file."""


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

    `every` allows several matches, which must say the same and change together.
    """

    expression: str
    part: str = "tag"
    every: bool = False

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


Place = HelmValues | JsonPaths | TomlPaths | Marker | Pattern | Setter
