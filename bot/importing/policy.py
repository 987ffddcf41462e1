"""How an image's tag is likely chosen: as another tool was told, or as the tags that run now look."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.image import ImageName, parse_image_name
from bot.importing.flux import FluxPolicy
from bot.importing.image import image_settings
from bot.importing.layout import Member
from bot.importing.updater import Watched

_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+){0,2}(?:-(?:rc|alpha|beta)[.0-9]*)?")
_VARIANT = re.compile(r"v?[0-9]+(?:\.[0-9]+)+-[a-z][\w.-]*", re.ASCII)
_MOVING = {"latest", "main", "master", "stable", "edge", "nightly", "dev", "develop", "staging", "prod"}


@dataclass(frozen=True, slots=True)
class Told:
    """What other tools were told in a repository: the Image Updater by Application, Flux by policy."""

    watched: Mapping[str, Watched] = field(default_factory=dict)
    policies: Mapping[str, FluxPolicy] = field(default_factory=dict)


def policy(name: ImageName, members: Sequence[Member], told: Told) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The settings by which an image's tag is chosen, and notes on where they come from."""
    for member in members:
        for application in member.applications:
            found = _watched(name, told.watched.get(application.name))
            if found:
                settings, lost = found
                source = f"As Argo CD Image Updater is told for the Application {application.name}."
                return settings, (source, *(f"not carried over: {each}" for each in lost))
    setters = [
        str(each.write["setter"])
        for member in members
        for part in member.parts
        for each in part.standings
        if each.ref.name == name and "setter" in each.write
    ]
    for setter in setters:
        if setter in told.policies:
            return dict(told.policies[setter].settings), (f"As Flux is told by the ImagePolicy {setter}.",)
    return _guessed(_tags(name, members))


def _watched(name: ImageName, watched: Watched | None) -> tuple[dict[str, Any], list[str]] | None:
    """What the Image Updater was told of an image, and what of that has no meaning here."""
    for image in watched.images if watched else ():
        lost: list[str] = []
        try:
            if parse_image_name(image.name) == name:
                settings = dict(image_settings(image, lost))
                del settings["image"]
                return settings, lost
        except ValueError:
            continue  # The importing verb says why; here the tags that run are looked at instead.
    return None


def _tags(name: ImageName, members: Sequence[Member]) -> list[str]:
    tags = (
        each.ref.tag
        for member in members
        for part in member.parts
        for each in part.standings
        if each.ref.name == name
    )
    return [tag for tag in tags if tag]


def _guessed(tags: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    if all(_VERSION.fullmatch(tag) for tag in tags):
        return {}, ()
    shown = ", ".join(dict.fromkeys(tags))[:80]
    if all(_VARIANT.fullmatch(tag) or _VERSION.fullmatch(tag) for tag in tags):
        return {"strategy": "docker"}, (f"The highest version of the shape that runs ({shown}).",)
    if len(set(tags)) == 1 and tags[0] in _MOVING:
        return {"strategy": "digest", "constraint": tags[0]}, (f"{tags[0]} is taken for a tag that moves.",)
    why = f"The tags that run ({shown}) are no versions: the latest build is taken."
    return {"strategy": "newest-build"}, (why,)
