"""Act: carry out a plan's actions through the ports.

Every create is "look, create, look" inside the forge's adapter, and every change names what it expects to
find, so an action that was already done, by us before a crash or by a human, does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import structlog

from bot.domain.deciding.action import (
    Action,
    ArmPullRequest,
    Comment,
    CommitDirectly,
    DeleteBranch,
    Describe,
    DisarmPullRequest,
    MergePullRequest,
    Propose,
    Refresh,
    Revise,
    Withdraw,
)
from bot.domain.deciding.group import fellows_of
from bot.domain.errors import Conflict, Refused, TagboatError
from bot.domain.pipeline import Merge, Pipeline
from bot.domain.pull_request.proposal import PullRequestState
from bot.flow.receive import wake
from bot.flow.world import World
from bot.ports import Forge

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Acted:
    """What went wrong, and what a host did not take though nothing stopped; both by environment."""

    errors: Mapping[str, TagboatError]
    unsaid: Mapping[str, tuple[str, ...]]


def act(world: World, pipeline: Pipeline, *, base: str, branch: str, actions: Iterable[Action]) -> Acted:
    """Carry out the actions in order.

    One environment's failure does not keep the others waiting, but its own further actions. A lost
    compare-and-swap (`Conflict`) asks for no more than another look, which sees what is there.
    """
    errors: dict[str, TagboatError] = {}
    unsaid: dict[str, tuple[str, ...]] = {}
    for action in actions:
        if action.environment in errors:
            continue
        try:
            missing = _do(world, pipeline, base, branch, action)
        except Conflict as error:
            log.info("overtaken", environment=action.environment, reason=str(error))
            errors[action.environment] = error
        except TagboatError as error:
            log.warning("action_failed", environment=action.environment, reason=str(error))
            errors[action.environment] = error
        else:
            unsaid[action.environment] = (*unsaid.get(action.environment, ()), *missing)
            log.info("action_done", environment=action.environment, action=type(action).__name__)
    return Acted(errors, unsaid)


def _do(world: World, pipeline: Pipeline, base: str, branch: str, action: Action) -> Sequence[str]:
    """Carry out one action; return what the host did not take of it."""
    forge = world.forges[pipeline.repository.forge]
    path = pipeline.repository.path
    match action:
        case Propose():
            forge.write(path, action.proposal, base=base, expected=action.expected)
            if action.number is None:
                forge.open(path, action.proposal, base_branch=branch)
            else:
                forge.revise(path, action.number, title=action.proposal.title, body=action.proposal.body)
        case Revise() | Withdraw():
            _reword(forge, path, action)
        case MergePullRequest() | ArmPullRequest():
            _merge(forge, path, action)
            wake_fellows(world, pipeline, action.environment)
        case Describe():
            return forge.describe(path, action.number, action.metadata)
        case Comment():
            forge.comment(path, action.number, action.body, key=action.key)
        case DisarmPullRequest():
            forge.disarm(path, action.number)
        case CommitDirectly():
            _require_direct(pipeline, action)
            forge.commit(path, action.proposal, branch=branch, expected=base)
        case DeleteBranch():
            forge.delete_branch(path, action.number)
        case Refresh():
            world.deployments[action.application.argocd].refresh(action.application, hard=action.hard)
        case _:
            assert_never(action)
    return ()


def _reword(forge: Forge, path: str, action: Revise | Withdraw) -> None:
    if forge.pull_request(path, action.number).state is not PullRequestState.OPEN:
        return  # merged by a human since it was looked at
    forge.revise(path, action.number, title=action.title, body=action.body)
    if isinstance(action, Withdraw):
        forge.close(path, action.number, comment=action.comment)


def _merge(forge: Forge, path: str, action: MergePullRequest | ArmPullRequest) -> None:
    merge = forge.merge if isinstance(action, MergePullRequest) else forge.arm
    try:
        merge(path, action.number, action.options)
    except Refused as error:
        state = forge.pull_request(path, action.number).state
        if state is PullRequestState.OPEN:
            raise
        raise Conflict(f"pull request {action.number} was {state} meanwhile") from error


def wake_fellows(world: World, pipeline: Pipeline, environment: str) -> None:
    """Let those who share the pull request see what became of it."""
    fellows = fellows_of(world.pipelines.values(), pipeline, pipeline.environment(environment))
    names = sorted({each.pipeline.name for each in fellows} - {pipeline.name})
    if names:
        world.store.wake(names, now=world.clock.now())
        wake(world, names)


def _require_direct(pipeline: Pipeline, action: CommitDirectly) -> None:
    """The base branch is written only where the configuration says so in as many words."""
    if pipeline.environment(action.environment).merge is not Merge.DIRECT:
        raise Refused(
            f"{action.environment} of {pipeline.name} is not written without a pull request",
            why="its `merge` is not direct",
        )
