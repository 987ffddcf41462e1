"""The laws of what people told, in orders and in the configuration: at rest it is carried out, and shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.domain.people.order import Standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.snapshot import Relation
from bot.domain.status import EnvironmentStatus, State
from tests.flow.simulation_laws import Laws
from tests.flow.simulation_truth import Place
from tests.flow.worlds import REPOSITORY

_UNREAD = (State.UNKNOWN, State.BLOCKED)
_HELD = re.compile(r"(?<!image web: )(?<!image api: )held until")
_TO_MERGE = re.compile(r"pull request \d+ waits for a human to merge it(?!:)|approvals|has not reported on")


def carried_out(
    laws: Laws, pulls: Mapping[int, PullRequest], shown: Mapping[Place, EnvironmentStatus]
) -> None:
    """Nothing is due any more: what people told is done, and what does not count is not shown."""
    for pipeline, environment in laws.shape.places:
        place = (pipeline.name, environment.name)
        status = shown.get(place)
        if status is None or status.state in _UNREAD:
            continue
        told = laws.standing(place)
        _hold(laws, place, told, status)
        _rollback(laws, place, told, status)
        _pin(laws, pipeline, environment, told, status)
        pull = pulls.get(status.pull_request.number) if status.pull_request else None
        if pull and pull.state is PullRequestState.OPEN and not environment.group:
            _rebase(laws, place, told, status, pull)
            _promotion(laws, place, told, status, pull)


def _hold(laws: Laws, place: Place, told: Standing, status: EnvironmentStatus) -> None:
    is_shown = bool(_HELD.search(status.reason))
    if is_shown is not (told.hold is not None):
        laws.says("a hold is shown while it counts, and no longer", f"{place} {told.hold} {status}")


def _rollback(laws: Laws, place: Place, told: Standing, status: EnvironmentStatus) -> None:
    if told.rollback is None or status.state is not State.LIVE or status.pull_request:
        return
    runs = ", ".join(dict.fromkeys(status.running.values()))
    wanted = told.rollback.version
    if not all(version in wanted for version in status.running.values()):
        laws.says("a rollback is carried out", f"{place} runs {runs}, not {wanted}: {status}")


def _pin(
    laws: Laws, pipeline: Pipeline, environment: Environment, told: Standing, status: EnvironmentStatus
) -> None:
    """An environment with nothing before it that says nothing runs what is pinned."""
    if environment.after or told.rollback or status.state is not State.LIVE or status.reason:
        return
    for alias, (tag, _) in laws.truth.refs(laws.truth.base(), (pipeline.name, environment.name)).items():
        pin = laws.pin(pipeline, alias)
        if pin is not None and pin != tag:
            laws.says("what is pinned runs", f"{pipeline.name} {environment.name} {alias} {tag}, not {pin}")


def _rebase(laws: Laws, place: Place, told: Standing, status: EnvironmentStatus, pull: PullRequest) -> None:
    """A branch that waits for people holds what the base branch held when somebody asked for it anew."""
    if told.rebase is None or told.hold or not _TO_MERGE.search(status.reason):
        return
    then = laws.truth.base_before(told.rebase.at)
    if laws.forge.relation(REPOSITORY, commit=then, revision=laws.truth.base()) is not Relation.CONTAINED:
        return  # somebody rewrote the base branch since
    if laws.forge.relation(REPOSITORY, commit=then, revision=pull.head) is not Relation.CONTAINED:
        laws.says("what is to be built anew is", f"{place} {pull.number}: {status}")


def _promotion(
    laws: Laws, place: Place, told: Standing, status: EnvironmentStatus, pull: PullRequest
) -> None:
    if told.promotion is None or told.hold:
        return
    is_meant = any(mark.key == told.promotion.release for mark in marks(pull.body))
    if is_meant and re.search(r"waits for a human to merge it(?!:)|\d approvals", status.reason):
        laws.says("what is told to go on waits for nobody", f"{place} {pull.number}: {status}")
