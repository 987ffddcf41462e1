"""Images in sources of Argo CD: in Applications, and in files of what an Application overrides."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.importing.documents import OVERRIDES, documents, name_in
from bot.importing.objects import mapping, mappings, text
from bot.importing.values import keyed_in


@dataclass(frozen=True, slots=True)
class Tried:
    """An image that may stand at a place; `name` is what it is called where the place does not say it.

    `positions` are key paths of the whole file that lead to the same place faster.
    """

    name: str
    write: Mapping[str, Any]
    element: str = ""
    application: str = ""
    positions: Mapping[str, str] = field(default_factory=dict)


def in_application(
    document: Mapping[str, Any], name: str, which: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[Tried]:
    """Images in the sources of an Application; `which` names it, where the file has several objects."""
    sources = _sources(document)
    for number, source in enumerate(sources):
        place = {**which, **({"source": str(number)} if len(sources) > 1 else {})}
        for each in in_source(source, place, tags):
            yield Tried(each.name, each.write, name, name)


def in_source(
    source: Mapping[str, Any], place: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[Tried]:
    """Images in a source of Argo CD, in whichever field they stand."""
    for name, values in _fields(source).items():
        for each in keyed_in(values, tags):
            yield Tried(each.name, {"argocd": name, **each.keys, **place})
    images = mapping(source, "kustomize").get("images")
    for override in images if isinstance(images, list) else ():
        image = name_in(text(override).rpartition("=")[2])
        if image:
            yield Tried(image, {"argocd": "kustomize.images", **place})


def values_in(path: str, document: Mapping[str, Any]) -> list[Any]:
    """What a document holds as values of a chart: that of a source of Argo CD, or itself."""
    if posixpath.basename(path).startswith(OVERRIDES):
        return list(_fields(document).values())
    if document.get("kind") == "Application":
        return [values for source in _sources(document) for values in _fields(source).values()]
    return [document]


def _sources(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    spec = mapping(document, "spec")
    return mappings(spec.get("sources")) or [mapping(spec, "source")]


def _fields(source: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a source that hold values, by their names in the configuration."""
    helm = mapping(source, "helm")
    listed = mappings(helm.get("parameters"))
    return {
        "helm.parameters": _nested({text(each.get("name")): each.get("value") for each in listed}),
        "helm.valuesObject": mapping(helm, "valuesObject"),
        "helm.values": _read(text(helm.get("values"))),
    }


def _nested(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as values: `a.b` is `b` in `a`. A name that leads through a value is left out."""
    nested: dict[str, Any] = {}
    for name, value in parameters.items():
        *folders, last = name.split(".")
        inner = nested
        for folder in folders:
            following = inner.setdefault(folder, {})
            inner = following if isinstance(following, dict) else {}
        inner.setdefault(last, value)
    return nested


def _read(values: str) -> dict[str, Any]:
    """Values that stand as a text."""
    found = documents("values.yaml", values.encode())
    return found[0] if len(found) == 1 else {}
