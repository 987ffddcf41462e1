"""A world of memory twins for the tests of the loop: one repository, one registry, a clock that is set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.adapters.forges.memory.forge import MemoryForge
from bot.adapters.notifiers.memory import MemoryNotifier
from bot.adapters.queues.memory import MemoryQueue
from bot.adapters.stores.memory import MemoryLedger, MemoryStore
from bot.adapters.stores.memory_catalog import MemoryCatalog
from bot.domain.choosing.selection import SelectionPolicy
from bot.domain.image import ImageName
from bot.domain.notice import Notice
from bot.domain.pipeline import Environment, Merge, Pipeline, PipelineImage, Repository, Target
from bot.domain.place import HelmValues
from bot.domain.status import EnvironmentStatus
from bot.flow.announce import announce
from bot.flow.merge import merge_by_human
from bot.flow.reconcile import reconcile
from bot.flow.sweep import sweep
from bot.flow.world import World
from tests.flow.told_registry import ToldRegistry

WEB = ImageName("registry.example:5000", "acme/web")
REPOSITORY = "acme/infra"
RELEASES = SelectionPolicy(constraint=">=1.0")
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    time: datetime = START

    def now(self) -> datetime:
        """The time that was set."""
        return self.time

    def pass_by(self, span: timedelta) -> None:
        """Let time go by."""
        self.time += span


def values(tag: str) -> bytes:
    """A values file that holds the tag."""
    return (
        f"# one line changes\nimage:\n  repository: registry.example:5000/acme/web\n  tag: {tag}\n".encode()
    )


def environment(name: str, **changes: object) -> Environment:
    """An environment of one values file."""
    made = Environment(name, (Target("web", f"envs/{name}/values.yaml", HelmValues(tag="image.tag")),))
    return replace(made, **changes)  # type: ignore[arg-type]


THREE = (
    environment("dev", merge=Merge.AUTO),
    environment("staging", after=("dev",), merge=Merge.AUTO),
    environment("prod", after=("staging",)),
)


class _Listening:
    """The memory notifier, remembering the names of its threads."""

    def __init__(self, notifier: MemoryNotifier) -> None:
        self._notifier = notifier
        self.threads: list[str] = []
        self.find = notifier.find
        self.has_reply = notifier.has_reply
        self.permalink = notifier.permalink
        self.reply = notifier.reply
        self.revise = notifier.revise

    def begin(self, notice: Notice) -> str:
        """Begin the thread and remember its name."""
        self.threads.append(notice.thread)
        return self._notifier.begin(notice)


@dataclass
class Bench:
    """The world, with hands: push an image, merge as a human, look at what people see."""

    environments: tuple[Environment, ...] = THREE
    clock: SetClock = field(default_factory=SetClock)
    policy: SelectionPolicy = RELEASES

    def __post_init__(self) -> None:
        self.catalog = MemoryCatalog()
        self.registry = ToldRegistry(self.catalog, self.clock)
        self.registry.push(WEB, "1.0.0")
        self.store = MemoryStore()
        self.ledger = MemoryLedger()
        self.notifier = MemoryNotifier()
        self.chat = _Listening(self.notifier)
        self.queue = MemoryQueue()
        self.forge = MemoryForge(ledger=self.ledger, clock=self.clock)
        self.forge.create(
            REPOSITORY, {file: values("1.0.0") for each in self.environments for file in each.files}
        )
        image = PipelineImage("web", WEB, self.policy)
        self.pipeline = Pipeline("shop", Repository("forge", REPOSITORY), (image,), self.environments)
        self.world = World(
            pipelines={"shop": self.pipeline},
            registries={WEB.registry: self.registry},
            forges={"forge": self.forge},
            deployments={},
            notifiers={"chat": self.chat},
            store=self.store,
            catalog=self.catalog,
            queue=self.queue,
            clock=self.clock,
        )

    def settle(self) -> None:
        """Reconcile until nothing is asked for any more, then tell what is to be told."""
        sweep(self.world, every=timedelta(minutes=5))
        while self.queue.pipelines:
            reconcile(self.world, self.queue.pipelines.popleft())
        announce(self.store, {"chat": self.chat}, self.clock, 500)

    def look(self) -> None:
        """Reconcile once, as a webhook would cause it, and settle."""
        self.store.wake(["shop"], now=self.clock.now())
        self.settle()

    def merge(self, name: str) -> None:
        """Merge the open pull request of an environment, as a human does."""
        pull = self.status(name).pull_request
        assert pull is not None
        merge_by_human(self.world, "shop", name, number=pull.number, head=pull.head, who="ada")

    def status(self, name: str) -> EnvironmentStatus:
        """What people see of one environment."""
        (shown,) = self.store.board()
        return {each.name: each for each in shown.environments}[name]

    def told(self) -> list[Notice]:
        """Every notice that was told, thread by thread in the order in which they were begun."""
        return [
            reply for thread in dict.fromkeys(self.chat.threads) for reply in self.notifier.replies(thread)
        ]

    def file(self, name: str) -> bytes | None:
        """The environment's file on the base branch."""
        head = self.forge.head(REPOSITORY, "main")
        assert head is not None
        return self.forge.read(REPOSITORY, head, f"envs/{name}/values.yaml")
