"""`tagboat pr`: the pull requests of Tagboat, to list, read, merge and close from the terminal.

A pull request is named by its pipeline and environment: each of these has at most one open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli import display, opening
from bot.cli.diff import coloured, unified
from bot.cli.display import clean_block, styled
from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from bot.cli.who import me
from bot.domain.errors import Conflict, NotFound
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.proposal import Metadata, PullRequest, PullRequestState

if TYPE_CHECKING:
    from bot.flow.world import World
    from bot.ports import Forge

app = typer.Typer(
    help="List, show, merge or close Tagboat's open pull requests.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PipelineName = Annotated[str, typer.Argument(metavar="PIPELINE", help="The pipeline's name.")]
EnvironmentName = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="The environment's name.")]


@dataclass(frozen=True, slots=True)
class _Found:
    """An open pull request, as its forge shows it now."""

    pipeline: Pipeline
    environment: Environment
    forge: Forge
    pull: PullRequest

    @property
    def repository(self) -> str:
        """The path by which the forge knows the repository."""
        return self.pipeline.repository.path


@app.command("list")
def list_(
    pipeline: Annotated[str | None, typer.Argument(help="Default: every pipeline.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """List what is open, as of the last look."""
    from bot.flow.status import board

    world = opening.world(config)
    names = {each.name for each in opening.chosen(world.pipelines, pipeline)}
    rows = [
        (shown.name, each.name, each.pull_request, each.reason)
        for shown in board(world)
        for each in shown.environments
        if shown.name in names and each.pull_request
    ]
    if as_json:
        display.write_json(
            [
                {
                    "pipeline": name,
                    "environment": environment,
                    "number": pull.number,
                    "title": pull.title,
                    "url": pull.url,
                    "head": pull.head,
                    "reason": reason,
                }
                for name, environment, pull, reason in rows
            ]
        )
        return
    console = display.console()
    if not rows:
        console.print("No pull request is open.")
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("pipeline", "environment", "number"):
        table.add_column(column, no_wrap=True)
    table.add_column("title and state", overflow="fold")
    for name, environment, pull, reason in rows:
        where = pull.url or f"tagboat pr show {name} {environment}"
        about = Text("\n").join([styled(pull.title, "bold"), styled(reason), styled(where, "underline")])
        table.add_row(styled(name), styled(environment), str(pull.number), about)
    console.print(table)


@app.command()
def show(pipeline: PipelineName, environment: EnvironmentName, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Show an open pull request as it is now: its text, and what it changes in the files."""
    found = _open(opening.world(config), pipeline, environment)
    pull, console = found.pull, display.console()
    console.print(styled(pull.title, "bold"), soft_wrap=True)
    branches = f"pull request {pull.number}: {pull.branch} → {pull.base}, at {pull.head[:12]}"
    for line in (branches, pull.url, f"waits: {pull.blocked_reason}" if pull.blocked_reason else ""):
        if line:
            console.print(styled(line, "bright_black"), soft_wrap=True)
    for line in _beside(pull):
        console.print(styled(line, "bright_black"), soft_wrap=True)
    console.print()
    console.print(Text(clean_block(pull.body)), soft_wrap=True)
    for comment in pull.comments:
        console.print()
        console.print(Text(clean_block(comment)), soft_wrap=True)
    for diff in _diffs(found):
        console.print()
        console.print(coloured(diff, indent=2), end="", soft_wrap=True)


@app.command()
def merge(
    pipeline: PipelineName,
    environment: EnvironmentName,
    head: Annotated[
        str, typer.Option("--head", help="Merge only if the branch is still at this commit (7 digits do).")
    ] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Merge an open pull request, if its windows allow; Tagboat then follows the rollout."""
    from bot.flow.merge import merge_by_human

    world = opening.world(config)
    pull = _open(world, pipeline, environment).pull
    if head and not (len(head) >= 7 and pull.head.startswith(head.lower())):
        raise Conflict(
            f"pull request {pull.number} was not merged",
            why=f"its branch is at {pull.head[:12]}, not at {head[:40]}",
            fix=f"look at it again with `tagboat pr show {pipeline} {environment}`",
        )
    commit = merge_by_human(world, pipeline, environment, number=pull.number, head=pull.head, who=me())
    display.console().print(
        styled(f"Merged pull request {pull.number} ({pull.title}) as {commit[:12]}."), soft_wrap=True
    )


@app.command()
def close(pipeline: PipelineName, environment: EnvironmentName, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Close an open pull request: this very release is not proposed there again, the next one is."""
    from bot.flow.merge import close_by_human

    world = opening.world(config)
    pull = _open(world, pipeline, environment).pull
    close_by_human(world, pipeline, environment, number=pull.number, who=me())
    display.console().print(
        styled(
            f"Closed pull request {pull.number} ({pull.title}); "
            f"the next release will be proposed to {environment} again "
            "(`tagboat promote` brings this one back, without waiting for a human)."
        ),
        soft_wrap=True,
    )


def _open(world: World, pipeline: str, environment: str) -> _Found:
    """The open pull request of an environment, read from the forge.

    Raises:
        typer.BadParameter: no such pipeline or environment.
        NotFound: none is open.
    """
    from bot.flow.look import Looking

    (place,) = opening.chosen(world.pipelines, pipeline)
    names = [each.name for each in place.environments]
    if environment not in names:
        known = ", ".join(names)
        raise typer.BadParameter(
            f"{pipeline} has no environment {environment!r} (one of {known})", param_hint="ENVIRONMENT"
        )
    each = place.environment(environment)
    looking = Looking(world, place, each, world.store.load(place.name).environment(each.name))
    for branch in reversed(looking.branches):
        for pull in looking.forge.pull_requests(looking.path, branch):
            if pull.state is PullRequestState.OPEN:
                return _Found(place, each, looking.forge, pull)
    raise NotFound(
        f"no pull request is open for {environment} of {pipeline}",
        fix=f"`tagboat status {pipeline}` says what it waits for",
    )


def _beside(pull: PullRequest) -> list[str]:
    """What belongs beside a pull request that Tagboat keeps itself: no page of a host shows it."""
    kept = pull.metadata or Metadata()
    named = {
        "labels": kept.labels,
        "reviewers": (*kept.reviewers, *kept.team_reviewers),
        "assignees": kept.assignees,
        "milestone": (kept.milestone,) if kept.milestone else (),
    }
    lines = [f"{name}: {', '.join(texts)}" for name, texts in named.items() if texts]
    return [*(["draft"] if pull.is_draft else []), *lines]


def _diffs(found: _Found) -> list[list[str]]:
    """What the merge would change in each file of the environment."""
    base = found.forge.head(found.repository, found.pull.base)
    diffs = []
    for path in sorted({*found.environment.files, *_copied(found, base)}):
        old = found.forge.read(found.repository, base, path) if base else None
        new = found.forge.read(found.repository, found.pull.head, path)
        diffs.append(unified(path, old, new))
    return [diff for diff in diffs if diff]


def _copied(found: _Found, base: str | None) -> list[str]:
    """The files of the directory that the environment copies which the merge would change."""
    promotion = found.environment.promote
    if promotion is None or base is None:
        return []
    before = found.forge.tree(found.repository, base, promotion.to)
    after = found.forge.tree(found.repository, found.pull.head, promotion.to)
    return [f"{promotion.to}/{path}" for path in {*before, *after} if before.get(path) != after.get(path)]
