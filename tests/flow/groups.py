"""A group of pipelines on a bench: one pull request for all, and no leader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.adapters.forges.memory.forge import File
from bot.domain.image import ImageName
from bot.domain.pipeline import Environment, Merge, Pipeline, PipelineImage, Repository, Target
from bot.domain.place import HelmValues
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.status import EnvironmentStatus
from bot.flow.reconcile import reconcile
from tests.flow.worlds import RELEASES, REPOSITORY, WEB, Bench

BRANCH = "tagboat/groups/live"
NAMES = ("api", "shop", "web")


def image(name: str) -> ImageName:
    """The image of the pipeline of this name."""
    return ImageName(WEB.registry, f"acme/{name}")


def place(name: str, **changes: object) -> Environment:
    """What the pipeline of this name deploys to, in the group: its own file, merged by Tagboat."""
    target = Target(name, f"{name}.yaml", HelmValues(tag="image.tag"))
    made = Environment("prod", (target,), merge=Merge.AUTO, group="live")
    return replace(made, **changes)  # type: ignore[arg-type]


def content(tag: str) -> bytes:
    """A file of one of the group that holds the tag."""
    return f"image:\n  tag: {tag}\n".encode()


class Group(Bench):
    """Pipelines of one group; `places` says what differs in which."""

    def __init__(self, places: Mapping[str, Environment], files: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        start = files or {each.targets[0].file: content("1.0.0") for each in places.values()}
        self.forge.create(REPOSITORY, start)
        pipelines = {name: self._pipeline(name, each) for name, each in places.items()}
        self.world = replace(self.world, pipelines=pipelines)
        for name in places:
            self.push(name, "1.0.0")
        self.settle()

    @staticmethod
    def _pipeline(name: str, each: Environment) -> Pipeline:
        images = (PipelineImage(name, image(name), RELEASES),)
        return Pipeline(name, Repository("forge", REPOSITORY), images, (each,))

    def push(self, name: str, tag: str) -> None:
        """A new image comes to one of them; nobody looks yet."""
        self.registry.push(image(name), tag)

    def see(self, *names: str) -> None:
        """Wake these pipelines, in this order, and no other."""
        for name in names:
            self.store.wake([name], now=self.clock.now())
            reconcile(self.world, name)

    def release(self, *names: str, tag: str = "1.1.0") -> None:
        """A newer image comes to each of these, in this order, and each looks at once."""
        for name in names:
            self.push(name, tag)
            self.see(name)

    def shown(self, name: str) -> EnvironmentStatus:
        """What the page says of one of them."""
        found = self.store.shown(name)
        assert found is not None
        return found.environments[0]

    def pulls(self) -> Sequence[PullRequest]:
        """The pull requests of the group, the newest first."""
        return list(self.forge.pull_requests(REPOSITORY, BRANCH))

    def pull(self) -> PullRequest:
        """The one that is open."""
        (pull,) = [each for each in self.pulls() if each.state is PullRequestState.OPEN]
        return pull

    def on_branch(self) -> dict[str, bytes]:
        """The files as the open pull request proposes them."""
        return {path: file.data for path, file in self.forge.files(REPOSITORY, self.pull().head).items()}

    def subjects(self) -> list[str]:
        """The first lines of the commits that the pull request holds beyond its base."""
        pull, base = self.pull(), self.forge.head(REPOSITORY, "main") or ""
        held = self.forge.sources().compare(REPOSITORY, base, pull.head)
        return [each.subject for each in held.commits]

    def on_base(self) -> dict[str, bytes]:
        """The files as they are deployed."""
        head = self.forge.head(REPOSITORY, "main")
        assert head is not None
        return {path: file.data for path, file in self.forge.files(REPOSITORY, head).items()}

    def change_by_hand(self, files: Mapping[str, bytes]) -> None:
        """Somebody commits to the base branch."""
        made = {path: File(data) for path, data in files.items()}
        self.forge.commit_by_human(REPOSITORY, "main", made)


def manual(*names: str) -> Group:
    """A group that a human merges; of api, shop and web where none are named."""
    return Group({name: place(name, merge=Merge.MANUAL) for name in names or NAMES})
