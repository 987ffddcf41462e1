"""Sections to the policy of pull requests, and what must fit together over all pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.configuration.base_sections import WindowSection
from bot.configuration.pipeline_sections import PipelineSection
from bot.configuration.proposal_sections import PullRequestSection
from bot.configuration.report import Report
from bot.configuration.trail import Trail
from bot.domain.errors import Refused
from bot.domain.image import ImageRef, Release
from bot.domain.pipeline import Environment, Merge, Pipeline
from bot.domain.pull_request.branch import branch_of, prefix_of
from bot.domain.pull_request.letter import check_templates
from bot.domain.pull_request.policy import CommitPolicy, Pace, PullRequestPolicy, Texts
from bot.domain.pull_request.proposal import Metadata
from bot.domain.pull_request.templates import Template
from bot.domain.window import Window

_SHORTEST_PREFIX = 4
_MOST_FELLOWS = 100
_TEXTS = ("title", "message", "body", "labels")


def windows(sections: tuple[WindowSection, ...]) -> tuple[Window, ...]:
    """The windows as values."""
    return tuple(
        Window(each.kind, each.schedule, each.duration, each.time_zone, each.reason) for each in sections
    )


def pull_request_policy(shared: PullRequestSection, own: PullRequestSection) -> PullRequestPolicy:
    """The policy of an environment: its own keys, and where it is silent those of the pipeline."""
    said = {key: getattr(own, key) for key in own.model_fields_set}
    section = shared.model_copy(update=said)
    return PullRequestPolicy(
        texts=Texts(
            branch=_template(section.branch),
            title=_template(section.title),
            message=_template(section.message),
            body=_template(section.body),
            labels=tuple(map(Template, section.labels)),
        ),
        metadata=Metadata(
            reviewers=section.reviewers,
            team_reviewers=section.team_reviewers,
            assignees=section.assignees,
            milestone=section.milestone or "",
            draft=section.draft,
        ),
        commit=CommitPolicy(section.commit.style, section.commit.type, section.commit.sign_off),
        pace=Pace(
            most_open=section.limits.open,
            per_hour=section.limits.per_hour,
            windows=windows(section.schedule),
            debounce=section.debounce,
            longest_wait=section.longest_wait,
        ),
        notes=section.notes,
    )


def check_proposals(
    pipelines: Mapping[str, Pipeline], sections: Mapping[str, PipelineSection], report: Report
) -> None:
    """Try every template, and see that no two environments would write the same branch."""
    places = [
        _Place(pipeline, environment, sections[name])
        for name, pipeline in pipelines.items()
        for environment in pipeline.environments
        if environment.targets or environment.promote
    ]
    for place in places:
        _check_texts(place, report)
        _check_branch(place, report)
    _check_groups(places, report)
    _check_apart(places, report)


@dataclass(frozen=True, slots=True)
class _Place:
    """An environment, with what was written of its pipeline."""

    pipeline: Pipeline
    environment: Environment
    section: PipelineSection

    @property
    def name(self) -> str:
        return f"environment {self.environment.name} of pipeline {self.pipeline.name}"

    @property
    def release(self) -> Release:
        """A release that is made up, with all images of the environment; without targets files bring them."""
        every = {each.alias for each in self.pipeline.images}
        aliases = {target.alias for target in self.environment.targets} or every
        digest = f"sha256:{'0' * 64}"
        return Release.of(
            {
                each.alias: ImageRef(each.name, "1.2.3", digest)
                for each in self.pipeline.images
                if each.alias in aliases
            }
        )

    def trail(self, *keys: str) -> Trail:
        """Where a key of the environment stands."""
        return ("pipelines", self.pipeline.name, "environments", self.environment.name, *keys)

    def trail_of(self, key: str) -> Trail:
        """Where a key of `pull_request` was written: in the environment, or in the pipeline."""
        if key in self.section.environments[self.environment.name].pull_request.model_fields_set:
            return self.trail("pull_request", key)
        return ("pipelines", self.pipeline.name, "pull_request", key)


def _template(text: str | None) -> Template | None:
    return Template(text) if text is not None else None


def _check_texts(place: _Place, report: Report) -> None:
    """Each template by itself, so that a mistake is told at its key."""
    policy = place.environment.pull_request
    for key in _TEXTS:
        value = getattr(policy.texts, key)
        alone = replace(policy, texts=Texts(**{key: value}) if value else Texts())
        try:
            check_templates(place.pipeline, replace(place.environment, pull_request=alone), place.release)
        except Refused as error:
            report.add_value(place.trail_of(key), error.why or error.what, "correct the template")


def _check_branch(place: _Place, report: Report) -> None:
    if place.environment.pull_request.texts.branch is None or place.environment.group:
        return
    trail, prefix = place.trail_of("branch"), prefix_of(place.environment)
    try:
        branch = branch_of(place.pipeline, place.environment, place.release)
    except Refused as error:
        report.add_value(trail, error.why, "correct the template")
        return
    if len(prefix) < _SHORTEST_PREFIX:
        what = "the name begins with a variable, so that any branch could be meant"
        report.add(trail, what, f"begin with {_SHORTEST_PREFIX} letters or more, such as updates-")
    elif place.pipeline.branch and (
        place.pipeline.branch == branch or place.pipeline.branch.startswith(prefix)
    ):
        report.add(trail, "the base branch begins in the same way", "begin with something else")


def _check_groups(places: list[_Place], report: Report) -> None:
    members: dict[str, list[_Place]] = {}
    for place in places:
        if place.environment.group:
            members.setdefault(place.environment.group, []).append(place)
    for found in members.values():
        for place, what, fix in _group_problems(found):
            report.add(place.trail("group"), what, fix)


def _group_problems(members: list[_Place]) -> Iterator[tuple[_Place, str, str]]:
    first = members[0]
    for place in members:
        if place.pipeline.repository != first.pipeline.repository:
            yield (
                place,
                f"{first.name} is in the same group, and in another repository",
                "give it another name",
            )
        elif place.pipeline.branch != first.pipeline.branch:
            yield place, f"{first.name} is in the same group, and on another branch", "give it another name"
        elif place.environment.merge is Merge.DIRECT:
            yield (
                place,
                "it is written without a pull request, so there is none to share",
                "leave `group` out",
            )
        elif "branch" in place.section.environments[place.environment.name].pull_request.model_fields_set:
            yield place, "a group has a branch of its own", "leave `branch` out of its pull_request"
    for place in members[_MOST_FELLOWS:]:
        yield place, f"a group has at most {_MOST_FELLOWS} environments", "give some of them another group"


def _check_apart(places: list[_Place], report: Report) -> None:
    """Two who write one branch would take it from each other for ever."""
    taken: dict[tuple[object, str], _Place] = {}
    for place in places:
        try:
            branch = branch_of(place.pipeline, place.environment, place.release)
        except Refused:  # told already
            continue
        other = taken.setdefault((place.pipeline.repository, branch), place)
        if other is place or (place.environment.group and place.environment.group == other.environment.group):
            continue
        what, fix = f"{other.name} has the same branch", "put {{ pipeline }} and {{ environment }} into it"
        is_told = place.environment.pull_request.texts.branch is not None and not place.environment.group
        report.add(place.trail_of("branch") if is_told else place.trail(), what, fix)
