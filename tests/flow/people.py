"""A bench with other people on the Git host: they comment, and they open pull requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.adapters.forges.memory.community import MemoryCommunity
from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.people.protection import Protection
from bot.domain.pipeline import Environment, Repository
from bot.domain.status import EnvironmentStatus
from bot.flow.announce import announce
from bot.flow.attend import attend
from bot.flow.reconcile import reconcile
from bot.flow.sweep import sweep
from bot.flow.world import Attended
from tests.flow.worlds import REPOSITORY, THREE, WEB, Bench

PLACE = Attended(
    Repository("forge", REPOSITORY),
    commands=True,
    protection=Protection(("envs/**",), "tagboat-override"),
)
ISSUE = 900
"""An issue, or a pull request of somebody else."""


class People(Bench):
    """Ada may write to the repository; mallory may not."""

    def __init__(self, environments: tuple[Environment, ...] = THREE, *, attended: Attended = PLACE) -> None:
        super().__init__(environments)
        self.community = MemoryCommunity(self.clock, writers=["ada"])
        self.orders = MemoryOrders()
        self.world = replace(
            self.world,
            orders=self.orders,
            communities={"forge": self.community},
            attended={attended.name: attended},
        )
        self.settle()
        self.clock.pass_by(timedelta(minutes=5))

    def settle(self) -> None:
        """Attend and reconcile until nothing is asked for any more."""
        sweep(self.world, every=timedelta(minutes=5))
        while self.queue.pipelines:
            name = self.queue.pipelines.popleft()
            (attend if name in self.world.attended else reconcile)(self.world, name)
        announce(self.store, {"chat": self.chat}, self.clock, 500)

    def attend(self) -> None:
        """A webhook says that somebody did something."""
        self.store.wake(list(self.world.attended), now=self.clock.now())
        self.settle()

    def push(self, tag: str) -> None:
        """A new image comes."""
        self.registry.push(WEB, tag)
        self.look()

    def say(self, body: str, *, on: int = ISSUE, by: str = "ada") -> str:
        """Somebody comments; returns Tagboat's answer, without its hidden key; empty where there is none."""
        self.clock.pass_by(timedelta(seconds=5))
        before = len(self.community.answers(REPOSITORY, on))
        self.community.say(REPOSITORY, on, body, by=by)
        self.attend()
        answers = self.community.answers(REPOSITORY, on)[before:]
        assert len(answers) < 2
        return answers[0].partition("\n\n<!--")[0] if answers else ""

    def status(self, name: str) -> EnvironmentStatus:
        """What people see of one environment."""
        shown = self.store.shown("shop")
        assert shown is not None
        return {each.name: each for each in shown.environments}[name]

    def number(self, name: str) -> int:
        """The number of an environment's open pull request."""
        pull = self.status(name).pull_request
        assert pull is not None
        return pull.number
