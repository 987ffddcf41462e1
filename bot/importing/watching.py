"""All that Argo CD Image Updater watches among objects, however it was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.importing.annotations import by_annotations, is_annotated
from bot.importing.generated import Repository
from bot.importing.objects import is_kind
from bot.importing.resources import by_resource
from bot.importing.updater import PREFIX, Found, known_applications, once


def found(objects: Sequence[Mapping[str, Any]], repository: Repository | None = None) -> Found:
    """What the Image Updater watches among these objects, by annotations and by custom resources.

    `repository` is what generators of ApplicationSets may read. A custom resource goes before annotations,
    as it does there.
    """
    lost: list[str] = []
    known = known_applications(objects, repository, lost)
    watched = [
        one
        for each in objects
        if is_kind(each, "ImageUpdater", PREFIX)
        for one in by_resource(each, known, lost)
    ]
    watched += [by_annotations(each) for each in known if is_annotated(each)]
    return Found(tuple(once(watched, lost)), tuple(lost))
