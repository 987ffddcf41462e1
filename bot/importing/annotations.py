"""What Argo CD Image Updater is told by the annotations of an Application."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.importing.objects import Application
from bot.importing.updater import NOT_LIVE, PREFIX, UNKNOWN, Watched, WatchedImage, named_image

_ALIASED = re.compile(r"(?P<alias>[A-Za-z0-9][\w./-]*)=(?P<rest>.+)", re.ASCII | re.DOTALL)
_SHARED = ("update-strategy", "allow-tags", "ignore-tags", "platforms", "pull-secret")
_OWN = ("helm.image-name", "helm.image-tag", "helm.image-spec", "kustomize.image-name", "tag-match")
_WRITING = ("write-back-method", "write-back-target", "git-branch", "git-repository", "git-write-branch")
_FORCE = "force-update"
_REASONS = {
    _FORCE: NOT_LIVE,
    "registry-prefix": "write the name with its registry, as `image` has it",
}


def is_annotated(application: Application) -> bool:
    """Whether an Application names images to be kept up to date."""
    return f"{PREFIX}image-list" in application.annotations


def by_annotations(application: Application) -> Watched:
    """What the annotations of an Application say; what they say of nothing here is `lost`."""
    annotations = application.annotations.items()
    said = {key.removeprefix(PREFIX): value.strip() for key, value in annotations if key.startswith(PREFIX)}
    used = {"image-list", *_WRITING}
    images = [_image(item, said, used) for item in _listed(said["image-list"])]
    branch, write_branch = said.get("git-branch", ""), said.get("git-write-branch", "")
    return Watched(
        application,
        tuple(images),
        said.get("write-back-method", ""),
        said.get("write-back-target", ""),
        f"{branch}:{write_branch}" if write_branch and ":" not in branch else branch,
        said.get("git-repository", ""),
        secrets=application.namespace,
        lost=tuple(_lost(said, used)),
    )


def _lost(said: Mapping[str, str], used: set[str]) -> Iterator[str]:
    for key in sorted(set(said) - used):
        ending = key.rpartition(".")[2]
        yield f"{key}: {_REASONS.get(ending, UNKNOWN)}"


def _image(item: str, said: Mapping[str, str], used: set[str]) -> WatchedImage:
    """An image of the list, with what is said of it by its alias, or else of all."""
    aliased = _ALIASED.fullmatch(item)
    alias, spec = (aliased["alias"], aliased["rest"]) if aliased else ("", item)
    values = {}
    for key in (*_SHARED, *_OWN):
        # An alias may hold a slash, which the key of an annotation may not.
        own = f"{alias.replace('/', '_')}.{key}" if alias else ""
        used |= {own, key} if key in _SHARED else {own}
        values[key] = said.get(own) or (said.get(key, "") if key in _SHARED else "")
    return replace(
        named_image(alias, spec),
        strategy=values["update-strategy"],
        allow_tags=values["allow-tags"] or values["tag-match"],
        ignore_tags=tuple(_listed(values["ignore-tags"])),
        platforms=tuple(_listed(values["platforms"])),
        pull_secret=values["pull-secret"],
        helm_name=values["helm.image-name"],
        helm_tag=values["helm.image-tag"],
        helm_spec=values["helm.image-spec"],
        kustomize_name=values["kustomize.image-name"],
    )


def _listed(value: str) -> Iterator[str]:
    return (part for part in (each.strip() for each in value.split(",")) if part)
