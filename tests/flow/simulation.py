"""The simulation: some pipelines over memory twins, with hands for everybody who has a hand in them.

Tagboat's side is the real loop: sweep, reconcile, attend, announce. Time stands still while it works and is
let go by in steps; the process may die, or hear a fault, at any call of a port.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, cast

from bot.adapters.forges.memory.forge import File, MemoryForge
from bot.adapters.notifiers.memory import MemoryNotifier
from bot.adapters.queues.memory import MemoryQueue
from bot.adapters.stores.memory import MemoryLedger, MemoryStore
from bot.adapters.stores.memory_catalog import MemoryCatalog
from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.errors import Transient
from bot.domain.fact import ImagePushed
from bot.domain.image import ImageName
from bot.domain.notice import Notice
from bot.domain.pipeline import Pipeline, Repository
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.status import EnvironmentStatus
from bot.flow.announce import announce
from bot.flow.attend import attend
from bot.flow.receive import receive
from bot.flow.reconcile import reconcile
from bot.flow.sweep import sweep
from bot.flow.world import Attended, World
from bot.ports import Delivery, Forge, Notifier
from tests.faults.mortal import Fate, Killed, mortal
from tests.flow.simulation_argocd import PlayedArgoCD
from tests.flow.simulation_community import PROTECTION, PlayedCommunity, protected_at_rest
from tests.flow.simulation_host import SlowHost
from tests.flow.simulation_laws import Laws
from tests.flow.simulation_rest import at_rest, told
from tests.flow.simulation_shape import FIRST, Shape, shape
from tests.flow.simulation_told import carried_out
from tests.flow.simulation_truth import Place, Truth
from tests.flow.simulation_watch import WatchedForge
from tests.flow.told_registry import ToldRegistry
from tests.flow.worlds import REPOSITORY, START, WEB, SetClock

EVERY = timedelta(minutes=5)
_MOST_TURNS = 40
_WRITERS = ("ada", "bob")


class _Listening:
    """The memory notifier, remembering the names of its threads."""

    def __init__(self, notifier: MemoryNotifier) -> None:
        self._notifier = notifier
        self.threads: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._notifier, name)

    def begin(self, notice: Notice) -> str:
        """Begin the thread and remember its name."""
        self.threads.append(notice.thread)
        return self._notifier.begin(notice)


class Simulation:
    """One repository, its registry and its people."""

    def __init__(self, seed: int) -> None:
        self.shape: Shape = shape(Random(seed))
        self.clock, self.queue, self.store = SetClock(START), MemoryQueue(), MemoryStore()
        self.catalog, self.ledger, self.orders = MemoryCatalog(), MemoryLedger(), MemoryOrders()
        self.notifier = MemoryNotifier()
        self.chat = _Listening(self.notifier)
        self.registry = ToldRegistry(self.catalog, self.clock)
        self.forge = MemoryForge(ledger=self.ledger, clock=self.clock)
        self.community = PlayedCommunity(self.forge, self.clock, lambda: self.open_pulls, writers=_WRITERS)
        self.truth = Truth(self.shape, self.forge, self.clock)
        self.laws = Laws(self.shape, self.forge, self.truth, self.orders, self.clock)
        self.argocd = PlayedArgoCD(self.shape, self.truth, self.clock)
        self.place = Attended(Repository("forge", REPOSITORY), commands=True, protection=PROTECTION)
        self._deliveries, self._order = 0, Random(seed)
        self.alive = self._world()
        self.world = self.alive
        digests = {each: self.push(each, FIRST, told=False) for each in self.images}
        self.forge.create(REPOSITORY, self.shape.files(digests))
        self.truth.look()
        self.wake()
        self.settle()
        self.pass_by(timedelta(minutes=10))

    @property
    def images(self) -> list[ImageName]:
        """Every image of every pipeline."""
        return [image.name for pipeline in self.shape.pipelines for image in pipeline.images]

    @property
    def pulls(self) -> Sequence[PullRequest]:
        """Every pull request as it is now, the newest first."""
        kept = self.ledger.of_repository(REPOSITORY)
        return [self.forge.pull_request(REPOSITORY, each.number) for each in kept]

    @property
    def open_pulls(self) -> list[PullRequest]:
        """Those that are open."""
        return [each for each in self.pulls if each.state is PullRequestState.OPEN]

    @property
    def statuses(self) -> list[tuple[str, EnvironmentStatus]]:
        """What people see of each environment."""
        boards = [board for board in self.store.board() if board.name in self.alive.pipelines]
        return [(board.name, each) for board in boards for each in board.environments]

    @property
    def told(self) -> list[Notice]:
        """Every notice that was told."""
        return [each for name in dict.fromkeys(self.chat.threads) for each in self.notifier.replies(name)]

    def push(self, image: ImageName, tag: str, *, told: bool, content: str = "") -> str:
        """Push an image; where it is told, the webhook comes."""
        digest = self.registry.push_silently(image, tag, content=content or tag)
        self.truth.pushed(image, tag, digest)
        if told:
            self._deliveries += 1
            delivery = Delivery("registry", str(self._deliveries))
            self.survived(
                lambda: receive(self.world, delivery, [ImagePushed(image=image, tag=tag)], forge=None)
            )
        return digest

    def next_tag(self, image: ImageName) -> str:
        """A version that is newer than all that ever were, deleted ones too."""
        tags = (tag.split(".") for name, tag in self.truth.pushes if name == image)
        newest = max(int(parts[1]) for parts in tags if len(parts) == 3)
        return f"1.{newest + 1}.0"

    def configure(self, pipeline: Pipeline) -> None:
        """Tagboat starts again with another configuration."""
        self.shape.change(pipeline)
        pipelines = {each.name: each for each in self.shape.pipelines}
        self.alive = self.world = replace(self.alive, pipelines=pipelines)

    def commit(self, files: Mapping[str, File | None]) -> None:
        """A human commits to the base branch."""
        commit = self.forge.commit_by_human(REPOSITORY, "main", files)
        self.truth.by_hand[commit] = self.clock.now()

    def reopen(self, pull: PullRequest) -> None:
        """A human opens a pull request again."""
        self.ledger.change(REPOSITORY, replace(pull, state=PullRequestState.OPEN))
        self.laws.was_reopened(pull)

    def wake(self) -> None:
        """Webhooks come for everything."""
        names = [*self.alive.pipelines, *self.alive.attended]
        self.store.wake(names, now=self.clock.now())

    def settle(self) -> None:
        """Let the workers work until nothing is asked for at this moment."""
        self.truth.look()
        for _ in range(_MOST_TURNS):
            self.survived(lambda: sweep(self.world, every=EVERY))
            if not self.queue.pipelines:
                break
            while self.queue.pipelines:
                self.queue.pipelines.rotate(self._order.randrange(len(self.queue.pipelines)))
                self.work(self.queue.pipelines.popleft())
        else:
            self.laws.says("it comes to rest", self.statuses)
        self.survived(lambda: announce(self.world.store, self.world.notifiers, self.clock, 500))
        self.truth.look()

    def work(self, name: str) -> None:
        """One look of one worker."""
        task = attend if name in self.world.attended else reconcile
        self.survived(functools.partial(task, self.world, name))

    def pass_by(self, span: timedelta) -> None:
        """Let time go by: hours in steps of minutes, days in longer ones; Tagboat looks first soon."""
        end = self.clock.now() + span
        step = min(EVERY, span)
        while self.clock.now() < end:
            self.clock.pass_by(min(step, end - self.clock.now()))
            self.settle()
            step = max(EVERY, span / 16)

    def under(self, fate: Fate, step: Callable[[], object]) -> None:
        """Let something happen with a fate over the process, and then let it come to itself."""
        self.world = mortal(self.alive, fate)
        step()
        self.laws.troubled_at = self.clock.now()
        self.world = self.alive
        self.pass_by(timedelta(seconds=20))
        self.pass_by(timedelta(minutes=6))

    def survived(self, step: Callable[[], object]) -> None:
        """Let the process do something; where it dies, another one takes its place."""
        try:
            step()
        except Killed:
            self.queue.pipelines.clear()
            self.world = self.alive
        except Transient:
            return  # the worker, or whoever called, tries again

    def check(self) -> None:
        """Hold what is there against the laws of rest."""
        self.work(self.place.name)  # a webhook says which pull requests were opened meanwhile
        pulls, shown = self.pulls, self.statuses
        at_rest(self.laws, pulls, shown)
        carried_out(
            self.laws,
            {each.number: each for each in pulls},
            {(name, each.name): each for name, each in shown},
        )
        protected_at_rest(self.laws, self.community)
        told(self.laws, self.chat.threads, self.told)

    def shown(self, place: Place) -> EnvironmentStatus | None:
        """What people see of one environment."""
        found = [each for name, each in self.statuses if (name, each.name) == place]
        return found[0] if found else None

    def _host(self) -> Forge:
        """The Git host as Tagboat sees it; some are behind themselves."""
        host = cast(Forge, WatchedForge(self.forge, self.ledger, self.laws))
        behind = self.shape.behind
        return cast(Forge, SlowHost(host, self.clock, behind)) if behind else host

    def _world(self) -> World:
        return World(
            pipelines={each.name: each for each in self.shape.pipelines},
            registries={WEB.registry: self.registry},
            forges={"forge": self._host()},
            deployments={"main": self.argocd},
            notifiers={"chat": cast(Notifier, self.chat)},
            store=self.store,
            catalog=self.catalog,
            queue=self.queue,
            clock=self.clock,
            orders=self.orders,
            communities={"forge": self.community},
            attended={self.place.name: self.place},
        )
