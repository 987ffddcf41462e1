"""What the configuration says, as values: pipelines, their images, and their environments in order.

Nothing here is observed; what was observed stands in `bot.domain.snapshot`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.domain.choosing.selection import SelectionPolicy
from bot.domain.directories.keep import DirectoryPromotion
from bot.domain.image import ImageName
from bot.domain.place import HelmValues, JsonPaths, Place, SourceImages, SourceKeys, TomlPaths
from bot.domain.pull_request.policy import PullRequestPolicy
from bot.domain.window import Window


class Merge(StrEnum):
    """How a release comes to the base branch of an environment."""

    AUTO = "auto"
    """Tagboat merges the pull request."""
    MANUAL = "manual"
    """A human merges the pull request."""
    DIRECT = "direct"
    """Tagboat commits to the base branch, without a pull request."""


class MergeMethod(StrEnum):
    """What a merge leaves on the base branch: a merge commit, one commit, or the branch's own commits."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


@dataclass(frozen=True, slots=True)
class MergeRules:
    """What must hold before Tagboat merges a pull request, and how it is merged.

    `approvals` counts humans who may write; `checks` are globs of names of checks that must have succeeded.
    `method` None is the forge's own. `platform` leaves the last wait to the host: its auto-merge, or its
    merge queue. `delete_branch` deletes the branch after the merge, whoever merged.
    """

    approvals: int = 0
    checks: tuple[str, ...] = ()
    method: MergeMethod | None = None
    platform: bool = False
    delete_branch: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """A Git repository: the forge's name in the configuration and the path there (`acme/infra`)."""

    forge: str
    path: str

    def __str__(self) -> str:
        return f"{self.forge}:{self.path}"


@dataclass(frozen=True, slots=True)
class PipelineImage:
    """An image that a pipeline carries: how its tag is chosen, and the short name that targets use."""

    alias: str
    name: ImageName
    policy: SelectionPolicy


@dataclass(frozen=True, slots=True)
class Target:
    """One place in one file where one image's value stands."""

    alias: str
    file: str
    place: Place

    @property
    def creates_file(self) -> bool:
        """Whether a missing file is made: one of nothing but values, or of overrides of a source."""
        match self.place:
            case HelmValues():
                return self.place.creates and self.place.object is None
            case JsonPaths() | TomlPaths():
                return self.place.creates
            case SourceKeys() | SourceImages():
                is_override = self.file.rpartition("/")[2].startswith(".argocd-source")
                return self.place.creates and is_override
            case _:
                return False


@dataclass(frozen=True, slots=True, order=True)
class Application:
    """An Argo CD Application to follow: the instance's name in the configuration, then how it knows it.

    `url` is its page for people, empty where there is none.
    """

    argocd: str
    name: str
    namespace: str | None = None
    project: str | None = None
    url: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.argocd}/{self.name}"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each phase of a rollout may take before a human is told.

    The defaults exceed Argo CD's own polls: 120 s, up to 60 s of jitter, 3 min of cached revisions.
    """

    refresh: timedelta = timedelta(minutes=5)
    sync: timedelta = timedelta(minutes=10)
    rollout: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Environment:
    """One place to deploy: what to write, who merges, what to watch, and what must hold before.

    Environments of one `group` share one pull request. `promote` is a directory that is copied from the first
    environment of `after`.
    `soak` is how long the release must have been live in every environment of `after`. `allow_workflows`
    says that files may be written which CI runs.
    """

    name: str
    targets: tuple[Target, ...]
    after: tuple[str, ...] = ()
    merge: Merge = Merge.MANUAL
    merging: MergeRules = MergeRules()
    applications: tuple[Application, ...] = ()
    soak: timedelta = timedelta(0)
    windows: tuple[Window, ...] = ()
    settle: timedelta = timedelta(seconds=15)
    deadlines: Deadlines = field(default_factory=Deadlines)
    group: str = ""
    pull_request: PullRequestPolicy = field(default_factory=PullRequestPolicy)
    allow_workflows: bool = False
    promote: DirectoryPromotion | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the targets stand in, each once, in a stable order."""
        return tuple(sorted({target.file for target in self.targets}))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Images and an ordered graph of environments; `environments` is in an order that respects `after`.

    `branch` is the base branch that Argo CD follows; None means the repository's default branch.
    `repository_urls` are the addresses by which Argo CD may know the repository.
    """

    name: str
    repository: Repository
    images: tuple[PipelineImage, ...]
    environments: tuple[Environment, ...]
    branch: str | None = None
    repository_urls: tuple[str, ...] = ()

    def environment(self, name: str) -> Environment:
        """Return the environment of that name; raises KeyError when there is none."""
        return {environment.name: environment for environment in self.environments}[name]

    def sources(self, name: str) -> tuple[str, ...]:
        """The directories of an environment that others copy, in a stable order."""
        copies = (each for each in self.environments if each.promote and each.after[0] == name)
        return tuple(sorted({each.promote.directory for each in copies if each.promote}))

    def image(self, alias: str) -> PipelineImage:
        """Return the image of that alias; raises KeyError when there is none."""
        return {image.alias: image for image in self.images}[alias]
