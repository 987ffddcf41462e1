"""Observe: build the snapshot of one pipeline by reading registries, Git, the forge and Argo CD.

Reads are cheap: what is addressed by a commit or a digest is cached by the adapters. What cannot be read
becomes a `Problem` at its place and is never taken for "empty".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain import rollout
from bot.domain.deciding.memory import counted
from bot.domain.deciding.obeying import eased_environment
from bot.domain.edit.targets import read_target
from bot.domain.errors import NotFound, TagboatError
from bot.domain.image import ImageRef, Release
from bot.domain.people.order import NOTHING_TOLD, Standing, standing
from bot.domain.pipeline import Environment, Pipeline, PipelineImage
from bot.domain.record import EnvironmentRecord, Record
from bot.domain.rollout.deployment import track, written
from bot.domain.snapshot import (
    BaseBranch,
    EnvironmentView,
    ImageChoice,
    Problem,
    Snapshot,
)
from bot.flow.choose import Asking, choose_image
from bot.flow.consult import consult
from bot.flow.digests import completed, tag_digests
from bot.flow.directories import Directories
from bot.flow.look import Looking, git_view, pull_requests, questions, traffic
from bot.flow.rollouts import rollouts
from bot.flow.world import World
from bot.ports import Forge


def observe(world: World, pipeline: Pipeline, record: Record, now: datetime) -> Snapshot:
    """Read everything that the decision on this pipeline rests on.

    Pull requests are read before the branch: one that is merged in between is then seen as open beside
    files that hold it already, and read again; the other way round it would be proposed again.

    Raises:
        TagboatError: the base branch itself could not be read, so nothing can be said.
    """
    forge = world.forges[pipeline.repository.forge]
    looking = [
        Looking(world, pipeline, each, record.environment(each.name)) for each in pipeline.environments
    ]
    standings = _standings(world, pipeline, now)
    forge.prepare(pipeline.repository.path, questions(pipeline, looking))
    pulls = [pull_requests(each) for each in looking]
    branch = _base_branch(forge, pipeline)
    views = {
        each.environment.name: git_view(each, branch, found)
        for each, found in zip(looking, pulls, strict=True)
    }
    choices = {
        each.name: _choices(world, pipeline, each, views[each.name], record.environment(each.name), now)
        for each in pipeline.environments
        if not each.after
    }
    directories = Directories(forge, pipeline, branch.head, now, standings)
    tracked = _track(world, directories, views, choices, record)
    for each in pipeline.environments:
        views[each.name] = _with_directory(directories, each, views[each.name], tracked)
        anchored, seen = rollouts(world, pipeline, each, tracked.environment(each.name), branch, now)
        kept = counted(anchored, views[each.name], pipeline, each, now)
        tracked = replace(tracked, environments={**tracked.environments, each.name: kept})
        said = consult(forge, pipeline.repository.path, _eased(each, views, standings), views[each.name], now)
        views[each.name] = replace(views[each.name], applications=seen, consent=said)
    branch = _told_apart(forge, pipeline, branch, views)
    digests = tag_digests(world, pipeline, tracked, now, standings)
    near = traffic(world, pipeline, views, tracked)
    return Snapshot(pipeline, branch, choices, views, tracked, digests, near, standings)


def _standings(world: World, pipeline: Pipeline, now: datetime) -> Mapping[str, Standing]:
    """What people told and still counts, by environment."""
    orders = world.orders.of(pipeline.name) if world.orders else ()
    found = {each.name: standing(orders, each.name, now) for each in pipeline.environments}
    return {name: each for name, each in found.items() if each != NOTHING_TOLD}


def _eased(
    environment: Environment, views: Mapping[str, EnvironmentView], standings: Mapping[str, Standing]
) -> Environment:
    """The environment as its open pull request is merged: without the gates that somebody opened for it."""
    pull = views[environment.name].open_pull_request
    told = standings.get(environment.name, NOTHING_TOLD)
    return eased_environment(environment, told, pull.release_key if pull else None)


def _base_branch(forge: Forge, pipeline: Pipeline) -> BaseBranch:
    """The base branch; one that is named is not compared with the default branch yet."""
    path = pipeline.repository.path
    name = pipeline.branch or forge.default_branch(path)
    head = forge.head(path, name)
    if head is None:
        raise NotFound(f"branch {name} is not in {path}", fix="correct `branch` in the configuration")
    return BaseBranch(name, head, is_default=pipeline.branch is None)


def _told_apart(
    forge: Forge, pipeline: Pipeline, branch: BaseBranch, views: Mapping[str, EnvironmentView]
) -> BaseBranch:
    """The base branch, compared with the default branch where an Application follows that one unnamed."""
    seen = (each.object for view in views.values() for each in view.applications if each.object)
    urls = pipeline.repository_urls
    if branch.is_default or not any(rollout.follows_default_branch(each, urls) for each in seen):
        return branch
    return replace(branch, is_default=forge.default_branch(pipeline.repository.path) == branch.name)


def _choices(
    world: World,
    pipeline: Pipeline,
    environment: Environment,
    view: EnvironmentView,
    record: EnvironmentRecord,
    now: datetime,
) -> Mapping[str, ImageChoice | Problem]:
    answers: dict[str, ImageChoice | Problem] = {}
    for target in environment.targets:
        if target.alias in answers:
            continue
        image = pipeline.image(target.alias)
        try:
            content = view.files.get(target.file)
            current = read_target(content, target, image.name) if content is not None else None
            asking = Asking(current, remembered(record, image.alias))
            answer = choose_image(world, image, asking, now=now)
            answers[target.alias] = _named(image, answer)
        except TagboatError as error:
            answers[target.alias] = Problem.of(error)
    return answers


def _named(image: PipelineImage, answer: ImageChoice) -> ImageChoice:
    """The choice; one that waits says for which registry's image."""
    if not answer.choice.is_waiting:
        return answer
    reason = f"{image.name}: {answer.choice.reason}"
    return replace(answer, choice=replace(answer.choice, reason=reason))


def remembered(record: EnvironmentRecord, alias: str) -> Sequence[ImageRef]:
    """What an environment was given of one image, the newest first."""
    proposed = [record.proposed] if record.proposed else []
    releases = [*proposed, *(each.release for each in reversed(record.deployments))]
    return [ref for release in releases for _, ref in release.only([alias])]


def _with_directory(
    directories: Directories, environment: Environment, view: EnvironmentView, record: Record
) -> EnvironmentView:
    """The view with what a copy of the environment's directory needs, where it is time to copy it."""
    promotion = environment.promote
    if promotion is None or view.problem:
        return view
    try:
        read = directories.view(environment, view, record.environments)
    except TagboatError as error:
        return replace(view, problem=Problem.of(error))
    if read is None:
        return view
    files = {**view.files, **read.contents(read.target, promotion.to)}
    proposed = {**view.proposed_files, **read.contents(read.proposed, promotion.to)}
    return replace(view, files=files, proposed_files=proposed, directory=read)


def _track(
    world: World,
    directories: Directories,
    views: Mapping[str, EnvironmentView],
    choices: Mapping[str, Mapping[str, ImageChoice | Problem]],
    record: Record,
) -> Record:
    """Bring the memory up to what Git says, upstream first, so that digests travel with promotions."""
    records, pipeline = dict(record.environments), directories.pipeline
    for environment in pipeline.environments:
        view = views[environment.name]
        if view.problem:
            continue
        before = directories.brought(environment, view, records)
        try:
            found = written(pipeline, environment, view.files)
            if not environment.targets and before.current:
                found = before.current.release  # its images come with its files, which nobody reads
        except TagboatError:
            continue  # decide() reads the files again and shows this very error as the status
        chosen = _chosen_release(pipeline, choices.get(environment.name, {}))
        upstream = [
            each.release
            for name in environment.after
            for each in reversed(records.get(name, EnvironmentRecord()).deployments)
        ]
        after = track(
            before,
            found,
            pull_requests=view.pull_requests,
            known=[*upstream, *chosen],
            base=directories.base,
            now=directories.now,
        )
        if any(environment.name in each.after for each in pipeline.environments):
            after = completed(world, after, directories.now)
        records[environment.name] = directories.remembered(environment, after)
    return replace(record, environments=records)


def _chosen_release(pipeline: Pipeline, answers: Mapping[str, ImageChoice | Problem]) -> list[Release]:
    refs: dict[str, ImageRef] = {}
    for alias, answer in answers.items():
        if isinstance(answer, Problem) or answer.choice.tag is None:
            return []
        refs[alias] = ImageRef(pipeline.image(alias).name, answer.choice.tag, answer.digest)
    return [Release.of(refs)]
