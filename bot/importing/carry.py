"""What Argo CD Image Updater watches, as a draft of a configuration that does the same.

Applications that follow the same images by the same rules in one repository become environments of one
pipeline. What cannot be carried over is told, with the reason, and never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from bot.importing.generated import Repository
from bot.importing.installation import Installation
from bot.importing.layout import staged
from bot.importing.logins import LOGIN_KEYS, logins
from bot.importing.objects import Application, control_namespace
from bot.importing.placed import Placed, placed
from bot.importing.stage import Stage, stage_of
from bot.importing.updater import Found

_HEAD = (
    "Carried over from Argo CD Image Updater. Take its annotations or custom resources away before"
    " Tagboat starts, or both will write.",
)


_UNKNOWN_INSTALLATION = Installation()


@dataclass(frozen=True, slots=True)
class Carried:
    """The draft (None: nothing could be carried over), and what is not in it."""

    draft: Draft | None
    lost: tuple[str, ...]


def carried(
    found: Found,
    installed: Installation = _UNKNOWN_INSTALLATION,
    *,
    argocd_url: str = "",
    repository: Repository | None = None,
) -> Carried:
    """The configuration that does what the Image Updater did.

    `argocd_url` is where Argo CD answers, `repository` the one whose files are at hand.
    """
    lost = [*installed.lost, *found.lost]
    control = control_namespace([watched.application for watched in found.watched])
    taken: dict[str, str] = {}
    tried = (placed(watched, lost, control=control, repository=repository) for watched in found.watched)
    places = [place for place in tried if place and _owns(place, taken, lost)]
    if not places:
        return Carried(None, tuple(lost))
    own = logins((place.watched for place in places), lost)
    registries = {**installed.registries, **{host: _joined(installed, host, own[host]) for host in own}}
    groups: dict[str, list[Placed]] = {}
    for place in places:
        groups.setdefault(place.pipeline_key, []).append(place)
    pipelines = tuple(_pipelines(list(groups.values()), control))
    forges = {place.located.forge: place.located.section for place in places}
    notes = (*_HEAD, *_notes(places), *(f"not carried over: {each}" for each in lost))
    argocd = {"main": {"url": argocd_url or "https://argocd.example.com", "token": "${ARGOCD_TOKEN}"}}
    return Carried(Draft(forges, pipelines, argocd, registries, notes, installed.settings), tuple(lost))


def _joined(installed: Installation, host: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """A registry with the login that an image has for it, which goes before the one for all."""
    kept = {key: each for key, each in installed.registries.get(host, {}).items() if key not in LOGIN_KEYS}
    return kept | dict(own)


def _notes(places: Sequence[Placed]) -> Iterator[str]:
    yield from sorted({place.located.note for place in places if place.located.note})
    if any(place.merge == "direct" for place in places):
        yield (
            "`merge: direct` commits without a pull request, as the Image Updater did; `auto` opens one and"
            " merges it once its checks allow."
        )
    if any(place.watched.target.startswith("kustomization") for place in places):
        yield "Kustomizations are taken to be called kustomization.yaml."


def _owns(place: Placed, taken: dict[str, str], lost: list[str]) -> bool:
    """Whether no other pipeline writes what this Application does: two writers would fight."""
    wanted = [f"{place.located.repository} {place.branch} {place.file} {claim}" for claim in place.claims]
    if any(taken.get(each, place.pipeline_key) != place.pipeline_key for each in wanted):
        name = place.watched.application.name
        lost.append(f"Application {name}: another one writes the same values of {place.file} by other rules")
        return False
    taken |= dict.fromkeys(wanted, place.pipeline_key)
    return True


def _pipelines(groups: Sequence[Sequence[Placed]], control: str) -> Iterator[DraftPipeline]:
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
        yield DraftPipeline(name, settings, images, tuple(_environments(group, shared, control)))


def _name(group: Sequence[Placed]) -> str:
    """A pipeline's name: what the names of its Applications share, without the environment."""
    stage = stage_of(group[0].watched.application.name)
    return stage.rest if stage and stage.rest else group[0].watched.application.name


def _shared_write(group: Sequence[Placed], alias: str) -> Mapping[str, Any] | None:
    """Where an image stands, when that is the same in all files of the pipeline; None when it is not."""
    writes = [place.images[alias].write for place in group]
    return writes[0] if all(write == writes[0] for write in writes) else None


def _environments(
    group: Sequence[Placed], shared: Mapping[str, Mapping[str, Any] | None], control: str
) -> Iterator[DraftEnvironment]:
    """The environments of a pipeline: Applications that deploy the same values are one."""
    by_values: dict[tuple[str, ...], list[Placed]] = {}
    for place in group:
        by_values.setdefault((place.file, *place.claims), []).append(place)
    together = list(by_values.values())
    stages = [_stage(places[0]) for places in together]
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
            tuple(followed(place.watched.application, control) for place in places),
            settings={"merge": first.merge},
            notes=note if len(ranked) > 1 and name != ranked[0][0] else (),
        )


def _stage(place: Placed) -> Stage | None:
    """The environment that the Application's name says, or else the path of its file."""
    in_path = staged(place.file)
    return stage_of(place.watched.application.name) or (in_path[1] if in_path else None)


def _targets(place: Placed, shared: Mapping[str, Mapping[str, Any] | None]) -> Iterator[DraftTarget]:
    if all(write is not None for write in shared.values()):
        yield DraftTarget(place.file)
        return
    for alias, image in place.images.items():
        yield DraftTarget(place.file, alias, {} if shared[alias] is not None else image.write)


def followed(application: Application, control: str) -> str | dict[str, Any]:
    """An Application as an environment names it: with its namespace where that is not Argo CD's own."""
    if application.namespace in {"", control}:
        return application.name
    return {"name": application.name, "namespace": application.namespace}
