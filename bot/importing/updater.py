"""What Argo CD Image Updater watches: one value for its annotations and its custom resources alike.

Its documentation describes both: https://argocd-image-updater.readthedocs.io/en/stable/configuration/images/.
What has no meaning here is named in `lost`, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from bot.importing.objects import Application, applications, is_kind, mapping, text, texts

PREFIX = "argocd-image-updater.argoproj.io/"
"""How its annotations begin; its custom resources are of this API group."""

_ALIASED = re.compile(r"(?P<alias>[A-Za-z0-9][\w.-]*)=(?P<rest>.+)", re.ASCII | re.DOTALL)
_SPEC = re.compile(r"(?P<name>(?:[^/:]+(?::[0-9]+)?/)?[^:]*)(?::(?P<constraint>.*))?", re.DOTALL)
_SHARED = ("update-strategy", "allow-tags", "ignore-tags", "platforms", "pull-secret", "force-update")
_OWN = ("helm.image-name", "helm.image-tag", "helm.image-spec", "kustomize.image-name")
_WRITING = ("write-back-method", "write-back-target", "git-branch", "git-repository")


@dataclass(frozen=True, slots=True)
class WatchedImage:
    """One image that is kept up to date. What was not said is empty."""

    alias: str
    name: str
    constraint: str = ""
    strategy: str = ""
    allow_tags: str = ""
    ignore_tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    pull_secret: str = ""
    helm_name: str = ""
    helm_tag: str = ""
    helm_spec: str = ""
    kustomize_name: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """An Application with its images, and how changes are written."""

    application: Application
    images: tuple[WatchedImage, ...]
    method: str = ""
    target: str = ""
    branch: str = ""
    repository: str = ""
    opens_pull_requests: bool = False
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All that is watched, and what is said of nothing that was given."""

    watched: tuple[Watched, ...]
    lost: tuple[str, ...] = ()


def found(objects: Sequence[Mapping[str, Any]]) -> Found:
    """What the Image Updater watches among these objects, by annotations and by custom resources."""
    known = applications(objects)
    watched = [_by_annotations(each) for each in known if f"{PREFIX}image-list" in each.annotations]
    lost: list[str] = []
    for each in objects:
        if is_kind(each, "ImageUpdater", PREFIX):
            watched += _by_resource(each, known, lost)
        elif is_kind(each, "ApplicationSet", "argoproj.io/") and _speaks_of_updater(each):
            name = text(mapping(each, "metadata").get("name"))
            why = "its Applications are not known before it makes them: import those from the cluster"
            lost.append(f"ApplicationSet {name}: {why}")
    return Found(tuple(_once(watched, lost)), tuple(lost))


def _once(watched: Iterable[Watched], lost: list[str]) -> Iterable[Watched]:
    """Each Application once: the first that was found, as a custom resource overrules nothing."""
    seen: set[tuple[str, str]] = set()
    for each in watched:
        key = (each.application.namespace, each.application.name)
        if key in seen:
            lost.append(f"Application {key[1]}: it is watched twice; the first is carried over")
            continue
        seen.add(key)
        yield each


def _by_annotations(application: Application) -> Watched:
    annotations = application.annotations.items()
    said = {key.removeprefix(PREFIX): value for key, value in annotations if key.startswith(PREFIX)}
    used = {"image-list", *_WRITING}
    images = []
    for item in filter(None, (part.strip() for part in said["image-list"].split(","))):
        aliased = _ALIASED.fullmatch(item)
        alias, spec = (aliased["alias"], aliased["rest"]) if aliased else ("", item)
        image = _image(alias, spec)
        values = {}
        for key in (*_SHARED, *_OWN):
            own = f"{alias}.{key}" if alias else ""
            used |= {own, key} if key in _SHARED else {own}
            values[key] = said.get(own) or (said.get(key, "") if key in _SHARED else "")
        images.append(_annotated(image, values))
    lost = [f"{key}: it is no setting that is known here" for key in sorted(set(said) - used)]
    return Watched(
        application,
        tuple(images),
        said.get("write-back-method", ""),
        said.get("write-back-target", ""),
        said.get("git-branch", ""),
        said.get("git-repository", ""),
        lost=tuple(lost),
    )


def _annotated(image: WatchedImage, values: Mapping[str, str]) -> WatchedImage:
    return replace(
        image,
        strategy=values["update-strategy"],
        allow_tags=values["allow-tags"],
        ignore_tags=_listed(values["ignore-tags"]),
        platforms=_listed(values["platforms"]),
        pull_secret=values["pull-secret"],
        helm_name=values["helm.image-name"],
        helm_tag=values["helm.image-tag"],
        helm_spec=values["helm.image-spec"],
        kustomize_name=values["kustomize.image-name"],
    )


def _by_resource(each: Mapping[str, Any], known: Sequence[Application], lost: list[str]) -> list[Watched]:
    spec, name = mapping(each, "spec"), text(mapping(each, "metadata").get("name"))
    namespace = text(spec.get("namespace")) or text(mapping(each, "metadata").get("namespace"))
    refs = spec.get("applicationRefs")
    watched = []
    for ref in refs if isinstance(refs, list) else []:
        pattern = text(mapping(ref).get("namePattern"))
        if mapping(ref).get("useAnnotations") is True:
            continue
        matching = [one for one in known if _matches(one, ref, pattern, namespace)]
        if not matching:
            why = "none of the Applications that were given has such a name and labels"
            lost.append(f"ImageUpdater {name}: namePattern {pattern}: {why}")
        watched += [_referred(one, spec, mapping(ref)) for one in matching]
    return watched


def _matches(application: Application, ref: Mapping[str, Any], pattern: str, namespace: str) -> bool:
    if application.namespace and namespace and application.namespace != namespace:
        return False
    selectors = mapping(ref, "labelSelectors")
    labels = mapping(selectors, "matchLabels")
    if any(application.labels.get(key) != text(value) for key, value in labels.items()):
        return False
    wanted = selectors.get("matchExpressions")
    if isinstance(wanted, list) and not all(_fits(application.labels, mapping(one)) for one in wanted):
        return False
    return fnmatchcase(application.name, pattern)


def _fits(labels: Mapping[str, str], expression: Mapping[str, Any]) -> bool:
    """Whether labels fit one expression of a selector; one with an unknown operator fits nothing."""
    key, values = text(expression.get("key")), texts(expression.get("values"))
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(text(expression.get("operator")), False)


def _referred(application: Application, spec: Mapping[str, Any], ref: Mapping[str, Any]) -> Watched:
    """An Application by a custom resource: what stands closer to the image wins."""
    above = [mapping(spec, "commonUpdateSettings"), mapping(ref, "commonUpdateSettings")]
    writing = mapping(spec, "writeBackConfig") | mapping(ref, "writeBackConfig")
    git = mapping(spec, "writeBackConfig", "gitConfig") | mapping(ref, "writeBackConfig", "gitConfig")
    images = ref.get("images")
    return Watched(
        application,
        tuple(_configured(mapping(one), above) for one in (images if isinstance(images, list) else [])),
        text(writing.get("method")),
        text(git.get("writeBackTarget")),
        text(git.get("branch")),
        text(git.get("repository")),
        opens_pull_requests=bool(git.get("pullRequest")),
    )


def _configured(each: Mapping[str, Any], above: Sequence[Mapping[str, Any]]) -> WatchedImage:
    settings: dict[str, Any] = {}
    for level in (*above, mapping(each, "commonUpdateSettings")):
        settings |= {key: value for key, value in level.items() if value not in (None, "", [])}
    helm = mapping(each, "manifestTargets", "helm")
    return replace(
        _image(text(each.get("alias")), text(each.get("imageName"))),
        strategy=text(settings.get("updateStrategy")),
        allow_tags=text(settings.get("allowTags")),
        ignore_tags=texts(settings.get("ignoreTags")),
        platforms=texts(settings.get("platforms")),
        pull_secret=text(settings.get("pullSecret")),
        helm_name=text(helm.get("name")),
        helm_tag=text(helm.get("tag")),
        helm_spec=text(helm.get("spec")),
        kustomize_name=text(mapping(each, "manifestTargets", "kustomize").get("name")),
    )


def _image(alias: str, spec: str) -> WatchedImage:
    """`name[:constraint]`; the constraint may itself hold anything but a comma."""
    parts = _SPEC.fullmatch(spec.strip().partition("@")[0])
    return (
        WatchedImage(alias, parts["name"], parts["constraint"] or "") if parts else WatchedImage(alias, spec)
    )


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part for part in (each.strip() for each in value.split(",")) if part)


def _speaks_of_updater(each: Mapping[str, Any]) -> bool:
    annotations = mapping(each, "spec", "template", "metadata", "annotations")
    return any(str(key).startswith(PREFIX) for key in annotations)
