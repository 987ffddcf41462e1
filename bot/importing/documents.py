"""Files as documents: what they are called, and the YAML in them."""

from __future__ import annotations

import posixpath
from typing import Any

import yaml
from yaml import CSafeLoader

from bot.domain.image import ImageRef, parse_image_ref
from bot.importing.objects import YAML_FAULTS, is_bounded

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
"""How files of Kustomize are called."""

OVERRIDES = ".argocd-source"
"""How files begin that hold what an Application overrides."""

_YAML = (".yaml", ".yml")
_GUESSED = {f"tag:yaml.org,2002:{kind}" for kind in ("float", "int", "timestamp")}


class _Texts(CSafeLoader):
    """Reads numbers and dates as the texts that stand there: as a tag, 1.10 is not 1.1."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it so
        first: [(tag, expression) for tag, expression in resolvers if tag not in _GUESSED]
        for first, resolvers in CSafeLoader.yaml_implicit_resolvers.items()
    }


def is_kustomization(path: str) -> bool:
    """Whether a file is one of Kustomize, by its name."""
    return posixpath.basename(path) in KUSTOMIZATIONS


def documents(path: str, content: bytes) -> list[dict[str, Any]]:
    """The mappings of a YAML file, numbers as texts; none for what is another file, no YAML, or a bomb."""
    return [each for each in _loaded(path, content) or () if isinstance(each, dict)]


def is_damaged(path: str, content: bytes) -> bool:
    """Whether a file is called YAML and is none, nor a template of it, of which charts are full."""
    return b"{{" not in content and _loaded(path, content) is None


def _loaded(path: str, content: bytes) -> list[Any] | None:
    """The documents of a YAML file, none for another file; None for one that cannot be read."""
    if not (path.lower().endswith(_YAML) or is_kustomization(path)):
        return []
    try:
        loaded = list(yaml.load_all(content, Loader=_Texts))
    except YAML_FAULTS:
        return None
    return loaded if is_bounded(loaded) else None


def reference(said: str) -> ImageRef | None:
    """The image that a text means; None where it is no reference."""
    try:
        return parse_image_ref(said)
    except ValueError:
        return None


def name_in(said: str) -> str:
    """The name in a reference, empty where it is none."""
    ref = reference(said)
    return str(ref.name) if ref else ""
