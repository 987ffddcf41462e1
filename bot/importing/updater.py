"""What Argo CD Image Updater watches: one value for its annotations and its custom resources alike.

Its documentation describes both: https://argocd-image-updater.readthedocs.io/en/stable/configuration/images/.
What has no meaning here is named in `lost`, with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.configuration.fields import is_application
from bot.domain.errors import Refused
from bot.importing.generated import Repository, generated
from bot.importing.objects import Application, applications, is_kind, mapping, text

PREFIX = "argocd-image-updater.argoproj.io/"
"""How its annotations begin; its custom resources are of this API group."""

NOT_LIVE = "Tagboat reads Git and not what runs, so that every image counts as used"
"""Why `force-update` needs no word of its own."""

UNKNOWN = "it is no setting that is known here"
"""Why a setting with another name is lost."""

_SPEC = re.compile(r"(?P<name>(?:[^/:]+(?::[0-9]+)?/)?[^:]*)(?::(?P<constraint>.*))?", re.DOTALL)


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
    """An Application with its images, and how changes are written.

    `secrets` is the namespace in which secrets without one are.
    """

    application: Application
    images: tuple[WatchedImage, ...]
    method: str = ""
    target: str = ""
    branch: str = ""
    repository: str = ""
    opens_pull_requests: bool = False
    secrets: str = ""
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All that is watched, what is said of nothing that was given, and the namespace of Argo CD."""

    watched: tuple[Watched, ...]
    lost: tuple[str, ...] = ()


def named_image(alias: str, spec: str) -> WatchedImage:
    """An image by `name[:constraint]`; the constraint may itself hold anything but a comma."""
    parts = _SPEC.fullmatch(spec.strip().partition("@")[0])
    return (
        WatchedImage(alias, parts["name"], parts["constraint"] or "") if parts else WatchedImage(alias, spec)
    )


def known_applications(
    objects: Sequence[Mapping[str, Any]],
    repository: Repository | None,
    lost: list[str],
    *,
    all_matter: bool = False,
) -> list[Application]:
    """The Applications among the objects, and those that ApplicationSets make which have made none of them.

    `lost` takes ApplicationSets that cannot be expanded, and Applications that are templates: those that
    speak of the Image Updater, or that one of its resources may mean, unless `all_matter`.
    """
    known = applications(objects)
    owners = {each.owner for each in known}
    all_matter = all_matter or any(is_kind(each, "ImageUpdater", PREFIX) for each in objects)
    for each in objects:
        name = text(mapping(each, "metadata").get("name"))
        if not is_kind(each, "ApplicationSet", "argoproj.io/") or name in owners:
            continue
        try:
            known += applications(generated(each, repository))
        except Refused as error:
            if all_matter or PREFIX in json.dumps(mapping(each, "spec"), default=str):
                fix = "" if error.fix else " (import its Applications by --cluster or --api)"
                lost.append(f"ApplicationSet {name}: {error}{fix}")
    return list(_named(known, lost, all_matter=all_matter))


def _named(known: Iterable[Application], lost: list[str], *, all_matter: bool) -> Iterator[Application]:
    """Those that have a name; that of others is a template."""
    for each in known:
        if is_application(each.name):
            yield each
        elif all_matter or any(key.startswith(PREFIX) for key in each.annotations):
            fix = "import what its template makes, by --cluster or --api"
            lost.append(f"Application {each.name[:80]}: that is no name of one ({fix})")


def once(watched: Iterable[Watched], lost: list[str]) -> Iterator[Watched]:
    """Each Application once: the first that was found."""
    seen: set[tuple[str, str]] = set()
    for each in watched:
        key = (each.application.namespace, each.application.name)
        if key in seen:
            lost.append(f"Application {key[1]}: it is watched twice; the first is carried over")
            continue
        seen.add(key)
        yield each
