"""One environment at the moment of decision: what is known of it, what it should have, and what comes next.

Values only; `bot.domain.wanted` and `bot.domain.step` fill them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.action import Action
from bot.domain.edit.targets import write_target
from bot.domain.errors import NotFound
from bot.domain.image import Release
from bot.domain.pause import pause
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.promotion import Proof
from bot.domain.selection import Strategy
from bot.domain.snapshot import EnvironmentRecord, EnvironmentView, Gathering, Problem, Snapshot, State


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the decision on one environment rests on; `upstream` holds what was decided before it."""

    snapshot: Snapshot
    environment: Environment
    upstream: Mapping[str, EnvironmentRecord]
    now: datetime

    @property
    def pipeline(self) -> Pipeline:
        return self.snapshot.pipeline

    @property
    def view(self) -> EnvironmentView:
        return self.snapshot.environments[self.environment.name]

    @property
    def record(self) -> EnvironmentRecord:
        return self.snapshot.record.environment(self.environment.name)

    def again(self, problem: Problem | None = None) -> datetime:
        """When to look again after a fault."""
        wish = problem.retry_after if problem else None
        return self.now + pause(self.snapshot.record.fault_since, self.now, wish=wish)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The release that an environment should have, and what proved it.

    `newer` is a newer one that is not proved yet; `note` says what it, or an image without a choice, lacks.
    """

    release: Release
    proofs: tuple[Proof, ...] = ()
    note: str = ""
    newer: Release | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What happens next in an environment. `state` None: nothing, so the rollout speaks for it.

    `branch` is one to look at from now on, and `gathering` is what is waited with. `leaves_to_host` says that
    the host was asked to merge by itself, and is to go on.
    """

    state: State | None
    reason: str = ""
    actions: tuple[Action, ...] = ()
    until: datetime | None = None
    release: Release | None = None
    leaves_to_host: bool = False
    branch: str = ""
    gathering: Gathering | None = None


def edited(
    situation: Situation, files: Mapping[str, bytes | None], release: Release
) -> tuple[tuple[str, bytes], ...]:
    """The files that the release changes, with their new bytes; empty when they hold it already.

    Raises:
        TagboatError: a file cannot be edited.
    """
    contents = {path: content for path, content in files.items() if content is not None}
    for target in situation.environment.targets:
        pin = situation.pipeline.image(target.alias).policy.strategy is Strategy.DIGEST
        content = contents.get(target.file)
        if content is None:
            raise NotFound(f"{target.file} is not there", fix="create it, or correct the path")
        contents[target.file] = write_target(content, target, release[target.alias], pin_digest=pin)
    return tuple((path, content) for path, content in sorted(contents.items()) if content != files[path])
