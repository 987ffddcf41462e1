"""`tagboat plan`: what the next look would do, with every byte that it would change; nothing is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Any, assert_never

import typer
from rich.console import Console
from rich.text import Text

from bot.cli import display, exit_codes, opening
from bot.cli.diff import coloured, unified
from bot.cli.display import STYLES, clean_block, styled, versions
from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, ExitCode
from bot.domain.errors import TagboatError
from bot.domain.pipeline import Pipeline
from bot.domain.status import EnvironmentStatus, PipelineStatus

if TYPE_CHECKING:
    from bot.domain.deciding.action import Action, CommitDirectly, Propose
    from bot.flow.world import World

_INDENT = 6
"""Columns before the texts of a proposal, which stand below the step that they belong to."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One action in words, and the proposal that it carries with the diff of each file."""

    verb: str
    sentence: str
    proposal: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Planned:
    """One pipeline: its status as the next look would leave it, and the steps by environment."""

    status: PipelineStatus
    steps: Mapping[str, tuple[_Step, ...]]


def plan(
    pipeline: Annotated[str | None, typer.Argument(help="Default: every pipeline.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    exit_code: ExitCode = False,
) -> None:
    """Show what would be done now, and touch nothing.

    For each environment its status, and the words and the diff of each pull request.
    """
    world = opening.world(config)
    pipelines = opening.chosen(world.pipelines, pipeline)
    planned = [_planned(world, each) for each in pipelines]
    if as_json:
        display.write_json([_as_json(each) for each in planned])
    else:
        console = display.console()
        for each in planned:
            _show(console, each)
    if any(each.status.problem for each in planned):
        raise typer.Exit(exit_codes.FAILED)
    if exit_code:
        statuses = [each.status for each in planned]
        raise typer.Exit(exit_codes.code_for(statuses, pipelines, now=world.clock.now()))


def _planned(world: World, pipeline: Pipeline) -> _Planned:
    from bot.flow.reconcile import preview

    try:
        seen = preview(world, pipeline)
    except TagboatError as error:
        return _Planned(PipelineStatus(pipeline.name, str(pipeline.repository), (), str(error)), {})
    steps: dict[str, tuple[_Step, ...]] = {}
    for action in seen.plan.actions:
        name = action.environment
        steps[name] = (*steps.get(name, ()), _step(action, seen.files[name]))
    now = world.clock.now()
    status = PipelineStatus(pipeline.name, str(pipeline.repository), seen.plan.environments, looked_at=now)
    return _Planned(status, steps)


def _step(action: Action, files: Mapping[str, bytes | None]) -> _Step:
    from bot.domain.deciding.action import (
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

    beside = {Describe: "labels, reviewers and their kind", Revise: "the link to the thread of its release"}

    match action:
        case Propose(number=None):
            return _Step("open", f"open a pull request from {action.proposal.branch}", _texts(action, files))
        case Propose():
            return _Step("update", f"update pull request {action.number}", _texts(action, files))
        case Withdraw():
            return _Step("close", f"close pull request {action.number}: {action.comment}")
        case Describe() | Revise():
            return _Step("describe", f"add {beside[type(action)]} to pull request {action.number}")
        case Comment():
            return _Step("comment", f"comment on pull request {action.number}")
        case MergePullRequest():
            head = action.options.expected_head[:12]
            return _Step("merge", f"merge pull request {action.number} at {head}")
        case ArmPullRequest():
            head = action.options.expected_head[:12]
            return _Step("arm", f"leave pull request {action.number} at {head} to the host to merge")
        case DisarmPullRequest():
            return _Step("disarm", f"take pull request {action.number} back from the host")
        case CommitDirectly():
            sentence = f"commit {action.release.version} without a pull request"
            return _Step("commit", sentence, _texts(action, files))
        case DeleteBranch():
            return _Step("delete", f"delete the branch of pull request {action.number}")
        case Refresh():
            kind = "compare from scratch" if action.hard else "compare"
            return _Step("refresh", f"ask Argo CD to {kind} {action.application} with Git")
        case _:
            assert_never(action)


def _texts(action: Propose | CommitDirectly, files: Mapping[str, bytes | None]) -> Mapping[str, Any]:
    proposal = action.proposal
    return {
        "branch": proposal.branch,
        "title": proposal.title,
        "body": proposal.body,
        "message": proposal.message,
        "files": [
            {"path": path, "diff": unified(path, files.get(path), content)}
            for path, content in proposal.files
        ],
    }


def _as_json(planned: _Planned) -> dict[str, Any]:
    status = planned.status
    return {
        "pipeline": status.name,
        "repository": status.repository,
        "problem": status.problem,
        "environments": [
            {
                "environment": each.name,
                "state": each.state.value,
                "reason": each.reason,
                "running": dict(each.running),
                "next": dict(each.next),
                "actions": [
                    {"action": step.verb, "sentence": step.sentence, **(step.proposal or {})}
                    for step in planned.steps.get(each.name, ())
                ],
            }
            for each in status.environments
        ],
    }


def _show(console: Console, planned: _Planned) -> None:
    status = planned.status
    console.print(styled(status.name, "bold"), styled(status.repository, "bright_black"), soft_wrap=True)
    if status.problem:
        console.print(styled(f"  cannot be looked at: {status.problem}", "bold red"), soft_wrap=True)
    width = max((len(each.name) for each in status.environments), default=0)
    for each in status.environments:
        _show_environment(console, each, planned.steps.get(each.name, ()), width)
    console.print()


def _show_environment(
    console: Console, status: EnvironmentStatus, steps: tuple[_Step, ...], width: int
) -> None:
    line = styled(f"  {status.name:<{width}}  ", "bold")
    line.append_text(styled(str(status.state), STYLES[status.state]))
    line.append_text(styled(f"  {versions(status)}"))
    line.append_text(styled(f"  {status.reason}" if status.reason else ""))
    console.print(line, soft_wrap=True)
    for step in steps:
        console.print(styled(f"    would {step.sentence}"), soft_wrap=True)
        if step.proposal:
            _show_proposal(console, step.proposal)


def _show_proposal(console: Console, texts: Mapping[str, Any]) -> None:
    console.print()
    for file in texts["files"]:
        console.print(coloured(file["diff"], indent=_INDENT), soft_wrap=True)
    margin = " " * _INDENT
    console.print(styled(f"{margin}{texts['title']}", "bold"), soft_wrap=True)
    console.print()
    console.print(Text(indent(clean_block(texts["body"]), margin) + "\n"), soft_wrap=True)
