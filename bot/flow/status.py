"""Status: what people are shown of every pipeline; the command line, the page and the API show the same.

Read from the store alone, so that looking costs no call to a registry, a forge or Argo CD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.pipeline import Merge, Pipeline
from bot.domain.status import EnvironmentStatus, PipelineStatus, State
from bot.flow.world import World


def board(world: World) -> Sequence[PipelineStatus]:
    """What is shown of each configured pipeline, by name; one that nobody looked at yet says so.

    Raises:
        TagboatError: the store cannot be read.
    """
    kept = {each.name: each for each in world.store.board()}
    untold = world.store.untold()
    return [
        replace(
            _with_merges(kept[name], pipeline) if name in kept else _unseen(pipeline),
            untold=untold.get(name, ""),
        )
        for name, pipeline in sorted(world.pipelines.items())
    ]


def status_json(board: Sequence[PipelineStatus]) -> list[dict[str, Any]]:
    """The board as JSON-able values: the fields by their names, times in ISO 8601 with their zone."""
    return [{each.name: _plain(getattr(shown, each.name)) for each in fields(shown)} for shown in board]


def _unseen(pipeline: Pipeline) -> PipelineStatus:
    environments = tuple(
        EnvironmentStatus(each.name, State.UNKNOWN, "not looked at yet", each.after)
        for each in pipeline.environments
    )
    return PipelineStatus(pipeline.name, str(pipeline.repository), environments)


def _with_merges(shown: PipelineStatus, pipeline: Pipeline) -> PipelineStatus:
    by_itself = {each.name for each in pipeline.environments if each.merge is not Merge.MANUAL}
    environments = [each if each.name in by_itself else _with_merge(each) for each in shown.environments]
    return replace(shown, environments=tuple(environments))


def _with_merge(shown: EnvironmentStatus) -> EnvironmentStatus:
    """A pull request without an address is shown by no host: Tagboat keeps it, so it is merged here."""
    pull = shown.pull_request
    if pull is None or pull.url:
        return shown
    return replace(shown, pull_request=replace(pull, mergeable_here=True))


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, State) else value
