"""One environment at the moment of decision: what is known of it, what it should have, and what comes next.

Values only; `bot.domain.deciding.wanted` and `bot.domain.deciding.step` fill them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.choosing.selection import Strategy
from bot.domain.deciding.action import Action
from bot.domain.deciding.promotion import Proof
from bot.domain.directories.copying import copy_of, source_of
from bot.domain.directories.directory import Copied
from bot.domain.edit.targets import write_target
from bot.domain.errors import NotFound
from bot.domain.image import Release
from bot.domain.pause import pause
from bot.domain.people.order import NOTHING_TOLD, Standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.record import EnvironmentRecord, Gathering
from bot.domain.snapshot import EnvironmentView, Problem, Snapshot
from bot.domain.status import ApplicationStatus, State


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the decision on one environment rests on; `upstream` holds what was decided before it.

    `applications` are what is shown of those that are followed there, `doubts` why it is not known now what
    some of them run.
    """

    snapshot: Snapshot
    environment: Environment
    upstream: Mapping[str, EnvironmentRecord]
    now: datetime
    applications: Mapping[str, tuple[ApplicationStatus, ...]] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)

    @property
    def pipeline(self) -> Pipeline:
        return self.snapshot.pipeline

    @property
    def view(self) -> EnvironmentView:
        return self.snapshot.environments[self.environment.name]

    @property
    def record(self) -> EnvironmentRecord:
        return self.snapshot.record.environment(self.environment.name)

    @property
    def standing(self) -> Standing:
        return self.snapshot.standings.get(self.environment.name, NOTHING_TOLD)

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
    the host was asked to merge by itself, and is to go on. `holds` is the wanted release, where it is there.
    `rebuilds` is the key of the order that asked for the branch to be built anew, `hot_fix` names what was
    changed by hand where the next copy would undo it.
    """

    state: State | None
    reason: str = ""
    actions: tuple[Action, ...] = ()
    until: datetime | None = None
    release: Release | None = None
    leaves_to_host: bool = False
    holds: Release | None = None
    branch: str = ""
    gathering: Gathering | None = None
    rebuilds: str = ""
    hot_fix: str = ""


def copy_for(situation: Situation, release: Release, *, on_branch: bool = False) -> Copied | None:
    """What the directory that comes with the release changes, at the base or on the branch; None: not read.

    Raises:
        TagboatError: a file cannot be copied.
    """
    environment = situation.environment
    source = source_of(environment, situation.upstream, release) if environment.promote else None
    return copy_of(environment, situation.view, source, on_branch=on_branch)


def edited(
    situation: Situation, files: Mapping[str, bytes | None], release: Release, *, on_branch: bool = False
) -> tuple[tuple[str, bytes | None], ...]:
    """The files that the release changes, with their new bytes (None: goes); empty when they hold it already.

    `on_branch` says that the files are those of the branch.

    Raises:
        TagboatError: a file cannot be edited, or was not read.
    """
    copy = copy_for(situation, release, on_branch=on_branch)
    if copy is None:
        raise NotFound(f"the files of {release.version} were not read")
    contents = {path: content for path, content in files.items() if content is not None}
    contents |= {path: content for path, content in copy.files.items() if content is not None}
    gone = {path for path, content in copy.files.items() if content is None}
    for target in situation.environment.targets:
        pin = situation.pipeline.image(target.alias).policy.strategy is Strategy.DIGEST
        content = contents.get(target.file)
        if content is None and target.creates_file and target.file not in gone:
            content = b""
        if content is None or target.file in gone:
            raise NotFound(f"{target.file} is not there", fix="create it, or correct the path")
        contents[target.file] = write_target(content, target, release[target.alias], pin_digest=pin)
    modes = {change.path for change in copy.changes if change.is_new_mode}
    changed: dict[str, bytes | None] = {
        path: content
        for path, content in contents.items()
        if path not in gone and (content != files.get(path) or path in modes)
    }
    return tuple(sorted((changed | dict.fromkeys(gone)).items()))
