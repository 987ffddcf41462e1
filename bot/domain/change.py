"""Changes: what a pull request moves in one environment. One of a group holds several."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.image import ImageRef, Release
from bot.domain.mark import Mark
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.promotion import Proof


@dataclass(frozen=True, slots=True)
class CopyNote:
    """What is said of a directory that is copied: in a few words, and in Markdown."""

    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One environment's part of a pull request: from which release to which, and what was proved of it."""

    pipeline: Pipeline
    environment: Environment
    before: Release
    after: Release
    mark: Mark
    proofs: tuple[Proof, ...] = ()
    copy: CopyNote | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Pipeline and environment, by which the changes of a pull request are put in order."""
        return self.pipeline.name, self.environment.name

    @property
    def moved(self) -> tuple[tuple[str, ImageRef, ImageRef], ...]:
        """The images that change: alias, what was there, what comes."""
        old = dict(self.before.images)
        pairs = ((alias, old.get(alias, ImageRef(new.name)), new) for alias, new in self.after.images)
        return tuple((alias, before, new) for alias, before, new in pairs if not _is_same(before, new))


def new_mark(pipeline: Pipeline, environment: Environment, *, before: Release, after: Release) -> Mark:
    """The mark of a change."""
    return Mark(after.key, pipeline.name, environment.name, before.key, after.version)


def _is_same(old: ImageRef, new: ImageRef) -> bool:
    digests = {old.digest, new.digest} - {None}
    return (old.name, old.tag) == (new.name, new.tag) and len(digests) < 2
