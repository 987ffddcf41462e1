"""Changes: what a pull request moves in one environment. One of a group holds several."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.deciding.promotion import Proof
from bot.domain.image import ImageRef, Release
from bot.domain.notice import Link, thread_of
from bot.domain.pipeline import Environment, Merge, Pipeline
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.source import Origin
from bot.domain.window import Closed


@dataclass(frozen=True, slots=True)
class CopyNote:
    """What is said of a directory that is copied: in a few words, and in Markdown."""

    summary: str
    text: str
    doubt: str = ""
    """Why a human has to merge it, whoever merges otherwise."""


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
    origins: tuple[Origin, ...] = ()
    links: tuple[Link, ...] = ()
    """Where the thread of the release is, as far as it was begun."""
    shut: Closed | None = None
    """What the environment's windows say at the moment of writing."""
    reluctance: str = ""
    """Why a fellow of the group does not want to be merged at the moment of writing."""
    running: tuple[ImageRef, ...] | None = None
    """What runs as far as Argo CD tells, where a copy replaces files of which nobody knows what they run.

    None: the release before is what is there.
    """

    @property
    def thread(self) -> str:
        """The name of the thread in which the release is told of.

        Of a fellow the mark knows the release better than the files, which may keep no digest.
        """
        name = self.pipeline.name
        return thread_of(name, self.after) if self.after.tree else f"{name}/{self.mark.key}"

    @property
    def is_merged_by_tagboat(self) -> bool:
        """Whether no human has to merge it."""
        return self.environment.merge is Merge.AUTO and not (self.copy and self.copy.doubt)

    @property
    def place(self) -> tuple[str, str]:
        """Pipeline and environment, by which the changes of a pull request are put in order."""
        return self.pipeline.name, self.environment.name

    @property
    def moved(self) -> tuple[tuple[str, ImageRef, ImageRef], ...]:
        """The images that change: alias, what was there, what comes."""
        pairs = ((alias, self._before(alias, new), new) for alias, new in self.after.images)
        return tuple((alias, before, new) for alias, before, new in pairs if not _is_same(before, new))

    def version_of(self, old: ImageRef) -> str:
        """What a human calls what was there; `unknown` where a copy replaces files that do not tell."""
        is_known = old.tag or old.digest or self.running is None
        return old.version if is_known else "unknown"

    @property
    def sought(self) -> tuple[tuple[ImageRef, ImageRef], ...]:
        """The steps of images whose source people want to be told of."""
        return tuple((old, new) for _, old, new in self.moved) if self.environment.pull_request.notes else ()

    @property
    def sources(self) -> tuple[tuple[str, Origin], ...]:
        """What is known of the source of the images that change, by alias."""
        found = (
            (alias, self._origin(old, new)) for alias, old, new in self.moved if (old, new) in self.sought
        )
        return tuple((alias, origin) for alias, origin in found if origin)

    def _before(self, alias: str, new: ImageRef) -> ImageRef:
        seen = {ref.name: ref for ref in self.running or ()}
        return dict(self.before.images).get(alias) or seen.get(new.name) or ImageRef(new.name)

    def _origin(self, old: ImageRef, new: ImageRef) -> Origin | None:
        return next((each for each in self.origins if each.is_of(old, new)), None)


def new_mark(pipeline: Pipeline, environment: Environment, *, before: Release, after: Release) -> Mark:
    """The mark of a change."""
    return Mark(after.key, pipeline.name, environment.name, before.key, after.version)


def _is_same(old: ImageRef, new: ImageRef) -> bool:
    digests = {old.digest, new.digest} - {None}
    return (old.name, old.tag) == (new.name, new.tag) and len(digests) < 2
