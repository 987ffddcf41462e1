"""What Argo CD Image Updater watches, as a draft of a configuration that does the same.

Applications that follow the same images by the same rules in one repository become environments of one
pipeline. What cannot be carried over is told, with the reason, and never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.importing.draft import (
    Draft,
    DraftEnvironment,
    DraftImage,
    DraftPipeline,
    DraftTarget,
    literal,
    unique,
)
from bot.importing.placed import Placed, placed, registries
from bot.importing.stage import stage_of
from bot.importing.updater import Found


@dataclass(frozen=True, slots=True)
class Carried:
    """The draft (None: nothing could be carried over), and what is not in it."""

    draft: Draft | None
    lost: tuple[str, ...]


def carried(found: Found, *, argocd_url: str = "") -> Carried:
    """The configuration that does what the Image Updater did; `argocd_url` is where Argo CD answers."""
    lost = list(found.lost)
    places: list[Placed] = []
    logins: dict[str, dict[str, Any]] = {}
    for watched in found.watched:
        place = placed(watched, lost)
        if place is not None:
            places.append(place)
            logins |= registries(watched, lost)
    taken: dict[str, str] = {}
    places = [place for place in places if _owns(place, taken, lost)]
    if not places:
        return Carried(None, tuple(lost))
    groups: dict[str, list[Placed]] = {}
    for place in places:
        groups.setdefault(place.pipeline_key, []).append(place)
    pipelines = tuple(_pipelines(list(groups.values())))
    forges = {place.located.forge: place.located.section for place in places}
    notes = (
        "Carried over from Argo CD Image Updater. Take its annotations or custom resources away before"
        " Tagboat starts, or both will write.",
        *sorted({place.located.note for place in places if place.located.note}),
        *(f"not carried over: {each}" for each in lost),
    )
    argocd = {"main": {"url": argocd_url or "https://argocd.example.com", "token": "${ARGOCD_TOKEN}"}}
    return Carried(Draft(forges, pipelines, argocd, logins, notes), tuple(lost))


def _owns(place: Placed, taken: dict[str, str], lost: list[str]) -> bool:
    """Whether no other pipeline writes what this Application does: two writers would fight."""
    wanted = [f"{place.located.repository} {place.branch} {place.file} {key}" for key in place.keys]
    if any(taken.get(each, place.pipeline_key) != place.pipeline_key for each in wanted):
        name = place.watched.application.name
        lost.append(f"Application {name}: another one writes the same values of {place.file} by other rules")
        return False
    taken |= dict.fromkeys(wanted, place.pipeline_key)
    return True


def _pipelines(groups: Sequence[Sequence[Placed]]) -> Iterator[DraftPipeline]:
    names = unique([_name(group) for group in groups], otherwise="pipeline")
    for name, group in zip(names, groups, strict=True):
        first = group[0]
        settings = {"repository": literal(first.located.repository)}
        settings |= {"branch": first.branch} if first.branch else {}
        shared = {alias: _shared_write(group, alias) for alias in first.images}
        images = tuple(
            DraftImage(
                alias, dict(image.settings) | ({"write": dict(write)} if (write := shared[alias]) else {})
            )
            for alias, image in first.images.items()
        )
        yield DraftPipeline(name, settings, images, tuple(_environments(group, shared)))


def _name(group: Sequence[Placed]) -> str:
    """A pipeline's name: what the names of its Applications share, without the environment."""
    stage = stage_of(group[0].watched.application.name)
    return stage.rest if stage and stage.rest else group[0].watched.application.name


def _shared_write(group: Sequence[Placed], alias: str) -> Mapping[str, Any]:
    """Where an image stands, when that is the same in all files of the pipeline."""
    writes = [place.images[alias].write for place in group]
    return writes[0] if all(write == writes[0] for write in writes) else {}


def _environments(
    group: Sequence[Placed], shared: Mapping[str, Mapping[str, Any]]
) -> Iterator[DraftEnvironment]:
    """The environments of a pipeline: Applications that deploy the same values are one."""
    by_values: dict[tuple[str, ...], list[Placed]] = {}
    for place in group:
        by_values.setdefault((place.file, *place.keys), []).append(place)
    together = list(by_values.values())
    stages = [stage_of(places[0].watched.application.name) or stage_of(places[0].file) for places in together]
    wanted = [
        stage.name if stage else places[0].watched.application.name
        for stage, places in zip(stages, together, strict=True)
    ]
    ranked = sorted(
        zip(unique(wanted, otherwise="environment"), stages, together, strict=True),
        key=lambda each: each[1].rank if each[1] else -1,
    )
    for name, _, places in ranked:
        first = places[0]
        note = ("Every Application was updated by itself; with `after` a release goes on once it is live.",)
        yield DraftEnvironment(
            name,
            tuple(_targets(first, shared)),
            tuple(_applications(places)),
            settings={"merge": first.merge},
            notes=note if len(ranked) > 1 and name != ranked[0][0] else (),
        )


def _targets(place: Placed, shared: Mapping[str, Mapping[str, Any]]) -> Iterator[DraftTarget]:
    if all(shared.values()):
        yield DraftTarget(place.file)
        return
    for alias, image in place.images.items():
        yield DraftTarget(place.file, alias, {} if shared[alias] else image.write)


def _applications(places: Iterable[Placed]) -> Iterator[str]:
    yield from dict.fromkeys(place.watched.application.name for place in places)
