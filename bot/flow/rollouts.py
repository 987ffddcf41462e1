"""What Argo CD makes of a pipeline's commits, read beside how the commits that it names stand to ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain import rollout
from bot.domain.errors import TagboatError
from bot.domain.pipeline import Application, Environment, Pipeline
from bot.domain.record import EnvironmentRecord
from bot.domain.rollout.deployment import anchored, written
from bot.domain.rollout.progress import followed
from bot.domain.rollout.verdict import Followed
from bot.domain.snapshot import ApplicationView, BaseBranch, Problem, Relation
from bot.flow.world import World
from bot.ports import Forge

_ASTRAY = frozenset({Relation.DIVERGED, Relation.UNKNOWN})


def rollouts(
    world: World,
    pipeline: Pipeline,
    environment: Environment,
    record: EnvironmentRecord,
    branch: BaseBranch,
    now: datetime,
) -> tuple[EnvironmentRecord, tuple[ApplicationView, ...]]:
    """Every Application of the environment, and the record by which it is followed.

    Where somebody rewrote the base branch, the commit that was followed is in nothing that Argo CD will ever
    sync: the head of the base branch, which says the same, is followed from then on.
    """
    views = _applications(world, pipeline, environment, record, branch)
    current = record.current
    if current is None or not any(_ASTRAY.intersection(each.relations.values()) for each in views):
        return record, views
    forge, path = world.forges[pipeline.repository.forge], pipeline.repository.path
    try:
        if forge.relation(path, commit=current.followed.commit, revision=branch.head) is Relation.CONTAINED:
            return record, views
    except TagboatError as error:
        return record, tuple(replace(each, problem=Problem.of(error)) for each in views)
    record = anchored(record, base=branch.head, now=now)
    return record, _applications(world, pipeline, environment, record, branch)


def _applications(
    world: World, pipeline: Pipeline, environment: Environment, record: EnvironmentRecord, branch: BaseBranch
) -> tuple[ApplicationView, ...]:
    context = followed(pipeline, environment, record, branch)
    if context is None:
        return ()
    return tuple(
        _application(world, pipeline, environment, each, context) for each in environment.applications
    )


def _application(
    world: World, pipeline: Pipeline, environment: Environment, application: Application, context: Followed
) -> ApplicationView:
    argocd = world.deployments[application.argocd]
    forge = world.forges[pipeline.repository.forge]
    try:
        seen = argocd.application(application)
        if seen is None:
            return ApplicationView(application, None)
        relations = {
            each: forge.relation(pipeline.repository.path, commit=context.commit, revision=each)
            for each in rollout.revisions_to_relate(seen, context)
        }
        overwritten = _overwritten_at(forge, pipeline, environment, context.commit, relations)
        window = argocd.sync_window(application) if rollout.asks_sync_window(seen) else None
        return ApplicationView(application, seen, relations, window, overwritten)
    except TagboatError as error:
        return ApplicationView(application, None, problem=Problem.of(error))


def _overwritten_at(
    forge: Forge,
    pipeline: Pipeline,
    environment: Environment,
    commit: str,
    relations: Mapping[str, Relation],
) -> str | None:
    """The later revision at which the files no longer say what we followed, or None."""
    for revision, relation in relations.items():
        if relation is not Relation.CONTAINED or revision == commit:
            continue
        files = {file: forge.read(pipeline.repository.path, revision, file) for file in environment.files}
        ours = {file: forge.read(pipeline.repository.path, commit, file) for file in environment.files}
        try:
            if written(pipeline, environment, files) != written(pipeline, environment, ours):
                return revision
        except TagboatError:
            return revision
    return None
