"""Changes: what a pull request moves in one environment. One of a group holds several."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.image import ImageRef, Release
from bot.domain.mark import Mark
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.promotion import Proof


@dataclass(frozen=True, slots=True)
class Change:
    """One environment's part of a pull request: from which release to which, and what was proved of it."""

    pipeline: Pipeline
    environment: Environment
    before: Release
    after: Release
    mark: Mark
    proofs: tuple[Proof, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """Pipeline and environment, by which the changes of a pull request are put in order."""
        return self.pipeline.name, self.environment.name

    @property
    def moved(self) -> tuple[tuple[str, ImageRef, ImageRef], ...]:
        """The images that change: alias, what was there, what comes."""
        old = dict(self.before.images)
        return tuple(
            (alias, old[alias], new) for alias, new in self.after.images if not _is_same(old[alias], new)
        )


def new_mark(pipeline: Pipeline, environment: Environment, *, before: Release, after: Release) -> Mark:
    """The mark of a change."""
    return Mark(after.key, pipeline.name, environment.name, before.key, after.version)


def _is_same(old: ImageRef, new: ImageRef) -> bool:
    digests = {old.digest, new.digest} - {None}
    return (old.name, old.tag) == (new.name, new.tag) and len(digests) < 2
