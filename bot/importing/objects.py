"""Kubernetes objects in YAML or JSON, and what Argo CD Applications among them deploy from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import CSafeLoader

from bot.domain.errors import Malformed, Refused

LARGEST = 32 * 1024 * 1024
"""The most bytes of one file or answer that are read."""

YAML_FAULTS = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What PyYAML raises for a file that is none, and for the text of a value that is none: `!!int ''`."""

_MOST = 20_000
_MOST_VALUES = 2_000_000
_ARGO = "argoproj.io/"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an Application. `kind` is Helm, Kustomize or empty, where nothing says it.

    `parameters` are the names of Helm's, `images` the texts that Kustomize is given. `recurses`: folders
    within the path count too.
    """

    repository: str
    path: str
    revision: str
    chart: str = ""
    ref: str = ""
    kind: str = ""
    value_files: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    recurses: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """An Argo CD Application: its name, what is written to it, its sources, and where it deploys to.

    `cluster` is the destination's name or address; `owner` the ApplicationSet that made it. `is_parent`: what
    it deploys are Applications, of which its own state says nothing.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    sources: tuple[Source, ...]
    cluster: str = ""
    target_namespace: str = ""
    owner: str = ""
    is_parent: bool = False


def control_namespace(known: Sequence[Application]) -> str:
    """The namespace that is taken for Argo CD's own: `argocd`, or the only one that there is."""
    namespaces = {each.namespace for each in known if each.namespace}
    return next(iter(namespaces)) if len(namespaces) == 1 else "argocd"


def parsed(content: bytes, *, name: str) -> list[dict[str, Any]]:
    """Every object of a file, also those inside lists; what is no object of Kubernetes is left out.

    Raises:
        Malformed: the file is neither YAML nor JSON.
        Refused: it is too large.
    """
    if len(content) > LARGEST:
        raise Refused(f"{name} is too large", why=f"at most {LARGEST >> 20} MB are read")
    try:
        documents = list(yaml.load_all(content, Loader=CSafeLoader))
    except YAML_FAULTS as error:
        why = str(getattr(error, "problem", None) or type(error).__name__)
        raise Malformed(f"{name} is neither YAML nor JSON", why=why) from error
    if not is_bounded(documents):
        raise Refused(
            f"{name} holds too many objects", why="its anchors stand for too many, or hold themselves"
        )
    return list(flattened(documents, name=name))


def is_bounded(value: Any) -> bool:
    """Whether a value stays small when its anchors are written out, and none holds itself."""
    try:
        return _size(value, {}) <= _MOST_VALUES
    except RecursionError:
        return False


def _size(value: Any, known: dict[int, int]) -> int:
    """How many values it is, each as often as it is referred to; too many for one that holds itself."""
    if not isinstance(value, list | dict):
        return 1
    size = known.get(id(value))
    if size is None:
        known[id(value)] = _MOST_VALUES + 1
        inner = value if isinstance(value, list) else value.values()
        size = known[id(value)] = 1 + sum(_size(each, known) for each in inner)
    return size


def flattened(documents: Iterable[Any], *, name: str) -> Iterator[dict[str, Any]]:
    """The objects of documents, also those inside lists. Their number is capped: an anchor may hold itself.

    Raises:
        Refused: there are too many.
    """
    waiting, count = list(documents), 0
    while waiting:
        each = waiting.pop(0)
        count += 1
        if count > _MOST:
            raise Refused(f"{name} holds too many objects", why=f"at most {_MOST:,} are read")
        if isinstance(each, list):
            waiting = [*each, *waiting]
        elif isinstance(each, dict) and isinstance(each.get("items"), list):
            waiting = [*each["items"], *waiting]
        elif isinstance(each, dict):
            yield each


def applications(objects: Iterable[Mapping[str, Any]]) -> list[Application]:
    """The Applications among the objects."""
    return [_application(each) for each in objects if is_kind(each, "Application", _ARGO)]


def is_kind(each: Mapping[str, Any], kind: str, group: str) -> bool:
    """Whether an object is of this kind, in any version of the group (`argoproj.io/`)."""
    return each.get("kind") == kind and str(each.get("apiVersion", "")).startswith(group)


def mapping(value: Any, *keys: str) -> dict[str, Any]:
    """The mapping at the end of a way of keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list; none where there is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; none where there is no list."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def text(value: Any) -> str:
    """A text, or the empty one in the place of anything else; numbers are written out."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value)


def _application(each: Mapping[str, Any]) -> Application:
    metadata, spec = mapping(each, "metadata"), mapping(each, "spec")
    sources = mappings(spec.get("sources")) or [mapping(spec, "source")]
    status = mapping(each, "status")
    kinds = texts(status.get("sourceTypes")) or (text(status.get("sourceType")),)
    kinds += ("",) * len(sources)
    destination = mapping(spec, "destination")
    owners = (one for one in mappings(metadata.get("ownerReferences")) if one.get("kind") == "ApplicationSet")
    return Application(
        text(metadata.get("name")),
        text(metadata.get("namespace")),
        {key: text(value) for key, value in mapping(metadata, "labels").items()},
        {str(key): text(value) for key, value in mapping(metadata, "annotations").items()},
        tuple(_source(item, kind) for item, kind in zip(sources, kinds, strict=False)),
        text(destination.get("name")) or text(destination.get("server")),
        text(destination.get("namespace")),
        next((text(owner.get("name")) for owner in owners), ""),
    )


def _source(each: Mapping[str, Any], kind: str) -> Source:
    helm, kustomize = mapping(each, "helm"), mapping(each, "kustomize")
    told = kind if kind in {"Helm", "Kustomize"} else ""
    if not told and (each.get("chart") or "helm" in each):
        told = "Helm"
    return Source(
        text(each.get("repoURL")),
        text(each.get("path")),
        text(each.get("targetRevision")),
        text(each.get("chart")),
        text(each.get("ref")),
        told or ("Kustomize" if "kustomize" in each else ""),
        texts(helm.get("valueFiles")),
        tuple(text(one.get("name")) for one in mappings(helm.get("parameters"))),
        texts(kustomize.get("images")),
        mapping(each, "directory").get("recurse") is True,
    )
